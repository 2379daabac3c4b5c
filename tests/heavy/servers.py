"""How do real servers (here Airflow and MLflow) come up for a test, on loopback only, and go down with all their
processes?

Their environments are made once, from the pins in `locks/` (whole, so nothing is resolved; `pip check` says whether
they fit together), in `$TOCSIN_HEAVY_DIR` (else `~/.cache/tocsin-heavy`).
"""

import base64
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

LOCKS = Path(__file__).parent / "locks"
HOME = Path(os.environ.get("TOCSIN_HEAVY_DIR", Path.home() / ".cache" / "tocsin-heavy"))
START_MAX_S = 180

USER, PASSWORD = "tocsin", "tocsinpw-real"
DAG = """
from pathlib import Path
import pendulum
from airflow.sdk import dag, task

LOCKED = Path(__file__).parent.parent / "warehouse.locked"

@dag(schedule="@daily", start_date=pendulum.datetime(2026, 11, 1), catchup=False)
def orders_hourly():
    @task
    def extract():
        print("extracted 12 rows")

    @task
    def load():
        if LOCKED.exists():
            raise RuntimeError("warehouse refused connection: sales_fact is locked")

    @task
    def report():
        print("reported")

    extract() >> load() >> report()

orders_hourly()
"""

ASKING_DAG = """
import pendulum
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 11, 1), catchup=False)
def orders_release():
    ask = HITLOperator(task_id="ask", subject="Load 12 rows?", body="3 of them are new", options=["Load", "Drop"])

    @task
    def load():
        print("loaded")

    ask >> load()

orders_release()
"""


def environment(name: str) -> Path:
    """The `bin` folder of the environment with what `locks/NAME.txt` pins."""
    folder, lock = HOME / name, LOCKS / f"{name}.txt"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text() != digest:
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "-r", str(lock)], check=True, stdout=sys.stderr)
        subprocess.run([*pip[:3], "check"], check=True, stdout=sys.stderr)
        ready.write_text(digest)
    return folder / "bin"


def free_port() -> int:
    """One that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], env: Mapping[str, str], log: Path) -> Iterator[None]:
    """A program with everything it starts, ended at the end."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=dict(env), stdout=out, stderr=out, start_new_session=True)
        try:
            yield
        finally:
            for how in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, how)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10)


def wait_for(url: str, is_up: Any) -> None:
    until = time.monotonic() + START_MAX_S
    while time.monotonic() < until:
        with suppress(httpx.HTTPError, ValueError, KeyError):
            if is_up(httpx.get(url, timeout=5, trust_env=False)):
                return
        time.sleep(0.5)
    raise AssertionError(f"{url} did not come up within {START_MAX_S} s")


@dataclass
class Airflow:
    url: str
    home: Path

    def lock_warehouse(self, locked: bool) -> None:
        flag = self.home / "warehouse.locked"
        if locked:
            flag.touch()
        else:
            flag.unlink(missing_ok=True)

    def client(self) -> httpx.Client:
        body = {"username": USER, "password": PASSWORD}
        token = httpx.post(f"{self.url}/auth/token", json=body, trust_env=False).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{self.url}/api/v2", headers=headers, timeout=30, trust_env=False)

    def failed_run(self, name: str, dag: str = "orders_hourly") -> None:
        """A run that failed in `load`, and a warehouse that is well again."""
        self.lock_warehouse(True)
        self.run(name, dag, "failed")
        self.lock_warehouse(False)

    def run(self, name: str, dag: str = "orders_hourly", state: str = "success") -> None:
        """A run that came to this state."""
        with self.client() as client:
            body: dict[str, Any] = {"dag_run_id": name, "logical_date": None, "conf": {}, "note": ""}
            client.post(f"/dags/{dag}/dagRuns", json=body).raise_for_status()
            for _ in range(120):
                if client.get(f"/dags/{dag}/dagRuns/{name}").json()["state"] == state:
                    return
                time.sleep(0.5)
        raise AssertionError(f"the run did not come to {state} in time")

    def asking_run(self, name: str) -> None:
        """A run that waits for an answer."""
        with self.client() as client:
            body: dict[str, Any] = {"dag_run_id": name, "logical_date": None, "conf": {}, "note": ""}
            client.post("/dags/orders_release/dagRuns", json=body).raise_for_status()
            path = f"/dags/orders_release/dagRuns/{name}/taskInstances/ask/-1/hitlDetails"
            for _ in range(240):
                if client.get(path).status_code == 200:
                    return
                time.sleep(0.5)
        raise AssertionError("it does not ask")

    def ended(self, dag: str, run: str) -> str:
        with self.client() as client:
            for _ in range(240):
                state = str(client.get(f"/dags/{dag}/dagRuns/{run}").json()["state"])
                if state in ("success", "failed"):
                    return state
                time.sleep(0.5)
        raise AssertionError("the run does not end")

    def tries(self, run: str, task: str = "load") -> int:
        with self.client() as client:
            path = f"/dags/orders_hourly/dagRuns/{run}/taskInstances/{task}"
            return int(client.get(path).json()["try_number"])


@contextmanager
def airflow(
    folder: Path, more: Mapping[str, str] | None = None, dags: Mapping[str, str] | None = None
) -> Iterator[Airflow]:
    """`more`: further settings as environment variables. `dags`: id → text of DAGs beside the two that are there."""
    port = free_port()
    bin_ = environment("airflow")
    home = folder / "airflow"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "orders.py").write_text(DAG)
    for name, text in (dags or {}).items():
        (home / "dags" / f"{name}.py").write_text(text)
    (home / "dags" / "release.py").write_text(ASKING_DAG)
    (home / "passwords.json").write_text(f'{{"{USER}": "{PASSWORD}"}}')
    url = f"http://127.0.0.1:{port}"
    env = {
        **{name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ},
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:op",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": hashlib.sha256(b"for tests").hexdigest(),
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        **(more or {}),
    }
    program = str(bin_ / "airflow")
    with (folder / "migrate.log").open("wb") as out:
        subprocess.run([program, "db", "migrate"], env=env, check=True, stdout=out, stderr=out)
    with ExitStack() as stack:
        parts = (["api-server"], ["scheduler", "--skip-serve-logs"], ["dag-processor"])
        for part in parts:
            stack.enter_context(running([program, *part], env, folder / f"{part[0]}.log"))
        wait_for(f"{url}/api/v2/monitor/health", lambda got: got.json()["scheduler"]["status"] == "healthy")
        made = Airflow(url, home)
        for dag in ("orders_hourly", "orders_release", *(dags or {})):
            _wait_for_dag(made, dag)
        yield made


def _wait_for_dag(server: Airflow, dag: str) -> None:
    with server.client() as client:
        for _ in range(120):
            if client.get(f"/dags/{dag}").status_code == 200:
                return
            time.sleep(0.5)
    raise AssertionError(f"the DAG {dag} did not appear")


@contextmanager
def mlflow(folder: Path) -> Iterator[str]:
    port = free_port()
    bin_ = environment("mlflow")
    env = {
        **{name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ},
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_CACHE_TTL": "0",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": base64.urlsafe_b64encode(bytes(range(32))).decode(),
    }
    url = f"http://127.0.0.1:{port}"
    command = [str(bin_ / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/m.db", "--artifacts-destination", str(folder / "artifacts")]
    with running(command, env, folder / "mlflow.log"):
        wait_for(f"{url}/health", lambda got: got.status_code == 200)
        yield url


def seeded_model(url: str, name: str, versions: int = 3) -> None:
    """A registered model whose alias `champion` is its last version; each version has a run that measured its AUC."""
    client = httpx.Client(base_url=f"{url}/api/2.0/mlflow", timeout=30, trust_env=False)
    with client:
        client.post("/registered-models/create", json={"name": name}).raise_for_status()
        for version in range(1, versions + 1):
            run = client.post("/runs/create", json={"experiment_id": "0"}).json()["run"]["info"]["run_id"]
            metric = {"run_id": run, "key": "auc", "value": 0.8 + version / 100, "timestamp": 1}
            client.post("/runs/log-metric", json=metric).raise_for_status()
            source = {"name": name, "source": f"mlflow-artifacts:/0/{run}/artifacts/model", "run_id": run}
            client.post("/model-versions/create", json=source).raise_for_status()
        alias = {"name": name, "alias": "champion", "version": str(versions)}
        client.post("/registered-models/alias", json=alias).raise_for_status()
