"""Headers in readable form."""

import email
import email.policy

import pytest

from ingest.steps.parse.formats.mail.headers import filename, header, readable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?Q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("=?UTF-8?B?R3LDtsOfZQ==?=", "Größe"),
        ("=?UTF-8?B?R3LDtsOfZQ?=", "Größe"),
        ("=?iso-8859-1?q?a_b=FC?=", "a bü"),
        ("=?utf-8*en?Q?x?=", "x"),
        ("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"),
        ("Re: =?utf-8?Q?x y?= z", "Re: x y z"),
        ('"=?utf-8?Q?J=C3=BCrgen?=" <j@example.org>', '"Jürgen" <j@example.org>'),
        ("=?koi8-r?B?0NLJ18XU?=", "привет"),
        ("=?iso-2022-jp?B?GyRCMnE1RBsoQg==?=", "会議"),
        ("=?gb2312?B?1tDOxA==?=", "中文"),
        ("=?nonsense?Q?abc?=", "abc"),
        ("=?utf-8?Q?unfinished", "=?utf-8?Q?unfinished"),
        ("\x1b$B2q5D\x1b(B", "会議"),
        (b"J\xc3\xbcrgen".decode("ascii", "surrogateescape"), "Jürgen"),
        (b"J\xfcrgen Gr\xf6\xdfe".decode("ascii", "surrogateescape"), "Jürgen Größe"),
        ("folded\r\n\tline", "folded line"),
    ],
)
def test_headers_are_decoded(value: str, text: str) -> None:
    assert readable(value) == text


def test_raw_8_bit_headers_of_a_message_are_decoded() -> None:
    message = email.message_from_bytes(
        "From: Jürgen <j@example.org>\nSubject: Größe der Halle\n\nbody".encode(), policy=email.policy.compat32
    )

    assert header(message, "subject") == "Größe der Halle"
    assert header(message, "From") == "Jürgen <j@example.org>"
    assert header(message, "Cc") == ""


@pytest.mark.parametrize(
    "disposition",
    [
        "attachment; filename*=utf-8''%C3%BC.txt",
        'attachment; filename="=?utf-8?Q?=C3=BC.txt?="',
        'attachment; filename="ü.txt"',
        "attachment; filename*0*=utf-8''%C3; filename*1*=%BC.txt",
    ],
)
def test_names_of_attachments_are_decoded(disposition: str) -> None:
    part = email.message_from_bytes(f"Content-Disposition: {disposition}\n\n".encode(), policy=email.policy.compat32)

    assert filename(part) == "ü.txt"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename*=B%C3%A4r.txt", "Bär.txt"),
        ("attachment; filename*=''B%C3%A4r.txt", "Bär.txt"),
        ("attachment; filename*=utf-8''B%E4r.txt", "Bär.txt"),
        ("attachment; filename*=gb2312''%D6%EC%E9F.txt", "朱镕.txt"),
    ],
)
def test_names_in_percent_codes_without_or_with_a_wrong_character_set(disposition: str, name: str) -> None:
    part = email.message_from_string(f"Content-Disposition: {disposition}\n\nx", policy=email.policy.compat32)

    assert filename(part) == name


def test_a_raw_header_is_in_the_character_set_of_the_body() -> None:
    data = b"Subject: \xfc\nContent-Type: text/plain; charset=iso-8859-1\n\nx"

    assert header(email.message_from_bytes(data, policy=email.policy.compat32), "Subject") == "ü"
