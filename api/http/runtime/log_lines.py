"""What the log tells of requests: who, with which key, what, where, how it ended.

``binocle.access`` has a line for every request, ``binocle.audit`` one for every request that asked
for more than to read, ``binocle.lookups`` one for every picture that was looked up, and
``binocle.login`` one for every key that was refused. None of them has a secret, a picture, or what
was searched for, but for the words in the first where the operator asks for them.
"""

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

from starlette.types import Scope

from api.terminal import LogLines

_access_log = logging.getLogger("binocle.access")
_audit_log = logging.getLogger("binocle.audit")
_lookup_log = logging.getLogger("binocle.lookups")
_login_log = logging.getLogger("binocle.login")
_LOGS = ("binocle.access", "binocle.audit", "binocle.lookups", "binocle.login")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PLAIN = re.compile(r"[\w.:/{}@+-]+", re.ASCII)
_NOTES: ContextVar[dict[str, Any] | None] = ContextVar("_NOTES", default=None)


def note(**facts: Any) -> None:
    """Add facts to what the log will tell of the request that is being served."""
    notes = _NOTES.get()
    if notes is not None:
        notes.update(facts)


def begin_notes() -> dict[str, Any]:
    """Begin a request; return where its facts gather."""
    notes: dict[str, Any] = {}
    _NOTES.set(notes)
    return notes


def write_lines(
    scope: Scope, route: str, status: int, seconds: float, notes: Mapping[str, Any]
) -> None:
    """Log a request that has been served, by ``route_of``."""
    client = scope.get("client")
    facts = {
        "method": method_of(scope),
        "route": route,
        "status": status,
        "ms": round(1000 * seconds, 1),
        "client": client[0] if client else None,
        "key": notes.get("key"),
        "collection": notes.get("collection"),
        "request_id": scope["state"]["request_id"],
    }
    if "refused" in notes:
        _log_facts(_login_log, logging.WARNING, "login", {**facts, "refused": notes["refused"]})
    if "asked" in notes:
        places = {
            name: value for name, value in scope.get("path_params", {}).items() if name != "name"
        }
        known = {key: value for key, value in notes.items() if key not in ("query", "refused")}
        _log_facts(_audit_log, logging.INFO, "audit", {**facts, **places, **known})
    query = {"query": notes["query"]} if "query" in notes else {}
    _log_facts(_access_log, logging.INFO, "access", {**facts, **query})


def log_lookup(scope: Scope, data: bytes, **found: Any) -> None:
    """Log that a picture was looked up, by its SHA-256, by whom, and what was found."""
    notes, client = _NOTES.get() or {}, scope.get("client")
    facts = {
        "client": client[0] if client else None,
        "key": notes.get("key"),
        "collection": notes.get("collection"),
        "request_id": scope["state"]["request_id"],
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    _log_facts(_lookup_log, logging.INFO, "lookup", {**facts, **found})


def _log_facts(log: logging.Logger, level: int, event: str, facts: Mapping[str, Any]) -> None:
    if log.isEnabledFor(level):
        told = {name: value for name, value in facts.items() if value is not None}
        text = " ".join(f"{name}={_shown(value)}" for name, value in told.items())
        log.log(level, "%s %s", event, text, extra={"facts": {"event": event, **told}})


def _shown(value: Any) -> str:
    """Return a value in one word, or in quotes: nobody begins a line of his own."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def method_of(scope: Scope) -> str:
    """Return the method, ``other`` for those that somebody made up."""
    method: str = scope["method"]
    return method if method in _METHODS else "other"


def route_of(scope: Scope) -> str:
    """Return the path with its parameters' names, so that there are few.

    A route knows its own end of the path; what is before that is the prefix it is included with.
    """
    template: str | None = getattr(scope.get("route"), "path_format", None)
    if template is None:
        return "none"
    path: str = scope["path"]
    end = template.format_map(scope.get("path_params", {}))
    return path.removesuffix(end) + template if path.endswith(end) else template


class _JsonLines(logging.Formatter):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = getattr(record, "facts", None) or {"message": record.getMessage()}
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **facts,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure_logs(form: Literal["text", "json"]) -> None:
    """Have this process's log at INFO where it tells of requests, as text or as JSON lines."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    text = LogLines("%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in root.handlers:
        handler.setFormatter(_JsonLines() if form == "json" else text)
    for name in (
        "binocle.access",
        "binocle.audit",
        "binocle.lookups",
        "binocle.login",
        "api.cli.serve",
        "uvicorn.error",
    ):
        logging.getLogger(name).setLevel(logging.INFO)
