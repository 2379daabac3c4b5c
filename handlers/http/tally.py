"""What has come in since this process started?"""

from dataclasses import dataclass, field
from threading import Lock


@dataclass(slots=True)
class Tally:
    """Counters that only grow; written by the threads that take batches."""

    lines: int = 0
    rejected: int = 0
    batches: int = 0
    duplicates: int = 0
    changes: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    """HTTP status → how often it was answered."""
    _lock: Lock = field(default_factory=Lock)

    def took(self, lines: int, rejected: int, duplicate: bool) -> None:
        with self._lock:
            self.batches += 1
            self.rejected += rejected
            if duplicate:
                self.duplicates += 1
            else:
                self.lines += lines

    def learnt(self, changes: int) -> None:
        with self._lock:
            self.changes += changes

    def answered(self, status: int) -> None:
        with self._lock:
            self.answers[status] = self.answers.get(status, 0) + 1
