"""How does an action's own check look now? Read from the sources of `[watch]`, or from an address.

It is looked at when the run begins, to compare with, and every so often after it was done. Those that are due are
looked at side by side, so that a slow address holds up nobody else's.
"""

import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.actions.model import Look, Run
from bot.clock import Clock
from bot.engine.checked import Checked
from bot.engine.watched import Sources
from bot.errors import ConnectorError
from bot.logs.redact import Redactor
from bot.settings import Settings, VerifySettings

log = logging.getLogger(__name__)

SAID_MAX = 200
AT_ONCE = 8
WITHIN_S = 65.0
"""For a round of looks altogether; a single address has at most 60 s (`timeout_s`)."""


class Verifying:
    def __init__(self, clock: Clock, settings: Settings, sources: Sources, redactor: Redactor) -> None:
        self._clock, self._settings, self._sources = clock, settings, sources
        self._checked, self._redactor = Checked(sources.tables), redactor
        self._looking = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="look")

    def has_check(self, action: str) -> bool:
        return self._declared(action) is not None

    def is_due(self, run: Run) -> bool:
        """Whether it is time for the next look at a run that was done."""
        declared = self._declared(run.action)
        if declared is None or run.done_at is None:
            return False
        last = run.looks[-1].at if run.looks else run.done_at
        return self._clock.now() >= last + declared.every

    def look(self, action: str) -> Look | None:
        """How the check of the action called so is now; None when it has none. Never raises for its source."""
        declared = self._declared(action)
        if declared is None:
            return None
        now = self._clock.now()
        try:
            found = self._reader(declared)(now)
        except ConnectorError as error:
            found = Look(now, None, said=str(error))
        return replace(found, said=self._redactor.redact(" ".join(found.said.split()))[:SAID_MAX])

    def look_at(self, actions: Collection[str], within_s: float = WITHIN_S) -> dict[str, Look]:
        """The checks of several actions, side by side. One that does not answer within the time says nothing."""
        asked = {action: self._looking.submit(self.look, action) for action in dict.fromkeys(actions)}
        done, late = wait(asked.values(), timeout=within_s)
        for future in late:
            future.cancel()
        now, found = self._clock.now(), dict[str, Look]()
        for action, future in asked.items():
            look: Look | None = Look(now, None, said=f"no answer within {within_s:g} s")
            if future in done and (error := future.exception()) is not None:
                log.error("the check of %s failed in a way it should not", action, exc_info=error)
                look = Look(now, None, said=type(error).__name__)
            elif future in done:
                look = future.result()
            if look is not None:
                found[action] = look
        return found

    def _declared(self, action: str) -> VerifySettings | None:
        section = self._settings.actions.get(action)
        return section.verify if section else None

    def _reader(self, declared: VerifySettings) -> Callable[[datetime], Look]:
        if declared.query:
            return partial(self._query, declared)
        if declared.check:
            return partial(self._table, declared.check)
        return partial(self._page, declared)

    def _query(self, declared: VerifySettings, now: datetime) -> Look:
        """The newest value of each series; the one that is furthest off counts."""
        step = min(declared.every, timedelta(minutes=1))
        read = self._sources.series[declared.source].read(declared.query, now - 3 * step, now, step)
        values = [one.points[-1][1] for one in read if one.points]
        looks = [
            Look(now, None, value, declared.value_min, declared.value_max, declared.unit, "query") for value in values
        ]
        if not looks:
            return Look(now, None, said="the query gives no value")
        worst = max(looks, key=lambda look: look.distance or 0.0)
        return replace(worst, is_right=not worst.distance, what="query" if worst.distance else "")

    def _table(self, name: str, now: datetime) -> Look:
        finding, _ = self._checked.look(self._settings.watch.checks[name], {}, now)
        if finding is None:
            return Look(now, True)
        said = ", ".join(f"{part} {text}" for part, text in finding.parts[:3])
        return Look(now, False, finding.now, finding.low, finding.high, finding.unit, finding.what, said)

    def _page(self, declared: VerifySettings, now: datetime) -> Look:
        if self._sources.pages is None:
            raise ConnectorError("nothing here asks addresses", permanent=True)
        try:
            status, text = self._sources.pages.look(declared.url, declared.timeout_s)
        except ConnectorError as error:
            return Look(now, False, what="away", said=str(error))
        is_meant = status == declared.status if declared.status else status < 400
        if not is_meant:
            return Look(now, False, what="status", said=str(status))
        if declared.contains and declared.contains not in text:
            return Look(now, False, what="contains", said=declared.contains)
        return Look(now, True, said=str(status))
