"""Golden files as arguments of commands."""

from pathlib import Path

from ingest.errors import InvalidRequest, Refused
from ingest.search.evaluation.golden import GoldenQuery, parse_lines


def read_golden(path: Path) -> list[GoldenQuery]:
    """Return the queries of a golden file. Raises Refused with the number of the wrong line."""
    try:
        with path.open(encoding="utf-8") as lines:
            return parse_lines(lines)
    except OSError as exc:
        raise Refused(f"{path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise Refused(f"{path} is not UTF-8.") from exc
    except InvalidRequest as exc:
        raise Refused(f"{path}: {exc}") from exc
