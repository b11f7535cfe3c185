"""The header of ONNX files, compared with what the package onnx reads."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ingest.config.onnx_header import GraphHeader, read_header
from tests.model_folders import tiny_graph


def write(tmp_path: Path, model: onnx.ModelProto) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def external(name: str, location: str) -> onnx.TensorProto:
    tensor = onnx.TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    for key, value in {"offset": "0", "location": location}.items():
        tensor.external_data.append(onnx.StringStringEntryProto(key=key, value=value))
    return tensor


def test_inputs_and_outputs_are_read(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, tiny_graph(40)))

    assert header == GraphHeader(("input_ids", "attention_mask"), ("last_hidden_state",), ())


def test_weights_that_are_listed_as_inputs_too_are_no_inputs(tmp_path: Path) -> None:
    model = tiny_graph(40)
    model.graph.input.append(helper.make_tensor_value_info("words", TensorProto.FLOAT, [40, 16]))

    assert read_header(write(tmp_path, model)).inputs == ("input_ids", "attention_mask")


def test_every_file_with_weights_is_found(tmp_path: Path) -> None:
    model = tiny_graph(40)
    model.graph.initializer.append(external("a", "weights.bin"))
    model.graph.initializer.append(external("b", "weights.bin"))
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=external("c", "constant.bin")))
    branch = helper.make_graph([], "branch", [], [helper.make_tensor_value_info("d", TensorProto.FLOAT, [1])])
    branch.initializer.append(external("d", "branch.bin"))
    model.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch))
    sparse = onnx.SparseTensorProto(values=external("e", "sparse.bin"), indices=numpy_helper.from_array(np.array([0])))
    model.graph.sparse_initializer.append(sparse)

    assert sorted(read_header(write(tmp_path, model)).data_files) == [
        "branch.bin",
        "constant.bin",
        "sparse.bin",
        "weights.bin",
    ]


@pytest.mark.parametrize("content", [b"", b"\x00", b"not ONNX", b"\x0a\xff\xff\xff\xff\x0f", b"\xff" * 40, b'{"a": 1}'])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)

    with pytest.raises(ValueError, match="is no ONNX graph"):
        read_header(tmp_path / "model.onnx")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, tiny_graph(40))
    content = path.read_bytes()

    for length in range(0, len(content), 97):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="is no ONNX graph"):
            read_header(path)


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_header(tmp_path / "model.onnx")
