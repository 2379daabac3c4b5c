"""Does the Docker connector keep its contract on a real podman, which speaks Docker's Engine API?"""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import docker
from tests.connectors import test_contract as contract
from tests.connectors.bench import Bench, Opened
from tests.connectors.faulty import Answer, Asked, Backend, served
from tests.heavy.servers import START_MAX_S, running

pytestmark = pytest.mark.timeout(600)
_LOOP = '["/bin/busybox", "sh", "-c", "trap \'exit 0\' TERM; while :; do /bin/busybox sleep 0.1; done"]'


@dataclass
class Podman:
    folder: Path

    def run(self, *arguments: str, stdin: bytes = b"") -> str:
        done = subprocess.run([*self.command, *arguments], input=stdin, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    @property
    def command(self) -> list[str]:
        places = ["--root", str(self.folder / "root"), "--runroot", str(self.folder / "run")]
        return ["podman", *places, "--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]

    @property
    def socket(self) -> str:
        return str(self.folder / "s.sock")

    def with_cache(self) -> None:
        """cache runs 1.4.1; there is no other container."""
        self.run("rm", "--force", "--all", "--time", "0")
        limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"]
        own = ["--label", "team=shop", "--env", "REGION=eu"]
        self.run("run", "-d", "--name", "cache", "--network", "host", *limits, *own, "localhost/shop/cache:1.4.1")

    def of(self, field: str, container: str = "cache") -> str:
        return self.run("inspect", "--format", "{{" + field + "}}", container)


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    busybox = shutil.which("busybox")
    assert busybox, "apt-get install podman runc busybox-static"
    made = Podman(tmp_path_factory.mktemp("pod"))
    image = io.BytesIO()
    with tarfile.open(fileobj=image, mode="w") as tar:
        tar.add(busybox, "bin/busybox")
    for version in ("1.4.1", "1.4.2"):
        change = ["--change", f"CMD {_LOOP}", "--change", f"ENV VERSION={version}"]
        made.run("import", *change, "-", f"localhost/shop/cache:{version}", stdin=image.getvalue())
    serve = [*made.command, "system", "service", "--time=0", f"unix://{made.socket}"]
    with running(serve, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, made.folder / "log"):
        waiting = httpx.HTTPTransport(uds=made.socket, retries=5)
        with httpx.Client(transport=waiting, timeout=START_MAX_S) as client:
            assert client.get("http://docker/v1.41/version").status_code == 200
        yield made
        made.run("rm", "--force", "--all", "--time", "0")


def _over(socket: str, started: list[str]) -> Backend:
    def answer(asked: Asked) -> Answer:
        with httpx.Client(transport=httpx.HTTPTransport(uds=socket), timeout=60) as client:
            headers = {"Content-Type": "application/json"}
            url, content = f"http://docker{asked.path}", asked.content
            got = client.request(asked.method, url, params=dict(asked.query), content=content, headers=headers)
        if asked.path.endswith("/start") and got.status_code == 204:
            started.append(asked.path)
        try:
            return Answer(got.status_code, got.json())
        except ValueError:
            return Answer(got.status_code, got.text or None)

    return answer


@pytest.fixture
def opened(podman: Podman) -> Opened:
    @contextmanager
    def opened() -> Iterator[Bench]:
        podman.with_cache()
        started = list[str]()
        with served(_over(podman.socket, started)) as faulty:
            yield Bench(
                faulty,
                lambda: docker.executor("docker", {"url": faulty.url, "timeout_s": 60}),
                Action("d", ActionKind.DEPLOY, "cache", "docker", {"container": "cache"}),
                {"version": "1.4.2"},
                state=lambda: podman.run("ps", "--all", "--format", "{{.Names}} {{.ID}} {{.Image}}"),
                effects=lambda: len(started),
                secrets=("no-secret-is-needed",),
                pause_s=0.2,
                goes_on=True,
            )

    return opened


@pytest.fixture
def bench(opened: Opened) -> Iterator[Bench]:
    with opened() as made:
        yield made


test_a_plan_changes_nothing = contract.test_a_plan_changes_nothing_and_says_the_same_twice
test_the_same_key_twice_has_one_effect = contract.test_the_same_key_twice_has_one_effect
test_what_was_done_is_found = contract.test_what_was_not_done_is_not_found_and_what_was_is
test_it_can_be_stopped = contract.test_what_goes_on_can_be_stopped_and_stopping_twice_does_no_harm


@pytest.mark.parametrize("fault", ["cut", "refused"])
def test_killed_between_any_two_requests_it_has_one_effect(opened: Opened, fault: str) -> None:
    contract.test_killed_between_any_two_requests_it_has_one_effect(opened, fault)


def test_the_new_one_is_like_the_old_one_and_a_rollback_goes_back(bench: Bench, podman: Podman) -> None:
    executor = docker.executor("docker", {"socket": podman.socket, "timeout_s": 60})
    for kind, parameters, version in (
        (ActionKind.DEPLOY, {"version": "1.4.2"}, "1.4.2"),
        (ActionKind.ROLLBACK, {}, "1.4.1"),
    ):
        action = Action("x", kind, "cache", "docker", {"container": "cache"})
        plan = executor.plan(action, parameters)
        done = contract.finished(bench, executor.execute(f"tocsin-{kind}-1", action, parameters, plan))
        assert done.summary == f"the container cache runs {version}"
        environment = podman.of(".Config.Env")
        assert f"VERSION={version}" in environment
        assert "REGION=eu" in environment
        assert podman.of('index .Config.Labels "team"') == "shop"
    assert podman.of(".Config.Image", "cache-before") == "localhost/shop/cache:1.4.2"
