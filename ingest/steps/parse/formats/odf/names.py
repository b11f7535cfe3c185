"""Names of OpenDocument elements and attributes in a short form: "text:p" (ODF 1.3 part 3)."""

from typing import Any

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_OPENOFFICE = "http://openoffice.org/2000/"  # OpenOffice.org 1 and StarOffice
_PREFIXES = {
    f"{_OASIS}drawing:1.0": "draw",
    f"{_OASIS}dr3d:1.0": "dr3d",
    f"{_OASIS}presentation:1.0": "presentation",
    f"{_OASIS}chart:1.0": "chart",
    f"{_OASIS}form:1.0": "form",
    f"{_OASIS}svg-compatible:1.0": "svg",
    f"{_OASIS}xsl-fo-compatible:1.0": "fo",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://www.w3.org/1998/Math/MathML": "math",
    "http://www.w3.org/XML/1998/namespace": "xml",
}
_MAX_CACHED_NAMES = 4_000
_names: dict[str, str] = {}
_full_names: dict[str, str] = {}
_NAMESPACES = {prefix: namespace for namespace, prefix in _PREFIXES.items()}

OFFICE, TEXT, TABLE, STYLE = (f"{_OASIS}{name}:1.0" for name in ("office", "text", "table", "style"))


def name(element: Any) -> str:
    """Return the short name of an element, "" for a comment or another node."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return short_name(tag)


def short_name(tag: str) -> str:
    """Return the short form of a name in the form "{namespace}local"."""
    short = _names.get(tag)
    if short is None:
        if len(_names) >= _MAX_CACHED_NAMES:  # a hostile file may have any number of names
            _names.clear()
        namespace, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
        short = _names[tag] = f"{_prefix(namespace)}:{local}" if namespace else local
    return short


def attributes(element: Any) -> dict[str, str]:
    """Return the attributes of an element by their short names."""
    return {short_name(key): value for key, value in element.attrib.items()}


def attribute(element: Any, key: str, default: str = "") -> str:
    """Return one attribute by its short name."""
    value = element.get(_full_name(key))
    if value is not None:
        return str(value)
    if element.tag.startswith(f"{{{_OPENOFFICE}"):
        return attributes(element).get(key, default)
    return default


def _full_name(key: str) -> str:
    full = _full_names.get(key)
    if full is None:
        prefix, _, local = key.partition(":")
        full = _full_names[key] = f"{{{_NAMESPACES.get(prefix, f'{_OASIS}{prefix}:1.0')}}}{local}"
    return full


def to_int(text: str | None, default: int = 0) -> int:
    """Return a whole number, or the default for anything else."""
    return int(text) if text and len(text) < 10 and text.isdecimal() else default


def _prefix(namespace: str) -> str:
    if prefix := _PREFIXES.get(namespace):
        return prefix
    if namespace.startswith(_OASIS):
        return namespace[len(_OASIS) :].partition(":")[0]
    if namespace.startswith(_OPENOFFICE):
        return {"drawing": "draw", "xmlns": "office"}.get(namespace.rpartition("/")[2], namespace.rpartition("/")[2])
    return "other"
