"""Detect HTML, XML vocabularies, mails and mailboxes by the beginning of a text."""

import re

_PROLOG = re.compile(
    r"(?:\s+|<\?[^>]{0,1000}\?>|<\?[^>]{0,1000}>|<!--(?:(?!-->).){0,6000}-->"
    r"|<!doctype(?P<doctype>[^>\[]{0,400})(?:\[[^\]]{0,4000}\]\s*)?>)*",
    re.S | re.I,
)
_ROOT = re.compile(r"<(?:([\w.-]+):)?([A-Za-z_][\w.-]*)((?:\s[^<>]{0,6000})?)/?>?")
_NAMESPACE = re.compile(r"""xmlns(?::([\w.-]+))?\s*=\s*["']([^"']*)["']""")
_ODF_MIMETYPE = re.compile(r"""mimetype\s*=\s*["']application/vnd\.oasis\.opendocument\.([\w.-]+)["']""")
_ROOT_KINDS = {  # (namespace, local name of the root element) -> kind
    ("urn:schemas-microsoft-com:office:spreadsheet", "Workbook"): "spreadsheetml",
    ("http://schemas.microsoft.com/office/word/2003/wordml", "wordDocument"): "wordml",
    ("http://schemas.microsoft.com/office/word/2003/2/wordml", "wordDocument"): "wordml",
    ("http://schemas.microsoft.com/office/2006/xmlPackage", "package"): "flatopc",
    ("urn:oasis:names:tc:opendocument:xmlns:office:1.0", "document"): "fodt",
    ("http://www.w3.org/1999/xhtml", "html"): "html",
}
_FLAT_ODF_KINDS = {
    "text": "fodt",
    "text-template": "fodt",
    "spreadsheet": "fods",
    "spreadsheet-template": "fods",
    "presentation": "fodp",
    "presentation-template": "fodp",
    "graphics": "fodg",
}
_XML_ROOTS = frozenset(
    ["rss", "feed", "svg", "rdf", "opml", "urlset", "fictionbook", "tei", "topic", "article", "book"]
)
_HTML_ELEMENTS = frozenset(
    [
        "head",
        "body",
        "title",
        "meta",
        "link",
        "style",
        "script",
        "div",
        "p",
        "span",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "dl",
        "center",
        "font",
        "article",
        "section",
        "main",
        "header",
        "nav",
        "form",
        "blockquote",
        "pre",
        "details",
        "figure",
        "b",
        "i",
        "strong",
        "em",
        "a",
        "br",
        "hr",
        "img",
    ]
)
_CLOSING_TAG = re.compile(r"</([a-z][a-z0-9]*)\s*>|<(?:br|hr|img|meta|p|li)\b", re.I)
_MBOX_START = re.compile(
    r"From (?=[^\n]{0,250}\b(?:19|20)\d\d\b)[^\n]{1,200}\d{2}:\d{2}[^\n]{0,60}\r?\n(?=[!-9;-~]{1,80}:|>From )"
)
_HEADER_LINES = re.compile(
    r"(?:\d{1,12}[ \t]*\r?\n)?(?:From [^\n]*\r?\n)?((?:[!-9;-~]{1,80}:[^\n]*\n(?:[ \t][^\n]*\n)*)+)"
)
_HEADER_NAME = re.compile(r"^([!-9;-~]+):", re.M)
_MAIL_HEADERS = frozenset(
    [
        "from",
        "to",
        "subject",
        "date",
        "mime-version",
        "received",
        "message-id",
        "content-type",
        "return-path",
        "delivered-to",
    ]
)
_TECHNICAL_HEADERS = _MAIL_HEADERS - {"from", "to", "subject", "date"}
_MIN_MAIL_HEADERS = 3


def detect_markup(start: str, *, has_xml_name: bool, may_be_fragment: bool) -> str | None:
    """Return "html", "xml" or the kind of an XML vocabulary if a text begins with markup, or else None.

    `may_be_fragment` allows HTML without a doctype and without the element html.
    """
    if not start.startswith("<"):
        return None
    prolog = _PROLOG.match(start)
    position = prolog.end() if prolog else 0
    doctype = ((prolog and prolog["doctype"]) or "").split()
    if doctype and doctype[0].lower() == "html":
        return "html"
    root = _ROOT.match(start, position)
    if root is None:
        return "xml" if has_xml_name or start.startswith("<?xml") else None
    if kind := _kind_of_root(root, start):
        return kind
    name = root[2].lower()
    if name == "html":
        return "html"
    if has_xml_name or start.startswith("<?xml"):
        return "xml"
    if may_be_fragment and not root[1] and name in _HTML_ELEMENTS and _CLOSING_TAG.search(start, root.end()):
        return "html"
    return "xml" if "xmlns" in root[3] or (name in _XML_ROOTS and "=" in root[3]) else None


def _kind_of_root(root: re.Match[str], start: str) -> str | None:
    namespaces = {match[1]: match[2] for match in _NAMESPACE.finditer(root[3])}
    kind = _ROOT_KINDS.get((namespaces.get(root[1], ""), root[2]))
    if kind == "fodt":
        mimetype = _ODF_MIMETYPE.search(root[3]) or _ODF_MIMETYPE.search(start)
        return _FLAT_ODF_KINDS.get(mimetype[1], "xml") if mimetype else kind
    return kind


def is_mailbox(start: str) -> bool:
    """Return whether a text begins with the separator line of a mailbox (mbox) and a header."""
    return _MBOX_START.match(start) is not None


def is_mail(start: str) -> bool:
    """Return whether a text of any name is a mail with technical headers, which is hard to search in raw form.

    A memo with lines such as "From:" and "Subject:" is a text.
    """
    headers = _HEADER_LINES.match(start)
    if headers is None:
        return False
    names = {match[1].lower() for match in _HEADER_NAME.finditer(headers[1])}
    return len(names & _MAIL_HEADERS) >= _MIN_MAIL_HEADERS and bool(names & _TECHNICAL_HEADERS)
