"""Re-index schedules as JSON."""

from api.schemas.schedules import ReindexSchedule
from ingest.db.models import ReindexSchedule as Row


def row(**changes: object) -> Row:
    """A nightly schedule of all files."""
    fields = {
        "id": "rs_1", "created_at": 1, "vector_store_id": "vs_1", "cron": "0 3 * * *", "timezone": "UTC", "only": "all",
        "paused": False, "next_run_at": 5, "last_run_at": None, "last_batch_id": None,
    }  # fmt: skip
    return Row(**fields | changes)


def test_a_schedule_without_chunk_sizes_has_no_strategy() -> None:
    assert ReindexSchedule.from_row(row()).chunking_strategy is None


def test_chunk_sizes_are_a_static_strategy() -> None:
    strategy = ReindexSchedule.from_row(row(chunk_tokens=200, chunk_overlap=0)).chunking_strategy

    assert strategy is not None
    assert strategy.model_dump() == {
        "type": "static",
        "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 0},
    }
