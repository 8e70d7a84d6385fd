"""Following folders: what changes in them is indexed soon, however it is noticed.

The system tells of changes in local folders (inotify and the like, by ``watchfiles``); several that
come close together are one run over the folder that has them all. Of network folders it tells only
what this machine does, so these are looked through from time to time instead, as are those that
there are too many folders in. A folder that goes away keeps its records, and is looked through when
it is back.
"""

import errno
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from binocle.errors import BusyError, NothingIndexedError, SourceError, StorageError
from binocle.files import identity

_NETWORK = frozenset({
    "9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs",
    "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs", "vboxsf", "virtiofs",
})  # fmt: skip
_LOOK_EVERY_S = 1.0
_LONGEST_BURST_S = 15.0
_AGAIN_AFTER_S = 5.0
_FULL = (errno.ENOSPC, errno.EDQUOT)
_ESCAPED = re.compile(rb"\\([0-3][0-7]{2})")  # a space, say
_log = logging.getLogger(__name__)

Index = Callable[[Path], None]
Tell = Callable[[str], None]


class FolderFollower:
    """Keeps a collection in step with folders."""

    def __init__(
        self,
        folders: Sequence[Path],
        index: Index,
        tell: Tell,
        *,
        poll: bool = False,
        every_s: float = 60.0,
        all_every_s: float = 3600.0,
        quiet_s: float = 1.0,
    ) -> None:
        """Set up.

        Args:
            folders: The folders; they need not be there yet.
            index: Indexes what is below a folder, or a subfolder of one.
            tell: Told what a person should know, a sentence each.
            poll: Look through all of them from time to time, and listen to none.
            every_s: How often a folder is looked through that cannot be listened to.
            all_every_s: How often all of them are, in case something was missed.
            quiet_s: A burst of changes is over when nothing has changed for so long.
        """
        self._folders = [Path(os.path.abspath(one)) for one in folders]  # noqa: PTH100 - keeps links
        self._index, self._tell = index, tell
        self._every_s, self._all_every_s, self._quiet_s = every_s, all_every_s, quiet_s
        self._there: dict[Path, tuple[int, int]] = {}
        self._polled = set(self._folders) if poll else set[Path]()
        self._due = dict.fromkeys(self._folders, 0.0)
        self._said: dict[Path, str] = {}
        self._waiting: set[Path] = set()
        self._has_looked = False

    def run(self, stop: threading.Event) -> None:
        """Follow the folders until told to stop."""
        self._look()
        while not stop.is_set():
            listened = [one for one in self._there if one not in self._polled]
            listened = [one for one in listened if not self._is_remote(one)]
            if not listened:
                self._advance()
                stop.wait(_LOOK_EVERY_S)
                self._look()
                continue
            try:
                for paths in self._changes(listened, stop):
                    self._take(paths)
                    self._advance()
                    if self._look():
                        break  # others are there now, or the same name is another folder
            except (OSError, RuntimeError) as error:
                self._polled.update(listened)
                self._tell(
                    f"the system cannot tell of changes ({error}), so folders are looked through "
                    f"every {self._every_s:g} s"
                )

    def _changes(self, folders: Sequence[Path], stop: threading.Event) -> Iterator[set[str]]:
        """Yield paths that have changed, none when nothing has for a moment; all at first."""
        from watchfiles import watch

        is_first = True
        for changes in watch(
            *folders,
            watch_filter=None,
            debounce=int(1000 * _LONGEST_BURST_S),
            step=int(1000 * self._quiet_s),
            stop_event=stop,
            rust_timeout=int(1000 * _LOOK_EVERY_S),
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            if is_first:  # from now on nothing is missed
                yield {str(one) for one in folders}
                is_first = False
            yield {path for _, path in changes}

    def _take(self, paths: set[str]) -> None:
        """Index the smallest folder that has all that has changed below each of ours."""
        for folder in self._there:
            prefix = f"{folder}{os.sep}"
            own = [one for one in paths if one == str(folder) or one.startswith(prefix)]
            if not own:
                continue
            common = Path(os.path.commonpath([os.path.dirname(one) for one in own]))  # noqa: PTH120
            if str(folder) in own or not common.is_relative_to(folder):
                common = folder
            while common != folder and not common.is_dir():
                common = common.parent
            self._run(folder, common)

    def _advance(self) -> None:
        """Look through what is due."""
        for folder in self._there:
            if time.monotonic() >= self._due[folder]:
                self._run(folder, folder)

    def _run(self, folder: Path, part: Path) -> None:
        every = self._every_s if folder in self._polled else self._all_every_s
        if part == folder:
            self._due[folder] = time.monotonic() + every
        try:
            self._index(part)
            self._said.pop(folder, None)
            if folder in self._waiting:
                self._waiting.remove(folder)
                self._tell(f"there is room again, and {folder} is followed")
        except NothingIndexedError as error:
            if part != folder:  # all that was in a subfolder is gone: the whole tells for sure
                self._run(folder, folder)
            else:
                self._say(folder, str(error))
        except BusyError:
            self._due[folder] = time.monotonic() + _AGAIN_AFTER_S
        except SourceError as error:
            self._due[folder] = time.monotonic() + _AGAIN_AFTER_S
            self._say(folder, str(error))
        except (StorageError, OSError) as error:
            is_full = error.errno in _FULL if isinstance(error, OSError) else error.has_no_room
            if not is_full:
                raise
            self._due[folder] = time.monotonic() + _AGAIN_AFTER_S
            self._waiting.add(folder)
            reason = str(error).partition(";")[0]
            self._say(folder, f"{folder}: {reason}; make room, and it is followed again")

    def _look(self) -> bool:
        """See which folders are there; tell whether others are than before."""
        now = {
            one: found
            for one in self._folders
            if one.is_dir() and (found := identity(one)) is not None
        }
        if self._has_looked and now == self._there:
            return False
        self._has_looked = True
        for folder in self._folders:
            if folder not in now and (folder in self._there or folder not in self._said):
                self._say(folder, f"{folder} is not there; its records stay, and it is waited for")
            elif folder in now and now[folder] != self._there.get(folder):
                if folder in self._said:
                    self._tell(f"{folder} is there again")
                    del self._said[folder]
                self._due[folder] = 0.0
        self._there = now
        return True

    def _say(self, folder: Path, sentence: str) -> None:
        """Tell something once, as long as it is so."""
        if self._said.get(folder) != sentence:
            self._said[folder] = sentence
            self._tell(sentence)

    def _is_remote(self, folder: Path) -> bool:
        if file_system_of(folder) not in _NETWORK:
            return False
        self._polled.add(folder)
        self._tell(
            f"{folder} is on the network, where changes are not told, so it is looked through "
            f"every {self._every_s:g} s"
        )
        return True


def file_system_of(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Return the type of the file system that has a path, such as ``ext4``; empty if unknown."""
    try:
        lines = [line.split() for line in mounts.read_bytes().splitlines()]
    except OSError:
        return ""
    resolved, best, kind = path.resolve(), -1, ""
    for line in lines:
        where = Path(os.fsdecode(_ESCAPED.sub(_unescaped, line[1])))
        depth = len(where.parts)
        if resolved.is_relative_to(where) and depth >= best:
            best, kind = depth, line[2].decode("ascii", "replace")
    return kind


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 8)])
