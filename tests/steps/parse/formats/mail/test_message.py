"""Mails: their headers, bodies and attachments."""

import base64
import email.policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FileError, InvalidFile
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.mail import read_eml
from ingest.steps.parse.formats.mail.message import read_mail
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.mail.messages import signed, tnef


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

    assert read(tmp_path, mail).endswith(
        "Attachment: ü.txt\n\nattached words\n\n\nAttachment: song.mp3\n\nAttachment: not-text.txt"
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


def parts(*contents: str, kind: str = "multipart/alternative") -> bytes:
    """Return a mail of several parts, each with its headers."""
    body = "".join(f"--X\n{content}\n" for content in contents)
    return f"From: a@example.org\nSubject: s\nMIME-Version: 1.0\nContent-Type: {kind}; boundary=X\n\n{body}--X--\n".encode()


def body_of(data: bytes) -> str:
    """Return the text of a mail without its headers."""
    return read_mail(data).text.partition("\n\n")[2]


PLAIN, HTML = "Content-Type: text/plain; charset=utf-8\n\n", "Content-Type: text/html; charset=utf-8\n\n"


@pytest.mark.parametrize(
    "stub",
    [
        "This is an HTML email. Please use another reader.",
        "Your mail client does not support HTML.",
        "View this email in your browser: https://example.org/x",
        "Diese Nachricht kann nur als HTML angezeigt werden.",
        "",
    ],
)
def test_a_stub_of_plain_text_gives_way_to_the_html(stub: str) -> None:
    mail = parts(PLAIN + stub, HTML + "<p>Your invoice 4711 is due on 5 May.</p>")

    assert body_of(mail) == "Your invoice 4711 is due on 5 May."


def test_a_plain_text_that_lacks_most_of_the_html_gives_way_to_it() -> None:
    html = " ".join(f"word{number}" for number in range(60))

    assert body_of(parts(f"{PLAIN}word1 word2 word3", f"{HTML}<p>{html}</p>")) == html


def test_two_different_alternatives_are_both_read() -> None:
    plain, html = (" ".join(f"{side}{number}" for number in range(40)) for side in ("left", "right"))

    assert body_of(parts(PLAIN + plain, f"{HTML}<p>{html}</p>")) == f"{plain}\n\n{html}"


def test_attachments_inside_an_alternative_are_read_whichever_is_chosen() -> None:
    attachment = "Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment\n\nx,y"
    mixed = f"Content-Type: multipart/mixed; boundary=Y\n\n--Y\n{HTML}<p>Hello</p>\n--Y\n{attachment}\n--Y--"

    assert body_of(parts(f"{PLAIN}Hello", mixed)) == "Hello\n\nAttachment: a.csv\n\nx,y"


def test_pictures_that_the_html_shows_are_counted_without_a_warning() -> None:
    picture = (
        "Content-Type: image/png; name=logo.png\nContent-ID: <x>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo="
    )
    parsed = read_mail(parts(f"{HTML}<p>Hello<img src='cid:x'></p>", picture, kind="multipart/related"))

    assert parsed.text.endswith("\n\nHello")
    assert parsed.report.parts == {"image": {"not_read": 2}}
    assert not parsed.report.warnings


@pytest.mark.parametrize("attached_as", ["report.docx", "noname"])
def test_documents_are_read_as_parts_of_the_mail(
    mail: EmailMessage, documents: DocumentBuilder, attached_as: str
) -> None:
    data = documents.docx(documents.paragraph("words of the document"))
    mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=attached_as)

    parsed = read_mail(mail.as_bytes())

    (section,) = parsed.sections
    assert (section.kind, section.name) == ("attachment", attached_as)
    assert parsed.text[section.start : section.end] == f"Attachment: {attached_as}\n\nwords of the document"
    assert parsed.report.parts["attachment"] == {"read": 1}


def test_members_of_an_attached_archive_are_read(mail: EmailMessage, documents: DocumentBuilder) -> None:
    inner = documents.zipped({"c.txt": "deep"})
    data = documents.zipped({"a.txt": "one", "in/b.html": "<p>two</p>", "inner.zip": inner})
    mail.add_attachment(data, maintype="application", subtype="zip", filename="all.zip")

    parsed = read_mail(mail.as_bytes())

    assert [section.name for section in parsed.sections] == [
        "all.zip/a.txt", "all.zip/in/b.html", "all.zip/inner.zip/c.txt"
    ]  # fmt: skip
    assert "two" in parsed.text


def test_what_cannot_be_read_is_a_warning_with_the_attachments_name(mail: EmailMessage) -> None:
    mail.add_attachment(b"\x7fELF\2\1\1", maintype="application", subtype="octet-stream", filename="tool")
    mail.add_attachment(b"ID3", maintype="audio", subtype="mpeg", filename="song.mp3")

    report = read_mail(mail.as_bytes()).report

    assert [(warning.code, warning.part) for warning in report.warnings] == [
        ("attachment_not_read", "attachment tool"), ("attachment_not_read", "attachment song.mp3")
    ]  # fmt: skip
    assert report.parts["attachment"] == {"not_read": 2}


def test_the_same_file_attached_twice_is_read_once(mail: EmailMessage) -> None:
    for name in ("invite.ics", "copy.txt"):
        mail.add_attachment("the same words", filename=name)

    assert read_mail(mail.as_bytes()).text.count("the same words") == 1


def test_an_invitation_is_read() -> None:
    calendar = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Budget\nLOCATION:Room 7\nEND:VEVENT\nEND:VCALENDAR"
    mail = parts(f"{PLAIN}You are invited.", f"Content-Type: text/calendar; method=REQUEST\n\n{calendar}")

    text = body_of(mail)

    assert text.startswith("You are invited.\n\nAttachment: invitation.ics")
    assert "Room 7" in text


def test_a_forwarded_mail_is_a_section_with_its_subject(mail: EmailMessage) -> None:
    outer = EmailMessage()
    outer["Subject"] = "Fwd"
    outer.set_content("see below")
    outer.add_attachment(mail)

    parsed = read_mail(outer.as_bytes())

    (section,) = parsed.sections
    assert (section.kind, section.name) == ("message", "Grüße ☸")
    assert parsed.text[section.start :].startswith("Subject: Grüße ☸\nFrom: Ann")


def test_the_report_of_a_failed_delivery_is_read() -> None:
    status = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; b@example.org\nStatus: 5.1.1"
    mail = parts(f"{PLAIN}Not delivered.", status, kind="multipart/report")

    assert "Final-Recipient: rfc822; b@example.org\nStatus: 5.1.1" in body_of(mail)


SIGNED_ENTITY = b"Content-Type: text/plain\r\n\r\nThe signed body names Larvik.\r\n"


@pytest.mark.parametrize(
    "message",
    [signed(SIGNED_ENTITY), signed(SIGNED_ENTITY, pieces=3), signed(SIGNED_ENTITY, is_indefinite=True)],
)
@pytest.mark.parametrize("kind", ["application/pkcs7-mime; smime-type=signed-data", "application/x-pkcs7-mime"])
def test_an_opaquely_signed_mail_is_read(message: bytes, kind: str) -> None:
    source = f"Subject: s\nContent-Type: {kind}; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"

    assert body_of(source.encode() + base64.encodebytes(message)) == "The signed body names Larvik."


def test_a_clearly_signed_mail_is_read_without_its_signature() -> None:
    signature = "Content-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nMIIB"

    assert body_of(parts(f"{PLAIN}Signed words.", signature, kind="multipart/signed")) == "Signed words."


def test_the_body_and_files_in_a_winmail_dat_are_read(mail: EmailMessage) -> None:
    data = tnef("Words of the body", {"a.txt": b"Words of the file"})
    mail.add_attachment(data, maintype="application", subtype="ms-tnef", filename="winmail.dat")

    text = read_mail(mail.as_bytes()).text

    assert text.endswith("Words of the body\n\nAttachment: a.txt\n\nWords of the file")


def test_a_cut_winmail_dat_is_a_warning(mail: EmailMessage) -> None:
    data = tnef("Words of the body", {"a.txt": b"Words of the file"})[:-10]
    mail.add_attachment(data, maintype="application", subtype="ms-tnef", filename="winmail.dat")

    parsed = read_mail(mail.as_bytes())

    assert "Words of the body" in parsed.text
    assert parsed.report.warnings[0].part == "attachment winmail.dat"


def test_a_saved_web_page_is_read_without_its_pictures_and_styles() -> None:
    page = (
        "From: <Saved by Blink>\nSnapshot-Content-Location: https://example.org/\nSubject: Page\nDate: Thu, 5 Jun 2025 10:00:00\n"
        'MIME-Version: 1.0\nContent-Type: multipart/related; type="text/html"; boundary=X\n\n'
        "--X\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\nContent-Location: https://example.org/\n\n"
        "<h1>Runbook f=C3=BCr Backups</h1><p>Restore takes four hou=\nrs.</p>\n"
        "--X\nContent-Type: text/css\n\nbody { color: red }\n"
        "--X\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--X--\n"
    )

    parsed = read_mail(page.encode())

    assert parsed == ParsedText(parsed.text, "mhtml", headings=parsed.headings, report=parsed.report)
    assert parsed.text == "Subject: Page\n\nRunbook für Backups\n\nRestore takes four hours."
    assert [heading.title for heading in parsed.headings] == ["Runbook für Backups"]


def test_the_frames_of_a_saved_workbook_are_read() -> None:
    sheets = "".join(
        f"--X\nContent-Location: file:///C:/b_files/sheet00{number}.htm\nContent-Type: text/html\n\n"
        f"<table><tr><td>Sheet</td><td>{number}</td></tr></table>\n"
        for number in (1, 2)
    )
    page = (
        "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=X\n\n--X\nContent-Location: file:///C:/b.htm\n"
        "Content-Type: text/html\n\n<link href='b_files/sheet002.htm'><frameset><frame src='b_files/sheet001.htm'></frameset>\n"
        f"{sheets}--X\nContent-Location: file:///C:/b_files/other.htm\nContent-Type: text/html\n\nother\n--X--\n"
    )

    parsed = read_mail(page.encode())

    assert (parsed.kind, parsed.text) == ("mhtml", "Sheet | 1\n\nSheet | 2")


def test_a_mail_of_apple_mail_ends_where_its_first_line_says() -> None:
    mail = b"Subject: s\nFrom: a@example.org\n\nbody\n"

    assert body_of(b"%d\n" % len(mail) + mail + b"<?xml version='1.0'?><plist/>") == "body\n"[:4]


def test_deeply_nested_parts_are_bounded() -> None:
    source = b"Subject: s\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (number, number) for number in range(60)
    )

    assert read_mail(source + b"\nbody").report.warnings[0].code == "nested_too_deep"


_LINES = st.sampled_from(
    [
        b"Subject: =?utf-8?Q?=C3=BC?=", b"Content-Type: multipart/mixed; boundary=X", b"Content-Type: multipart/alternative; boundary=X",
        b"Content-Type: text/html; charset=utf-16", b"Content-Type: message/rfc822", b"Content-Type: application/pkcs7-mime",
        b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"Content-Type: application/ms-tnef",
        b"Content-Type: text/plain; format=flowed", b"Content-Type: message/delivery-status", b"--X", b"--X--", b"", b"body =C3",
        b"VGhl", b"\xff\xfe", b"> quoted ", b"From: \xfc <a>", b"Content-Disposition: attachment; filename*=utf-8''%FF",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_LINES, max_size=25))
def test_any_mail_is_read_or_refused(lines: list[bytes]) -> None:
    try:
        parsed = read_mail(b"\n".join(lines))
    except FileError:
        return
    assert all(0 <= section.start <= section.end <= len(parsed.text) for section in parsed.sections)


def test_an_encoded_mail_in_a_mail_is_read(tmp_path: Path) -> None:
    inner = base64.encodebytes(b"Subject: inner\nContent-Type: text/plain\n\nthe order").decode()
    data = (
        "Subject: outer\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
        f"see below\n--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{inner}\n--b--\n"
    )

    assert read(tmp_path, data.encode()) == "Subject: outer\n\nsee below\n\nSubject: inner\n\nthe order"
