"""The file of the local model."""

import os
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.errors import DependencyDown
from ingest.steps.embed import minilm


def test_a_built_graph_is_found_and_not_built_again(tmp_path: Path) -> None:
    built = minilm.ensure_model_file([Settings().models_dir, tmp_path])
    before = built.stat().st_mtime_ns

    assert minilm.ensure_model_file([tmp_path, built.parent]) == built
    assert built.stat().st_mtime_ns == before
    assert list(tmp_path.iterdir()) == []


def test_the_graph_is_built_in_the_next_folder_if_the_first_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    built = minilm.ensure_model_file([tmp_path / "file" / "models", tmp_path / "data"])

    assert built.parent == tmp_path / "data"
    assert not [name for name in os.listdir(built.parent) if name.endswith(".tmp")]


def test_a_missing_writable_folder_raises_dependency_down(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DependencyDown, match="no folder"):
        minilm.ensure_model_file([tmp_path / "file" / "models"])


@pytest.mark.parametrize("has_vnni", [False, True])
def test_the_file_for_every_processor_needs_no_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_vnni: bool
) -> None:
    minilm.build_for_every_processor(tmp_path)
    monkeypatch.setattr(minilm, "_published_file", lambda name: tmp_path / "missing" / name)
    monkeypatch.setattr(minilm, "_weight_bits", lambda: (8, 7) if has_vnni else (7,))

    assert minilm.ensure_model_file([tmp_path]).stat().st_size > 30e6
