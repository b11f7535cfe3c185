"""Read the styles and lists of a Word document.

Documents made from one template have the same definitions, which are often longer than the text, so the last few are
cached. The key is all of their bytes in the package: no document can have another's definitions.
"""

from collections import OrderedDict
from collections.abc import Mapping

from ingest.steps.parse.formats.docx.styles import Definitions, parse_definitions
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage, PartError, Relationship

CACHED_DEFINITIONS = 8
MAX_CACHED_BYTES = 2**19
"""Bytes of XML of definitions that are cached; parsed, they take several times as much."""

_cache: OrderedDict[tuple[bytes, bytes], Definitions] = OrderedDict()


def read_definitions(package: OoxmlPackage, main: str, relationships: Mapping[str, Relationship]) -> Definitions:
    """Return the definitions of a document with this main part; parts that are missing or damaged define nothing."""
    numbering = _find(package, main, relationships, "numbering")
    styles = _find(package, main, relationships, "styles")
    if package.size(numbering) + package.size(styles) > MAX_CACHED_BYTES:
        return _read(package, numbering, styles)
    try:
        key = (package.fingerprint(numbering), package.fingerprint(styles))
    except ValueError:
        return _read(package, numbering, styles)
    if (definitions := _cache.get(key)) is not None:
        _cache.move_to_end(key)
        return definitions
    definitions = _read(package, numbering, styles)
    if not package.damaged:  # its size may be another than the archive claims
        _cache[key] = definitions
        if len(_cache) > CACHED_DEFINITIONS:
            _cache.popitem(last=False)
    return definitions


def clear_cache() -> None:
    """Forget the definitions of all documents."""
    _cache.clear()


def _find(package: OoxmlPackage, main: str, relationships: Mapping[str, Relationship], kind: str) -> str:
    """Return the name of a part, by its relationship or its usual name, or "" if it is missing."""
    targets = [r.target for r in relationships.values() if r.kind == kind and not r.is_external]
    targets.append(f"{main.rpartition('/')[0]}/{kind}.xml")
    return next(filter(None, map(package.find, targets)), "")


def _read(package: OoxmlPackage, numbering: str, styles: str) -> Definitions:
    return parse_definitions(_read_part(package, numbering), _read_part(package, styles))


def _read_part(package: OoxmlPackage, name: str) -> bytes:
    if not name:
        return b""
    try:
        return package.read(name)
    except PartError:
        package.damaged.append(name)
        return b""
