"""Which signals and suspects are shown first?"""

from collections.abc import Sequence

from bot.actions.fitting import Trouble
from bot.changes.model import Change
from bot.engine.pages import Impact, IncidentPage, SuspectLine
from bot.engine.ports import Transaction
from bot.incidents.model import Incident
from bot.incidents.roots import is_traffic
from bot.incidents.suspects import word_for
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity

_SIGNALS_SHOWN = 20


def most_telling(signals: Sequence[Signal]) -> tuple[Signal, ...]:
    """One of each fingerprint, the latest; the worst first, then the highest rate."""
    distinct: dict[str, Signal] = {signal.fingerprint: signal for signal in signals}
    ranked = sorted(distinct.values(), key=lambda s: (s.severity.rank, -(s.evidence.rate_now or 0), s.began_at))
    return tuple(ranked[:_SIGNALS_SHOWN])


def suspect_lines(tx: Transaction, incident_id: int) -> tuple[SuspectLine, ...]:
    return tuple(
        SuspectLine(
            suspect,
            tx.changes.get(int(suspect.subject)) if suspect.kind == "change" else None,
            word_for(suspect.likelihood),
        )
        for suspect in tx.incidents.suspects(incident_id)
    )


def trouble_of(tx: Transaction, incident: Incident) -> Trouble:
    """The incident for what was written for a kind of trouble; what people ruled out as its cause does not count."""
    changes = [
        line.change
        for line in suspect_lines(tx, incident.id)
        if line.change is not None and line.suspect.verdict != "rejected" and line.word != "nearby"
    ]
    return Trouble(incident, most_telling(tx.signals.of(incident.id)), changes[0] if changes else None)


def impact_of(signals: Sequence[Signal]) -> Impact:
    worse = [s for s in signals if s.severity.at_least(Severity.MINOR)]
    rising = [s for s in worse if s.kind in (SignalKind.NEW_TEMPLATE, SignalKind.RATE_UP) and not is_traffic(s)]
    return Impact(
        services=len({s.service for s in worse}),
        failing_per_minute=sum(max(0.0, (s.evidence.rate_now or 0) - (s.evidence.rate_before or 0)) for s in rising),
        raised=sum(s.count for s in signals),
    )


def names_of(tx: Transaction, page: IncidentPage, changes: Sequence[Change]) -> dict[str, str]:
    """`Person.key` → name, of everybody who took part and whose name is known."""
    incident = page.incident
    keys = {incident.acknowledged_by, incident.resolved_by, incident.declared_by}
    keys |= {entry.by for entry in page.timeline} | {change.by for change in changes}
    keys |= {key for run in page.runs for key in (run.asked_by, run.cancelled_by, *run.approved_by)}
    keys |= {role.person for role in page.life.roles} | {update.by for update in page.life.updates}
    keys |= {key for task in page.life.tasks for key in (task.owner, task.done_by)}
    return {key: known.name for key, known in tx.people.known(keys - {""}).items() if known.name}
