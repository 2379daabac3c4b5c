"""How does an alert of somebody else's become a signal, and its end?"""

from collections.abc import Mapping
from datetime import datetime

from bot.signals.fingerprint import fingerprint
from bot.signals.model import Evidence, Signal, SignalKind
from bot.signals.severity import Severity
from bot.sources.model import Ended
from bot.sources.received import UNKNOWN_SERVICE, link, service_like

TITLE_MAX = 160
SERVICE_LABELS = ("service", "service_name", "app", "app_kubernetes_io_name", "deployment", "container", "dag_id",
                  "model", "job")  # fmt: skip
ENTITY_LABELS = {
    "instance": "host", "host": "host", "hostname": "host", "node": "host", "pod": "pod", "cluster": "cluster",
    "namespace": "namespace", "dataset": "dataset", "table": "dataset", "model": "model", "dag_id": "pipeline",
    "pipeline": "pipeline", "trace_id": "trace",
}  # fmt: skip


def alert(
    source: str,
    key: str,
    *,
    title: str,
    service: str,
    severity: Severity,
    began_at: datetime | None,
    now: datetime,
    labels: Mapping[str, str],
    detail: str = "",
    url: str = "",
    kind: SignalKind = SignalKind.ALERT,
) -> Signal:
    """The signal of an alert that fires. `key` is what the sender knows it by, equal when it fires again."""
    return Signal(
        fingerprint=fingerprint("alert", source, key),
        kind=kind,
        service=service_like(service),
        severity=severity,
        began_at=min(began_at or now, now),
        at=now,
        title=" ".join((title or key).split())[:TITLE_MAX],
        evidence=Evidence(examples=(detail,) if detail and detail != title else (), link=link(url)),
        source=source,
        entities=entities(labels),
        attributes=dict(labels),
    )


def ended(source: str, key: str, service: str, at: datetime | None, now: datetime, title: str = "") -> Ended:
    return Ended(fingerprint("alert", source, key), service_like(service), min(at or now, now), title[:TITLE_MAX])


def service_of(labels: Mapping[str, str], otherwise: str = "") -> str:
    return next((labels[name] for name in SERVICE_LABELS if labels.get(name)), otherwise or UNKNOWN_SERVICE)


def entities(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = {(kind, labels[name][:200]) for name, kind in ENTITY_LABELS.items() if labels.get(name)}
    return tuple(sorted(found))
