"""A handler that misbehaves as its file says; the sandbox of a test imports this module by its bare name."""

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

from ingest.errors import UnsupportedFile
from ingest.runtime.pdeathsig import die_with_parent
from ingest.steps.parse import ParsedText

HANDLERS = {"html": "hostile:run_instruction"}


_leaked: list[bytes] = []


def run_instruction(path: Path) -> ParsedText:
    """Run the instruction in the file. The text is this process's id, unless the instruction defines another one."""
    instruction, _, argument = path.read_text().removeprefix("<html>").strip().partition(" ")
    match instruction:
        case "hang":
            time.sleep(600)
        case "hang-with-grandchild":
            grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path(argument).write_text(f"{os.getpid()} {grandchild.pid}")
            time.sleep(600)
        case "hang-with-pdeathsig":  # like a program that a parser starts
            parent = os.getpid()
            grandchild = subprocess.Popen(["sleep", "600"], preexec_fn=lambda: die_with_parent(parent))
            unfinished = Path(argument + ".part")
            unfinished.write_text(f"{parent} {grandchild.pid}")
            unfinished.rename(argument)
            time.sleep(600)
        case "eat":
            hoard = [bytearray(64 * 2**20) for _ in range(1000)]
            print(len(hoard))
        case "keep":
            _leaked.append(b"x" * (60 * 2**20))
        case "abort":
            os.abort()
        case "abort-once":
            if not Path(argument).exists():
                Path(argument).touch()
                ctypes.string_at(0)
        case "raise":
            raise ValueError(f"cannot\n read {path}")
        case "refuse":
            raise UnsupportedFile("The file type is not supported: it is a test.")
        case "print":
            print("chatter " * 10_000)
            os.write(1, b"more chatter\n")
        case "long":
            return ParsedText("x" * int(argument), "html")
        case "connect":
            import socket

            socket.create_connection(("127.0.0.1", 9), timeout=1)
        case "environment":
            return ParsedText(" ".join(sorted(os.environ)), "html")
        case "blank":
            return ParsedText(" \n ", "html")
    return ParsedText(str(os.getpid()), "html")
