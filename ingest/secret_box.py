"""Encryption of the secrets that the database holds (deploy/docs/decisions/0025-secrets-at-rest.md)."""

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingest.errors import SecretUnreadable

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

KEY_BYTES = 32
SEALED_PREFIX = "sealed:"
HINT_CHARACTERS = 4
"""The last characters of a secret stay readable: the API shows them, so that people know which secret it is."""


def generate_key() -> str:
    """Return a new random key in its text form."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def normalize_key(text: str) -> str:
    """Return a key in its text form. Raises ValueError for anything but 32 bytes in base64, of either alphabet."""
    try:
        key = base64.urlsafe_b64decode(text.strip().replace("+", "-").replace("/", "_"))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("a key is 32 bytes in base64, for example from `openssl rand -base64 32`")
    return base64.urlsafe_b64encode(key).decode()


class SecretBox:
    """Seals secrets with the first of its keys, and opens what any of them has sealed."""

    def __init__(self, keys: Sequence[str]) -> None:
        from cryptography.fernet import Fernet, MultiFernet

        ciphers = [Fernet(normalize_key(key)) for key in keys]
        self._cipher = MultiFernet(ciphers) if ciphers else None
        self._newest = ciphers[0] if ciphers else None

    @property
    def has_key(self) -> bool:
        return self._cipher is not None

    def seal(self, secret: str) -> str:
        """Return a secret in encrypted form, with its last characters. Without a key, return it unchanged."""
        if self._newest is None:
            return secret
        token = self._newest.encrypt(secret.encode()).decode()
        return f"{SEALED_PREFIX}{secret[-HINT_CHARACTERS:]}:{token}"

    def open(self, stored: str) -> str:
        """Return the secret; one that was stored before there was a key is returned unchanged. Raises SecretUnreadable."""
        if not self.is_sealed(stored):
            return stored
        return self._decrypt(self._cipher, stored)

    @staticmethod
    def is_sealed(stored: str) -> bool:
        """Return whether a stored secret is encrypted."""
        return stored.startswith(SEALED_PREFIX)

    def needs_sealing(self, stored: str) -> bool:
        """Return whether `seal` would protect a stored secret better: it is not sealed, or not with the first key."""
        if not self.has_key:
            return False
        if not self.is_sealed(stored):
            return True
        try:
            self._decrypt(self._newest, stored)
        except SecretUnreadable:
            return True
        return False

    @staticmethod
    def _decrypt(cipher: "Fernet | MultiFernet | None", stored: str) -> str:
        from cryptography.fernet import InvalidToken

        if cipher is None:
            raise SecretUnreadable("it is encrypted, and INGEST_SECRETS_KEY is not set")
        token = stored.rpartition(":")[2]
        try:
            return cipher.decrypt(token.encode()).decode()
        except InvalidToken as exc:
            raise SecretUnreadable("it was encrypted with another key than those of INGEST_SECRETS_KEY") from exc


def hint(stored: str) -> str:
    """Return the last characters of a stored secret, sealed or not. Needs no key."""
    if stored.startswith(SEALED_PREFIX):
        return stored.removeprefix(SEALED_PREFIX).partition(":")[0]
    return stored[-HINT_CHARACTERS:]
