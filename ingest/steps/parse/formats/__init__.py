"""The parsers of the formats, one module for each family; the sandbox imports a module when a file needs it.

A parser is a function that takes a path and returns a ParsedText. It may raise anything: `sandbox` turns errors into
messages and limits memory, and `parser` limits time. Detecting the format belongs to `sniff` and `containers`.
"""

_PACKAGE = "ingest.steps.parse.formats"

HANDLERS = {  # kind -> "module:function"
    "image": f"{_PACKAGE}.image:read",
    "pdf": f"{_PACKAGE}.pdf:read",
    "html": f"{_PACKAGE}.html:read",
    "xml": f"{_PACKAGE}.xml:read",
    "docx": f"{_PACKAGE}.docx:read",
    "wordml": f"{_PACKAGE}.docx:read",
    "flatopc": f"{_PACKAGE}.docx:read",
    "pptx": f"{_PACKAGE}.pptx.presentation:read",
    "xlsx": f"{_PACKAGE}.sheets.xlsx:read",
    "xls": f"{_PACKAGE}.sheets.xls:read",
    "xlsb": f"{_PACKAGE}.sheets.xlsb:read",
    "spreadsheetml": f"{_PACKAGE}.sheets.spreadsheetml:read",
    "doc": f"{_PACKAGE}.doc:read",
    "ppt": f"{_PACKAGE}.ppt:read",
    "compressed": f"{_PACKAGE}.compressed:read",
    "eml": f"{_PACKAGE}.mail:read_eml",
    "mbox": f"{_PACKAGE}.mail:read_mbox",
    "msg": f"{_PACKAGE}.mail:read_msg",
    "rtf": f"{_PACKAGE}.rtf:read",
    "odt": f"{_PACKAGE}.odf:read",
    "ods": f"{_PACKAGE}.odf:read",
    "odp": f"{_PACKAGE}.odf:read",
    "odg": f"{_PACKAGE}.odf:read",
    "fodt": f"{_PACKAGE}.odf:read",
    "fods": f"{_PACKAGE}.odf:read",
    "fodp": f"{_PACKAGE}.odf:read",
    "fodg": f"{_PACKAGE}.odf:read",
    "epub": f"{_PACKAGE}.epub:read",
    "notebook": f"{_PACKAGE}.notebook:read",
    "calendar": f"{_PACKAGE}.calendar:read",
    "subtitles": f"{_PACKAGE}.subtitles:read",
}
