# Metabase on a machine of its own, started from dashboards/metabase/ (docs/metabase.md).

resource "google_compute_network" "metabase" {
  name                    = "ai-spend-metabase"
  auto_create_subnetworks = false
  depends_on              = [google_project_service.this]
}

resource "google_compute_subnetwork" "metabase" {
  # checkov:skip=CKV_GCP_76: there is no IPv6 in this network
  name                     = "ai-spend-metabase"
  network                  = google_compute_network.metabase.id
  ip_cidr_range            = "10.10.0.0/28"
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.5
  }
}

# --- Who may connect. Nothing else is open: a network of one's own lets nobody in.

data "google_monitoring_uptime_check_ips" "google" {}

resource "google_compute_firewall" "https" {
  name          = "ai-spend-metabase-https"
  description   = "People, from the company's networks"
  network       = google_compute_network.metabase.id
  source_ranges = values(var.metabase_source_ranges)
  target_tags   = ["metabase"]

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

resource "google_compute_firewall" "uptime" {
  name          = "ai-spend-metabase-uptime"
  description   = "Google's machines that ask whether Metabase is up"
  network       = google_compute_network.metabase.id
  source_ranges = [for check in data.google_monitoring_uptime_check_ips.google.uptime_check_ips : check.ip_address if !strcontains(check.ip_address, ":")]
  target_tags   = ["metabase"]

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

resource "google_compute_firewall" "ssh" {
  name          = "ai-spend-metabase-ssh"
  description   = "SSH, only through Identity-Aware Proxy"
  network       = google_compute_network.metabase.id
  source_ranges = ["35.235.240.0/20"]
  target_tags   = ["metabase"]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

# --- Its name

resource "google_compute_address" "metabase" {
  name       = "ai-spend-metabase"
  depends_on = [google_project_service.this]
}

resource "google_dns_record_set" "metabase" {
  managed_zone = var.dns_zone
  name         = "${var.metabase_domain}."
  type         = "A"
  ttl          = 300
  rrdatas      = [google_compute_address.metabase.address]
}

# Let's Encrypt cannot reach the machine, so certbot shows in DNS that the name is ours.
resource "google_dns_managed_zone_iam_member" "certificates" {
  managed_zone = var.dns_zone
  role         = "roles/dns.admin"
  member       = google_service_account.metabase_vm.member
}

# certbot looks for the zone by its name, among all of the project.
resource "google_project_iam_member" "zones" {
  project = var.project
  role    = "roles/dns.reader"
  member  = google_service_account.metabase_vm.member
}

# --- The machine and its data

# PostgreSQL's data outlives the machine, which is replaced when what it starts changes.
resource "google_compute_disk" "metabase" {
  # checkov:skip=CKV_GCP_37: Google's keys encrypt it; whoever lost a key of ours would lose the data
  name       = "ai-spend-metabase"
  zone       = "${var.region}-b"
  type       = "pd-balanced"
  size       = 30
  depends_on = [google_project_service.this]
}

locals {
  files = "${path.module}/../../dashboards/metabase"
  cloud_init = templatefile("${path.module}/metabase.cloud-init.yaml", {
    project          = var.project
    domain           = var.metabase_domain
    alert_email      = var.alert_email
    bucket           = google_storage_bucket.backups.name
    metabase_version = var.metabase_version
    files = {
      for name in ["docker-compose.yml", "nginx.conf", "metadata.sh", "first_admin.py"] :
      name => base64gzip(file("${local.files}/${name}"))
    }
  })
}

resource "terraform_data" "cloud_init" {
  input = sha256(local.cloud_init)
}

resource "google_compute_instance" "metabase" {
  # checkov:skip=CKV_GCP_38: Google's keys encrypt the disks
  # checkov:skip=CKV_GCP_40: people reach Metabase at this address; the firewall says from where
  name         = "metabase"
  zone         = "${var.region}-b"
  machine_type = "e2-medium"
  tags         = ["metabase"]
  depends_on   = [google_secret_manager_secret_iam_member.metabase]

  boot_disk {
    initialize_params {
      # Debian's images have no cloud-init.
      image = "ubuntu-os-cloud/ubuntu-2404-lts-amd64"
      size  = 20
    }
  }

  attached_disk {
    source      = google_compute_disk.metabase.id
    device_name = "metabase"
  }

  network_interface {
    subnetwork = google_compute_subnetwork.metabase.id

    access_config {
      nat_ip = google_compute_address.metabase.address
    }
  }

  metadata = {
    user-data              = local.cloud_init
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
  }

  service_account {
    email = google_service_account.metabase_vm.email
    # What it may do is said by its roles.
    scopes = ["cloud-platform"]
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  lifecycle {
    # A newer image of Ubuntu is no reason; cloud-init, which runs once, is one.
    ignore_changes       = [boot_disk[0].initialize_params[0].image]
    replace_triggered_by = [terraform_data.cloud_init]
  }
}

# --- Backups: the machine may add one, and neither it nor anybody else may delete one too early.

resource "google_storage_bucket" "backups" {
  # checkov:skip=CKV_GCP_62: who reads backups is in Cloud Audit Logs
  # checkov:skip=CKV_GCP_78: a backup has a name of its own and cannot be overwritten while it is retained
  name                        = "${var.project}-metabase-backups"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  depends_on                  = [google_project_service.this]

  retention_policy {
    retention_period = var.backup_retention_days * 86400
  }
  lifecycle_rule {
    condition {
      age = var.backup_retention_days + 1
    }
    action {
      type = "Delete"
    }
  }
}

resource "google_storage_bucket_iam_member" "backups" {
  bucket = google_storage_bucket.backups.name
  role   = "roles/storage.objectCreator"
  member = google_service_account.metabase_vm.member
}

resource "google_project_iam_member" "metabase_vm_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.metabase_vm.member
}
