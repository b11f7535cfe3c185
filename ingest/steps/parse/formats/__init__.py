"""The formats that are read in the sandbox, one module a family; imported only when a file needs them."""

_HERE = "ingest.steps.parse.formats"

HANDLERS = {  # kind -> "module:function"; the function takes a path and returns a Parsed
    "pdf": f"{_HERE}.pdf:read",
    "html": f"{_HERE}.html:read",
    "xml": f"{_HERE}.xml:read",
    "docx": f"{_HERE}.docx:read",
    "pptx": f"{_HERE}.pptx:read",
    "xlsx": f"{_HERE}.sheets:read_xlsx",
    "xls": f"{_HERE}.sheets:read_xls",
    "doc": f"{_HERE}.word97:read",
    "ppt": f"{_HERE}.powerpoint97:read",
    "eml": f"{_HERE}.mail:read_eml",
    "msg": f"{_HERE}.mail:read_msg",
    "rtf": f"{_HERE}.pandoc:read_rtf",
    "odt": f"{_HERE}.pandoc:read_odt",
    "epub": f"{_HERE}.pandoc:read_epub",
}
