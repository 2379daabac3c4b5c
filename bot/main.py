"""What is Tocsin made of? The composition root: settings → store → connectors → engine → schedule → Slack.

`build_engine` makes the engine on a database; `bot.process` puts the parts of a running process around it.
"""

from collections.abc import Iterable, Mapping

from bot.actions.model import OPERATORS
from bot.actions.policy import Policy, policy
from bot.anomalies.detectors import default_detectors
from bot.asking.calendars import fetch
from bot.clock import Clock, SystemClock
from bot.connectors import desks as configured_desks
from bot.connectors import executors as configured_executors
from bot.connectors.pagers import pagers_of
from bot.engine.action_ports import Executor
from bot.engine.calling_ports import FetchCalendar, Pager
from bot.engine.pagers import PAGER
from bot.engine.ticket_ports import Desk
from bot.engine.watched import Sources
from bot.engine.whole import Engine, engine
from bot.errors import StoreError
from bot.logs.miner import Miner, MinerSettings
from bot.logs.redact import Redactor
from bot.settings import Settings
from bot.slack.ticket_words import PlainTicketWords
from bot.store import migrate
from bot.store.database import Database
from bot.watch.sources import sources_of


def open_store(settings: Settings, *, database_url: str = "", make: bool = True) -> Database:
    """The database with its schema at the newest version; with `make=False` an old schema is refused instead."""
    database = Database(database_url or settings.database_url)
    if make:
        migrate.upgrade(database.engine)
    elif not migrate.is_current(database.engine):
        database.close()
        raise StoreError("the database's schema is not up to date; run: tocsin migrate")
    return database


def build_engine(
    settings: Settings,
    *,
    clock: Clock | None = None,
    database_url: str = "",
    store: Database | None = None,
    executors: Mapping[str, Executor] | None = None,
    sources: Sources | None = None,
    pagers: Mapping[str, Pager] | None = None,
    desks: Mapping[str, Desk] | None = None,
    fetch_calendar: FetchCalendar = fetch,
    team: str = "",
) -> Engine:
    """The engine on `store`, else on a database that is opened and brought up to date. `team` is the Slack workspace
    whose people `operators` names."""
    return engine(
        settings=settings,
        clock=clock or SystemClock(),
        store=store or open_store(settings, database_url=database_url),
        policy=policy_of(settings, team),
        miner=Miner(MinerSettings(clusters_max=settings.logs.templates_per_service_max)),
        redactor=Redactor(extra=settings.logs.redact, off=settings.logs.redact_off),
        detectors=default_detectors(),
        executors=configured_executors(settings) if executors is None else executors,
        sources=sources_of(settings) if sources is None else sources,
        pagers=pagers_of(settings) if pagers is None else pagers,
        desks=configured_desks(settings) if desks is None else desks,
        ticket_words=PlainTicketWords(),
        fetch_calendar=fetch_calendar,
        team=team,
    )


def policy_of(settings: Settings, team: str) -> Policy:
    roles = {
        name: [*_keys(role.people, team), *role.groups] for name, role in settings.roles.items() if name != OPERATORS
    }
    groups = settings.roles[OPERATORS].groups if OPERATORS in settings.roles else ()
    people = settings.roles[OPERATORS].people if OPERATORS in settings.roles else ()
    pagers = [f"{PAGER}/{name}" for name in settings.pagers]
    operators = [*_keys((*settings.slack.operators, *people), team), *groups, *pagers]
    return policy(operators, roles, settings.policy.break_glass)


def _keys(names: Iterable[str], team: str) -> list[str]:
    """`Person.key`s: an id without its team is of the workspace Tocsin is in; `*` is everyone there."""
    return [name if "/" in name else f"{team}/{name}" for name in names]
