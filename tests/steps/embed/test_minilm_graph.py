"""The pieces of the local model's graph; tests/steps/embed/test_local.py compares its vectors with the published model."""

import json
from pathlib import Path

import numpy as np
import pytest
from onnx import numpy_helper

from ingest.steps.embed import minilm
from ingest.steps.embed.minilm_channels import HOT_CHANNELS
from ingest.steps.embed.minilm_graph import build_graph, read_tensors


def test_the_float_tensors_of_a_safetensors_file_are_read(tmp_path: Path) -> None:
    matrix = np.arange(6, dtype="<f4").reshape(2, 3)
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "ids": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
            "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
        }
    ).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8) + matrix.tobytes())

    tensors = read_tensors(path)

    assert list(tensors) == ["weight"]
    np.testing.assert_array_equal(tensors["weight"], matrix)


def test_the_hot_channels_are_32_different_ones_in_each_layer() -> None:
    assert len(HOT_CHANNELS) == 6
    for channels in HOT_CHANNELS:
        assert len(channels) == len(set(channels)) == 32
        assert 0 <= min(channels) <= max(channels) < 1536


@pytest.mark.parametrize("bits", [7, 8])
def test_every_channel_is_multiplied_once(bits: int) -> None:
    path = minilm._published_file("model.safetensors")

    constants = {value.name: value for value in build_graph(read_tensors(path), bits).graph.initializer}

    for layer in range(6):
        prefix = f"encoder.layer.{layer}."
        assert list(constants[prefix + "intermediate.most.int8"].dims) == [384, 1504]
        assert list(constants[prefix + "output.hot.weight"].dims) == [32, 384]
        most = numpy_helper.to_array(constants[prefix + "output.most.int8"])
        assert most.shape == (1504, 384)
        assert np.abs(most).max() == 2 ** (bits - 1) - 1
