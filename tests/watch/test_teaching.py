"""Does what people say of a signal change what is told, within bounds, visibly, and until they take it back?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.engine.ports import Transaction
from bot.engine.sensitivity import QUIET_FOR, TIMES_MAX, TIMES_MIN, Sensitivities
from bot.errors import Refused
from bot.signals.model import SignalKind
from bot.slack.render import Renderer
from tests.scenarios.traffic import Line, shop
from tests.scenarios.world import ANA, BEN, STRANGER, World
from tests.templates import pages

FAULT = Line("payment {n} failed: timeout", 40, "error")


def broken() -> World:
    world = World(services={"checkout": shop()["checkout"]})
    world.run(minutes=45)
    world.service("checkout").faults.append(FAULT)
    world.run(minutes=3)
    return world


def scored(tx: Transaction, times: float, world: World) -> bool:
    """Is a signal told that is so many times above its threshold?"""
    signal = pages.signal()
    seen = replace(signal.evidence, score=3.0 * times, threshold=3.0)
    return Sensitivities(tx).is_told(replace(signal, evidence=seen), world.clock.now())


def test_less_of_this_raises_the_threshold_and_as_it_was_puts_it_back() -> None:
    world = broken()
    (incident,) = world.incidents()
    with world.engine.store.read() as tx:
        signal = tx.signals.of(incident.id)[0]
    learnt = world.engine.teaching.say(incident.id, signal.id, "less", ANA)
    assert learnt is not None
    assert (learnt.times, learnt.useless) == (2.0, 1)
    shown = str(Renderer().render("replies/why", world.engine.whys.incident(incident.id)).blocks)
    assert "2 times the usual threshold" in shown
    assert f"reset:{incident.id}:{signal.id}" in shown
    with world.engine.store.read() as tx:
        said = tx.records.audit_of(signal.fingerprint)
    assert (said[0].by, said[0].facts["to"]) == (ANA.key, "2")
    with pytest.raises(Refused):
        world.engine.teaching.say(incident.id, signal.id, "less", STRANGER)
    assert world.engine.teaching.say(incident.id, signal.id, "reset", ANA) is None
    with world.engine.store.read() as tx:
        assert tx.sensitivity.of(signal.fingerprint) is None


def test_what_is_only_a_little_above_is_muted_with_the_reason_and_what_is_far_above_is_told() -> None:
    world = World(services={})
    with world.engine.store.write() as tx:
        learnt = Sensitivities(tx)
        assert scored(tx, 1.5, world)
        learnt.learn(pages.signal(), ANA.key, world.clock.now(), is_useful=False)
        assert not scored(tx, 1.5, world)
        assert scored(tx, 2.5, world)
        assert tx.records.decisions("checkout")[-1].reason == "less_wanted"


def test_what_is_no_problem_is_told_again_when_it_is_much_louder_or_after_a_month() -> None:
    world = World(services={})
    signal = pages.signal()
    seen = replace(signal.evidence, rate_now=20.0)
    signal, louder = replace(signal, evidence=seen), replace(signal, evidence=replace(seen, rate_now=41.0))
    with world.engine.store.write() as tx:
        learnt, now = Sensitivities(tx), world.clock.now()
        assert learnt.quiet_until(signal, now) is None
        learnt.dismiss([signal], ANA.key, now)
        assert learnt.quiet_until(signal, now) == now + QUIET_FOR
        assert learnt.quiet_until(louder, now) is None
        assert learnt.quiet_until(signal, now + QUIET_FOR) is None
        again = replace(signal, kind=SignalKind.RATE_UP, fingerprint="other")
        assert learnt.quiet_until(again, now), "the same line, seen another way"
        said = tx.sensitivity.of(signal.fingerprint)
        assert said is not None
        assert (said.times, said.useless) == (2.0, 1)
        learnt.welcome([signal], BEN.key, now)
        assert learnt.quiet_until(signal, now) is None
        assert [e.facts["said"] for e in tx.records.audit_of(signal.fingerprint)] == ["not_a_problem", "useful"]


def test_opening_again_what_was_no_problem_says_that_it_is_one() -> None:
    world = broken()
    (incident,) = world.incidents()
    world.engine.incidents.not_a_problem(incident.id, ANA)
    shown = str(Renderer().render("replies/why", world.engine.whys.incident(incident.id)).blocks)
    assert "twice as loud" in shown
    world.clock.advance(timedelta(minutes=1))
    digest = world.engine.digests.compose_now()
    assert [one.times for one in digest.taught] == [2.0]
    assert "Quieter since people said so" in str(Renderer().render("digest", digest).blocks)
    world.run(minutes=20)
    assert not world.incidents()[0].state.is_active
    world.engine.incidents.reopen(incident.id, BEN)
    why = world.engine.whys.incident(incident.id)
    assert why.quiet_until == {}
    assert set(why.taught.values()) <= {1.0}


def test_useful_on_the_message_takes_back_what_was_said_before() -> None:
    world = broken()
    (incident,) = world.incidents()
    with world.engine.store.read() as tx:
        signal = tx.signals.of(incident.id)[0]
    world.engine.teaching.say(incident.id, signal.id, "less", ANA)
    world.engine.incidents.useful(incident.id, BEN)
    with world.engine.store.read() as tx:
        said = tx.sensitivity.of(signal.fingerprint)
    assert said is not None
    assert (said.times, said.useful, said.useless) == (1.0, 1, 1)
    with pytest.raises(Refused):
        world.engine.incidents.useful(incident.id, STRANGER)


def test_nobody_can_silence_or_amplify_without_bound() -> None:
    world = World(services={})
    with world.engine.store.write() as tx:
        learnt = Sensitivities(tx)
        for _ in range(9):
            loud = learnt.learn(pages.signal(), ANA.key, world.clock.now(), is_useful=False)
        assert loud.times == TIMES_MAX
        for _ in range(9):
            loud = learnt.learn(pages.signal(), ANA.key, world.clock.now(), is_useful=True)
        assert loud.times == TIMES_MIN
        assert (loud.useful, loud.useless) == (9, 9)
