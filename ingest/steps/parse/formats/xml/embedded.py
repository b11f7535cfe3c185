"""Files that XML elements hold in base64, such as the documents attached to electronic invoices."""

import binascii
import re
from typing import Any

_MIN_CHARACTERS = 400  # a shorter run may be an identifier or a key, which is worth searching for
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_NAME_ATTRIBUTES = ("filename", "fileName", "FileName", "name", "Name")
_SAMPLE_CHARACTERS = 2_000


def embedded_file(element: Any, text: str) -> tuple[str, bytes] | None:
    """Return the name and the content of the file that an element holds, or None if its text is no base64.

    The content is empty if it cannot be decoded.
    """
    if len(text) < _MIN_CHARACTERS or " " in (sample := text[:_SAMPLE_CHARACTERS].strip()):
        return None
    if not (re.search("[a-z]", sample) and re.search("[A-Z]", sample) and re.search(r"\d", sample)):
        return None
    encoded = "".join(text.split())
    if _BASE64.fullmatch(encoded) is None:
        return None
    name = next((element.get(key) for key in _NAME_ATTRIBUTES if element.get(key)), "")
    tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    try:
        return name or tag or "embedded file", binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4))
    except binascii.Error:
        return name or tag, b""
