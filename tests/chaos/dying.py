"""Processes that do one thing and die with -9 in the midst of it: `python -m tests.chaos.dying`, one JSON line each.

Production code knows nothing of this: the thing is done with collaborators that kill their process at a given call.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Connection, event

from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.errors import DependencyDown
from ingest.jobs import run
from ingest.jobs.maintenance import sweep
from ingest.runtime.pdeathsig import die_with_parent
from ingest.stores import batches, files, members, uploads, vector_stores
from tests.chaos.world import World, WorldTools, services
from tests.fakes import CALLER, FakeServices

PATIENCE_SECONDS = 60
CHUNK_TOKENS = 100

ACTIONS: dict[str, Callable[[FakeServices, Mapping[str, Any]], object]] = {
    "create a file": lambda services, given: files.create(
        services, CALLER, filename="new.txt", purpose="assistants", blocks=[given["text"].encode()], expires_after=None
    ),
    "add a part": lambda services, given: uploads.add_part(services, CALLER, given["upload"], [given["text"].encode()]),
    "complete an upload": lambda services, given: uploads.complete(
        services, CALLER, given["upload"], given["parts"], None
    ),
    "attach a file": lambda services, given: members.attach(
        services, CALLER, given["store"], member(given["files"][0])
    ),
    "create a batch": lambda services, given: batches.create(
        services, CALLER, given["store"], [*map(member, given["files"])]
    ),
    "cancel a batch": lambda services, given: batches.cancel(services, CALLER, given["store"], given["batch"]),
    "detach a file": lambda services, given: members.delete(services, CALLER, given["store"], given["files"][0]),
    "delete a file": lambda services, given: files.delete(services, CALLER, given["files"][0]),
    "delete a store": lambda services, given: vector_stores.delete(services, CALLER, given["store"]),
    "change attributes": lambda services, given: members.update_attributes(
        services, CALLER, given["store"], given["files"][0], {"colour": "red"}
    ),
    "run a job": lambda services, given: run.run(services, given["row"], owner="dying/1"),
    "run a job without an embedder": lambda services, given: _without_embedder(services, given["row"]),
    "run a job and be stopped": lambda services, given: _stopped(services, given["row"]),
    "sweep": lambda services, _: sweep(services),
}


@dataclass(frozen=True)
class Point:
    """Where to die: before or after a method's n-th call. The method is named as `blobs.keep`, that of a transaction
    that writes `commit`."""

    action: str
    method: str
    nth: int = 1
    after: bool = False

    def __str__(self) -> str:
        return f"{self.action}: {'after' if self.after else 'before'} {self.method} {self.nth}"


def member(file_id: str) -> Member:
    """Files are cut small, so that a text of few words has many chunks."""
    return Member(file_id, None, CHUNK_TOKENS, 0)


class Stuntman:
    """Plays scenes, each in a process of its own that is forked from one which has imported everything: 0.1 s each."""

    def __init__(self) -> None:
        me = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.dying"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: die_with_parent(me),
        )

    def die(self, world: World, point: Point, clock: Callable[[], float], **given: Any) -> None:
        """Have a process do what a point says, and die there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        scene = {"world": asdict(world), "point": asdict(point), "now": clock(), "given": given}
        self._process.stdin.write(json.dumps(scene) + "\n")
        self._process.stdin.flush()
        ending = self._process.stdout.readline().strip()
        assert ending == str(-signal.SIGKILL), f"the process did not die there, but ended with {ending!r}"

    def close(self) -> None:
        """End the process that forks; each scene has ended by now."""
        self._process.communicate()


def main() -> None:
    """Play the scenes that come line by line, and say how each process ended."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            signal.alarm(PATIENCE_SECONDS)
            os.dup2(2, 1)  # logs are not for whoever waits for our answer
            try:
                play(json.loads(line))
            except Exception:  # noqa: BLE001 - told to whoever reads the test's output
                traceback.print_exc()
            os._exit(1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def play(scene: Mapping[str, Any]) -> None:
    """Do the thing, and do not survive it."""
    point = Point(**scene["point"])
    now: float = scene["now"]
    made = services(World(**scene["world"]), lambda: now)
    _arm(made, point)
    ACTIONS[point.action](made, scene["given"])


class Deadly:
    """A collaborator that works as ever, but for one method's n-th call, which ends the process."""

    def __init__(self, inner: object, point: Point) -> None:
        self._inner = inner
        self._method = point.method.partition(".")[2]
        self._left = point.nth
        self._after = point.after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._method:
            return found

        def deadly(*args: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                _die()
            answer = found(*args, **named)
            if self._left == 0:
                _die()
            return answer

        return deadly


def _arm(made: WorldTools, point: Point) -> None:
    if point.method == "commit":
        _die_at_commit(made.database, point)
        return
    name = point.method.partition(".")[0]
    setattr(made, name, Deadly(getattr(made, name), point))


def _die_at_commit(database: Database, point: Point) -> None:
    left, writes = [point.nth], [False]

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            _die()

    def before(connection: Connection) -> None:
        options = connection.get_execution_options()
        writes[0] = not (options.get("ingest_read_only") or options.get("postgresql_readonly"))
        if writes[0] and not point.after:
            count()

    def commit(connection: Any) -> None:
        do_commit(connection)
        if writes[0]:
            count()

    event.listen(database.engine, "commit", before)
    if point.after:
        do_commit = database.engine.dialect.do_commit
        database.engine.dialect.do_commit = commit  # type: ignore[assignment, method-assign]


def _without_embedder(services: FakeServices, row: int) -> None:
    services.embedder.error = DependencyDown("embedder", "it is down")
    run.run(services, row, owner="dying/1")


def _stopped(services: FakeServices, row: int) -> None:
    services.embedder.before = services.stopping.set
    run.run(services, row, owner="dying/1")


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a process cannot survive this")


if __name__ == "__main__":
    main()
