"""What do this project's buses promise beyond `LogBus`?"""

from typing import Protocol

from bot.engine.log_ports import LogBus


class Bus(LogBus, Protocol):
    """`read` raises `BatchesLost` when what should follow the position is gone; it never goes on silently."""

    def identity(self) -> str:
        """Names this very log: it changes when the bus was made anew, and positions in the old one mean nothing."""
        ...

    def mark(self) -> str:
        """Cheap to ask, and another one whenever something was published since."""
        ...

    def close(self) -> None: ...
