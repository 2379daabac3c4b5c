"""Which changes, runs and figures are in others' reports?"""

import json
from typing import Any

import pytest

from bot.changes.model import ChangeKind
from bot.errors import InputError
from bot.sources.model import Kind, Posted, RunState
from bot.sources.registry import BY_NAME, SOURCES
from tests.sources.posting import FIXTURES, NOW, fixture, heard

HOOKS = [source.name for source in SOURCES if source.is_hook and source.kind is not Kind.ALERTS]


def changed(name: str, **changes: Any) -> bytes:
    """The fixture with other values: `build__status="FAILURE"` goes into the object under build."""
    body = json.loads(fixture(BY_NAME[name]))
    for path, value in changes.items():
        *steps, last = path.split("__")
        inner = body
        for step in steps:
            inner = inner[step]
        inner[last] = value
    return json.dumps(body).encode()


@pytest.mark.parametrize("name", ["github", "gitlab", "argocd", "flux", "jenkins", "cdevents"])
def test_a_deploy_is_a_change_of_its_service(name: str) -> None:
    (change,) = heard(name).changes
    assert (change.kind, change.service, change.source) == (ChangeKind.DEPLOY, "checkout", name)
    assert change.version
    assert (NOW - change.at).total_seconds() in (0, 140)
    assert heard(name).changes[0].key == change.key


def test_a_deployment_on_github_names_version_person_and_place() -> None:
    (change,) = heard("github").changes
    assert (change.version, change.by, change.environment) == ("v1.4.2", "octocat", "production")
    pending = heard("github", changed("github", deployment_status__state="pending"))
    assert (pending.changes, pending.ignored) == ([], 1)


def test_a_push_to_the_default_branch_and_its_merge_are_one_change() -> None:
    push = (FIXTURES / "github-push.json").read_bytes()
    (pushed,) = heard("github", push, x_github_event="push").changes
    assert (pushed.kind, pushed.version, pushed.by) == (ChangeKind.CONFIG, "59b20b8d5c6f", "ana")
    assert pushed.summary == "Raise the pool size"
    merge = {
        "action": "closed",
        "pull_request": {"merged": True, "merge_commit_sha": json.loads(push)["after"], "base": {"ref": "main"}},
        "repository": json.loads(push)["repository"],
    }
    (merged,) = heard("github", json.dumps(merge).encode(), x_github_event="pull_request").changes
    assert merged.key == pushed.key
    assert heard("github", push.replace(b"heads/main", b"heads/fix"), x_github_event="push").ignored == 1
    assert heard("github", b'{"zen": "x"}', x_github_event="ping").ignored == 1


def test_a_workflow_that_fails_is_a_run_that_failed() -> None:
    run = {"id": 1, "run_attempt": 1, "name": "ci", "conclusion": "failure", "updated_at": "2026-03-01T12:00:00Z"}
    body = {
        "action": "completed",
        "workflow_run": run,
        "repository": {"name": "checkout", "full_name": "shop/checkout"},
    }
    (found,) = heard("github", json.dumps(body).encode(), x_github_event="workflow_run").runs
    assert (found.state, found.pipeline, found.service) == (RunState.FAILED, "shop/checkout/ci", "checkout")


def test_argo_cd_and_flux_tell_of_trouble_and_of_its_end() -> None:
    failed = heard("argocd", changed("argocd", phase="Failed", health="Degraded", message="no such image"))
    (signal,) = failed.signals
    assert (signal.service, signal.evidence.examples, failed.changes) == ("checkout", ("no such image",), [])
    assert heard("argocd").ended[0].fingerprint == signal.fingerprint
    (signal,) = heard("flux", changed("flux", severity="error", reason="HealthCheckFailed")).signals
    assert heard("flux").ended[0].fingerprint == signal.fingerprint
    (rolled_back,) = heard("flux", changed("flux", reason="RollbackSucceeded")).changes
    assert rolled_back.kind is ChangeKind.ROLLBACK


def test_a_jenkins_build_is_a_run_and_only_a_successful_deploy_a_change() -> None:
    assert heard("jenkins").runs[0].state is RunState.SUCCEEDED
    failed = heard("jenkins", changed("jenkins", build__status="FAILURE"))
    assert (failed.runs[0].state, failed.changes) == (RunState.FAILED, [])
    assert heard("jenkins", changed("jenkins", build__phase="STARTED")).runs[0].state is RunState.RUNNING


def test_cdevents_come_structured_binary_bare_and_in_batches() -> None:
    body = json.loads(fixture(BY_NAME["cdevents"]))
    (structured,) = heard("cdevents").changes
    binary = {"ce_type": body["type"], "ce_id": body["id"], "ce_source": body["source"], "ce_time": body["time"]}
    (in_headers,) = heard("cdevents", json.dumps(body["data"]).encode(), **binary).changes
    (bare,) = heard("cdevents", json.dumps(body["data"]).encode()).changes
    batch = heard("cdevents", json.dumps([body, {"specversion": "1.0"}, body]).encode())
    assert structured == in_headers == bare == batch.changes[0]
    assert (structured.version, structured.environment) == ("1.4.2", "production")
    assert batch.rejected_count == 1


def test_openlineage_tells_runs_rows_datasets_and_tests() -> None:
    found = heard("openlineage")
    (run,) = found.runs
    assert (run.pipeline, run.task, run.state, run.rows) == ("orders_hourly", "load", RunState.FAILED, 123)
    assert run.error == "RuntimeError: warehouse refused connection"
    assert run.outputs == ("postgres://dwh:5432/dwh.public.orders",)
    assert [(m.name, m.passed) for m in found.measured] == [("not_null(id)", True), ("row_count_equals", False)]
    start = heard("openlineage", changed("openlineage", eventType="START")).runs[0]
    assert (start.key, start.state, start.started_at) == (run.key, RunState.RUNNING, run.at)
    assert heard("openlineage", b'{"dataset": {"name": "x"}, "eventTime": "2026-03-01T12:00:00Z"}').ignored == 1
    with pytest.raises(InputError, match="eventTime"):
        heard("openlineage", b'{"run": {"runId": "x"}, "job": {"name": "y"}}')


def test_openlineage_of_a_real_airflow_names_the_run_the_failed_tasks_and_the_log() -> None:
    """Captured from Airflow 3.3.2 with its provider 2.20.3 by tests/heavy/real_lineage.py, and trimmed."""
    task, dag = (heard("openlineage", (FIXTURES / f"openlineage-airflow-{one}.json").read_bytes()).runs[0]
                 for one in ("task", "dag"))  # fmt: skip
    assert (task.pipeline, task.task, task.state) == ("orders_hourly", "load", RunState.FAILED)
    assert task.error == "warehouse refused connection: sales_fact is locked"
    assert task.link.endswith("/tasks/load?try_number=1")
    assert (dag.pipeline, dag.task, dag.state, dag.error) == ("orders_hourly", "", RunState.FAILED, "load failed")
    assert task.run == dag.run
    assert task.run.startswith("ill-")


def test_an_airflow_callback_is_a_run_of_its_task() -> None:
    (run,) = heard("airflow").runs
    assert (run.pipeline, run.task, run.state) == ("orders_hourly", "load", RunState.FAILED)
    assert heard("airflow", changed("airflow", state="success")).runs[0].state is RunState.SUCCEEDED
    with pytest.raises(InputError, match="none of"):
        heard("airflow", changed("airflow", state="confused"))


def test_dbt_models_are_runs_and_tests_are_figures() -> None:
    found = heard("dbt")
    assert [(run.task, run.state, run.rows) for run in found.runs] == [
        ("orders", RunState.SUCCEEDED, 42),
        ("revenue", RunState.FAILED, None),
    ]
    assert [(m.name, m.passed, m.value) for m in found.measured] == [
        ("not_null_orders_id", False, 3.0),
        ("unique_orders_id", True, 0.0),
    ]


def test_expectations_of_a_real_checkpoint_are_figures() -> None:
    found = heard("expectations").measured
    assert [(m.subject, m.name, m.passed) for m in found] == [
        ("orders", "expect_column_values_to_not_be_null(amount)", False),
        ("orders", "expect_column_values_to_be_between(amount)", False),
    ]
    assert found[1].value == 50.0


def test_a_real_evidently_report_says_which_columns_drift() -> None:
    found = heard("evidently").measured
    assert {m.subject for m in found} == {"churn"}
    share, amount, _ = found
    assert (share.name, share.value, share.passed) == ("Share of Drifted Columns: Less 0.500", 1.0, False)
    assert (amount.name, amount.passed) == ("Value Drift for column amount", False)


def test_an_alias_of_a_model_is_a_change_of_what_serves() -> None:
    (change,) = heard("mlflow").changes
    assert (change.kind, change.service, change.version) == (ChangeKind.MODEL_VERSION, "churn", "2")
    assert change.summary == "champion of churn is version 2 now"
    assert heard("mlflow", changed("mlflow", entity="prompt")).ignored == 1


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"{}", b"[" * 5000, b'{"a":' * 5000])
def test_what_is_no_report_is_refused_rejected_or_ignored(name: str, body: bytes) -> None:
    try:
        found = heard(name, body)
    except InputError:
        return
    assert found.accepted == 0


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_source_has_a_fixture_that_it_hears(source) -> None:  # type: ignore[no-untyped-def]
    assert fixture(source)
    if source.name != "mapping":
        assert heard(source.name).accepted > 0


def test_one_bad_cdevent_of_a_batch_is_named_and_the_others_count() -> None:
    good = json.loads(fixture(BY_NAME["cdevents"]))
    odd = {**good, "data": {**good["data"], "context": "checkout"}}
    body = json.dumps([good, "no event", odd]).encode()
    heard = BY_NAME["cdevents"].decode(Posted(body, {"content-type": "application/cloudevents-batch+json"}, NOW))
    assert (len(heard.changes), [part.place for part in heard.rejected]) == (2, ["event 2"])


def test_how_manieth_a_try_is_comes_with_it() -> None:
    (first,) = heard("airflow", changed("airflow", try_number=3)).runs
    assert first.attempt == 3
    event = json.loads(fixture(BY_NAME["openlineage"]))
    event["run"].setdefault("facets", {})["airflow"] = {"taskInstance": {"try_number": 2}}
    (second,) = heard("openlineage", json.dumps(event).encode()).runs
    assert second.attempt == 2
    assert heard("openlineage").runs[0].attempt == 1
    assert heard("airflow", changed("airflow", try_number="many")).runs[0].attempt == 1
