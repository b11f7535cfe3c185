"""Mailboxes in the mbox formats (RFC 4155): many mails in one file, separated by lines that begin with "From "."""

import email
import email.policy
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.errors import FileError, InvalidFile
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail.headers import header
from ingest.steps.parse.formats.mail.message import add_message
from ingest.steps.parse.parsed import ParsedText

_SEPARATOR = re.compile(rb"From (?=[^\r\n]{0,250}\b(?:19|20)\d\d\b)[^\r\n]{0,200}\d{1,2}:\d{2}[^\r\n]{0,60}\r?\n?$")
_QUOTED_SEPARATOR = re.compile(rb">+From ")


def read_mailbox(path: Path) -> ParsedText:
    """Return the text of all mails in a mailbox. Raises InvalidFile if all of them are encrypted."""
    builder = TextBuilder()
    encrypted: InvalidFile | None = None
    with path.open("rb") as file:
        for number, data in enumerate(split_mailbox(file), start=1):
            message = email.message_from_bytes(data, policy=email.policy.compat32)
            with builder.section("message", header(message, "Subject"), number):
                try:
                    add_message(builder, message, depth=0)
                    builder.report.count("message", "read")
                except InvalidFile as exc:
                    encrypted = exc
                    builder.report.count("message", "not_read")
                    builder.report.warn("message_not_read", str(exc), f"message {number}")
                except (FileError, ValueError, LookupError, TypeError) as exc:
                    builder.report.count("message", "failed")
                    builder.report.warn(
                        "message_not_read", f"A mail is damaged ({type(exc).__name__}).", f"message {number}"
                    )
    if not len(builder) and encrypted is not None:
        raise encrypted
    return builder.parsed("mbox")


def split_mailbox(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each mail without its separator. A separator follows an empty line or begins the file."""
    mail: list[bytes] = []
    is_after_empty_line = True
    for line in lines:
        if is_after_empty_line and line.startswith(b"From ") and _SEPARATOR.match(line):
            if any(map(bytes.strip, mail)):
                yield b"".join(mail)
            mail = []
        else:
            mail.append(line[1:] if line.startswith(b">") and _QUOTED_SEPARATOR.match(line) else line)
        is_after_empty_line = not line.strip()
    if any(map(bytes.strip, mail)):
        yield b"".join(mail)
