"""Does every line of Debian's rsyslog and syslog-ng arrive once, with the configurations of docs/sources.md: plainly,
through refusals, over a restart, and when an answer was lost?"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Tocsin, example, until
from tests.clients.debian import rsyslog, syslog_ng

LINES = 60
STORM_S = 6.0
Run = Callable[[Path, str, Path], AbstractContextManager[Any]]
CLIENTS: dict[str, tuple[Run, str, str]] = {
    "rsyslog omelasticsearch": (rsyslog, "bulk", "rsyslog (omelasticsearch)"),
    "rsyslog omfwd": (rsyslog, "syslog", "rsyslog, TCP"),
    "syslog-ng http()": (syslog_ng, "lines", "syslog-ng http()"),
    "syslog-ng syslog()": (syslog_ng, "syslog", "syslog-ng"),
}


def shipping(client: str, tocsin: Tocsin, folder: Path) -> AbstractContextManager[Any]:
    run, source, shipper = CLIENTS[client]
    return run(folder, tocsin.filled(example(source, shipper)), folder / "app.log")


def log(folder: Path, first: int, count: int) -> None:
    with (folder / "app.log").open("a") as file:
        file.writelines(f"order {number} failed\n" for number in range(first, first + count))


def settled(tocsin: Tocsin, folder: Path, lines: int) -> None:
    """So many have arrived, and no more come."""
    words = [folder / "rsyslog.log", folder / "syslog-ng.log"]
    told = lambda: (tocsin.lines(), [file.read_text()[-2000:] for file in words if file.exists()])  # noqa: E731
    until(lambda: tocsin.lines() >= lines, told=told)
    time.sleep(1.5)
    assert tocsin.lines() == lines


@pytest.mark.parametrize("client", CLIENTS)
def test_every_line_arrives_once(tocsin: Tocsin, tmp_path: Path, client: str) -> None:
    log(tmp_path, 0, 0)
    with tocsin.running(), shipping(client, tocsin, tmp_path):
        log(tmp_path, 0, LINES)
        settled(tocsin, tmp_path, LINES)


def test_every_line_of_syslog_ng_arrives_once_after_seconds_of_503(tocsin: Tocsin, tmp_path: Path) -> None:
    log(tmp_path, 0, 0)
    tocsin.storm_s = STORM_S
    with tocsin.running(), shipping("syslog-ng http()", tocsin, tmp_path):
        for first in range(0, LINES, 10):
            log(tmp_path, first, 10)
            time.sleep(0.3)
        settled(tocsin, tmp_path, LINES)
        assert tocsin.weather.refused > 1


def test_rsyslog_drops_what_a_proxy_refuses_and_goes_on_with_the_next(tocsin: Tocsin, tmp_path: Path) -> None:
    """A 503 without Elasticsearch's words. By its own nature; docs/sources.md says so. When a later rsyslog fails here,
    the note goes."""
    log(tmp_path, 0, 0)
    tocsin.storms = 1
    with tocsin.running(), shipping("rsyslog omelasticsearch", tocsin, tmp_path):
        log(tmp_path, 0, LINES // 2)
        until(lambda: tocsin.weather.refused == 1)
        time.sleep(0.5)
        log(tmp_path, LINES // 2, LINES // 2)
        until(lambda: tocsin.lines() > 0)
        time.sleep(1.5)
        assert tocsin.lines() < LINES


def test_what_the_full_queue_refuses_rsyslog_sends_again_over_http(tocsin: Tocsin, tmp_path: Path) -> None:
    log(tmp_path, 0, 0)
    tocsin.is_full = True
    with tocsin.running(), shipping("rsyslog omelasticsearch", tocsin, tmp_path):
        log(tmp_path, 0, LINES)
        until(lambda: tocsin.weather.told.count(429) > LINES)
        tocsin.make_room()
        settled(tocsin, tmp_path, LINES)


@pytest.mark.parametrize("client", ["rsyslog omfwd", "syslog-ng syslog()"])
def test_over_syslog_what_the_full_queue_refuses_waits_and_arrives_once(
    tocsin: Tocsin, tmp_path: Path, client: str
) -> None:
    log(tmp_path, 0, 0)
    tocsin.is_full = True
    with tocsin.running(), shipping(client, tocsin, tmp_path):
        for first in range(0, LINES, 10):
            log(tmp_path, first, 10)
            time.sleep(0.5)
        assert tocsin.lines() == 0
        tocsin.make_room()
        settled(tocsin, tmp_path, LINES)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_line_arrives_once_over_a_restart(tocsin: Tocsin, tmp_path: Path, client: str) -> None:
    log(tmp_path, 0, 0)
    with ExitStack() as stack:
        with tocsin.running():
            stack.enter_context(shipping(client, tocsin, tmp_path))
            log(tmp_path, 0, LINES // 2)
            until(lambda: tocsin.lines() > 0)
        log(tmp_path, LINES // 2, LINES // 4)  # nobody listens
        time.sleep(1)
        with tocsin.running():
            log(tmp_path, LINES * 3 // 4, LINES // 4)
            settled(tocsin, tmp_path, LINES)


@pytest.mark.parametrize("client", ["syslog-ng http()", "rsyslog omelasticsearch"])
def test_a_batch_whose_answer_was_lost_counts_once(tocsin: Tocsin, tmp_path: Path, client: str) -> None:
    log(tmp_path, 0, 0)
    tocsin.lost_answers = 1
    with tocsin.running(), shipping(client, tocsin, tmp_path):
        log(tmp_path, 0, LINES)
        until(lambda: tocsin.weather.told[-1:] == [200])
        settled(tocsin, tmp_path, LINES)
        assert tocsin.weather.lost == 1


def test_what_the_full_queue_refuses_syslog_ng_waits_as_long_as_it_is_told_and_sends_it_once(
    tocsin: Tocsin, tmp_path: Path
) -> None:
    log(tmp_path, 0, 0)
    tocsin.is_full = True
    with tocsin.running(), shipping("syslog-ng http()", tocsin, tmp_path):
        for first in range(0, LINES, 10):
            log(tmp_path, first, 10)
            time.sleep(0.5)
        until(lambda: 429 in tocsin.weather.told)
        tocsin.make_room()
        settled(tocsin, tmp_path, LINES)
