"""What older mail programs put into the text of a mail: enriched text (RFC 1896), and files in uuencode."""

import binascii
import re

_COMMANDS = re.compile(r"<<|</?[A-Za-z][A-Za-z0-9-]{0,59}>")
_PARAMETERS = re.compile(r"<param>[^<]{0,1000}</param>", re.I)
_LINE_ENDS = re.compile(r"(?:\r?\n)+")
_FILE = re.compile(
    r"^begin [0-7]{3,4} (?P<name>[^\r\n]{1,255})\r?\n(?P<data>(?:[!-`][ -`]{0,84}\r?\n)+)(?:[ `]?\r?\n)?end[ \t]*(?:\r?\n|$)",
    re.M,
)
_MAX_FILES = 100


def enriched_to_text(text: str) -> str:
    """Return enriched text without its commands. One line end is a space there, and further ones are line ends."""
    text = _LINE_ENDS.sub(lambda match: "\n" * (match[0].count("\n") - 1) or " ", text)
    return _COMMANDS.sub(lambda match: "<" if match[0] == "<<" else "", _PARAMETERS.sub("", text))


def take_uuencoded(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text without the files in uuencode, and the names and contents of the files."""
    files: list[tuple[str, bytes]] = []

    def take(match: re.Match[str]) -> str:
        try:
            data = b"".join(map(_decode_line, match["data"].splitlines()))
        except binascii.Error:
            return match[0]
        if len(files) >= _MAX_FILES:
            return match[0]
        files.append((match["name"].strip(), data))
        return ""

    return (_FILE.sub(take, text) if "\nend" in text else text), files


def _decode_line(line: str) -> bytes:
    """Decode one line. Some programs leave its last blanks away, and others add a checksum."""
    length = (ord(line[0]) - 32) & 63
    characters = (length + 2) // 3 * 4
    return binascii.a2b_uu(line[: characters + 1].ljust(characters + 1).encode("ascii"))
