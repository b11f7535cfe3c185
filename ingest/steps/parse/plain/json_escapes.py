"""Write the escapes in the strings of JSON as what they stand for, so that words in them are found."""

import re

_ESCAPES = re.compile(r"(?P<codes>(?:\\u[0-9a-fA-F]{4})+)|\\(?P<simple>[\\\"/bfnrt])")
_CODES_OF_LETTERS = re.compile(r"(?:\\u(?:00[a-fA-F]|0[1-9a-fA-F][0-9a-fA-F]|[1-9a-fA-F][0-9a-fA-F]{2})[0-9a-fA-F])+")
_LONG_CODE = re.compile(r"(?<!\\)\\(?:U(000[1-9a-fA-F][0-9a-fA-F]{4}|0010[0-9a-fA-F]{4})|x([a-fA-F][0-9a-fA-F]))")
_SIMPLE = {'"': '"', "\\": "\\", "/": "/", "b": "", "f": "\n", "n": "\n", "r": "", "t": "\t"}
_START = re.compile(r"""\s*[\[{][\[{\s]*(?:"|\]|\}|-?\d|true|false|null)""")


def looks_like_json(text: str) -> bool:
    """Return whether a text with any name begins as JSON does."""
    return _START.match(text[:1000]) is not None


def replace_json_escapes(text: str) -> str:
    """Return JSON, or lines of JSON, with readable strings. The layout stays; the result need not be JSON any more."""
    if "\\" not in text:
        return text
    text = _ESCAPES.sub(_replace, text)
    # JSON inside a string of JSON, as in logs of logs, had its backslashes doubled.
    return replace_codes_of_letters(text)


def replace_codes_of_letters(text: str) -> str:
    r"""Replace "\u00fc" and the like for characters from U+00A0 on, and no other escapes."""
    return _CODES_OF_LETTERS.sub(_replace_codes, text) if "\\u" in text else text


def replace_scalar_escapes(text: str) -> str:
    r"""Replace the codes of letters in the strings of YAML and TOML: "\u00fc", "\U0001F600" and "\xfc"."""
    text = replace_codes_of_letters(text)
    return _LONG_CODE.sub(_replace_long_code, text) if "\\U" in text or "\\x" in text else text


def _replace_long_code(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))


def _replace(match: re.Match[str]) -> str:
    return _SIMPLE[match["simple"]] if match["simple"] else _replace_codes(match)


def _replace_codes(match: re.Match[str]) -> str:
    units = match[0].encode("ascii").decode("unicode_escape")
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
