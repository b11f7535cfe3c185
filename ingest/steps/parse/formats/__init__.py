"""The parsers of the formats, one module for each family; the sandbox imports a module when a file needs it.

A parser is a function that takes a path and returns a ParsedText. It may raise anything: `sandbox` turns errors into
messages and limits memory, and `parser` limits time. Detecting the format belongs to `sniff` and `containers`.
"""

_PACKAGE = "ingest.steps.parse.formats"

HANDLERS = {  # kind -> "module:function"
    "pdf": f"{_PACKAGE}.pdf:read",
    "html": f"{_PACKAGE}.html:read",
    "xml": f"{_PACKAGE}.xml:read",
    "docx": f"{_PACKAGE}.docx:read",
    "pptx": f"{_PACKAGE}.pptx:read",
    "xlsx": f"{_PACKAGE}.sheets:read_xlsx",
    "xls": f"{_PACKAGE}.sheets:read_xls",
    "doc": f"{_PACKAGE}.word97:read",
    "ppt": f"{_PACKAGE}.powerpoint97:read",
    "eml": f"{_PACKAGE}.mail:read_eml",
    "msg": f"{_PACKAGE}.mail:read_msg",
    "rtf": f"{_PACKAGE}.pandoc:read_rtf",
    "odt": f"{_PACKAGE}.pandoc:read_odt",
    "epub": f"{_PACKAGE}.pandoc:read_epub",
}
