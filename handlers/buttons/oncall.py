"""The buttons beside who stands in for whom."""

from bot.engine.pages import OncallPage
from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply


def end_swap(engine: Engine, asked: Asked) -> Answer:
    line = engine.oncall.end_swap(int(asked.value), asked.person)
    return Reply("replies/oncall", OncallPage(engine.clock.now(), (line,)))
