"""The metrics of Cloud Monitoring that say how much of Gemini was used, and the keys that used it
(https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list).

They count what the billing account bills, up to a thousandth that they miss. Points come newest
first, whole numbers as text. A metric that a project never wrote is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sandbox.days import days_between
from sandbox.google import ledger
from sandbox.google.ledger import AI_STUDIO, ML, PROJECTS, SEATS, SUPPORT, Sku
from sandbox.google_sheets.errors import refusal
from sandbox.rate_limit import RateLimit
from sandbox.state import Sandbox

SERIES_PATH: Final = "/monitoring.googleapis.com/v3/projects/{project}/timeSeries"
KEYS_PATH: Final = "/apikeys.googleapis.com/v2/projects/{project}/locations/global/keys"
SERIES_SCOPE: Final = "monitoring.read"
KEYS_SCOPE: Final = "cloud-platform.read-only"
MONITORED: Final = (AI_STUDIO, SUPPORT, ML, SEATS)
QUERIES_PER_MINUTE: Final = 180

_GEMINI: Final = "generativelanguage.googleapis.com"
REQUESTS: Final = "serviceruntime.googleapis.com/api/request_count"
OUTPUT: Final = f"{_GEMINI}/generate_content_usage_output_token_count"
INPUT: Final = f"{_GEMINI}/quota/generate_content_paid_tier_2_input_token_count/usage"
VERTEX: Final = "aiplatform.googleapis.com/publisher/online_serving/token_count"

# What each SKU's amount is in the metrics: metric, publisher, model, type.
_COUNTED: Final = {
    ledger.GEMINI_OUTPUT: (OUTPUT, "google", "gemini-2.5-flash", "output"),
    ledger.GEMINI_INPUT: (INPUT, "google", "gemini-2.5-flash", "input"),
    ledger.GEMINI_CACHED: (INPUT, "google", "gemini-3-flash", "input"),
    ledger.VERTEX_INPUT: (VERTEX, "google", "gemini-3.8-flash", "input"),
    ledger.VERTEX_THINKING: (VERTEX, "google", "gemini-2.5-pro", "output"),
    ledger.CLAUDE_INPUT: (VERTEX, "anthropic", "claude-sonnet-4-6", "input"),
    ledger.CLAUDE_OUTPUT: (VERTEX, "anthropic", "claude-haiku-4-5", "output"),
}
_TOKENS_PER_REQUEST: Final = 400
_SERVICE: Final = "google.ai.generativelanguage.v1beta"
_GENERATE: Final = f"{_SERVICE}.GenerativeService.GenerateContent"


@dataclass(frozen=True)
class Key:
    """An API key, or a service account that needs none."""

    project: str
    uid: str
    name: str
    percent: int
    is_listed: bool = True

    @property
    def credential(self) -> str:
        return f"apikey:{self.uid}" if self.name else f"serviceaccount:{self.uid}"


RESEARCH_KEY: Final = Key(
    AI_STUDIO, "3b1f0c52-7a0e-4d0b-9a53-6a2f2f6d1c11", "research-notebooks", 60
)
KEYS: Final = (
    RESEARCH_KEY,
    Key(AI_STUDIO, "77c0a9de-1f02-4c5b-8a47-0d9f5b1e2a22", "prototype", 25),
    Key(AI_STUDIO, "5d2e8f10-9b3c-4e6a-b1d7-3c4f6a7b8c33", "deleted", 15, is_listed=False),
    Key(SUPPORT, "c2a4e6f8-0b1d-4f3a-9c5e-7d8f9a0b1c44", "support-assistant-prod", 90),
    Key(SUPPORT, "110022003300440055006", "", 10),
)


class Metrics:
    """What was used, by project, metric and day."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.queries = RateLimit(QUERIES_PER_MINUTE)
        self._used: dict[date, dict[tuple[str, Sku], int]] = {}

    def series(self, project: str, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of timeSeries.list. A page is counted in series here."""
        if self.sandbox.rate_limits and not self.queries.allows_one_more():
            message = "Quota exceeded for quota metric 'Time series queries' per minute per user"
            raise refusal(429, "RESOURCE_EXHAUSTED", message)
        kind = re.search(r'metric\.type="([^"]+)"', query["filter"])
        if kind is None:
            raise refusal(400, "INVALID_ARGUMENT", "The filter must specify a metric type.")
        is_daily = query.get("aggregation.alignmentPeriod") == "86400s"
        if not is_daily or query.get("aggregation.perSeriesAligner") != "ALIGN_DELTA":
            raise refusal(400, "INVALID_ARGUMENT", "The sandbox counts by day only.")
        start, end = (
            datetime.fromisoformat(query[f"interval.{name}"]) for name in ("startTime", "endTime")
        )
        if end.time() != time() or start.time() != time():
            raise refusal(400, "INVALID_ARGUMENT", "Days of the sandbox begin at midnight (UTC).")
        found = list(self._series(project, kind[1], start.date(), end.date()))
        if kind[1] not in (REQUESTS, OUTPUT, INPUT, VERTEX):
            raise refusal(404, "NOT_FOUND", f"Cannot find metric(s) that match type = {kind[1]}.")
        first = int(query.get("pageToken") or 0)
        answer: dict[str, Any] = {"unit": "1"}
        if found:
            answer["timeSeries"] = found[first : first + 2]
        return answer | ({"nextPageToken": str(first + 2)} if first + 2 < len(found) else {})

    def keys(self, project: str) -> dict[str, Any]:
        """The answer of keys.list."""
        number = PROJECTS[project][0]
        created = f"{self.sandbox.options.start - timedelta(days=90)}T07:08:09.101112Z"
        keys = [
            {
                "name": f"projects/{number}/locations/global/keys/{key.uid}",
                "uid": key.uid,
                "displayName": key.name,
                "createTime": created,
                "updateTime": created,
                "restrictions": {"apiTargets": [{"service": _GEMINI}]},
                "etag": 'W/"sandbox=="',
            }
            for key in KEYS
            if key.project == project and key.name and key.is_listed
        ]
        return {"keys": keys, "nextPageToken": ""} if keys else {}

    def _series(
        self, project: str, metric: str, first: date, end: date
    ) -> Iterator[dict[str, Any]]:
        """The series with points on these days."""
        first = max(first, self.sandbox.options.start)
        days = [day for day in days_between(first, end) if self.sandbox.has_happened(day)]
        days.reverse()
        if metric == REQUESTS:
            tokens = {day: self._count(project, ledger.GEMINI_OUTPUT, day) for day in days}
            for key in KEYS:
                counts = {
                    day: count * key.percent // 100 // _TOKENS_PER_REQUEST
                    for day, count in tokens.items()
                }
                if key.project == project:
                    yield from _requests(key, counts)
            return
        for sku, (of_metric, publisher, model, kind) in _COUNTED.items():
            counts = {day: self._count(project, sku, day) for day in days}
            if of_metric == metric and any(counts.values()):
                labels, resource = _labels(project, metric, publisher, model, kind)
                yield _one(metric, labels, resource, counts)
                if metric == INPUT:
                    # The same tokens against another limit.
                    labels = {**labels, "limit_name": "InputTokensPerModelPerDay"}
                    yield _one(metric, labels, resource, counts)

    def _count(self, project: str, sku: Sku, day: date) -> int:
        if day not in self._used:
            used = self._used[day] = {}
            for row in ledger.usage_of(self.sandbox.company, day):
                if row.project is not None:
                    key = (row.project, row.sku)
                    used[key] = used.get(key, 0) + int(row.quantity)
        return self._used[day].get((project, sku), 0) * 999 // 1000


def _requests(key: Key, counts: dict[date, int]) -> Iterator[dict[str, Any]]:
    refused = {day: count // 90 for day, count in counts.items()}
    lists = {day: count // 300 for day, count in counts.items()}
    for code, method, by_day in (
        ("200", _GENERATE, counts),
        ("429", _GENERATE, refused),
        ("200", f"{_SERVICE}.ModelService.ListModels", lists),
    ):
        labels = {
            "response_code": code,
            "response_code_class": f"{code[0]}xx",
            "protocol": "http",
        }
        resource = {
            "project_id": key.project,
            "service": _GEMINI,
            "method": method,
            "version": "v1beta",
            "location": "us-central1",
            "credential_id": key.credential,
        }
        if any(by_day.values()):
            yield _one(REQUESTS, labels, ("consumed_api", resource), by_day)


def _labels(
    project: str, metric: str, publisher: str, model: str, kind: str
) -> tuple[dict[str, str], tuple[str, dict[str, str]]]:
    if metric == VERTEX:
        tier = "priority" if model == "gemini-3.8-flash" else "standard"
        return (
            {"type": kind, "request_type": "shared", "shared_request_type": tier},
            (
                "aiplatform.googleapis.com/PublisherModel",
                {
                    "resource_container": PROJECTS[project][0],
                    "location": "global",
                    "publisher": publisher,
                    "model_user_id": model,
                    "model_version_id": "",
                },
            ),
        )
    where = {"project_id": project, "location": "us-central1"}
    if metric == INPUT:
        labels = {"model": model, "limit_name": "InputTokensPerModelPerMinute"}
        return labels, (f"{_GEMINI}/Location", where)
    labels = {"model": model, "output_modality": "text", "thinking_enabled": "true"}
    return labels, (f"{_GEMINI}/Location", where)


def _one(
    metric: str,
    labels: dict[str, str],
    resource: tuple[str, dict[str, str]],
    counts: dict[date, int],
) -> dict[str, Any]:
    """A series, its points newest first."""
    return {
        "metric": {"type": metric, "labels": labels},
        "resource": {"type": resource[0], "labels": resource[1]},
        "metricKind": "DELTA",
        "valueType": "INT64",
        "points": [
            {
                "interval": {
                    "startTime": _midnight(day),
                    "endTime": _midnight(day + timedelta(days=1)),
                },
                "value": {"int64Value": str(count)},
            }
            for day, count in counts.items()
            if count
        ],
    }


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat().replace("+00:00", "Z")
