"""What does dbt's run_results.json say? https://docs.getdbt.com/reference/artifacts/run-results-json

Models, seeds and snapshots are runs; tests are figures that passed or did not.
"""

from collections.abc import Mapping
from typing import Any

from bot.errors import InputError
from bot.sources.changing import run
from bot.sources.model import Example, Heard, Kind, Measured, Posted, Proof, RunState, Source
from bot.sources.received import at_path, decoded_object, figure, moment, objects, service_like, text

NAME = "dbt"
_STATES = {"success": RunState.SUCCEEDED, "error": RunState.FAILED, "runtime error": RunState.FAILED,
           "partial success": RunState.FAILED, "skipped": RunState.CANCELLED, "no-op": RunState.SUCCEEDED}  # fmt: skip
_PASSED = {"pass": True, "warn": True, "fail": False, "error": False, "runtime error": False}
RESULTS_MAX = 20_000


def decode(posted: Posted) -> Heard:
    body = decoded_object(posted.body)
    if "results" not in body or "metadata" not in body:
        raise InputError("it is no run_results.json: it has no 'metadata' and 'results'")
    heard = Heard()
    invocation = text(body, "metadata", "invocation_id")
    generated_at = moment(body, "metadata", "generated_at") or posted.now
    for index, result in objects(body, "results", most=RESULTS_MAX):
        unique_id = text(result, "unique_id")
        kind, _, rest = unique_id.partition(".")
        project, _, name = rest.partition(".")
        if not name:
            heard.reject(f"results[{index}]", "it has no unique_id like model.project.name")
            continue
        at = moment(at_path(result, "timing", -1), "completed_at") or generated_at
        service = posted.service or service_like(project)
        if kind in ("test", "unit_test"):
            _test(heard, result, f"{invocation}:{unique_id}", project, service, at)
            continue
        _run(heard, result, f"{invocation}:{unique_id}", project, name, service, at)
    return heard


def _run(heard: Heard, result: Mapping[str, Any], key: str, project: str, name: str, service: str, at: Any) -> None:
    state = _STATES.get(text(result, "status"))
    if state is None:
        heard.reject(name, f"its status is {text(result, 'status')!r}")
        return
    rows = at_path(result, "adapter_response", "rows_affected")
    heard.runs.append(
        run(
            NAME,
            key,
            project,
            service,
            state,
            at,
            task=name,
            started_at=moment(at_path(result, "timing", -1), "started_at"),
            ended_at=at,
            error=text(result, "message") if state is RunState.FAILED else "",
            rows=rows if isinstance(rows, int) and 0 <= rows < 2**62 else None,
            outputs=(text(result, "relation_name").replace('"', ""),) if text(result, "relation_name") else (),
        )
    )


def _test(heard: Heard, result: Mapping[str, Any], key: str, project: str, service: str, at: Any) -> None:
    passed = _PASSED.get(text(result, "status"))
    if passed is None:
        heard.ignored += 1
        return
    name = text(result, "unique_id").partition(".")[2].partition(".")[2].rpartition(".")[0] or text(result, "unique_id")
    value = figure(result, "failures")
    told = Measured(f"{NAME}:{key}"[:200], service, project[:300], name[:300], at, value, passed,
                    text(result, "message"), NAME)  # fmt: skip
    heard.measured.append(told)


SOURCE = Source(
    name=NAME,
    title="dbt run results",
    kind=Kind.PIPELINES,
    decode=decode,
    fixture="dbt.json",
    about="The service is the project; each model is a task, each test a figure.",
    examples=(
        Example("after dbt build", "sh", "curl --fail -H 'Authorization: Bearer {token}' "
                "-H 'Content-Type: application/json' --data-binary @target/run_results.json {url}/v1/hooks/dbt\n",
                Proof.REAL),
    ),
)  # fmt: skip
