"""How do the real Prefect and Dagster come up for a test, with a flow that fails while `warehouse.locked` is there?"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.heavy.servers import environment, free_port, running, wait_for

DEPLOYMENT = "orders/hourly"
_FLOW = """
from pathlib import Path
from prefect import flow, task

HERE = Path(__file__).parent

@task(persist_result=True)
def extract(day):
    with (HERE / "extracted").open("a") as out:
        out.write(f"{day}\\n")

@task
def load():
    if (HERE / "warehouse.locked").exists():
        raise RuntimeError("warehouse refused connection: sales_fact is locked")

@flow(name="orders", log_prints=True)
def orders(day: int = 1, seconds: int = 0):
    import time
    extract(day)
    time.sleep(seconds)
    load()
    print("loaded", day)

if __name__ == "__main__":
    orders.serve(name="hourly")
"""
_JOB = """
from pathlib import Path
from dagster import Definitions, job, op

HERE = Path(__file__).parent

@op
def extract() -> int:
    with (HERE / "extracted").open("a") as out:
        out.write("x\\n")
    return 3

@op
def load(rows: int) -> None:
    if (HERE / "warehouse.locked").exists():
        raise RuntimeError("warehouse refused connection: sales_fact is locked")

@job
def orders_hourly():
    load(extract())

@op
def wait() -> None:
    import time
    time.sleep(60)

@job
def slow():
    wait()

defs = Definitions(jobs=[orders_hourly, slow])
"""


class Warehouse:
    """What the flow writes, and whether it can."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def lock(self, locked: bool) -> None:
        flag = self.folder / "warehouse.locked"
        if locked:
            flag.touch()
        else:
            flag.unlink(missing_ok=True)

    def extracted(self) -> int:
        file = self.folder / "extracted"
        return len(file.read_text().splitlines()) if file.exists() else 0


def _base(bin_: Path, folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(folder), "PATH": f"{bin_}:{os.environ['PATH']}", "DO_NOT_TRACK": "1"}


@contextmanager
def prefect(folder: Path) -> Iterator[Warehouse]:
    port = free_port()
    bin_, url = environment("prefect"), f"http://127.0.0.1:{port}/api"
    (folder / "orders.py").write_text(_FLOW)
    env: Mapping[str, str] = {
        **_base(bin_, folder),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_UI_ENABLED": "false",
        "PREFECT_API_URL": url,
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
    }
    serve = [str(bin_ / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with ExitStack() as stack:
        stack.enter_context(running(serve, env, folder / "server.log"))
        wait_for(f"{url}/health", lambda got: got.status_code == 200)
        stack.enter_context(running([str(bin_ / "python"), str(folder / "orders.py")], env, folder / "worker.log"))
        wait_for(f"{url}/deployments/name/{DEPLOYMENT}", lambda got: got.status_code == 200)
        yield Warehouse(folder, url)


@contextmanager
def dagster(folder: Path) -> Iterator[Warehouse]:
    port = free_port()
    bin_, url = environment("dagster"), f"http://127.0.0.1:{port}"
    (folder / "shop.py").write_text(_JOB)
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    env = {**_base(bin_, folder), "DAGSTER_HOME": str(folder)}
    command = [str(bin_ / "dagster"), "dev", "-f", str(folder / "shop.py"), "-h", "127.0.0.1", "-p", str(port)]
    with running(command, env, folder / "dagster.log"):
        wait_for(f"{url}/server_info", lambda got: got.status_code == 200)
        time.sleep(1)
        yield Warehouse(folder, url)
