"""`ParsedText`, the result of parsing a file, and what its text guarantees."""

from dataclasses import dataclass

from ingest.errors import InvalidFile

PARSER_VERSION: str = "2"
"""Part of the key of stored parsed text. Increase it when the same bytes would give another text."""

NO_TEXT_MESSAGE = "The file contains no text."


@dataclass(frozen=True)
class ParsedText:
    """The text of one file.

    `text` has no NULs and no lone surrogates, ends its lines with "\\n" and is never blank. `kind` is the format that
    was parsed. `pages` are the character offsets at which the pages of a PDF or the slides start; it is empty for kinds
    without pages.
    """

    text: str
    kind: str
    pages: tuple[int, ...] = ()


def normalize_text(text: str) -> str:
    """Return `text` with "\\n" line ends and without NULs and lone surrogates. All other whitespace stays."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def check_text(parsed: ParsedText, max_text_mib: int) -> ParsedText:
    """Return `parsed`. Raises InvalidFile if its text is blank or longer than `max_text_mib` in UTF-8."""
    if not parsed.text or parsed.text.isspace():
        raise InvalidFile(NO_TEXT_MESSAGE)
    if _is_longer(parsed.text, max_text_mib * 2**20):
        raise InvalidFile(f"The file contains more than {max_text_mib} MiB of text. Split it and upload the parts.")
    return parsed


def _is_longer(text: str, limit: int) -> bool:
    if len(text) > limit:
        return True
    # A character has at most four bytes in UTF-8, so most texts are measured without encoding them.
    return len(text) * 4 > limit and not text.isascii() and len(text.encode()) > limit
