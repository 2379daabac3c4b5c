"""Does the shop live as it says: over real HTTP, with a real repository, through outages and kills?"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.actions.model import Action, ActionKind
from bot.clock import SystemClock
from bot.connectors.git import executor
from bot.demo.estate import Estate, taken_lines
from bot.demo.pace import Pace
from bot.demo.shop import KEY, SERVICES
from bot.demo.spool import Spool
from bot.demo.story import Journal
from bot.demo.traffic import Traffic
from bot.errors import SettingsError
from tests.demo.conftest import FAST, Receiver

CALM = replace(FAST, bad_deploy_after_s=3600)


def _estate(home: Path, receiver: Receiver, pace: Pace = FAST, **options: object) -> Estate:
    return Estate(home, receiver.url, SystemClock(), pace=pace, **options)  # type: ignore[arg-type]


async def _until(holds: Callable[[], object], *, within_s: float = 20) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.05)


def _roll_back(home: Path, service: str) -> None:
    target = {"file": SERVICES[service].file, "key": KEY}
    action = Action("rollback", ActionKind.ROLLBACK, service, "shop", target)
    git = executor("shop", {"repository": str(home / "shop.git")})
    git.execute(f"k-{service}", action, {}, git.plan(action, {}))


async def test_the_past_comes_first_and_is_healthy(tmp_path: Path, receiver: Receiver) -> None:
    async with _estate(tmp_path, receiver, CALM) as estate:
        async with asyncio.timeout(30):
            await estate.caught_up()
        began = SystemClock().now() - FAST.past
        for service in SERVICES.values():
            assert receiver.count(service.name) == pytest.approx(120 * service.lines, rel=0.35)
            first = min(line["time"] for line in receiver.lines[service.name])
            assert first < (began + timedelta(seconds=3)).isoformat()
        assert {"time", "level", "message", "host"} == set(receiver.lines["web"][0])
        rollouts = receiver.messages("checkout", "rollout finished version=1.4.1")
        assert len(rollouts) == 1
    kinds = Counter((change["kind"], change["service"]) for change in receiver.changes)
    assert kinds[("deploy", "checkout")] == kinds[("deploy", "web")] == kinds[("deploy", "payments")] == 1
    assert kinds[("pipeline_run", "orders_hourly")] >= 2
    assert kinds[("model_version", "recommender")] == 1
    times = [change["at"] for change in receiver.changes]
    assert times == sorted(times)


async def test_a_bad_deploy_goes_out_and_a_rollback_in_git_ends_its_errors(tmp_path: Path, receiver: Receiver) -> None:
    told: list[str] = []
    async with _estate(tmp_path, receiver, tell=told.append) as estate:
        await _until(lambda: len(receiver.messages("checkout", "no minor unit for currency=JPY")) > 100)
        [deploy] = [change for change in receiver.changes if change["version"] == "1.4.2"]
        assert deploy["key"] == estate.deployments.head()
        assert (deploy["kind"], deploy["previous"], deploy["by"]) == ("deploy", "1.4.1", "Ana")
        first = min(line["time"] for line in receiver.lines["checkout"] if "no minor unit" in line["message"])
        assert deploy["at"] < first
        assert estate.vitals.faults == ("currency",)
        await _until(lambda: len(receiver.messages("payments", "still waits for its order")) > 250)

        _roll_back(tmp_path, "checkout")
        await _until(lambda: estate.is_well, within_s=5)
        healed_at = SystemClock().now().isoformat()
        await asyncio.sleep(2)
        late = [line["time"] for line in receiver.lines["checkout"] if "no minor unit" in line["message"]]
        assert max(late) < healed_at.replace("+00:00", "Z")
        [back] = [change for change in receiver.changes if change["kind"] == "rollback"]
        assert (back["version"], back["previous"], back["key"]) == ("1.4.1", "1.4.2", estate.deployments.head())
    assert [sentence.split(";")[0] for sentence in told if "runs now" in sentence] == [
        "checkout 1.4.2 runs now",
        "checkout 1.4.1 runs now",
    ]


async def test_the_next_bad_deploy_is_another_fault(tmp_path: Path, receiver: Receiver) -> None:
    pace = replace(FAST, bad_deploy_after_s=0.1, next_bad_deploy_after_s=0.1, tick_s=0.05)
    seen = []
    async with _estate(tmp_path, receiver, pace) as estate:
        for service in ("checkout", "payments"):
            await _until(lambda: estate.vitals.faults)
            seen.append((estate.vitals.faults[0], estate.vitals.versions[service]))
            await asyncio.to_thread(_roll_back, tmp_path, service)
            await _until(lambda: estate.is_well)
    assert seen == [("currency", "1.4.2"), ("gateway", "2.7.4")]


async def test_no_more_bad_deploys_than_wanted(tmp_path: Path, receiver: Receiver) -> None:
    pace = replace(FAST, bad_deploy_after_s=0.1, next_bad_deploy_after_s=0.1, tick_s=0.05)
    async with _estate(tmp_path, receiver, pace, bad_deploys_max=0) as estate:
        await estate.caught_up()
        await asyncio.sleep(1)
        assert estate.is_well
        assert estate.due_in_s == 0


async def test_a_restart_in_the_middle_of_a_fault_goes_on_where_it_was(tmp_path: Path, receiver: Receiver) -> None:
    async with _estate(tmp_path, receiver) as estate:
        await _until(lambda: len(receiver.messages("checkout", "no minor unit")) > 20)
    before = len(receiver.messages("checkout", "no minor unit"))
    await asyncio.sleep(1)
    async with _estate(tmp_path, receiver) as estate:
        assert not estate.is_well
        await _until(lambda: len(receiver.messages("checkout", "no minor unit")) > before + 60)
        assert len([change for change in receiver.changes if change["version"] == "1.4.2"]) == 1
    _no_line_is_missing_or_doubled(tmp_path, receiver)


async def test_a_rollback_while_the_shop_was_closed_is_brought_out_at_the_next_start(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with _estate(tmp_path, receiver):
        await _until(lambda: receiver.messages("checkout", "no minor unit"))
    _roll_back(tmp_path, "checkout")
    async with _estate(tmp_path, receiver) as estate:
        await _until(lambda: estate.is_well and estate.vitals.versions["checkout"] == "1.4.1")
        await _until(lambda: estate.due_in_s > FAST.bad_deploy_after_s, within_s=5)


async def test_after_a_long_absence_only_two_hours_are_caught_up(tmp_path: Path, receiver: Receiver) -> None:
    async with _estate(tmp_path, receiver, CALM) as estate:
        await estate.caught_up()
    long_ago = (SystemClock().now() - timedelta(days=400)).isoformat()
    for service in SERVICES:
        spool = Spool(tmp_path / "spool" / service)
        while spool.waiting:
            spool.taken(spool.waiting[0])
        note = spool.folder / "taken.json"
        note.write_text(json.dumps({**json.loads(note.read_text()), "until": long_ago}))
    taken = receiver.count("web")
    async with _estate(tmp_path, receiver, CALM) as estate:
        await estate.caught_up()
    assert receiver.count("web") - taken == pytest.approx(120 * SERVICES["web"].lines, rel=0.35)


async def test_outages_lost_answers_and_refusals_neither_lose_nor_double_lines(
    tmp_path: Path, receiver: Receiver
) -> None:
    told: list[str] = []
    async with _estate(tmp_path, receiver, CALM, tell=told.append) as estate:
        await estate.caught_up()
        receiver.is_away = True
        await asyncio.sleep(1.5)
        assert estate.vitals.waiting > 5
        receiver.answers = [500, 429, 401, 502]
        receiver.loses = 4
        receiver.is_away = False
        await _until(lambda: receiver.repeated >= 4)
        await _until(lambda: estate.vitals.waiting <= 6)
    assert any("503" in sentence for sentence in told)
    _no_line_is_missing_or_doubled(tmp_path, receiver)


async def test_a_batch_that_will_never_be_taken_stops_nothing(tmp_path: Path, receiver: Receiver) -> None:
    async with _estate(tmp_path, receiver, CALM) as estate:
        await estate.caught_up()
        receiver.answers = [400]
        await _until(lambda: estate.vitals.refused > 0)
        before = receiver.count("web")
        await _until(lambda: receiver.count("web") > before + 20)


async def test_the_token_is_sent(tmp_path: Path, receiver: Receiver) -> None:
    async with _estate(tmp_path, receiver, CALM, token="open-sesame") as estate:
        await estate.caught_up()
    assert receiver.authorizations == {"Bearer open-sesame"}


@pytest.mark.timeout(180)
async def test_killed_again_and_again_it_loses_and_doubles_nothing(tmp_path: Path, receiver: Receiver) -> None:
    rng = random.Random(5)
    environment = {
        **os.environ,
        "TOCSIN_DEMO_WINDOW_S": "1",
        "TOCSIN_DEMO_TICK_S": "0.1",
        "TOCSIN_DEMO_BAD_DEPLOY_AFTER_S": "0.2",
    }
    command = [sys.executable, "-m", "bot.demo", receiver.url, str(tmp_path)]
    for _ in range(7):
        receiver.loses = rng.randrange(3)
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        await asyncio.sleep(rng.uniform(1.0, 4.5))
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    async with _estate(tmp_path, receiver) as estate:
        await _until(lambda: receiver.messages("checkout", "no minor unit"))
        await _until(lambda: estate.vitals.waiting <= 6)
    _no_line_is_missing_or_doubled(tmp_path, receiver)
    releases = [change for change in receiver.changes if change["version"] == "1.4.2"]
    assert len(releases) == 1
    log = subprocess.run(
        ["git", "-C", str(tmp_path / "shop.git"), "log", "--format=%an", "main"], capture_output=True, check=True
    )
    assert log.stdout.decode().split().count("Ana") == 1


def _no_line_is_missing_or_doubled(home: Path, receiver: Receiver) -> None:
    """What was taken is what the journal says, give or take a batch whose answer was under way at the end; and of the
    services that are not deployed it is exactly what they wrote."""
    taken = taken_lines(home)
    for service in SERVICES:
        waiting = [int(path.name.split(".")[1]) for path in sorted((home / "spool" / service).glob("*.batch"))]
        possible = {taken[service] + sum(waiting[:sent]) for sent in range(len(waiting) + 1)}
        assert receiver.count(service) in possible
        times = Counter((line["time"], line["message"]) for line in receiver.lines[service])
        assert not [line for line, count in times.items() if count > 1]
    story = Journal(home / "story.json").read()
    assert story is not None
    for service in ("orders_hourly", "recommender"):
        got = receiver.lines[service]
        last = max(line["time"] for line in got)
        wrote = Traffic(FAST.minute_s, 1, story.began).between(service, story.began, SystemClock().now())
        expected = [line.text for line in wrote if line.at.isoformat(timespec="microseconds")[:26] <= last[:26]]
        assert [line["message"] for line in got] == expected


def test_the_pace_can_be_set_for_tests_only_and_wrong_values_are_named() -> None:
    assert Pace.from_environment({"TOCSIN_DEMO_WINDOW_S": "5", "TOCSIN_DEMO_TICK_S": "0.5"}) == Pace(5, tick_s=0.5)
    assert Pace.from_environment({}) == Pace()
    for wrong in ("0", "-1", "soon", "2.5"):
        with pytest.raises(SettingsError, match="TOCSIN_DEMO_WINDOW_S"):
            Pace.from_environment({"TOCSIN_DEMO_WINDOW_S": wrong})
