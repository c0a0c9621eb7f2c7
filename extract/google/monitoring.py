"""How much the Gemini API and Vertex AI were used, by day: metrics of Cloud Monitoring
(https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list).

They say which key or which model, never both, and no person. A point lands as a record of its own,
with the labels of its series. A project's metrics are windows of their own, whose organization is
the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

import msgspec

from extract.google.api import Api, fetch_optional
from extract.google.records import Point
from extract.http import UnreadableError, VendorError
from extract.windows import ONE_DAY, Page, Period, Resource, Run, Window

TABLES = ("gemini_api_requests", "gemini_api_tokens", "vertex_tokens")

ADVICE = (
    "enable the Cloud Monitoring API in the project and give the account Monitoring Viewer there "
    "(docs/vendors/google.md)"
)
LOOK_BACK = 3
# A point is a day, so half a year is a few hundred points of each series.
MAX_DAYS = 180
# What Monitoring keeps of Google's own metrics. Older days are empty in an answer, and must not
# replace what landed when they were not.
REACH = timedelta(days=24 * 30)
POINTS_PER_PAGE = 20_000

_REQUESTS = (
    'metric.type="serviceruntime.googleapis.com/api/request_count"'
    ' AND resource.type="consumed_api"'
    ' AND resource.labels.service="generativelanguage.googleapis.com"',
)
_GEMINI = "generativelanguage.googleapis.com"
# Input is only counted by the quota of the tier that the project is in.
_TOKENS = (
    f'metric.type="{_GEMINI}/generate_content_usage_output_token_count"',
    *(
        f'metric.type="{_GEMINI}/quota/generate_content_paid_tier_{tier}input_token_count/usage"'
        for tier in ("", "2_", "3_")
    ),
)
_VERTEX = (
    'metric.type="aiplatform.googleapis.com/publisher/online_serving/token_count"'
    ' AND resource.type="aiplatform.googleapis.com/PublisherModel"',
)
METRICS = dict(zip(TABLES, (_REQUESTS, _TOKENS, _VERTEX), strict=True))
BRINGS = {
    "gemini_api_requests": "requests to the Gemini API by key",
    "gemini_api_tokens": "tokens of the Gemini API by model",
    "vertex_tokens": "tokens of Vertex AI by model, also of Claude",
}


class _Series(msgspec.Struct):
    metric: msgspec.Raw
    resource: msgspec.Raw
    points: list[msgspec.Raw] = []


class _Interval(msgspec.Struct):
    startTime: str  # noqa: N815 - the vendor's name


class _Point(msgspec.Struct):
    interval: _Interval
    value: msgspec.Raw


class _Record(msgspec.Struct):
    metric: msgspec.Raw
    resource: msgspec.Raw
    value: msgspec.Raw


def extract(api: Api, project: str, run: Run) -> Iterator[Window]:
    for name, filters in METRICS.items():
        resource = Resource(
            name,
            Point,
            partial(_points, api, project, filters),
            is_directory=False,
            look_back=LOOK_BACK,
            max_days=MAX_DAYS,
            is_optional=True,
            brings=BRINGS[name],
        )
        earliest = run.today - REACH
        yield from fetch_optional(resource, project, run, advice=ADVICE, earliest=earliest)


def _points(api: Api, project: str, filters: tuple[str, ...], period: Period) -> Iterator[Page]:
    for metric in filters:
        query = {
            "filter": metric,
            # Days are counted back from the end, which is a midnight.
            "interval.startTime": f"{period.start}T00:00:00Z",
            "interval.endTime": f"{period.end}T00:00:00Z",
            "aggregation.alignmentPeriod": f"{int(ONE_DAY.total_seconds())}s",
            "aggregation.perSeriesAligner": "ALIGN_DELTA",
            "pageSize": POINTS_PER_PAGE,
        }
        url = f"monitoring.googleapis.com/v3/projects/{project}/timeSeries"
        try:
            yield from api.pages("GET", url, "timeSeries", query, _by_day)
        except UnreadableError as error:
            # A metric that was never written, such as that of another tier, is not known.
            if error.status != 404 or "Cannot find metric" not in error.message:
                raise


def _by_day(series: list[msgspec.Raw]) -> list[tuple[date | None, list[msgspec.Raw]]]:
    """Each point of each series as a record, by the day on which its interval begins."""
    days: dict[date, list[msgspec.Raw]] = {}
    for one in series:
        try:
            found = msgspec.json.decode(one, type=_Series)
            points = [msgspec.json.decode(point, type=_Point) for point in found.points]
            for point in points:
                day = date.fromisoformat(point.interval.startTime[:10])
                record = _Record(found.metric, found.resource, point.value)
                days.setdefault(day, []).append(msgspec.Raw(msgspec.json.encode(record)))
        except (msgspec.DecodeError, ValueError) as error:
            raise VendorError(
                f"a time series has another form: {error}", advice="report it"
            ) from None
    return list(days.items())
