"""How listings on the web and what they name are asked for: times, and where redirects may lead.

Who runs a listing may send whoever reads it to addresses that only the reader reaches, so another
host than the one that was named has to be a public one.
"""

import asyncio
import errno
from functools import cache, partial
from typing import Any

from binocle.network.public_addresses import is_public

MOST_S = 180.0
_CONNECTED_WITHIN_S, _SILENT_FOR_S = 15.0, 30.0


@cache  # so that those who ask share one session
def client_options() -> dict[str, Any]:
    """Return what a session of aiohttp is made with."""
    import aiohttp

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_check_redirect)
    times = aiohttp.ClientTimeout(MOST_S, sock_connect=_CONNECTED_WITHIN_S, sock_read=_SILENT_FOR_S)
    return {
        "headers": {"Accept-Encoding": "identity"},
        "trust_env": True,
        "timeout": times,
        "trace_configs": [trace],
    }


async def _check_redirect(_session: object, _context: object, told: Any) -> None:
    here = told.response.url
    place = told.response.headers.get("Location") or told.response.headers.get("URI") or ""
    target = here.join(type(here)(place))
    if target.host == here.host or not target.host:
        return
    from binocle.network.checked_network import resolve  # brings httpx

    look_up = partial(resolve, target.host, target.port or 443)
    addresses = await asyncio.get_running_loop().run_in_executor(None, look_up)
    if not all(map(is_public, addresses)):
        reason = f"it redirects to {target.host}, which is no public address; name that one"
        raise PermissionError(errno.EACCES, reason)


def told_by_web(error: BaseException) -> BaseException:
    """Return what went wrong: the package says of all that something is not there."""
    cause = error.__cause__
    is_of_web = cause is not None and (
        hasattr(cause, "status")
        or type(cause).__module__.startswith("aiohttp")
        or isinstance(cause, PermissionError | asyncio.TimeoutError)
    )
    return cause if is_of_web and cause is not None else error


def wanted_pause_s(error: BaseException) -> float:
    """Return after how many seconds a server wants to be asked again; 0 where it does not say."""
    headers = getattr(told_by_web(error), "headers", None) or {}
    said = headers.get("Retry-After", "")
    return float(said) if said.isdigit() else 0.0
