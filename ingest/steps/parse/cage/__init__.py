"""The parser's cage: what the parser process can do at most, whatever code runs in it.

Here: limits, capabilities, the filter of system calls (seccomp) and of files (Landlock). Not here: the time of a file and
the end of the process, which are its worker's business (`parser`, `parser_process`). No privilege is needed, and nothing
can be undone. See deploy/docs/decisions/0024-parser-cage.md.
"""

from ingest.steps.parse.cage.lock import CageState, lock, set_hard_limits
from ingest.steps.parse.cage.seccomp import Rights

__all__ = ["CageState", "Rights", "lock", "set_hard_limits"]
