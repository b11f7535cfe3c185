"""Secrets of webhooks in the database: encrypted with a key that the database does not hold.

Decision: deploy/docs/decisions/0025-secrets-at-rest.md.
"""

from collections.abc import Sequence

from ingest.db import webhook_secrets as rows
from ingest.db.session import Database
from ingest.errors import DependencyDown, InvalidRequest, Refused, SecretUnreadable
from ingest.observability import logs
from ingest.secret_box import SecretBox
from ingest.services import Services

KEY_SETTING = "INGEST_SECRETS_KEY"

_log = logs.get(__name__)


def seal(services: Services, secret: str) -> str:
    """Return a new secret as the database keeps it. Raises InvalidRequest without a key: it would be readable there."""
    try:
        box = services.secret_box
    except Refused as exc:
        raise DependencyDown("secrets key", str(exc)) from exc
    if not box.has_key:
        raise InvalidRequest(
            f"Webhook secrets cannot be encrypted: the operator of this service must set {KEY_SETTING}."
        )
    return box.seal(secret)


def open_all(services: Services, stored: Sequence[str]) -> list[str]:
    """Return the secrets that can be decrypted, the newest first. Raises SecretUnreadable if none can."""
    opened, reason = [], "it does not exist"
    for each in stored:
        try:
            opened.append(services.secret_box.open(each))
        except (SecretUnreadable, Refused) as exc:
            reason = str(exc)
    if not opened:
        raise SecretUnreadable(f"The signing secret cannot be decrypted: {reason}")
    return opened


def encrypt_stored(database: Database, box: SecretBox) -> None:
    """Encrypt the secrets of earlier releases, and with the first key those that an older key encrypted.

    Secrets that no key can open stay as they are.
    """
    with database.reading() as session:
        stored = rows.list_secrets(session)
    plain = [row for row, secrets in stored.items() if any(not box.is_sealed(each) for each in secrets)]
    if plain and not box.has_key:
        _log.warning("webhook_secrets_readable", endpoints=len(plain), help=f"set {KEY_SETTING}")
    count = 0
    for row, secrets in stored.items():
        sealed = [_reseal(box, each) for each in secrets]
        if sealed != list(secrets):
            with database.transaction() as session:
                count += rows.replace_secrets(session, row, secrets, sealed)
    if count:
        _log.info("webhook_secrets_encrypted", endpoints=count)


def _reseal(box: SecretBox, stored: str) -> str:
    if not box.needs_sealing(stored):
        return stored
    try:
        return box.seal(box.open(stored))
    except SecretUnreadable as exc:
        _log.error("webhook_secret_unreadable", reason=str(exc))
        return stored
