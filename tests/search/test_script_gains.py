"""The gain of an embedding model in a script."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from ingest.config import Settings
from ingest.errors import DependencyDown, FileError
from ingest.search import script_gains
from ingest.search.fusion import FusionWeights
from ingest.search.script_gains import LATIN, LEAST_GAIN, damped, measure, script_of
from ingest.steps.embed import MAX_PARTS, always_wanted
from ingest.steps.embed.local import LocalEmbedder
from ingest.steps.vectors import Vectors
from tests.fakes import FakeEmbedder, FakeServices

HALF = FusionWeights(0.5, 0.5)
THAI = "ค่าเช่าเดือนนี้"


class ScriptEmbedder(FakeEmbedder):
    """Gives the sentences of each pair of the `known` scripts one direction, and random directions to all others."""

    def __init__(self, *known: str) -> None:
        super().__init__()
        self._topics = {
            sentence: number
            for script in known
            for number, pair in enumerate(script_gains._pairs()[script])
            for sentence in pair
        }
        self._random = np.random.default_rng(7)

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always_wanted) -> list[Vectors]:
        self.embedded += len(texts)
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> Vectors:
        row = self._random.normal(0, 0.3, 32).astype(np.float32)
        if text in self._topics:
            row[self._topics[text]] += 3
        return (row / np.linalg.norm(row))[None, :]


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("What does error E07 mean?", LATIN),
        ("Wörterbuch", LATIN),
        ("12 + 30 %", LATIN),
        ("", LATIN),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", LATIN),
        ("ошибка E07", "cyrillic"),
        ("Σφάλμα", "greek"),
        ("错误 E07 是什么意思", "han"),
        ("秘密鍵の保護", "kana"),
        ("비밀번호", "hangul"),
        ("كلمة المرور", "arabic"),
        ("סיסמה", "hebrew"),
        ("पासवर्ड", "devanagari"),
        (THAI, "thai"),
    ],
)
def test_the_script_of_a_query_is_that_of_most_letters(text: str, script: str) -> None:
    assert script_of(text) == script


def test_a_script_without_pairs_counts_as_a_rare_one() -> None:
    assert script_of("გამარჯობა") == "devanagari"


def test_there_are_eight_pairs_of_every_script_that_is_told() -> None:
    pairs = script_gains._pairs()

    assert set(pairs) == set(script_gains._SCRIPTS.values())
    assert {len(of_script) for of_script in pairs.values()} == {8}
    assert {script_of(question + answer) for question, answer in pairs["kana"]} == {"kana"}
    assert all(script_of(question) == script for script in pairs for question, _ in pairs[script])


def test_a_model_has_a_high_gain_in_a_script_that_it_knows_and_the_least_in_others() -> None:
    embedder = ScriptEmbedder(LATIN, "thai")

    assert measure(embedder, "thai") > 0.8
    assert measure(embedder, "arabic") == LEAST_GAIN


def test_a_model_that_does_not_know_english_has_a_gain_of_1() -> None:
    assert measure(FakeEmbedder(), "thai") >= LEAST_GAIN
    assert measure(_Constant(), "thai") == 1.0


def test_the_default_model_knows_little_beside_latin_letters(settings: Settings) -> None:
    embedder = LocalEmbedder(settings)

    gains = {script: measure(embedder, script) for script in ("kana", "han", "cyrillic", "thai", "arabic")}

    assert 0.3 > gains.pop("kana") > max(gains.values())
    assert gains["han"] < 0.15
    assert gains["thai"] == gains["arabic"] == LEAST_GAIN


def test_the_embedding_weight_is_multiplied_by_the_gain(services: FakeServices) -> None:
    services.embedder = ScriptEmbedder(LATIN)

    assert damped(services, [services.settings.default_model], THAI, HALF) == FusionWeights(0.5 * LEAST_GAIN, 0.5)


def test_weights_of_0_and_queries_in_latin_letters_are_left_alone(services: FakeServices) -> None:
    services.embedder = embedder = ScriptEmbedder(LATIN)

    assert damped(services, [services.settings.default_model], "naïve rent", HALF) == HALF
    assert damped(services, [services.settings.default_model], THAI, FusionWeights(1, 0)) == FusionWeights(1, 0)
    assert damped(services, [services.settings.default_model], THAI, FusionWeights(0, 1)) == FusionWeights(0, 1)
    assert embedder.embedded == 0


def test_a_gain_is_measured_once(services: FakeServices) -> None:
    services.embedder = embedder = ScriptEmbedder(LATIN)

    for _ in range(3):
        damped(services, [services.settings.default_model], THAI, HALF)

    assert embedder.embedded == 32


def test_an_embedder_that_refuses_the_sentences_is_reported_as_down() -> None:
    embedder = FakeEmbedder()
    embedder.error = FileError("no")

    with pytest.raises(DependencyDown):
        measure(embedder, "thai")


class _Constant(FakeEmbedder):
    def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
        return np.full(8, 8**-0.5, np.float32)
