"""Requests and responses of models and embeddings, as OpenAI's API has them."""

import base64
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.parts import Id, RequestModel, ResponseModel, Whole
from ingest.stores.embeddings import Embeddings

MAX_INPUTS = 2048

_Text = Annotated[str, Field(min_length=1)]
_Token = Annotated[Whole, Field(ge=0, lt=2**31)]
_Tokens = Annotated[list[_Token], Field(min_length=1)]


class CreateEmbeddings(RequestModel):
    """Body of POST /embeddings. A text may be given as its cl100k_base tokens. `user` is ignored."""

    input: (
        _Text
        | Annotated[list[_Text], Field(min_length=1, max_length=MAX_INPUTS)]
        | _Tokens
        | Annotated[list[_Tokens], Field(min_length=1, max_length=MAX_INPUTS)]
    )
    model: Id
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Whole | None = Field(None, ge=1)
    user: str | None = None

    def inputs(self) -> list[str | list[int]]:
        """Return the texts, or the tokens of the texts."""
        given = self.input
        if isinstance(given, str):
            return [given]
        if isinstance(given[0], int):
            return [given]
        return list(given)


class Embedding(ResponseModel):
    """One vector, as numbers or as base64 of little-endian 32-bit floats."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Usage(ResponseModel):
    """Tokens of all texts of a request."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(ResponseModel):
    """The vectors, in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage

    @classmethod
    def from_embeddings(cls, model: str, embeddings: Embeddings, encoding_format: str) -> "EmbeddingList":
        vectors = embeddings.vectors.astype("<f4")
        values = [
            base64.b64encode(vector.tobytes()).decode() if encoding_format == "base64" else vector.tolist()
            for vector in vectors
        ]
        return cls(
            data=[Embedding(index=index, embedding=value) for index, value in enumerate(values)],
            model=model,
            usage=Usage(prompt_tokens=embeddings.tokens, total_tokens=embeddings.tokens),
        )


class Model(ResponseModel):
    """An embedding model of this service. `created` is always 0, because nobody knows when a model was made."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: Literal["ingest"] = "ingest"


class ModelList(ResponseModel):
    """The embedding models of this service, the default one first."""

    object: Literal["list"] = "list"
    data: list[Model]
