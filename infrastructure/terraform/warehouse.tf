# BigQuery's datasets, named as TARGET=bigquery names them, and who may do what in them.
#
# Nothing expires, since somebody may ask a year later what we believed when the invoice came, and
# Terraform does not remove a dataset that holds a table. Each dataset lists everybody who may use it,
# so a viewer of the project does not read the raw data, which names people. WRITER and READER are
# BigQuery's own words for roles/bigquery.dataEditor and dataViewer.
#
# Views may read more than their reader: those of `marts` read rollups in `intermediate` and a few
# seeds, and one of `intermediate` reads `staging`.

resource "google_bigquery_dataset" "marts" {
  # checkov:skip=CKV_GCP_81: Google's keys encrypt it; whoever lost a key of ours would lose the history
  dataset_id = "${var.bigquery_dataset}_marts"
  location   = var.bigquery_location
  depends_on = [google_project_service.this]

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }
  access {
    role          = "WRITER"
    user_by_email = google_service_account.pipeline.email
  }
  access {
    role          = "READER"
    user_by_email = google_service_account.metabase.email
  }
  dynamic "access" {
    for_each = var.marts_readers
    content {
      role           = "READER"
      group_by_email = access.value
    }
  }
}

resource "google_bigquery_dataset" "intermediate" {
  # checkov:skip=CKV_GCP_81: Google's keys encrypt it, as the marts
  dataset_id = "${var.bigquery_dataset}_intermediate"
  location   = var.bigquery_location
  depends_on = [google_project_service.this]

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }
  access {
    role          = "WRITER"
    user_by_email = google_service_account.pipeline.email
  }
  access {
    dataset {
      target_types = ["VIEWS"]
      dataset {
        project_id = var.project
        dataset_id = google_bigquery_dataset.marts.dataset_id
      }
    }
  }
}

resource "google_bigquery_dataset" "others" {
  # checkov:skip=CKV_GCP_81: Google's keys encrypt it, as the marts
  # Each with the datasets whose views may read it.
  for_each = {
    raw_anthropic     = []
    raw_cursor        = []
    raw_github        = []
    raw_google        = []
    raw_google_sheets = []
    raw_openai        = []
    raw_product       = []
    raw_salesforce    = []
    staging           = [google_bigquery_dataset.intermediate.dataset_id]
    snapshots         = []
    seeds             = [google_bigquery_dataset.marts.dataset_id]
    legacy            = []
    comparison        = []
    dbt_test__audit   = []
  }

  dataset_id = "${var.bigquery_dataset}_${each.key}"
  location   = var.bigquery_location
  depends_on = [google_project_service.this]

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }
  access {
    role          = "WRITER"
    user_by_email = google_service_account.pipeline.email
  }
  # Views of the marts under the older tables' names, for queries that were not moved yet.
  dynamic "access" {
    for_each = each.key == "legacy" ? var.marts_readers : []
    content {
      role           = "READER"
      group_by_email = access.value
    }
  }
  dynamic "access" {
    for_each = each.value
    content {
      dataset {
        target_types = ["VIEWS"]
        dataset {
          project_id = var.project
          dataset_id = access.value
        }
      }
    }
  }
}

# Running a query is a right on the project; what it may read is said above.
resource "google_project_iam_member" "queries" {
  for_each = merge(
    {
      pipeline = google_service_account.pipeline.member
      metabase = google_service_account.metabase.member
    },
    { for group in var.marts_readers : group => "group:${group}" },
  )

  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = each.value
}
