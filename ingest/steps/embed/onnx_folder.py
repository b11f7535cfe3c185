"""A model's folder as sentence-transformers and Optimum write it: tokenizer.json, config.json, and the ONNX graph.

Embedding models and cross-encoders share this reader.
"""

from pathlib import Path
from typing import Any

from ingest.config.model_folder import ModelFolder, UnusableFolder
from ingest.environment import set_library_switches

__all__ = ["OnnxFolder", "UnusableFolder", "open_session"]


class OnnxFolder(ModelFolder):
    """Loads the files of one folder. Nothing is kept."""

    def load_tokenizer(self) -> Any:
        """Return the tokenizer, without the truncation and padding that its file may ask for. Raises UnusableFolder."""
        from tokenizers import Tokenizer

        path = self.path / "tokenizer.json"
        try:
            tokenizer = Tokenizer.from_str(path.read_text("utf-8"))
        except Exception as exc:  # the library raises plain Exception for a file that it cannot parse
            raise UnusableFolder(f"{path} cannot be read: {exc}") from exc
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def open_session(self) -> Any:
        """Load the graph into ONNX Runtime. Raises UnusableFolder."""
        path = self.graph_file
        try:
            return open_session(path)
        except Exception as exc:  # the library has an exception class of its own for each kind of failure
            raise UnusableFolder(f"{path} cannot be loaded: {exc}") from exc


def open_session(path: Path) -> Any:
    """Load a graph into ONNX Runtime, with one thread and without a memory arena."""
    set_library_switches({"ORT_DISABLE_TELEMETRY": "1"})
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # worker processes are the parallelism, and a fork would lose threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # arena and patterns keep memory for every text length seen
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
