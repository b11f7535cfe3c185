"""OpenTelemetry traces: one file followed from the request through its job to the last upsert (extra `otel`).

Tracing is off unless INGEST_OTLP_URL is set; then every process sends its spans there. A job belongs to the trace of the
request that queued its file: the file's row holds that request's traceparent.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ingest.config import Settings
from ingest.errors import Refused

_tracer: Any = None


def configure(settings: Settings, service: str) -> None:
    """Send this process's spans from now on. Call it after a fork. Raises Refused when the extra is missing."""
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
    """Open a span for the duration of the context and yield it, or None while tracing is off.

    `parent` is the traceparent of a span of another process. Attributes that are None are left out.
    """
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
    given = {key: value for key, value in attributes.items() if value is not None}
    with _tracer.start_as_current_span(name, context, attributes=given) as opened:
        yield opened


@contextmanager
def stage_spans() -> Iterator[Callable[[str], None]]:
    """Yield a function that opens a span for a stage; the span ends at the next call or at the end of the context."""
    open_spans: list[Any] = []

    def enter(name: str) -> None:
        while open_spans:
            open_spans.pop().end()
        if _tracer is not None and name:
            open_spans.append(_tracer.start_span(name))

    try:
        yield enter
    finally:
        enter("")


def current_traceparent() -> str | None:
    """Return the W3C traceparent of the current span (55 characters), or None outside of a trace."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")
