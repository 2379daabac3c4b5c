"""A code from an authenticator: with it a plan is approved, or the glass broken."""

import json

from bot.actions.model import ActionKind
from bot.engine.runs import Wish
from bot.engine.whole import Engine
from bot.errors import InputError
from bot.slack.asked import Asked, remember
from bot.slack.guards import Answer, OpenForm, Reply
from handlers.pages import CodeForm

_REMEMBERED_MAX = 2_500


def to_approve(engine: Engine, asked: Asked, run_id: int) -> OpenForm:
    run = engine.reading.run(run_id).run
    return OpenForm("forms/code", CodeForm(run.kind, run.service, False, remember(asked.channel, run=str(run_id))))


def to_break_glass(asked: Asked, wish: Wish) -> OpenForm:
    facts = {"kind": wish.kind.value, "service": wish.service, "action": wish.action, "reason": wish.reason}
    said = json.dumps({**facts, "parameters": dict(wish.parameters)})
    if len(said) > _REMEMBERED_MAX:
        raise InputError("that is more than a form can hold; say it in fewer words", place=wish.action)
    return OpenForm("forms/code", CodeForm(wish.kind, wish.service, True, remember(asked.channel, wish=said)))


def submitted(engine: Engine, asked: Asked) -> Answer:
    code, run = asked.fields.get("code", ""), asked.remembered.get("run", "")
    if run:
        engine.runs.approve(int(run), asked.person, code=code)
        return None
    wish = json.loads(asked.remembered["wish"])
    wanted = Wish(
        ActionKind(wish["kind"]),
        wish["service"],
        wish["parameters"],
        action=wish["action"],
        reason=wish["reason"],
        break_glass=True,
    )
    return Reply("replies/asked", engine.runs.request(wanted, asked.person, code=code))
