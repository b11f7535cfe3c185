"""What an ONNX file declares about its graph, without loading the weights: inputs, outputs, and files beside it.

The package `onnx` would read the whole file into memory (0.3 s and 60 MB for the package alone). This reads the protocol buffer
fields that matter (onnx.proto3 of the ONNX project) and skips the rest.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Message types by field number, for the fields that can lead to a tensor, and so to a file with its data.
_MESSAGES = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse_tensor"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse_tensor", 23: "sparse_tensor"},
    "sparse_tensor": {1: "tensor", 2: "tensor"},
    "tensor": {13: "data_entry"},
}
_GRAPH, _OPERATOR_SETS = 7, 8
_INITIALIZERS, _INPUTS, _OUTPUTS = 5, 11, 12
_TENSOR_NAME, _VALUE_NAME = 8, 1
_MAX_DEPTH = 32


@dataclass(frozen=True)
class GraphHeader:
    """Names of the graph's inputs and outputs, and the files with weights as the graph names them, relative to its own."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    data_files: tuple[str, ...]


@dataclass(frozen=True)
class _Field:
    number: int
    start: int
    end: int


def read_header(path: Path) -> GraphHeader:
    """Return what the file declares. Raises ValueError for a file that is not ONNX, OSError for one that is unreadable."""
    with path.open("rb") as stream:
        try:
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _Reader(content).header()
        except (IndexError, RecursionError, UnicodeDecodeError, ValueError) as exc:
            raise ValueError(f"{path} is no ONNX graph, or only a part of one") from exc


class _Reader:
    def __init__(self, content: mmap.mmap) -> None:
        self._content = content

    def header(self) -> GraphHeader:
        size = len(self._content)
        fields = list(self._fields(0, size))
        graphs = [field for field in fields if field.number == _GRAPH]
        if len(graphs) != 1 or all(field.number != _OPERATOR_SETS for field in fields):  # they come after the graph
            raise ValueError("no graph")
        names: dict[int, list[str]] = {_INITIALIZERS: [], _INPUTS: [], _OUTPUTS: []}
        for field in self._fields(graphs[0].start, graphs[0].end):
            if field.number in names:
                name_number = _TENSOR_NAME if field.number == _INITIALIZERS else _VALUE_NAME
                names[field.number] += self._texts(field, name_number)
        if not names[_OUTPUTS]:
            raise ValueError("no outputs")
        weights = set(names[_INITIALIZERS])  # old exporters list the weights among the inputs too
        inputs = tuple(name for name in names[_INPUTS] if name not in weights)
        files = dict.fromkeys(self._data_files("model", 0, size, 0))
        return GraphHeader(inputs, tuple(names[_OUTPUTS]), tuple(files))

    def _data_files(self, message: str, start: int, end: int, depth: int) -> Iterator[str]:
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        for field in self._fields(start, end):
            inner = _MESSAGES[message].get(field.number)
            if inner == "data_entry":
                if self._texts(field, 1) == ["location"]:
                    yield from self._texts(field, 2)
            elif inner is not None:
                yield from self._data_files(inner, field.start, field.end, depth + 1)

    def _texts(self, message: _Field, number: int) -> list[str]:
        fields = self._fields(message.start, message.end)
        return [self._content[field.start : field.end].decode() for field in fields if field.number == number]

    def _fields(self, start: int, end: int) -> Iterator[_Field]:
        """Yield the fields of variable length of the message at [start, end)."""
        at = start
        while at < end:
            key, at = self._varint(at)
            wire_type, length = key & 7, 0
            if wire_type == _VARINT:
                _, at = self._varint(at)
            elif wire_type == _BYTES:
                length, at = self._varint(at)
                yield _Field(key >> 3, at, at + length)
            elif wire_type not in (_FIXED64, _FIXED32):
                raise ValueError("unknown wire type")
            at += {_FIXED64: 8, _FIXED32: 4}.get(wire_type, length)
            if at > end:
                raise ValueError("truncated")

    def _varint(self, at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = self._content[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
            if shift > 63:
                raise ValueError("overlong number")
