"""The workflows: that they are safe, and who may change Google Cloud."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from foundation.settings import ROOT, SECRETS, Settings

DEPLOY = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())
JOBS = DEPLOY["jobs"]
SCRIPT = JOBS["plan-comment"]["steps"][-1]["with"]["script"]
# GitHub's side: one comment; what is called is printed.
STUB = """
const comments = [{ id: 3, user: { login: 'github-actions[bot]' }, body: process.argv[1] }]
const said = []
const github = {
  paginate: async () => comments,
  rest: { issues: {
    updateComment: async call => said.push(['update', call.comment_id, call.body]),
    createComment: async call => said.push(['create', call.issue_number, call.body]),
  } },
}
const context = { repo: { owner: 'o', repo: 'r' }, issue: { number: 7 } }
const script = async () => { %s }
script().then(() => console.log(JSON.stringify(said)))
"""


def test_zizmor_finds_nothing_so_actions_are_pinned_by_their_commit():
    zizmor = Path(sys.executable).with_name("zizmor")
    command = [zizmor, "--offline", "--no-progress", ROOT / ".github"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_only_main_and_the_environment_production_deploy():
    deploy = JOBS["deploy"]
    assert deploy["environment"] == "production"
    assert "github.ref == 'refs/heads/main'" in deploy["if"]
    deployers = {name for name, job in JOBS.items() if "vars.DEPLOYER" in str(job["steps"])}
    assert deployers == {"deploy"}


def test_a_fork_gets_no_token_and_no_code_of_a_pull_request_may_write():
    same = "github.event.pull_request.head.repo.full_name == github.repository"
    assert same in JOBS["plan"]["if"]
    assert "vars.PLANNER" in str(JOBS["plan"]["steps"])
    assert JOBS["plan"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert JOBS["plan-comment"]["permissions"] == {"pull-requests": "write"}
    assert [step["uses"].split("@")[0] for step in JOBS["plan-comment"]["steps"]] == [
        "actions/download-artifact",
        "actions/github-script",
    ]


def test_deploying_pushes_applies_and_deploys_dashboards_in_this_order():
    runs = [step for step in JOBS["deploy"]["steps"] if "run" in step]
    assert [step["run"] for step in runs] == [
        "make push-image",
        "make apply-infrastructure",
        "make deploy-dashboards",
    ]
    # Going back takes the image that is there.
    assert [step.get("if") for step in runs] == ["${{ !inputs.tag }}", None, None]
    assert DEPLOY["env"]["TAG"] == "${{ inputs.tag || github.sha }}"


def test_deploying_has_the_variables_that_make_and_terraform_name():
    makefile = (ROOT / "Makefile").read_text()
    outputs = (ROOT / "infrastructure/terraform/outputs.tf").read_text()
    needed = set(re.findall(r"\$\((GOOGLE_\w+)\)", makefile))
    assert needed == {"GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_REGION"}
    assert needed <= DEPLOY["env"].keys()
    for name in set(re.findall(r"vars\.(\w+)", str(DEPLOY))):
        assert re.search(rf"^    {name} +=", outputs, re.MULTILINE), name


def test_deploying_dashboards_has_the_settings_that_say_what_is_on_them():
    # `make` gives the address of the tunnel, and `deploy` signs nothing.
    others = {"METABASE_URL", "METABASE_EMBEDDING_SECRET", "METABASE_EMBEDDING_SECRET_SECRET"}
    needed = {
        name.upper()
        for name in Settings.model_fields
        if name.startswith(("dashboards_", "metabase_", "privacy_"))
    } - others
    given = JOBS["deploy"]["env"]
    # A secret that only Secret Manager has.
    assert needed - given.keys() == {"METABASE_API_KEY"}
    for name in needed & given.keys() - {"METABASE_API_KEY_SECRET"}:
        kind = "secrets" if name in SECRETS else "vars"
        assert given[name] == f"${{{{ {kind}.{name} }}}}"


def test_the_daily_run_is_given_what_says_how_bigquery_is_used():
    given = yaml.safe_load((ROOT / ".github/workflows/run.yml").read_text())["jobs"]["run"]["env"]
    manual = (ROOT / "docs/production.md").read_text()
    names = {name.upper() for name in Settings.model_fields if name.startswith("bigquery_")}
    for name in names - {"BIGQUERY_API_ENDPOINT"}:
        assert given.get(name) == f"${{{{ vars.{name} }}}}"
        assert f"`{name}`" in manual


def test_the_runbook_starts_the_workflow_with_inputs_that_it_has():
    # YAML takes `on` for true.
    on = yaml.safe_load((ROOT / ".github/workflows/run.yml").read_text())[True]
    runbook = (ROOT / "docs/runbook.md").read_text()
    assert set(re.findall(r"-f (\w+)=", runbook)) == on["workflow_dispatch"]["inputs"].keys()


@pytest.mark.parametrize("name", ["run", "nightly"])
def test_what_takes_too_long_opens_an_issue_like_what_fails(name):
    (job,) = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())["jobs"].values()
    (work,) = (step for step in job["steps"] if "run" in step)
    # A job that reaches its own limit is cancelled, which is no failure.
    assert work["timeout-minutes"] <= job["timeout-minutes"] - 5
    tell = job["steps"][-1]
    assert "issues.create" in tell["with"]["script"]
    assert tell["if"] == "${{ failure() || cancelled() }}"


def comment(folder, plan, before=""):
    (folder / "plan.txt").write_text(plan)
    done = subprocess.run(
        ["node", "-e", STUB % SCRIPT, before],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    ((what, number, body),) = json.loads(done.stdout)
    return what, number, body


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_the_plan_is_one_comment_that_is_updated_and_fits(tmp_path):
    plan = "  # one\n" * 20_000 + "\nPlan: 3 to add, 0 to change, 1 to destroy.\n"
    what, number, body = comment(tmp_path, plan)
    assert (what, number) == ("create", 7)
    assert len(body) < 65_536
    assert "\n\nPlan: 3 to add, 0 to change, 1 to destroy.\n\n" in body
    assert comment(tmp_path, "No changes. It is as described.", body)[:2] == ("update", 3)
