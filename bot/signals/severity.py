"""How bad is it? One scale for signals and incidents."""

from enum import StrEnum


class Severity(StrEnum):
    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Severity).index(self)

    def at_least(self, other: "Severity") -> bool:
        return self.rank <= other.rank


def worst(*severities: Severity) -> Severity:
    return min(severities, key=lambda severity: severity.rank)
