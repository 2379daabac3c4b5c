"""What people say of a suspect: it was this, or it was not."""

import json

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply

_VERDICTS = {"confirm": "confirmed", "reject": "rejected"}


def confirm(engine: Engine, asked: Asked) -> Answer:
    return _judge(engine, asked, "confirmed")


def reject(engine: Engine, asked: Asked) -> Answer:
    return _judge(engine, asked, "rejected")


def more(engine: Engine, asked: Asked) -> Answer:
    """The menu beside a suspect: its entries are called "confirm:12:5"."""
    word, number, subject = asked.value.split(":", 2)
    engine.incidents.judge(int(number), subject, _VERDICTS[word], asked.person)
    return Reply("replies/judged")


def _judge(engine: Engine, asked: Asked, verdict: str) -> Answer:
    wanted = json.loads(asked.value)
    engine.incidents.judge(int(wanted["incident"]), str(wanted["subject"]), verdict, asked.person)
    return Reply("replies/judged")
