"""Every setting of the project, read once from the environment and from `.env`.

An empty variable is the same as one that is not set; unknown names are ignored. The environment
wins over `.env`, even with an empty variable. Secrets are `SecretStr`: they do not appear in a
repr, an error or a log. Each secret NAME may be given as NAME_SECRET instead, the resource name of
a Secret Manager version (https://cloud.google.com/secret-manager/docs/access-secret-version).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import unquote

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation import fields
from foundation.fields import Address, GoogleCredentials, ProjectPath
from foundation.sources import SOURCES, source_named

ROOT = fields.ROOT

BIGQUERY = ("GOOGLE_CLOUD_PROJECT", "BIGQUERY_DATASET", "BIGQUERY_LOCATION")

# As in dbt_project.yml, and those that DuckDB has itself.
OTHER_SCHEMAS = {
    *("staging", "intermediate", "marts", "legacy", "seeds", "snapshots"),
    *("comparison", "comparison_files"),
    *("main", "system", "temp", "information_schema", "pg_catalog"),
}
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")

MEMORY = re.compile(r"\d+(\.\d+)? ?[KMGT]i?B", re.IGNORECASE)
SECRET_NAME = re.compile(r"projects/[^/]+/secrets/[^/]+(/versions/[^/]+)?")
# The password in dialect://user:password@host, up to the last @ in case it contains one. The user
# of a server at Azure contains one too: reader@server.
URL_PASSWORD = re.compile(r"^[^:/]+://[^:/]*:(.+)@")


class SettingsError(Exception):
    """The settings cannot be used; the message names each one and says what to do."""


if TYPE_CHECKING:
    # The code of a source uses the type of that source's settings, all other code this one.
    _SettingsOfSources = GoogleCredentials
else:
    _bases = (*(source.settings for source in SOURCES), GoogleCredentials)
    _SettingsOfSources = type("_SettingsOfSources", _bases, {"__module__": __name__})


class Settings(_SettingsOfSources, BaseSettings):
    """All settings, including those of every source, by their lowercase names; build them with
    `load_settings`."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env",
        extra="ignore",
        frozen=True,
        # An error must not repeat the value it is about: it may be a secret.
        hide_input_in_errors=True,
    )

    target: Literal["duckdb", "bigquery"] = "duckdb"
    duckdb_path: ProjectPath = ROOT / "data" / "warehouse.duckdb"
    # profiles.yml, extract/landing.py and dashboards/preview have the defaults.
    duckdb_memory_limit: str | None = Field(default=None, description="such as 4GB")
    google_cloud_project: str | None = None
    bigquery_dataset: str | None = None
    bigquery_location: str | None = None
    bigquery_api_endpoint: str | None = Field(default=None, description="an emulator's URL")
    # dbt_project/profiles.yml has the defaults.
    bigquery_maximum_bytes_billed: int | None = Field(default=None, gt=0)
    bigquery_job_timeout_seconds: int | None = Field(default=None, gt=0)
    bigquery_job_retries: int | None = Field(default=None, ge=0)

    extract_since: date | None = None
    extract_until: date | None = Field(default=None, description="exclusive")

    metabase_url: Address | None = None
    metabase_api_key: SecretStr | None = None
    metabase_api_key_secret: str | None = None
    metabase_database: str = Field(default="AI spend", description="the connection's name there")
    metabase_embedding_secret: SecretStr | None = None
    metabase_embedding_secret_secret: str | None = None
    slack_webhook_url: SecretStr | None = None
    slack_webhook_url_secret: str | None = None
    heartbeat_url: SecretStr | None = Field(
        default=None, description="asked after each run that went well"
    )
    heartbeat_url_secret: str | None = None
    privacy_key: SecretStr | None = None
    privacy_key_secret: str | None = None
    dashboards_with_people: str | None = Field(
        default=None, description="keys separated by commas, or none; all if not set"
    )
    dashboards_smallest_group: int = Field(default=5, ge=2)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, object]) -> dict[str, object]:
        """Done here instead of by pydantic's `env_ignore_empty`, so that `CURSOR_API_KEY= make run`
        runs without Cursor, whatever `.env` says."""
        return {
            name: value
            for name, value in values.items()
            if not isinstance(value, str) or value.strip()
        }

    @field_validator("target", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("extract_since", "extract_until", mode="before")
    @classmethod
    def _day(cls, value: object) -> object:
        """Only YYYY-MM-DD: pydantic would also take a number of seconds for a date."""
        if not isinstance(value, str):
            return value
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("must be a day, YYYY-MM-DD") from None

    @field_validator("*")
    @classmethod
    def _is_a_key(cls, value: object, info: ValidationInfo) -> object:
        """A key is sent in a header, which refuses such characters only once a run is under way,
        or takes them for a part of the key."""
        if isinstance(value, SecretStr):
            text = value.get_secret_value()
            if text != text.strip():
                raise ValueError("begins or ends with a space or a line break: remove it")
            is_key = not (info.field_name or "").endswith("_url")
            if not text.isprintable() or (is_key and not text.isascii()):
                raise ValueError("has a character that no key has: copy it again")
        return value

    @field_validator("slack_webhook_url", "heartbeat_url")
    @classmethod
    def _is_encrypted(cls, value: SecretStr | None) -> SecretStr | None:
        """The address itself is the secret."""
        if value:
            fields.encrypted(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if problems := list(self._problems()):
            # The sheets and BigQuery may both report the same missing file.
            raise ValueError("\n".join(dict.fromkeys(problems)))
        return self

    def _problems(self) -> Iterator[str]:
        catalog = self.duckdb_path.name.partition(".")[0].lower()
        if self.target == "duckdb" and catalog in self._schemas():
            yield (
                f"DUCKDB_PATH: a warehouse cannot be named {self.duckdb_path.name}: {catalog} "
                "is also the name of a schema in it: name it warehouse.duckdb"
            )
        limit = self.duckdb_memory_limit
        if limit and not MEMORY.fullmatch(limit):
            yield f"DUCKDB_MEMORY_LIMIT: {limit} is not an amount of memory: write it like 4GB"
        since, until = self.extract_since, self.extract_until
        if since and until and since >= until:
            yield f"EXTRACT_SINCE ({since}) must be before EXTRACT_UNTIL ({until}, exclusive)"
        for source in SOURCES:
            yield from source.problems(self)
        if self.target == "bigquery":
            yield from self.credentials_problems()
        if self.dashboards_with_people and not (self.privacy_key or self.privacy_key_secret):
            yield "DASHBOARDS_WITH_PEOPLE needs PRIVACY_KEY, from which pseudonyms are made"
        for name in SECRETS:
            resource = self._value(f"{name}_SECRET")
            if resource and self._value(name):
                yield f"{name} and {name}_SECRET are both set: keep one"
            if resource and not SECRET_NAME.fullmatch(str(resource)):
                yield (
                    f"{name}_SECRET must be a Secret Manager resource name, "
                    "projects/PROJECT/secrets/NAME or …/versions/VERSION"
                )

    def _schemas(self) -> set[str]:
        """Names that a DuckDB file may not have: it could not tell them from its own."""
        return {source.raw_schema for source in SOURCES} | OTHER_SCHEMAS

    def _value(self, name: str) -> object:
        return getattr(self, name.lower())

    def configured_sources(self) -> list[str]:
        """Names of the sources that have the settings they need, in the order of `SOURCES`."""
        return [source.name for source in SOURCES if any(map(self._value, source.needs_one_of))]

    def missing_settings(self) -> dict[str, tuple[str, ...]]:
        """What is not configured: each source with the settings of which it needs one, or
        `bigquery` with the settings that it needs all of."""
        configured = self.configured_sources()
        missing = {
            source.name: source.needs_one_of for source in SOURCES if source.name not in configured
        }
        warehouse = tuple(name for name in BIGQUERY if not self._value(name))
        if self.target == "bigquery" and warehouse:
            missing["bigquery"] = warehouse
        return missing

    def secret_values(self) -> list[str]:
        """The values that must never be printed, for `foundation.logs`."""
        secrets = map(self._value, SECRETS)
        values = [secret.get_secret_value() for secret in secrets if isinstance(secret, SecretStr)]
        # A driver may repeat the password without the rest of the address.
        written = [found[1] for value in values if (found := URL_PASSWORD.match(value))]
        return [*values, *sorted({*written, *map(unquote, written)})]

    def open_to_everybody(self) -> list[Path]:
        """Files with secrets, or with people and what they cost, that everybody on this machine
        may read. New ones are their owner's only; who shares one on purpose does it by group."""
        files = (ROOT / ".env", self.duckdb_path, self.google_application_credentials)
        return [file for file in files if file and file.is_file() and file.stat().st_mode & 0o007]

    def raw_schema(self, source: str) -> str:
        """The name of the schema with a source's raw tables in the warehouse."""
        return self.dataset(source_named(source).raw_schema)

    def dataset(self, schema: str) -> str:
        """The name in the warehouse of one of the schemas raw_…, staging, intermediate, marts. On
        BigQuery it has the prefix BIGQUERY_DATASET, since a Google project has one namespace."""
        return schema if self.target == "duckdb" else f"{self.bigquery_dataset}_{schema}"

    def dbt_environment(self) -> dict[str, str]:
        """What `dbt_project/profiles.yml` and Google's libraries read from the environment.
        It holds no secret."""
        jobs = ("MAXIMUM_BYTES_BILLED", "JOB_TIMEOUT_SECONDS", "JOB_RETRIES")
        google = (*BIGQUERY, "BIGQUERY_API_ENDPOINT", "GOOGLE_APPLICATION_CREDENTIALS")
        duckdb = ("DUCKDB_PATH", "DUCKDB_MEMORY_LIMIT")
        names = ("TARGET", *duckdb, *google, *(f"BIGQUERY_{name}" for name in jobs))
        values = {name: self._value(name) for name in names}
        return {name: str(value) for name, value in values.items() if value is not None}


SECRETS = tuple(
    name.upper()
    for name, field in Settings.model_fields.items()
    if field.annotation == SecretStr | None
)


def load_settings() -> Settings:
    """The settings, with secrets fetched where NAME_SECRET says so. Raises SettingsError with a
    line for each setting that is wrong."""
    _ask_this_machine_directly()
    settings = _read()
    settings.tell_google()
    fetched = {
        name: _fetch(name, str(resource))
        for name in SECRETS
        if (resource := settings._value(f"{name}_SECRET"))
    }
    # Read once more, since what was fetched must hold to the same rules.
    empty = dict.fromkeys((f"{name}_SECRET" for name in fetched), "")
    return _read(**fetched, **empty) if fetched else settings


def _read(**given: str) -> Settings:
    """The settings; what is given wins over the environment. Raises SettingsError."""
    values = {name.lower(): value for name, value in given.items()}
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except (UnicodeDecodeError, OSError) as error:
        is_other = isinstance(error, UnicodeDecodeError)
        reason = "is not UTF-8: save it as UTF-8" if is_other else f"cannot be read: {error}"
        raise SettingsError(f"{ROOT / '.env'} {reason}") from None
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None


def _ask_this_machine_directly() -> None:
    """No proxy is asked for this machine: a proxy elsewhere would look for our sandbox on itself.
    Every library that asks anything reads these variables, and so do our children."""
    told = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in told.split(",") if host.strip()]
    hosts += [host for host in THIS_MACHINE if host not in hosts]
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(hosts)


def _lines(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_input=False, include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        name = ".".join(str(part) for part in problem["loc"]).upper()
        yield f"{name}: {message}" if name else message


def _fetch(name: str, resource: str) -> str:
    # Imported here: it takes a second, and few setups use it.
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import secretmanager

    version = resource if "/versions/" in resource else f"{resource}/versions/latest"
    try:
        client = secretmanager.SecretManagerServiceClient()
        answer = client.access_secret_version(name=version)
    except (GoogleAPIError, GoogleAuthError) as error:
        raise SettingsError(f"{name}_SECRET: cannot read {version}: {error}") from None
    value = answer.payload.data.decode().strip()
    if not value:
        raise SettingsError(f"{name}_SECRET: {version} is empty")
    return value
