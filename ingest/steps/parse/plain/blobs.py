"""Replace binary data that is written as text (base64): it holds no words, and would fill the index."""

import re

_DATA_URI = re.compile(
    r"data:(?P<type>[\w.+-]{1,60}/[\w.+-]{1,80})?(?:;[\w.+=-]{1,80}){0,4};base64,"
    r"(?P<data>[\w+/=-]*(?:(?:%[0-9A-Fa-f]{2}|\\?\s(?=[A-Za-z0-9+/=]{40}))[\w+/=-]*)*)",
    re.ASCII,
)
_LONG_RUN = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{240,}={0,2}")
_BLOCK = re.compile(
    r"^(?P<indent>[ \t>]*)[A-Za-z0-9+/]{60,90}\n(?:[ \t>]*[A-Za-z0-9+/]{60,90}\n){3,}(?:[ \t>]*"
    # The last line is short. A word or a number below the block is none: it has no padding and no capitals inside.
    r"(?:[A-Za-z0-9+/]{1,90}={1,2}|[A-Za-z0-9+/]{24,90}|(?=\S*[a-z])(?=\S+[A-Z])(?:[A-Za-z0-9+/]{4}){1,5})$)?",
    re.M,
)
_LOOKS_RANDOM = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))
_PIECE = 40
_RUN = re.compile(r"[A-Za-z0-9+/=_%\\\r\n-]{40}").match
_STEP = 397  # a prime, so that the pieces begin at other places of lines of 80 characters
_MIN_DATA_URI = 40


def may_have_blobs(text: str) -> bool:
    """Return whether 460 or more characters of base64 may occur. Shorter ones do no harm."""
    return any(_RUN(text, at) for at in range(0, len(text) - _PIECE, _STEP))


def replace_blobs(text: str) -> tuple[str, int]:
    """Return the text with a short note for each piece of base64, and the number of pictures among them."""
    pictures = 0

    def replace_uri(match: re.Match[str]) -> str:
        nonlocal pictures
        if len(match["data"]) < _MIN_DATA_URI:
            return match[0]
        media_type = match["type"] or "text/plain"
        pictures += media_type.startswith("image/")
        return f"data:{media_type}"

    if "base64," in text:
        text = _DATA_URI.sub(replace_uri, text)
    text = _BLOCK.sub(_replace_block, text)
    return _LONG_RUN.sub(_replace_run, text), pictures


def _replace_run(match: re.Match[str]) -> str:
    return "[base64]" if _looks_random(match[0]) else match[0]


def _replace_block(match: re.Match[str]) -> str:
    return match["indent"] + "[base64]" + "\n" * match[0].endswith("\n") if _looks_random(match[0]) else match[0]


def _looks_random(data: str) -> bool:
    """Return whether small letters, capitals and digits all occur often, as in base64 and in no words or DNA."""
    sample = data[:2000]
    return all(len(pattern.findall(sample)) * 20 >= len(sample) for pattern in _LOOKS_RANDOM)
