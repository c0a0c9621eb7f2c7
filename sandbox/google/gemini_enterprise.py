"""Who has a seat of Gemini Enterprise
(https://cloud.google.com/gemini/enterprise/docs/reference/rest/v1/projects.locations.userStores.userLicenses/list).

The seats belong to the project that pays for them. One is nobody's; somebody else tried to log in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.company import Person
from sandbox.google.ledger import ENTERPRISE_SEATS, PROJECTS, SEATS
from sandbox.state import Sandbox

_STORE: Final = "/discoveryengine.googleapis.com/v1/projects/{project}/locations/global"
LICENSES_PATH: Final = f"{_STORE}/userStores/default_user_store/userLicenses"
SUBSCRIPTIONS_PATH: Final = f"{_STORE}/licenseConfigs"
SCOPE: Final = "discoveryengine.readwrite"

_CONFIG: Final = f"projects/{PROJECTS[SEATS][0]}/locations/global/licenseConfigs/standard"
_LARGEST_PAGE: Final = 50


class Seats:
    """The licenses of the sample company."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def licenses(self, project: str, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of userLicenses.list."""
        found = self._licenses() if project == SEATS else []
        size = min(int(query.get("pageSize") or 10), _LARGEST_PAGE)
        first = int(query.get("pageToken") or 0)
        page = {"userLicenses": found[first : first + size]} if found else {}
        more = {"nextPageToken": str(first + size)} if first + size < len(found) else {}
        return {**page, **more}

    def subscriptions(self, project: str) -> dict[str, Any]:
        """The answer of licenseConfigs.list."""
        if project != SEATS:
            return {}
        start = self.sandbox.options.start
        standard = {
            "name": _CONFIG,
            "licenseCount": str(ENTERPRISE_SEATS),
            "subscriptionTier": "SUBSCRIPTION_TIER_ENTERPRISE",
            "subscriptionTerm": "SUBSCRIPTION_TERM_ONE_MONTH",
            "state": "ACTIVE",
            "startDate": {"year": start.year, "month": start.month, "day": start.day},
            "autoRenew": True,
        }
        trial = {"name": f"{_CONFIG}-trial", "licenseCount": "50", "state": "EXPIRED"}
        return {"licenseConfigs": [standard, trial]}

    def _licenses(self) -> list[dict[str, Any]]:
        *holders, guest = self.people()[:ENTERPRISE_SEATS]
        return [self._license(person, "ASSIGNED") for person in holders] + [
            self._license(guest, "NO_LICENSE_ATTEMPTED_LOGIN")
        ]

    def people(self) -> list[Person]:
        """Whoever is here from the first day to the last and is no engineer."""
        return [
            person
            for person in self.sandbox.company.people
            if person.stints[0].department not in ("Engineering", "Data")
            and person.end is None
            and person.start <= self.sandbox.options.start
        ]

    def _license(self, person: Person, state: str) -> dict[str, Any]:
        created = f"{self.sandbox.options.start}T09:00:00Z"
        found = {
            "userPrincipal": person.email,
            "licenseAssignmentState": state,
            "createTime": created,
            "updateTime": created,
        }
        if state == "ASSIGNED":
            found |= {"licenseConfig": _CONFIG, "lastLoginTime": f"{self.sandbox.today}T06:00:00Z"}
        return found
