"""What does an Airflow callback say? The JSON that the callback of docs/sources.md posts."""

from bot.errors import InputError
from bot.sources.changing import run
from bot.sources.model import Example, Heard, Kind, Posted, Proof, RunState, Source
from bot.sources.received import decoded_object, moment, text

NAME = "airflow"
_STATES = {"failed": RunState.FAILED, "success": RunState.SUCCEEDED, "running": RunState.RUNNING}


def decode(posted: Posted) -> Heard:
    body = decoded_object(posted.body)
    dag, run_id, task = text(body, "dag_id"), text(body, "run_id"), text(body, "task_id")
    if not dag or not run_id:
        raise InputError("it has no 'dag_id' and 'run_id'")
    state = _STATES.get(text(body, "state") or "failed")
    if state is None:
        raise InputError(f"the state {text(body, 'state')!r} is none of {', '.join(_STATES)}", place="state")
    at = moment(body, "at") or posted.now
    attempt = text(body, "try_number") or "1"
    heard = Heard()
    heard.runs.append(
        run(
            NAME,
            f"{dag}:{run_id}:{task}:{attempt}:{text(body, 'map_index') or '-1'}",
            dag,
            posted.service or dag,
            state,
            at,
            name=run_id,
            task=task,
            started_at=moment(body, "started_at"),
            ended_at=None if state is RunState.RUNNING else at,
            error=text(body, "exception"),
            url=text(body, "log_url"),
            attempt=attempt,
        )
    )
    return heard


_CALLBACK = """\
import httpx


def tell_tocsin(context):
    ti = context["ti"]
    httpx.post(
        "{url}/v1/hooks/airflow",
        headers={"Authorization": "Bearer {token}"},
        timeout=10,
        json={
            "dag_id": ti.dag_id,
            "run_id": ti.run_id,
            "task_id": ti.task_id,
            "try_number": ti.try_number,
            "map_index": ti.map_index,
            "state": "failed" if context.get("exception") else "success",
            "exception": str(context.get("exception") or ""),
            "log_url": ti.log_url,
        },
    )


default_args = {"on_failure_callback": tell_tocsin, "on_success_callback": tell_tocsin}
"""

SOURCE = Source(
    name=NAME,
    title="Airflow callbacks",
    kind=Kind.PIPELINES,
    decode=decode,
    fixture="airflow.json",
    about="The service is the DAG. A task that succeeds ends the trouble that its failure began.",
    examples=(Example("a DAG's default_args", "python", _CALLBACK, Proof.REAL),),
)
