"""The buttons of an incident's message."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.engine.pages import IncidentPage
from bot.engine.runs import Wish
from bot.engine.whole import Engine
from bot.errors import Refused
from bot.slack.asked import Asked, remember
from bot.slack.guards import Answer, OpenForm, Reply
from handlers.commands import life
from handlers.pages import ArrangeForm, GradeForm, SilenceForm


def acknowledge(engine: Engine, asked: Asked) -> Answer:
    engine.incidents.acknowledge(int(asked.value), asked.person)
    return None


def resolve(engine: Engine, asked: Asked) -> Answer:
    engine.incidents.resolve(int(asked.value), asked.person)
    return None


def not_a_problem(engine: Engine, asked: Asked) -> Answer:
    engine.incidents.not_a_problem(int(asked.value), asked.person)
    return None


def useful(engine: Engine, asked: Asked) -> Answer:
    return Reply("replies/useful", engine.incidents.useful(int(asked.value), asked.person))


def reopen(engine: Engine, asked: Asked) -> Answer:
    engine.incidents.reopen(int(asked.value), asked.person)
    return None


def why(engine: Engine, asked: Asked) -> Answer:
    return Reply("replies/why", engine.whys.incident(int(asked.value)))


def review(engine: Engine, asked: Asked) -> Answer:
    engine.incidents.review(int(asked.value), asked.person)
    return None


def roll_back(engine: Engine, asked: Asked) -> Answer:
    """Shows the plan, in the incident's thread; another person says yes to it there."""
    wanted = json.loads(asked.value)
    action = engine.settings.actions.get(wanted["action"])
    if action is None:
        raise Refused("no_such_action", action=str(wanted["action"]))
    wish = Wish(action.kind, action.service, {}, action=str(wanted["action"]), incident=int(wanted["incident"]))
    return Reply("replies/asked", engine.runs.request(wish, asked.person))


def silence(engine: Engine, asked: Asked) -> Answer:
    """The form, filled in for this incident's problem."""
    page = engine.reading.incident(int(asked.value))
    return OpenForm(
        "forms/silence", SilenceForm(page.incident, _choices(page), remember(asked.channel, about=asked.value))
    )


def grade(engine: Engine, asked: Asked) -> Answer:
    page = engine.reading.incident(int(asked.value))
    return OpenForm("forms/grade", GradeForm(page.incident, remember(asked.channel, about=asked.value)))


def arrange(engine: Engine, asked: Asked) -> Answer:
    """Merge it with another, or split a part off."""
    page = engine.reading.incident(int(asked.value))
    others = tuple(other for other in engine.reading.incidents().active if other.id != page.incident.id)
    services = tuple(sorted({signal.service for signal in page.signals}))
    form = ArrangeForm(
        page.incident, others, services if len(services) > 1 else (), remember(asked.channel, about=asked.value)
    )
    return OpenForm("forms/arrange", form)


def update(engine: Engine, asked: Asked) -> Answer:
    return life.update_form(engine, asked, int(asked.value))


def roles(engine: Engine, asked: Asked) -> Answer:
    return life.roles_form(engine, asked, int(asked.value))


def task(engine: Engine, asked: Asked) -> Answer:
    return life.task_form(engine, asked, int(asked.value))


def ticket(engine: Engine, asked: Asked) -> Answer:
    return life.ticket(engine, asked, int(asked.value), "")


def _choices(page: IncidentPage) -> tuple[tuple[str, str, str], ...]:
    problems = [(f"fingerprint={s.fingerprint}", "problem", s.title) for s in page.signals[:10]]
    services = sorted({signal.service for signal in page.signals} | {page.incident.service})
    return (*problems, *((f"service={name}", "service", name) for name in services[:20]))


_MORE: Mapping[str, Callable[[Engine, Asked], Answer]] = {
    "acknowledge": acknowledge,
    "resolve": resolve,
    "not_a_problem": not_a_problem,
    "useful": useful,
    "reopen": reopen,
    "why": why,
    "silence": silence,
    "grade": grade,
    "arrange": arrange,
    "roles": roles,
    "task": task,
    "ticket": ticket,
}


def more(engine: Engine, asked: Asked) -> Answer:
    """The menu behind the buttons: its entries are called "resolve:12"."""
    step, _, number = asked.value.partition(":")
    return _MORE[step](engine, replace(asked, value=number))
