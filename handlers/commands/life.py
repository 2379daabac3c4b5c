"""`/incident lead`, `role`, `handover`, `update`, `task`, `ticket`: what people do with an incident while it lasts."""

from collections.abc import Callable, Mapping

from bot.engine.whole import Engine
from bot.errors import InputError
from bot.incidents.spoken import update_of
from bot.people import Person
from bot.slack.asked import Asked, remember
from bot.slack.guards import Answer, OpenForm, Reply
from handlers.pages import HandoverForm, RolesForm, RolesPage, TaskForm, TicketPage, UpdateForm

Take = Callable[[Engine, Asked, int, str], Answer]
_NOBODY = ("nobody", "none", "-")


def is_step(word: str) -> bool:
    return _SHORT.get(word.lower(), word.lower()) in STEPS


def take(engine: Engine, asked: Asked, number: int, step: str, words: str) -> Answer:
    """`step` is one for which `is_step` holds; `words` is what was typed after it."""
    return STEPS[_SHORT.get(step.lower(), step.lower())](engine, asked, number, words)


def lead(engine: Engine, asked: Asked, number: int, words: str) -> Answer:
    """Take the lead, or give it to somebody."""
    return _give(engine, asked, number, engine.roles.lead, words)


def role(engine: Engine, asked: Asked, number: int, words: str) -> Answer:
    """`role scribe`, `role scribe @ana`, `role scribe nobody`; alone, the form with all of them."""
    name, _, who = words.partition(" ")
    if not name:
        return roles_form(engine, asked, number)
    return _give(engine, asked, number, engine.roles.named(name), who.strip())


def roles(engine: Engine, asked: Asked, number: int, words: str) -> Answer:
    page = engine.reading.incident(number)
    return Reply("replies/roles", RolesPage(page.incident, page.life, engine.settings.incidents.roles))


def handover(engine: Engine, asked: Asked, number: int, words: str) -> Answer:
    """With a person and words it is done at once; else the form asks for what is missing."""
    name, _, said = words.partition(" ")
    to = person_called(asked, name) if name else None
    if to is None or not said.strip():
        return handover_form(engine, asked, number, to)
    engine.roles.hand_over(number, to, asked.person, said)
    return roles(engine, asked, number, "")


def update(engine: Engine, asked: Asked, number: int, words: str) -> Answer:
    """`update We rolled back, watching; next in 30 min`; alone, the form."""
    if not words:
        return update_form(engine, asked, number)
    said, next_in = update_of(words)
    engine.updates.post(number, said, asked.person, next_in=next_in)
    return Reply("replies/updated", engine.reading.incident(number))


def update_form(engine: Engine, asked: Asked, number: int) -> Answer:
    page = engine.reading.incident(number)
    private = remember(asked.channel, about=str(number), was_severity=page.incident.severity.value)
    return OpenForm("forms/update", UpdateForm(page.incident, private))


def task(engine: Engine, asked: Asked, number: int, words: str) -> Answer:
    """`task Call the card network @ben`; alone, the form."""
    return _add_task(engine, asked, number, words, is_follow_up=False)


def follow_up(engine: Engine, asked: Asked, number: int, words: str) -> Answer:
    return _add_task(engine, asked, number, words, is_follow_up=True)


def tasks(engine: Engine, asked: Asked, number: int, words: str) -> Answer:
    return Reply("tasks", engine.reading.incident(number))


def ticket(engine: Engine, asked: Asked, number: int, words: str) -> Answer:
    """`ticket` opens the first kind that there is none of yet, `ticket ops` that one."""
    name = engine.tickets.open(number, asked.person, words)
    return Reply("replies/ticket", TicketPage(engine.reading.incident(number).incident, name))


def task_form(engine: Engine, asked: Asked, number: int, *, is_follow_up: bool = False) -> Answer:
    page = engine.reading.incident(number)
    return OpenForm("forms/task", TaskForm(page.incident, is_follow_up, remember(asked.channel, about=str(number))))


def _add_task(engine: Engine, asked: Asked, number: int, words: str, *, is_follow_up: bool) -> Answer:
    """Who is mentioned last, at the end, has to do it."""
    if not words:
        return task_form(engine, asked, number, is_follow_up=is_follow_up)
    said, _, last = words.rpartition(" ")
    owner = person_called(asked, last) if said and last in (*asked.mentioned, "@me", "me") else None
    engine.tasks.add(number, said if owner else words, asked.person, owner=owner, is_follow_up=is_follow_up)
    return tasks(engine, asked, number, "")


def roles_form(engine: Engine, asked: Asked, number: int) -> Answer:
    page = engine.reading.incident(number)
    has = {role.name: Person.of(role.person).user for role in page.life.roles}
    shown = {name: has.get(name, "") for name in engine.settings.incidents.roles}
    private = remember(asked.channel, about=str(number), **{f"was_{name}": user for name, user in shown.items()})
    return OpenForm("forms/roles", RolesForm(page.incident, shown, private))


def handover_form(engine: Engine, asked: Asked, number: int, to: Person | None = None) -> Answer:
    page = engine.reading.incident(number)
    newest = page.life.newest
    private = remember(asked.channel, about=str(number))
    words, user = newest.text if newest else "", to.user if to else ""
    return OpenForm("forms/handover", HandoverForm(page.incident, engine.roles.lead, user, words, private))


def person_called(asked: Asked, name: str) -> Person:
    """Whoever is mentioned as `name`. Raises `InputError` when that is nobody Slack named."""
    if name.lower() in ("me", "@me"):
        return asked.person
    user = asked.mentioned.get(name)
    if user is None or user not in asked.people:
        raise InputError(f"{name[:60]!r} is nobody here; write @ and choose the person from the list", place="person")
    return asked.people[user]


def _give(engine: Engine, asked: Asked, number: int, name: str, who: str) -> Answer:
    if who.lower() in _NOBODY:
        engine.roles.give(number, None, asked.person, name)
    else:
        to = person_called(asked, who.split()[0]) if who else asked.person
        engine.roles.give(number, to, asked.person, name)
    return roles(engine, asked, number, "")


STEPS: Mapping[str, Take] = {
    "lead": lead,
    "role": role,
    "roles": roles,
    "handover": handover,
    "update": update,
    "task": task,
    "follow-up": follow_up,
    "tasks": tasks,
    "ticket": ticket,
}
_SHORT = {"take": "lead", "assign": "lead", "hand-over": "handover", "commander": "lead", "followup": "follow-up"}
