"""Content of signed messages."""

import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.mail.smime import is_enveloped, signed_content
from tests.steps.parse.formats.mail.messages import der, signed


def test_the_content_is_found_in_definite_and_indefinite_lengths() -> None:
    content = bytes(range(256)) * 40

    assert signed_content(signed(content)) == content
    assert signed_content(signed(content, pieces=7)) == content
    assert signed_content(signed(content, is_indefinite=True)) == content


def test_compressed_content_is_unpacked() -> None:
    identifier = der(0x06, bytes.fromhex("2a864886f70d0109100109"))
    data = der(0x30, der(0x06, b"\1"), der(0xA0, der(0x04, zlib.compress(b"packed words"))))

    assert signed_content(der(0x30, identifier, der(0xA0, der(0x30, der(0x02, b"\0"), data)))) == b"packed words"


def test_encrypted_and_detached_messages_have_no_content() -> None:
    enveloped = der(0x30, der(0x06, bytes.fromhex("2a864886f70d010703")), der(0xA0, der(0x30)))

    assert signed_content(enveloped) is None
    assert is_enveloped(enveloped)
    assert signed_content(signed(b"")) is None


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 120), st.binary(max_size=20))
def test_damaged_messages_raise_nothing(position: int, noise: bytes) -> None:
    message = signed(b"content" * 9, pieces=2, is_indefinite=True)

    signed_content(message[:position] + noise + message[position + len(noise) :])
    signed_content(noise)
