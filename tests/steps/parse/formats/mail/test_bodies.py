"""Transfer encodings, character sets and flowed lines."""

import email
import email.policy

import pytest

from ingest.steps.parse.formats.mail.bodies import content_text, split_base64, unflow


def text_of(headers: str, body: bytes) -> str:
    return content_text(email.message_from_bytes(headers.encode() + b"\n\n" + body, policy=email.policy.compat32))


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ("Content-Type: text/plain; charset=iso-8859-1", "Grüße aus Köln".encode(), "Grüße aus Köln"),
        ("Content-Type: text/plain; charset=utf-8", "Grüße aus Köln".encode("cp1252"), "Grüße aus Köln"),
        ("Content-Type: text/plain; charset=iso-8859-1", "5 € “net”".encode("cp1252"), "5 € “net”"),
        ("Content-Type: text/plain; charset=iso-2022-jp", b"\x1b$B-!\x1b(B \x1b$B2q5D$N5DBj\x1b(B", "① 会議の議題"),
        ("Content-Type: text/plain; charset=nonsense", b"plain", "plain"),
        ("Content-Type: text/plain; charset=koi8-r", "привет мир".encode("koi8-r"), "привет мир"),
        ("Content-Transfer-Encoding: quoted-printable", b"f=C3=BCr four hou=\r\nrs", "für four hours"),
        ("Content-Transfer-Encoding: quoted-printable", b"four hou= \nrs", "four hours"),
        ("Content-Transfer-Encoding: base64", b"VGhlIGJvYXJk\nIG1lZXRz\n", "The board meets"),
        (
            "Content-Transfer-Encoding: BASE64",
            b"VGhlIGJvYXJkIG1lZXRzLg\n--\nlist footer",
            "The board meets.\n--\nlist footer",
        ),
        (
            "Content-Transfer-Encoding: base64",
            b"VGhlIGJvYXJkIG1lZXRzIQ==\nUnsubscribe",
            "The board meets!\nUnsubscribe",
        ),
        ("Content-Transfer-Encoding: base64", b"Not base64 at all", "Not base64 at all"),
        ("Content-Transfer-Encoding: 8bit", b"a\r\nb\r\n\r\n", "a\r\nb"),
    ],
)
def test_the_content_is_decoded(headers: str, body: bytes, text: str) -> None:
    assert text_of(headers, body).strip("\n") == text


def test_base64_in_several_pieces_is_joined() -> None:
    line = b"VGhlIGJvYXJkIG1lZXRzIGluIHJvb20gc2V2ZW4uLi4uIQ=="

    assert split_base64(line + b"\n" + line) == (b"", b"The board meets in room seven....!" * 2, b"")


def test_a_banner_before_base64_is_kept() -> None:
    line = b"VGhlIGJvYXJkIG1lZXRzIGluIHJvb20gc2V2ZW4uLi4uIQ=="

    assert text_of("Content-Transfer-Encoding: base64", b"[EXTERNAL MAIL]\n" + line) == (
        "[EXTERNAL MAIL]\n\nThe board meets in room seven....!"
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("one \ntwo \nthree\nfour", "one two three\nfour"),
        ("> one \n> two\nthree", "> one two\nthree"),
        ("> one \n>> two", "> one \n>> two"),
        (" From here\n  indented", "From here\n indented"),
        ("text \n-- \nAnn", "text \n-- \nAnn"),
    ],
)
def test_flowed_lines_are_joined(source: str, text: str) -> None:
    assert unflow(source, deletes_spaces=False) == text


def test_spaces_of_flowed_lines_are_deleted_where_the_sender_says_so() -> None:
    headers = "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes"

    assert text_of(headers, "会議 \nの議題".encode()) == "会議の議題"
