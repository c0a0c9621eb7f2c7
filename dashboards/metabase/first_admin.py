"""Creates the first admin of a new Metabase, and prints an API key for deploying.

METABASE_ADMIN_EMAIL=… METABASE_ADMIN_PASSWORD=… python dashboards/metabase/first_admin.py

In a new Metabase whoever comes first becomes admin, so run this before it can be reached from
outside. It only uses the standard library, since it runs where Metabase runs. The address is
METABASE_URL, by default that of docker-compose.yml on this machine.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

LOCAL = "http://127.0.0.1:3000"
SECONDS = 60


class SetUpError(Exception):
    """Metabase cannot be set up; the message says why and contains no password."""


def set_up(site_url: str, email: str, password: str, key_name: str) -> str:
    """Create the first admin, `email`, and return an API key of the group Administrators."""
    token = _call(site_url, "GET", "/api/session/properties").get("setup-token")
    if not token:
        raise SetUpError(f"{site_url} already has an admin: create a key in Admin, Settings")
    user = {"email": email, "password": password, "first_name": "Admin", "last_name": "Admin"}
    admin = {"token": token, "user": user, "prefs": {"site_name": "AI spend"}}
    session = _call(site_url, "POST", "/api/setup", admin)["id"]
    headers = {"X-Metabase-Session": session}
    groups = _call(site_url, "GET", "/api/permissions/group", headers=headers)
    group = next((group["id"] for group in groups if group["name"] == "Administrators"), None)
    if group is None:
        raise SetUpError("there is no group Administrators")
    key = {"name": key_name, "group_id": group}
    answer = _call(site_url, "POST", "/api/api-key", key, headers)
    # Metabase only shows the key now.
    return str(answer["unmasked_key"])


def _call(
    site_url: str,
    method: str,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> Any:  # noqa: ANN401 - an object or a list, whatever the path gives
    request = urllib.request.Request(  # noqa: S310 - main() looks at the scheme
        site_url.rstrip("/") + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        # Metabase says what is wrong, for example that the password is too common.
        reason = error.read(500).decode(errors="replace")
        raise SetUpError(f"{method} {path}: HTTP {error.code}: {reason}") from None
    except (OSError, ValueError) as error:
        raise SetUpError(f"{method} {path}: {error}") from None


def main() -> int:
    site_url = os.environ.get("METABASE_URL") or LOCAL
    email = os.environ.get("METABASE_ADMIN_EMAIL")
    password = os.environ.get("METABASE_ADMIN_PASSWORD")
    if not email or not password:
        print("set METABASE_ADMIN_EMAIL and METABASE_ADMIN_PASSWORD", file=sys.stderr)
        return 2
    if not site_url.startswith(("http://", "https://")):
        print("METABASE_URL must begin with http:// or https://", file=sys.stderr)
        return 2
    try:
        print(set_up(site_url, email, password, os.environ.get("METABASE_KEY_NAME") or "deploy"))
    except SetUpError as error:
        print(str(error).replace(password, "[secret]"), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
