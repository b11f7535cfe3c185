"""Rerankers for tests: a server that speaks every format, and a folder with a generated cross-encoder."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

Speaks = Literal["cohere", "cohere-objects", "tei"]
Items = list[dict[str, Any]]

TEI_MAX_TEXTS = 32
SILENT_SECONDS = 30.0


class RerankServer(ThreadingHTTPServer):
    """Listens on a free port. The score of a text is the share of the query's words that it has.

    As the real servers do, it refuses a body of another format than `speaks`. `status` other than 200 is answered to every
    request, with `headers`. `change` may alter the items of an answer, and `body` replaces it. `logits` answers scores
    from -5 to 5. Every answer takes `seconds`; with `drips` it is sent byte by byte, each after a pause. A text that
    contains `refused_word` is refused.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.speaks: Speaks = "cohere"
        self.status = 200
        self.headers: dict[str, str] = {}
        self.change: Callable[[Items], Items] = lambda items: items
        self.body: bytes | None = None
        self.logits = False
        self.seconds = 0.0
        self.drips = False
        self.refused_word = ""
        self.requests: list[tuple[str, str | None, dict[str, Any]]] = []
        """The path, the Authorization header and the body of each request."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Do not print errors of clients that have left."""

    def answer(self, body: dict[str, Any]) -> tuple[int, object]:
        """Return the status and the answer to a request of the format that the server speaks."""
        texts = self._texts(body)
        if texts is None:
            return 422, {"message": "unknown or missing field"}
        if self.speaks == "tei" and len(texts) > TEI_MAX_TEXTS:
            return 422, {"error": f"batch size {len(texts)} > maximum allowed batch size {TEI_MAX_TEXTS}"}
        if self.refused_word and any(self.refused_word in text for text in texts):
            return 400, {"message": "the text is too long"}
        items = self.change(self._items(body["query"], texts))
        return 200, items if self.speaks == "tei" else {"id": "1", "results": items, "meta": {}}

    def _texts(self, body: dict[str, Any]) -> list[str] | None:
        if self.speaks == "tei":
            return body.get("texts")
        documents = body.get("documents")
        if not isinstance(documents, list) or not set(body) <= {"model", "query", "documents", "top_n"}:
            return None
        if self.speaks == "cohere":
            return documents if all(isinstance(text, str) for text in documents) else None
        return [each["text"] for each in documents] if all(isinstance(each, dict) for each in documents) else None

    def _items(self, query: str, texts: list[str]) -> Items:
        name = "score" if self.speaks == "tei" else "relevance_score"
        items = [{"index": index, name: self._score(query, text)} for index, text in enumerate(texts)]
        return sorted(items, key=lambda item: -item[name])

    def _score(self, query: str, text: str) -> float:
        score = shared_words(query, text)
        return 10 * score - 5 if self.logits else score


def shared_words(query: str, text: str) -> float:
    """Return the share of the query's words that a text has."""
    words = query.lower().split()
    return sum(word in text.lower().split() for word in words) / len(words)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RerankServer

    def do_POST(self) -> None:
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.requests.append((self.path, self.headers["Authorization"], body))
        time.sleep(server.seconds)
        status, answer = server.answer(body) if server.status == 200 else (server.status, {"message": "no"})
        content = server.body if server.body is not None and status == 200 else json.dumps(answer).encode()
        with suppress(OSError):  # the client may have left
            self._send(status, content)

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not self.server.drips:
            self.wfile.write(content)
            return
        for byte in content:
            time.sleep(0.05)
            self.wfile.write(bytes([byte]))

    def log_message(self, *_: object) -> None:
        """Do not print requests."""


@contextmanager
def rerank_server() -> Iterator[RerankServer]:
    """Run the server in a thread of this process."""
    server = RerankServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "heron",
    "otter",
    "dawn",
    "dusk",
    "river",
    "fish",
    "the",
    "and",
    "at",
    "in",
)
"""The vocabulary of the generated cross-encoder."""

LOGIT_PER_MATCH = 2.0
LOGIT_OF_NO_MATCH = -3.0


def write_cross_encoder(
    folder: Path,
    *,
    outputs: int = 1,
    subfolder: str = "onnx",
    context_tokens: int = 16,
    has_token_types: bool = True,
    extra_input: str = "",
) -> Path:
    """Write the folder of a cross-encoder and return it.

    Its logit is LOGIT_OF_NO_MATCH, and LOGIT_PER_MATCH more for each pair of equal words, one in the query and one in the
    passage. With two outputs, their difference is the logit.
    """
    import onnx

    (folder / subfolder).mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(
        json.dumps({"model_type": "bert", "max_position_embeddings": context_tokens, "num_labels": outputs})
    )
    _pair_tokenizer().save(str(folder / "tokenizer.json"))
    model = _matching_graph(outputs, has_token_types, extra_input)
    onnx.checker.check_model(model)
    (folder / subfolder / "model.onnx").write_bytes(model.SerializeToString())
    return folder


def _pair_tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing

    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", WORDS.index("[CLS]")), ("[SEP]", WORDS.index("[SEP]"))],
    )
    tokenizer.enable_truncation(4)  # as published tokenizers have, which the reader must lift
    tokenizer.enable_padding(length=4)
    return tokenizer


def _matching_graph(outputs: int, has_token_types: bool, extra_input: str) -> Any:
    """Return a graph that counts the equal words of two positions, of the query and the passage if it gets the types."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    names = ["input_ids", "attention_mask", *(["token_type_ids"] if has_token_types else [])]
    names += [extra_input] if extra_input else []
    constants = {
        "one": np.array(1, np.int64), "last_special": np.array(3, np.int64), "row": np.array([2], np.int64),
        "column": np.array([1], np.int64), "per_match": np.array(LOGIT_PER_MATCH, np.float32),
        "no_match": np.array(LOGIT_OF_NO_MATCH, np.float32), "half": np.array([[-0.5, 0.5]], np.float32),
        "axes": np.array([1, 2], np.int64), "shape": np.array([1, 1], np.int64),
    }  # fmt: skip
    last = {
        1: helper.make_node("Identity", ["logit"], ["logits"]),
        2: helper.make_node("Mul", ["logit", "half"], ["logits"]),
        3: helper.make_node("Concat", ["logit"] * 3, ["logits"], axis=1),
    }
    nodes = [
        helper.make_node("Greater", ["input_ids", "last_special"], ["is_word"]),
        helper.make_node("Unsqueeze", ["input_ids", "row"], ["ids_row"]),
        helper.make_node("Unsqueeze", ["input_ids", "column"], ["ids_column"]),
        helper.make_node("Equal", ["ids_row", "ids_column"], ["equal"]),
        *_pair_masks(helper, has_token_types),
        helper.make_node("And", ["equal", "pair_mask"], ["matches"]),
        helper.make_node("Cast", ["matches"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["numbers", "axes"], ["count"], keepdims=0),
        helper.make_node("Reshape", ["count", "shape"], ["count_2d"]),
        helper.make_node("Mul", ["count_2d", "per_match"], ["scaled"]),
        helper.make_node("Add", ["scaled", "no_match"], ["logit"]),
        last[outputs],
    ]
    graph = helper.make_graph(
        nodes,
        "matching",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "length"]) for name in names],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, outputs])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _pair_masks(helper: Any, has_token_types: bool) -> list[Any]:
    """Return the nodes of `pair_mask`: a word of the query in the row, and one of the passage in the column."""
    if has_token_types:
        sides = [
            helper.make_node("Equal", ["token_type_ids", "one"], ["is_second"]),
            helper.make_node("Not", ["is_second"], ["is_first"]),
            helper.make_node("And", ["is_word", "is_first"], ["in_query"]),
            helper.make_node("And", ["is_word", "is_second"], ["in_passage"]),
        ]
    else:  # each pair of equal words in the whole text, and each word with itself
        sides = [
            helper.make_node("Identity", ["is_word"], ["in_query"]),
            helper.make_node("Identity", ["is_word"], ["in_passage"]),
        ]
    return [
        *sides,
        helper.make_node("Unsqueeze", ["in_query", "row"], ["query_row"]),
        helper.make_node("Unsqueeze", ["in_passage", "column"], ["passage_column"]),
        helper.make_node("And", ["query_row", "passage_column"], ["pair_mask"]),
    ]
