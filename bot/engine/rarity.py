"""How seldom is a log template: never seen, not for so long, the first time since a deployment?"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bot.anomalies.model import Anomaly, ServiceWindow
from bot.changes.model import ChangeKind
from bot.engine.log_ports import ServiceRow, TemplateRow
from bot.engine.ports import Transaction
from bot.signals.model import Rarity, SignalKind

BROUGHT_BY = (ChangeKind.DEPLOY, ChangeKind.ROLLBACK, ChangeKind.MODEL_VERSION)
NEW_WITHIN = timedelta(days=1)
"""So long after a deployment a line that was never seen before is the first since that."""


def unseen_for(
    tx: Transaction, rows: Mapping[str, TemplateRow], ids: Collection[str], since: datetime, kept: timedelta
) -> dict[str, timedelta]:
    """Of templates that have no lines since `since` and are older: how long they had none before it, `kept` at most:
    older counts are dropped."""
    old = [template_id for template_id in ids if rows[template_id].first_at < since]
    last = tx.logs.last_written(old, since) if old else {}
    return {i: since - max(last.get(i, since - kept), since - kept, rows[i].first_at) for i in old}


def rarity_of(
    tx: Transaction, anomaly: Anomaly, window: ServiceWindow, service: ServiceRow, now: datetime
) -> Rarity | None:
    """None for what is no new template."""
    if anomaly.kind is not SignalKind.NEW_TEMPLATE:
        return None
    series = next((t for t in window.templates if t.template_id == anomaly.template_id), None)
    unseen = series.unseen_for if series is not None else None
    history = window.history_windows * window.length
    unseen_s = round((unseen + history).total_seconds()) if unseen is not None else 0
    change = tx.changes.latest(service.name, BROUGHT_BY)
    is_first = change is not None and now - (unseen + history if unseen is not None else NEW_WITHIN) <= change.at <= now
    return Rarity(
        unseen_s=unseen_s,
        known_s=max(0, round((window.start - service.first_at).total_seconds())),
        since=change.version if change is not None and is_first else "",
    )
