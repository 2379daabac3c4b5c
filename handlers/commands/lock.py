"""`/lock`, `/unlock`: close an environment, or a service in it, to everybody else; look at what is closed."""

from bot.actions.spoken import spoken
from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply
from handlers.pages import LocksPage


def lock(engine: Engine, asked: Asked) -> Answer:
    """`/lock`, `/lock production until 18:00 because of the audit`, `/lock production/checkout`."""
    said = spoken(asked.text)
    if said.first:
        engine.locks.lock(said.first, asked.person, said.reason, said.take("until"))
    return _locks(engine)


def unlock(engine: Engine, asked: Asked) -> Answer:
    said = spoken(asked.text)
    if said.first:
        engine.locks.unlock(asked.person, said.first)
    return _locks(engine)


def _locks(engine: Engine) -> Answer:
    return Reply(
        "replies/locks", LocksPage(tuple(engine.locks.held()), tuple(engine.locks.frozen()), engine.clock.now())
    )
