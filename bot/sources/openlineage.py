"""What runs does OpenLineage report? Run events of Airflow, Spark, dbt, Flink and others. https://openlineage.io/docs/spec"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.errors import InputError
from bot.sources.changing import run
from bot.sources.model import Example, Heard, Kind, Measured, Posted, Proof, Route, RunState, Source
from bot.sources.received import at_path, decoded_object, first_text, moment, objects, service_like, text

NAME = "openlineage"
TASKS_NAMED = 10
_STATES = {"START": RunState.RUNNING, "RUNNING": RunState.RUNNING, "COMPLETE": RunState.SUCCEEDED,
           "FAIL": RunState.FAILED, "ABORT": RunState.CANCELLED}  # fmt: skip
_NAMES = (
    ("run", "facets", "airflow", "dagRun", "run_id"),
    ("run", "facets", "airflowDagRun", "dagRun", "run_id"),
    ("run", "facets", "parent", "run", "runId"),
)
"""What a run is called: as Airflow calls it, else the parent's id."""
Event = Mapping[str, Any]


def decode(posted: Posted) -> Heard:
    event = decoded_object(posted.body)
    heard = Heard()
    if "run" not in event:
        if "job" not in event and "dataset" not in event:
            raise InputError("it is no OpenLineage event: it has neither run, job nor dataset")
        heard.ignored += 1  # a JobEvent or DatasetEvent: nothing ran
        return heard
    state = _STATES.get(text(event, "eventType").upper(), RunState.RUNNING)
    at = moment(event, "eventTime")
    run_id, job = text(event, "run", "runId"), text(event, "job", "name")
    for name, found in (("eventTime", at), ("run.runId", run_id), ("job.name", job)):
        if not found:
            raise InputError("it is missing", place=name)
    assert at is not None
    parent = text(event, "run", "facets", "parent", "job", "name")
    pipeline, task = (parent, job.removeprefix(f"{parent}.")) if parent and parent != job else (job, "")
    service = posted.service or service_like(pipeline)
    is_over = state is not RunState.RUNNING
    outputs = tuple(_datasets(event, "outputs"))
    heard.runs.append(
        run(
            NAME,
            run_id,
            pipeline,
            service,
            state,
            at,
            name=first_text(event, *_NAMES) or run_id,
            task=task,
            started_at=_started_at(event, at),
            ended_at=at if is_over else None,
            error=_error(event),
            url=first_text(event, ("run", "facets", "airflow", "dagRun", "external_url"),
                           ("run", "facets", "airflow", "taskInstance", "log_url"),
                           ("job", "facets", "sourceCodeLocation", "url")),
            rows=_rows(event),
            inputs=tuple(_datasets(event, "inputs")),
            outputs=outputs,
            attempt=at_path(event, "run", "facets", "airflow", "taskInstance", "try_number"),
        )
    )  # fmt: skip
    heard.measured += _assertions(event, run_id, service, at)
    return heard


def _started_at(event: Event, at: datetime) -> datetime | None:
    nominal = moment(event, "run", "facets", "nominalTime", "nominalStartTime")
    return at if text(event, "eventType").upper() == "START" else nominal


def _error(event: Event) -> str:
    """What went wrong. Of a whole DAG Airflow only says `task_failure`, and beside it how each task ended."""
    ended = at_path(event, "run", "facets", "airflowState", "tasksState")
    failed = [str(task) for task, state in ended.items() if state == "failed"] if isinstance(ended, dict) else []
    if failed:
        return f"{', '.join(failed[:TASKS_NAMED])} failed"
    return text(event, "run", "facets", "errorMessage", "message")


def _datasets(event: Event, side: str) -> Iterator[str]:
    for _, dataset in objects(event, side, most=50):
        namespace, name = text(dataset, "namespace"), text(dataset, "name")
        if name:
            yield f"{namespace}/{name}" if namespace else name


def _rows(event: Event) -> int | None:
    found = [
        at_path(dataset, "outputFacets", "outputStatistics", "rowCount")
        for _, dataset in objects(event, "outputs", most=50)
    ]
    counts = [count for count in found if isinstance(count, int) and 0 <= count < 2**62]
    return sum(counts) if counts else None


def _assertions(event: Event, run_id: str, service: str, at: datetime) -> Iterator[Measured]:
    """The data quality tests that ran on the inputs."""
    for _, dataset in objects(event, "inputs", most=50):
        told = at_path(dataset, "inputFacets", "dataQualityAssertions")
        for index, item in objects(told, "assertions", most=200):
            passed = at_path(item, "success")
            column = text(item, "column")
            name = text(item, "assertion") + (f"({column})" if column else "")
            if isinstance(passed, bool) and name:
                subject = text(dataset, "name")
                key = f"{NAME}:{run_id}:{subject}:{index}"[:200]
                yield Measured(key, service, subject[:300], name[:300], at, None, passed, source=NAME)


_CLIENT = """\
# openlineage.yml, or OPENLINEAGE_CONFIG
transport:
  type: http
  url: {url}
  endpoint: api/v1/lineage
  auth: {type: api_key, apiKey: "{token}"}
  retry: {total: 20, backoff_factor: 1, status_forcelist: [429, 500, 502, 503, 504], allowed_methods: [POST]}
"""
_AIRFLOW = """\
# airflow.cfg, with the package apache-airflow-providers-openlineage
[openlineage]
transport = {"type": "http", "url": "{url}", "auth": {"type": "api_key", "apiKey": "{token}"}}
"""
_SPARK = """\
spark-submit --packages io.openlineage:openlineage-spark_2.12:1.30.0 \\
  --conf spark.extraListeners=io.openlineage.spark.agent.OpenLineageSparkListener \\
  --conf spark.openlineage.transport.type=http --conf spark.openlineage.transport.url={url} \\
  --conf spark.openlineage.transport.auth.type=api_key --conf spark.openlineage.transport.auth.apiKey={token} job.py
"""
_DBT = """\
OPENLINEAGE_URL={url} OPENLINEAGE_API_KEY={token} dbt-ol run
"""

SOURCE = Source(
    name=NAME,
    title="OpenLineage",
    kind=Kind.PIPELINES,
    decode=decode,
    routes=(Route("POST", "/api/v1/lineage"),),
    fixture="openlineage.json",
    about="The pipeline is the parent job, the service its name. Rows written, datasets and test results are kept.",
    examples=(
        Example("openlineage-python", "yaml", _CLIENT, Proof.REAL),
        Example("Airflow", "ini", _AIRFLOW, Proof.REAL, "Tried with Airflow 3.3.2 and its provider 2.20.3."),
        Example("Spark", "sh", _SPARK, Proof.DOCUMENTED),
        Example("dbt (dbt-ol)", "sh", _DBT, Proof.DOCUMENTED),
    ),
)
