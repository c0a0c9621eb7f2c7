"""infrastructure/terraform: what the provider takes, and what this project needs from it."""

import json
import os
import re
import subprocess
from pathlib import Path

import hcl2
import pytest
import yaml
from hcl2.utils import SerializationOptions

from foundation.settings import ROOT, SECRETS, Settings
from foundation.sources import SOURCES

FOLDER = ROOT / "infrastructure" / "terraform"
METABASE = ROOT / "dashboards" / "metabase"
SCHEMA = json.loads((Path(__file__).parent / "google_provider.json").read_text())
# What Terraform itself has for every resource, and a resource of its own.
META = {"for_each", "count", "depends_on", "provider", "lifecycle"}
BUILT_IN = {"terraform_data": {"arguments": {"input": {"type": "any"}}, "attributes": ["output"]}}


def parsed(text):
    options = SerializationOptions(with_comments=False, strip_string_quotes=True)
    return hcl2.loads(text, serialization_options=options)


FILES = {file.name: file.read_text() for file in sorted(FOLDER.glob("*.tf"))}
PARSED = {name: parsed(text) for name, text in FILES.items()}


def blocks(kind):
    """All blocks of a kind in all files, by their labels."""
    found = {}
    for one in (block for file in PARSED.values() for block in file.get(kind, ())):
        labels = []
        while len(one) == 1 and "__is_block__" not in one:
            ((label, one),) = one.items()
            labels.append(label)
        assert tuple(labels) not in found, f"{labels} is there twice"
        found[tuple(labels)] = one
    return found


RESOURCES, DATA = blocks("resource"), blocks("data")


def one(kind, name):
    return RESOURCES[kind, name]


def is_block(value):
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and "__is_block__" in item for item in value)
    )


def problems(block, arguments, where):
    """What of a block the provider would refuse: an argument that it does not know or that is
    missing, a block instead of a value or the other way round, a block twice."""
    given = {}
    for name, value in block.items():
        if name == "dynamic":
            for wrapped in value:
                (label,) = wrapped.keys() - {"__is_block__"}
                given.setdefault(label, []).extend(wrapped[label]["content"])
        elif name != "__is_block__":
            given[name] = given.get(name, []) + value if is_block(value) else value
    for name in arguments.keys() - given.keys():
        if arguments[name].get("required"):
            yield f"{where}: {name} is missing"
    for name, value in given.items():
        if name not in arguments:
            yield f"{where}: there is no {name}"
        elif is_block(value) != ("block" in arguments[name]):
            yield f"{where}: {name} is a block and not a value, or the other way round"
        elif is_block(value):
            if len(value) > 1 and not arguments[name]["many"]:
                yield f"{where}: {name} is there {len(value)} times"
            for inner in value:
                yield from problems(inner, arguments[name]["block"], f"{where}.{name}")


def described(kind, type_):
    return BUILT_IN[type_] if type_ in BUILT_IN else SCHEMA[kind][type_]


ALL = [("resource", *key, block) for key, block in RESOURCES.items()]
ALL += [("data", *key, block) for key, block in DATA.items()]


@pytest.mark.parametrize(
    ("kind", "type_", "name", "block"),
    ALL,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_provider_takes_every_argument(kind, type_, name, block):
    own = {key: value for key, value in block.items() if key not in META}
    assert list(problems(own, described(kind, type_)["arguments"], f"{type_}.{name}")) == []


def test_the_schema_is_of_the_version_that_is_required():
    (terraform,) = PARSED["versions.tf"]["terraform"]
    version = terraform["required_providers"][0]["google"]["version"]
    assert version == f"~> {SCHEMA['provider'].rpartition('.')[0]}"


def strings(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(name)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


TEXT = "\n".join(strings(list(PARSED.values())))


def test_what_is_referred_to_is_there():
    for data, type_, name, attribute in re.findall(
        r"(data\.)?\b(google_\w+|terraform_data)\.(\w+)(?:\[[^]]*\])?(?:\.(\w+))?", TEXT
    ):
        found = DATA if data else RESOURCES
        assert (type_, name) in found, f"{type_}.{name}"
        known = described("data" if data else "resource", type_)
        assert not attribute or attribute in {*known["arguments"], *known["attributes"]}, (
            f"{type_}.{name}.{attribute}"
        )


def test_variables_are_typed_described_validated_and_used():
    variables = blocks("variable")
    for (name,), variable in variables.items():
        assert variable["description"]
        assert variable["type"]
        for check in variable["validation"]:
            assert name in check["error_message"], "an error has to name its variable"
    used = set(re.findall(r"\bvar\.(\w+)", TEXT))
    assert used == {name for (name,) in variables}


def test_the_example_gives_every_variable_without_a_default():
    example = parsed((FOLDER / "terraform.tfvars.example").read_text())
    variables = blocks("variable")
    needed = {name for (name,), variable in variables.items() if "default" not in variable}
    assert needed <= example.keys() <= {name for (name,) in variables}


def test_outputs_are_described():
    outputs = blocks("output")
    assert outputs
    assert all(output["description"] for output in outputs.values())


def local(name):
    (value,) = (
        block[name] for file in PARSED.values() for block in file.get("locals", ()) if name in block
    )
    return value


def test_what_checkov_should_skip_has_a_reason():
    skips = re.findall(r"checkov:skip=(.*)", "\n".join(FILES.values()))
    assert skips
    for skip in skips:
        assert re.fullmatch(r"CKV_GCP_\d+: \w.{15,}", skip), skip


# --- The warehouse


def schemas():
    """The names of all datasets, without what BIGQUERY_DATASET puts before them."""
    found = {source.raw_schema for source in SOURCES} | {"dbt_test__audit"}

    def walk(node):
        for name, value in node.items():
            if name == "+schema":
                found.add(value)
            elif isinstance(value, dict):
                walk(value)

    walk(yaml.safe_load((ROOT / "dbt_project" / "dbt_project.yml").read_text()))
    return found


def datasets():
    others = one("google_bigquery_dataset", "others")
    return {"marts", "intermediate", *others["for_each"]}


def test_every_dataset_of_the_project_is_made():
    assert datasets() == schemas()
    by_hand = (ROOT / "docs" / "bigquery.md").read_text()
    (names,) = re.findall(r"^for schema in (.*?); do$", by_hand, re.MULTILINE | re.DOTALL)
    assert set(names.replace("\\\n", " ").split()) == schemas()


def test_nothing_in_a_dataset_expires():
    for (type_, name), block in RESOURCES.items():
        if type_ == "google_bigquery_dataset":
            assert block["location"] == "${var.bigquery_location}"
            assert not [key for key in block if "expiration" in key], name


def test_metabase_reads_the_marts_and_nothing_else():
    accounts = {}
    for (type_, name), block in RESOURCES.items():
        if type_ == "google_bigquery_dataset":
            for access in block["access"]:
                if "user_by_email" in access:
                    account = access["user_by_email"].split(".")[1]
                    accounts.setdefault(account, set()).add((name, access["role"]))
    assert accounts["metabase"] == {("marts", "READER")}
    assert accounts["pipeline"] == {
        (name, "WRITER") for name in ("marts", "intermediate", "others")
    }
    assert accounts.keys() == {"metabase", "pipeline"}


def test_those_who_read_the_marts_read_the_views_under_older_names():
    (readers,) = (
        block["access"]
        for block in one("google_bigquery_dataset", "others")["dynamic"]
        if "legacy" in str(block)
    )
    assert readers["for_each"] == '${each.key == "legacy" ? var.marts_readers : []}'
    assert readers["content"][0]["role"] == "READER"


# --- Rights


def granted():
    """Roles on the whole project, by account."""
    return {
        (block["member"], block["role"])
        for (type_, _), block in RESOURCES.items()
        if type_ == "google_project_iam_member"
    }


def test_only_deploying_has_wide_roles():
    roles = {role for _, role in granted()} - {"${each.value}"}
    assert roles == {"roles/bigquery.jobUser", "roles/dns.reader", "roles/logging.logWriter"}
    given = {*local("planner_roles"), *local("deployer_roles")}
    assert not given & {"roles/owner", "roles/editor", "roles/viewer"}
    for role in local("planner_roles"):
        assert re.search(r"([vV]iewer|[rR]eader|browser|securityReviewer|Consumer)$", role), role
    reading = {"roles/bigquery.dataViewer", "roles/secretmanager.secretAccessor"}
    assert not reading & given
    assert "roles/logging.viewer" not in local("planner_roles"), "a run's log names people"


def test_no_key_of_an_account_is_made():
    assert not [type_ for type_, _ in RESOURCES if type_.endswith("account_key")]


def test_only_this_repository_and_for_deploying_one_environment_is_heard():
    provider = one("google_iam_workload_identity_pool_provider", "github")
    assert provider["attribute_condition"] == 'assertion.repository == "${var.github_repository}"'
    deployer = local("github_may_be")
    assert "repo:${var.github_repository}:environment:production" in str(deployer)


# --- Secrets and settings


def test_secrets_are_those_of_the_settings():
    metabase = {name for name in SECRETS if name.startswith("METABASE_")}
    assert set(local("pipeline_secrets")) == set(SECRETS) - metabase
    assert {*local("deployer_secrets"), *local("metabase_secrets")} >= metabase
    example = (METABASE / ".env.example").read_text()
    for name in local("metabase_secrets"):
        assert f"\n{name}=" in example
    assert not [type_ for type_, _ in RESOURCES if "secret_version" in type_]


def test_all_secrets_that_are_due_are_listed_and_not_only_one():
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    for text in (FILES["alerts.tf"], FILES["secrets.tf"], runbook):
        (options,) = re.findall(r"pubsub subscriptions pull[^`]*--auto-ack(.*?)`", text)
        assert options == " --limit 100"


def test_the_job_is_given_settings_that_exist():
    names = {name.upper() for name in Settings.model_fields}
    environment = local("environment")
    given = set(re.findall(r"\b([A-Z][A-Z_]+)\s*=", str(environment))) or set(environment)
    assert given >= {"TARGET", "GOOGLE_CLOUD_PROJECT", "BIGQUERY_DATASET", "BIGQUERY_LOCATION"}
    assert given <= names
    assert '"${name}_SECRET" => "projects/${var.project}/secrets/${name}"' in FILES["pipeline.tf"]


# --- The daily run


def test_a_run_has_ended_before_the_next_day_begins():
    (outer,) = one("google_cloud_run_v2_job", "pipeline")["template"]
    (inner,) = outer["template"]
    assert (outer["task_count"], outer["parallelism"]) == (1, 1)
    assert inner["max_retries"] == "${each.value.retries}"
    retries = local("jobs")["ai-spend"]["retries"]
    assert retries >= 1
    seconds = int(inner["timeout"].removesuffix("s"))
    assert seconds * (1 + retries) < 24 * 60 * 60


def test_neither_checks_nor_past_days_keep_the_alert_about_missing_runs_from_coming():
    jobs = local("jobs")
    assert jobs["ai-spend-check"] == {"args": ["extract", "check"], "retries": 0}
    assert jobs["ai-spend-backfill"] == jobs["ai-spend"]
    assert 'pipeline["ai-spend"].name' in str(one("google_monitoring_alert_policy", "no_success"))
    manuals = [*(ROOT / "docs").glob("*.md"), FOLDER.parent / "README.md"]
    said = "\n".join(manual.read_text() for manual in manuals)
    assert "extract,check" not in said
    past = re.findall(r".*--args pipeline,run,--since", said)
    assert past
    assert [line for line in past if "ai-spend-backfill" not in line] == []
    # A check prints its table, which Cloud Logging keeps as text beside the messages of the log.
    formats = re.findall(r"logging read .*'value\((.+?)\)'", said)
    assert set(formats) == {"jsonPayload.message,textPayload"}


def test_the_schedule_is_that_of_run_yml_and_never_starts_a_second_run():
    clock = one("google_cloud_scheduler_job", "daily")
    # YAML takes `on` for true.
    workflow = yaml.safe_load((ROOT / ".github/workflows/run.yml").read_text())
    (schedule,) = workflow[True]["schedule"]
    assert (clock["schedule"], clock["time_zone"]) == (schedule["cron"], schedule["timezone"])
    assert clock["retry_config"][0]["retry_count"] == 0
    assert clock["paused"] == '${var.daily_run != "cloud_run"}'


def test_a_day_without_success_is_noticed_after_25_hours():
    (condition,) = one("google_monitoring_alert_policy", "no_success")["conditions"]
    (promql,) = condition["condition_prometheus_query_language"]
    (hours,) = re.findall(r"\[(\d+)h\]", str(promql["query"]))
    assert int(hours) * 3600 + int(promql["duration"].removesuffix("s")) == 25 * 3600


# --- Metabase


def test_people_come_from_named_networks_and_ssh_from_google_only():
    for (type_, name), block in RESOURCES.items():
        if type_ != "google_compute_firewall":
            continue
        assert "0.0.0.0/0" not in str(block["source_ranges"])
        ports = [port for allow in block["allow"] for port in allow["ports"]]
        # The range of Identity-Aware Proxy: https://cloud.google.com/iap/docs/using-tcp-forwarding
        expected = ["22"] if block["source_ranges"] == ["35.235.240.0/20"] else ["443"]
        assert ports == expected, name


def cloud_init():
    """The names that Terraform fills in, and the file with each name in its own place."""
    text = (FOLDER / "metabase.cloud-init.yaml").read_text()
    before, loop, rest = re.split(r"%\{ .+ ~\}\n", text)
    loop = loop.replace("${name}", "FILE").replace("${content}", "QQ==")
    text = before + loop + rest
    name = re.compile(r"(?<!\$)\$\{(\w+)\}")
    return set(name.findall(text)), yaml.safe_load(name.sub(r"\1", text).replace("$${", "${"))


def test_the_machine_gets_the_files_of_the_repository():
    template = re.search(r'templatefile\("[^"]+", \{(.*?)\n  \}\)', FILES["metabase.tf"], re.S)[1]
    given, _ = cloud_init()
    assert given == set(re.findall(r"^    (\w+) +=", template, re.M)) - {"files"}
    (names,) = re.findall(r"for name in \[(.*?)\]", template)
    names = set(re.findall(r'"([^"]+)"', names))
    compose = yaml.safe_load((METABASE / "docker-compose.yml").read_text())
    mounted = {
        volume.removeprefix("./").split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    }
    assert names == {"docker-compose.yml", "first_admin.py", *mounted}
    assert all((METABASE / name).is_file() for name in names)


def test_the_machine_sets_every_variable_that_compose_asks_for():
    _, config = cloud_init()
    (start,) = (file for file in config["write_files"] if file["path"].endswith("metabase-start"))
    needed = re.findall(r"\$\{(\w+):\?", (METABASE / "docker-compose.yml").read_text())
    assert set(needed) <= set(re.findall(r'echo "(\w+)=', start["content"]))


def test_the_scripts_of_the_machine_are_valid():
    _, config = cloud_init()
    scripts = [file["content"] for file in config["write_files"] if file["path"].startswith("/usr")]
    assert len(scripts) == 3
    for script in scripts:
        assert script.startswith("#!/usr/bin/env bash\n")
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def script(name, folder):
    """One of the machine's scripts, at work in `folder` and with stand-ins for what it calls: those
    write their arguments to `folder`/calls."""
    _, config = cloud_init()
    (text,) = (file["content"] for file in config["write_files"] if file["path"].endswith(name))
    for place in ("/srv/ai-spend/dashboards/metabase", "/var/lib/docker", "/etc"):
        text = text.replace(place, str(folder))
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for program in ("gcloud", "docker", "certbot", "mountpoint", "curl", "metabase-certificate"):
        stand_in = programs / program
        stand_in.write_text(f"""#!/usr/bin/env bash
echo "{program} $*${{RENEWED_LINEAGE:+ of $RENEWED_LINEAGE}}" >>{folder}/calls
case "{program} $*" in
    *"${{FAILS:-nothing}}"*) exit 1 ;;
    "gcloud secrets"*) echo value-of-"${{@: -1}}" ;;
    "docker compose ps"*"--status running"*) echo "${{RUNNING-}}" ;;
    "docker compose ps"*) echo running-or-restarting ;;
    curl*) echo '{{"has-user-setup": '"${{ADMIN:-false}}"'}}' ;;
esac
""")
        stand_in.chmod(0o755)

    def run(**settings):
        (folder / "calls").write_text("")
        environment = {"PATH": f"{programs}:{os.environ['PATH']}", **settings}
        command = ["bash", "-c", text]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, (folder / "calls").read_text().splitlines()

    return run


def test_nobody_reaches_metabase_before_it_has_an_admin(tmp_path):
    run = script("metabase-start", tmp_path)
    code, calls = run()
    assert code == 1
    assert [call for call in calls if "docker" in call] == [
        "docker compose up --detach --wait metabase"
    ]
    code, calls = run(ADMIN="true")
    assert code == 0
    assert calls[-1] == "docker compose up --detach --wait"


def test_metabase_gets_its_secrets_in_a_file_of_its_own(tmp_path):
    run = script("metabase-start", tmp_path)
    assert run(ADMIN="true")[0] == 0
    written = (tmp_path / ".env").read_text().splitlines()
    assert "METABASE_DB_PASSWORD=value-of---secret=METABASE_DB_PASSWORD" in written
    assert "METABASE_EMBEDDING=true" in written
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    # Without a secret to sign with nothing is embedded, and without the others nothing starts.
    assert run(ADMIN="true", FAILS="METABASE_EMBEDDING_SECRET")[0] == 0
    assert "METABASE_EMBEDDING=" in (tmp_path / ".env").read_text().splitlines()
    code, calls = run(ADMIN="true", FAILS="METABASE_ENCRYPTION_SECRET_KEY")
    assert code == 1
    assert not [call for call in calls if call.startswith("docker")]


def test_the_version_of_metabase_is_said_in_terraform_and_is_otherwise_that_of_compose(tmp_path):
    assert script("metabase-start", tmp_path)(ADMIN="true")[0] == 0
    note, version, *_ = (tmp_path / ".env").read_text().splitlines()
    assert note.startswith("# Written at each start")
    assert version == "METABASE_VERSION=metabase_version"
    assert blocks("variable")[("metabase_version",)]["default"] == ""
    assert "${METABASE_VERSION:-" in (METABASE / "docker-compose.yml").read_text()


def test_a_new_machine_takes_the_certificate_of_the_old_one_and_starts_without_another(tmp_path):
    _, config = cloud_init()
    link = ["ln", "--symbolic", "/var/lib/docker/letsencrypt", "/etc/letsencrypt"]
    assert config["runcmd"].index(link) < len(config["runcmd"]) - 1
    run = script("metabase-start", tmp_path)
    copied = f"metabase-certificate  of {tmp_path}/letsencrypt/live/domain"
    for failing in ("nothing", "certbot"):
        code, calls = run(ADMIN="true", FAILS=failing)
        assert code == 0
        assert calls[-2:] == [copied, "docker compose up --detach --wait"]
    assert (tmp_path / "letsencrypt").is_dir()
    # nginx does not start without any.
    code, calls = run(ADMIN="true", FAILS="metabase-certificate")
    assert (code, calls[-1]) == (1, copied)


def certificates(folder, *names):
    """Where certbot keeps the certificates of some domains."""
    (folder / "tls").mkdir()
    for name in names:
        lineage = folder / "letsencrypt" / "live" / name
        lineage.mkdir(parents=True)
        (lineage / "fullchain.pem").write_text(f"certificate of {name}")
    return folder / "letsencrypt" / "live"


def test_nginx_keeps_its_certificate_when_that_of_an_earlier_domain_is_renewed(tmp_path):
    live = certificates(tmp_path, "domain", "earlier")
    run = script("metabase-certificate", tmp_path)
    for name in ("domain", "earlier"):
        assert run(RENEWED_LINEAGE=str(live / name))[0] == 0
        assert (tmp_path / "tls" / "fullchain.pem").read_text() == "certificate of domain"


def test_a_machine_starts_although_nginx_cannot_read_its_certificate_again(tmp_path):
    live = certificates(tmp_path, "domain")
    run = script("metabase-certificate", tmp_path)
    # On a new machine nginx restarts again and again until there is a certificate.
    for running, reloads in (("", 0), ("nginx", 1)):
        code, calls = run(
            RENEWED_LINEAGE=str(live / "domain"), RUNNING=running, FAILS="docker compose exec"
        )
        assert (code, len(calls)) == (0, 1 + reloads)


def test_a_machine_without_its_disk_starts_nothing(tmp_path):
    code, calls = script("metabase-start", tmp_path)(ADMIN="true", FAILS="mountpoint")
    assert (code, len(calls)) == (1, 1)


def test_a_new_machine_formats_an_empty_disk_and_never_one_with_data(tmp_path):
    _, config = cloud_init()
    # This would format it again on every new machine.
    assert "fs_setup" not in config
    assert "disk_setup" not in config
    ((*command, device),) = config["bootcmd"]
    assert [device, "/var/lib/docker"] == config["mounts"][0][:2]
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(8 * 1024 * 1024))
    environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    kept = []
    for _ in range(2):
        subprocess.run([*command, disk], env=environment, check=True, capture_output=True)
        kept.append(disk.read_bytes())
    # ext4, and the second time the same one, with the same id.
    assert kept[0][1080:1082] == b"\x53\xef"
    assert kept[0] == kept[1]


def test_a_backup_that_fails_is_logged_as_an_error(tmp_path):
    backups = tmp_path / "backups"
    backups.mkdir()
    for day in ("20261120T031500Z", "20261121T031500Z"):
        (backups / f"metabase-{day}.dump").write_text("")
    run = script("metabase-backup", tmp_path)
    code, calls = run()
    assert code == 0
    newest = backups / "metabase-20261121T031500Z.dump"
    # With no flag that reads the bucket: the account may only add to it.
    assert calls[1] == f"gcloud storage cp {newest} gs://bucket/"
    for failing in ("docker compose run", "gcloud storage"):
        code, calls = run(FAILS=failing)
        assert code == 1
        assert re.match("gcloud logging write metabase-backup .*--severity=ERROR", calls[-1])


def test_logs_of_the_machine_are_read_with_sudo():
    for name in ("docs/runbook.md", "infrastructure/terraform/metabase.cloud-init.yaml"):
        assert not re.findall(r"(?<!sudo )journalctl", (ROOT / name).read_text()), name


def test_a_backup_cannot_be_deleted_by_whoever_wrote_it():
    (kept,) = one("google_storage_bucket", "backups")["retention_policy"]
    assert kept["retention_period"] == "${var.backup_retention_days * 86400}"
    writer = one("google_storage_bucket_iam_member", "backups")
    assert writer["role"] == "roles/storage.objectCreator"


# --- The manual

MANUAL = (FOLDER.parent / "README.md").read_text()


def test_the_manual_names_every_file_and_real_commands():
    files = {file.name for file in FOLDER.iterdir() if not file.name.startswith(".")}
    assert {name for name in files if f"`{name}`" not in MANUAL} - {"terraform.tfvars"} == set()
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"make ((?:[a-z]+-)+[a-z]+|image)", MANUAL)) <= set(targets)
    for name in re.findall(r"output `(\w+)`", MANUAL):
        assert (name,) in blocks("output")


def test_a_first_run_takes_ten_commands():
    commands = MANUAL.split("```\n")[3].splitlines()
    assert len(commands) == 10
    assert [command.split()[0] for command in commands].count("make") == 2
