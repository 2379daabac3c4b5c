"""Signals, changes and incidents by the minute: `signal("checkout", at=3)` was seen three minutes after ten o'clock."""

from datetime import UTC, datetime, timedelta

from bot.changes.model import Change, ChangeKind
from bot.incidents.correlation import OpenIncident
from bot.incidents.graph import ServiceGraph
from bot.incidents.model import Incident
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Evidence, Signal, SignalKind
from bot.signals.severity import Severity

TEN = datetime(2026, 11, 16, 10, tzinfo=UTC)
GRAPH = ServiceGraph({"web": ("checkout", "search"), "checkout": ("payments",), "payments": ("database",), "wiki": ()})


def minute(at: float) -> datetime:
    return TEN + timedelta(minutes=at)


def signal(
    service: str,
    at: float,
    *,
    name: str = "failed",
    kind: SignalKind = SignalKind.NEW_TEMPLATE,
    severity: Severity = Severity.MAJOR,
    began: float | None = None,
    entities: tuple[tuple[str, str], ...] = (),
    attributes: dict[str, str] | None = None,
) -> Signal:
    return Signal(
        fingerprint=fingerprint(kind, service, name),
        kind=kind,
        service=service,
        severity=severity,
        began_at=minute(at if began is None else began),
        at=minute(at),
        title=name,
        evidence=Evidence(template_id=f"{service}-{name}" if "template" in kind or "rate" in kind else ""),
        entities=entities,
        attributes=attributes or {},
    )


def opened(number: int, *signals: Signal, last: float | None = None) -> OpenIncident:
    first, latest = min(s.began_at for s in signals), max(s.at for s in signals)
    return OpenIncident(
        Incident(
            service=signals[0].service,
            title=signals[0].title,
            severity=signals[0].severity,
            began_at=first,
            opened_at=signals[0].at,
            last_signal_at=latest if last is None else minute(last),
            id=number,
        ),
        signals,
    )


def change(
    number: int,
    service: str,
    at: float,
    *,
    kind: ChangeKind = ChangeKind.DEPLOY,
    version: str = "",
    environment: str = "",
) -> Change:
    return Change(f"c{number}", kind, service, minute(at), version=version, environment=environment, id=number)
