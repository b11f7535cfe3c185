"""What parsing a file yields, and the promises its text keeps."""

from dataclasses import dataclass

from ingest.errors import InvalidFile

PARSER_VERSION: str = "2"
"""Part of the key under which parsed text is kept; raised when the same bytes would give another text."""

NO_TEXT = "The file contains no text."


@dataclass(frozen=True)
class Parsed:
    """The text of one file.

    `text` has no NULs and no lone surrogates, ends its lines with "\\n" and is never blank. `pages` holds the
    character offset at which each page (of a PDF) or slide starts; it is empty for kinds without pages.
    """

    text: str
    kind: str
    pages: tuple[int, ...] = ()


def clean(text: str) -> str:
    """Return `text` with "\\n" line ends and without NULs and lone surrogates; all other white space stays."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def check(parsed: Parsed, max_text_mib: int) -> Parsed:
    """Return `parsed` if its text is neither blank nor too long, else raise InvalidFile."""
    if not parsed.text or parsed.text.isspace():
        raise InvalidFile(NO_TEXT)
    if _is_longer(parsed.text, max_text_mib * 2**20):
        raise InvalidFile(f"The file contains more than {max_text_mib} MiB of text. Split it and upload the parts.")
    return parsed


def _is_longer(text: str, limit: int) -> bool:
    if len(text) > limit:
        return True
    # A character has at most four bytes, so most texts need not be encoded to be measured.
    return len(text) * 4 > limit and not text.isascii() and len(text.encode()) > limit
