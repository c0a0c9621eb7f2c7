"""The first admin of a new Metabase and its key, tested with a stand-in that answers like
Metabase."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from foundation.settings import ROOT

SCRIPT = ROOT / "dashboards" / "metabase" / "first_admin.py"
PASSWORD = "hush-hush-hush"
TOKEN = "the-token"


@contextmanager
def metabase(token=TOKEN, refused=None):
    """Yields the address and the list of what was asked: method, path, session, body."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(None)

        def do_POST(self):
            self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def answer(self, body):
            asked.append((self.command, self.path, self.headers["X-Metabase-Session"], body))
            answers = {
                "/api/session/properties": {"setup-token": token, "has-user-setup": not token},
                "/api/setup": {"id": "the-session"},
                "/api/permissions/group": [
                    {"id": 1, "name": "All Users"},
                    {"id": 2, "name": "Administrators"},
                ],
                "/api/api-key": {"id": 1, "unmasked_key": "mb_the_key"},
            }
            self.send_response(400 if self.path == refused else 200)
            self.end_headers()
            wrong = {"errors": {"password": f"{PASSWORD} is too common."}}
            content = wrong if self.path == refused else answers[self.path]
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def first_admin(address, **others):
    given = {"METABASE_ADMIN_EMAIL": "ada@example.com", "METABASE_ADMIN_PASSWORD": PASSWORD}
    environment = {"PATH": os.environ["PATH"], "METABASE_URL": address, **given, **others}
    # As it is called on a server: without the project's packages.
    command = [sys.executable, "-I", str(SCRIPT)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_new_metabase_gets_an_admin_and_gives_a_key_of_the_administrators():
    with metabase() as (address, asked):
        answer = first_admin(f"{address}/")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "mb_the_key\n", "")
    assert [request[:3] for request in asked] == [
        ("GET", "/api/session/properties", None),
        ("POST", "/api/setup", None),
        ("GET", "/api/permissions/group", "the-session"),
        ("POST", "/api/api-key", "the-session"),
    ]
    admin, key = asked[1][3], asked[3][3]
    assert admin["token"] == TOKEN
    assert admin["user"]["email"] == "ada@example.com"
    assert admin["user"]["password"] == PASSWORD
    assert admin["prefs"]["site_name"]
    assert key == {"name": "deploy", "group_id": 2}


def test_a_metabase_that_has_its_admin_is_left_alone():
    with metabase(token=None) as (address, asked):
        answer = first_admin(address)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "already has an admin" in answer.stderr
    assert len(asked) == 1


def test_what_metabase_refuses_is_said_without_the_password():
    with metabase(refused="/api/setup") as (address, _):
        answer = first_admin(address)
    assert answer.returncode == 1
    assert "POST /api/setup: HTTP 400" in answer.stderr
    assert "[secret] is too common" in answer.stderr
    assert PASSWORD not in answer.stderr


def test_an_unreachable_metabase_is_reported():
    answer = first_admin("http://127.0.0.1:9")
    assert answer.returncode == 1
    assert "GET /api/session/properties: " in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_admins_email_is_required():
    for missing in ("METABASE_ADMIN_EMAIL", "METABASE_ADMIN_PASSWORD"):
        answer = first_admin("http://127.0.0.1:9", **{missing: ""})
        assert answer.returncode == 2
        assert "set METABASE_ADMIN_EMAIL and METABASE_ADMIN_PASSWORD" in answer.stderr
    assert first_admin("file:///etc/passwd").returncode == 2
