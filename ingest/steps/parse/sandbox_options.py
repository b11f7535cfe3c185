"""What a worker tells its parser process at the start, as one argument of its command line."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

CageMode = Literal["auto", "require", "off"]


@dataclass(frozen=True)
class SandboxOptions:
    """Options of a parser process.

    `handlers` is the module with the parsers. `memory_mib` limits a file, and `hard_memory_mib` a file with its OCR.
    `may_start_threads` is for RapidOCR, and `may_run_programs` for Tesseract. No file in `private` can be read, whatever else may be.
    """

    handlers: str
    memory_mib: int
    hard_memory_mib: int
    max_text_mib: int
    cage: CageMode = "auto"
    may_start_threads: bool = False
    may_run_programs: bool = False
    private: tuple[str, ...] = ()

    @property
    def private_paths(self) -> tuple[Path, ...]:
        return tuple(map(Path, self.private))


@dataclass(frozen=True)
class StartArguments:
    """The options, and what differs from process to process: channel, worker, and the folders of this process."""

    options: SandboxOptions
    channel: int
    worker_pid: int
    input_folder: str
    scratch_files: tuple[str, ...]

    def to_json(self) -> str:
        """Return the arguments as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "StartArguments":
        """Return the arguments that `to_json` wrote."""
        values = json.loads(text)
        options = SandboxOptions(**{**values["options"], "private": tuple(values["options"]["private"])})
        return cls(**{**values, "options": options, "scratch_files": tuple(values["scratch_files"])})
