"""Which sessions have ended, and do too many of them lack a step? Closed, judged and learnt from in one transaction.

A session ends when no line of it has come for a while, whatever the times in its lines. Those that Tocsin cannot have
seen whole (it was away, or has just begun to follow them) say nothing. In trouble only what is usual is learnt.
"""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.anomalies.session_history import TOLD_FROM, Found, History, learn, look, model_of, note, pack, unpack
from bot.anomalies.sessions import Kind
from bot.anomalies.sessions import Sessions as Model
from bot.clock import Clock
from bot.engine.following import NUMBERS, STEPS_MAX
from bot.engine.log_ports import TemplateRow
from bot.engine.placing import Placing
from bot.engine.ports import Store, Transaction
from bot.engine.quiet import is_quiet, unquiet
from bot.engine.session_ports import Followed, OpenSession
from bot.settings import Settings
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Evidence, Measure, Measured, Signal, SignalKind
from bot.signals.severity import Severity

AGE_MAX = timedelta(minutes=30)
"""What is open for longer is no request, and nothing is said of it."""

CLOSED_A_RUN, OPEN_MAX = 5_000, 2_000
"""Of a service no more than so many open ones are followed."""

AWAY = timedelta(minutes=5)
FIT_EVERY = timedelta(minutes=10)
WIDEN_AFTER = timedelta(minutes=10)
MODELS_KEPT = 256
TITLE_LENGTH_MAX, EXAMPLES = 160, 3
_LOOKED = "sessions.looked"


class Sessions:
    def __init__(self, store: Store, clock: Clock, settings: Settings, placing: Placing) -> None:
        self._store, self._clock, self._settings, self._placing = store, clock, settings, placing
        self._quiet_for = timedelta(seconds=settings.detection.session_quiet_s)
        self._models: OrderedDict[str, tuple[datetime, int, Model]] = OrderedDict()

    def run(self) -> int:
        """Returns how many signals were given."""
        now = self._clock.now()
        with self._store.write() as tx:
            looked = tx.records.recall(_LOOKED)
            tx.records.remember(_LOOKED, now.isoformat())
            if looked and now - datetime.fromisoformat(looked) > max(AWAY, 2 * self._quiet_for):
                self._begin_anew(tx, now)
        with self._store.write() as tx:
            ended = tx.sessions.close(now - self._quiet_for, now - AGE_MAX, CLOSED_A_RUN)
            if not ended:
                return 0
            by_service: dict[str, list[OpenSession]] = defaultdict(list)
            for session in ended:
                by_service[session.service].append(session)
            followed = tx.sessions.followed()
            found = sum(self._judge(tx, followed[name], some, now) for name, some in by_service.items())
            self._adjust(tx, followed, now)
        return found

    def _begin_anew(self, tx: Transaction, now: datetime) -> None:
        """Lines may have come to nobody meanwhile: what is open, and what goes on now, is not whole."""
        tx.sessions.drop_open()
        for how in tx.sessions.followed().values():
            tx.sessions.follow(replace(how, whole=0, since=now))

    def _adjust(self, tx: Transaction, followed: dict[str, Followed], now: datetime) -> None:
        count = tx.sessions.open()
        for name, how in followed.items():
            limit = how.limit
            if count.get(name, 0) > OPEN_MAX:
                tx.sessions.follow(replace(how, limit=limit // 2, whole=min(how.whole, limit // 2)))
            elif limit < NUMBERS and count.get(name, 0) < OPEN_MAX / 8 and now - how.since > WIDEN_AFTER:
                tx.sessions.follow(replace(how, limit=min(NUMBERS, 2 * limit), whole=limit, since=now))

    # -- one service

    def _judge(self, tx: Transaction, how: Followed, ended: Sequence[OpenSession], now: datetime) -> bool:
        kinds = Counter[Kind](frozenset(s.steps.items()) for s in ended if self._is_whole(s, how))
        if not kinds:
            return False
        history = unpack(tx.sessions.history(how.service))
        model = self._model(how.service, history, now)
        if model is None:
            learn(history, kinds, now.timestamp())
            tx.sessions.save_history(how.service, pack(history))
            return False
        judged = {kind: model.judge_kind(kind) for kind in kinds}
        note(history, [(judged[kind], times) for kind, times in kinds.items()], now.timestamp())
        is_odd = any(odd.is_told for odd in judged.values())
        found = look(history, now.timestamp()) if is_odd else None
        if is_odd and (found or not self._is_quiet(tx, how.service, now)):
            kinds = Counter({kind: times for kind, times in kinds.items() if not judged[kind].is_told})
        learn(history, kinds, now.timestamp())
        tx.sessions.save_history(how.service, pack(history))
        return found is not None and self._tell(tx, how.service, found, now)

    def _is_whole(self, session: OpenSession, how: Followed) -> bool:
        is_followed = session.number < how.whole or session.opened_at >= how.since + self._quiet_for
        return is_followed and session.seen_at - session.opened_at < AGE_MAX and len(session.steps) < STEPS_MAX

    def _is_quiet(self, tx: Transaction, service: str, now: datetime) -> bool:
        return is_quiet(now, timedelta(0), unquiet(tx, service, now - AWAY, now))

    def _model(self, service: str, history: History, now: datetime) -> Model | None:
        """That of some minutes ago serves, unless much was learnt since."""
        known = self._models.pop(service, None)
        if known is None or now - known[0] >= FIT_EVERY or history.learnt > 2 * known[1]:
            fitted = model_of(history)
            known = (now, history.learnt, fitted) if fitted is not None else None
        if known is None:
            return None
        self._models[service] = known
        while len(self._models) > MODELS_KEPT:
            self._models.popitem(last=False)
        return known[2]

    def _tell(self, tx: Transaction, service: str, found: Found, now: datetime) -> bool:
        row = next((row for row in tx.logs.services() if row.name == service), None)
        template = tx.logs.templates([found.step]).get(found.step)
        learnt_at = timedelta(minutes=self._settings.detection.learning_minutes)
        if row is None or template is None or now < row.first_at + learnt_at:
            return False
        return self._placing.place(tx, signal_of(found, service, template, now, self._quiet_for), now)


def signal_of(found: Found, service: str, template: TemplateRow, now: datetime, quiet_for: timedelta) -> Signal:
    """Evidence beside other trouble. That a step is new, or has come in the place of another, is information."""
    is_trouble = found.is_missing and not found.is_replaced
    began_at = datetime.fromtimestamp(found.since, UTC) - quiet_for
    measure = Measure(
        what=Measured.STEP_MISSING if found.is_missing else Measured.STEP_UNEXPECTED,
        subject="",
        now=float(found.times),
        high=float(found.of),
        low=found.usual,
    )
    return Signal(
        fingerprint=fingerprint(SignalKind.ODD_SESSIONS, service, template.id),
        kind=SignalKind.ODD_SESSIONS,
        service=service,
        severity=Severity.MINOR if is_trouble else Severity.INFO,
        began_at=began_at,
        at=now,
        title=template.text[:TITLE_LENGTH_MAX],
        evidence=Evidence(
            template_id=template.id,
            template=template.text,
            examples=template.samples[-EXAMPLES:],
            score=found.score,
            threshold=TOLD_FROM,
            measure=measure,
            level=template.level,
        ),
    )
