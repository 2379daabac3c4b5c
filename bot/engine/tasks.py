"""What is to be done about an incident, and by whom? Each step is one transaction that every door uses.

A follow-up is for afterwards; both outlive the incident and wait for their owner on the App Home.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.engine.ports import Notice, Store, Transaction
from bot.engine.telling import add_line, card_of_incident, note, tell_incident
from bot.errors import InputError, Refused, Stale
from bot.incidents.life import Task
from bot.incidents.model import Incident, Resolution
from bot.people import Person

TEXT_MAX = 300
OPEN_MAX = 100
"""Of one incident: more is a project."""


class Tasks:
    def __init__(self, store: Store, clock: Clock, policy: Policy) -> None:
        self._store, self._clock, self._policy = store, clock, policy

    def add(
        self, incident_id: int, text: str, by: Person, *, owner: Person | None = None, is_follow_up: bool = False
    ) -> Task:
        self._must_be_allowed(by)
        said = " ".join(text.replace("\0", "").split())[:TEXT_MAX]
        if not said:
            raise InputError("a task needs a few words that say what is to be done", place="text")
        owner_key = self._owner(owner)
        now = self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            if incident.resolution is Resolution.MERGED:
                raise Stale("already_resolved", incident=incident.key, by=incident.resolved_by)
            if sum(not task.is_done for task in tx.tasks.of(incident_id)) >= OPEN_MAX:
                raise InputError(f"an incident has at most {OPEN_MAX} open tasks", place="text")
            task = tx.tasks.add(Task(incident_id, said, now, by.key, owner_key, is_follow_up))
            kind = "follow_up_added" if is_follow_up else "task_added"
            add_line(tx, incident, kind, now, by.key, task=said, owner=owner_key)
            note(tx, now, by.key, f"incident.{kind}", incident.key, task=said, owner=owner_key)
            if owner_key and owner_key != by.key:
                _tell_owner(tx, incident, task, by.key, now)
            tell_tasks(tx, incident, now)
            return task

    def finish(self, task_id: int, by: Person) -> Task:
        return self._step(task_id, by, "task_done", lambda task, at: task.finish(by.key, at))

    def undo(self, task_id: int, by: Person) -> Task:
        return self._step(task_id, by, "task_undone", lambda task, at: task.undo())

    def assign(self, task_id: int, owner: Person | None, by: Person) -> Task:
        """Nobody has it when `owner` is None."""
        key = self._owner(owner)

        def give(task: Task, at: datetime) -> Task:
            if task.owner == key:
                raise Stale("has_task", by=key)
            return replace(task, owner=key)

        return self._step(task_id, by, "task_assigned", give)

    def _step(self, task_id: int, by: Person, kind: str, step: Callable[[Task, datetime], Task]) -> Task:
        self._must_be_allowed(by)
        now = self._clock.now()
        with self._store.write() as tx:
            task = step(tx.tasks.get(task_id), now)
            tx.tasks.save(task)
            incident = tx.incidents.get(task.incident_id)
            add_line(tx, incident, kind, now, by.key, task=task.text, owner=task.owner)
            note(tx, now, by.key, f"incident.{kind}", incident.key, task=task.text, owner=task.owner)
            if kind == "task_assigned" and task.owner not in ("", by.key):
                _tell_owner(tx, incident, task, by.key, now)
            tell_tasks(tx, incident, now)
            return task

    def _owner(self, owner: Person | None) -> str:
        if owner is None:
            return ""
        if owner.is_bot or not owner.team:
            raise Refused("cannot_take_part", person=owner.user)
        return owner.key

    def _must_be_allowed(self, by: Person) -> None:
        decision = self._policy.may_act_on_incidents(by)
        if decision.verdict is Verdict.REFUSED:
            raise Refused(decision.reason)


def card_of_tasks(incident_id: int) -> str:
    return f"{card_of_incident(incident_id)}:tasks"


def tell_tasks(tx: Transaction, incident: Incident, at: datetime) -> None:
    """One list in the incident's thread, kept up to date; its message says how many are open."""
    card = card_of_incident(incident.id)
    facts = {"incident": incident.id}
    tx.outbox.put(Notice(card_of_tasks(incident.id), "tasks", incident.channel, facts, card=True, thread_of=card), at)
    tell_incident(tx, incident, at)


def _tell_owner(tx: Transaction, incident: Incident, task: Task, by: str, now: datetime) -> None:
    key = f"{card_of_incident(incident.id)}:task:{task.id}:{task.owner}:{int(now.timestamp())}"
    facts = {"kind": "task_assigned", "by": by, "incident": incident.id, "task": task.text, "task_id": task.id}
    tx.outbox.put(Notice(key, "told", Person.of(task.owner).user, facts), now)
