"""The file name of a download: from Content-Disposition, the address, and the Content-Type."""

import posixpath
from collections.abc import Mapping
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Any
from urllib.parse import unquote, urlsplit

from ingest.imports.source_files import to_printable

MAX_NAME_CHARACTERS = 255

_MAX_HEADER_CHARACTERS = 2_000  # the time that Python takes to parse a header grows with the square of its length
_MAX_SUFFIX_CHARACTERS = 10

_SCRIPT_SUFFIXES = (".php", ".asp", ".aspx", ".ashx", ".jsp", ".do", ".cgi", ".pl", ".cfm")
"""They name the program that made the page, and not its format."""

_SUFFIXES = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt", "text/markdown": ".md",
    "text/csv": ".csv", "text/xml": ".xml", "application/xml": ".xml", "application/json": ".json",
    "application/x-ndjson": ".jsonl", "application/rtf": ".rtf", "text/rtf": ".rtf", "application/pdf": ".pdf",
    "application/msword": ".doc", "application/vnd.ms-excel": ".xls", "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt", "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp", "application/epub+zip": ".epub",
    "message/rfc822": ".eml", "image/png": ".png", "image/jpeg": ".jpg", "image/tiff": ".tiff",
}  # fmt: skip
"""The module `mimetypes` is not used: its answers depend on the files of the machine."""


def name_of_url(url: str) -> str:
    """Return the last part of a URL's path, or its host."""
    parts = urlsplit(url)
    return to_printable(unquote(posixpath.basename(parts.path.rstrip("/"))) or parts.hostname or "page")


def name_of_download(url: str, final_url: str, headers: Mapping[str, str]) -> str:
    """Return the name of a download: the server's, or that of the address with an extension for its type.

    `final_url` is the address after redirects. Header names are in lower case.
    """
    if name := _disposition_name(headers.get("content-disposition", "")):
        return name
    names = [name for name in (name_of_path(url), name_of_path(final_url)) if name]
    for name in names:
        if _has_suffix(name):
            return name
    return (names[0] if names else name_of_url(url)) + _suffix_of_type(headers.get("content-type", ""))


def name_of_path(url: str) -> str:
    """Return the last part of a URL's path, or ""."""
    return to_printable(unquote(posixpath.basename(urlsplit(url).path.rstrip("/"))))


def _disposition_name(header: str) -> str:
    """Return the file name of a Content-Disposition header without folders, or "" (RFC 6266: `filename*` goes first)."""
    if not header or len(header) > _MAX_HEADER_CHARACTERS:
        return ""
    message = Message()
    message["Content-Disposition"] = header
    plain = extended = ""
    params: list[tuple[str, Any]] = message.get_params(header="content-disposition", unquote=True) or []
    for key, value in params:
        if key.lower() != "filename":
            continue
        if isinstance(value, tuple):
            extended = extended or _safe_name(collapse_rfc2231_value(value, errors="replace"))
        else:
            plain = plain or _safe_name(_as_utf8(value))
    return extended or plain


def _as_utf8(value: str) -> str:
    """Return what a server meant that sends UTF-8 where headers are Latin-1, or encoded words (RFC 2047)."""
    if value.startswith("=?"):
        with suppress(HeaderParseError, LookupError, UnicodeError):
            return str(make_header(decode_header(value)))
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _safe_name(name: str) -> str:
    """Return a name without folders and control characters; "" when nothing, or too much, is left."""
    base = to_printable(name.replace("\\", "/").rpartition("/")[2]).strip()
    return "" if base.strip(".") == "" or len(base) > MAX_NAME_CHARACTERS else base


def _has_suffix(name: str) -> bool:
    suffix = posixpath.splitext(name)[1].lower()
    is_plausible = 1 < len(suffix) <= _MAX_SUFFIX_CHARACTERS and not suffix[1:].isdigit()
    return is_plausible and suffix not in _SCRIPT_SUFFIXES


def _suffix_of_type(content_type: str) -> str:
    return _SUFFIXES.get(content_type.partition(";")[0].strip().lower(), "")
