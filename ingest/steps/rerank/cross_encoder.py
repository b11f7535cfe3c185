"""`LocalCrossEncoder`: a reranking model in an ONNX folder, on one thread of this process and without network."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingest.config import Settings
from ingest.config.sentence_model import INPUTS
from ingest.errors import DependencyDown
from ingest.runtime import cancellation
from ingest.steps.embed.onnx_folder import OnnxFolder, UnusableFolder
from ingest.steps.rerank import Pair, best, sigmoid
from ingest.steps.rerank.fitting import clean

MAX_WINDOW_TOKENS = 512
"""Query, passage and special tokens of one input. Cross-encoders are trained on inputs of this length, and the time grows
with its square."""

_OVERLAP_SHARE = 8  # an eighth of a window is repeated in the next one, so that no sentence is cut in both


@dataclass(frozen=True)
class _Model:
    tokenizer: Any
    session: Any
    input_types: Mapping[str, type[np.integer[Any]]]
    window_tokens: int


class LocalCrossEncoder:
    """Scores one pair after the other, so that a score does not depend on the other passages.

    A passage that is longer than the model's context is read in windows, and the best one counts. The model is loaded for
    the first pair. Pairs for which no time is left get no score.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.rerank_model_path is None:
            raise ValueError("rerank_model_path is not set")
        self._folder = OnnxFolder(settings.rerank_model_path)
        self._timeout_seconds = settings.rerank_timeout_seconds
        self._lock = threading.Lock()
        """Held while the model is loaded."""
        self._model: _Model | None = None

    def score(self, pairs: Sequence[Pair]) -> list[float | None]:
        deadline = time.monotonic() + self._timeout_seconds
        if not pairs:
            return []
        model = self._load(deadline)
        scores: list[float | None] = []
        for query, passage in pairs:
            cancellation.check()
            if time.monotonic() >= deadline:
                break
            scores.append(_score_pair(model, query, passage, deadline))
        return scores + [None] * (len(pairs) - len(scores))

    def close(self) -> None:
        self._model = None

    def _load(self, deadline: float) -> _Model:
        """Return the model, loaded by the first thread that needs it while the others wait."""
        if model := self._model:
            return model
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise DependencyDown("reranker", "its model is still being loaded")
        try:
            model = self._model = self._model or _load_model(self._folder)
        except UnusableFolder as exc:
            raise DependencyDown("reranker", f"INGEST_RERANK_MODEL_PATH: {exc}") from exc
        finally:
            self._lock.release()
        return model


def _load_model(folder: OnnxFolder) -> _Model:
    if unknown := set(folder.read_header().inputs) - set(INPUTS):
        raise UnusableFolder(f"{folder.graph_file} needs other inputs than texts: {', '.join(sorted(unknown))}")
    session, tokenizer = folder.open_session(), folder.load_tokenizer()
    input_types = {each.name: np.int32 if each.type == "tensor(int32)" else np.int64 for each in session.get_inputs()}
    return _Model(tokenizer, session, input_types, min(folder.context_tokens(), MAX_WINDOW_TOKENS))


def _score_pair(model: _Model, query: str, passage: str, deadline: float) -> float | None:
    """Return the score of the best window, or None if the time ends before all of them are read."""
    scores: list[float | None] = []
    for window in _windows(model, query, passage):
        if scores and time.monotonic() >= deadline:
            return None
        scores.append(_score_window(model, window))
    return best(scores)


def _windows(model: _Model, query: str, passage: str) -> list[Any]:
    """Return the encodings of the pair: query and passage whole, or the query with each window of the passage.

    A query takes half of the window at most, because the passage needs room too.
    """
    first = model.tokenizer.encode(clean(query), add_special_tokens=False)
    first.truncate(model.window_tokens // 2)
    second = model.tokenizer.encode(clean(passage), add_special_tokens=False)
    room = max(1, model.window_tokens - len(first) - model.tokenizer.num_special_tokens_to_add(True))
    second.truncate(room, stride=room // _OVERLAP_SHARE)
    return [model.tokenizer.post_process(first, window) for window in (second, *second.overflowing)]


def _score_window(model: _Model, window: Any) -> float | None:
    values = {"input_ids": window.ids, "attention_mask": window.attention_mask, "token_type_ids": window.type_ids}
    feed = {name: np.array([values[name]], kind) for name, kind in model.input_types.items()}
    try:
        outputs = model.session.run(None, feed)
    except Exception as exc:  # the library has an exception class of its own for each kind of failure
        raise DependencyDown("reranker", f"its model fails: {exc}") from exc
    logits = np.asarray(outputs[0], np.float64).reshape(-1)
    if len(logits) not in (1, 2):
        raise DependencyDown("reranker", f"the model gives {len(logits)} numbers for a pair instead of one or two")
    # The softmax of two classes is the sigmoid of their difference. Class 1 means that the passage is relevant.
    logit = float(logits[-1] - (logits[0] if len(logits) == 2 else 0.0))
    return sigmoid(logit) if np.isfinite(logit) else None
