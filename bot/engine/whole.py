"""The engine: every use case, made once from its ports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.actions.policy import Policy
from bot.anomalies.model import Detector
from bot.checks.declared import OTLP
from bot.clock import Clock
from bot.engine.action_ports import Executor
from bot.engine.audit import Audit
from bot.engine.blame import Blame
from bot.engine.browsing import Browsing
from bot.engine.calling_ports import FetchCalendar, Pager
from bot.engine.catalogue import Catalogue
from bot.engine.changes import Changes
from bot.engine.checks import Checks
from bot.engine.correlator import Correlator
from bot.engine.digests import Digests
from bot.engine.escalating import Escalations
from bot.engine.events import Events
from bot.engine.history import History
from bot.engine.in_step import InStep
from bot.engine.incidents import Incidents
from bot.engine.ingest import Ingest
from bot.engine.interactions import Interactions
from bot.engine.ledger import Ledger
from bot.engine.locking import Locks
from bot.engine.marks import Marks
from bot.engine.mending import Mending
from bot.engine.merging import Merging
from bot.engine.metered import Metered
from bot.engine.mixes import Mixes
from bot.engine.muting import Muting
from bot.engine.oncall import Oncall
from bot.engine.pagers import Pagers
from bot.engine.people import People
from bot.engine.pipelines import Pipelines
from bot.engine.placing import Placing
from bot.engine.ports import Store
from bot.engine.reading import Reading
from bot.engine.remedies import Remedies
from bot.engine.rhythms import Rhythms
from bot.engine.roles import Roles
from bot.engine.rooms import Rooms
from bot.engine.runbooks import Runbooks
from bot.engine.runs import Runs
from bot.engine.second_factor import SecondFactors
from bot.engine.sessions import Sessions
from bot.engine.signals import Signals
from bot.engine.silences import Silences
from bot.engine.stats import Stats
from bot.engine.subscriptions import Subscriptions
from bot.engine.tasks import Tasks
from bot.engine.teaching import Teaching
from bot.engine.ticket_ports import Desk
from bot.engine.tickets import Tickets, TicketWords
from bot.engine.updates import Updates
from bot.engine.upkeep import Upkeep
from bot.engine.uptime import Uptime
from bot.engine.usergroups import Usergroups
from bot.engine.verifying import Verifying
from bot.engine.watched import Sources, Watched
from bot.engine.watching import Watching
from bot.engine.whys import Whys
from bot.engine.working import Worker
from bot.incidents.graph import ServiceGraph
from bot.logs.miner import Miner
from bot.logs.redact import Redactor
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Engine:
    settings: Settings
    clock: Clock
    store: Store
    policy: Policy
    ingest: Ingest
    checks: Checks
    changes: Changes
    signals: Signals
    incidents: Incidents
    catalogue: Catalogue
    locks: Locks
    runs: Runs
    runbooks: Runbooks
    remedies: Remedies
    second_factors: SecondFactors
    audit: Audit
    digests: Digests
    subscriptions: Subscriptions
    people: People
    reading: Reading
    browsing: Browsing
    stats: Stats
    silences: Silences
    whys: Whys
    interactions: Interactions
    upkeep: Upkeep
    watched: Watched
    metered: Metered
    teaching: Teaching
    ledger: Ledger
    events: Events
    uptime: Uptime
    oncall: Oncall
    usergroups: Usergroups
    pagers: Pagers
    escalations: Escalations
    roles: Roles
    in_step: InStep
    updates: Updates
    tasks: Tasks
    rooms: Rooms
    marks: Marks
    mending: Mending
    rhythms: Rhythms
    mixes: Mixes
    sessions: Sessions
    pipelines: Pipelines
    tickets: Tickets


def engine(
    settings: Settings,
    clock: Clock,
    store: Store,
    policy: Policy,
    miner: Miner,
    redactor: Redactor,
    detectors: Sequence[Detector],
    executors: Mapping[str, Executor],
    sources: Sources,
    pagers: Mapping[str, Pager],
    desks: Mapping[str, Desk],
    ticket_words: TicketWords,
    fetch_calendar: FetchCalendar,
    team: str = "",
) -> Engine:
    graph = ServiceGraph({name: section.depends_on for name, section in settings.services.items()})
    muting, blame = Muting(settings, graph), Blame(graph, settings.detection.window)
    merging = Merging(graph, blame)
    correlator = Correlator(settings, graph, muting, blame, merging, History(settings, graph))
    watching = Watching(settings, correlator)
    catalogue = Catalogue(settings, executors)
    locks = Locks(store, clock, settings, policy)
    verifying = Verifying(clock, settings, sources, redactor)
    worker = Worker(store, clock, catalogue, locks, redactor, verifying)
    second_factors = SecondFactors(store, clock, settings)
    runs = Runs(store, clock, settings, policy, catalogue, locks, worker, watching, verifying, second_factors)
    digests = Digests(store, clock, settings, policy)
    changes = Changes(store, clock, settings, correlator)
    runbooks = Runbooks(store, clock, settings, catalogue)
    events = Events(store, clock, settings, correlator, changes, redactor)
    incidents = Incidents(store, clock, settings, policy, blame, merging)
    oncall = Oncall(store, clock, settings, policy, team, fetch_calendar)
    usergroups = Usergroups(store, clock, settings)
    reading = Reading(store, clock, settings, runs, digests, runbooks, oncall)
    mixes, placing = Mixes(store, clock, settings), Placing(settings, correlator)
    metered = Metered(store, clock, settings)
    told_pagers = Pagers(store, clock, settings, incidents, pagers, team)
    return Engine(
        settings=settings,
        clock=clock,
        store=store,
        policy=policy,
        ingest=Ingest(store, clock, settings, miner, redactor),
        checks=Checks(store, clock, settings, detectors, placing, watching, mixes),
        changes=changes,
        signals=Signals(store, clock, correlator),
        incidents=incidents,
        catalogue=catalogue,
        locks=locks,
        runs=runs,
        runbooks=runbooks,
        second_factors=second_factors,
        remedies=Remedies(store, clock, settings, policy, catalogue, runs),
        audit=Audit(store),
        digests=digests,
        people=People(store, clock),
        subscriptions=Subscriptions(store, clock, settings, policy),
        reading=reading,
        browsing=Browsing(store, clock, settings, reading, runbooks),
        stats=Stats(store, clock, settings),
        silences=Silences(store, clock, settings, policy),
        whys=Whys(store, clock, settings, muting),
        interactions=Interactions(store, clock),
        upkeep=Upkeep(store, clock, settings),
        teaching=Teaching(store, clock, policy),
        watched=Watched(store, clock, settings, correlator, changes, sources.with_series({OTLP: metered})),
        metered=metered,
        ledger=Ledger(store, clock, redactor),
        events=events,
        uptime=Uptime(store, clock, settings, events),
        oncall=oncall,
        usergroups=usergroups,
        pagers=told_pagers,
        escalations=Escalations(store, clock, settings, oncall, usergroups, told_pagers, muting),
        roles=Roles(store, clock, settings, policy),
        in_step=InStep(store, clock, settings, events),
        updates=Updates(store, clock, settings, policy),
        tasks=Tasks(store, clock, policy),
        rooms=Rooms(store, clock, settings),
        marks=Marks(store, clock, policy),
        mending=Mending(store, clock, settings, policy),
        rhythms=Rhythms(store, clock, settings, events),
        mixes=mixes,
        sessions=Sessions(store, clock, settings, placing),
        pipelines=Pipelines(store, clock, settings, events),
        tickets=Tickets(store, clock, settings, policy, reading, desks, ticket_words),
    )
