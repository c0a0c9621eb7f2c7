# What has no default has to be said in terraform.tfvars; terraform.tfvars.example has all of it.

variable "project" {
  description = "Id of the Google Cloud project, which should hold nothing else"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be the id of a project, such as acme-ai-spend: 6 to 30 lowercase letters, digits and hyphens."
  }
}

variable "billing_account" {
  description = "Id of the billing account that pays for the project"
  type        = string

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account must look like 012345-6789AB-CDEF01: `gcloud billing accounts list` shows it."
  }
}

variable "region" {
  description = "Where the job, the images and Metabase run"
  type        = string
  default     = "us-central1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region, such as us-central1, not a zone or a multi-region."
  }
}

variable "bigquery_dataset" {
  description = "What the names of all datasets begin with, BIGQUERY_DATASET in .env.example"
  type        = string
  default     = "ai_spend"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,99}$", var.bigquery_dataset))
    error_message = "bigquery_dataset must be lowercase letters, digits and underscores, such as ai_spend."
  }
}

variable "bigquery_location" {
  description = "Where the data is, BIGQUERY_LOCATION in .env.example; it cannot be changed later"
  type        = string

  validation {
    condition     = can(regex("^(US|EU|[a-z]+-[a-z]+[0-9]+)$", var.bigquery_location))
    error_message = "bigquery_location must be US, EU or a region, such as europe-west3."
  }
}

variable "marts_readers" {
  description = "Google groups that may query the marts, which name people; nobody needs the other datasets"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for group in var.marts_readers : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", group))])
    error_message = "marts_readers must be addresses of groups, such as finance@example.com."
  }
}

variable "settings" {
  description = "Settings of .env.example that are not secret, by name: what the sources need, such as GOOGLE_SHEETS_ID"
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^[A-Z][A-Z0-9_]*$", name))])
    error_message = "settings must be named as in .env.example, in capitals."
  }
  validation {
    condition     = length(setintersection(keys(var.settings), local.all_secrets)) == 0
    error_message = "settings must hold no secret, because Terraform's state would keep it: name it in `secrets` instead."
  }
}

variable "secrets" {
  description = "Which secrets of .env.example the pipeline has; their values go to Secret Manager by hand"
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.secrets, local.pipeline_secrets)) == 0
    error_message = "secrets may be: ${join(", ", local.pipeline_secrets)}."
  }
}

variable "secret_rotation_days" {
  description = "After how many days a mail says that a secret should be replaced"
  type        = number
  default     = 90

  validation {
    condition     = var.secret_rotation_days >= 1 && var.secret_rotation_days <= 365
    error_message = "secret_rotation_days must be from 1 to 365."
  }
}

variable "daily_run" {
  description = "Who starts the daily run: cloud_run (the job here) or github (.github/workflows/run.yml)"
  type        = string
  default     = "cloud_run"

  validation {
    condition     = contains(["cloud_run", "github"], var.daily_run)
    error_message = "daily_run must be cloud_run or github; two runs at a time are not supported."
  }
}

variable "image_tag" {
  description = "Which image the job runs, by its tag; null before the first one was pushed"
  type        = string
  default     = null

  validation {
    condition     = var.image_tag == null || can(regex("^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$", var.image_tag))
    error_message = "image_tag must be a tag: the commit that the image was made from."
  }
}

variable "github_repository" {
  description = "The repository whose workflows may plan and deploy, OWNER/NAME"
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be OWNER/NAME."
  }
}

variable "alert_email" {
  description = "Who is told when something needs attention; better a group than a person"
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", var.alert_email))
    error_message = "alert_email must be one address."
  }
}

variable "monthly_budget" {
  description = "What the project may cost in a month, in the billing account's currency; mails come at 50, 90 and 100 percent, and nothing is switched off"
  type        = number
  default     = 100

  validation {
    condition     = var.monthly_budget >= 1 && floor(var.monthly_budget) == var.monthly_budget
    error_message = "monthly_budget must be a whole number from 1."
  }
}

variable "metabase_domain" {
  description = "The name under which people reach Metabase; in the zone `dns_zone`"
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9-]+[.])+[a-z]+$", var.metabase_domain))
    error_message = "metabase_domain must be a name such as metabase.example.com, without https://."
  }
}

variable "metabase_version" {
  description = "Another version of Metabase than that of dashboards/metabase/docker-compose.yml; back up first, since an older one no longer starts on the database of a newer one"
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(v[0-9]+([.][0-9]+)+([.]x)?)?$", var.metabase_version))
    error_message = "metabase_version must be a tag of metabase/metabase, such as v0.65.3.x."
  }
}

variable "dns_zone" {
  description = "The zone in Cloud DNS of this project, by its resource name, to which metabase_domain belongs"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.dns_zone))
    error_message = "dns_zone must be the resource name of the zone, such as example-com: `gcloud dns managed-zones list` shows it."
  }
}

variable "metabase_source_ranges" {
  description = "From where people may reach Metabase: the company's networks by name, each a range such as 203.0.113.0/24"
  type        = map(string)

  validation {
    condition     = length(var.metabase_source_ranges) > 0 && alltrue([for range in values(var.metabase_source_ranges) : can(cidrhost(range, 0))])
    error_message = "metabase_source_ranges must name at least one network with its range, such as office = \"203.0.113.0/24\"."
  }
  validation {
    condition     = alltrue([for range in values(var.metabase_source_ranges) : try(tonumber(split("/", range)[1]) >= 8, false)])
    error_message = "metabase_source_ranges must not be the whole internet: no range may be wider than /8."
  }
}

variable "backup_retention_days" {
  description = "For how many days Metabase's backups cannot be deleted; after that they are"
  type        = number
  default     = 30

  validation {
    condition     = var.backup_retention_days >= 7
    error_message = "backup_retention_days must be 7 or more: an error may be noticed late."
  }
}
