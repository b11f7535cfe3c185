"""`RerankServer`: a reranking model behind the route `/rerank` of Cohere, Jina, vLLM or text-embeddings-inference."""

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import cached_property
from urllib.parse import urlsplit, urlunsplit

import orjson

from ingest.config import Settings
from ingest.errors import DependencyDown
from ingest.net.http_pool import Bounds, HttpPool, InvalidUrl, NoResponse, Response
from ingest.net.retry_after import retry_after_seconds
from ingest.steps.rerank import Pair, PairsRefused, best, sigmoid
from ingest.steps.rerank.fitting import fit_query, split_passage
from ingest.steps.rerank.formats import FORMATS, Format, MalformedAnswer, are_logits, parse_scores

MAX_ANSWER_BYTES = 8 * 2**20
"""Some servers repeat the texts in their answer."""

MAX_CONCURRENT_REQUESTS = 32

_EXCERPT_CHARACTERS = 300
_MAX_PAUSE_SECONDS = 300.0  # a server that asks for more is asked again all the same
_REFUSED_STATUSES = (400, 413, 415, 422, 424)


class _Refused(Exception):
    """The server refuses a request for its texts or for its format."""


class RerankServer:
    """Scores over HTTP: one request for each query, or more where the format bounds the texts of one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        known = [format_ for format_ in FORMATS if format_.name == settings.rerank_format]
        self._format = known[0] if known else None
        """None until a server of unknown format has answered."""
        self._gives_logits = False
        self._paused_until = 0.0

    def score(self, pairs: Sequence[Pair]) -> list[float | None]:
        deadline = time.monotonic() + self._settings.rerank_timeout_seconds
        if not pairs:
            return []
        self._respect_pause()
        texts_of_query: dict[str, list[str]] = {}
        windows: list[tuple[str, range]] = []  # of each pair: the query, and the numbers of the passage's texts
        for query, passage in pairs:
            fitted = fit_query(query, self._settings.rerank_context_tokens)
            texts = texts_of_query.setdefault(fitted, [])
            start = len(texts)
            texts.extend(split_passage(passage, fitted, self._settings.rerank_context_tokens))
            windows.append((fitted, range(start, len(texts))))
        scores = self._as_probabilities(self._ask_about_all(texts_of_query, deadline))
        return [best([scores[query][number] for number in numbers]) for query, numbers in windows]

    def close(self) -> None:
        created = vars(self)  # the cached properties that were used
        if "_threads" in created:
            created.pop("_threads").shutdown(wait=False, cancel_futures=True)
        if "_connections" in created:
            created.pop("_connections").close()

    def _respect_pause(self) -> None:
        seconds_left = self._paused_until - time.monotonic()
        if seconds_left > 0:
            raise DependencyDown("reranker", "asked for a pause", retry_after_seconds=seconds_left)

    def _ask_about_all(self, texts_of_query: dict[str, list[str]], deadline: float) -> dict[str, list[float | None]]:
        """Ask about all queries concurrently. One failure fails all: scores of some queries only cannot be ranked."""
        futures = [self._threads.submit(self._ask, query, texts, deadline) for query, texts in texts_of_query.items()]
        # This also times out for a server that keeps sending single bytes; its thread ends soon after the deadline.
        done, late = wait(futures, timeout=max(0.0, deadline - time.monotonic()), return_when=FIRST_EXCEPTION)
        for future in late:
            future.cancel()
        for future in done:
            if exc := future.exception():
                raise exc
        if late:
            raise DependencyDown("reranker", f"no answer within {self._settings.rerank_timeout_seconds} s")
        return {query: future.result() for query, future in zip(texts_of_query, futures, strict=True)}

    def _ask(self, query: str, texts: list[str], deadline: float) -> list[float | None]:
        """Return the server's scores of the texts. Tries every format until the server has answered in one of them."""
        known = self._format
        refusals = []
        for format_ in FORMATS if known is None else (known,):
            try:
                scores = self._ask_in_batches(format_, query, texts, deadline)
            except (_Refused, MalformedAnswer) as exc:
                refusals.append(exc)
                continue
            self._format = format_
            return scores
        if isinstance(refusals[0], MalformedAnswer):
            raise DependencyDown("reranker", f"gave a malformed answer: {refusals[0]}") from refusals[0]
        if known is None:
            raise DependencyDown("reranker", f"refuses every format: {refusals[0]}") from refusals[0]
        raise PairsRefused(f"The reranker refuses the query or a passage: {refusals[0]}") from refusals[0]

    def _ask_in_batches(self, format_: Format, query: str, texts: list[str], deadline: float) -> list[float | None]:
        scores: list[float | None] = []
        for start in range(0, len(texts), format_.max_texts):
            batch = texts[start : start + format_.max_texts]
            body = orjson.dumps(format_.body(self._settings.rerank_model, query, batch))
            scores += parse_scores(self._post(body, deadline), len(batch))
        return scores

    def _post(self, body: bytes, deadline: float) -> object:
        """Return the decoded answer. Raises _Refused, MalformedAnswer, DependencyDown."""
        try:
            response = self._connections.send("POST", body, Bounds(deadline, MAX_ANSWER_BYTES))
        except InvalidUrl as exc:
            raise DependencyDown("reranker", f"INGEST_RERANK_URL is no address to ask: {exc}") from exc
        except NoResponse as exc:
            raise DependencyDown("reranker", f"no answer ({exc})") from exc
        if not response.is_success:
            self._fail(response)
        try:
            answer: object = response.json()
        except ValueError as exc:
            raise MalformedAnswer("it is not JSON") from exc
        return answer

    def _fail(self, response: Response) -> None:
        status = response.status
        if status in _REFUSED_STATUSES:
            raise _Refused(f"{status} {self._excerpt(response)}")
        if status in (401, 403):  # without the server's text: some servers quote the key
            raise DependencyDown("reranker", f"answered {status}: check INGEST_RERANK_API_KEY")
        if status in (404, 405):
            raise DependencyDown("reranker", f"answered {status}: check INGEST_RERANK_URL and INGEST_RERANK_MODEL")
        pause = retry_after_seconds(response.headers)
        if pause is not None:
            self._paused_until = time.monotonic() + min(pause, _MAX_PAUSE_SECONDS)
        raise DependencyDown("reranker", f"answered {status}: {self._excerpt(response)}", retry_after_seconds=pause)

    def _excerpt(self, response: Response) -> str:
        key = self._settings.rerank_api_key.get_secret_value()
        return (response.text.replace(key, "...") if key else response.text)[:_EXCERPT_CHARACTERS]

    def _as_probabilities(self, scores: dict[str, list[float | None]]) -> dict[str, list[float | None]]:
        """Return scores from 0 to 1: those of a server that was ever seen to give others are logits."""
        if any(are_logits(of_query) for of_query in scores.values()):
            self._gives_logits = True
        convert = sigmoid if self._gives_logits else _clip
        return {
            query: [None if score is None else convert(score) for score in of_query]
            for query, of_query in scores.items()
        }

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS, thread_name_prefix="rerank")

    @cached_property
    def _connections(self) -> HttpPool:
        key = self._settings.rerank_api_key.get_secret_value()
        timeout = self._settings.rerank_timeout_seconds
        return HttpPool(
            endpoint(self._settings.rerank_url),
            headers={"authorization": f"Bearer {key}"} if key else {},
            timeout_seconds=timeout,
            connect_seconds=timeout,
        )


def endpoint(url: str) -> str:
    """Return the address to ask: `url`, with `/rerank` at its end unless it is there. Raises InvalidUrl."""
    try:
        parts = urlsplit(url)
    except ValueError as exc:
        raise InvalidUrl(str(exc)) from exc
    path = parts.path.rstrip("/")
    if not path.rpartition("/")[2].startswith("rerank"):
        path += "/rerank"
    return urlunsplit(parts._replace(path=path))


def _clip(score: float) -> float:
    return min(1.0, max(0.0, score))
