"""Gemini Enterprise: how many seats a project has, and who has one
(https://cloud.google.com/gemini/enterprise/docs/reference/rest/v1/projects.locations.userStores.userLicenses/list).

What they cost is in the billing export, as a sum of the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from extract.google.api import Api, fetch_optional
from extract.google.records import Subscription, UserLicense
from extract.windows import Page, Period, Resource, Run, Window

TABLES = ("gemini_enterprise_licenses", "gemini_enterprise_subscriptions")

ADVICE = (
    "if the project has Gemini Enterprise, enable the Discovery Engine API there and give the "
    "account Gemini Enterprise Admin (docs/vendors/google.md)"
)
# The largest page allowed.
LICENSES_PER_PAGE = 50


def extract(api: Api, project: str, location: str, run: Run) -> Iterator[Window]:
    """`location` is where the company's data in Gemini Enterprise is: global, us or eu."""
    licenses = Resource(
        TABLES[0],
        UserLicense,
        partial(_licenses, api, project, location),
        is_directory=True,
        is_optional=True,
        brings="who has a seat of Gemini Enterprise",
    )
    subscriptions = Resource(
        TABLES[1],
        Subscription,
        partial(_subscriptions, api, project, location),
        is_directory=True,
        is_optional=True,
        brings="how many seats of Gemini Enterprise were bought",
    )
    for resource in (licenses, subscriptions):
        yield from fetch_optional(resource, project, run, advice=ADVICE)


def _licenses(api: Api, project: str, location: str, _: Period) -> Iterator[Page]:
    url = f"{_parent(project, location)}/userStores/default_user_store/userLicenses"
    return api.pages("GET", url, "userLicenses", {"pageSize": LICENSES_PER_PAGE})


def _subscriptions(api: Api, project: str, location: str, _: Period) -> Iterator[Page]:
    return api.pages("GET", f"{_parent(project, location)}/licenseConfigs", "licenseConfigs", {})


def _parent(project: str, location: str) -> str:
    host = "discoveryengine.googleapis.com"
    if location != "global":
        host = f"{location}-{host}"
    return f"{host}/v1/projects/{project}/locations/{location}"
