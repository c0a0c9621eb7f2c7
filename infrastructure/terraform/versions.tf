terraform {
  required_version = "~> 1.11"

  required_providers {
    google = {
      source = "hashicorp/google"
      # tests/infrastructure holds every argument against the schema of 6.50.
      version = "~> 6.50"
    }
  }

  # The bucket is given to `terraform init`: one per project, made by hand before everything else.
  backend "gcs" {
    prefix = "ai-spend"
  }
}

provider "google" {
  project = var.project
  region  = var.region
  # Budgets are called on behalf of a project.
  billing_project       = var.project
  user_project_override = true
  default_labels        = { app = "ai-spend" }
}

data "google_project" "this" {}
