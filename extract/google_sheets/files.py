"""Tabs in a folder, as CSV files that people's programs wrote.

Encoding and delimiter are read where they are certain: an encoding by its byte order mark or as
valid UTF-8, a delimiter by the headers that it brings to light.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from extract.google_sheets.cells import clean
from extract.google_sheets.checks import is_remark
from extract.google_sheets.tabs import TABS
from extract.http import VendorError

SUFFIXES = (".csv", ".tsv")
DELIMITERS = (",", ";", "\t")
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")

# Excel writes it, and then shows the rest of the file without it.
SEPARATOR = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)

SAVE_AS = (
    "save it again in UTF-8: in Excel as “CSV UTF-8 (Comma delimited)”, in LibreOffice with the "
    "character set “Unicode (UTF-8)”, in Google Sheets by downloading it as CSV"
)

Cells = list[list[str]]


def files_in(folder: Path) -> list[Path]:
    """What people put into the folder, by name. Raises VendorError."""
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise VendorError(
            f"cannot read the folder {folder}: {error.strerror}", advice="set SHEETS_DIR to another"
        ) from None
    # Spreadsheet programs keep a hidden file beside one that is open.
    return [
        path
        for path in found
        if not path.name.startswith((".", "~$"))
        and (path.suffix.lower() in SUFFIXES or not path.is_dir())
    ]


def cells_of(name: str, path: Path) -> Cells:
    """The lines of the file of a tab. Raises VendorError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise VendorError(
            f"cannot read {path}: {error.strerror}",
            advice="put a CSV file there that this program may read",
        ) from None
    text = _decoded(data, path)
    if separator := SEPARATOR.match(text):
        text, delimiter = text[separator.end() :], separator[1]
    else:
        delimiter = max(DELIMITERS, key=lambda one: len(_headers(text, one) & TABS[name].columns()))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise VendorError(
            f"cannot read {path} around line {reader.line_num}: {error}",
            advice="look for a quotation mark without its partner, then save it as CSV again",
        ) from None


def _decoded(data: bytes, path: Path) -> str:
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise VendorError(
            f"{path} is not in UTF-8 (byte 0x{data[error.start]:02x} in line {line})",
            advice=SAVE_AS,
        ) from None
    if "\0" in text:
        raise VendorError(f"{path} is not a text file: it has NUL bytes", advice=SAVE_AS)
    return text


def _headers(text: str, delimiter: str) -> set[str]:
    return {clean(header).strip() for header in next(_lines(text, delimiter), [])}


def _lines(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from (line for line in reader if not is_remark(line))
    except csv.Error:
        return
