"""`read_plain`: the text of a file of plain text, by the suffix of its name."""

import re
from collections.abc import Callable

from ingest.steps.parse.charset import Decoded, decode_counted
from ingest.steps.parse.parsed import ParsedText, normalize_text
from ingest.steps.parse.plain.blobs import may_have_blobs, replace_blobs
from ingest.steps.parse.plain.delimited import find_table
from ingest.steps.parse.plain.escapes import (
    replace_bibtex_accents,
    replace_latex_accents,
    replace_message_escapes,
    replace_property_escapes,
)
from ingest.steps.parse.plain.headings import HEADING_FINDERS
from ingest.steps.parse.plain.json_escapes import (
    looks_like_json,
    replace_json_escapes,
    replace_scalar_escapes,
)
from ingest.steps.parse.plain.terminal import remove_progress, remove_terminal_codes
from ingest.steps.parse.report import Report, ReportBuilder

_UNESCAPES: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(
        [
            "json",
            "ndjson",
            "jsonl",
            "geojson",
            "topojson",
            "jsonld",
            "json5",
            "jsonc",
            "har",
            "webmanifest",
            "arb",
            "avsc",
            "ldjson",
        ],
        replace_json_escapes,
    ),
    **dict.fromkeys(["yaml", "yml", "toml"], replace_scalar_escapes),
    "properties": replace_property_escapes,
    **dict.fromkeys(["po", "pot", "strings"], replace_message_escapes),
    "bib": replace_bibtex_accents,
    **dict.fromkeys(["tex", "ltx"], replace_latex_accents),
}
_TABLE_SUFFIXES = frozenset(["csv", "tsv", "tab", "psv"])
_MAY_BE_JSON = frozenset(["", "txt", "text", "log", "data", "dat", "out"])
_NOTES = re.compile(r"data:[\w/.+-]+|\[base64\]|\W")
_EMPTY_REPORT = Report()


def read_plain(data: bytes, suffix: str, declared: str | None = None) -> ParsedText:
    """Return the text in `data`, with its headings or its table. Raises UnsupportedFile if it does not look like text.

    `suffix` is that of the file's name, in lower case and without the dot. `declared` is the name of a character set.
    """
    decoded = decode_counted(data, declared)
    text = _readable(decoded.text, suffix)
    pictures = 0
    if may_have_blobs(text):
        text, pictures = replace_blobs(text)
    headings = tuple(finder(text)) if (finder := HEADING_FINDERS.get(suffix)) else ()
    table = find_table(text, suffix) if suffix in _TABLE_SUFFIXES else None
    return ParsedText(
        text, "text", headings=headings, tables=(table,) if table else (), report=_report(decoded, text, pictures)
    )


def _readable(text: str, suffix: str) -> str:
    if "\r" in text and "\n" in text and text.count("\r") != text.count("\r\n"):
        text = remove_progress(text)
    unescape = _UNESCAPES.get(suffix)
    if unescape is not None:
        text = unescape(text)
    elif suffix in _MAY_BE_JSON and looks_like_json(text):
        text = replace_json_escapes(text)
    if "\x1b" in text or "\x08" in text or "\x9b" in text:
        text = remove_terminal_codes(text)
    return normalize_text(text)


def _report(decoded: Decoded, text: str, pictures: int) -> Report:
    if not decoded.replaced and not pictures:
        return _EMPTY_REPORT
    builder = ReportBuilder()
    builder.count_replaced_characters(decoded.replaced)
    if pictures:
        builder.count("image", "not_read", pictures)
        if not _NOTES.sub("", text):
            builder.warn("pictures_not_read", "The file has pictures written as text and nothing else.")
    return builder.build()
