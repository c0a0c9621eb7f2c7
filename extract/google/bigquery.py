"""A table in BigQuery: queries of it, their rows as JSON, and what an error means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from extract.http import TransientError, VendorError
from foundation.retrying import with_retries
from foundation.sources.google import GoogleSettings, job_project

# Google's library is imported where it is used: most runs do not, and it takes a second and 60 MB.
if TYPE_CHECKING:
    from google.cloud import bigquery

# What a query that reads more costs nobody meant to pay.
MAXIMUM_BYTES_BILLED = 200_000_000_000
TIMEOUT_SECONDS = 120.0

ADVICE = {
    401: "check the service account's key",
    403: "give the account BigQuery Data Viewer on the dataset of the export and BigQuery Job User "
    "on the project GOOGLE_BILLING_PROJECT (docs/vendors/google.md)",
    404: "check GOOGLE_BILLING_EXPORT_TABLE: there is no such table, or the account may not see it",
}


@dataclass(frozen=True)
class Answer:
    """The rows of a query, and how many bytes it read."""

    rows: list[dict[str, Any]]
    bytes_processed: int


@dataclass(frozen=True)
class Table:
    """A table, and a client that asks it."""

    client: bigquery.Client
    table: bigquery.Table

    @property
    def name(self) -> str:
        return f"{self.table.project}.{self.table.dataset_id}.{self.table.table_id}"

    @property
    def columns(self) -> list[str]:
        return [field.name for field in self.table.schema]

    def ask(self, sql: str, **parameters: Any) -> Answer:  # noqa: ANN401
        """The answer to a query with these named parameters: times, texts and lists of texts.
        Raises VendorError."""
        from google.cloud import bigquery

        config = bigquery.QueryJobConfig(
            maximum_bytes_billed=MAXIMUM_BYTES_BILLED,
            query_parameters=[_parameter(name, value) for name, value in parameters.items()],
            labels={"target": "billing_export"},
        )

        def once() -> Answer:
            rows = self.client.query_and_wait(
                sql,
                job_config=config,
                location=self.table.location,
                api_timeout=TIMEOUT_SECONDS,
                retry=None,  # type: ignore[arg-type] # None is documented: we retry ourselves
                job_retry=None,  # type: ignore[arg-type]
            )
            return Answer([dict(row.items()) for row in rows], rows.total_bytes_processed or 0)

        return with_retries(lambda: _judged(once))


def open_table(settings: GoogleSettings, name: str) -> Table:
    """The table with this name. Raises VendorError."""
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import bigquery

    endpoint = settings.google_billing_api_endpoint
    if not endpoint:
        settings.tell_google()
    try:
        client = bigquery.Client(
            project=job_project(settings),
            credentials=AnonymousCredentials() if endpoint else None,  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": endpoint} if endpoint else None,
        )
    except GoogleAuthError as error:
        raise VendorError(
            f"no usable Google credentials ({type(error).__name__})",
            advice="set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account that "
            "may read the export, or run where there are default credentials",
        ) from None

    def once() -> bigquery.Table:
        return client.get_table(name, retry=None, timeout=TIMEOUT_SECONDS)  # type: ignore[arg-type]

    return Table(client, with_retries(lambda: _judged(once)))


def as_json(row: dict[str, Any]) -> msgspec.Raw:
    """A row as JSON. Numbers with a fraction are text, so that no reader rounds them; a FLOAT64 is
    the shortest decimal that stands for it."""
    return msgspec.Raw(msgspec.json.encode(_plain(row)))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a row
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def _parameter(name: str, value: Any) -> Any:  # noqa: ANN401 - bigquery's parameters share no type
    from google.cloud import bigquery

    if isinstance(value, list):
        return bigquery.ArrayQueryParameter(name, "STRING", value)
    kind = "TIMESTAMP" if isinstance(value, datetime) else "STRING"
    return bigquery.ScalarQueryParameter(name, kind, value)


def _judged(call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it returns
    """The result of a call; raises VendorError in place of Google's errors."""
    import requests
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError, TransportError

    try:
        return call()
    except GoogleAPICallError as error:
        status = int(error.code) if error.code else 0
        if status in (408, 429) or status >= 500:
            raise TransientError(error.message, status=status) from None
        raise VendorError(error.message, status=status, advice=ADVICE.get(status)) from None
    except (requests.RequestException, TransportError) as error:
        raise TransientError(f"no complete answer ({type(error).__name__})") from None
    except GoogleAuthError as error:
        raise VendorError(f"Google refuses the credentials: {error}", advice=ADVICE[401]) from None
