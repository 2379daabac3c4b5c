"""How is it told what Tocsin would have posted? As text for people, or a line of JSON per incident for programs."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from bot.engine.pages import IncidentPage
from bot.engine.ports import DueNotice
from bot.engine.whole import Engine
from bot.incidents.model import Incident, Suspect
from bot.replay.drive import Outcome
from bot.replay.records import Tally
from bot.signals.model import Signal

INCIDENTS_MAX = 100_000
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Words = Callable[[str, object], str]
"""Template name and page → text."""


@dataclass(slots=True)
class Telling:
    """Prints each card when it appears and when its state changes, and each line when it is put."""

    words: Words
    out: Callable[[str], None]
    _states: dict[str, object] = field(default_factory=dict)

    def tell(self, due: DueNotice, page: object, at: datetime) -> None:
        notice = due.notice
        if notice.template == "incident" and isinstance(page, IncidentPage):
            state = (page.incident.state, page.incident.severity)
            if self._states.get(notice.key) != state:
                is_new = notice.key not in self._states
                self._states[notice.key] = state
                self._say("incident" if is_new else "step", page)
        elif notice.template == "line" and notice.facts.get("kind") in _LINES:
            self._say("line", page)

    def _say(self, name: str, page: object) -> None:
        if text := self.words(f"text/{name}", page).rstrip():
            self.out(text)
            self.out("")


_LINES = frozenset(("joined", "change"))
"""What a card's own text does not say when it appears."""


def incidents_of(engine: Engine) -> list[dict[str, object]]:
    """One object an incident, in the order they opened."""
    with engine.store.read() as transaction:
        incidents = transaction.incidents.recent(_BEGINNING, INCIDENTS_MAX)
        return [
            _incident(incident, transaction.signals.of(incident.id), transaction.incidents.suspects(incident.id))
            for incident in sorted(incidents, key=lambda incident: (incident.opened_at, incident.id))
        ]


def as_json(incident: Mapping[str, object]) -> str:
    return msgspec.json.encode(incident).decode()


def _incident(incident: Incident, signals: Iterable[Signal], suspects: Iterable[Suspect]) -> dict[str, object]:
    signals = list(signals)
    templates = dict.fromkeys(s.evidence.template for s in signals if s.evidence.template)
    return {
        "opened_at": _time(incident.opened_at),
        "resolved_at": _time(incident.resolved_at),
        "began_at": _time(incident.began_at),
        "service": incident.service,
        "severity": incident.severity.value,
        "title": incident.title,
        "signals": [_signal(signal) for signal in signals],
        "templates": list(templates),
        "suspects": [
            {"kind": s.kind, "subject": s.subject, "label": s.label, "likelihood": round(s.likelihood, 3)}
            for s in suspects
        ],
    }


def _signal(signal: Signal) -> dict[str, object]:
    evidence = signal.evidence
    return {
        "at": _time(signal.at),
        "began_at": _time(signal.began_at),
        "kind": signal.kind.value,
        "service": signal.service,
        "severity": signal.severity.value,
        "title": signal.title,
        "template": evidence.template,
        "rate_before": evidence.rate_before,
        "rate_now": evidence.rate_now,
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at is not None else None


def summary(tally: Tally, outcome: Outcome, engine: Engine, incidents: list[dict[str, object]], problems: int) -> str:
    """One line: what was gone through, what came of it, and what was not as it should be."""
    with engine.store.read() as transaction:
        services = [row.name for row in transaction.logs.services()]
        templates = len(transaction.logs.new_templates(_BEGINNING, datetime.max.replace(tzinfo=UTC)))
    kinds = Counter(str(incident["severity"]) for incident in incidents)
    said = [
        _number(tally.lines, "line"),
        _number(len(services), "service"),
        _number(templates, "template"),
        _number(outcome.windows, "window"),
        _number(outcome.changes, "change") if outcome.changes else "",
        _number(len(incidents), "incident") + (f" ({_counts(kinds)})" if kinds else ""),
        _number(tally.without_time, "line") + " without a time of their own" if tally.without_time else "",
        _number(tally.unreadable, "line") + " unreadable" if tally.unreadable else "",
        _number(tally.cut, "line") + " cut" if tally.cut else "",
        _number(problems, "file") + " with problems" if problems else "",
    ]
    return ", ".join(filter(None, said))


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _counts(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())
