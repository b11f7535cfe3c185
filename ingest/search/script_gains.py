"""The gain of an embedding model in a script: how well it tells related from unrelated texts there, from 0.1 to 1.

A model that was trained on English gives noise for other alphabets: with all-MiniLM-L6-v2, unrelated Thai sentences have
a cosine of .99. Half of the score would then be noise, and Thai texts, which BM25 alone ranks with nDCG@10 .90, would fall
to .57. So the weight of the dense part is multiplied by the gain of the query's script. A multilingual model has a gain
of about 1 in every script, and keeps its weight.

The gain is measured with fixed pairs of a question and its answer (ingest/data/script_pairs.txt): the distance between the
mean cosine of the pairs and that of all other combinations, in standard deviations of these, divided by the same of
English, to the power 1.5. MiniLM: kana .23, Han .1, Cyrillic .1, others less. On handbook pages and on tests/retrieval,
nDCG@10 with these gains was higher than with the mere quotients: Japanese .741 (.727), Chinese .811 (.790).
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from ingest.errors import DependencyDown, FileError
from ingest.search.fusion import FusionWeights
from ingest.services import Services
from ingest.steps.embed import Embedder, mean_vector

LATIN = "latin"
"""The script whose gain is 1: every model knows English."""

LEAST_GAIN = 0.1
"""Enough to decide between passages with the same words. Smaller gains are noise of eight pairs."""

_POWER = 1.5  # a quotient of .4 still means mostly noise: the best weights were lower than the quotients

_PAIRS = Path(__file__).parents[1] / "data" / "script_pairs.txt"
_OTHER_SCRIPT = "devanagari"  # scripts without pairs are as rare in the training of models
_MAX_CHARACTERS = 200  # of a query, from which its script is told

# First words of the Unicode names of letters. Han letters are written by Japanese too, then with kana among them.
_SCRIPTS = {
    "LATIN": LATIN, "FULLWIDTH": LATIN, "MODIFIER": LATIN, "CYRILLIC": "cyrillic", "GREEK": "greek", "CJK": "han",
    "HIRAGANA": "kana", "KATAKANA": "kana", "KATAKANA-HIRAGANA": "kana", "HALFWIDTH": "kana", "HANGUL": "hangul",
    "ARABIC": "arabic", "HEBREW": "hebrew", "DEVANAGARI": "devanagari", "THAI": "thai",
}  # fmt: skip


def script_of(text: str) -> str:
    """Return the script of most letters at the start of a text. A text without letters counts as Latin."""
    if text.isascii():
        return LATIN
    letters = Counter(_script_of_letter(letter) for letter in text[:_MAX_CHARACTERS] if letter.isalpha())
    if letters["kana"]:
        letters["kana"] += letters.pop("han", 0)
    return max(letters, key=lambda script: letters[script], default=LATIN)


def damped(services: Services, models: Sequence[str], text: str, weights: FusionWeights) -> FusionWeights:
    """Return the weights for a query, the dense one multiplied by the least gain of the models in its script.

    A weight of 0 stays 0. Raises DependencyDown if a gain must be measured and the embedder fails.
    """
    script = script_of(text)
    if script == LATIN or weights.embedding <= 0 or weights.text <= 0:
        return weights
    gain = min((_gain(services, model, script) for model in models), default=1.0)
    return FusionWeights(weights.embedding * gain, weights.text)


def measure(embedder: Embedder, script: str) -> float:
    """Return the gain of a model in a script. Raises DependencyDown if the embedder does not give vectors."""
    english = _distance(embedder, LATIN)
    if not english > 0:  # such a model has no scale to compare with
        return 1.0
    quotient = min(1.0, max(0.0, _distance(embedder, script) / english))
    return max(LEAST_GAIN, float(quotient**_POWER))


def _gain(services: Services, model: str, script: str) -> float:
    """Return a gain, measured at the first query of this process in the script: 32 sentences, 0.1 s with MiniLM."""
    gains = services.script_gains
    if (model, script) not in gains:
        with services.breaker_of(model).guard():
            gains[model, script] = measure(services.embedder_of(model), script)
    return gains[model, script]


def _distance(embedder: Embedder, script: str) -> float:
    """Return how far the cosines of pairs lie above the others, in standard deviations of the others."""
    pairs = _pairs()[script]
    try:
        vectors = embedder.embed([sentence for pair in pairs for sentence in pair])
    except FileError as error:
        raise DependencyDown("embedder", f"refuses plain sentences with '{embedder.model}': {error}") from error
    rows = np.array([mean_vector(each) for each in vectors])
    cosines = rows[::2] @ rows[1::2].T
    others = cosines[~np.eye(len(pairs), dtype=bool)]
    distance = (np.diag(cosines).mean() - others.mean()) / max(float(others.std()), 1e-6)
    return float(distance) if np.isfinite(distance) else 0.0


@cache
def _pairs() -> Mapping[str, Sequence[tuple[str, str]]]:
    pairs: dict[str, list[tuple[str, str]]] = {}
    for line in _PAIRS.read_text("utf-8").splitlines():
        script, question, answer = line.split("\t")
        pairs.setdefault(script, []).append((question, answer))
    return pairs


@cache
def _script_of_letter(letter: str) -> str:
    return _SCRIPTS.get(unicodedata.name(letter, "").split(" ")[0], _OTHER_SCRIPT)
