"""What a home and its machine are like: rights, room, leftovers, keys, versions."""

import os
import re
import shutil
import stat
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path

from api.aliases import Aliases
from api.keys.key_ring import KeyRing
from api.saved_searches import SavedSearches
from api.service_state.opening import SCHEMA_FILE, open_state
from binocle.catalog.catalog_file import SQLITE_VERSION, query_faults, sqlite_faults
from binocle.catalog.checks.findings import Finding, fact, some
from binocle.catalog.query_file import QUERY_FILE
from binocle.collection import workplace
from binocle.collection.indexing_lock import LOCK
from binocle.errors import StorageError

_DRAFT = re.compile(r".*?\.(\d+)\.\d+\.tmp")
_ABANDONED_AFTER_S, _MADE_WITHIN_S = 3600.0, 60.0
_LEAST_FREE_BYTES, _LOW_SHARE = 64 << 20, 0.05
_KEYS, SIGNING, SESSIONS, SERVICE = "keys.json", "signing.key", "sessions.key", "service.sqlite"
SECRETS = (_KEYS, SESSIONS, SERVICE)
_SIGNING_BYTES = 32


def check_home(home: Path) -> Iterator[Finding]:
    """Find rights of a home that are too wide, keys that cannot be read, and leftovers."""
    for path in (home, home / "collections"):
        if path.exists():
            yield from _check_rights(path)
    for path in (home / name for name in SECRETS):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield _too_wide(f"{path} is readable for others")
    yield from _check_shared(home)
    yield from (_leftover(path) for path in home.glob("*.tmp") if is_abandoned(path))
    for path in abandoned_workplaces(home):
        yield _stuck(path) if workplace.stuck(path) else _unfinished(path)


def _check_shared(home: Path) -> Iterator[Finding]:
    """Find files of a home that cannot be read: keys, aliases, saved searches, sessions, jobs."""
    searches = home / "saved-searches.json"
    for check, read, remedy in (
        ("keys", KeyRing(home / _KEYS).all, "restore it from a backup, or remove it and add keys"),
        ("aliases", Aliases(home).all, "put it right, or remove it and set the aliases again"),
        (
            "saved-searches",
            partial(SavedSearches(home).of, ""),
            f"put it right, or remove {searches}",
        ),
    ):
        try:
            read()
        except StorageError as error:
            shut = "; the service lets nobody in" if check == "keys" else ""
            yield Finding(check, f"{error}{shut}", remedy)
    sessions, service = home / SESSIONS, home / SERVICE
    if sessions.exists() and sessions.stat().st_size != _SIGNING_BYTES:
        message = f"{sessions} is damaged, so no browser is let in"
        yield Finding("sessions", message, "remove it, and browsers ask for their keys again")
    if service.exists() and not service.stat().st_size and not _is_made_now(service):
        message = f"{service}, the jobs and webhooks, is empty"
        yield Finding("service", message, "restore it from a backup, or make the webhooks again")
    elif service.exists() and (
        faults := sqlite_faults(service, "SELECT document FROM jobs LIMIT 1")
    ):
        message = f"{service}, the jobs and webhooks, is damaged: {faults[0]}"
        yield Finding("service", message, "remove it, and make the webhooks in it again")
    if (home / SCHEMA_FILE).exists():
        try:
            with closing(open_state(home)) as state, state.using() as database:
                database.execute("SELECT max(number) FROM jobs")
        except StorageError as error:
            yield Finding("service", str(error), "see whether the server runs and has this schema")


def _is_made_now(path: Path) -> bool:
    """Tell whether a database may be empty since somebody makes it at this moment."""
    wal = path.with_name(f"{path.name}-wal")
    return wal.exists() or time.time() - path.stat().st_mtime < _MADE_WITHIN_S


def check_folder(folder: Path) -> Iterator[Finding]:
    """Find rights of a collection's folder and files that are wrong, and leftovers."""
    yield from _check_files(folder)
    yield from (_leftover(path) for path in leftovers(folder))
    yield from _check_queries(folder)
    lock = folder / LOCK
    if lock.exists() and not lock.is_file():
        message = f"{lock} is no file, so nothing can be indexed"
        yield Finding("lock", message, "remove it; the next run makes it")
    key = folder / SIGNING
    if key.exists() and key.stat().st_size != _SIGNING_BYTES:
        message = f"{key} is damaged, so nothing can be searched"
        yield Finding("queries", message, "--repair removes it", repair="queries")


def _check_files(folder: Path) -> Iterator[Finding]:
    found: dict[str, list[Path]] = defaultdict(list)
    owner = folder.stat().st_uid
    for path in (folder, *sorted(folder.rglob("*"))):
        with suppress(FileNotFoundError):
            for what in _rights(path, path.lstat(), owner):
                found[what].append(path.relative_to(folder.parent))
    if shut := found["shut"]:
        yield Finding(
            "permissions", f"files cannot be read and written: {some(shut)}",
            "give them to the user that runs Binocle, or --repair", repair="permissions",
        )  # fmt: skip
    if foreign := found["foreign"]:
        message = f"files belong to another user than their collection: {some(foreign)}"
        yield Finding("permissions", message, f"chown -R --reference={folder} {folder}")
    if wide := found["wide"]:
        yield _too_wide(f"files are open to other users of this machine: {some(wide)}")
    if readable := found["readable"]:
        yield fact(
            "permissions", f"files can be read by other users of this machine: {some(readable)}",
            "older versions made them so; --repair closes them", repair="permissions",
        )  # fmt: skip


def _rights(path: Path, status: os.stat_result, owner: int) -> Iterator[str]:
    """Yield what is wrong with a file's rights."""
    mode = status.st_mode
    if stat.S_ISLNK(mode):
        return
    if status.st_uid != owner:
        yield "foreign"
    wanted = os.R_OK | os.W_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)
    if not os.access(path, wanted) or not mode & stat.S_IRUSR:
        yield "shut"
    if mode & (0o077 if path.name == SIGNING else 0o022):
        yield "wide"
    elif mode & 0o055:
        yield "readable"


def abandoned_workplaces(home: Path) -> list[Path]:
    """Return the folders in which collections were being made by processes that are gone."""
    there = workplace.workplaces(home / "collections")
    return [path for path in there if not workplace.is_held(path)]


def leftovers(folder: Path) -> list[Path]:
    """Return the half-written files of processes that are gone."""
    return [path for path in sorted(folder.rglob("*.tmp")) if is_abandoned(path)]


def is_abandoned(path: Path) -> bool:
    """Tell whether the process that made a temporary file is gone."""
    match = _DRAFT.fullmatch(path.name)
    if match is None:
        return True
    try:
        os.kill(int(match[1]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S
    return False


def check_room(folder: Path, catalog_bytes: int) -> Iterator[Finding]:
    """Find a disk without room for the next commits."""
    usage = shutil.disk_usage(folder)
    free = f"{usage.free / 1e6:,.0f} MB are free on the disk of {folder}"
    if usage.free < max(_LEAST_FREE_BYTES, catalog_bytes // 10):
        yield Finding("disk", f"only {free}", "make room: nothing more can be stored soon")
    elif usage.free < _LOW_SHARE * usage.total:
        yield fact("disk", f"{free}, less than a twentieth of it", "make room")


def check_versions() -> Iterator[Finding]:
    """Tell the versions of what answers depend on; a build for a GPU that is not there."""
    from binocle.encoders.torch_build import torch_build

    build = torch_build()
    names = ("binocle", "faiss-cpu", "numpy", "open_clip_torch", "pillow")
    found = [f"{name} {version(name)}" for name in names]
    found += [f"torch {build.version}", f"SQLite {SQLITE_VERSION}"]
    yield fact("versions", ", ".join(found))
    if build.cuda is not None and not build.has_gpu:
        yield fact(
            "versions", f"torch is a CUDA {build.cuda} build, and there is no GPU to be used",
            "the build for processors is gigabytes smaller; or mend the GPU's driver",
        )  # fmt: skip


def _check_rights(path: Path) -> Iterator[Finding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK) or mode & stat.S_IRWXU != stat.S_IRWXU:
        message = f"{path} cannot be read and written"
        yield Finding("permissions", message, "give it to the user that runs Binocle")
    if mode & 0o022:
        yield _too_wide(f"{path} is writable for others")
    elif mode & 0o055:
        yield fact(
            "permissions", f"{path} can be read by other users of this machine",
            f"chmod 700 {path}", repair="permissions",
        )  # fmt: skip


def _too_wide(message: str) -> Finding:
    return Finding("permissions", message, "--repair closes it", repair="permissions")


def _leftover(path: Path) -> Finding:
    message = f"{path} was left half written by a process that is gone"
    return Finding("leftovers", message, "--repair removes it", repair="temporary")


def _unfinished(path: Path) -> Finding:
    if not (names := workplace.lacking(path)):
        return _leftover(path)
    message = f"a switch to another model was killed, and {path} has what {some(names)} lack"
    return Finding("leftovers", message, "--repair puts it back", repair="temporary")


def _stuck(path: Path) -> Finding:
    names = workplace.stuck(path)
    return Finding(
        "leftovers",
        f"a switch to another model was killed, and {path} has what collections had that were "
        f"removed or made anew since: {some(names)}",
        "move those of that name away and --repair puts it back, or remove the folder",
    )


def _check_queries(folder: Path) -> Iterator[Finding]:
    path = folder / QUERY_FILE
    if not path.exists():
        return
    if faults := query_faults(path):
        message = f"the earlier queries in {QUERY_FILE} are damaged: {faults[0]}"
        yield Finding("queries", message, "--repair removes them", repair="queries")
