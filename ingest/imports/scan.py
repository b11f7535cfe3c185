"""The scan: what the sources hold now against what the journal knows, written down as what has to be done."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ingest.imports.attributes import Attributes, complaint_about
from ingest.imports.journal import Import, Journal, Todo, Transaction
from ingest.imports.patterns import PathAttributes
from ingest.imports.source_files import Failure, Found

EMPTY = "It is empty"


@dataclass(frozen=True)
class Style:
    """Which attributes files get: `fixed` ones, others from their paths, and last those of their manifest."""

    fixed: Attributes
    from_path: PathAttributes

    def of(self, found: Found) -> dict[str, Any]:
        return {**self.fixed, **self.from_path.of(found.relative), **found.attributes}


@dataclass
class Tally:
    """What a scan has seen so far."""

    found: int = 0
    unchanged: int = 0
    problems: int = 0
    blind: bool = False
    """Something could not be looked at, so nothing can be said to be missing."""


def scan(
    journal: Journal,
    this: Import,
    files: Iterable[Found | Failure],
    style: Style,
    told: Callable[[Tally], None],
    transaction: Transaction,
) -> Tally:
    """Look at everything once; `told` hears of the tally after each. Nothing but the journal is changed."""
    tally = Tally()
    for each in files:
        _look(journal, this, each, style, tally)
        transaction.step()
        told(tally)
    journal.scanned(this.number, found=tally.found, unchanged=tally.unchanged, problems=tally.problems)
    return tally


def _look(journal: Journal, this: Import, each: Found | Failure, style: Style, tally: Tally) -> None:
    if isinstance(each, Failure):
        journal.problem(this.number, each.shown, each.reason)
        tally.problems += 1
        tally.blind = tally.blind or each.blind
        return
    known = journal.known(each.address)
    if known is not None and known["seen"] == this.number:  # reached on another way before
        return
    found = replace(each, attributes=style.of(each))
    complaint = EMPTY if found.size == 0 else complaint_about(found.attributes)
    if complaint:
        journal.problem(this.number, found.shown, complaint)
        tally.problems += 1
        if known is not None:
            journal.pass_over(known["number"], this.number)
        return
    tally.found += 1
    if known is None:
        journal.add(found, "upload", this.number)
        return
    if known["todo"] == "remove":
        journal.forget(known["number"])
        known |= {"todo": "upload", "state": "none", "file_id": None}
    todo, restyled = _todo(known, found)
    tally.unchanged += not todo and known["state"] == "completed"
    if found.size is None:  # its stamp is the web server's, of the version that is held
        found = replace(found, stamp=known["stamp"], size=known["size"])
    if known["name"] != found.name:
        journal.renamed(known["number"])
    journal.see(known["number"], found, todo, this.number, restyled=restyled)


def _todo(known: dict[str, Any], found: Found) -> tuple[Todo, bool]:
    """What has to be done with a known file, and whether its attributes are new."""
    restyled = json.loads(known["attributes"]) != dict(found.attributes)
    if (
        known["todo"] == "upload"
        or known["name"] != found.name
        or not found.stamp
        or (known["size"], known["stamp"]) != (found.size, found.stamp)
    ):
        return "upload", restyled
    if known["todo"] == "attach" or (restyled and known["file_id"] is not None):
        return "attach", restyled
    return ("upload" if known["state"] == "none" else ""), False
