"""Numbers of the system calls that the parser process must not make, on x86_64 and on aarch64."""

import platform
import sys
from dataclasses import dataclass

AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kernel's identifiers of the architectures (linux/audit.h)."""

_NUMBERS: dict[str, tuple[int | None, int | None]] = {  # name -> numbers on x86_64 and aarch64; None: it has no such call
    # sockets
    "socket": (41, 198), "socketpair": (53, 199), "bind": (49, 200), "connect": (42, 203),
    "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242),
    # memory, descriptors and signals of other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    # leaving the process group, which the worker kills
    "setsid": (112, 157), "setpgid": (109, 154),
    # scheduling of other processes
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "mbind": (237, 235), "set_mempolicy": (238, 237),
    # memory that outlives the process or that its memory limit does not count
    "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # owners, modes, times and attributes of files, which Landlock does not cover; truncation, which its ABIs 1 and 2 lack
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16), "removexattrat": (466, 466),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "truncate": (76, 45), "file_setattr": (469, 469),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27), "fanotify_init": (300, 262),
    # mounts and namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "statmount": (457, 457), "listmount": (458, 458), "open_tree_attr": (467, 467),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    # parts of the kernel that parsers do not need
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "init_module": (175, 105), "delete_module": (176, 106), "finit_module": (313, 273),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "acct": (163, 89),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "syslog": (103, 116), "personality": (135, 92),
    "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None),
    "modify_ldt": (154, None), "vhangup": (153, 58), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    # new processes
    "fork": (57, None), "vfork": (58, None), "clone": (56, 220), "clone3": (435, 435),
    "execve": (59, 221), "execveat": (322, 281),
    # allowed with some arguments
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "prctl": (157, 167),
    "prlimit64": (302, 261), "setrlimit": (160, 164), "fcntl": (72, 25), "ioctl": (16, 29),
}  # fmt: skip

_CONDITIONAL = frozenset(
    ["clone", "clone3", "kill", "tkill", "tgkill", "prctl", "prlimit64", "setrlimit", "fcntl", "ioctl"]
)
PROCESS_CALLS = frozenset(["fork", "vfork", "execve", "execveat"])
"""Calls that start processes. A parser makes them only to run Tesseract."""


@dataclass(frozen=True)
class Architecture:
    """The system calls of a processor architecture. `identifier` is the kernel's."""

    name: str
    identifier: int

    def number(self, call: str) -> int | None:
        """Return the number of a system call, or None if this architecture has no such call."""
        return _NUMBERS[call][list(AUDIT_ARCHITECTURES).index(self.name)]

    def denied(self, *, may_run_programs: bool) -> list[int]:
        """Return the numbers of the calls that are denied whatever their arguments."""
        names = _NUMBERS.keys() - _CONDITIONAL - (PROCESS_CALLS if may_run_programs else frozenset())
        return sorted(number for name in names if (number := self.number(name)) is not None)


def this_architecture() -> Architecture | None:
    """Return the architecture of this process, or None if its system calls are not known here."""
    name = platform.machine()
    if sys.maxsize < 2**32 or sys.platform != "linux" or name not in AUDIT_ARCHITECTURES:
        return None
    return Architecture(name, AUDIT_ARCHITECTURES[name])
