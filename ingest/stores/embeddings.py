"""The embedding models of this service and their vectors, for applications that embed texts themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.errors import InvalidRequest, NotFound
from ingest.services import Services
from ingest.steps.chunk import Tokens, decode_tokens
from ingest.steps.embed import always_wanted, mean_vector
from ingest.steps.vectors import Vectors

MAX_CHARACTERS = 262_144
"""Characters of all texts of a request: the local model embeds that many in half of the time that a request has."""


@dataclass(frozen=True)
class Embeddings:
    """One vector of length 1 for each text, and the number of cl100k_base tokens of all texts."""

    vectors: Vectors
    tokens: int


def list_models(services: Services) -> list[str]:
    """Return the names of the configured models, the default one first."""
    default = services.settings.default_model
    return [default, *sorted(set(services.settings.models) - {default})]


def require_model(services: Services, model: str) -> None:
    """Raise NotFound for a model that is not configured."""
    if model not in list_models(services):
        known = ", ".join(f"'{name}'" for name in list_models(services))
        raise NotFound(
            f"The model '{model}' does not exist. Models of this service: {known}.",
            param="model",
            code="model_not_found",
        )


def embed(
    services: Services, model: str, inputs: Sequence[str | Sequence[int]], dimensions: int | None = None
) -> Embeddings:
    """Embed texts, or texts as cl100k_base tokens, as passages of documents.

    A text that is longer than the model's context gets the mean of its parts. Raises NotFound for an unknown model,
    InvalidRequest for too much text or other `dimensions` than the model has, and DependencyDown.
    """
    require_model(services, model)
    texts = [text if isinstance(text, str) else _decode(text) for text in inputs]
    if (characters := sum(map(len, texts))) > MAX_CHARACTERS:
        raise InvalidRequest(
            f"Invalid 'input': {characters:,} characters are too many for one request, at most {MAX_CHARACTERS:,} are "
            "accepted.",
            param="input",
            code="string_above_max_length",
        )
    with services.breaker_of(model).guard():
        embedder = services.embedder_of(model)
        if dimensions not in (None, embedder.dimensions):
            raise InvalidRequest(
                f"Invalid 'dimensions': the vectors of '{model}' have {embedder.dimensions} dimensions.",
                param="dimensions",
                code="invalid_value",
            )
        rows = embedder.embed(texts, always_wanted)
    vectors = np.stack([mean_vector(parts) for parts in rows])
    return Embeddings(vectors, sum(len(Tokens.from_text(text)) for text in texts))


def _decode(tokens: Sequence[int]) -> str:
    try:
        return decode_tokens(tokens)
    except ValueError as exc:
        raise InvalidRequest(f"Invalid 'input': {exc}.", param="input", code="invalid_value") from exc
