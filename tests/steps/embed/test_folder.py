"""Models in folders: MiniLM in fp32, and a tiny model in the manner of XLM-RoBERTa."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.config import Settings
from ingest.config.model_folder import ModelFolder
from ingest.errors import Abandoned, DependencyDown, Refused
from ingest.steps.embed import MAX_PARTS, build, check_folders
from ingest.steps.embed.folder import FolderEmbedder
from ingest.steps.embed.onnx_folder import OnnxFolder
from ingest.steps.vectors import Vectors
from tests.model_folders import TINY_CONTEXT, TINY_DIMENSIONS, write_json, write_minilm, write_tiny


def open_folder(folder: Path, **settings: Any) -> FolderEmbedder:
    embedder = build(Settings(embedding_model_path=folder, **settings))
    assert isinstance(embedder, FolderEmbedder)
    return embedder


@pytest.fixture(scope="module")
def minilm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_minilm(tmp_path_factory.mktemp("models") / "minilm")


def tiny_states(folder: Path, text: str, words: slice = slice(None)) -> Vectors:
    """Return the tiny model's vectors (tokens, dimensions) of a text with its prefix, computed without ONNX Runtime."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(ModelFolder(folder).graph_file).graph
    rows = numpy_helper.to_array(next(value for value in graph.initializer if value.name == "words"))
    ids = OnnxFolder(folder).load_tokenizer().encode(text).ids
    states: Vectors = (rows[ids] + rows[ids].mean(axis=0))[words]
    return states


def unit(row: Vectors) -> Vectors:
    scaled: Vectors = row / np.linalg.norm(row)
    return scaled


def test_minilm_in_fp32_gives_the_published_vectors(minilm_folder: Path) -> None:
    expected = np.load(Path(__file__).parent / "minilm_fp32.npz")
    embedder = open_folder(minilm_folder)

    rows = np.concatenate(embedder.embed([str(text) for text in expected["texts"]]))

    assert (rows * expected["vectors"]).sum(axis=1).min() > 0.9999
    assert (embedder.dimensions, embedder.window_tokens) == (384, 170)


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("cls_token", lambda states: states[0]),
        ("mean_tokens", lambda states: states.mean(axis=0)),
        ("max_tokens", lambda states: states.max(axis=0)),
        ("lasttoken", lambda states: states[-1]),
    ],
)
def test_the_pooling_of_the_configuration_is_used(tmp_path: Path, pooling: str, expected: Any) -> None:
    embedder = open_folder(write_tiny(tmp_path, pooling=pooling))

    row = embedder.embed(["Water the tomato plants"])[0][0]

    np.testing.assert_allclose(
        row, unit(expected(tiny_states(tmp_path, "passage: Water the tomato plants"))), atol=1e-6
    )


def test_passages_and_queries_have_their_prefixes(tmp_path: Path) -> None:
    embedder = open_folder(write_tiny(tmp_path))

    query, passage = embedder.embed_query("the cat"), embedder.embed(["the cat"])[0][0]

    np.testing.assert_allclose(query, unit(tiny_states(tmp_path, "query: the cat")[0]), atol=1e-6)
    np.testing.assert_allclose(passage, unit(tiny_states(tmp_path, "passage: the cat")[0]), atol=1e-6)
    assert not np.allclose(query, passage)


def test_every_part_of_a_long_text_has_the_prefix_and_fits_the_context(tmp_path: Path) -> None:
    embedder = open_folder(write_tiny(tmp_path))
    room = TINY_CONTEXT - 3  # <s>, the prefix, </s>
    text = " ".join(["tomato"] * (2 * room))

    (rows,) = embedder.embed([text])

    half = unit(tiny_states(tmp_path, "passage: " + " ".join(["tomato"] * room))[0])
    np.testing.assert_allclose(rows, [half, half], atol=1e-6)
    assert len(embedder.embed([text + " tomato"])[0]) == 3
    assert embedder.embed_query(text) == pytest.approx(
        unit(tiny_states(tmp_path, "query: " + " ".join(["tomato"] * room))[0]), abs=1e-6
    )


def test_a_prefix_may_be_left_out_of_the_mean(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    write_json(tmp_path, "1_Pooling/config.json", {"pooling_mode_mean_tokens": True, "include_prompt": False})

    row = open_folder(tmp_path).embed(["the cat"])[0][0]

    np.testing.assert_allclose(
        row, unit(tiny_states(tmp_path, "passage: the cat", slice(2, None)).mean(axis=0)), atol=1e-6
    )


def test_a_graph_that_pools_is_used_as_it_is(tmp_path: Path) -> None:
    embedder = open_folder(write_tiny(tmp_path, output="sentence_embedding"))

    row = embedder.embed_query("the cat")

    np.testing.assert_allclose(row, unit(tiny_states(tmp_path, "query: the cat").mean(axis=0)), atol=1e-6)


def test_the_tokenizer_neither_truncates_nor_pads(tmp_path: Path) -> None:
    embedder = open_folder(write_tiny(tmp_path, pooling="mean_tokens"))
    text = "passage: Water the tomato plants daily on the sofa"

    row = embedder.embed([text.removeprefix("passage: ")])[0][0]

    np.testing.assert_allclose(row, unit(tiny_states(tmp_path, text).mean(axis=0)), atol=1e-6)


@pytest.mark.parametrize(
    ("context", "prefix", "window"),
    [(512, "", 341), (512, "passage: ", 338), (24, "", 16), (6143, "", 4095), (8192, "", None)],
)
def test_windows_follow_the_context(tmp_path: Path, context: int, prefix: str, window: int | None) -> None:
    folder = write_tiny(tmp_path, context_tokens=context, prompts={})

    embedder = open_folder(folder, embedding_passage_prefix=prefix)

    assert embedder.window_tokens == window


def test_a_text_longer_than_a_long_context_gets_the_mean_of_its_parts(tmp_path: Path) -> None:
    embedder = open_folder(write_tiny(tmp_path, context_tokens=8192))

    (rows,) = embedder.embed(["tomato " * 9000])

    assert rows.shape == (1, TINY_DIMENSIONS)


def test_a_run_of_one_sign_is_read_in_few_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = open_folder(write_tiny(tmp_path))
    read: list[object] = []
    row = embedder._row

    def count_and_read(part: Any) -> Any:
        read.append(part)
        return row(part)

    monkeypatch.setattr(embedder, "_row", count_and_read)

    vectors = embedder.embed(["cat " * 100 * TINY_CONTEXT] * 5)

    assert [len(rows) for rows in vectors] == [MAX_PARTS] * 5
    assert len(read) <= MAX_PARTS


def test_the_prefix_must_leave_room(tmp_path: Path) -> None:
    embedder = open_folder(write_tiny(tmp_path), embedding_query_prefix="the cat sleeps on the sofa " * 3)

    with pytest.raises(DependencyDown, match="leaves no room in the model's context of 24 tokens"):
        embedder.embed_query("the cat")


def test_other_dimensions_than_the_settings_name_are_refused(tmp_path: Path) -> None:
    embedder = open_folder(write_tiny(tmp_path), embedding_dimensions=384)

    with pytest.raises(Refused, match="has 16 dimensions, not 384"):
        embedder.check()


def test_a_changed_or_broken_folder_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    settings = Settings(embedding_model_path=write_tiny(tmp_path))
    (tmp_path / "tokenizer.json").unlink()

    with pytest.raises(Refused, match=r"INGEST_EMBEDDING_MODEL_PATH: .* has no tokenizer\.json"):
        build(settings)


def test_files_that_changed_since_the_start_are_not_loaded_under_the_old_name(tmp_path: Path) -> None:
    settings = Settings(embedding_model_path=write_tiny(tmp_path))
    embedder = build(settings.embedding_with(settings.default_model))
    write_tiny(tmp_path, seed=2)

    with pytest.raises(DependencyDown, match="changed since the service started: restart it"):
        embedder.embed_query("the cat")


def test_a_model_that_cannot_be_loaded_is_refused_by_the_check_at_start(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")

    with pytest.raises(Refused, match=r"tokenizer\.json cannot be read"):
        check_folders(Settings(embedding_model_path=tmp_path))


def test_a_model_that_works_passes_the_check(tmp_path: Path) -> None:
    check_folders(Settings(embedding_model_path=write_tiny(tmp_path)))


def test_a_model_that_gives_no_numbers_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = open_folder(write_tiny(tmp_path))
    monkeypatch.setattr(embedder, "_pool", lambda output, part: output[:, 0] * np.nan)

    with pytest.raises(DependencyDown, match="gave no vector"):
        embedder.embed(["the cat"])


def test_nothing_is_loaded_before_the_first_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OnnxFolder, "open_session", lambda _: pytest.fail("loaded"))
    settings = Settings(embedding_model_path=write_tiny(tmp_path / "tiny"))

    embedder = build(settings.embedding_with(settings.default_model))

    assert (embedder.model, embedder.window_tokens) == (settings.default_model, 16)


def test_a_child_after_a_fork_embeds(tmp_path: Path) -> None:
    embedder = open_folder(write_tiny(tmp_path))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, embedder.embed_query("the cat").tobytes())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        sent = pipe.read()
    os.waitpid(child, 0)

    assert sent == embedder.embed_query("the cat").tobytes()


def test_work_that_is_no_longer_wanted_is_abandoned_within_four_windows(tmp_path: Path) -> None:
    embedder = open_folder(write_tiny(tmp_path))
    answers = iter([True, False])

    with pytest.raises(Abandoned):
        embedder.embed(["a text"] * 5, lambda: next(answers))
