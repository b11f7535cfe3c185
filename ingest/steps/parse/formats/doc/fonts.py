"""The font table: names for symbols, and in Word 6 and 95 the character sets of the text ([MS-DOC] section 2.9.95)."""

from ingest.steps.parse.formats.rtf.charsets import Charsets, Font

_NAME_AT, _NAME_AT_WORD6 = 39, 5
_CHARSET_AT = 3


def read_fonts(table: bytes, language: int, *, is_word6: bool) -> Charsets:
    """Return the fonts of a document by their numbers."""
    charsets = Charsets()
    charsets.language = language
    position, number = (2 if is_word6 else 4), 0
    name_at = _NAME_AT_WORD6 if is_word6 else _NAME_AT
    while position < len(table):
        length = table[position]
        entry = table[position + 1 : position + 1 + length]
        if len(entry) > name_at:
            raw = entry[name_at:]
            name = raw.decode("cp1252" if is_word6 else "utf-16-le", "replace").partition("\0")[0]
            charsets.fonts[number] = Font(name, entry[_CHARSET_AT])
        position += 1 + length
        number += 1
    charsets.clear_cache()
    return charsets
