"""The server of the protocol: lists the tools, calls them, and turns errors into answers."""

import base64
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from mcp import types
from mcp.server import Server
from mcp.server.context import ServerRequestContext

from api.http.errors.problems import ServiceError, shown, tells
from api.http.mcp.arguments import input_schema, parsed
from api.http.mcp.caller import DATA, ToolAnswer, ToolCaller
from api.http.mcp.candidates import unknown
from api.http.mcp.sheets import media_type
from api.http.mcp.tools import INSTRUCTIONS, TOOLS, AgentTool
from api.http.runtime.fair_queue import CALLER
from api.http.runtime.service import Service
from api.keys.key import Key
from binocle import __version__
from binocle.errors import BinocleError

_log = logging.getLogger(__name__)
_READS_ONLY = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


def make_server(
    service: Service,
    key_of: Callable[[ServerRequestContext[Any]], Key | None],
    is_ready: Callable[[], Awaitable[None]],
) -> Server[Any]:
    """Return a server of the tools.

    Args:
        service: What answers.
        key_of: Returns whose a call is; None where no key is asked for.
        is_ready: Waits until the service has started.
    """

    async def list_tools(
        _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_listed(one) for one in TOOLS.values()])

    async def call_tool(
        context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        await is_ready()
        caller = ToolCaller(service, key_of(context))
        if caller.key is not None:
            CALLER.set(caller.key.identity)
        try:
            tool = TOOLS.get(params.name)
            if tool is None:
                raise unknown("tool", params.name, list(TOOLS), "name")
            return _result(await tool.run(caller, parsed(tool.arguments, params.arguments or {})))
        except BinocleError as error:
            return _refusal(error)
        except Exception:  # an agent is told as little of our faults as any client
            _log.exception("the tool %r failed", params.name)
            return _refusal(None)

    return Server(
        "binocle",
        version=__version__,
        title="Binocle",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _listed(tool: AgentTool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=input_schema(tool.arguments),
        annotations=_READS_ONLY,
    )


def _result(answer: ToolAnswer) -> types.CallToolResult:
    """Return an answer: our words, what records say apart from them, and the picture."""
    content: list[types.ContentBlock] = [types.TextContent(text=answer.text)]
    if answer.rows:
        content.append(types.TextContent(text="\n".join([DATA, *answer.rows])))
    if answer.picture is not None:
        data = base64.b64encode(answer.picture).decode()
        content.append(types.ImageContent(data=data, mime_type=media_type(answer.picture)))
    return types.CallToolResult(content=content, structured_content=answer.content)


def _refusal(error: BinocleError | None) -> types.CallToolResult:
    """Return an error as an answer that says what to do."""
    said = "this failed inside; the service's log has more. Try something else"
    told = "" if error is None else shown(error, "a tool failed")
    if error is not None and tells(error):
        field = error.field if isinstance(error, ServiceError) else None
        said = told if field is None or field in told else f"{field}: {told}"
    return types.CallToolResult(content=[types.TextContent(text=said)], is_error=True)
