"""Does the store keep what it is given, the same way on both databases?"""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.actions.model import Action, ActionKind, Plan, Run, RunState, Verdict, binding
from bot.changes.model import Change, ChangeKind
from bot.engine.log_ports import TemplateUse
from bot.engine.ports import Decision, Notice, Posted
from bot.errors import NotFound, Stale
from bot.incidents.model import Incident, Suspect, TimelineEntry
from bot.logs.miner import TemplateState
from bot.signals.model import Dominant, Evidence, Signal, SignalKind
from bot.signals.severity import Severity
from bot.store import migrate
from bot.store.database import Database

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_batch_key_is_claimed_once(database: Database) -> None:
    with database.write() as tx:
        assert tx.logs.claim_batch("a", 10, NOW)
    with database.write() as tx:
        assert not tx.logs.claim_batch("a", 10, NOW)
        assert tx.logs.claim_batch("b", 10, NOW)


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        assert tx.logs.claim_batch("a", 1 // 0 if tx.logs.claim_batch("a", 1, NOW) else 1, NOW)
    with database.write() as tx:
        assert tx.logs.claim_batch("a", 1, NOW)


def test_the_only_connection_is_not_closed_under_whoever_is_using_it() -> None:
    database = Database("sqlite://")
    migrate.upgrade(database.engine)
    inside, go_on, lines = threading.Event(), threading.Event(), []

    def ask() -> None:
        with database.read() as tx:
            inside.set()
            go_on.wait(10)
            lines.append(tx.logs.total_lines())

    asking, closing = threading.Thread(target=ask), threading.Thread(target=database.close)
    asking.start()
    assert inside.wait(10)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    go_on.set()
    asking.join()
    closing.join()
    assert lines == [0]


def test_counts_add_up_by_window(database: Database) -> None:
    with database.write() as tx:
        tx.logs.write_templates([_state("t1"), _state("t2")], NOW)
        tx.logs.add_counts({("t1", NOW): 3, ("t2", NOW): 1, ("t1", NOW + MINUTE): 5})
        tx.logs.add_counts({("t1", NOW): 4})
        tx.logs.add_counts({})
    with database.read() as tx:
        assert tx.logs.counts("shop", NOW, NOW + 2 * MINUTE) == {
            "t1": {NOW: 7, NOW + MINUTE: 5},
            "t2": {NOW: 1},
        }
        assert tx.logs.counts("shop", NOW, NOW + MINUTE) == {"t1": {NOW: 7}, "t2": {NOW: 1}}
        assert tx.logs.counts("other", NOW, NOW + MINUTE) == {}
        assert tx.logs.total_lines() == 13
        assert [(row.id, n) for row, n in tx.logs.noisiest(NOW, NOW + 2 * MINUTE, 1)] == [("t1", 12)]
        assert tx.logs.lines_between(NOW, NOW + MINUTE) == {"shop": 8}


def test_what_an_alias_counted_belongs_to_the_template_it_turned_out_to_be(database: Database) -> None:
    with database.write() as tx:
        tx.logs.write_templates([_state("t1"), _state("t2")], NOW)
        tx.logs.add_counts({("t1", NOW): 3, ("t2", NOW): 4, ("t2", NOW + MINUTE): 5})
        tx.logs.write_templates([replace(_state("t2"), alias_of="t1")], NOW)
        assert tx.logs.counts("shop", NOW, NOW + 2 * MINUTE) == {"t1": {NOW: 7, NOW + MINUTE: 5}}


def test_folded_hours_keep_every_line(database: Database) -> None:
    old = NOW - timedelta(hours=3)
    with database.write() as tx:
        tx.logs.write_templates([_state("t1")], NOW)
        tx.logs.add_counts({("t1", old + i * MINUTE): i + 1 for i in range(90)})
        assert tx.logs.pack_hours(old + timedelta(hours=1)) == 60
        tx.logs.add_counts({("t1", old): 10})  # a line that came late
        assert tx.logs.pack_hours(old + timedelta(hours=1)) == 1
        assert tx.logs.total_lines() == sum(range(1, 91)) + 10


def test_a_template_remembers_its_worst_level_and_six_samples(database: Database) -> None:
    def use(level: str, at: datetime, *samples: str) -> TemplateUse:
        return TemplateUse("t1", level, at, at, samples, {"n": 1})

    with database.write() as tx:
        tx.logs.write_templates([_state("t1")], NOW)
        tx.logs.note_uses([use("error", NOW - MINUTE, "a", "b", "c")])
        tx.logs.note_uses([use("info", NOW, "d", "e", "f")])
        tx.logs.note_uses([use("info", NOW + MINUTE, "g")])
        row = tx.logs.template("t1")
    assert (row.level, row.first_at, row.last_at) == ("error", NOW - MINUTE, NOW + MINUTE)
    assert row.samples == ("a", "b", "c", "e", "f", "g")
    assert row.parameters == {"n": 1}


def test_a_template_state_comes_back_as_it_went(database: Database) -> None:
    states = [_state("t1"), replace(_state("t2"), tokens=["<*>", "\N{RIGHT-TO-LEFT MARK}", "ä`\\"], alias_of="t1")]
    with database.write() as tx:
        tx.logs.write_templates(states, NOW)
        tx.logs.write_templates([replace(states[0], size=99)], NOW)
        assert sorted(tx.logs.template_states("shop"), key=lambda s: s.id) == [replace(states[0], size=99), states[1]]
        with pytest.raises(NotFound):
            tx.logs.template("t3")


def test_a_service_knows_its_first_and_last_line(database: Database) -> None:
    with database.write() as tx:
        tx.logs.touch_service("shop", NOW, NOW + MINUTE, 5)
        tx.logs.touch_service("shop", NOW - MINUTE, NOW, 2)
        tx.logs.mark_checked("shop", NOW)
        [row] = tx.logs.services()
    assert (row.first_at, row.last_at, row.lines, row.checked_until) == (NOW - MINUTE, NOW + MINUTE, 7, NOW)


def test_a_change_is_kept_once_per_key(database: Database) -> None:
    change = Change("k", ChangeKind.DEPLOY, "shop", NOW, "1.4.2", attributes={"a": "b"})
    with database.write() as tx:
        stored = tx.changes.add(change)
        assert stored is not None
        assert replace(stored, id=0) == change
        assert tx.changes.add(replace(change, version="9")) is None
        assert tx.changes.get(stored.id) == stored
        assert tx.changes.between(NOW, NOW + MINUTE) == [stored]
        assert tx.changes.between(NOW, NOW + MINUTE, ["other"]) == []
        assert tx.changes.latest("shop", ["deploy"]) == stored
        assert tx.changes.latest("shop", ["rollback"]) is None


def test_an_incident_comes_back_as_it_went(database: Database) -> None:
    with database.write() as tx:
        incident = tx.incidents.add(_incident())
        assert tx.incidents.get(incident.id) == incident
        saved = tx.incidents.save(incident.acknowledge("T/U", NOW))
        with pytest.raises(Stale):
            tx.incidents.save(incident)
        assert tx.incidents.active() == [saved]
        suspects = [Suspect("change", "7", "shop 1.4.2", 0.9, (("minutes_before", "1.2"),), "confirmed")]
        tx.incidents.set_suspects(incident.id, suspects)
        assert tx.incidents.suspects(incident.id) == suspects
        entry = tx.incidents.add_timeline(incident.id, TimelineEntry(NOW, "opened", facts=(("a", "b"),)))
        assert tx.incidents.timeline(incident.id) == [entry]
        with pytest.raises(NotFound):
            tx.incidents.get(999)


def test_a_signal_comes_back_as_it_went(database: Database) -> None:
    evidence = Evidence(
        template_id="t",
        examples=("`<!channel>`",),
        rate_now=80.5,
        dominant=Dominant("currency", "JPY", 0.92),
        series=(1, 2),
    )
    signal = Signal(
        "f", SignalKind.NEW_TEMPLATE, "shop", Severity.MAJOR, NOW, NOW, "t", evidence, entities=(("host", "db-3"),)
    )
    with database.write() as tx:
        stored = tx.signals.add(signal, 0)
        assert replace(stored, id=0) == signal
        assert tx.signals.loose(NOW - MINUTE) == [stored]
        tx.signals.join([stored.id], 5)
        assert tx.signals.of(5) == [stored]
        assert tx.signals.count(NOW, NOW + MINUTE) == 1


def test_a_run_is_claimed_by_one_and_again_when_its_lease_ends(database: Database) -> None:
    with database.write() as tx:
        run = tx.runs.add(_run())
        assert run is not None
        assert tx.runs.claim("a", NOW, NOW + MINUTE) is None
        approved = tx.runs.save(run.approve("T/B", NOW), expected_state=RunState.ASKED)
        with pytest.raises(Stale):
            tx.runs.save(approved, expected_state=RunState.ASKED)
        first = tx.runs.claim("a", NOW, NOW + MINUTE)
        assert first is not None
        running = tx.runs.save(first.start(NOW), expected_state=RunState.APPROVED, fence=first.fence)
        assert tx.runs.claim("b", NOW, NOW + MINUTE) is None
        second = tx.runs.claim("b", NOW + 2 * MINUTE, NOW + 3 * MINUTE)
        assert second is not None
        assert second.fence > first.fence
        with pytest.raises(Stale):  # the first holder was too slow
            tx.runs.save(running.done("x", NOW, NOW), expected_state=RunState.RUNNING, fence=first.fence)
        done = second.done("x", NOW, NOW + MINUTE).verified(Verdict.RECOVERED, NOW)
        tx.runs.save(done, expected_state=RunState.RUNNING, fence=second.fence)
        assert tx.runs.get(run.id) == done
        assert tx.runs.of(3) == [done]


def test_a_card_put_while_it_is_told_stays_due(database: Database) -> None:
    card = Notice("incident:1", "incident", "#c", {"incident": 1}, card=True)
    with database.write() as tx:
        tx.outbox.put(card, NOW)
        [due] = tx.outbox.due(NOW)
        tx.outbox.sending(due.id)
        tx.outbox.put(card, NOW)
        tx.outbox.sent(due, Posted(card.key, "C1", "1.1"), NOW)
        [again] = tx.outbox.due(NOW)
        assert (again.notice, again.version, again.unsure) == (card, 2, False)
        tx.outbox.sent(again, Posted(card.key, "C1", "1.1", digest="d"), NOW)
        assert tx.outbox.due(NOW) == []
        assert tx.outbox.posted(card.key) == Posted(card.key, "C1", "1.1", digest="d")
        assert tx.outbox.find_posted("C1", "1.1") is not None


def test_a_line_is_put_once_and_found_unsure_after_a_crash(database: Database) -> None:
    line = Notice("incident:1:line:2", "line", "#c", {"kind": "opened"}, thread_of="incident:1")
    with database.write() as tx:
        tx.outbox.put(line, NOW)
        tx.outbox.put(line, NOW)
        [due] = tx.outbox.due(NOW)
        assert not due.unsure
        tx.outbox.sending(due.id)
        [due] = tx.outbox.due(NOW)
        assert (due.unsure, due.attempts) == (True, 1)
        tx.outbox.later(due.id, NOW + MINUTE, "429", unsure=False)
        assert tx.outbox.due(NOW) == []
        assert tx.outbox.next_due_at() == NOW + MINUTE
        tx.outbox.give_up(due.id, "channel_not_found")
        assert tx.outbox.waiting() == 0


def test_a_lease_passes_on_with_a_higher_epoch(database: Database) -> None:
    with database.write() as tx:
        first = tx.leases.take("p0", "a", NOW, NOW + MINUTE)
        assert first is not None
        assert tx.leases.take("p0", "b", NOW, NOW + MINUTE) is None
        assert tx.leases.take("p0", "a", NOW, NOW + 2 * MINUTE) == replace(first, until=NOW + 2 * MINUTE)
        tx.leases.advance(0, 5, first)
        second = tx.leases.take("p0", "b", NOW + 3 * MINUTE, NOW + 4 * MINUTE)
        assert second is not None
        assert second.epoch == first.epoch + 1
        with pytest.raises(Stale):
            tx.leases.advance(0, 6, first)
        tx.leases.advance(0, 6, second)
        assert tx.leases.position(0) == 6
        tx.leases.release("p0", "b")
        third = tx.leases.take("p0", "a", NOW + 3 * MINUTE, NOW + 4 * MINUTE)
        assert third is not None
        assert third.epoch > second.epoch


def test_what_happens_once_happens_once(database: Database) -> None:
    with database.write() as tx:
        assert tx.records.once("digest", "k", NOW)
        assert not tx.records.once("digest", "k", NOW)
        assert tx.records.has_happened("digest", "k")
        tx.records.forget_before("digest", NOW + MINUTE)
        assert not tx.records.has_happened("digest", "k")
        tx.records.remember("a", "1")
        tx.records.remember("a", "2")
        assert (tx.records.recall("a"), tx.records.recall("b")) == ("2", "")
        made = Decision(NOW, "muted", "shop", "learning", {"n": 1})
        tx.records.decide(made)
        assert tx.records.decisions("shop") == [made]
        assert tx.records.count_decisions("muted", NOW, NOW + MINUTE) == 1


def _state(template_id: str) -> TemplateState:
    return TemplateState(template_id, "shop", 3, 1, ["payment", "<NUM>", "failed"], 1, 1)


def _incident() -> Incident:
    return Incident("shop", "payment <NUM> failed", Severity.MAJOR, NOW - MINUTE, NOW, NOW, channel="#c")


def _run() -> Run:
    action = Action("rollback-shop", ActionKind.ROLLBACK, "shop", "git", {"file": "a.yaml"})
    plan = Plan("1.4.2 → 1.4.1", "1.4.2", "1.4.1", "-a\n+b", "abc")
    return Run(
        action=action.name,
        kind=action.kind,
        service="shop",
        parameters={},
        plan=plan,
        asked_by="T/A",
        asked_at=NOW,
        expires_at=NOW + timedelta(minutes=30),
        bound_to=binding(action, {}, plan),
        incident=3,
    )
