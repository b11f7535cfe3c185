"""Object ids: a prefix for the kind of object, and 128 random bits."""

import secrets
from typing import Literal

Prefix = Literal[
    "file-", "vs_", "vsfb_", "upload_", "part_", "req_", "imp_", "proj_", "key_", "rsch_", "isch_", "wh_", "evt_"
]  # fmt: skip


def new(prefix: Prefix) -> str:
    """Return a new id, for example `vs_9f0c...`: prefix and 32 hex digits (deploy/docs/api-contract.md section 1)."""
    return prefix + secrets.token_hex(16)
