"""What stands in a digest? A day or a week of everything that is kept, in one read."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.actions.model import Run, RunState
from bot.actions.policy import Policy, Verdict
from bot.digests.health import HealthTable, health_table
from bot.digests.model import Order
from bot.digests.rhythm import DigestSlot, Every, local_days
from bot.digests.todo import todos, worst_first
from bot.engine.digest_pages import Amounts, DigestPage, NoisyDetector, ServiceNews, TemplateLine
from bot.engine.pages import SilenceView
from bot.engine.ports import Raised, Sensitivity, Transaction
from bot.engine.stats import confirmed_changes
from bot.incidents.delivery import delivery
from bot.incidents.measures import measure
from bot.incidents.model import Incident, Resolution
from bot.people import Person
from bot.settings import Settings
from bot.signals.model import Signal, SignalKind

_TEMPLATES_SHOWN = 5
_NOISY_SHOWN = 5
_NOISY_READ = 200
_TAUGHT_READ = 100
_INCIDENTS_MAX = 1_000
_DAYS_DRAWN = {Every.DAY: 7, Every.WEEK: 14}
_TOLD_OF = (Resolution.MERGED,)
"""What became part of another incident is told with that one."""


def compose(tx: Transaction, settings: Settings, policy: Policy, order: Order, now: datetime) -> DigestPage:
    slot = order.slot
    length = slot.until - slot.since
    earlier = DigestSlot(slot.local_date, slot.since - length, slot.since)
    known = _about(order, tx.incidents.open_between(earlier.since, slot.until, _INCIDENTS_MAX))
    opened = [i for i in known if slot.since <= i.opened_at < slot.until]
    active = worst_first(_about(order, tx.incidents.active()))
    unattended = [i for i in opened if not i.state.is_active and i.acknowledged_at is None and not i.declared_by]
    waiting = [run for run in tx.runs.in_state(RunState.ASKED) if _waits_for(policy, order, run)]
    forecasts = _forecasts(tx, order, active)
    silences = _silences(tx, slot)
    raised = [one for one in tx.signals.raised(slot.since, slot.until, _NOISY_READ) if order.is_about(one.service)]
    changes = [c for c in tx.changes.between(earlier.since, slot.until) if order.is_about(c.service)]
    out = [c for c in changes if c.at >= slot.since]
    return DigestPage(
        order=order,
        now=now,
        todo=todos(now, active, waiting, forecasts, [view.silence for view in silences], unattended),
        amounts=Amounts(_lines(tx, order, slot), len(opened), len(out)),
        before=Amounts(
            _lines(tx, order, earlier),
            sum(earlier.since <= i.opened_at < earlier.until for i in known),
            len(changes) - len(out),
        ),
        incidents=tuple(opened),
        ended=tuple(i for i in known if i.opened_at < slot.since and slot.since <= (i.resolved_at or now) < slot.until),
        still_active=tuple(active),
        unattended=tuple(unattended),
        new_templates=_new_templates(tx, settings, order),
        loud_templates=_loud_templates(tx, order),
        noisy=tuple(one for one in raised if one.times > 1)[:_NOISY_SHOWN],
        detectors=_detectors(raised),
        changes=tuple(out),
        waiting_runs=tuple(waiting),
        forecasts=forecasts,
        services=_services(tx, settings, order, now),
        health=_health(tx, order, now),
        measures=measure(opened),
        measures_before=measure([i for i in known if earlier.since <= i.opened_at < earlier.until]),
        delivery=delivery(changes, confirmed_changes(tx, opened), slot.since, slot.until),
        muted_signals=sum(
            one.count for one in tx.silences.hidden_between(slot.since, slot.until, order.services)
        ),
        silences=silences,
        taught=_taught(tx, order),
    )  # fmt: skip


def _about(order: Order, incidents: Iterable[Incident]) -> list[Incident]:
    return [one for one in incidents if order.is_about(one.service) and one.resolution not in _TOLD_OF]


def _waits_for(policy: Policy, order: Order, run: Run) -> bool:
    """A person's own digest has the runs that wait for their yes, a channel's all of them."""
    if order.person:
        return policy.may_approve(Person.of(order.person), run).verdict is Verdict.ALLOWED
    return order.is_about(run.service)


def _forecasts(tx: Transaction, order: Order, active: Sequence[Incident]) -> tuple[Signal, ...]:
    """Those that were raised in the stretch or are part of what is open: one of each problem, the nearest first."""
    slot = order.slot
    seen = [signal for _, signal in tx.signals.between(slot.since, slot.until) if order.is_about(signal.service)]
    seen += [signal for signals in tx.signals.of_each([i.id for i in active]).values() for signal in signals]
    latest = {s.fingerprint: s for s in seen if s.kind is SignalKind.FORECAST and _limit_at(s) is not None}
    return tuple(sorted(latest.values(), key=lambda s: (_limit_at(s) or s.at, s.service)))


def _limit_at(signal: Signal) -> datetime | None:
    return signal.evidence.measure.at if signal.evidence.measure else None


def _silences(tx: Transaction, slot: DigestSlot) -> tuple[SilenceView, ...]:
    """Those that hid something real in the stretch."""
    views = (
        SilenceView(silence, tuple(tx.silences.hidden_by("silence", str(silence.id))))
        for silence in tx.silences.since(slot.since)
        if silence.since < slot.until
    )
    return tuple(view for view in views if view.hid_something_real)


def _taught(tx: Transaction, order: Order) -> tuple[Sensitivity, ...]:
    """What people made quieter in the stretch."""
    said = [one for one in tx.sensitivity.all(_TAUGHT_READ) if order.is_about(one.service) and one.times > 1]
    return tuple(one for one in said if order.slot.since <= one.changed_at < order.slot.until)[:_NOISY_SHOWN]


def _lines(tx: Transaction, order: Order, slot: DigestSlot) -> int:
    return sum(n for name, n in tx.logs.lines_between(slot.since, slot.until).items() if order.is_about(name))


def _new_templates(tx: Transaction, settings: Settings, order: Order) -> tuple[TemplateLine, ...]:
    """Those that appeared after their service had been learnt: the ones worth a look."""
    slot = order.slot
    learning = timedelta(minutes=settings.detection.learning_minutes)
    learnt_at = {row.name: row.first_at + learning for row in tx.logs.services() if order.is_about(row.name)}
    found = tx.logs.new_templates(slot.since, slot.until)
    rows = [r for r in found if r.service in learnt_at and r.first_at >= learnt_at[r.service]]
    counts = _totals(tx, {row.service for row in rows}, slot)
    lines = [TemplateLine(row.service, row.text, counts.get(row.id, 0), is_new=True) for row in rows]
    return tuple(sorted(lines, key=lambda line: (-line.lines, line.service, line.text))[:_TEMPLATES_SHOWN])


def _totals(tx: Transaction, services: Iterable[str], slot: DigestSlot) -> dict[str, int]:
    totals: dict[str, int] = {}
    for service in sorted(services):
        for template_id, counts in tx.logs.counts(service, slot.since, slot.until).items():
            totals[template_id] = sum(counts.values())
    return totals


def _loud_templates(tx: Transaction, order: Order) -> tuple[TemplateLine, ...]:
    slot = order.slot
    found = tx.logs.noisiest(slot.since, slot.until, _NOISY_READ if order.services else _TEMPLATES_SHOWN)
    rows = [(row, lines) for row, lines in found if order.is_about(row.service)][:_TEMPLATES_SHOWN]
    return tuple(TemplateLine(row.service, row.text, lines, row.first_at >= slot.since) for row, lines in rows)


def _detectors(raised: Sequence[Raised]) -> tuple[NoisyDetector, ...]:
    sums: dict[tuple[str, str], NoisyDetector] = {}
    for one in raised:
        key = one.kind, one.service
        old = sums.get(key, NoisyDetector(*key, 0, 0, 0))
        sums[key] = NoisyDetector(*key, old.times + one.times, old.incidents + one.incidents, old.useless + one.useless)
    ranked = sorted(sums.values(), key=lambda d: (-d.times, d.kind, d.service))
    return tuple(one for one in ranked if one.times > 1)[:_NOISY_SHOWN]


def _services(tx: Transaction, settings: Settings, order: Order, now: datetime) -> ServiceNews:
    slot = order.slot
    rows = sorted((row for row in tx.logs.services() if order.is_about(row.name)), key=lambda row: row.name)
    learning = timedelta(minutes=settings.detection.learning_minutes)
    length = slot.until - slot.since
    return ServiceNews(
        count=len(rows),
        new=tuple(row.name for row in rows if slot.since <= row.first_at < slot.until),
        silent=tuple((r.name, r.last_at) for r in rows if slot.since - length <= r.last_at < slot.since),
        learning=tuple(row.name for row in rows if row.first_at + learning > now),
    )


def _health(tx: Transaction, order: Order, now: datetime) -> HealthTable:
    slot = order.slot
    days = local_days(slot.until, _DAYS_DRAWN[order.rhythm.every], order.rhythm.timezone)
    since = min(slot.since, days[0][1])
    return health_table(
        (slot.since, slot.until),
        days,
        [row.name for row in tx.logs.services() if order.is_about(row.name)],
        _about(order, tx.incidents.open_between(since, slot.until, _INCIDENTS_MAX)),
        [run for run in tx.sources.pipeline_runs(since) if order.is_about(run.service)],
        [one for one in tx.sources.measured(since) if order.is_about(one.service)],
    )
