"""A handler that misbehaves as its file says; the sandbox of a test imports this module by its bare name."""

import ctypes
import json
import os
import subprocess
import threading
import time
from pathlib import Path

import attacks  # type: ignore[import-not-found]  # by its bare name, as this module

from ingest.errors import UnsupportedFile
from ingest.steps.parse import ParsedText
from ingest.steps.parse.progress import report_progress
from ingest.steps.parse.scratch import scratch_file

HANDLERS = {"html": "hostile:run_instruction"}

_leaked: list[bytes] = []


def run_instruction(path: Path) -> ParsedText:
    """Run the instruction in the file. The text is this process's id, unless the instruction defines another one."""
    instruction, _, argument = path.read_text().removeprefix("<html>").strip().partition(" ")
    match instruction:
        case "hang":
            time.sleep(600)
        case "burn":
            while True:
                pass
        case "report-and-wait":  # `report_progress` drops reports in quick succession
            report_progress(os.getpid(), 1)
            time.sleep(float(argument))
        case "hang-with-processes":
            report_progress(os.getpid(), _start_processes())
            time.sleep(600)
        case "fork-bomb":
            _multiply()
        case "thread-bomb":
            threading.stack_size(2**15)
            for _ in range(1_000):
                threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
            time.sleep(600)
        case "attack":
            with scratch_file() as scratch:
                places = json.loads(argument) | {"scratch": str(scratch)}
                return ParsedText(json.dumps(attacks.attempt_all(path, places)), "html")
        case "x32":
            ctypes.CDLL(None).syscall(0x40000000 | 39)
        case "eat":
            hoard = [bytearray(64 * 2**20) for _ in range(1000)]
            print(len(hoard))
        case "keep":
            _leaked.append(b"x" * (60 * 2**20))
        case "abort":
            os.abort()
        case "raise":
            raise ValueError(f"cannot\n read {path}")
        case "lack":
            raise ImportError("no module named 'a_part'")
        case "refuse":
            raise UnsupportedFile("The file type is not supported: it is a test.")
        case "print":
            print("chatter " * 10_000)
            os.write(1, b"more chatter\n")
        case "long":
            return ParsedText("x" * int(argument), "html")
        case "environment":
            return ParsedText(" ".join(sorted(os.environ)), "html")
        case "folder":
            return ParsedText(f"{os.getcwd()} {json.__file__}", "html")
        case "blank":
            return ParsedText(" \n ", "html")
    return ParsedText(str(os.getpid()), "html")


def _start_processes() -> int:
    """Start a program and, by a fork of a fork, a process without a parent. Return the pid of the latter."""
    subprocess.Popen(["sleep", "600"])
    reader, writer = os.pipe()
    if not os.fork():
        if not os.fork():
            os.write(writer, str(os.getpid()).encode())
            time.sleep(600)
        os._exit(0)
    os.wait()
    return int(os.read(reader, 20))


def _multiply() -> None:
    for _ in range(200):
        if not os.fork():
            time.sleep(600)
    time.sleep(600)
