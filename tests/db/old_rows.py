"""Rows of each table at each older revision, and their values at the head.

A new revision needs the rows of the revision before it: copy the newest entry and change what differs.
"""

import json
from typing import Any

Rows = dict[str, dict[str, Any]]

_SHA256 = "ab" * 32

_0001: Rows = {
    "projects": {
        "row": 7, "id": "proj_7", "name": "seven", "created_at": 1, "paced_until": 2.5, "requests_per_minute": 3,
        "files_in_progress": 4, "stored_bytes": 5,
    },
    "api_keys": {
        "row": 1, "id": "key_1", "project": "proj_7", "name": "k", "prefix": "sk-1", "sha256": _SHA256,
        "scopes": json.dumps(["read"]), "created_at": 1, "last_used_at": 2, "revoked_at": 3,
    },
    "files": {
        "row": 1, "id": "file-1", "project": "proj_7", "filename": "a.txt", "bytes": 3, "purpose": "assistants",
        "blob": _SHA256, "created_at": 1, "expires_at": 9,
    },
    "uploads": {
        "row": 1, "id": "upload_1", "project": "proj_7", "filename": "a.txt", "bytes": 3, "mime_type": "text/plain",
        "purpose": "assistants", "created_at": 1, "expires_at": 9, "file_expires_after": 3600, "status": "completed",
        "file_id": "file-1", "part_ids": json.dumps(["part_1"]),
    },
    "upload_parts": {
        "row": 1, "id": "part_1", "upload_id": "upload_1", "created_at": 1, "bytes": 3, "sha256": _SHA256,
    },
    "collections": {"model": "small", "dimensions": 384, "multivector": True},
    "vector_stores": {
        "row": 1, "id": "vs_1", "project": "proj_7", "name": "s", "description": "d", "model": "small",
        "other_model": "large", "other_state": "kept", "kept_since": 4.5, "epoch": 2, "metadata": json.dumps({"a": "b"}),
        "created_at": 1, "last_active_at": 2, "expires_after_days": 3, "expired_at": 4, "announced": True,
        "deleted_at": 5.5, "in_progress": 1, "completed": 2, "failed": 3, "cancelled": 4, "usage_bytes": 5, "chunks": 6,
        "terms": 7,
    },
    "file_batches": {
        "row": 1, "id": "vsfb_1", "vector_store_id": "vs_1", "created_at": 1, "cancelled_at": 2.5, "expired": True,
        "swept": True, "reindex": True, "chunk_tokens": 800, "chunk_overlap": 400, "model": "large", "announced": True,
        "dispatched_at": 3.5, "in_progress": 0, "completed": 1, "failed": 2, "cancelled": 3,
    },
    "store_files": {
        "row": 5, "vector_store_id": "vs_1", "file_id": "file-1", "batch": 1, "created_at": 1,
        "attributes": json.dumps({"lang": "en"}), "attributes_version": 2, "chunk_tokens": 800, "chunk_overlap": 400,
        "redo_tokens": 300, "redo_overlap": 100, "redo_model": "large", "status": "running", "fence": 9, "generation": 4,
        "live_generation": 3, "attempts": 6, "kills": 2, "queued_at": 1.5, "trace": "00-trace", "not_before": 2.5,
        "published_at": None, "lease_until": 3.5, "lease_owner": "host/1", "made_for": "large", "model": "small",
        "made_with": "v1", "chunks": 10, "terms": 11, "usage_bytes": 12, "aside_generation": 2, "aside_model": "large",
        "aside_tokens": 200, "aside_overlap": 50, "aside_made_with": "v0", "aside_chunks": 13, "aside_terms": 14,
        "aside_bytes": 15, "error_code": None, "error_message": "m",
    },
    "batch_files": {
        "batch": 1, "store_file": 5, "status": "failed", "error_code": "server_error", "error_message": "m",
    },
    "point_jobs": {
        "row": 1, "kind": "purge", "vector_store_id": "vs_1", "store_file": 5, "first": 2, "generation": 3,
        "due_at": 4.5, "final": True,
    },
    "outages": {"dependency": "qdrant", "since": 1.5, "failures": 2, "next_try": 3.5},
    "loose_blobs": {"row": 1, "blob": _SHA256, "since": 1.5, "wanted": True},
    "tombstones": {"scope": "files:proj_7", "object_id": "file-0", "item": 3, "removed_at": 1.5},
    "reindex_schedules": {
        "row": 1, "id": "sch_1", "vector_store_id": "vs_1", "created_at": 1, "cron": "0 0 * * *", "timezone": "UTC",
        "only": "stale", "chunk_tokens": 300, "chunk_overlap": 100, "paused": False, "next_run_at": 2, "last_run_at": 1,
        "last_batch_id": "vsfb_1",
    },
    "import_schedules": {
        "row": 1, "id": "isch_1", "vector_store_id": "vs_1", "created_at": 1, "sources": json.dumps(["/srv"]),
        "manifests": json.dumps([]), "include": json.dumps(["*.txt"]), "exclude": json.dumps([]),
        "attributes": json.dumps({"lang": "en"}), "attributes_from_path": json.dumps([]), "delete_missing": True,
        "retry_failed": False, "cron": "0 0 * * *", "timezone": "UTC", "paused": True, "next_run_at": None,
        "wanted_at": 1.5, "not_before": 2.5, "fence": 3, "attempts": 2, "lease_until": 3.5, "lease_owner": "host/1",
        "run_id": "run_1", "began_at": 1, "ended_at": None, "announced": False, "result": None, "uploaded": 4,
        "removed": 5, "counts": json.dumps({"completed": 1}), "reasons": json.dumps([]), "error": "e",
    },
    "imported_files": {
        "row": 1, "schedule": 1, "file_id": "file-1", "address": b"/srv/\xff.txt", "name": "a.txt", "stamp": "1",
        "going": True,
    },
    "webhook_endpoints": {
        "row": 1, "id": "wh_1", "project": "proj_7", "name": "w", "url": "https://a.example", "event_types":
        json.dumps(["file_batch.completed"]), "secret": "s", "old_secret": "o", "old_secret_until": 1.5, "paused": True,
        "created_at": 1, "updated_at": 2, "delivered": 3, "given_up": 4, "last_error": "e",
    },
    "webhook_deliveries": {
        "row": 1, "endpoint": 1, "event_id": "evt_1", "type": "file_batch.completed", "object_id": "vsfb_1",
        "body": "{}", "created_at": 1.5, "attempts": 2, "next_try": 3.5,
    },
    "verifications": {
        "row": 1, "cron": "0 3 * * *", "next_at": 1.5, "ended_at": 2.5, "findings": json.dumps({"counters": 1}),
    },
}  # fmt: skip

RENAMED_TABLES = {"loose_blobs": "unclaimed_blobs"}

RENAMED_COLUMNS = {
    "store_files": {
        "redo_tokens": "pending_chunk_tokens", "redo_overlap": "pending_chunk_overlap", "redo_model": "pending_model",
        "kills": "crashes", "trace": "traceparent", "lease_owner": "lease_holder", "made_for": "claimed_model",
        "made_with": "pipeline_version", "aside_generation": "standby_generation", "aside_model": "standby_model",
        "aside_tokens": "standby_chunk_tokens", "aside_overlap": "standby_chunk_overlap",
        "aside_made_with": "standby_pipeline_version", "aside_chunks": "standby_chunks", "aside_terms": "standby_terms",
        "aside_bytes": "standby_usage_bytes",
    },
    "vector_stores": {
        "other_model": "standby_model", "other_state": "standby_state", "kept_since": "standby_since",
    },
    "loose_blobs": {"wanted": "is_reserved"},
    "imported_files": {"address": "source", "stamp": "fingerprint", "going": "is_removed"},
    "import_schedules": {"lease_owner": "lease_holder", "wanted_at": "due_since"},
    "point_jobs": {"first": "first_generation", "generation": "last_generation", "final": "is_final"},
}  # fmt: skip


def _renamed(rows: Rows) -> Rows:
    """Return the rows of 0001 as 0002 has them: the same values under other names."""
    renamed: Rows = {}
    for table, row in rows.items():
        names = RENAMED_COLUMNS.get(table, {})
        renamed[RENAMED_TABLES.get(table, table)] = {names.get(name, name): value for name, value in row.items()}
    return renamed


_0002 = _renamed(_0001)

_0005: Rows = _0002 | {
    "reindex_gates": {
        "vector_store_id": "vs_1", "model": "large", "created_at": 1, "version": 2, "tolerance": 0.1, "query_count": 3,
        "state": "failed", "batch": 1, "epoch": 2, "recalls": json.dumps([[1.0, 0.5]]), "result": None,
        "reason": "r", "evaluated_at": 4.5, "announced": True, "queries": json.dumps([{"query": "q"}]),
    },
}  # fmt: skip

_0006: Rows = _0005 | {
    "workers": {
        "id": "host/1", "node": "host", "lanes": "bulk", "processes": 2, "started_at": 1.5, "heartbeat_at": 2.5,
        "alive_until": 3.5,
    },
}  # fmt: skip

_0007: Rows = _0006 | {
    "clock_readings": {"boot_id": "b", "uptime": 1.5, "read_at": 2.5, "jumped_at": 3.5, "jump_seconds": -4.5},
}

ROWS: dict[str, Rows] = {
    "0001": _0001, "0002": _0002, "0003": _0002, "0004": _0002, "0005": _0005, "0006": _0006, "0007": _0007,
}  # fmt: skip
"""0003 and 0004 only add columns that have defaults."""

ADDED_COLUMNS: Rows = {
    "collections": {"cosine_floor": None},
    "outages": {"model": "", "reason": ""},
    "store_files": {
        "warnings": 0, "report": None, "lane": "fast", "pages_done": None, "pages_total": None,
        "text_checksum": None, "standby_text_checksum": None,
    },
    "vector_stores": {"languages": 0},
}  # fmt: skip
"""The columns that came after 0002, with the values that rows from before have in them."""

ADDED_TABLES = ("reindex_gates", "workers", "clock_readings")
"""The tables that came after 0002, which are empty at first. The rows of a later revision replace them."""

JSON_COLUMNS = {
    "scopes", "part_ids", "metadata", "attributes", "sources", "manifests", "include", "exclude", "attributes_from_path",
    "counts", "reasons", "event_types", "findings", "recalls", "queries",
}  # fmt: skip


def at_head(revision: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a revision by table, as the models at the head read them."""
    expected: dict[str, list[dict[str, Any]]] = {table: [] for table in ADDED_TABLES}
    for table, row in (_renamed(_0001) if revision == "0001" else ROWS[revision]).items():
        read = {name: json.loads(value) if name in JSON_COLUMNS else value for name, value in row.items()}
        expected[table] = [read | ADDED_COLUMNS.get(table, {})]
    return expected
