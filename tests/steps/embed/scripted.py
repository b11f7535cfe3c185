"""A scripted embedding server in place of the HTTP pool, and its answers."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import SecretStr

from ingest.config import Settings
from ingest.net.http_pool import Bounds, HttpPool, Response
from ingest.steps.embed.remote import RemoteEmbedder

KEY = "sk-secret"


Answer = Response | Exception


class ScriptedPool(HttpPool):
    """Returns the scripted answers, then those of `rule`, then good ones. Records the requests and the pauses."""

    def __init__(self, *answers: Answer, rule: Callable[[list[str]], Answer | None] = lambda texts: None) -> None:
        super().__init__("http://scripted", headers={}, timeout_seconds=1, connect_seconds=1)
        self.answers = list(answers)
        self.rule = rule
        self.bodies: list[dict[str, Any]] = []
        self.pauses: list[float] = []

    def embedder(self, **settings: Any) -> RemoteEmbedder:
        settings = {"embedding_url": "http://model/v1", "embedding_api_key": SecretStr(KEY)} | settings
        return RemoteEmbedder(Settings.model_validate(settings), self, self.pauses.append)

    @property
    def inputs(self) -> list[list[str]]:
        return [body["input"] for body in self.bodies]

    def send(self, method: Literal["POST", "PUT"], body: bytes, bounds: Bounds | None = None) -> Response:
        self.bodies.append(json.loads(body))
        texts = self.bodies[-1]["input"]
        answer = self.answers.pop(0) if self.answers else self.rule(texts) or good_answer(texts)
        if isinstance(answer, Exception):
            raise answer
        return answer


def vector_of(text: str) -> list[float]:
    return [float(len(text)), 1.0, 0.0]


def good_answer(texts: Sequence[str]) -> Response:
    return vectors_answer([vector_of(text) for text in texts])


def vectors_answer(rows: Sequence[object], indexes: Sequence[int] | None = None) -> Response:
    data = [{"index": i, "embedding": row} for i, row in zip(indexes or range(len(rows)), rows, strict=True)]
    return json_answer({"data": data})


def json_answer(body: object) -> Response:
    return Response(200, {}, json.dumps(body).encode())


def error_answer(status: int, message: str = "no", **headers: str) -> Response:
    lower_headers = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Response(status, lower_headers, json.dumps({"error": {"message": message}}).encode())
