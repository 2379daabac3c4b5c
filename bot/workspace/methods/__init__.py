"""What answers each Web API method? The handlers of all modules in one table."""

from bot.workspace.call import Handler
from bot.workspace.methods import apps, chat, conversations, files, marks, membership, people, views

HANDLERS: dict[str, Handler] = {
    **apps.HANDLERS,
    **chat.HANDLERS,
    **conversations.HANDLERS,
    **membership.HANDLERS,
    **people.HANDLERS,
    **views.HANDLERS,
    **marks.HANDLERS,
    **files.HANDLERS,
}
