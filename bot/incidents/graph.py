"""How far apart are two services, and does one depend on the other? Hops in the graph, declared or learnt."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence

FAR = 99


class ServiceGraph:
    """`depends_on`: service → the services it calls. Circles are allowed. Distances are worked out once a service."""

    def __init__(self, depends_on: Mapping[str, Sequence[str]]) -> None:
        self._down = {service: tuple(others) for service, others in depends_on.items()}
        both: dict[str, dict[str, None]] = {service: dict.fromkeys(others) for service, others in depends_on.items()}
        for service, others in depends_on.items():
            for other in others:
                both.setdefault(other, {})[service] = None
        self._both = {service: tuple(others) for service, others in both.items()}
        self._names = frozenset(depends_on) | frozenset(self._both)
        self._known_both: dict[str, dict[str, int]] = {}
        self._known_down: dict[str, dict[str, int]] = {}

    @property
    def is_empty(self) -> bool:
        """Nothing is declared to depend on anything."""
        return not any(self._down.values())

    def know(self, services: Collection[str]) -> None:
        """These are services too, though nothing is said of whom they use."""
        if not self._names.issuperset(services):
            self._names |= frozenset(services)

    def learn(self, service: str, other: str) -> None:
        """It was seen to use the other."""
        if other in self._down.get(service, ()) or service == other:
            return
        self._down[service] = (*self._down.get(service, ()), other)
        self._both[service] = tuple(dict.fromkeys((*self._both.get(service, ()), other)))
        self._both[other] = tuple(dict.fromkeys((*self._both.get(other, ()), service)))
        self._names |= {service, other}
        self._known_both.clear()
        self._known_down.clear()

    @property
    def services(self) -> Collection[str]:
        """Those that are declared or known."""
        return self._names

    def depends_on(self, service: str) -> Sequence[str]:
        """Directly."""
        return self._down.get(service, ())

    def callers(self, service: str) -> Sequence[str]:
        """Those that depend on it directly."""
        return [other for other in self._both.get(service, ()) if service in self._down.get(other, ())]

    def distance(self, one: str, other: str) -> int:
        """Hops between the two, whichever way they point: 0 for the same service, `FAR` when nothing connects them."""
        return _hops(self._both, self._known_both, one).get(other, FAR)

    def downstream(self, service: str, other: str) -> int:
        """Hops from `service` to something it depends on, `FAR` when it does not."""
        return _hops(self._down, self._known_down, service).get(other, FAR)

    def around(self, service: str, hops: int) -> list[str]:
        """The services at most so many hops away, itself among them, the nearest first."""
        return [other for other, n in _hops(self._both, self._known_both, service).items() if n <= hops]


def _hops(edges: Mapping[str, Sequence[str]], known: dict[str, dict[str, int]], start: str) -> dict[str, int]:
    if start not in edges:
        return {start: 0}
    if start not in known:
        found, queue = {start: 0}, deque([start])
        while queue:
            service = queue.popleft()
            for neighbour in edges.get(service, ()):
                if neighbour not in found:
                    found[neighbour] = found[service] + 1
                    queue.append(neighbour)
        known[start] = found
    return known[start]
