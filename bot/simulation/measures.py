"""How good were the incidents? Beside the truth of a plan: found, together, told early, blamed on the right thing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from statistics import mean, median

from bot.engine.whole import Engine
from bot.incidents.model import Incident, Suspect
from bot.signals.model import Signal
from bot.simulation.drive import Drive
from bot.simulation.faults import Fault
from bot.simulation.plan import Plan
from bot.simulation.writing import SEEN_LATER, truth_of

STORM_SERVICES = 5
"""A fault that shows in so many services is a storm."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_INCIDENTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of one seed; figures are made of sums. `pairs_*`: of signals, together in truth, as told, and both.
    `right`: messages about a fault, the first of each; `again`: further messages about a fault already told."""

    seed: int
    services: int
    faults: int
    signals: int
    stored: int
    messages: int
    found: int
    right: int
    again: int
    pairs_both: int
    pairs_told: int
    pairs_true: int
    caused: int
    first: int
    in_three: int
    first_at_once: int
    delays_s: tuple[float, ...]
    storm_signals: int
    storm_messages: int
    quiet_messages: int
    quiet_hours: float
    lines: int
    kinds: tuple[tuple[str, str], ...]
    """(kind of fault, what went wrong with it or "")."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares are 0..1; None where there was nothing to measure. `pairwise_f1` is of all pairs of all seeds, where the
    largest faults weigh most; `pairwise_f1_mean` is the mean of the seeds."""

    seeds: int
    faults: int
    messages: int
    pairwise_precision: float | None
    pairwise_recall: float | None
    pairwise_f1: float | None
    pairwise_f1_mean: float | None
    recall: float | None
    precision: float | None
    precision_with_repeats: float | None
    signals_per_message: float | None
    signals_per_storm_message: float | None
    cause_first: float | None
    cause_in_three: float | None
    cause_first_at_once: float | None
    minutes_to_message: float | None
    quiet_messages_an_hour: float | None
    thread_lines_per_message: float | None

    def as_dict(self) -> dict[str, float | int | None]:
        return {name: round(v, 3) if isinstance(v, float) else v for name, v in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class _Posted:
    incident: Incident
    signals: tuple[Signal, ...]
    truths: tuple[int, ...]
    suspects: tuple[Suspect, ...]
    suspects_at_once: tuple[Suspect, ...]

    @property
    def fault(self) -> int:
        """That of most of its signals; 0 when most are of none."""
        counts = Counter(self.truths)
        return max(counts, key=lambda number: (counts[number], number)) if counts else 0


def outcome_of(drive: Drive) -> Outcome:
    plan, told = drive.plan, drive.told
    posted, loose = _posted(drive), _loose(drive)
    by_id = {one.incident.id: one for one in posted}
    faults = {one.incident.id: _fault_of(one, by_id) for one in posted}
    first_of: dict[int, _Posted] = {}
    for one in posted:
        if not one.incident.merged_into:
            first_of.setdefault(one.fault, one)
    found = [(fault, first_of[fault.number]) for fault in plan.faults if fault.number in first_of]
    ranks = [_rank(drive.engine, fault, one.suspects) for fault, one in found]
    at_once = [_rank(drive.engine, fault, one.suspects_at_once) for fault, one in found]
    both, as_told, true = _pairs(posted, loose)
    storms = {fault.number for fault in plan.faults if len(fault.services) >= STORM_SERVICES}
    quiet = [one for one in posted if not faults[one.incident.id] and not _is_busy(plan, one.incident.opened_at)]
    return Outcome(
        seed=plan.seed,
        services=len(plan.estate.nodes),
        faults=len(plan.faults),
        signals=told.signals,
        stored=sum(len(one.signals) for one in posted) + len(loose),
        messages=len(posted),
        found=len(found),
        right=len([number for number in first_of if number]),
        again=sum(1 for one in posted if faults[one.incident.id] and first_of.get(one.fault) is not one),
        pairs_both=both,
        pairs_told=as_told,
        pairs_true=true,
        caused=len(found),
        first=sum(rank == 1 for rank in ranks),
        in_three=sum(0 < rank <= 3 for rank in ranks),
        first_at_once=sum(rank == 1 for rank in at_once),
        delays_s=tuple((one.incident.opened_at - fault.since).total_seconds() for fault, one in found),
        storm_signals=sum(_raised(one) for one in posted if one.fault in storms),
        storm_messages=sum(1 for one in posted if faults[one.incident.id] in storms),
        quiet_messages=len(quiet),
        quiet_hours=_quiet_hours(plan),
        lines=told.lines,
        kinds=tuple(_verdicts(plan.faults, found, ranks)),
    )


def _fault_of(one: _Posted, by_id: Mapping[int, _Posted]) -> int:
    """Of what was merged: that of the incident it became part of."""
    while one.incident.merged_into in by_id:
        one = by_id[one.incident.merged_into]
    return one.fault


def figures(outcomes: Sequence[Outcome]) -> Figures:
    total = {f.name: sum(getattr(o, f.name) for o in outcomes) for f in fields(Outcome) if f.type in (int, float)}
    delays = [delay for o in outcomes for delay in o.delays_s]
    precision = _share(total["pairs_both"], total["pairs_told"])
    recall = _share(total["pairs_both"], total["pairs_true"])
    each = [f1 for o in outcomes if (f1 := _f1(o.pairs_both, o.pairs_told, o.pairs_true)) is not None]
    return Figures(
        seeds=len(outcomes),
        faults=int(total["faults"]),
        messages=int(total["messages"]),
        pairwise_precision=precision,
        pairwise_recall=recall,
        pairwise_f1=_f1(total["pairs_both"], total["pairs_told"], total["pairs_true"]),
        pairwise_f1_mean=mean(each) if each else None,
        recall=_share(total["found"], total["faults"]),
        precision=_share(total["right"] + total["again"], total["messages"]),
        precision_with_repeats=_share(total["right"], total["messages"]),
        signals_per_message=_share(total["signals"], total["messages"]),
        signals_per_storm_message=_share(total["storm_signals"], total["storm_messages"]),
        cause_first=_share(total["first"], total["caused"]),
        cause_in_three=_share(total["in_three"], total["caused"]),
        cause_first_at_once=_share(total["first_at_once"], total["caused"]),
        minutes_to_message=median(delays) / 60 if delays else None,
        quiet_messages_an_hour=_share(total["quiet_messages"], total["quiet_hours"]),
        thread_lines_per_message=_share(total["lines"], total["messages"]),
    )


def _f1(both: float, told: float, true: float) -> float | None:
    return _share(2 * both, told + true)


def by_kind(outcomes: Iterable[Outcome]) -> dict[str, Counter[str]]:
    """Kind of fault → what became of it → how often."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in outcomes:
        for kind, verdict in one.kinds:
            found[kind][verdict] += 1
    return dict(found)


def _verdicts(
    faults: Sequence[Fault], found: Sequence[tuple[Fault, _Posted]], ranks: Sequence[int]
) -> Iterable[tuple[str, str]]:
    of = {fault.number: rank for (fault, _), rank in zip(found, ranks, strict=True)}
    for fault in faults:
        rank = of.get(fault.number)
        yield (
            fault.kind,
            "not told"
            if rank is None
            else {0: "not suspected", 1: "first"}.get(rank, "in three" if rank <= 3 else "later"),
        )


def _posted(drive: Drive) -> list[_Posted]:
    with drive.engine.store.read() as tx:
        incidents = sorted(tx.incidents.recent(_BEGINNING, _INCIDENTS_MAX), key=lambda i: i.id)
        made = []
        for incident in incidents:
            signals = tuple(tx.signals.of(incident.id))
            if incident.id not in drive.told.messages:
                continue  # merged before anybody was told
            _, page = drive.told.messages[incident.id]
            truths = tuple(truth_of(drive.plan, s) for s in signals)
            at_once = tuple(line.suspect for line in page.suspects)
            made.append(_Posted(incident, signals, truths, tuple(tx.incidents.suspects(incident.id)), at_once))
        return made


def _loose(drive: Drive) -> list[int]:
    """The truths of the signals that are part of no incident."""
    with drive.engine.store.read() as tx:
        return [truth_of(drive.plan, signal) for signal in tx.signals.loose(_BEGINNING)]


def _pairs(posted: Sequence[_Posted], loose: Sequence[int]) -> tuple[int, int, int]:
    """Pairs together in both, as told, in truth. A signal of no fault belongs with nothing."""
    cells = Counter((one.incident.id, truth) for one in posted for truth in one.truths if truth)
    told = Counter(one.incident.id for one in posted for _ in one.truths)
    true = Counter(truth for one in posted for truth in one.truths if truth)
    true.update(truth for truth in loose if truth)
    return _pairs_in(cells.values()), _pairs_in(told.values()), _pairs_in(true.values())


def _pairs_in(sizes: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes)


def _rank(engine: Engine, fault: Fault, suspects: Sequence[Suspect]) -> int:
    """Where the cause stands, 1 for first, 0 for nowhere."""
    with engine.store.read() as tx:
        for place, suspect in enumerate(suspects, 1):
            subject = tx.changes.get(int(suspect.subject)).key if suspect.kind == "change" else suspect.subject
            if (suspect.kind, subject) in fault.causes:
                return place
    return 0


def _raised(one: _Posted) -> int:
    return sum(signal.count for signal in one.signals)


def _is_busy(plan: Plan, at: datetime) -> bool:
    return any(fault.since <= at <= fault.until + SEEN_LATER for fault in plan.faults)


def _quiet_hours(plan: Plan) -> float:
    minutes = int((plan.end - plan.begin) / timedelta(minutes=1))
    quiet = sum(not _is_busy(plan, plan.begin + timedelta(minutes=m)) for m in range(minutes))
    return quiet / 60


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
