"""How does an anomaly become a signal with evidence that a person can check?"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.anomalies.model import Anomaly, ServiceWindow
from bot.engine.log_ports import TemplateRow
from bot.logs.parameters import dominant
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Dominant, Evidence, Rarity, Signal, SignalKind

_EXAMPLES = 3
_NEW_FOR = 3  # windows
_SERIES_WINDOWS = 60
_TITLE_LENGTH_MAX = 160


def still_new(anomaly: Anomaly, window: ServiceWindow, rows: Mapping[str, TemplateRow]) -> Anomaly:
    """A template that rises in its first windows is still a new one."""
    row = rows.get(anomaly.template_id)
    new_since = window.start - _NEW_FOR * window.length
    if row is not None and anomaly.kind is SignalKind.RATE_UP and row.first_at >= new_since:
        return replace(anomaly, kind=SignalKind.NEW_TEMPLATE, began_at=row.first_at, rate_before=0.0)
    return anomaly


def signal_of(
    anomaly: Anomaly,
    window: ServiceWindow,
    rows: Mapping[str, TemplateRow],
    now: datetime,
    rarity: Rarity | None = None,
) -> Signal:
    """The signal of an anomaly. The title is the template's own text, or the service's name: words come later."""
    row = rows.get(anomaly.template_id)
    return Signal(
        fingerprint=fingerprint(anomaly.kind, anomaly.service, anomaly.template_id),
        kind=anomaly.kind,
        service=anomaly.service,
        severity=anomaly.severity,
        began_at=anomaly.began_at,
        at=now,
        title=(row.text if row else anomaly.service)[:_TITLE_LENGTH_MAX],
        evidence=replace(_evidence(anomaly, window, row, rows), rarity=rarity),
        entities=_entities(row),
    )


def _entities(row: TemplateRow | None) -> tuple[tuple[str, str], ...]:
    """Where the template's lines come from, where these are few."""
    few = row.parameters.get("entities", {}) if row else {}
    return tuple((kind, name) for kind in sorted(few) for name in few[kind])


def _evidence(
    anomaly: Anomaly, window: ServiceWindow, row: TemplateRow | None, rows: Mapping[str, TemplateRow]
) -> Evidence:
    return Evidence(
        template_id=anomaly.template_id,
        template=row.text if row else "",
        examples=row.samples[-_EXAMPLES:] if row else (),
        rate_before=anomaly.rate_before,
        rate_now=anomaly.rate_now,
        baseline_low=anomaly.baseline_low,
        baseline_high=anomaly.baseline_high,
        score=anomaly.score,
        threshold=anomaly.threshold,
        history_windows=window.history_windows,
        dominant=_dominant(row),
        contributions=tuple((rows[i].text if i in rows else i, share) for i, share in anomaly.contributions),
        series=_series(anomaly, window),
        level=row.level if row else "",
        measure=anomaly.measure,
    )


def _dominant(row: TemplateRow | None) -> Dominant | None:
    found = dominant(row.text, row.parameters) if row else None
    return Dominant(found.name, found.value, found.share) if found else None


def _series(anomaly: Anomaly, window: ServiceWindow) -> tuple[int, ...]:
    for template in window.templates:
        if template.template_id == anomaly.template_id:
            return (*template.history[-_SERIES_WINDOWS:], template.current)
    return ()
