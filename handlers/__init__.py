"""What does Tocsin answer to? The list of everything, from people through Slack; `handlers.http` has the machines.

A handler is thin: it reads what was asked, makes one engine call, and names the words of the answer. What changes is
told to everybody by the outbox; a handler's own answer is for the one who asked.
"""

import re

from slack_bolt.async_app import AsyncApp

from bot.engine.whole import Engine
from bot.slack.client import SlackSide
from bot.slack.guards import Guards
from bot.slack.render import Renderer
from handlers.buttons import incident as incident_buttons
from handlers.buttons import lock as lock_buttons
from handlers.buttons import oncall as oncall_buttons
from handlers.buttons import page as page_buttons
from handlers.buttons import run as run_buttons
from handlers.buttons import runbook as runbook_buttons
from handlers.buttons import silence as silence_buttons
from handlers.buttons import subscription as subscription_buttons
from handlers.buttons import suspect as suspect_buttons
from handlers.buttons import task as task_buttons
from handlers.buttons import teaching as teaching_buttons
from handlers.commands import incident, lock, oncall, run, tocsin
from handlers.events import home, mention
from handlers.forms import code as code_form
from handlers.forms import declare as declare_form
from handlers.forms import incident as incident_forms
from handlers.forms import life as life_forms
from handlers.forms import run as run_form
from handlers.shortcuts import declare as declare_shortcut
from handlers.shortcuts import why as why_shortcut


def bolt_app(slack: SlackSide, engine: Engine, renderer: Renderer | None = None) -> AsyncApp:
    """The Bolt app that hears all of it. `slack.signing_secret` is only needed over HTTP."""
    app = AsyncApp(client=slack.client, signing_secret=slack.signing_secret or None, name="tocsin")
    register(Guards(app, engine, renderer or Renderer(), slack.client))
    return app


def register(guards: Guards) -> None:
    _commands(guards)
    _buttons(guards)
    _forms(guards)
    guards.shortcut("declare_incident", declare_shortcut.anywhere)
    guards.shortcut("declare_incident_from_message", declare_shortcut.from_message)
    guards.shortcut("why_message", why_shortcut.from_message)
    guards.mention(mention.answer)
    guards.home(home.opened)
    guards.marks()


def _commands(guards: Guards) -> None:
    guards.command("/tocsin", tocsin.answer)
    guards.command("/incident", incident.answer)
    guards.command("/deploy", run.deploy, acts=True)
    guards.command("/rollback", run.rollback, acts=True)
    guards.command("/rerun", run.rerun, acts=True)
    guards.command("/model", run.model, acts=True)
    guards.command("/run", run.run, acts=True)
    guards.command("/oncall", oncall.answer)
    guards.command("/lock", lock.lock, acts=True)
    guards.command("/unlock", lock.unlock, acts=True)


def _buttons(guards: Guards) -> None:
    guards.button("incident.acknowledge", incident_buttons.acknowledge)
    guards.button("incident.resolve", incident_buttons.resolve)
    guards.button("incident.not_a_problem", incident_buttons.not_a_problem)
    guards.button("incident.reopen", incident_buttons.reopen)
    guards.button("incident.why", incident_buttons.why)
    guards.button("incident.review", incident_buttons.review)
    guards.button("incident.roll_back", incident_buttons.roll_back, acts=True)
    guards.button("incident.update", incident_buttons.update)
    guards.button("incident.more", incident_buttons.more)
    guards.button("oncall.end_swap", oncall_buttons.end_swap)
    guards.button("page.open", page_buttons.open_)
    guards.button("run.approve", run_buttons.approve, acts=True)
    guards.button("run.cancel", run_buttons.cancel, acts=True)
    guards.button("run.again", run_buttons.again, acts=True)
    guards.button("run.undo", run_buttons.undo, acts=True)
    guards.button(re.compile(r"runbook\.do\.\d"), runbook_buttons.do, acts=True)
    guards.button(re.compile(r"lock\.open\.\d+"), lock_buttons.unlock, acts=True)
    guards.button(re.compile(r"task\.done\.\d+"), task_buttons.done)
    guards.button(re.compile(r"task\.undo\.\d+"), task_buttons.undo)
    guards.button("task.add", task_buttons.add)
    guards.button("suspect.confirm", suspect_buttons.confirm)
    guards.button("suspect.reject", suspect_buttons.reject)
    guards.button(re.compile(r"signal\.more\.\d+"), teaching_buttons.more)
    guards.button(re.compile(r"suspect\.more\.\d+"), suspect_buttons.more)
    guards.button("silence.end", silence_buttons.end)
    guards.button("silence.week", silence_buttons.week)
    guards.button("subscription.stop", subscription_buttons.stop)
    guards.button("subscription.daily", subscription_buttons.daily)


def _forms(guards: Guards) -> None:
    guards.form("incident.silence", incident_forms.silence)
    guards.form("incident.grade", incident_forms.grade)
    guards.form("incident.arrange", incident_forms.arrange)
    guards.form("incident.roles", life_forms.roles)
    guards.form("incident.update", life_forms.update)
    guards.form("incident.task", life_forms.task)
    guards.form("incident.handover", life_forms.handover)
    guards.form("incident.declare", declare_form.submitted)
    guards.form("run.ask", run_form.submitted, acts=True)
    guards.form("run.code", code_form.submitted, acts=True)
