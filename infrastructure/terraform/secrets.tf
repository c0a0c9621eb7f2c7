# Secret Manager holds the secrets; this makes the empty ones, and their values are added by hand
# (README.md). Terraform never sees a value, so its state holds none.

locals {
  # Secrets of .env.example that the pipeline reads, those that deploying dashboards needs, and those
  # of dashboards/metabase/.env.example. Each is named after its setting.
  pipeline_secrets = [
    "ANTHROPIC_ADMIN_KEY",
    "ANTHROPIC_ENTERPRISE_KEY",
    "CURSOR_API_KEY",
    "GITHUB_COPILOT_TOKEN",
    "HEARTBEAT_URL",
    "OPENAI_ADMIN_KEY",
    "PRIVACY_KEY",
    "PRODUCT_DATABASE_URL",
    "SALESFORCE_CLIENT_SECRET",
    "SLACK_WEBHOOK_URL",
  ]
  deployer_secrets = ["METABASE_API_KEY"]
  metabase_secrets = ["METABASE_DB_PASSWORD", "METABASE_ENCRYPTION_SECRET_KEY", "METABASE_EMBEDDING_SECRET"]
  all_secrets      = concat(local.pipeline_secrets, local.deployer_secrets, local.metabase_secrets)
  # Vendors' keys expire and leak. Metabase's own cannot be replaced without work in its database, and
  # with another PRIVACY_KEY people who were erased would land again.
  rotated_secrets = setsubtract(setunion(var.secrets, local.deployer_secrets), ["PRIVACY_KEY"])
  kept_secrets    = setunion(local.metabase_secrets, setintersection(var.secrets, ["PRIVACY_KEY"]))
}

resource "google_secret_manager_secret" "rotated" {
  for_each = local.rotated_secrets

  secret_id  = each.value
  depends_on = [google_pubsub_topic_iam_member.secret_manager_publishes]

  replication {
    auto {}
  }
  # A reminder, nothing more: nobody but the vendor can make a new key.
  rotation {
    rotation_period    = "${var.secret_rotation_days * 86400}s"
    next_rotation_time = timeadd(plantimestamp(), "${var.secret_rotation_days * 24}h")
  }
  topics {
    name = google_pubsub_topic.secrets.id
  }

  lifecycle {
    # Google moves it on by itself.
    ignore_changes = [rotation[0].next_rotation_time]
  }
}

resource "google_secret_manager_secret" "kept" {
  for_each = local.kept_secrets

  secret_id  = each.value
  depends_on = [google_project_service.this]

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "pipeline" {
  for_each = var.secrets

  secret_id = merge(google_secret_manager_secret.rotated, google_secret_manager_secret.kept)[each.value].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.pipeline.member
}

resource "google_secret_manager_secret_iam_member" "metabase" {
  for_each = toset(local.metabase_secrets)

  secret_id = google_secret_manager_secret.kept[each.value].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.metabase_vm.member
}

# --- The reminder: Secret Manager publishes, the subscription keeps what is due, alerts.tf writes a
# mail while it is not empty. `gcloud pubsub subscriptions pull --auto-ack --limit 100` empties it, called
# until it lists nothing: it may return fewer than there are, and without a limit one.

resource "google_pubsub_topic" "secrets" {
  # checkov:skip=CKV_GCP_83: it carries names of secrets, and no values
  name       = "ai-spend-secrets"
  depends_on = [google_project_service.this]
}

resource "google_pubsub_subscription" "secrets_to_rotate" {
  name                       = "ai-spend-secrets-to-rotate"
  topic                      = google_pubsub_topic.secrets.id
  filter                     = "attributes.eventType = \"SECRET_ROTATE\""
  message_retention_duration = "604800s"

  # Never removed, however seldom it is read.
  expiration_policy {
    ttl = ""
  }
}

# Secret Manager's own account publishes; one of README.md's commands makes it.
resource "google_pubsub_topic_iam_member" "secret_manager_publishes" {
  topic  = google_pubsub_topic.secrets.id
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
}
