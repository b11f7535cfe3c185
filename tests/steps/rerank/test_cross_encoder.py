"""A local cross-encoder: a generated model that counts equal words proves how pairs are read. It says nothing of quality."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ingest.config import Settings
from ingest.errors import DependencyDown
from ingest.steps.embed.onnx_folder import OnnxFolder
from ingest.steps.rerank import cross_encoder, sigmoid
from ingest.steps.rerank.cross_encoder import LocalCrossEncoder
from tests.rerankers import LOGIT_OF_NO_MATCH, LOGIT_PER_MATCH, write_cross_encoder

QUERY = "heron at dawn"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("model"))


def encoder(folder: Path, **settings: Any) -> LocalCrossEncoder:
    return LocalCrossEncoder(Settings.model_validate({"rerank_model_path": folder} | settings))


def score_slowly(*_: object) -> float:
    time.sleep(0.15)
    return 0.5


def probability(matches: int) -> float:
    return sigmoid(LOGIT_OF_NO_MATCH + LOGIT_PER_MATCH * matches)


def test_query_and_passage_are_read_together(folder: Path) -> None:
    pairs = [(QUERY, "the otter"), (QUERY, "The Heron at dawn"), (QUERY, "a heron"), ("otter", "the otter")]

    assert encoder(folder).score(pairs) == pytest.approx([probability(n) for n in (0, 3, 1, 1)])


def test_words_repeated_in_the_query_alone_do_not_match(folder: Path) -> None:
    assert encoder(folder).score([("heron heron", "otter otter")]) == pytest.approx([probability(0)])


def test_of_two_outputs_the_second_is_relevance(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path, outputs=2, subfolder=".")

    assert encoder(folder).score([(QUERY, "heron"), (QUERY, "otter")]) == pytest.approx(
        [probability(1), probability(0)]
    )


def test_a_model_without_token_types_gets_none(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path, has_token_types=False)

    [near, far] = encoder(folder).score([("heron", "heron"), ("heron", "otter")])

    assert sorted([near or 0, far or 0]) == [far, near]


def test_a_long_passage_has_the_score_of_its_best_window(folder: Path) -> None:
    padding = "river " * 30

    scores = encoder(folder).score([(QUERY, f"{padding} heron at dawn {padding}"), (QUERY, padding)])

    assert scores == pytest.approx([probability(3), probability(0)])


def test_matches_of_different_windows_are_not_added(folder: Path) -> None:
    apart = "heron " + "river " * 30 + "dawn"

    assert encoder(folder).score([(QUERY, apart)]) == pytest.approx([probability(1)])


def test_a_long_query_is_cut_and_leaves_room_for_the_passage(folder: Path) -> None:
    query = "heron " + "at " * 40 + "dawn"

    assert encoder(folder).score([(query, "heron"), (query, "dawn")]) == pytest.approx([probability(1), probability(0)])


@pytest.mark.parametrize("texts", [("", ""), ("heron", ""), ("", "heron"), ("   ", "\n"), ("zzz", "\ud800")])
def test_texts_without_known_words_get_a_score_too(folder: Path, texts: tuple[str, str]) -> None:
    assert encoder(folder).score([texts]) == pytest.approx([probability(0)])


def test_no_input_is_longer_than_the_context(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []
    original = cross_encoder._score_window

    def record(model: Any, window: Any) -> float | None:
        lengths.append(len(window.ids))
        return original(model, window)

    monkeypatch.setattr(cross_encoder, "_score_window", record)

    encoder(folder).score([("heron " * 30, "river " * 50), ("heron", "river")])

    assert max(lengths) == 16
    assert lengths[-1] == 5


def test_pairs_after_the_deadline_get_no_score(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = encoder(folder, rerank_timeout_seconds=0.25)
    client.score([("heron", "heron")])
    monkeypatch.setattr(cross_encoder, "_score_window", score_slowly)

    scores = client.score([("heron", "heron")] * 50)

    assert scores[0] == 0.5
    assert scores[5:] == [None] * 45


def test_a_passage_that_is_not_read_to_its_end_in_time_gets_no_score(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = encoder(folder, rerank_timeout_seconds=0.2)
    client.score([("heron", "heron")])
    monkeypatch.setattr(cross_encoder, "_score_window", score_slowly)

    assert client.score([("heron", "river " * 30), ("heron", "river")]) == [None, None]


def test_a_score_that_is_no_number_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        def get_inputs(self) -> list[Any]:
            return []

        def run(self, *_: object) -> list[list[float]]:
            return [[float("nan")]]

    monkeypatch.setattr(OnnxFolder, "open_session", lambda _: Session())

    assert encoder(folder).score([("heron", "heron")]) == [None]


def test_the_model_is_loaded_once_at_the_first_pair(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    original = OnnxFolder.open_session

    def load(self: OnnxFolder) -> Any:
        loads.append(1)
        time.sleep(0.1)
        return original(self)

    monkeypatch.setattr(OnnxFolder, "open_session", load)
    client = encoder(folder)
    assert client.score([]) == []
    assert loads == []

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: client.score([("heron", "heron")]), range(4)))

    assert results == [pytest.approx([probability(1)])] * 4
    assert len(loads) == 1
    client.close()
    client.score([("heron", "heron")])
    assert len(loads) == 2


def test_a_search_does_not_wait_longer_than_its_time_for_the_model_to_load(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_load, is_loading = threading.Event(), threading.Event()

    def load(self: OnnxFolder) -> Any:
        is_loading.set()
        may_load.wait(10)
        raise AssertionError("the test ends before")

    monkeypatch.setattr(OnnxFolder, "open_session", load)
    client = encoder(folder, rerank_timeout_seconds=0.1)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(client.score, [("heron", "heron")])
        assert is_loading.wait(10)
        with pytest.raises(DependencyDown, match="being loaded"):
            client.score([("heron", "heron")])
        may_load.set()
        with pytest.raises(AssertionError):
            first.result()


@pytest.mark.parametrize("missing", ["tokenizer.json", "onnx/model.onnx"])
def test_a_folder_without_a_file_raises_dependency_down(tmp_path: Path, missing: str) -> None:
    folder = write_cross_encoder(tmp_path)
    (folder / missing).unlink()

    with pytest.raises(DependencyDown, match="INGEST_RERANK_MODEL_PATH"):
        encoder(folder).score([("heron", "heron")])


def test_a_model_with_unknown_inputs_raises_dependency_down(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path, extra_input="pixel_values")

    with pytest.raises(DependencyDown, match="pixel_values"):
        encoder(folder).score([("heron", "heron")])


def test_a_model_with_three_outputs_raises_dependency_down(tmp_path: Path) -> None:
    with pytest.raises(DependencyDown, match="3 numbers"):
        encoder(write_cross_encoder(tmp_path, outputs=3)).score([("heron", "heron")])


def test_a_model_that_fails_at_an_input_raises_dependency_down(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        def get_inputs(self) -> list[Any]:
            return []

        def run(self, *_: object) -> None:
            raise RuntimeError("indices out of range")

    monkeypatch.setattr(OnnxFolder, "open_session", lambda _: Session())

    with pytest.raises(DependencyDown, match="out of range"):
        encoder(folder).score([("heron", "heron")])
