"""Encryption of secrets with one key or several."""

import base64

import pytest

from ingest.errors import SecretUnreadable
from ingest.secret_box import SecretBox, generate_key, hint, normalize_key

OLD, NEW = generate_key(), generate_key()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_sealed_secret_is_readable_with_its_key_only() -> None:
    stored = SecretBox([OLD]).seal(SECRET)

    assert SECRET not in stored
    assert SecretBox([OLD]).open(stored) == SECRET
    with pytest.raises(SecretUnreadable, match="encrypted with another key"):
        SecretBox([NEW]).open(stored)
    with pytest.raises(SecretUnreadable, match="INGEST_SECRETS_KEY is not set"):
        SecretBox([]).open(stored)


def test_the_last_characters_stay_readable_without_a_key() -> None:
    assert hint(SecretBox([OLD]).seal(SECRET)) == hint(SECRET) == "LaSw"


def test_a_secret_from_before_there_was_a_key_is_still_readable() -> None:
    assert SecretBox([OLD]).open(SECRET) == SecretBox([]).open(SECRET) == SECRET


def test_every_key_opens_and_the_first_one_seals() -> None:
    stored = SecretBox([OLD]).seal(SECRET)
    both = SecretBox([NEW, OLD])

    assert both.open(stored) == SECRET
    assert both.needs_sealing(stored)
    assert both.needs_sealing(SECRET)
    assert not both.needs_sealing(both.seal(SECRET))
    assert SecretBox([NEW]).open(both.seal(SECRET)) == SECRET


def test_a_damaged_secret_is_unreadable() -> None:
    stored = SecretBox([OLD]).seal(SECRET)

    with pytest.raises(SecretUnreadable):
        SecretBox([OLD]).open(stored[:-5] + "AAAA=")


def test_keys_of_openssl_are_accepted_and_others_refused() -> None:
    assert (
        normalize_key(base64.b64encode(b"\xff" * 32).decode() + "\n") == base64.urlsafe_b64encode(b"\xff" * 32).decode()
    )
    for text in ("", "short", "ü" * 44, base64.b64encode(b"x" * 31).decode()):
        with pytest.raises(ValueError, match="32 bytes in base64"):
            normalize_key(text)
