"""The compose files and nginx's configuration: what must stay true, and that nginx does it.

nginx is the real one, in front of a stand-in for Metabase; without nginx those tests are skipped.
"""

import re
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import nullcontext
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from ruamel.yaml import YAML

from foundation.settings import ROOT

FOLDER = ROOT / "dashboards" / "metabase"
FILES = ("docker-compose.yml", "docker-compose.duckdb.yml")
TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"


def services(file=FILES[0]):
    return YAML(typ="safe").load(FOLDER / file)["services"]


def variables():
    """Each ${NAME…} of the compose files, with what follows the name."""
    text = "".join((FOLDER / file).read_text() for file in FILES)
    return re.findall(r"\$\{([A-Z_]+)([^}]*)\}", text)


def test_every_variable_is_explained_in_env_example_and_no_other():
    text = (FOLDER / ".env.example").read_text()
    listed = re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)
    assert sorted(listed) == sorted({name for name, _ in variables()} | {"COMPOSE_FILE"})


def test_every_variable_is_required_or_has_a_default():
    assert {rest[:2] for _, rest in variables()} == {":?", ":-"}


def test_no_secret_has_a_value_or_a_default():
    example = (FOLDER / ".env.example").read_text()
    secrets = {name for name, _ in variables() if re.search(r"PASSWORD|SECRET", name)}
    assert len(secrets) == 3
    for name in secrets:
        assert re.search(rf"^{name}=$", example, re.MULTILINE)
    for name, rest in variables():
        if name in secrets:
            assert rest.startswith(":?") or rest == ":-"
    for file in FILES:
        for line in (FOLDER / file).read_text().splitlines():
            if re.search(r"(PASS|PASSWORD|SECRET_KEY): ", line):
                assert "${" in line


def test_only_nginx_can_be_reached_from_outside():
    published = {name: service.get("ports", []) for name, service in services().items()}
    assert published["nginx"] == ["80:80", "443:443"]
    assert all(port.startswith("127.0.0.1:") for port in published["metabase"])
    assert published["postgres"] == published["backup"] == []


def test_permanent_services_have_a_health_check_and_are_restarted():
    running = {name: one for name, one in services().items() if "profiles" not in one}
    assert set(running) == {"postgres", "metabase", "nginx"}
    for service in running.values():
        assert service["healthcheck"]["test"]
        assert service["restart"] == "unless-stopped"
    assert "/api/health" in running["metabase"]["healthcheck"]["test"][1]
    assert "pg_isready" in running["postgres"]["healthcheck"]["test"][1]
    for name, waits_for in (("metabase", "postgres"), ("nginx", "metabase")):
        assert running[name]["depends_on"] == {waits_for: {"condition": "service_healthy"}}


def test_backups_use_the_version_of_the_server():
    assert services()["backup"]["image"] == services()["postgres"]["image"]


def test_images_are_pinned_and_metabase_s_version_is_the_same_everywhere():
    image = services()["metabase"]["image"]
    version = re.fullmatch(r"metabase/metabase:\$\{METABASE_VERSION:-(v0\.\d+\.\d+\.\w+)\}", image)[
        1
    ]
    assert image.endswith(services(FILES[1])["metabase"]["image"].split(":", 1)[1])
    assert f"ARG METABASE_VERSION={version}\n" in (FOLDER / "Dockerfile.duckdb").read_text()
    assert f"\nMETABASE_VERSION={version}\n" in (FOLDER / ".env.example").read_text()
    for name, service in services().items():
        assert re.search(r":[v$\d{]", service["image"]), name
        assert "latest" not in service["image"]


def test_the_warehouse_is_mounted_for_reading_only():
    assert all(volume.endswith(":ro") for volume in services(FILES[1])["metabase"]["volumes"])


class Metabase(BaseHTTPRequestHandler):
    """Answers with the headers that came."""

    def do_GET(self):
        body = "".join(f"{name}: {value}\n" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """nginx with our configuration: its ports, and where its log is."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    if not program or not shutil.which("openssl"):
        pytest.skip("nginx.conf is not tested: install nginx (nginx-light will do) and openssl")
    folder = tmp_path_factory.mktemp("nginx")
    certificate = ["-subj", "/CN=localhost", "-days", "2", "-out", folder / "fullchain.pem"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *certificate]
    subprocess.run([*make, "-keyout", folder / "privkey.pem"], check=True, capture_output=True)

    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Metabase)
    Thread(target=upstream.serve_forever, args=(0.01,), daemon=True).start()
    http, https = free_port(), free_port()
    text = (FOLDER / "nginx.conf").read_text()
    # Only what differs on this machine.
    for old, new in {
        "listen 80 ": f"listen 127.0.0.1:{http} ",
        "listen 443 ": f"listen 127.0.0.1:{https} ",
        "/etc/nginx/tls": str(folder),
        "http://metabase:3000": f"http://127.0.0.1:{upstream.server_port}",
        "/dev/stdout": str(folder / "access.log"),
        "/dev/stderr": str(folder / "error.log"),
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    version = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    if tuple(map(int, re.search(r"/(\d+)\.(\d+)", version).groups())) < (1, 25):
        text = text.replace("http2 on;", "")
    file = folder / "nginx.conf"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    file.write_text(f"pid {folder}/pid; daemon off;\n" + text.replace("http {", "http {" + places))
    call = [program, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(file)]
    check = subprocess.run([*call, "-t"], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr
    with subprocess.Popen(call) as process:
        try:
            wait_for(https)
            yield {"http": http, "https": https, "log": folder / "access.log"}
        finally:
            process.terminate()
    upstream.shutdown()
    upstream.server_close()


def wait_for(port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(port)


def get(connection, path, headers=None):
    connection.request("GET", path, headers={"Host": "metabase.example.com", **(headers or {})})
    answer = connection.getresponse()
    return answer, answer.read().decode()


def trusting():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def get_secure(nginx, path, headers=None):
    connection = HTTPSConnection("127.0.0.1", nginx["https"], context=trusting(), timeout=20)
    return get(connection, path, headers)


def test_requests_without_tls_are_redirected_to_the_same_page_with_tls(nginx):
    connection = HTTPConnection("127.0.0.1", nginx["http"], timeout=20)
    answer, _ = get(connection, "/dashboard/7?team=a")
    assert answer.status == 301
    assert answer.headers["Location"] == "https://metabase.example.com/dashboard/7?team=a"


def test_metabase_gets_the_clients_address_and_protocol(nginx):
    claimed = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "http"}
    answer, seen = get_secure(nginx, "/api/health", claimed)
    assert answer.status == 200
    lines = seen.splitlines()
    assert "Host: metabase.example.com" in lines
    assert "X-Forwarded-Proto: https" in lines
    # Not what the client claims: log-ins are limited by it.
    assert "X-Forwarded-For: 127.0.0.1" in lines
    assert "1.2.3.4" not in seen


def test_an_upgrade_is_passed_on_only_if_it_was_asked_for(nginx):
    _, seen = get_secure(nginx, "/", {"Upgrade": "websocket", "Connection": "Upgrade"})
    assert {"Upgrade: websocket", "Connection: upgrade"} <= set(seen.splitlines())
    _, seen = get_secure(nginx, "/")
    assert "pgrade" not in seen


def test_browsers_must_insist_on_tls_and_may_frame_embeds(nginx):
    answer, _ = get_secure(nginx, f"/embed/dashboard/{TOKEN}")
    assert re.match(r"max-age=\d{8}", answer.headers["Strict-Transport-Security"])
    assert answer.headers["X-Frame-Options"] is None
    assert answer.headers["Content-Security-Policy"] is None


def test_a_token_as_long_as_metabase_takes_is_passed_on(nginx):
    answer, _ = get_secure(nginx, "/embed/dashboard/" + "x" * 8000)
    assert answer.status == 200


def test_addresses_that_open_a_dashboard_are_not_in_the_log(nginx):
    get_secure(nginx, f"/embed/dashboard/{TOKEN}?team=secret-team")
    get_secure(nginx, f"/api/embed/dashboard/{TOKEN}/dashcard/1/card/2")
    get_secure(nginx, f"/public/dashboard/{TOKEN}")
    get_secure(nginx, f"/auth/reset_password/{TOKEN}")
    get_secure(nginx, "/api/the-last-one")
    log = nginx["log"]
    deadline = time.monotonic() + 10
    while "the-last-one" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    text = log.read_text()
    assert '"GET /api/the-last-one HTTP/1.1" 200' in text
    assert '"GET /api/embed/dashboard/... HTTP/1.1" 200' in text
    assert TOKEN not in text
    assert "secret-team" not in text


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize(
    ("version", "works"),
    [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)],
)
def test_only_tls_1_2_and_later_is_spoken(nginx, version, works):
    context = trusting()
    # Else this machine's own policy would refuse the old ones, and the test would say nothing.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    refusal = pytest.raises(ssl.SSLError, match=r"(?i)protocol_version")
    with (
        socket.create_connection(("127.0.0.1", nginx["https"]), timeout=20) as plain,
        nullcontext() if works else refusal,
        context.wrap_socket(plain) as secure,
    ):
        assert secure.version() == version.replace("_", ".")


def test_shellcheck_finds_nothing_in_the_scripts():
    program = shutil.which("shellcheck")
    if not program:
        pytest.skip("scripts are not checked: install shellcheck")
    scripts = sorted(Path(FOLDER).glob("*.sh"))
    assert scripts
    answer = subprocess.run([program, *scripts], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
