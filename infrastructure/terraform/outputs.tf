output "image" {
  description = "Where images are pushed, without a tag"
  value       = local.images
}

output "job" {
  description = "The job, for `gcloud run jobs execute`"
  value       = google_cloud_run_v2_job.pipeline["ai-spend"].name
}

output "metabase_url" {
  description = "Where people find the dashboards"
  value       = "https://${var.metabase_domain}"
}

output "pipeline_account" {
  description = "The account of the daily run; share the spreadsheet with it, read-only"
  value       = google_service_account.pipeline.email
}

output "metabase_account" {
  description = "The account whose key Metabase's connection gets"
  value       = google_service_account.metabase.email
}

output "github_variables" {
  description = "The variables of the repository that deploy.yml and run.yml read (Settings, Secrets and variables, Actions); leave out those that are empty"
  value = {
    GOOGLE_CLOUD_PROJECT       = var.project
    GOOGLE_CLOUD_REGION        = var.region
    BIGQUERY_DATASET           = var.bigquery_dataset
    BIGQUERY_LOCATION          = var.bigquery_location
    WORKLOAD_IDENTITY_PROVIDER = google_iam_workload_identity_pool_provider.github.name
    SERVICE_ACCOUNT            = google_service_account.pipeline.email
    PLANNER                    = google_service_account.planner.email
    DEPLOYER                   = google_service_account.deployer.email
    METABASE_DATABASE          = lookup(var.settings, "METABASE_DATABASE", "")
    DASHBOARDS_WITH_PEOPLE     = lookup(var.settings, "DASHBOARDS_WITH_PEOPLE", "")
    DASHBOARDS_SMALLEST_GROUP  = lookup(var.settings, "DASHBOARDS_SMALLEST_GROUP", "")
    PRIVACY_KEY_SECRET         = contains(var.secrets, "PRIVACY_KEY") ? "projects/${var.project}/secrets/PRIVACY_KEY" : ""
  }
}
