# The daily run: images, the job that runs one, and the clock that starts it.

resource "google_artifact_registry_repository" "images" {
  # checkov:skip=CKV_GCP_84: Google's keys encrypt it; the images hold no data
  repository_id = "ai-spend"
  location      = var.region
  format        = "DOCKER"
  depends_on    = [google_project_service.this]

  # Every image is named after its commit, so an older one can be run again.
  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 30
    }
  }
  cleanup_policies {
    id     = "delete-the-old"
    action = "DELETE"
    condition {
      older_than = "7776000s" # 90 days
    }
  }
}

locals {
  images = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}/pipeline"
  # Google's example stands in until the first image was pushed.
  image = var.image_tag == null ? "us-docker.pkg.dev/cloudrun/container/job:latest" : "${local.images}:${var.image_tag}"

  # The settings of .env.example; a secret is named, and read when the run starts.
  environment = merge(
    {
      TARGET               = "bigquery"
      GOOGLE_CLOUD_PROJECT = var.project
      BIGQUERY_DATASET     = var.bigquery_dataset
      BIGQUERY_LOCATION    = var.bigquery_location
      LOG_FORMAT           = "json"
    },
    { for name in var.secrets : "${name}_SECRET" => "projects/${var.project}/secrets/${name}" },
    var.settings,
  )

  # What each job calls, nothing being what the image does by itself. Checks and past days are jobs of
  # their own: one that went well is no daily run that went well (alerts.tf).
  jobs = {
    # A retry fetches what is missing: what arrived before the failure stays.
    ai-spend          = { args = [], retries = 2 }
    ai-spend-backfill = { args = [], retries = 2 }
    ai-spend-check    = { args = ["extract", "check"], retries = 0 }
  }
}

moved {
  from = google_cloud_run_v2_job.pipeline
  to   = google_cloud_run_v2_job.pipeline["ai-spend"]
}

resource "google_cloud_run_v2_job" "pipeline" {
  for_each = local.jobs

  name     = each.key
  location = var.region
  depends_on = [
    google_project_iam_member.queries,
    google_secret_manager_secret_iam_member.pipeline,
  ]

  template {
    # One container, never two side by side. With its retries a run ends long before the next day's.
    task_count  = 1
    parallelism = 1

    template {
      service_account = google_service_account.pipeline.email
      timeout         = "7200s"
      max_retries     = each.value.retries

      containers {
        image = local.image
        args  = each.value.args

        resources {
          limits = {
            cpu = "2"
            # Files are kept in memory too.
            memory = "4Gi"
          }
        }
        dynamic "env" {
          for_each = local.environment
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }
}

resource "google_cloud_scheduler_job" "daily" {
  name        = "ai-spend-daily"
  description = "06:00 on the Pacific coast, summer and winter, long after the UTC day ended"
  region      = var.region
  schedule    = "0 6 * * *"
  time_zone   = "America/Los_Angeles"
  paused      = var.daily_run != "cloud_run"
  depends_on  = [google_project_service.this]

  # Not tried again: if only the answer was lost, that would start a second run beside the first. The
  # alert after 25 hours notices a day without a run.
  retry_config {
    retry_count = 0
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.pipeline["ai-spend"].id}:run"

    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }
}

resource "google_cloud_run_v2_job_iam_member" "scheduler_runs" {
  name     = google_cloud_run_v2_job.pipeline["ai-spend"].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}
