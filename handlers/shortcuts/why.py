"""Why does this message stand here?"""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply
from handlers.commands.tocsin import help_


def from_message(engine: Engine, asked: Asked) -> Answer:
    """Of an incident's message or a line below it, and of a run's; about any other message there is nothing to say."""
    with engine.store.read() as tx:
        posted = tx.outbox.find_posted(asked.channel, asked.value)
    kind, _, number = (posted.key if posted else "").partition(":")
    number = number.partition(":")[0]
    if kind == "incident":
        return Reply("replies/why", engine.whys.incident(int(number)))
    if kind == "run":
        return Reply("replies/why_run", engine.whys.run(int(number)))
    return help_(engine, asked, "")
