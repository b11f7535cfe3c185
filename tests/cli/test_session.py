"""The recorded terminal session of the documentation (`deploy/docs/cli-session.md`), against a running service.

`make cli-session` records it again: it sets RECORD_CLI_SESSION.
"""

import os
import re
import shlex
from itertools import count
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.stories.running import running

pytestmark = [pytest.mark.services, pytest.mark.story, pytest.mark.timeout(300)]

PAGE = Path(__file__).parents[2] / "deploy" / "docs" / "cli-session.md"
INTRODUCTION = """# A terminal session

For everybody who wants to see what the commands print. A test runs these commands against a service and compares the output; `make cli-session`
records it again. Ids, times, sizes of disks and scores are replaced. The options are in [Command line](cli.md).

"""
FILES = {
    "contract.md": "# Contract\n\nThe notice period is three months to the end of a quarter.\n",
    "expenses.txt": "Travel expenses are paid within two weeks. Keep all receipts.\n",
    "broken.pdf": "%PDF-1.7\nThis file is broken.\n",
}
COMMANDS = """
ingest --version
ingest doctor
ingest models list
ingest import contract.md expenses.txt broken.pdf --store handbook --dry-run
ingest import contract.md expenses.txt broken.pdf --store handbook --attr year=2026
ingest imports list
ingest stores list
ingest stores show handbook
ingest files list handbook
ingest files list handbook --failed
ingest files text FILE --store handbook
ingest search handbook "how long is the notice period" --limit 1
ingest batches list handbook
ingest batches show BATCH
ingest status handbook
ingest report handbook
ingest usage
ingest import contract.md expenses.txt broken.pdf --store handbook
ingest retry handbook --wait
ingest schedule add handbook "0 3 * * *"
ingest schedule list
ingest stores create drafts --expires-days 7
ingest stores delete handbook --with-files --yes
ingest search handbook "notice period"
""".strip().splitlines()


def test_the_session_in_the_documentation_is_what_the_commands_print(
    ingest: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    with running(tmp_path / "data", "--workers", "1") as service:
        monkeypatch.setenv("INGEST_URL", service.base_url)
        session = record(ingest)
    made = INTRODUCTION + "```text\n" + normalize(session, service.base_url) + "```\n"

    if os.environ.get("RECORD_CLI_SESSION"):
        PAGE.write_text(made)
    assert made == PAGE.read_text()


def record(ingest: Command) -> str:
    """Run the commands, and return what a terminal shows. FILE and BATCH are ids that were printed before."""
    session = ""
    for command in COMMANDS:
        printed = command
        for word, pattern in (("FILE", r"file-\w+(?=[^\n]*contract)"), ("BATCH", r"vsfb_\w+")):
            if word in command:
                found = re.search(pattern, session)
                assert found, (word, session)
                printed = command.replace(word, found[0])
        ended = ingest(*shlex.split(printed)[1:])
        code = f"[exit code {ended.code}]\n" if ended.code else ""
        session += f"$ {printed}\n{ended.err}{ended.out}{code}\n"
    return session.rstrip() + "\n"


def normalize(session: str, url: str) -> str:
    """Replace what differs from run to run by something as wide."""
    numbers = count(1)
    seen: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        if match[0] not in seen:
            seen[match[0]] = f"{match[1]}{next(numbers):0{len(match[2])}}"
        return seen[match[0]]

    session = session.replace(url, "http://127.0.0.1:8000/v1")
    session = re.sub(r"\b(file-|(?:imp|vsfb|vs|rsch|isch|sch)_)([0-9a-zA-Z]{16,})", number, session)
    session = re.sub(
        r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", lambda found: "2026-12-01 12:00:00"[: len(found[0])], session
    )
    session = re.sub(r"[\d.,]+ [KMGT]iB free", "100.0 GiB free", session)
    session = re.sub(r"\b0\.\d{2,}\b", lambda found: "0.9" + "0" * (len(found[0]) - 3), session)
    return re.sub(r"ingest \d+\.\d+\.\d+\S*|(client|service) \d+\.\d+\.\d+\S*?(?=[,\n])", _version, session)


def _version(match: re.Match[str]) -> str:
    return f"{match[1] or 'ingest'} 0.5.0"
