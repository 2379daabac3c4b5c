"""Are silences, what they hid, lessons and repeats kept the same way on both databases?"""

from datetime import timedelta

import pytest

from bot.engine.ports import Decision, Notice, Posted
from bot.errors import NotFound
from bot.incidents.model import Incident, Resolution
from bot.signals.model import Evidence, SignalKind
from bot.signals.severity import Severity
from bot.silences.model import MaintenanceWindow, Matcher, Silence
from bot.store.database import Database
from tests.incidents.signals import minute, signal

HOUR = timedelta(hours=1)


def incident(service: str = "web") -> Incident:
    return Incident(service, "errors", Severity.MAJOR, minute(0), minute(1), minute(1))


def test_a_silence_is_kept_until_it_ends_and_what_it_hid_is_counted(database: Database) -> None:
    matchers = (Matcher("service", "web"), Matcher("entity:host", "db-*"))
    with database.write() as tx:
        made = tx.silences.add(Silence(matchers, "T1/UANA", "load test", minute(0), minute(60)))
        assert tx.silences.hide("silence", str(made.id), signal("web", 1), minute(1))
        assert not tx.silences.hide("silence", str(made.id), signal("web", 2), minute(2))
        assert tx.silences.hide("silence", str(made.id), signal("web", 3, name="other"), minute(3))
    with database.read() as tx:
        assert tx.silences.get(made.id) == made
        assert tx.silences.since(minute(59)) == [made]
        assert [(one.count, one.last_at) for one in tx.silences.hidden_by("silence", str(made.id))] == [
            (2, minute(2)),
            (1, minute(3)),
        ]
        assert len(tx.silences.hidden_between(minute(0), minute(2), ("web",))) == 1
        assert tx.silences.hidden_between(minute(0), minute(9), ("mail",)) == []
        with pytest.raises(NotFound):
            tx.silences.get(99)
    with database.write() as tx:
        tx.silences.end(made.id, minute(10), "T1/UBEN")
        assert tx.silences.since(minute(10)) == []


def test_planned_work_and_lessons_are_kept(database: Database) -> None:
    with database.write() as tx:
        window = MaintenanceWindow(frozenset({"db", "web"}), "moving", minute(0), minute(60))
        window = tx.silences.add_window(window, "T1/UANA")
        assert tx.silences.windows(minute(30)) == [window]
        tx.silences.end_window(window.id, minute(30))
        assert tx.silences.windows(minute(30)) == []
        for verdict in ("confirmed", "confirmed", "rejected"):
            tx.lessons.add("change_kind", "deploy", verdict, "T1/UANA", minute(1))
        assert tx.lessons.counts("change_kind") == {("deploy", "confirmed"): 2, ("deploy", "rejected"): 1}
        assert tx.lessons.counts("pair") == {}


def test_a_signal_that_is_raised_again_is_counted_and_found(database: Database) -> None:
    with database.write() as tx:
        opened = tx.incidents.add(incident())
        one = tx.signals.add(signal("web", 1), opened.id)
        tx.signals.add(signal("mail", 1), 0)
        tx.signals.repeat(one.id, minute(4))
        tx.signals.still_on([one.id], minute(5))
        tx.signals.refresh(one.id, Evidence(template_id="t"), Severity.CRITICAL)
        known = tx.signals.known(one.fingerprint)
        assert known is not None
        assert known[0] == opened.id
        assert (known[1].count, known[1].seen_until, known[1].severity) == (2, minute(5), Severity.CRITICAL)
        assert tx.signals.known(signal("mail", 1).fingerprint) is None
        assert tx.signals.holders({one.fingerprint, signal("mail", 1).fingerprint}, minute(0)) == [
            (opened.id, one.fingerprint)
        ]
        assert [i for i, _ in tx.signals.watched("web", minute(0))] == [opened.id]
        assert {i for i, _ in tx.signals.between(minute(0), minute(2))} == {0, opened.id}
        assert tx.signals.between(minute(0), minute(2), "mail")[0][1].kind is SignalKind.NEW_TEMPLATE
        assert list(tx.signals.of_each([opened.id, 77])) == [opened.id, 77]
        tx.incidents.save(opened.resolve("", minute(6), Resolution.QUIET))
        assert tx.signals.known(one.fingerprint) is None
        assert tx.signals.watched("web", minute(7)) == []
        assert len(tx.signals.watched("web", minute(6))) == 1


def test_a_card_that_nobody_saw_is_taken_back_and_one_that_was_sent_is_not(database: Database) -> None:
    def card(key: str) -> Notice:
        return Notice(key, "incident", "#incidents", {"incident": 1}, card=True)

    with database.write() as tx:
        tx.outbox.put(card("incident:1"), minute(0))
        tx.outbox.put(Notice("incident:1:line:1", "line", "#incidents", {}, thread_of="incident:1"), minute(0))
        assert tx.outbox.withdraw("incident:1")
        assert tx.outbox.waiting() == 0
        assert not tx.outbox.withdraw("incident:1")
        tx.outbox.put(card("incident:2"), minute(0))
        [due] = tx.outbox.due(minute(1))
        tx.outbox.sending(due.id)
        assert not tx.outbox.withdraw("incident:2")
        tx.outbox.sent(due, Posted("incident:2", "C1", "1.1"), minute(1))
        tx.outbox.put(card("incident:2"), minute(2))
        assert not tx.outbox.withdraw("incident:2")


def test_decisions_of_a_stretch_are_read_in_order(database: Database) -> None:
    with database.write() as tx:
        for at in (1, 2, 3):
            tx.records.decide(Decision(minute(at), "kept_quiet", "web", "alone", {"service": "web"}))
        assert [d.at for d in tx.records.decided_between(minute(2), minute(9))] == [minute(2), minute(3)]
