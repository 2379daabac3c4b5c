"""One real Python client that sends: python speak.py CLIENT URL LINES [SERVICE]. Run in an environment of its own."""

import logging
import sys
from datetime import UTC, datetime

SERVICE = sys.argv[4] if len(sys.argv) > 4 else "checkout"
"""For otlp."""


def otlp(url: str, lines: list[str]) -> None:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    provider = LoggerProvider(resource=Resource.create({"service.name": SERVICE}))
    exporter = OTLPLogExporter(
        endpoint=f"{url}/v1/logs", compression=Compression.Gzip, headers={"Authorization": "Bearer t0ken"}, timeout=60
    )
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter, max_export_batch_size=10))
    logger = logging.getLogger("app")
    logger.addHandler(LoggingHandler(logger_provider=provider))
    for line in lines:
        logger.error(line)
    provider.force_flush(60_000)  # what is in its hands when it is shut down, it drops
    provider.shutdown()


def metrics(url: str, lines: list[str]) -> None:
    """A counter, a gauge and two kinds of histogram, exported once a line; deltas for what the SDK gives so."""
    import os
    import time

    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import Histogram, MeterProvider
    from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
    from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
    from opentelemetry.sdk.resources import Resource

    exporter = OTLPMetricExporter(
        endpoint=f"{url}/v1/metrics",
        compression=Compression.Gzip,
        headers={"Authorization": "Bearer t0ken"},
        timeout=60,
        preferred_temporality={Histogram: AggregationTemporality.DELTA} if os.environ.get("DELTA") else None,
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    exponential = View(instrument_name="render.duration", aggregation=ExponentialBucketHistogramAggregation())
    provider = MeterProvider([reader], Resource.create({"service.name": "checkout"}), views=[exponential])
    meter = provider.get_meter("shop")
    orders, size = meter.create_counter("orders"), meter.create_gauge("queue.size")
    took, render = meter.create_histogram("request.duration", "ms"), meter.create_histogram("render.duration", "ms")
    for number in range(len(lines)):
        orders.add(5)
        size.set(number)
        for milliseconds in range(100):
            took.record(milliseconds, {"http.route": "/checkout"})
            render.record(milliseconds)
        provider.force_flush(60_000)
        time.sleep(0.3)
    provider.shutdown()


def loki(url: str, lines: list[str]) -> None:
    import logging_loki

    handler = logging_loki.LokiHandler(
        url=f"{url}/loki/api/v1/push", tags={"service": "checkout"}, version="1", auth=("tocsin", "t0ken")
    )
    logger = logging.getLogger("app")
    logger.addHandler(handler)
    for line in lines:
        logger.error(line)


def elasticsearch(url: str, lines: list[str]) -> None:
    from elasticsearch import Elasticsearch, helpers

    client = Elasticsearch(
        url, basic_auth=("tocsin", "t0ken"), retry_on_status=(429, 502, 503, 504), max_retries=5, retry_on_timeout=True
    )
    assert client.info()["version"]["number"]
    documents = [
        {"_index": "logs", "@timestamp": datetime.now(UTC).isoformat(), "service.name": "checkout", "message": line}
        for line in lines
    ]
    done, errors = helpers.bulk(client, documents, chunk_size=7)
    assert (done, errors) == (len(lines), [])


def openlineage(url: str, lines: list[str]) -> None:
    import uuid

    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import error_message_run

    client = OpenLineageClient()  # OPENLINEAGE_CONFIG says where to

    def event(state: RunState, run: Run, job: Job) -> RunEvent:
        now = datetime.now(UTC).isoformat()
        return RunEvent(eventType=state, eventTime=now, run=run, job=job, producer="https://example.org/speak")

    for line in lines:
        run = Run(runId=str(uuid.uuid4()))
        job = Job(namespace="airflow", name=line.replace(" ", "_"))
        client.emit(event(RunState.START, run, job))
        error = error_message_run.ErrorMessageRunFacet(message="warehouse is locked", programmingLanguage="python")
        failed = Run(runId=run.runId, facets={"errorMessage": error})
        client.emit(event(RunState.FAIL, failed, job))
    client.close()


SPEAKERS = {"otlp": otlp, "metrics": metrics, "loki": loki, "elasticsearch": elasticsearch, "openlineage": openlineage}

if __name__ == "__main__":
    name, address, count = sys.argv[1:4]
    SPEAKERS[name](address, [f"order {number} failed" for number in range(int(count))])
