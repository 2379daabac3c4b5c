"""Is an action looked after by its own check: a query, a table's check, an address? And is going back offered?"""

import http.server
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bot.actions.model import Action, ActionKind, Plan, Run, RunState, Verdict
from bot.engine.runs import Wish
from bot.errors import ConnectorError
from bot.slack.render import Renderer
from bot.watch.pages import Pages
from tests.connectors.faulty import Answer, Asked, Faulty, served
from tests.scenarios.test_runs import Scripted
from tests.scenarios.world import ANA, BEN, World


class Versioned(Scripted):
    """Knows which version was there before."""

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        return Plan("1 → 2", "1", "2", "", "")


class Shop:
    """A table of what went wrong, and a page that answers."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "shop.db"
        self.status = 200
        self.set_errors(0)

    def set_errors(self, count: int) -> None:
        with sqlite3.connect(self.file) as db:
            db.execute("CREATE TABLE IF NOT EXISTS errors (id INTEGER)")
            db.execute("DELETE FROM errors")
            db.executemany("INSERT INTO errors VALUES (?)", [(i,) for i in range(count)])
        db.close()

    def answer(self, asked: Asked) -> Answer:
        return Answer(self.status, "all systems go")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def page(shop: Shop) -> Iterator[Faulty]:
    with served(shop.answer) as faulty:
        yield faulty


def world_with(shop: Shop, **verify: Any) -> World:
    action = {"kind": "deploy", "service": "shop", "connector": "c", "verify_minutes": 5}
    source = {"databases": {"warehouse": {"url": f"sqlite:///{shop.file}"}}}
    checks = {"few-errors": {"source": "warehouse", "kind": "volume", "service": "shop", "table": "errors"}}
    return World(
        executors={"c": Versioned()},
        services={},
        watch={**source, "checks": {"few-errors": {**checks["few-errors"], "rows_max": 5}}},
        connectors={"c": {"type": "scripted"}},
        actions={"deploy-shop": {**action, "verify": verify}},
    )


def deployed(world: World) -> int:
    run = world.engine.runs.request(Wish(ActionKind.DEPLOY, "shop", {}), ANA)
    world.engine.runs.approve(run.id, BEN)
    world.engine.runs.work("w")
    return run.id


def run_of(world: World, number: int) -> Run:
    return world.engine.reading.run(number).run


def said(world: World, number: int) -> str:
    return Renderer().render("run", world.engine.reading.run(number)).text


QUERY = {"source": "warehouse", "query": "SELECT count(*) FROM errors", "value_max": 5, "unit": "errors"}


@pytest.mark.parametrize("verify", [QUERY, {"check": "few-errors"}])
def test_a_deploy_after_which_the_check_fails_is_told_as_worse_at_once(shop: Shop, verify: dict[str, Any]) -> None:
    world = world_with(shop, **verify)
    number = deployed(world)
    assert run_of(world, number).looked_before is not None
    shop.set_errors(40)
    world.run(minutes=2)
    run = run_of(world, number)
    assert (run.state, run.verdict) == (RunState.SUCCEEDED, Verdict.WORSE) or len(run.looks) < 3
    world.run(minutes=2)
    run = run_of(world, number)
    assert (run.state, run.verdict) == (RunState.SUCCEEDED, Verdict.WORSE)
    assert "its check fails" in said(world, number)
    assert "before the run it was all right" in said(world, number)
    assert world.notices("line") == [f"run:{number}:verdict"]


def test_going_back_is_offered_and_goes_back(shop: Shop) -> None:
    world = world_with(shop, **QUERY)
    number = deployed(world)
    shop.set_errors(40)
    world.run(minutes=5)
    assert run_of(world, number).can_be_undone
    card = Renderer().render("run", world.engine.reading.run(number))
    assert "Go back to 1" in str(card.blocks)
    again = world.engine.runs.undo(number, BEN)
    assert again.kind is ActionKind.DEPLOY


def test_a_check_that_stays_right_for_all_its_minutes_is_well(shop: Shop) -> None:
    world = world_with(shop, **QUERY)
    number = deployed(world)
    world.run(minutes=3)
    assert run_of(world, number).state is RunState.VERIFYING
    assert "So far its check is all right (0 errors)." in said(world, number)
    world.run(minutes=3)
    run = run_of(world, number)
    assert (run.state, run.verdict) == (RunState.SUCCEEDED, Verdict.WELL)
    assert world.notices("line") == []


def test_what_failed_before_and_is_right_since_has_recovered(shop: Shop) -> None:
    shop.set_errors(9)
    world = world_with(shop, **QUERY)
    number = deployed(world)
    shop.set_errors(0)
    world.run(minutes=3)
    assert run_of(world, number).verdict is Verdict.RECOVERED


def test_an_address_is_looked_at(shop: Shop, page: Faulty) -> None:
    world = world_with(shop, url=page.url, contains="systems go")
    number = deployed(world)
    shop.status = 503
    world.run(minutes=4)
    run = run_of(world, number)
    assert run.verdict is Verdict.WORSE
    assert "the address answers 503" in said(world, number)


def test_an_address_that_is_gone_fails_and_a_source_that_is_away_says_nothing(shop: Shop, tmp_path: Path) -> None:
    gone = world_with(shop, url="http://127.0.0.1:9/")
    number = deployed(gone)
    gone.run(minutes=6)
    assert run_of(gone, number).verdict is Verdict.NO_EFFECT
    shop.file = tmp_path / "nothing" / "there.db"
    away = world_with(shop, **QUERY)
    number = deployed(away)
    away.run(minutes=6)
    assert run_of(away, number).verdict is Verdict.NOT_CHECKED


def test_a_slow_address_holds_up_nobody_elses_check(shop: Shop) -> None:
    release = threading.Event()

    def slow(asked: Asked) -> Answer:
        release.wait(20)
        return Answer(200, "well")

    with served(slow) as never, served(shop.answer) as fine:
        verify = {"slow": {"url": never.url, "timeout_s": 30}} | {f"fine-{n}": {"url": fine.url} for n in range(4)}
        actions = {
            name: {"kind": "restart", "service": name, "connector": "c", "verify": check}
            for name, check in verify.items()
        }
        world = World(executors={"c": Scripted()}, services={}, connectors={"c": {"type": "scripted"}}, actions=actions)
        verifying = world.engine.runs._verifying
        began = time.monotonic()
        looks = verifying.look_at(list(actions), within_s=2)
        assert time.monotonic() - began < 6
        assert {name: look.is_right for name, look in looks.items()} == {
            "slow": None,
            **{n: True for n in verify if n != "slow"},
        }
        assert looks["slow"].said == "no answer within 2 s"
        release.set()


def test_an_answer_in_drops_is_too_slow() -> None:
    class Drops(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                for _ in range(40):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.1)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Drops)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(ConnectorError, match="too long"):
            Pages().look(f"http://127.0.0.1:{server.server_port}/", 0.5)
    finally:
        server.shutdown()
        server.server_close()
