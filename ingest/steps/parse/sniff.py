"""Detect the kind of a file from its first bytes, and from its name where the bytes allow several kinds."""

import re
from pathlib import PurePath

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.charset import NOT_SUPPORTED_MESSAGE, decode, looks_like_text
from ingest.steps.parse.formats import HANDLERS
from ingest.steps.parse.markup import detect_markup, is_mail, is_mailbox
from ingest.steps.parse.signatures import IMAGE, binary_kind, find_signature, unsupported, without_noise

HEAD_BYTES = 8192


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HTML_SUFFIXES = _words("html htm xhtml xht shtml")
_XML_SUFFIXES = _words(
    "xml rss atom svg opml dita ditamap dbk docbook fb2 kml xlf xliff tmx rdf enex mm ttml dfxp gpx tei nxml fodt fods fodp fodg"
)
_MAIL_SUFFIXES = _words("eml emlx mht mhtml")
_TEXT_SUFFIXES = {
    "ipynb": "notebook",
    **dict.fromkeys(["ics", "ical", "ifb", "icalendar", "vcs", "vcf", "vcard"], "calendar"),
    **dict.fromkeys(["srt", "vtt"], "subtitles"),
}
"""Suffixes of text formats with a parser of their own. Without the parser they are plain text."""
_ZIP_SUFFIXES = _words(
    "docx docm dotx dotm xlsx xlsm xltx xltm xlam xlsb pptx pptm ppsx ppsm potx potm odt ott odm ods ots odp otp odg otg epub"
)
_TEXT_STARTS = (
    ("BEGIN:VCALENDAR", "calendar"),
    ("BEGIN:VCARD", "calendar"),
    ("WEBVTT\n", "subtitles"),
    ("WEBVTT\r", "subtitles"),
)
_BINARY_SUFFIXES = _ZIP_SUFFIXES | _words("pdf doc dot xls xlt xlw ppt pps pot msg rtf")
# Files with these suffixes may hold any kind of text. With other suffixes, for example of source code, markup is part
# of the text.
_AMBIGUOUS_SUFFIXES = _BINARY_SUFFIXES | _words(
    "txt text bin dat data download file bak old orig tmp part php asp aspx jsp mbox mbx"
)
_DATA_SUFFIXES = _words("csv tsv json log")  # what a web site answers instead of such a file is a whole page
_SUFFIX = re.compile(r"[a-z][a-z0-9]{0,11}|[a-z0-9]{0,5}[a-z][a-z0-9]{0,5}")


def sniff(head: bytes, filename: str) -> str:
    """Return the kind of the file whose first HEAD_BYTES bytes are `head`.

    The kind is "text", or that of a parser ("pdf", "html", "xml", "eml", "rtf" ...), or "zip" or "ole" for containers
    whose kind depends on their members. Raises UnsupportedFile for other formats, InvalidFile for a damaged file.
    """
    suffix = suffix_of(filename)
    may_be_any = suffix in _AMBIGUOUS_SUFFIXES or not suffix
    kind = binary_kind(head, is_named_pdf=suffix == "pdf", is_named_zip=suffix in _ZIP_SUFFIXES, may_be_any=may_be_any)
    if kind:
        return kind
    description = find_signature(head)
    if description is IMAGE and "image" in HANDLERS:
        return "image"
    if description:
        raise unsupported(description)
    if not looks_like_text(head):
        if suffix in _BINARY_SUFFIXES:
            raise InvalidFile(f"The file is named .{suffix} but its content is something else, or damaged.")
        raise UnsupportedFile(NOT_SUPPORTED_MESSAGE)
    return _kind_of_text(head, suffix)


def suffix_of(filename: str) -> str:
    """Return the suffix of a name in lower case, or "" if what follows the last dot is no suffix.

    Names such as "1700000000.M1P2.host:2,S" (Maildir) and "minutes.2024" have none.
    """
    suffix = PurePath(filename.lower()).suffix.removeprefix(".")
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def _kind_of_text(head: bytes, suffix: str) -> str:
    if not head.strip(b"\0"):  # only NULs so far: no parser would find markup after them
        return "text"
    if kind := _TEXT_SUFFIXES.get(suffix):
        return kind if kind in HANDLERS else "text"
    is_ambiguous = suffix in _AMBIGUOUS_SUFFIXES or not suffix
    is_markup_name = suffix in _HTML_SUFFIXES or suffix in _XML_SUFFIXES
    if not (is_ambiguous or is_markup_name or suffix in _MAIL_SUFFIXES or suffix in _DATA_SUFFIXES):
        return "text"
    start = decode(without_noise(head) or head).lstrip("\ufeff\0 \t\r\n\f\v")
    if suffix in _DATA_SUFFIXES:
        return "html" if detect_markup(start, has_xml_name=False, may_be_fragment=False) == "html" else "text"
    if suffix in _MAIL_SUFFIXES:
        return "mbox" if is_mailbox(start) else "eml"
    kind = detect_markup(start, has_xml_name=suffix in _XML_SUFFIXES, may_be_fragment=is_ambiguous)
    if suffix in _HTML_SUFFIXES and kind in (None, "xml"):
        kind = "eml" if is_mail(start) else "html"
    if kind:
        return kind
    if suffix in _XML_SUFFIXES:
        return "xml"
    if is_ambiguous and (kind := next((kind for sign, kind in _TEXT_STARTS if start.startswith(sign)), None)):
        return kind
    if is_mailbox(start):
        return "mbox"
    return "eml" if is_mail(start) else "text"
