"""Mailboxes."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.mail import read_mbox
from ingest.steps.parse.formats.mail.mailbox import split_mailbox
from ingest.steps.parse.parsed import ParsedText
from tests.steps.parse.documents import Parse

SEPARATOR = "From a@example.org Mon Jan  1 00:00:00 2024\n"


def read(tmp_path: Path, source: str) -> ParsedText:
    (tmp_path / "blob").write_text(source)
    return read_mbox(tmp_path / "blob")


def test_each_mail_is_a_section_with_its_subject(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        f"{SEPARATOR}Subject: one\nContent-Transfer-Encoding: base64\n\nVGhlIHJlY2lwZQ==\n\n"
        f"{SEPARATOR}Subject: =?utf-8?Q?zw=C3=B6lf?=\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\n",
    )

    assert [(s.kind, s.number, s.name) for s in parsed.sections] == [("message", 1, "one"), ("message", 2, "zwölf")]
    assert [parsed.text[s.start : s.end] for s in parsed.sections] == [
        "Subject: one\n\nThe recipe", "Subject: zwölf\n\nGrüße"
    ]  # fmt: skip
    assert parsed.report.parts == {"message": {"read": 2}}


def test_separators_begin_mails_only_after_an_empty_line_and_with_a_time(tmp_path: Path) -> None:
    parsed = read(tmp_path, f"{SEPARATOR}Subject: s\n\nFrom here on\n\nFrom now on\n>From the quote\n>>From it\n")

    assert parsed.text == "Subject: s\n\nFrom here on\n\nFrom now on\nFrom the quote\n>From it"


def test_an_encrypted_mail_does_not_fail_the_others(tmp_path: Path) -> None:
    encrypted = f"{SEPARATOR}Subject: s\nContent-Type: multipart/encrypted; boundary=x\n\n--x--\n\n"

    parsed = read(tmp_path, f"{encrypted}{SEPARATOR}Subject: t\n\nopen\n")

    assert "open" in parsed.text
    assert parsed.report.warnings[0].part == "message 1"
    with pytest.raises(InvalidFile, match="The mail is encrypted"):
        read(tmp_path, encrypted.replace("Subject: s\n", ""))


def test_thousands_of_mails_are_split_without_holding_them() -> None:
    lines = (line for _ in range(20_000) for line in (SEPARATOR.encode(), b"Subject: s\n", b"\n", b"body\n", b"\n"))

    assert sum(1 for _ in split_mailbox(lines)) == 20_000


@pytest.mark.parametrize("name", ["inbox.mbox", "2024-January.txt", "Sent"])
def test_a_mailbox_is_known_by_its_content(parse: Parse, name: str) -> None:
    assert parse(name, f"{SEPARATOR}Subject: s\n\nbody\n".encode()).kind == "mbox"


def test_a_sentence_with_a_time_is_no_separator() -> None:
    lines = [b"From a@b Mon Jan  1 10:00:00 2024\n", b"Subject: a\n", b"\n", b"From here on it goes at 12:30 ok\n"]

    assert list(split_mailbox(lines)) == [b"".join(lines[1:])]
