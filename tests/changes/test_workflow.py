"""The comment on a pull request: who may write it, and what it says."""

import json
import shutil
import subprocess

import pytest
import yaml

from foundation.settings import ROOT

JOBS = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
SCRIPT = JOBS["diff-comment"]["steps"][-1]["with"]["script"]
# GitHub's side: two comments, of which it says who wrote them; what is called is printed.
STUB = """
const comments = JSON.parse(process.argv[1])
const said = []
const github = {
  paginate: async () => comments,
  rest: { issues: {
    listComments: null,
    updateComment: async call => said.push(['update', call.comment_id, call.body]),
    createComment: async call => said.push(['create', call.issue_number, call.body]),
  } },
}
const context = { repo: { owner: 'o', repo: 'r' }, issue: { number: 7 } }
const script = async () => { %s }
script().then(() => console.log(JSON.stringify(said)))
"""


def test_no_code_of_the_pull_request_runs_where_the_token_can_write():
    assert "permissions" not in JOBS["diff"]
    assert JOBS["diff"]["steps"][0]["with"]["persist-credentials"] is False
    comment = JOBS["diff-comment"]
    assert comment["permissions"] == {"pull-requests": "write"}
    assert [step["uses"].split("@")[0] for step in comment["steps"]] == [
        "actions/download-artifact",
        "actions/github-script",
    ]


def test_a_pull_request_of_a_fork_has_the_artifact_only():
    condition = "${{ github.event.pull_request.head.repo.full_name == github.repository }}"
    assert JOBS["diff-comment"]["if"] == condition
    assert "if" not in JOBS["diff"]


def comment(folder, text, comments=()):
    """What the script asks of GitHub for a report."""
    (folder / "diff.md").write_text(text)
    command = ["node", "-e", STUB % SCRIPT, json.dumps(list(comments))]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    ((what, number, body),) = json.loads(done.stdout)
    return what, number, body


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_there_is_one_comment_that_is_updated(tmp_path):
    what, number, body = comment(tmp_path, "the report")
    assert (what, number, body) == ("create", 7, "<!-- make diff -->\nthe report")
    others = [
        {"id": 1, "user": {"login": "somebody"}, "body": body},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "another"},
    ]
    assert comment(tmp_path, "the report", others)[0] == "create"
    mine = {"id": 3, "user": {"login": "github-actions[bot]"}, "body": body}
    assert comment(tmp_path, "a later one", [*others, mine]) == (
        *("update", 3),
        "<!-- make diff -->\na later one",
    )


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_a_long_report_ends_with_a_whole_mart(tmp_path):
    mart = "### a mart\n\n" + "x" * 900 + "\n"
    _, _, body = comment(tmp_path, "head\n\n" + "\n".join([mart] * 100))
    assert len(body) < 65_536
    parts = body.split("\n### ")
    assert {part.rstrip() for part in parts[1:-1]} == {mart.removeprefix("### ").rstrip()}
    assert parts[-1].endswith("x\n\n\nThe rest is in the artifact `diff` of this run.")
