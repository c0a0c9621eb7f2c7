"""Erases a person: their addresses, names and accounts become pseudonyms, and every dollar stays.

What vendors and sheets sent is rewritten where it landed, and everything else is built again from
it, because keys of the marts are made from addresses. The pseudonyms are random. Only hashes lead
to them, under a key that is not in the warehouse, so that the person stays erased when a vendor
reports them again.
"""

from __future__ import annotations

import itertools
import json
import re
import secrets
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import duckdb

from foundation.erased import SAME, TABLE, Erased, ErasedError, folded, load_erased
from foundation.settings import BIGQUERY, ROOT, Settings
from foundation.sources import SOURCES
from foundation.warehouse import (
    Ask,
    NoTableError,
    attach,
    expiring,
    open_file,
    quoted,
    refuse_if_held,
    warehouse,
)
from pipeline import building, compare, focus, statement
from pipeline.run import RefusedError

LOG_TABLE = "erasures"
SHORTEST_KEY = 32
# Made by commands from the marts, and made again by them.
EXPORTS = (focus.FOLDER, statement.FOLDER, compare.FOLDER, ROOT / "target" / "dashboards")
# Older tables, and what they were compared with: `make compare` loads and builds them again.
COMPARED = ("comparison", "comparison_files")
# What a rebuild of the models does not make again, beside the raw data. The snapshot only says what
# rules were: without a person's rows, the next build takes their rules for new.
KEPT = ("dbt_test__audit", "snapshots")
KEPT_TABLES = ("alert_log", "statement_log")

# What may not be right before or after an address that is found in a text: it would be another one.
# Before it may also be what JSON writes for a line break, or for any other letter but a plus and an
# apostrophe. Apostrophes are part of o'neil@example.com, and not of 'ann@example.com': after a
# letter of an address they are part of one, otherwise they are quotes.
_ESCAPE = r"\\(?:[bfnrt]|u(?:[^0]...|0[^0]..|00[^2].|002[^7b]))"
_APART = rf"(?:^|[^a-zA-Z0-9._%+'\\-]|(?:^|[^\\])(?:\\\\)*(?:{_ESCAPE}|\\\\))"
_BEFORE = rf"{_APART}(?:'|\\u0027)*"
_AFTER = r"(\.*$|\.*[^a-zA-Z0-9.-])"
_SPACE = r"(?:\s|\\[nrt])*"

# The domain of the pseudonyms of addresses. Nobody can have it.
DOMAIN = "@erased.invalid"


@dataclass(frozen=True)
class Person:
    """All that names a person, in lower case. `token` is what their pseudonyms have in common, and
    the first of `emails` their main address. `keys` are names of API keys that have the person's in
    them, as Claude Code gives them; `former` are addresses that the tab of aliases once had beside
    theirs, which may be somebody else's. `shared_names` is how many more names they have that
    somebody else has too."""

    token: str
    emails: tuple[str, ...]
    names: tuple[str, ...]
    accounts: tuple[str, ...]
    keys: tuple[str, ...]
    former: tuple[str, ...] = ()
    shared_names: int = 0

    @property
    def local_parts(self) -> str:
        """A pattern of what is before the @ of an address, where Claude Code names a key after it:
        claude_code_key_ann.bell_x1y2."""
        local_parts = {folded(email.partition("@")[0]) for email in self.emails if "@" in email}
        either = "|".join(re.escape(one) for one in sorted(local_parts)) or "(?!)"
        return rf"(?<=^claude_code_key_)(?:{either})(?=_[a-z0-9]+$)"

    def pseudonyms(self, erased: Erased) -> dict[str, str]:
        """What stands for each name. Two addresses or accounts may be two seats, so that each has a
        pseudonym of its own, and so do keys. Names that are listed keep what they have."""
        token = f"erased-{self.token}"
        chosen = {folded(key): re.sub(self.local_parts, token, key) for key in self.keys}
        chosen |= dict.fromkeys(map(folded, self.names), f"Erased person {self.token}")
        chosen |= _numbered(self.accounts, token, "", erased)
        chosen |= _numbered(self.emails, token, DOMAIN, erased)
        names = (*self.emails, *self.names, *self.accounts, *self.keys)
        return {name: erased.pseudonym_of(name) or chosen[folded(name)] for name in names}


def _numbered(names: tuple[str, ...], token: str, ending: str, erased: Erased) -> dict[str, str]:
    """A pseudonym for each name as it lands, if it has none: erased-1f0c9a3e, then
    erased-1f0c9a3e-2."""
    taken = set(erased.pseudonyms.values())
    numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    free = (
        pseudonym for number in numbers if (pseudonym := f"{token}{number}{ending}") not in taken
    )
    new = dict.fromkeys(folded(name) for name in names if not erased.pseudonym_of(name))
    return dict(zip(new, free, strict=False))


def erase(settings: Settings, email: str, by: str) -> int:
    """Erase the person with this address; returns the exit code of the build that follows. Raises
    RefusedError if nothing was done, WarehouseError if the file is in use."""
    _refuse_incomplete(settings)
    refuse_if_held(settings)
    _refuse_expiring(settings)
    try:
        erased = load_erased(settings)
        with warehouse(settings, writes=True) as ask:
            person = _person(settings, ask, email, erased)
            erasure = Erasure(settings, ask, erased)
            rows = erasure.run(person, by)
    except ErasedError as error:
        raise RefusedError(str(error)) from None
    except NoTableError as error:
        reason = str(error).splitlines()[0]
        raise RefusedError(
            f"The warehouse is not complete ({reason}): build it first, with `make run`."
        ) from None
    sys.stdout.write(f"Erased from {rows:,} rows of what landed; the marts are built again.\n")
    if person.former:
        sys.stdout.write(
            f"The tab email_aliases once had {', '.join(person.former)} beside them. Each that is"
            " the same person's has to be erased by itself.\n"
        )
    if person.shared_names:
        sys.stdout.write(
            f"Names that stay because somebody else has them too: {person.shared_names}. If that is"
            " the same person by another address, erase that address as well.\n"
        )
    # Without tests, since what comes after one that fails would be left as it was, with the person.
    models = ["--full-refresh", "--exclude-resource-type", "test", "unit_test"]
    code = building.call(settings, ["--quiet", "build", *models])
    if code:
        sys.stderr.write(
            "The marts could not be built, and may still name the person: see above, and erase them"
            " again.\n"
        )
    elif settings.target == "duckdb":
        _rewrite_file(settings)
    for folder in EXPORTS:
        if folder.exists():
            shutil.rmtree(folder)
            sys.stdout.write(f"{folder} is deleted: write it again.\n")
    return code


def _refuse_incomplete(settings: Settings) -> None:
    if settings.target == "bigquery" and settings.missing_settings().get("bigquery"):
        raise RefusedError(f"TARGET=bigquery needs {', '.join(BIGQUERY)}")
    if not settings.privacy_key or len(settings.privacy_key.get_secret_value()) < SHORTEST_KEY:
        raise RefusedError(
            f"Erasing needs PRIVACY_KEY, a random text of at least {SHORTEST_KEY} letters that is"
            " kept: without it a person would land again with the next run. Make one with"
            " `openssl rand -hex 32`."
        )


def _refuse_expiring(settings: Settings) -> None:
    """What has expired in the raw tables cannot be built again: it would be lost from the marts."""
    tables = expiring(settings, sorted({settings.raw_schema(source.name) for source in SOURCES}))
    if tables:
        raise RefusedError(
            "Nothing was erased: that builds the marts again from what landed, and without the days"
            f" that expire in {', '.join(tables)} (docs/bigquery.md, Retention)."
        )


def _person(settings: Settings, ask: Ask, email: str, erased: Erased) -> Person:
    """What names the person, as far as sheets and vendors say. Raises RefusedError for nobody, and
    for an address that is somebody else's too."""
    # In lower case as the models have it: Python's İ is another one.
    ((email,),) = ask(f"select lower({quoted(settings, email.strip())})")
    pseudonyms = {"", *(folded(pseudonym) for pseudonym in erased.pseudonyms.values())}

    def is_pseudonym(name: str) -> bool:
        return folded(name) in pseudonyms or name.endswith(DOMAIN)

    # An id of digits may be any number elsewhere: an amount, a cost center.
    def says_who(name: str) -> bool:
        return not is_pseudonym(name) and not folded(name).isdigit()

    if is_pseudonym(email):
        raise RefusedError(
            f"{email!r} is a pseudonym of somebody who is erased: to erase them again, give an"
            " address that they had."
        )
    people = f"{settings.dataset('marts')}.dim_users"
    intermediate, staging = settings.dataset("intermediate"), settings.dataset("staging")
    sheet = f"{staging}.stg_google_sheets__email_aliases"
    aliases = (
        f"(select alias, email from {sheet} where alias is not null and email is not null"
        " and seen_to = date '9999-12-31') as aliases"
    )

    # Tools may call people otherwise than by an address.
    ever = ask(f"select alias from {sheet} where alias = {quoted(settings, email)}")
    is_alias = says_who(email) and (ever or erased.pseudonym_of(email))
    if "@" not in email and not is_alias:
        raise RefusedError(
            f"{email!r} is not an e-mail address, nor has the tab email_aliases ever had it as an"
            " alias"
        )

    # An erasure that is done again finds addresses, pseudonyms or both.
    def spelled(addresses: set[str]) -> tuple[set[str], str]:
        addresses = addresses | {folded(erased.pseudonym_of(one) or one) for one in addresses}
        return addresses, ", ".join(quoted(settings, one) for one in sorted(addresses))

    _, given = spelled({email})
    found = ask(
        f"select email from {aliases} where alias in ({given}) and email not in ({given})"
        " order by 1"
    )
    main = found[0][0] if found else email
    _, mains = spelled({main})
    same = ask(f"select alias from {aliases} where email in ({mains})")
    addresses, listed = spelled({email, main, *(alias for (alias,) in same)})
    shared = ask(
        f"select alias from {aliases} where (alias in ({listed}) or email in ({listed}))"
        f" and email not in ({mains}) union distinct"
        f" select email from {staging}.stg_google_sheets__employees where email in ({listed})"
        f" and email not in ({mains}) and seen_to = date '9999-12-31' order by 1"
    )
    if shared:
        raise RefusedError(
            f"Nothing was erased: by the tabs email_aliases and employees, more than one person has"
            f" {', '.join(alias for (alias,) in shared)}. Correct the sheet, `make run`, and erase"
            " again."
        )
    everyone = ask(
        f"select user_email, full_name from {people} union distinct"
        f" select lower(email), full_name from {intermediate}.int_vendor_users union distinct"
        # Whose name changed had another one in the roster.
        f" select email, full_name from {staging}.stg_google_sheets__employees union distinct"
        f" select lower(email), null from {intermediate}.int_vendor_accounts union distinct"
        f" select alias, null from {sheet} union distinct select email, null from {sheet}"
    )
    is_known = any(one in addresses for one, _ in everyone)
    if not is_known and not erased.pseudonym_of(email):
        raise RefusedError(f"Nobody in the warehouse has the address {email}; nothing was erased.")
    names = {folded(name) for one, name in everyone if name and one in addresses and says_who(name)}
    # A name that somebody else has too does not say who it is, and is theirs as well. Of those who
    # are erased, nobody keeps it.
    shared_names = names & {
        folded(name)
        for one, name in everyone
        if name and one not in addresses and not (one or "").endswith(DOMAIN)
    }
    accounts = ask(
        f"select distinct account_name from {intermediate}.int_vendor_accounts"
        f" where lower(email) in ({listed})"
    )
    emails = {one for one in addresses if says_who(one)}
    chosen = re.search("erased(?:-| person )([0-9a-f]{8})", " ".join(sorted(addresses - emails)))
    person = Person(
        token=chosen[1] if chosen else secrets.token_hex(4),
        emails=tuple(sorted(emails, key=lambda one: (one != main, one))),
        names=tuple(sorted(names - shared_names)),
        accounts=tuple(sorted({folded(name) for (name,) in accounts if name and says_who(name)})),
        keys=(),
        shared_names=len(shared_names),
    )
    # What the sheet said once may have been a mistake, and name somebody else.
    former = ask(
        f"select alias from {sheet} where email in ({listed}) and alias not in ({listed})"
        f" union distinct select email from {sheet} where alias in ({listed})"
        f" and email not in ({listed}) order by 1"
    )
    keys = ask(
        # A key that no directory lists has its name as its id.
        "select distinct coalesce(api_key_name, api_key_id)"
        f" from {settings.dataset('marts')}.dim_api_keys"
    )
    called = {folded(key) for (key,) in keys if re.search(person.local_parts, folded(key))}
    return replace(
        person,
        keys=tuple(sorted(called)),
        former=tuple(address for (address,) in former if says_who(address)),
    )


@dataclass(frozen=True)
class Erasure:
    """The statements, for both engines."""

    settings: Settings
    ask: Ask
    erased: Erased

    def run(self, person: Person, by: str) -> int:
        """Rewrite what landed; returns how many rows. First the names are listed, so that an
        erasure that was interrupted holds, and can be done again."""
        changes = person.pseudonyms(self.erased)
        self._list(changes)
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        total = 0
        for place, columns in self._columns():
            rows = self._rewrite(place, columns, changes)
            if rows:
                total += rows
                self.ask(
                    f"insert into {self._log} (erased_at, erased_by, table_name, changed_rows)"
                    f" values (timestamp '{now}', {self._text(by)}, {self._text(place)}, {rows})"
                )
        for schema in COMPARED:
            self._drop_tables(self.settings.dataset(schema))
        return total

    def _drop_tables(self, schema: str) -> None:
        """Not the schema: on BigQuery whoever may write in a dataset must not drop it."""
        try:
            tables = self.ask(
                f"select table_name, table_type from {self._information(schema)}.tables"
                f" where table_schema = '{schema}' order by 1"
            )
        except NoTableError:  # nothing was ever compared
            return
        for table, kind in tables:
            self.ask(f"drop {'view' if kind == 'VIEW' else 'table'} {schema}.{table}")

    def _list(self, changes: dict[str, str]) -> None:
        self.ask(f"create table if not exists {self._names} (name_hash string, pseudonym string)")
        self.ask(
            f"create table if not exists {self._log} (erased_at timestamp, erased_by string,"
            " table_name string, changed_rows int64)"
        )
        listed = {self.erased.hash_of(name): other for name, other in {"": "", **changes}.items()}
        for hashed, pseudonym in listed.items():
            if hashed not in self.erased.pseudonyms:
                self.ask(
                    f"insert into {self._names} (name_hash, pseudonym)"
                    f" values ('{hashed}', {self._text(pseudonym)})"
                )

    def _columns(self) -> Iterator[tuple[str, list[str]]]:
        """The tables that a rebuild does not make again, with their columns of text."""
        intermediate = self.settings.dataset("intermediate")
        schemas = {self.settings.raw_schema(source.name) for source in SOURCES}
        schemas |= {self.settings.dataset(schema) for schema in KEPT}
        for schema in sorted({*schemas, intermediate}):
            only = ""
            if schema == intermediate:
                only = f" and tables.table_name in ({', '.join(map(self._text, KEPT_TABLES))})"
            try:
                found = self.ask(self._columns_of(schema, only))
            except NoTableError:  # a source that was never used
                continue
            tables: dict[str, list[str]] = {}
            for table, column in found:
                tables.setdefault(f"{schema}.{table}", []).append(column)
            yield from tables.items()

    def _columns_of(self, schema: str, only: str) -> str:
        where = self._information(schema)
        return (
            f"select columns.table_name, columns.column_name from {where}.columns as columns"
            f" inner join {where}.tables as tables on columns.table_schema = tables.table_schema"
            " and columns.table_name = tables.table_name"
            f" where columns.table_schema = '{schema}' and tables.table_type = 'BASE TABLE'"
            " and columns.data_type in ('VARCHAR', 'STRING')"
            " and not starts_with(columns.table_name, '_dlt')"
            f"{only} order by 1, 2"
        )

    def _rewrite(self, place: str, columns: list[str], changes: dict[str, str]) -> int:
        """Rewrite a table; returns how many of its rows named the person."""
        patterns = [(pattern_of(name), pseudonym) for name, pseudonym in changes.items()]
        anything = self._text("(?i)" + "|".join(f"(?:{pattern})" for pattern, _ in patterns))
        matches = "regexp_matches" if self._is_duckdb else "regexp_contains"
        where = " or ".join(f"{matches}({column}, {anything})" for column in columns)
        ((rows,),) = self.ask(f"select count(*) from {place} where {where}")
        if not rows:
            return 0
        if place.startswith(f"{self.settings.dataset('snapshots')}."):
            self.ask(f"delete from {place} where {where}")
            return int(rows)
        values = ", ".join(f"{column} = {self._value(column, patterns)}" for column in columns)
        self.ask(f"update {place} set {values} where {where}")
        return int(rows)

    def _value(self, column: str, patterns: list[tuple[str, str]]) -> str:
        value = column
        for pattern, pseudonym in patterns:
            # Twice: what is between two addresses belongs to the first one that is found.
            for _ in range(2):
                found, instead = self._text(f"(?i){pattern}"), self._text(rf"\1{pseudonym}\2")
                every = ", 'g'" if self._is_duckdb else ""
                value = f"regexp_replace({value}, {found}, {instead}{every})"
        return value

    def _text(self, text: str) -> str:
        return quoted(self.settings, text)

    def _information(self, schema: str) -> str:
        return "information_schema" if self._is_duckdb else f"{schema}.INFORMATION_SCHEMA"

    @property
    def _is_duckdb(self) -> bool:
        return self.settings.target == "duckdb"

    @property
    def _names(self) -> str:
        return f"{self.settings.dataset('intermediate')}.{TABLE}"

    @property
    def _log(self) -> str:
        return f"{self.settings.dataset('intermediate')}.{LOG_TABLE}"


def pattern_of(name: str) -> str:
    """A pattern of both engines (RE2) with what is before and after as groups. An address is found
    anywhere, a name or account where it is all of a JSON text or of a value."""
    wanted = "".join(map(_written, folded(name)))
    if "@" in name:
        # A backslash may stand before it in plain text. In JSON it makes another letter of these.
        alone = "" if name[0] in "bfnrtu" else r"|\\"
        return f"({_BEFORE}{alone}){wanted}{_AFTER}"
    return rf'(^{_SPACE}|"{_SPACE}){wanted}({_SPACE}"|{_SPACE}$)'


def _written(letter: str) -> str:
    """A pattern of a letter in JSON. Writers of it escape quotes, what means something in HTML, and
    what is not ASCII, but never a letter or digit of ASCII."""
    same = [one for one, other in SAME.items() if other == letter]
    if re.fullmatch("[a-z0-9]", letter) and not same:
        return letter
    ways = {letter.replace("/", r"\/")}
    for small in (letter, *same):
        for one in {small, small.upper()}:
            if one != small and folded(one) != letter:  # SS of ß is another name
                continue
            for form in ("NFC", "NFD"):
                text = unicodedata.normalize(form, one)
                ways |= {text, json.dumps(text)[1:-1], "".join(map(_escaped, text))}
    return f"(?:{'|'.join(re.escape(way) for way in sorted(ways))})"


def _escaped(letter: str) -> str:
    if re.fullmatch("[a-zA-Z0-9]", letter):
        return letter
    return re.sub("....", r"\\u\g<0>", letter.encode("utf-16-be").hex())


def _rewrite_file(settings: Settings) -> None:
    """DuckDB leaves what was overwritten in its file until it needs the place: a copy has only what
    counts."""
    path = settings.duckdb_path
    # What a process that was killed left beside the file would be read into the copy, and once more
    # when the copy is opened.
    open_file(path).close()
    fresh = path.with_name(f"{path.name}.part")
    fresh.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        # Views name the file they were made in.
        attach(connection, path, f'"{path.stem}"', "read_only")
        attach(connection, fresh, "compacted", "read_write")
        connection.execute(f'copy from database "{path.stem}" to compacted')
    fresh.replace(path)
