"""The pieces of the local model's graph; tests/steps/embed/test_local.py compares its vectors with the published model."""

import json
from pathlib import Path

import numpy as np

from ingest.steps.embed.minilm_graph import read_tensors


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
