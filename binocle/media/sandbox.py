"""Giving up rights, for a process that reads strangers' files and needs next to none.

On Linux a seccomp filter (man 2 seccomp) refuses what a decoder has no use for: the network, other
programs and processes, opening anything for writing, changing files or settings of the system. It
lists what is refused, so it narrows what a broken decoder can do, and is no wall.
A refused call fails with EPERM, as for a user who may not. Elsewhere, and where the kernel has no
filters, the limits remain.
"""

import ctypes
import os
import platform
import resource
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

_ENVIRONMENT = ("LD_LIBRARY_PATH", "PYTHONHOME")  # where libraries are; the rest stays here
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # classic BPF
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # EPERM is 1
_NOT_THERE = 0x00050026  # ENOSYS, so that the C library falls back
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32  # offsets of seccomp_data
_O_WRITING = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_CLONE_THREAD = 0x00010000

_X32_CALLS = 0x40000000  # the other numbers of x86-64
_CLONE3 = 435
_X86_64 = {
    "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "sendmsg": 46, "bind": 49,
    "listen": 50, "socketpair": 53, "accept4": 288, "sendmmsg": 307, "fork": 57, "vfork": 58,
    "execve": 59, "execveat": 322, "kill": 62, "tkill": 200, "ptrace": 101, "process_vm_readv": 310,
    "process_vm_writev": 311, "creat": 85, "rename": 82, "mkdir": 83, "rmdir": 84, "link": 86,
    "unlink": 87, "symlink": 88, "chmod": 90, "fchmod": 91, "chown": 92, "fchown": 93,
    "lchown": 94, "truncate": 76, "mknod": 133, "chroot": 161, "mount": 165, "umount2": 166,
    "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "fchmodat": 268,
    "fchownat": 260, "mkdirat": 258, "mknodat": 259, "renameat2": 316, "unshare": 272,
    "setns": 308, "keyctl": 250, "add_key": 248, "request_key": 249, "bpf": 321,
    "perf_event_open": 298, "userfaultfd": 323, "pidfd_open": 434, "pidfd_getfd": 438,
    "open_by_handle_at": 304, "openat2": 437, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "memfd_create": 319, "setuid": 105, "setgid": 106,
    "init_module": 175, "finit_module": 313, "kexec_load": 246, "reboot": 169,
    "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "pidfd_send_signal": 424,
    "setpriority": 141, "ioprio_set": 251, "sched_setparam": 142, "sched_setscheduler": 144,
    "process_madvise": 440, "migrate_pages": 256, "move_pages": 279, "setxattr": 188,
    "lsetxattr": 189, "fsetxattr": 190, "removexattr": 197, "lremovexattr": 198,
    "fremovexattr": 199, "utime": 132, "utimes": 235, "futimesat": 261, "utimensat": 280,
    "mq_open": 240, "mq_unlink": 241, "shmget": 29, "semget": 64, "msgget": 68,
    "settimeofday": 164, "clock_settime": 227, "adjtimex": 159, "clock_adjtime": 305,
    "sethostname": 170, "setdomainname": 171, "swapon": 167, "swapoff": 168, "acct": 163,
    "pivot_root": 155, "quotactl": 179, "delete_module": 176, "fanotify_init": 300,
    "fsopen": 430, "open_tree": 428, "move_mount": 429,
}  # fmt: skip
_AARCH64 = {
    "socket": 198, "socketpair": 199, "bind": 200, "listen": 201, "accept": 202, "connect": 203,
    "sendto": 206, "sendmsg": 211, "accept4": 242, "sendmmsg": 269, "execve": 221,
    "execveat": 281, "kill": 129, "tkill": 130, "ptrace": 117, "process_vm_readv": 270,
    "process_vm_writev": 271, "truncate": 45, "chroot": 51, "fchmod": 52, "fchown": 55,
    "mount": 40, "umount2": 39, "unlinkat": 35, "renameat": 38, "linkat": 37, "symlinkat": 36,
    "fchmodat": 53, "fchownat": 54, "mkdirat": 34, "mknodat": 33, "renameat2": 276, "unshare": 97,
    "setns": 268, "keyctl": 219, "add_key": 217, "request_key": 218, "bpf": 280,
    "perf_event_open": 241, "userfaultfd": 282, "pidfd_open": 434, "pidfd_getfd": 438,
    "open_by_handle_at": 265, "openat2": 437, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "memfd_create": 279, "setuid": 146, "setgid": 144,
    "init_module": 105, "finit_module": 273, "kexec_load": 104, "reboot": 142,
    "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240, "pidfd_send_signal": 424,
    "setpriority": 140, "ioprio_set": 30, "sched_setparam": 118, "sched_setscheduler": 119,
    "process_madvise": 440, "migrate_pages": 238, "move_pages": 239, "setxattr": 5,
    "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14, "lremovexattr": 15, "fremovexattr": 16,
    "utimensat": 88, "mq_open": 180, "mq_unlink": 181, "shmget": 194, "semget": 190,
    "msgget": 186, "settimeofday": 170, "clock_settime": 112, "adjtimex": 171,
    "clock_adjtime": 266, "sethostname": 161, "setdomainname": 162, "swapon": 224,
    "swapoff": 225, "acct": 89, "pivot_root": 41, "quotactl": 60, "delete_module": 106,
    "fanotify_init": 262, "fsopen": 430, "open_tree": 428, "move_mount": 429,
}  # fmt: skip
_Instruction: TypeAlias = tuple[int, int, int, int]  # code, jumps if true and if false, constant


@dataclass(frozen=True, slots=True)
class _Machine:
    """A processor's audit number, and the numbers of its calls."""

    audit: int
    refused: tuple[int, ...]
    clone: int
    openat: int
    open: int | None
    tgkill: int
    prlimit: int


_MACHINES = {
    "x86_64": _Machine(0xC000003E, tuple(_X86_64.values()), 56, 257, 2, 234, 302),
    "aarch64": _Machine(0xC00000B7, tuple(_AARCH64.values()), 220, 56, None, 131, 261),
}


class _Program(ctypes.Structure):
    """What the kernel calls ``sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def start_decoder(nice: int = 0) -> "subprocess.Popen[bytes]":
    """Start a decoder that reads orders and answers them; its priority is lower by ``nice``."""
    roots = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH")]
    return subprocess.Popen(
        [sys.executable, "-m", "binocle.media.decoder_pool"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={
            "PYTHONPATH": os.pathsep.join(filter(None, roots)), "DECODER_NICE": str(nice),
            **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
            **{name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        },
        start_new_session=True,  # Ctrl-C is for the parent; it ends its workers itself
    )  # fmt: skip


def give_up_rights(address_space_bytes: int) -> bool:
    """Have this process, and all threads it will start, do no more than compute.

    What it needs must be imported and opened before. Reading files stays possible.

    Args:
        address_space_bytes: Most memory it may map.

    Returns:
        Whether the system's calls are filtered; the limits hold in any case.
    """
    for limit, most in (
        (resource.RLIMIT_AS, address_space_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        _, hard = resource.getrlimit(limit)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None or sys.maxsize < 2**32:
        return False
    packed = b"".join(struct.pack("<HBBI", *one) for one in _filter(machine))
    program = _Program(len(packed) // 8, packed)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    zero = ctypes.c_ulong(0)
    if prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0:
        return False
    mode = ctypes.c_ulong(_SECCOMP_MODE_FILTER)
    return bool(prctl(_PR_SET_SECCOMP, mode, ctypes.byref(program), zero, zero) == 0)


def _filter(machine: _Machine) -> list[_Instruction]:
    def answer(what: int) -> _Instruction:
        return (_RETURN, 0, 0, what)

    def look(offset: int) -> _Instruction:
        return (_LOAD, 0, 0, offset)

    def if_writing(call: int, flags: int) -> list[_Instruction]:
        return [
            (_EQUAL, 0, 4, call), look(flags), (_ANY_BIT, 0, 1, _O_WRITING),
            answer(_REFUSE), answer(_ALLOW),
        ]  # fmt: skip

    def if_own(call: int, own: int) -> list[_Instruction]:
        return [
            (_EQUAL, 0, 4, call), look(_FIRST), (_EQUAL, 0, 1, own),
            answer(_ALLOW), answer(_REFUSE),
        ]  # fmt: skip

    program = [
        look(_ARCHITECTURE), (_EQUAL, 1, 0, machine.audit), answer(_KILL),
        look(_NUMBER), (_AT_LEAST, 0, 1, _X32_CALLS), answer(_KILL),
    ]  # fmt: skip
    for call in machine.refused:
        program += [(_EQUAL, 0, 1, call), answer(_REFUSE)]
    program += [(_EQUAL, 0, 1, _CLONE3), answer(_NOT_THERE)]  # its flags lie in memory
    program += [
        (_EQUAL, 0, 4, machine.clone), look(_FIRST), (_ANY_BIT, 0, 1, _CLONE_THREAD),
        answer(_ALLOW), answer(_REFUSE),
    ]  # fmt: skip
    program += if_own(machine.tgkill, os.getpid())  # as abort() and threads do
    program += if_own(machine.prlimit, 0)  # the C library's getrlimit
    program += if_writing(machine.openat, _THIRD)
    if machine.open is not None:
        program += if_writing(machine.open, _SECOND)
    return [*program, answer(_ALLOW)]
