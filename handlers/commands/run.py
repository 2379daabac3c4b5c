"""`/deploy`, `/rollback`, `/rerun`, `/model`, `/run`: ask for something to be done; forms ask for what is missing."""

from collections.abc import Mapping, Sequence

from bot.actions.model import Action, ActionKind
from bot.actions.spoken import Spoken, spoken
from bot.engine.runs import Wish
from bot.engine.whole import Engine
from bot.errors import InputError
from bot.slack.asked import Asked, remember
from bot.slack.guards import Answer, OpenForm, Reply
from handlers.forms.code import to_break_glass
from handlers.pages import ActionChoice, PlanPage, RunField, RunForm, Usage, unknown

_MODEL: Mapping[str, ActionKind] = {"rollback": ActionKind.MODEL_ROLLBACK, "promote": ActionKind.MODEL_PROMOTE}
_NOT_PARAMETERS = frozenset({"environment", "reason"})


def deploy(engine: Engine, asked: Asked) -> Answer:
    return wanted(engine, asked, ActionKind.DEPLOY, asked.text)


def rollback(engine: Engine, asked: Asked) -> Answer:
    return wanted(engine, asked, ActionKind.ROLLBACK, asked.text)


def rerun(engine: Engine, asked: Asked) -> Answer:
    """`/rerun PIPELINE` runs what failed again; `/rerun PIPELINE since … until …` of a backfill fills a stretch."""
    said = spoken(asked.text)
    fills = engine.catalogue.of_kind(ActionKind.BACKFILL, said.first)
    if fills and (said.take("until") or not engine.catalogue.of_kind(ActionKind.RERUN, said.first)):
        return wanted(engine, asked, ActionKind.BACKFILL, asked.text)
    return wanted(engine, asked, ActionKind.RERUN, asked.text)


def model(engine: Engine, asked: Asked) -> Answer:
    word, _, rest = asked.text.partition(" ")
    if not word:
        return Reply("replies/usage", Usage("/model", "rollback recommender"))
    if word not in _MODEL:
        return Reply("replies/unknown", unknown("/model", word, _MODEL))
    return wanted(engine, asked, _MODEL[word], rest.strip())


def run(engine: Engine, asked: Asked) -> Answer:
    """`/run ACTION …`: any action by its own name."""
    said = spoken(asked.text)
    actions = [action for kind in ActionKind for action in engine.catalogue.of_kind(kind)]
    if not said.first:
        return Reply("replies/actions", tuple(actions))
    named = [action for action in actions if action.name == said.first]
    if not named:
        return Reply("replies/unknown", unknown("/run", said.first, [action.name for action in actions]))
    return _with(engine, asked, named[0], said)


def wanted(engine: Engine, asked: Asked, kind: ActionKind, text: str) -> Answer:
    """The plan for what was said when that is enough, else the form with it filled in."""
    said = spoken(text)
    fitting = engine.catalogue.of_kind(kind, said.first, said.environment)
    if not fitting:
        fitting = [engine.catalogue.choose(kind, said.first, said.environment)]
    if len(fitting) > 1 or not said.first:
        return form(engine, asked, fitting, said)
    return _with(engine, asked, fitting[0], said)


def ask(engine: Engine, asked: Asked, wish: Wish) -> Answer:
    if wish.break_glass and engine.catalogue.get(wish.action).step_up:
        return to_break_glass(asked, wish)
    return Reply("replies/asked", engine.runs.request(wish, asked.person))


def form(engine: Engine, asked: Asked, actions: Sequence[Action], said: Spoken, *, incident: int = 0) -> OpenForm:
    """One form for several actions that ask for the same; else first the question which one. `incident`: what it is
    for."""
    alike = len({tuple(p.name for p in action.parameters if p.is_asked) for action in actions}) == 1
    values = _values(actions[0], said) if alike else {}
    live = engine.catalogue.choices(actions[0]) if len(actions) == 1 else {}
    fields = tuple(
        RunField(parameter, live.get(parameter.name, parameter.choices), values.get(parameter.name, parameter.default))
        for parameter in actions[0].parameters
        if alike and parameter.is_asked
    )
    places = {action.environment for action in actions}
    choices = tuple(ActionChoice(a.name, a.kind, a.service, a.environment if len(places) > 1 else "") for a in actions)
    private = remember(asked.channel, action=actions[0].name, asked="" if alike else "which", incident=str(incident))
    return OpenForm("forms/run", RunForm(actions[0].kind, choices, fields, said.reason, private, is_choice=not alike))


def _with(engine: Engine, asked: Asked, action: Action, said: Spoken) -> Answer:
    values = _values(action, said)
    if engine.catalogue.missing(action, values):
        return form(engine, asked, [action], said)
    wish = Wish(
        action.kind,
        action.service,
        values,
        action=action.name,
        reason=said.reason,
        break_glass=said.break_glass,
    )
    if said.dry_run:
        return Reply("replies/planned", PlanPage(*engine.runs.plan(wish, asked.person)))
    return ask(engine, asked, wish)


def _values(action: Action, said: Spoken) -> dict[str, str]:
    """Named words go to their parameter, plain words in order to those that are left."""
    values = {name: value for name, value in said.words.items() if name not in _NOT_PARAMETERS}
    names = [p.name for p in action.parameters if p.is_asked and p.name not in values]
    if len(said.rest) > len(names):
        extra = " ".join(said.rest[len(names) :])
        raise InputError(f"I do not know what {extra[:80]!r} is meant to be", place=action.name)
    return values | dict(zip(names, said.rest, strict=False))
