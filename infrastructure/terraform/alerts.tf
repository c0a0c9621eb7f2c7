# What a mail is written about. Anomalies, budgets of AI tools and what failed in a run go to Slack from
# the run itself (docs/production.md); this is for what a run cannot tell, above all that there was none.

resource "google_monitoring_notification_channel" "mail" {
  display_name = "AI spend"
  type         = "email"
  labels       = { email_address = var.alert_email }
  depends_on   = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "no_success" {
  # If GitHub runs it, its own issue says that it failed (run.yml).
  enabled               = var.daily_run == "cloud_run"
  display_name          = "AI spend: no run has succeeded for over 25 hours"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.mail.id]

  conditions {
    display_name = "no success in 24 hours, for an hour"
    # A condition about missing data looks back 23.5 hours at most, and a daily run needs more.
    condition_prometheus_query_language {
      query = join("", [
        "(sum(increase(run_googleapis_com:job_completed_execution_count{",
        "monitored_resource=\"cloud_run_job\",job_name=\"${google_cloud_run_v2_job.pipeline["ai-spend"].name}\",",
        "result=\"succeeded\"}[24h])) or vector(0)) < 0.5",
      ])
      duration            = "3600s"
      evaluation_interval = "300s"
    }
  }

  documentation {
    content = "The marts are not up to date. docs/runbook.md, No run for 25 hours."
  }
}

locals {
  # Lines of the log about which a mail is written, by what the mail says; `read` is the section of
  # docs/runbook.md about it.
  logged = {
    "AI spend: a run reported an error" = {
      filter = "resource.type=\"cloud_run_job\" AND resource.labels.job_name=(\"${google_cloud_run_v2_job.pipeline["ai-spend"].name}\" OR \"${google_cloud_run_v2_job.pipeline["ai-spend-backfill"].name}\") AND (severity>=ERROR OR jsonPayload.level=\"ERROR\")"
      read   = "The run failed"
    }
    "AI spend: the daily run was not started" = {
      filter = "resource.type=\"cloud_scheduler_job\" AND resource.labels.job_id=\"${google_cloud_scheduler_job.daily.name}\" AND severity>=ERROR"
      read   = "No run for 25 hours"
    }
    "AI spend: the backup of Metabase failed" = {
      filter = "log_id(\"metabase-backup\") AND severity>=ERROR"
      read   = "The backup of Metabase failed"
    }
  }
}

resource "google_monitoring_alert_policy" "logged" {
  for_each = local.logged

  display_name          = each.key
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.mail.id]

  conditions {
    display_name = each.key
    condition_matched_log {
      filter = each.value.filter
    }
  }
  documentation {
    content = "docs/runbook.md, ${each.value.read}."
  }
  alert_strategy {
    auto_close = "86400s"
    notification_rate_limit {
      period = "3600s"
    }
  }
}

resource "google_monitoring_alert_policy" "secret_is_due" {
  display_name          = "AI spend: a secret should be replaced"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.mail.id]

  conditions {
    display_name = "reminders that nobody has read"
    condition_threshold {
      filter          = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.secrets_to_rotate.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "300s"
      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    content = "`gcloud pubsub subscriptions pull ${google_pubsub_subscription.secrets_to_rotate.name} --auto-ack --limit 100` says which ones; repeat it until it lists nothing. Make a new key at the vendor, add it with `gcloud secrets versions add`, disable the old version."
  }
}

# --- Is Metabase up: DNS, certificate, nginx, Metabase and its database, from outside

resource "google_monitoring_uptime_check_config" "metabase" {
  display_name = "Metabase"
  timeout      = "10s"
  period       = "300s"
  depends_on   = [google_project_service.this]

  http_check {
    path         = "/api/health"
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }
  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project
      host       = var.metabase_domain
    }
  }
}

resource "google_monitoring_alert_policy" "metabase_is_down" {
  display_name          = "AI spend: Metabase cannot be reached"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.mail.id]

  conditions {
    display_name = "more than one place cannot reach it"
    condition_threshold {
      filter          = "resource.type=\"uptime_url\" AND metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.metabase.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "300s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }

  documentation {
    content = "docs/runbook.md, Metabase does not answer."
  }
}

resource "google_billing_budget" "this" {
  billing_account = var.billing_account
  display_name    = "AI spend"
  depends_on      = [google_project_service.this]

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }
  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }
  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }
  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.mail.id]
  }
}
