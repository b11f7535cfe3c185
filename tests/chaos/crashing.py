"""Run an action in a forked process that kills itself at a crash point."""

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
from ingest.jobs.maintenance import run_maintenance
from ingest.runtime.pdeathsig import die_with_parent
from ingest.stores import batches, files, members, uploads, vector_stores
from tests.chaos.world import World, WorldServices, services
from tests.fakes import CALLER, FakeServices

MAX_ACTION_SECONDS = 60
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
    "run a job": lambda services, given: run.run_job(services, given["row"], lease_holder="crashing/1"),
    "run a job without an embedder": lambda services, given: _run_job_without_embedder(services, given["row"]),
    "run a job and be stopped": lambda services, given: _run_job_and_stop(services, given["row"]),
    "run maintenance": lambda services, _: run_maintenance(services),
}


@dataclass(frozen=True)
class CrashPoint:
    """Where a process kills itself: before or after the n-th call of a method.

    A method is named like `blobs.store`; `commit` is the commit of a transaction that writes.
    """

    action: str
    method: str
    nth: int = 1
    after: bool = False

    def __str__(self) -> str:
        return f"{self.action}: {'after' if self.after else 'before'} {self.method} {self.nth}"


def member(file_id: str) -> Member:
    """Return a member with small chunks, so that a short text has many of them."""
    return Member(file_id, None, CHUNK_TOKENS, 0)


class ForkServer:
    """Runs actions in processes that are forked from one that has imported everything: 0.1 s each instead of seconds."""

    def __init__(self) -> None:
        parent_pid = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.crashing"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: die_with_parent(parent_pid),
        )

    def crash_at(self, world: World, point: CrashPoint, clock: Callable[[], float], **given: Any) -> None:
        """Run the action of a crash point in a process that kills itself there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        action = {"world": asdict(world), "point": asdict(point), "now": clock(), "given": given}
        self._process.stdin.write(json.dumps(action) + "\n")
        self._process.stdin.flush()
        ending = self._process.stdout.readline().strip()
        assert ending == str(-signal.SIGKILL), f"the process did not reach the crash point and ended with {ending!r}"

    def close(self) -> None:
        """End the forking process. Every action has ended before."""
        self._process.communicate()


def main() -> None:
    """Run the actions that arrive line by line, and print the exit status of each process."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            signal.alarm(MAX_ACTION_SECONDS)
            os.dup2(2, 1)  # standard output carries answers only; logs go to standard error
            try:
                run_action(json.loads(line))
            except Exception:  # noqa: BLE001 - the traceback goes to the test's output
                traceback.print_exc()
            os._exit(1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def run_action(action: Mapping[str, Any]) -> None:
    """Run an action. The process must not survive it."""
    point = CrashPoint(**action["point"])
    now: float = action["now"]
    created = services(World(**action["world"]), lambda: now)
    _install_crash_point(created, point)
    ACTIONS[point.action](created, action["given"])


class CrashingProxy:
    """A proxy of a collaborator that kills the process at the n-th call of one method."""

    def __init__(self, inner: object, point: CrashPoint) -> None:
        self._inner = inner
        self._method = point.method.partition(".")[2]
        self._calls_left = point.nth
        self._after = point.after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._method:
            return found

        def crashing_method(*args: Any, **named: Any) -> Any:
            self._calls_left -= 1
            if self._calls_left == 0 and not self._after:
                _kill_self()
            answer = found(*args, **named)
            if self._calls_left == 0:
                _kill_self()
            return answer

        return crashing_method


def _install_crash_point(created: WorldServices, point: CrashPoint) -> None:
    if point.method == "commit":
        _die_at_commit(created.database, point)
        return
    name = point.method.partition(".")[0]
    setattr(created, name, CrashingProxy(getattr(created, name), point))


def _die_at_commit(database: Database, point: CrashPoint) -> None:
    calls_left, writes = [point.nth], [False]

    def count() -> None:
        calls_left[0] -= 1
        if calls_left[0] == 0:
            _kill_self()

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
        database.engine.dialect.do_commit = commit  # type: ignore[assignment, method-assign]  # a fault


def _run_job_without_embedder(services: FakeServices, row: int) -> None:
    services.embedder.error = DependencyDown("embedder", "it is down")
    run.run_job(services, row, lease_holder="crashing/1")


def _run_job_and_stop(services: FakeServices, row: int) -> None:
    services.embedder.before_embedding = services.stopping.set
    run.run_job(services, row, lease_holder="crashing/1")


def _kill_self() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a process cannot survive this")


if __name__ == "__main__":
    main()
