"""`ingest logs`: the logs of the processes that `ingest up` runs."""

from typing import Annotated

import typer

from ingest.cli.options import DataFolder
from ingest.cli.output import echo
from ingest.config import load_settings
from ingest.embedded.merged_logs import LogLine, follow, last_lines, list_processes
from ingest.errors import Refused


def logs(
    process: Annotated[
        str | None, typer.Argument(metavar="[PROCESS]", help="Only this process, for example api or worker.")
    ] = None,
    lines: Annotated[int, typer.Option("-n", "--lines", min=1, max=100_000, help="Lines to print.")] = 100,
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    data: DataFolder = None,
) -> None:
    """Print the latest log lines of the service.

    These are the logs of `ingest up`.

    The lines of all processes are merged by their time, each with the name of its process in front. The logs are in the
    folder `logs` of the data folder, and are kept when the service stops.
    """
    folder = load_settings(data=data).data
    names = list_processes(folder)
    if process is not None and process not in names:
        raise Refused(f"There is no log of {process}. There are logs of {', '.join(names)}.")
    chosen = names if process is None else [process]
    width = max(map(len, chosen))
    for line in last_lines(folder, chosen, lines):
        _print(line, width, single=process is not None)
    if follow_:
        for line in follow(folder, chosen):
            _print(line, width, single=process is not None)


def _print(line: LogLine, width: int, *, single: bool) -> None:
    echo(line.text if single else f"{line.process.ljust(width)} | {line.text}")
