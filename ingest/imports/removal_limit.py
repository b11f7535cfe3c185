"""The most files that a mirror may remove in one import: a number, or a part of the files that came from its sources."""

import re
from dataclasses import dataclass

from ingest.errors import Refused

_LIMIT = re.compile(r"(\d{1,12})|(\d{1,3}(?:\.\d{1,6})?)%")


@dataclass(frozen=True)
class RemovalLimit:
    """A limit of removals. `text` is as the user wrote it."""

    text: str
    files: int | None
    percent: float | None

    @classmethod
    def parse(cls, text: str) -> "RemovalLimit":
        """Return the limit that a text such as `50` or `10%` names. Raises Refused."""
        match = _LIMIT.fullmatch(text.strip())
        if match is None or (match[2] is not None and float(match[2]) > 100):
            raise Refused(f"--max-delete {text}: expected a number of files, such as 50, or a percentage, such as 10%.")
        if match[1] is not None:
            return cls(match[0], int(match[1]), None)
        return cls(match[0], None, float(match[2]))

    def allows(self, missing: int, known: int) -> bool:
        """Return whether `missing` files may be removed of `known` files, the missing ones included."""
        if self.files is not None:
            return missing <= self.files
        return missing * 100 <= (self.percent or 0) * known
