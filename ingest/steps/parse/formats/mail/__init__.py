"""Mails (.eml, .emlx, .msg), mailboxes (mbox) and web pages saved as one file (MHTML).

The text is the headers that a reader sees, the body, and the attachments, read as part of the mail under their names.
"""

from pathlib import Path

from ingest.steps.parse.parsed import ParsedText


def read_eml(path: Path) -> ParsedText:
    """Return the text of an RFC 5322 mail or an MHTML page."""
    from ingest.steps.parse.formats.mail.message import read_mail

    return read_mail(path.read_bytes())


def read_mbox(path: Path) -> ParsedText:
    """Return the text of all mails in a mailbox, each of them a section."""
    from ingest.steps.parse.formats.mail.mailbox import read_mailbox

    return read_mailbox(path)


def read_msg(path: Path) -> ParsedText:
    """Return the text of an Outlook mail."""
    from ingest.steps.parse.formats.mail.outlook import read_outlook

    return read_outlook(path)
