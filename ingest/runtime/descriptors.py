"""The limit on open file descriptors of a process."""

import resource

MOST_DESCRIPTORS = 65_536
"""Some libraries close every possible descriptor of a child process in a loop, and a hard limit may be 2^30."""


def raise_descriptor_limit() -> int:
    """Raise the soft limit to the hard one, to at most MOST_DESCRIPTORS, and return it. Child processes inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
