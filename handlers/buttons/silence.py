"""The buttons of silences."""

from datetime import timedelta

from bot.engine.whole import Engine
from bot.silences.asked import matcher_of
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply


def end(engine: Engine, asked: Asked) -> Answer:
    engine.silences.end(int(asked.value), asked.person)
    return Reply("replies/silenced", engine.silences.one(int(asked.value)))


def week(engine: Engine, asked: Asked) -> Answer:
    """*Silence for 7 days* in a digest: its value has a matcher a line, and then the reason."""
    *matchers, reason = asked.value.split("\n")
    silence = engine.silences.silence_once(
        asked.person, [matcher_of(text) for text in matchers], timedelta(days=7), reason
    )
    return Reply("replies/silenced", engine.silences.one(silence.silence.id))
