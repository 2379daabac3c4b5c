"""Every connector with something to act on, for the suite that all of them pass."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from bot.actions.model import Action, ActionKind
from bot.actions.parameters import Parameter
from bot.connectors import airflow, github_actions, http, jenkins, mlflow
from tests.connectors import (
    bench_building,
    bench_data,
    bench_deploying,
    bench_git,
    bench_models,
    bench_tickets,
    fake_airflow,
    fake_github,
    fake_jenkins,
    fake_mlflow,
)
from tests.connectors.bench import Bench as Bench
from tests.connectors.bench import Opened as Opened
from tests.connectors.faulty import Answer, Asked, served


@contextmanager
def airflow_rerun() -> Iterator[Bench]:
    fake = fake_airflow.FakeAirflow()
    fake.failed_run("r1")
    fake.failed_run("r2")
    fake.locked = False
    action = Action("rerun-orders", ActionKind.RERUN, "orders", "airflow", {"dag": "orders_hourly"})
    with _airflow(fake, action, {"since": "2026-11-21T09:00:00Z"}) as bench:
        bench.effects = lambda: max((fake.effects.count(f"clear {run}") for run in ("r1", "r2")), default=0)
        bench.disturb = lambda: fake.runs["r2"].tasks["load"].update(try_number=2)
        yield bench


@contextmanager
def airflow_trigger() -> Iterator[Bench]:
    fake = fake_airflow.FakeAirflow()
    fake.locked = False
    action = Action("start-orders", ActionKind.TRIGGER, "orders", "airflow", {"dag": "orders_hourly"})
    with _airflow(fake, action, {}) as bench:
        yield bench


@contextmanager
def airflow_backfill() -> Iterator[Bench]:
    fake = fake_airflow.FakeAirflow()
    fake.locked = False
    action = Action("fill-orders", ActionKind.BACKFILL, "orders", "airflow", {"dag": "orders_hourly"})
    with _airflow(fake, action, {"since": "2026-11-10T00:00:00Z", "until": "2026-11-12T00:00:00Z"}) as bench:
        yield bench


@contextmanager
def airflow_answer() -> Iterator[Bench]:
    fake = fake_airflow.FakeAirflow()
    fake.asking_run("q1")
    fake.asking_run("q2")
    target = {"dag": "orders_release", "task": "ask"}
    action = Action("release-orders", ActionKind.CALL, "orders", "airflow", target)
    with _airflow(fake, action, {"answer": "load"}) as bench:
        bench.goes_on, bench.knows_by_world = False, True
        bench.state = lambda: (copy.deepcopy(fake.questions), list(fake.effects))
        bench.disturb = partial(_somebody_drops, fake)
        yield bench


def _somebody_drops(fake: fake_airflow.FakeAirflow) -> None:
    fake.answered("q2", ["Drop"], {})


@contextmanager
def _airflow(fake: fake_airflow.FakeAirflow, action: Action, parameters: Mapping[str, str]) -> Iterator[Bench]:
    with served(fake.answer) as faulty:
        options = {"url": faulty.url, "username": fake_airflow.USER, "password": fake_airflow.PASSWORD}
        yield Bench(
            faulty,
            lambda: airflow.executor("airflow", {**options, "timeout_s": 0.8}),
            action,
            parameters,
            state=lambda: (
                len(fake.runs),
                list(fake.effects),
                [t for r in fake.runs.values() for t in r.tasks.items()],
            ),
            effects=lambda: len(fake.effects),
            secrets=(fake_airflow.PASSWORD, fake_airflow.TOKEN),
            goes_on=True,
        )


@contextmanager
def mlflow_rollback() -> Iterator[Bench]:
    with _mlflow(ActionKind.MODEL_ROLLBACK, {}) as bench:
        yield bench


@contextmanager
def mlflow_promote() -> Iterator[Bench]:
    with _mlflow(ActionKind.MODEL_PROMOTE, {"version": "1"}) as bench:
        yield bench


@contextmanager
def _mlflow(kind: ActionKind, parameters: Mapping[str, str]) -> Iterator[Bench]:
    fake = fake_mlflow.FakeMlflow()
    action = Action(f"{kind}-churn", kind, "churn", "mlflow", {"model": "churn", "alias": "champion"})
    with served(fake.answer) as faulty:
        yield Bench(
            faulty,
            lambda: mlflow.executor("mlflow", {"url": faulty.url, "token": fake_mlflow.TOKEN, "timeout_s": 0.8}),
            action,
            parameters,
            state=lambda: (dict(fake.alias), dict(fake.tags), {v: dict(t) for v, t in fake.versions.items()}),
            effects=lambda: len(fake.effects),
            secrets=(fake_mlflow.TOKEN,),
            disturb=lambda: fake.alias.update(champion="2" if kind is ActionKind.MODEL_PROMOTE else "1"),
        )


@contextmanager
def http_call() -> Iterator[Bench]:
    done: dict[str, dict[str, str]] = {}
    effects: list[str] = []

    def answer(asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != "Bearer cache-token-5d1":
            return Answer(401, {"message": "no"})
        if asked.method == "GET":
            found = done.get(asked.query["key"])
            return Answer(200, [found]) if found else Answer(404, {"message": "no such purge"})
        key = asked.headers["Idempotency-Key"]
        effects.append(key)
        done[key] = {"status": f"purged {asked.path} {asked.body['depth']}", "id": "17"}
        return Answer(201, done[key])

    target = {"path": "/v1/purge/{region}", "find": "/v1/purges?key={key}"}
    parameters = (Parameter("region"), Parameter("depth"))
    action = Action("purge", ActionKind.CALL, "shop", "cache", target, parameters=parameters)
    with served(answer) as faulty:
        yield Bench(
            faulty,
            lambda: http.executor("cache", {"url": faulty.url, "token": "cache-token-5d1", "timeout_s": 0.8}),
            action,
            {"region": "eu/../us?x=1", "depth": '"; DROP'},
            state=lambda: (dict(done), list(effects)),
            effects=lambda: len(effects),
            secrets=("cache-token-5d1",),
            asks_to_plan=False,
        )


@contextmanager
def jenkins_deploy() -> Iterator[Bench]:
    fake = fake_jenkins.FakeJenkins()
    target, parameters = {"job": "shop/deploy-web"}, (Parameter("version", required=True),)
    options = {"username": fake_jenkins.USER, "password": fake_jenkins.API_TOKEN, "timeout_s": 0.8}
    with served(fake.answer) as faulty:
        yield Bench(
            faulty,
            lambda: jenkins.executor("jenkins", {"url": faulty.url, **options}),
            Action("deploy-web", ActionKind.DEPLOY, "web", "jenkins", target, parameters=parameters),
            {"version": "1.4.2; rm -rf /"},
            state=lambda: (len(fake.queue), len(fake.builds), list(fake.effects)),
            effects=lambda: len(fake.effects),
            secrets=(fake_jenkins.API_TOKEN, fake_jenkins.PAIR),
            goes_on=True,
        )


@contextmanager
def github_deploy() -> Iterator[Bench]:
    fake = fake_github.FakeGithub()
    target, parameters = {"repository": "shop/web", "workflow": "deploy.yml"}, (Parameter("version", required=True),)
    with served(fake.answer) as faulty:
        yield Bench(
            faulty,
            lambda: github_actions.executor(
                "github", {"url": faulty.url, "token": fake_github.TOKEN, "timeout_s": 0.8}
            ),
            Action("deploy-web", ActionKind.DEPLOY, "web", "github", target, parameters=parameters),
            {"version": "1.4.2"},
            state=lambda: (len(fake.runs), list(fake.effects)),
            effects=lambda: len(fake.effects),
            secrets=(fake_github.TOKEN,),
            goes_on=True,
        )


@contextmanager
def github_rerun() -> Iterator[Bench]:
    fake = fake_github.FakeGithub()
    fake.failed_run()
    options = {"token": fake_github.TOKEN, "timeout_s": 0.8}
    with served(fake.answer) as faulty:
        yield Bench(
            faulty,
            lambda: github_actions.executor("github", {"url": faulty.url, **options}),
            Action("again", ActionKind.RERUN, "web", "github", {"repository": "shop/web", "workflow": "deploy.yml"}),
            {},
            state=lambda: (copy.deepcopy(fake.runs), list(fake.effects)),
            effects=lambda: len(fake.effects),
            secrets=(fake_github.TOKEN,),
            disturb=lambda: fake.runs[0].update(run_attempt=2),
            goes_on=True,
            knows_by_world=True,
        )


BENCHES: dict[str, Opened] = {
    **bench_building.BENCHES,
    **bench_data.BENCHES,
    **bench_deploying.BENCHES,
    **bench_models.BENCHES,
    **bench_git.BENCHES,
    **bench_tickets.BENCHES,
    "github-deploy": github_deploy,
    "github-rerun": github_rerun,
    "jenkins-deploy": jenkins_deploy,
    "http-call": http_call,
    "airflow-rerun": airflow_rerun,
    "airflow-trigger": airflow_trigger,
    "airflow-answer": airflow_answer,
    "airflow-backfill": airflow_backfill,
    "mlflow-rollback": mlflow_rollback,
    "mlflow-promote": mlflow_promote,
}
