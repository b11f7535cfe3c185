"""Scheduled imports read nothing outside the import roots, over fakes and on both databases."""

from pathlib import Path
from typing import Any

import pytest

from ingest.imports.service_journal import ServiceJournal
from tests.fakes import FakeServices
from tests.imports.mirror_scenes import create_mirror, nonzero_counts, run_to_end, store_file_names


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder outside the import roots."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text("The key is under the mat.")
    return secret


def test_links_out_of_the_import_roots_are_not_followed(
    services: FakeServices, documents: Path, tmp_path: Path, secret: Path
) -> None:
    (documents / "file.txt").symlink_to(secret / "key.txt")
    (documents / "documents").symlink_to(secret)
    (documents / "own.txt").symlink_to(services.settings.data.parent / "test.db")

    ended = run_to_end(services, create_mirror(services, documents), tmp_path)

    assert (ended.result, nonzero_counts(ended)) == (
        "incomplete",
        {"uploaded": 3, "completed": 3, "not_uploaded": 3, "total": 6},
    )
    assert [(item["reason"], item["files"]) for item in ended.reasons] == [("The path is outside the import roots", 3)]
    assert store_file_names(services, create_mirror(services, documents)) == []


def test_a_source_that_became_a_link_out_of_the_roots_is_refused(
    services: FakeServices, documents: Path, tmp_path: Path, secret: Path
) -> None:
    schedule = create_mirror(services, documents)
    run_to_end(services, schedule, tmp_path)
    documents.rename(documents.with_name("moved"))
    documents.symlink_to(secret)

    ended = run_to_end(services, schedule, tmp_path)

    assert (ended.result, nonzero_counts(ended)) == ("failed", {})
    assert ended.error is not None
    assert "outside" in ended.error
    assert store_file_names(services, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_a_file_replaced_by_a_link_between_scan_and_upload_is_not_read(
    services: FakeServices, documents: Path, tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = ServiceJournal.list_pending

    def entries(*given: Any, **named: Any) -> Any:
        (documents / "a.txt").unlink(missing_ok=True)
        (documents / "a.txt").symlink_to(secret / "key.txt")
        return original(*given, **named)

    monkeypatch.setattr(ServiceJournal, "list_pending", entries)

    ended = run_to_end(services, create_mirror(services, documents), tmp_path)

    assert nonzero_counts(ended) == {"uploaded": 2, "completed": 2, "not_uploaded": 1, "total": 3}
    assert ended.reasons[0]["reason"] == "The path is outside the import roots"


def test_a_manifest_cannot_name_files_outside_the_import_roots(
    services: FakeServices, documents: Path, tmp_path: Path, secret: Path
) -> None:
    listing = documents / "list.txt"
    lines = [str(secret / "key.txt"), "../../secret/key.txt", f"file://{secret}/key.txt", f"{secret}/*", "a.txt"]
    lines += ["file:///etc/%2e%2e/etc/hostname", "memory://x", "a.txt::file:///etc/hostname", "http://127.0.0.1:1/x"]
    listing.write_text("\n".join(lines))

    ended = run_to_end(services, create_mirror(services, documents, sources=[], manifests=[str(listing)]), tmp_path)

    assert nonzero_counts(ended) == {"uploaded": 1, "completed": 1, "not_uploaded": 8, "total": 9}
