"""Is Tocsin alive, is it ready, and how much has it done?

`/healthz` says that the process answers, `/readyz` that the database does too, `/metrics` counts in Prometheus' text
format (https://prometheus.io/docs/instrumenting/exposition_formats/).
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.engine.log_ports import LogBus
from bot.settings import Settings
from bot.stream.partition import PARTITIONS
from handlers.http.access import admit
from handlers.http.answers import answer
from handlers.http.tally import Tally
from handlers.http.wanted import Engine

log = logging.getLogger(__name__)

READY_TIMEOUT_S = 5.0
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far behind is it? None where there is nothing yet. `bus_batches` is None without a bus."""

    checked_age_s: float | None
    outbox_waiting: int
    outbox_age_s: float
    bus_batches: int | None
    services: int
    lines: int


@dataclass(frozen=True, slots=True)
class Health:
    engine: Engine
    settings: Settings
    bus: LogBus | None
    tally: Tally

    async def alive(self, request: Request) -> Response:
        return answer({"alive": True})

    async def ready(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                backlog = await asyncio.to_thread(self._backlog)
        except Exception:  # whatever keeps the database from answering, the answer is "not ready"
            log.warning("not ready: the database does not answer", exc_info=True)
            return answer({"ready": False, "problem": "the database does not answer"}, 503, {"Retry-After": "5"})
        return answer(
            {
                "ready": True,
                "checked_age_s": backlog.checked_age_s,
                "outbox_waiting": backlog.outbox_waiting,
                "outbox_age_s": backlog.outbox_age_s,
                "bus_batches": backlog.bus_batches,
            }
        )

    async def metrics(self, request: Request) -> Response:
        admit(request, self.settings.http)
        backlog = await asyncio.to_thread(self._backlog)
        return PlainTextResponse(_exposition(self.tally, backlog), media_type=METRICS_TYPE)

    def _backlog(self) -> Backlog:
        now = self.engine.clock.now()
        with self.engine.store.read() as transaction:
            services = transaction.logs.services()
            waiting = transaction.outbox.waiting()
            next_due_at = transaction.outbox.next_due_at()
            positions = [transaction.leases.position(partition) for partition in range(PARTITIONS)] if self.bus else []
        lag = (
            sum(self.bus.lag(partition, position) for partition, position in enumerate(positions)) if self.bus else None
        )
        checked = [service.checked_until for service in services if service.checked_until is not None]
        return Backlog(
            checked_age_s=_age_s(max(checked), now) if checked else None,
            outbox_waiting=waiting,
            outbox_age_s=_age_s(next_due_at, now) if waiting and next_due_at is not None else 0.0,
            bus_batches=lag,
            services=len(services),
            lines=sum(service.lines for service in services),
        )


def _age_s(at: datetime, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds())


def _exposition(tally: Tally, backlog: Backlog) -> str:
    rows: list[tuple[str, str, str, float | None]] = [
        ("http_lines_total", "counter", "Log lines accepted over HTTP by this process", tally.lines),
        ("http_lines_rejected_total", "counter", "Log lines that could not be read", tally.rejected),
        ("http_batches_total", "counter", "Batches accepted over HTTP by this process", tally.batches),
        ("http_batches_duplicate_total", "counter", "Batches that had been counted before", tally.duplicates),
        ("http_changes_total", "counter", "Changes learnt over HTTP by this process", tally.changes),
        ("lines_total", "counter", "Log lines counted ever", backlog.lines),
        ("services", "gauge", "Services that ever sent a line", backlog.services),
        ("checked_age_seconds", "gauge", "Since the end of the latest checked window", backlog.checked_age_s),
        ("outbox_waiting", "gauge", "Notices not yet told", backlog.outbox_waiting),
        ("outbox_age_seconds", "gauge", "How long the next notice has been due", backlog.outbox_age_s),
        ("bus_batches", "gauge", "Batches on the bus that no worker has counted", backlog.bus_batches),
    ]
    text = "".join(_metric(name, kind, help_, value) for name, kind, help_, value in rows if value is not None)
    answers = "".join(
        f'tocsin_http_answers_total{{status="{status}"}} {count}\n' for status, count in sorted(tally.answers.items())
    )
    return (
        f"{text}# HELP tocsin_http_answers_total Answers by status\n# TYPE tocsin_http_answers_total counter\n{answers}"
    )


def _metric(name: str, kind: str, help_: str, value: float) -> str:
    return f"# HELP tocsin_{name} {help_}\n# TYPE tocsin_{name} {kind}\ntocsin_{name} {value:.15g}\n"
