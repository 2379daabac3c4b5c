"""`/incident`: declare one, look at one, take a step with one."""

from collections.abc import Callable, Mapping

from bot.engine.reading import find_incident
from bot.engine.whole import Engine
from bot.errors import NotFound
from bot.incidents.model import Incident
from bot.people import Person
from bot.slack.asked import Asked, remember
from bot.slack.guards import Answer, OpenForm, Reply
from handlers.commands import life
from handlers.forms.incident import severity_of
from handlers.pages import DeclareForm, WhichPage, known_services, unknown

Step = Callable[[Engine, int, Person, str], Incident]

_STEPS: Mapping[str, Step] = {
    "acknowledge": lambda engine, number, by, rest: engine.incidents.acknowledge(number, by),
    "resolve": lambda engine, number, by, rest: engine.incidents.resolve(number, by, rest),
    "reopen": lambda engine, number, by, rest: engine.incidents.reopen(number, by),
    "not-a-problem": lambda engine, number, by, rest: engine.incidents.not_a_problem(number, by),
    "severity": lambda engine, number, by, rest: _grade(engine, number, by, rest),
    "review": lambda engine, number, by, rest: engine.incidents.review(number, by),
    "merge": lambda engine, number, by, rest: engine.incidents.merge(number, find_incident(_target(rest)), by),
    "split": lambda engine, number, by, rest: engine.incidents.split(number, rest.replace(",", " ").split(), by),
}
_SHORT = {"ack": "acknowledge", "close": "resolve", "resolved": "resolve", "open": "reopen"}


def answer(engine: Engine, asked: Asked) -> Answer:
    """`/incident`, `/incident declare WORDS`, `/incident INC-3`, `/incident INC-3 STEP`, `/incident STEP INC-3`, and
    `/incident STEP` about the incident of this channel."""
    first, rest = _split(asked.text)
    if first.lower() in ("", "declare", "new"):
        return declare(engine, asked, rest)
    if life.is_step(first):
        return _live(engine, asked, first, rest)
    if _step_of(first):
        return _step_first(engine, asked, first, rest)
    try:
        number = find_incident(first)
    except NotFound:
        return declare(engine, asked, asked.text)
    second, words = _split(rest)
    if not second:
        return Reply("incident", engine.reading.incident(number))
    if second.lower() == "why":
        return Reply("replies/why", engine.whys.incident(number))
    if life.is_step(second):
        return life.take(engine, asked, number, second, words)
    step = _step_of(second)
    if step is None:
        return Reply("replies/unknown", unknown(f"/incident {first}", second, [*_STEPS, *life.STEPS, "why"]))
    return Reply("replies/stepped", step(engine, number, asked.person, words))


def _live(engine: Engine, asked: Asked, step: str, rest: str) -> Answer:
    """With or without the incident's name: "update INC-3 …" and "update …"."""
    named, words = _split(rest)
    if named.lower().startswith("inc"):
        try:
            return life.take(engine, asked, find_incident(named), step, words)
        except NotFound as error:
            if error.kind != "incident" or error.name != named:
                raise
    number = engine.reading.meant(asked.channel)
    if number is None:
        return Reply("replies/which", WhichPage(engine.reading.incidents().active, f"/incident {step}"))
    return life.take(engine, asked, number, step, rest)


def _step_first(engine: Engine, asked: Asked, first: str, rest: str) -> Answer:
    """ "resolve INC-3 …"; in an incident's own channel, or alone, "resolve" is about that one."""
    named, words = _split(rest)
    try:
        number = find_incident(named)
    except NotFound:
        meant = engine.reading.meant(asked.channel, only_here=bool(rest))
        if meant is None:
            return declare(engine, asked, asked.text)
        number, words = meant, rest
    step = _step_of(first)
    assert step is not None
    return Reply("replies/stepped", step(engine, number, asked.person, words))


def _split(text: str) -> tuple[str, str]:
    first, _, rest = text.strip().partition(" ")
    return first, rest.strip()


def declare(engine: Engine, asked: Asked, title: str, **quoted: str) -> Answer:
    """The form, with what was typed already in it. `quoted`: the message it is about."""
    services = known_services(engine)
    said = title.lower()
    named = next((name for name in services if name.lower() in said), "")
    return OpenForm("forms/declare", DeclareForm(services, named, title[:200], remember(asked.channel, **quoted)))


def _grade(engine: Engine, number: int, by: Person, rest: str) -> Incident:
    """`severity critical because …`."""
    severity, _, reason = rest.partition(" ")
    return engine.incidents.grade(number, severity_of(severity), reason, by)


def _target(rest: str) -> str:
    """`merge into INC-2` and `merge INC-2`."""
    return rest.lower().removeprefix("into ").strip()


def _step_of(word: str) -> Step | None:
    word = word.lower()
    return _STEPS.get(_SHORT.get(word, word))
