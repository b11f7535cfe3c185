"""Measure large imports against their targets: `make bench`, or `make bench SIZE=full`; YARDSTICK=FOLDER adds rows.

Only ratios within one run are comparable. The table is written as JSON, with a chart of the long import beside it.
Exit code 1: a row misses its target.
"""

import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.bench import rows
from tests.bench.rows import Row


def main() -> int:
    """Measure, print each row as soon as it is known, and write the results."""
    size = os.environ.get("SIZE") or "small"
    into = Path(os.environ.get("BENCH_RESULTS") or "build/bench")
    into.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    machine = (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, load before {load:.1f}"
    )
    print(f"{machine}\n{'':60}{'target':>12}{'reached':>10}")
    sizes = {"small": rows.SMALL, "full": rows.FULL}[size]
    found: list[Row] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for row in rows.measure(Path(folder), sizes, into / f"import-{size}.svg", _yardstick()):
            found.append(row)
            print(_line(row), flush=True)
            told = {"machine": machine, "sizes": asdict(sizes), "rows": [asdict(r) | {"good": r.good} for r in found]}
            (into / f"{size}.json").write_text(json.dumps(told, indent=1))
    return int(not all(row.good for row in found))


def _yardstick() -> Path | None:
    named = os.environ.get("YARDSTICK")
    return Path(named) if named else None


def _line(row: Row) -> str:
    sign = ">=" if row.kind == "at least" else "<="
    mark = "" if row.good else "  NOT REACHED"
    return f"{row.what:60}{sign + f' {row.target:g}':>12}{row.reached:>10.2f} {row.unit}{mark}"


if __name__ == "__main__":
    sys.exit(main())
