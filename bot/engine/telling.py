"""What is to be told when something changes? Puts notices into the outbox, in the transaction of the change."""

from datetime import datetime

from bot.actions.model import Run, Verdict
from bot.engine.ports import AuditEntry, Notice, Transaction
from bot.incidents.model import Incident, TimelineEntry
from bot.signals.model import Signal

PLOTTED_MIN = 10
"""Fewer figures are better read than drawn."""


def card_of_incident(incident_id: int) -> str:
    return f"incident:{incident_id}"


def card_of_run(run_id: int) -> str:
    return f"run:{run_id}"


def card_of_room(incident_id: int) -> str:
    """The same card in the incident's own channel."""
    return f"{card_of_incident(incident_id)}:room"


def tell_incident(tx: Transaction, incident: Incident, at: datetime) -> None:
    """The root message is to show the latest state, in the incident's own channel as well."""
    key = card_of_incident(incident.id)
    tx.outbox.put(Notice(key, "incident", incident.channel, {"incident": incident.id}, card=True), at)
    room = tx.rooms.of(incident.id)
    if room is not None and room.is_open:
        facts = {"incident": incident.id, "room": room.channel}
        tx.outbox.put(Notice(card_of_room(incident.id), "incident", room.channel, facts, card=True), at)


def tell_plot(tx: Transaction, incident: Incident, signal: Signal, at: datetime) -> None:
    """Once, under the root message, when there is something to draw."""
    seen = signal.evidence
    if len(seen.series) >= PLOTTED_MIN or (seen.measure is not None and len(seen.measure.values) >= PLOTTED_MIN):
        card = card_of_incident(incident.id)
        tx.outbox.put(Notice(f"{card}:plot", "plot", incident.channel, {"incident": incident.id}, thread_of=card), at)


def tell_review(tx: Transaction, incident: Incident, by: str, at: datetime) -> None:
    """A draft of the review, in the thread, to go on writing and to print; again each time it is asked for."""
    card = card_of_incident(incident.id)
    facts = {"incident": incident.id, "by": by}
    key = f"{card}:review:{int(at.timestamp())}"
    tx.outbox.put(Notice(key, "review", incident.channel, facts, thread_of=card), at)
    tx.outbox.put(Notice(f"{key}:html", "review_html", incident.channel, facts, thread_of=card), at)


def tell_run(tx: Transaction, run: Run, at: datetime) -> None:
    thread_of = card_of_incident(run.incident) if run.incident else ""
    facts = {"run": run.id, "incident": run.incident}
    tx.outbox.put(Notice(card_of_run(run.id), "run", run.channel, facts, card=True, thread_of=thread_of), at)


def tell_of_run(tx: Transaction, run: Run, kind: str, at: datetime, by: str = "", **facts: str) -> None:
    """What happened to a run: on its card, and on the card and timeline of its incident."""
    if run.incident:
        incident = tx.incidents.get(run.incident)
        add_line(tx, incident, kind, at, by, run=str(run.id), plan=run.plan.summary, **facts)
        tell_incident(tx, incident, at)
    tell_run(tx, run, at)


def tell_verdict(tx: Transaction, run: Run, at: datetime) -> None:
    """A run without an incident did not help: said under its card, for a card that only changes is not noticed."""
    card = card_of_run(run.id)
    facts = {"kind": "run_verified", "by": "", "run": run.id, "verdict": run.verdict.value if run.verdict else ""}
    tx.outbox.put(Notice(f"{card}:verdict", "line", run.channel, facts, thread_of=card), at)


def tell_loudly(tx: Transaction, run: Run, channel: str, at: datetime) -> None:
    """Somebody broke the glass: a message of its own in the channel that everybody reads."""
    facts = {"kind": "glass_broken", "by": run.asked_by, "run": run.id, "reason": run.break_glass}
    tx.outbox.put(Notice(f"{card_of_run(run.id)}:glass", "line", channel, facts), at)


_ON_THE_CARD = frozenset(
    {"opened", "declared", "run_asked", "run_approved", "run_started", "run_finished", "run_cancelled"}
    | {"run_stopping", "run_stopped"}
    | {"ticket_asked", "task_added", "follow_up_added", "task_done", "task_undone", "task_assigned"}
)
"""What the card of the incident, its tasks or the run says anyway: it is in the timeline, and no message of its own."""


_ONCE = frozenset({"reminded"})
"""What names somebody is told in one place: in the incident's own channel when it has one."""


def add_line(tx: Transaction, incident: Incident, kind: str, at: datetime, by: str = "", **facts: str) -> None:
    """One thing that happened: into the timeline, and unless a card says it, into the incident's thread and its own
    channel."""
    entry = tx.incidents.add_timeline(incident.id, TimelineEntry(at, kind, by, tuple(facts.items())))
    if kind in _ON_THE_CARD or facts.get("verdict") == Verdict.RECOVERED:
        return
    card = card_of_incident(incident.id)
    told = {"kind": kind, "by": by, "incident": incident.id, **facts}
    room = tx.rooms.of(incident.id)
    is_in_room = room is not None and room.is_open and kind not in ("room_opened", "room_refused")
    if not (is_in_room and kind in _ONCE):
        tx.outbox.put(Notice(f"{card}:line:{entry.id}", "line", incident.channel, told, thread_of=card), at)
    if room is not None and is_in_room:
        there = {**told, "room": room.channel}
        tx.outbox.put(Notice(f"{card}:line:{entry.id}:room", "line", room.channel, there), at)


def note(tx: Transaction, at: datetime, by: str, what: str, subject: str, **facts: str) -> None:
    """For accountability: append-only."""
    tx.records.audit(AuditEntry(at, by, what, subject, facts))


def tell_channel(tx: Transaction, incident: Incident, kind: str, key: str, at: datetime, **facts: str) -> None:
    """Something that somebody has to see at once: into the timeline, and a message of its own in the channel. Once."""
    if not tx.records.once(kind, key[:200], at):
        return
    tx.incidents.add_timeline(incident.id, TimelineEntry(at, kind, "", tuple(facts.items())))
    told = {"kind": kind, "by": "", "incident": incident.id, **facts}
    tx.outbox.put(Notice(f"{kind}:{key}"[:200], "line", incident.channel, told), at)
