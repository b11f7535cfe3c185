"""Which files of a model's folder count, and the fingerprint that changes with them."""

import os
from pathlib import Path

import pytest

from ingest.config.model_folder import MANIFEST, ModelFolder, UnusableFolder, choose_graph
from tests.model_folders import write_json, write_tiny


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["onnx/model.onnx", "model.onnx", "onnx/model_quantized.onnx"], "model.onnx"),
        (["onnx/model_quantized.onnx", "onnx/model.onnx"], "onnx/model.onnx"),
        (["onnx/model_int8.onnx", "onnx/model_quantized.onnx", "onnx/model_fp16.onnx"], "onnx/model_quantized.onnx"),
        (["onnx/model_fp16.onnx", "onnx/model_int8.onnx"], "onnx/model_int8.onnx"),
        (["onnx/model_qint8_avx512.onnx", "config.json"], "onnx/model_qint8_avx512.onnx"),
        (["onnx/model_O1.onnx", "onnx/model_O2.onnx"], None),
        (["openvino/model.onnx", "config.json"], None),
        ([], None),
    ],
)
def test_graphs_are_preferred_in_the_documented_order(names: list[str], chosen: str | None) -> None:
    assert choose_graph(names) == chosen


@pytest.mark.parametrize("graph", ["model.onnx", "onnx/model.onnx", "onnx/model_int8.onnx"])
def test_the_path_of_a_graph_stands_for_its_folder(tmp_path: Path, graph: str) -> None:
    write_tiny(tmp_path, graph=graph)

    folder = ModelFolder(tmp_path / graph)

    assert folder.path == tmp_path
    assert folder.graph_file == tmp_path / graph == ModelFolder(tmp_path).graph_file


def test_a_graph_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFolder, match=r"other\.onnx does not exist"):
        _ = ModelFolder(write_tiny(tmp_path) / "other.onnx").graph_file


def test_several_graphs_without_a_known_name_are_refused_with_the_way_out(tmp_path: Path) -> None:
    for name in ("model_O1.onnx", "model_O2.onnx"):
        write_tiny(tmp_path, graph=name)

    with pytest.raises(UnusableFolder, match="name one of its graphs"):
        _ = ModelFolder(tmp_path).graph_file


def test_the_fingerprint_depends_on_the_contents_and_not_on_the_place(tmp_path: Path) -> None:
    first, second = ModelFolder(write_tiny(tmp_path / "a")), ModelFolder(write_tiny(tmp_path / "b"))

    assert first.fingerprint() == second.fingerprint()
    assert len(first.fingerprint()) == 12
    assert first.fingerprint(also="passage: ") != first.fingerprint()


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "onnx/model.onnx", "1_Pooling/config.json"])
def test_the_fingerprint_changes_with_each_file_that_counts(tmp_path: Path, name: str) -> None:
    folder = ModelFolder(write_tiny(tmp_path))
    before = folder.fingerprint("1_Pooling/config.json")
    path = tmp_path / name
    modified = path.stat().st_mtime_ns

    path.write_bytes(path.read_bytes() + b" " if name.endswith("json") else write_other_graph(tmp_path))
    os.utime(path, ns=(modified + 1_000, modified + 1_000))

    assert folder.fingerprint("1_Pooling/config.json") != before


def test_the_size_of_the_graph_is_that_of_its_files(tmp_path: Path) -> None:
    write_tiny(tmp_path)

    assert ModelFolder(tmp_path).graph_bytes() == (tmp_path / "onnx/model.onnx").stat().st_size


def test_other_files_do_not_count(tmp_path: Path) -> None:
    folder = ModelFolder(write_tiny(tmp_path))
    before = folder.fingerprint()

    (tmp_path / "README.md").write_text("# Tiny")
    write_json(tmp_path, "special_tokens_map.json", {})

    assert folder.fingerprint() == before


def test_a_file_that_is_not_the_installed_one_is_refused(tmp_path: Path) -> None:
    folder = ModelFolder(write_tiny(tmp_path))
    hashes = folder.hashes()
    write_json(tmp_path, MANIFEST, {"files": {name: {"sha256": sha256} for name, sha256 in hashes.items()}})
    assert folder.hashes() == hashes

    write_json(tmp_path, MANIFEST, {"files": {"tokenizer.json": {"sha256": "0" * 64}}})

    with pytest.raises(UnusableFolder, match=r"tokenizer\.json is not the file that was installed"):
        folder.fingerprint()


def write_other_graph(tmp_path: Path) -> bytes:
    return (write_tiny(tmp_path / "other", seed=2) / "onnx/model.onnx").read_bytes()
