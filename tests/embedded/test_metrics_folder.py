"""The folder of shared metrics: in memory, or on the disk where that does not work."""

from pathlib import Path

import pytest

from ingest.embedded import metrics_folder
from ingest.embedded.metrics_folder import delete_metrics_folder, make_metrics_folder


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shm"
    folder.mkdir()
    monkeypatch.setattr(metrics_folder, "SHARED_MEMORY", folder)
    return folder


def test_the_folder_is_empty_at_every_start_private_and_gone_at_the_end(tmp_path: Path, memory: Path) -> None:
    folder = make_metrics_folder(tmp_path / "data")
    (folder / "counter_1.db").touch()

    assert folder.parent == memory
    assert folder.stat().st_mode & 0o077 == 0
    assert make_metrics_folder(tmp_path / "data") == folder
    assert list(folder.glob("*.db")) == []
    assert make_metrics_folder(tmp_path / "other") != folder

    delete_metrics_folder(tmp_path / "data")
    assert not folder.exists()


def test_folders_of_killed_services_are_deleted(tmp_path: Path, memory: Path) -> None:
    killed = make_metrics_folder(tmp_path / "killed")
    (killed / "supervisor.pid").write_text(str(2**22 + 1))  # above the largest process id of Linux

    living = make_metrics_folder(tmp_path / "data")

    assert list(memory.iterdir()) == [living]


@pytest.mark.parametrize("obstacle", ["no shared memory", "a link of another user"])
def test_without_shared_memory_the_folder_is_in_the_data_folder(tmp_path: Path, memory: Path, obstacle: str) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "file").touch()
    if obstacle == "no shared memory":
        memory.rmdir()
    else:
        folder = make_metrics_folder(tmp_path / "data")
        delete_metrics_folder(tmp_path / "data")
        folder.symlink_to(target)

    assert make_metrics_folder(tmp_path / "data") == tmp_path / "data" / "run" / "metrics"
    assert (target / "file").exists()
