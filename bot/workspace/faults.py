"""What should go wrong, and for how long? Faults that a test or the page switches on.

A fault hits calls whose method matches `method` (a shell pattern; kinds of the socket need none), `times` times or for
`for_s` seconds of the workspace's clock, or until it is cleared.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from bot.errors import InputError
from bot.workspace.refusal import Json
from bot.workspace.timing import Timekeeper

API_KINDS = ("latency", "ratelimited", "error", "status", "reset", "hang", "outage")
DELIVERY_KINDS = ("duplicate", "reorder", "drop", "late")
SOCKET_KINDS = ("half_open",)
KINDS = (*API_KINDS, *DELIVERY_KINDS, *SOCKET_KINDS)


@dataclass(slots=True)
class Fault:
    """`kind` is one of KINDS. `when="after"` lets the call take effect and loses only its answer."""

    kind: str
    method: str = "*"
    times: int | None = None
    for_s: float | None = None
    ms: float = 0.0  # latency, late
    status: int = 500  # status
    error: str = "internal_error"  # error
    retry_after: int = 1  # ratelimited
    when: str = "before"  # before | after, for status, reset and hang
    id: int = 0
    until: datetime | None = None
    hits: int = 0


class Faults:
    def __init__(self, time: Timekeeper) -> None:
        self._time = time
        self._faults: list[Fault] = []
        self._next = 1

    def add(self, kind: str, **options: Any) -> Fault:
        """Switch a fault on. Raises InputError for a kind or option that does not exist."""
        if kind not in KINDS:
            raise InputError(f"there is no fault {kind!r} (known: {', '.join(KINDS)})")
        known = {field.name for field in fields(Fault)} - {"id", "until", "hits", "kind"}
        if unknown := set(options) - known:
            raise InputError(f"a fault has no {', '.join(sorted(unknown))} (known: {', '.join(sorted(known))})")
        fault = Fault(kind, **options)
        fault.id, self._next = self._next, self._next + 1
        if fault.for_s is not None:
            fault.until = self._time.now() + timedelta(seconds=fault.for_s)
        self._faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        self._faults = [fault for fault in self._faults if fault_id is not None and fault.id != fault_id]

    def strike(self, method: str, *kinds: str, when: str = "before") -> Fault | None:
        """The first fault of these kinds that hits this method now; counts the hit."""
        self._drop_spent()
        for fault in self._faults:
            if fault.kind in kinds and fault.when == when and fnmatchcase(method, fault.method):
                fault.hits += 1
                return fault
        return None

    def has(self, kind: str) -> bool:
        self._drop_spent()
        return any(fault.kind == kind for fault in self._faults)

    def listed(self) -> list[Json]:
        self._drop_spent()
        return [{**asdict(fault), "until": fault.until.isoformat() if fault.until else None} for fault in self._faults]

    def _drop_spent(self) -> None:
        if self._faults:
            now = self._time.now()
            self._faults = [
                fault
                for fault in self._faults
                if (fault.until is None or now < fault.until) and (fault.times is None or fault.hits < fault.times)
            ]
