"""E-mail messages."""

import email.policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.mail import read_eml
from tests.steps.parse.documents import DocumentBuilder, Parse


@pytest.fixture
def mail() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Grüße ☸"
    message["From"] = "Ann <ann@example.com>"
    message["To"] = "bob@example.com"
    message.set_content("Hello Bob,\n\n  indented\n")
    return message


def read(tmp_path: Path, message: EmailMessage | bytes) -> str:
    path = tmp_path / "blob"
    path.write_bytes(message if isinstance(message, bytes) else message.as_bytes(policy=email.policy.SMTP))
    return read_eml(path).text


def test_the_headers_come_before_the_body(tmp_path: Path, mail: EmailMessage) -> None:
    assert read(tmp_path, mail).replace("\r\n", "\n") == (
        "Subject: Grüße ☸\nFrom: Ann <ann@example.com>\nTo: bob@example.com\n\nHello Bob,\n\n  indented"
    )


def test_one_of_two_alternative_bodies_is_read(tmp_path: Path, mail: EmailMessage) -> None:
    mail.add_alternative("<p>Hello Bob in HTML</p>", subtype="html")

    text = read(tmp_path, mail)

    assert "Hello Bob," in text
    assert "HTML" not in text


def test_an_html_body_is_read_as_html(tmp_path: Path, mail: EmailMessage) -> None:
    mail.set_content("<p>one</p><p>zwei &auml;</p>", subtype="html")

    assert read(tmp_path, mail).endswith("\n\none\n\nzwei ä")


def test_attachments_are_named_and_read_if_they_are_text(tmp_path: Path, mail: EmailMessage) -> None:
    mail.add_attachment("attached words", filename="ü.txt")
    mail.add_attachment(b"ID3 noise", maintype="audio", subtype="mpeg", filename="song.mp3")
    mail.add_attachment(bytes(range(32)) * 9, maintype="text", subtype="plain", filename="not-text.txt")

    assert (
        read(tmp_path, mail)
        .replace("\r\n", "\n")
        .endswith("Attachment: ü.txt\n\nattached words\n\nAttachment: song.mp3\n\nAttachment: not-text.txt")
    )


def test_a_forwarded_mail_is_read_too(tmp_path: Path, mail: EmailMessage) -> None:
    outer = EmailMessage()
    outer["Subject"] = "Fwd"
    outer.set_content("see below")
    outer.add_attachment(mail)

    text = read(tmp_path, outer)

    assert text.startswith("Subject: Fwd")
    assert "Subject: Grüße ☸" in text
    assert "Hello Bob," in text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_mail_saved_in_utf_16_is_read(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, "Subject: s\nFrom: a@example.com\n\nbody".encode(encoding)).endswith("body")


@pytest.mark.parametrize(
    "source",
    [
        b"Subject: =?nonsense?Q?=FF?=\nDate: never\n\nbody",
        b"Subject: \xff\xfe\nContent-Type: text/plain; charset=nonsense\n\nbody",
        b"Content-Type: multipart/mixed\n\nbody",
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nbody",
        b"Content-Transfer-Encoding: base64\nContent-Type: text/plain\n\n!!!body",
        b"Content-Type: text/plain; name*0*=x; name*1=y\n\nbody",
    ],
)
def test_broken_headers_do_not_fail_a_mail(tmp_path: Path, source: bytes) -> None:
    read(tmp_path, source)


def test_an_encrypted_attachment_does_not_fail_the_mail(tmp_path: Path, mail: EmailMessage) -> None:
    mail.add_attachment(b"noise", maintype="application", subtype="pkcs7-mime", filename="smime.p7m")

    text = read(tmp_path, mail)

    assert "Hello Bob," in text
    assert text.endswith("Attachment: smime.p7m (encrypted)")


@pytest.mark.parametrize(
    "kind", ["multipart/encrypted; boundary=x", "application/pkcs7-mime; smime-type=enveloped-data"]
)
def test_the_error_of_an_encrypted_mail_says_what_to_do(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InvalidFile, match="The mail is encrypted"):
        read(tmp_path, f"Subject: s\nContent-Type: {kind}\n\n--x\n\nnoise\n--x--".encode())


def test_a_msg_begins_with_its_headers(parse: Parse, documents: DocumentBuilder) -> None:
    assert parse("a.msg", documents.msg("Greetings", "Hello you.")) == ParsedText(
        "Subject: Greetings\n\nHello you.", "msg"
    )
