"""What can go wrong, as one tree. A message says what is wrong, where, and what to do.

TocsinError
├── SettingsError          the configuration; lists every problem with its path
├── InputError             something handed in from outside; names the place (file, line, field)
├── NotFound               no such incident, run, service, action …
├── Refused                a person may not do this, or not now; carries a reason
├── Stale                  it changed since the person looked (an old button, a second click)
├── Moot                   what was to be told no longer holds; nobody needs to hear it
├── StoreError             the database cannot be used as it is
└── ConnectorError         an outside system; `permanent` decides about trying again
    ├── WorldChanged       it is no longer as the plan saw it; nothing was done
    └── Gone               what it was about is not there any more
"""

from collections.abc import Sequence


class TocsinError(Exception):
    """The root: catching it catches everything Tocsin raises on purpose."""


class SettingsError(TocsinError):
    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class InputError(TocsinError):
    def __init__(self, message: str, *, place: str = "") -> None:
        self.place = place
        super().__init__(f"{place}: {message}" if place else message)


class NotFound(TocsinError):
    def __init__(self, kind: str, name: str, *, known: Sequence[str] = ()) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        hint = f" (known: {', '.join(self.known)})" if self.known else ""
        super().__init__(f"there is no {kind} called {name!r}{hint}")


class Refused(TocsinError):
    """`reason` is a key worded by a template; `details` fill it."""

    def __init__(self, reason: str, **details: str) -> None:
        self.reason, self.details = reason, details
        super().__init__(f"refused: {reason} {details if details else ''}".rstrip())


class Stale(TocsinError):
    """`reason` is a key worded by a template; `details` fill it."""

    def __init__(self, reason: str, **details: str) -> None:
        self.reason, self.details = reason, details
        super().__init__(f"stale: {reason} {details if details else ''}".rstrip())


class Moot(TocsinError):
    pass


class StoreError(TocsinError):
    pass


class ConnectorError(TocsinError):
    def __init__(self, message: str, *, permanent: bool, connector: str = "") -> None:
        self.permanent, self.connector = permanent, connector
        super().__init__(f"{connector}: {message}" if connector else message)


class WorldChanged(ConnectorError):
    """The world is no longer as the plan saw it; nothing was done."""

    def __init__(self, message: str, *, connector: str = "") -> None:
        super().__init__(message, permanent=True, connector=connector)


class Gone(ConnectorError):
    """What it was about is not there any more, or may not be seen."""

    def __init__(self, message: str, *, connector: str = "") -> None:
        super().__init__(message, permanent=True, connector=connector)
