"""Traces: one file followed from the request through its task to the last upsert (needs the extra `otel`).

Off unless INGEST_OTLP_URL is set; then every process sends its spans there. A job belongs to the request that queued
its file: the request's place in the trace is kept in the file's row.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ingest.config import Settings
from ingest.errors import Refused

_tracer: Any = None


def configure(settings: Settings, service: str) -> None:
    """Send this process's spans from now on; call it after a fork. Raises Refused when the extra is missing."""
    global _tracer
    if not settings.otlp_url:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as exc:
        raise Refused('INGEST_OTLP_URL needs the extra `otel`: pip install "ingest[otel]".') from exc
    provider = TracerProvider(resource=Resource.create({"service.name": service, "host.name": settings.node}))
    exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_url.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer("ingest")


@contextmanager
def span(name: str, parent: str | None = None, **attributes: Any) -> Iterator[Any]:
    """Around what belongs together; what goes on inside becomes its child. `parent` is a traceparent from elsewhere.

    Gives the span, or None while traces are off. Attributes that are None are left out.
    """
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
    known = {key: value for key, value in attributes.items() if value is not None}
    with _tracer.start_as_current_span(name, context, attributes=known) as started:
        yield started


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Call what this gives with the name of each step that begins: a span each, until the next or the end."""
    running: list[Any] = []

    def begins(name: str) -> None:
        while running:
            running.pop().end()
        if _tracer is not None and name:
            running.append(_tracer.start_span(name))

    try:
        yield begins
    finally:
        begins("")


def current() -> str | None:
    """Where we are in the present trace, as a W3C traceparent (55 characters); None when there is none."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")
