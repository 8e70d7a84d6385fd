"""Traces of requests for OpenTelemetry, where the operator asks for them.

OpenTelemetry's own packages do it: the instrumentation of FastAPI, the exporter of OTLP over HTTP,
both set up by the variables ``OTEL_...`` that all programs have in common. A span has what the
access log has, and neither addresses nor what was searched for.
"""

import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.types import Scope

from binocle import __version__
from binocle.errors import UsageError

_LAST_SPANS_S = 2.0
_ADDRESSES = ("http.url", "http.target", "url.full", "url.path", "url.query")


def trace(app: FastAPI) -> Callable[[], None]:
    """Send a span of every request to a collector; return what sends the last ones and stops.

    Raises:
        UsageError: The packages are not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise UsageError(
            "BINOCLE_TELEMETRY needs OpenTelemetry's packages; install 'binocle[telemetry]'"
        ) from error
    told = {"service.version": __version__}
    if "OTEL_SERVICE_NAME" not in os.environ:
        told["service.name"] = "binocle"
    provider = TracerProvider(resource=Resource.create(told), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=provider,
        server_request_hook=_without_address,
        exclude_spans=["receive", "send"],
    )
    return partial(_end, provider.shutdown)


def _end(shutdown: Callable[[], None]) -> None:
    """Send the last spans; to a collector that does not answer for two seconds at most."""
    sending = threading.Thread(target=shutdown, name="last spans", daemon=True)
    sending.start()
    sending.join(_LAST_SPANS_S)


def _without_address(span: Any, _: Scope) -> None:
    for name in _ADDRESSES:
        if name in (getattr(span, "attributes", None) or ()):
            span.set_attribute(name, "")


def tell_span(facts: Mapping[str, Any]) -> None:
    """Add to the span of the request that is answered what else the access log tells of it."""
    from opentelemetry import trace as api

    span = api.get_current_span()
    for name in ("key", "collection", "request_id"):
        if facts.get(name) is not None:
            span.set_attribute(f"binocle.{name}", facts[name])
