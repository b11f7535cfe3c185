"""Failed files grouped by reason."""

from ingest.imports.failures import group_by_reason


def test_a_reason_keeps_only_its_first_paths() -> None:
    ((reason, group),) = group_by_reason((f"{number}.txt", "failed", None, "empty") for number in range(20_000))

    assert (reason, group.files, len(group.paths)) == ("empty", 20_000, 1_000)
