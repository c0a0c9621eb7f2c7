# Who acts: the service accounts, of which none has a key made here, and GitHub's workflows, which
# become one of them without a key.

resource "google_service_account" "pipeline" {
  account_id   = "ai-spend-pipeline"
  display_name = "The daily run: writes all datasets, reads its secrets"
}

resource "google_service_account" "scheduler" {
  account_id   = "ai-spend-scheduler"
  display_name = "Starts the daily run, and can do nothing else"
}

resource "google_service_account" "metabase" {
  account_id   = "ai-spend-metabase"
  display_name = "Metabase's connection to the warehouse: reads the marts"
}

resource "google_service_account" "metabase_vm" {
  account_id   = "ai-spend-metabase-vm"
  display_name = "Metabase's machine: reads Metabase's secrets, writes backups"
}

resource "google_service_account" "planner" {
  account_id   = "ai-spend-planner"
  display_name = "Plans on pull requests: reads what is there, no data and no secrets"
}

resource "google_service_account" "deployer" {
  account_id   = "ai-spend-deployer"
  display_name = "Applies after a merge: can change everything that Terraform describes here"
}

# Google Workspace's log is read on behalf of an administrator, for which the account signs as itself.
resource "google_service_account_iam_member" "pipeline_signs" {
  count = contains(keys(var.settings), "GOOGLE_WORKSPACE_ADMIN") ? 1 : 0

  service_account_id = google_service_account.pipeline.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_service_account.pipeline.member
}

# --- GitHub's workflows

resource "google_iam_workload_identity_pool" "github" {
  workload_identity_pool_id = "github"
  depends_on                = [google_project_service.this]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  # checkov:skip=CKV_GCP_125: it wants one subject; each account below says which subject may be it
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  # Every repository of GitHub can ask; only this one is heard.
  attribute_condition = "assertion.repository == \"${var.github_repository}\""
  attribute_mapping = {
    "google.subject"       = "assertion.sub"
    "attribute.repository" = "assertion.repository"
    "attribute.ref"        = "assertion.ref"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

locals {
  github = "iam.googleapis.com/${google_iam_workload_identity_pool.github.name}"
  # GitHub names what a job may be by `sub`: a job with an environment by that environment, whose
  # branches and reviewers are set in the repository.
  github_may_be = merge(
    {
      planner  = { account = google_service_account.planner.name, who = "principalSet://${local.github}/attribute.repository/${var.github_repository}" }
      deployer = { account = google_service_account.deployer.name, who = "principal://${local.github}/subject/repo:${var.github_repository}:environment:production" }
    },
    # run.yml, if that is what runs every day.
    var.daily_run == "github" ? {
      pipeline = { account = google_service_account.pipeline.name, who = "principal://${local.github}/subject/repo:${var.github_repository}:ref:refs/heads/main" }
    } : {},
  )
}

resource "google_service_account_iam_member" "github" {
  for_each = local.github_may_be

  service_account_id = each.value.account
  role               = "roles/iam.workloadIdentityUser"
  member             = each.value.who
}

# --- What planning and deploying need

locals {
  # Nothing with which one could read data, secrets or logs: a plan runs code of the pull request.
  planner_roles = [
    "roles/artifactregistry.reader",
    "roles/bigquery.metadataViewer",
    "roles/browser",
    "roles/cloudscheduler.viewer",
    "roles/compute.viewer",
    "roles/dns.reader",
    "roles/iam.securityReviewer",
    "roles/iam.workloadIdentityPoolViewer",
    "roles/monitoring.viewer",
    "roles/pubsub.viewer",
    "roles/run.viewer",
    "roles/secretmanager.viewer",
    "roles/serviceusage.serviceUsageConsumer",
    "roles/storage.bucketViewer",
  ]
  # Together nearly an owner: it gives roles to others. So only the environment `production` may use it.
  deployer_roles = [
    "roles/artifactregistry.admin",
    "roles/bigquery.dataOwner",
    "roles/cloudscheduler.admin",
    "roles/compute.admin",
    "roles/compute.osAdminLogin",
    "roles/dns.admin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/iap.tunnelResourceAccessor",
    # An alert about lines of the log is a rule of Logging too.
    "roles/logging.configWriter",
    "roles/monitoring.editor",
    "roles/pubsub.admin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ]
}

resource "google_project_iam_member" "planner" {
  for_each = toset(local.planner_roles)

  project = var.project
  role    = each.value
  member  = google_service_account.planner.member
}

resource "google_project_iam_member" "deployer" {
  # checkov:skip=CKV_GCP_49: what applies Terraform manages the service accounts described here
  for_each = toset(local.deployer_roles)

  project = var.project
  role    = each.value
  member  = google_service_account.deployer.member
}

# Terraform's state, in the bucket that was made by hand; it holds no secret.
resource "google_storage_bucket_iam_member" "planner_reads_state" {
  bucket = "${var.project}-terraform"
  role   = "roles/storage.objectViewer"
  member = google_service_account.planner.member
}

# To attach an account to the job, the schedule and the machine, one has to be allowed to act as it.
resource "google_service_account_iam_member" "deployer_attaches" {
  for_each = {
    pipeline    = google_service_account.pipeline.name
    scheduler   = google_service_account.scheduler.name
    metabase_vm = google_service_account.metabase_vm.name
  }

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deployer.member
}

resource "google_billing_account_iam_member" "budget" {
  for_each = {
    "roles/billing.viewer"       = google_service_account.planner.member
    "roles/billing.costsManager" = google_service_account.deployer.member
  }

  billing_account_id = var.billing_account
  role               = each.key
  member             = each.value
}
