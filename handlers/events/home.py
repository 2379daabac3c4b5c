"""The App Home: what waits for this person, and what is open."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer, ShowHome


def opened(engine: Engine, asked: Asked) -> Answer:
    if asked.text != "home":
        return None
    return ShowHome("home", engine.reading.home(asked.person, engine.policy))
