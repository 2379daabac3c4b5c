"""Does every line of each client arrive once, set up as docs/sources.md shows it, through what happens to a Tocsin:
thirty seconds of 503, an answer that gets lost, a full queue, a restart? They all send at once, each for a service of
its own."""

import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.conftest import HERE, Tocsin, until
from tests.clients.documented import LINES, PROGRAMS, SERVICES, speaking
from tests.clients.test_real_clients import speak
from tests.clients.test_rotel_and_tools import rotel
from tests.clients.test_syslog_daemons import log, shipping

STORM_S = 30.0
OTLP = [client for client in PROGRAMS if client.startswith("OpenTelemetry")]
"""They last through some ten seconds, as test_real_clients has it; then they drop what they have, by their nature."""
PATIENT = [client for client in PROGRAMS if client not in OTLP]


class Crowd:
    """Programs that run side by side until all of their lines have arrived."""

    def __init__(self, tocsin: Tocsin, request: pytest.FixtureRequest, folder: Path) -> None:
        self._tocsin, self._request, self._folder = tocsin, request, folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "Crowd":
        self._stack.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.__exit__(*failure)  # type: ignore[arg-type]

    def speak(self, clients: Sequence[str]) -> None:
        for client in clients:
            program = speaking(client, self._tocsin, self._request, self._folder)
            self._running[client] = self._stack.enter_context(program)

    def are_heard_once(self, **others: int) -> None:
        """`others`: service → lines that arrive beside theirs."""
        for client, program in self._running.items():
            if PROGRAMS[client].sends_at_its_end:
                assert program.stdin is not None
                program.stdin.close()
        wanted = {SERVICES[client]: LINES for client in self._running} | others

        def arrived() -> dict[str, int]:
            return {service: self._tocsin.lines(service) for service in wanted}

        until(lambda: all(arrived()[service] >= lines for service, lines in wanted.items()), told=arrived)
        time.sleep(1.5)
        assert arrived() == wanted


@pytest.fixture
def crowd(tocsin: Tocsin, request: pytest.FixtureRequest, tmp_path: Path) -> Crowd:
    return Crowd(tocsin, request, tmp_path)


def test_thirty_seconds_of_503_cost_no_line(tocsin: Tocsin, crowd: Crowd, python_clients: Path, tmp_path: Path) -> None:
    log(tmp_path, 0, 0)
    tocsin.storm_s = STORM_S
    with (
        tocsin.running(),
        rotel(python_clients, tocsin, tmp_path) as collector,
        shipping("syslog-ng http()", tocsin, tmp_path),
        crowd,
    ):
        crowd.speak(PATIENT)
        log(tmp_path, 0, LINES)
        speak([str(python_clients), str(HERE / "speak.py"), "otlp", collector, str(LINES), "collected"])
        until(lambda: not tocsin.weather.is_stormy())
        assert len(tocsin.weather.told_to) == len(PATIENT) + 2
        assert all(told[0] == 503 for told in tocsin.weather.told_to.values())
        crowd.are_heard_once(collected=LINES, checkout=LINES)


def test_what_is_sent_again_because_an_answer_was_lost_counts_once(tocsin: Tocsin, crowd: Crowd) -> None:
    tocsin.lost_answers = 1
    with tocsin.running(), crowd:
        crowd.speak(PATIENT)
        until(lambda: tocsin.weather.lost == len(PATIENT), told=lambda: tocsin.weather.lost_by)
        crowd.are_heard_once()


def test_what_the_full_queue_refuses_is_sent_again(tocsin: Tocsin, crowd: Crowd) -> None:
    tocsin.is_full = True
    with tocsin.running(), crowd:
        crowd.speak(PATIENT)

        def refused() -> int:
            return sum(429 in told for told in tocsin.weather.told_to.values())

        until(lambda: refused() == len(PATIENT), told=lambda: tocsin.weather.told_to)
        tocsin.make_room()
        until(lambda: any(told[-1] < 300 for told in tocsin.weather.told_to.values()))
        crowd.are_heard_once()


def test_what_is_sent_while_nobody_listens_is_sent_again(tocsin: Tocsin, crowd: Crowd) -> None:
    with tocsin.running():
        pass
    with crowd:
        crowd.speak(list(PROGRAMS))
        time.sleep(3)
        with tocsin.running():
            crowd.are_heard_once()
