"""Does a fake answer as the real server does? Every field it gives must be there, and be of the same type."""

import re
from typing import Any

from tests.connectors.faulty import Answer, Asked, Backend

Shapes = dict[tuple[str, int], Any]


def recorded(backend: Backend, into: Shapes) -> Backend:
    """The backend; what it answers is kept, one of each route and status."""

    def answer(asked: Asked) -> Answer:
        given = backend(asked)
        into[_route(asked), given.status] = given.body
        return given

    return answer


def differences(fake: Shapes, real: Shapes) -> list[str]:
    """What the fake says that the real server, asked the same, does not."""
    found = []
    for (route, status), body in fake.items():
        if (route, status) in real:
            found += [f"{route} {status}: {line}" for line in _differing(body, real[route, status], "")]
    return found


def _route(asked: Asked) -> str:
    """The path without what names one thing in it; of GraphQL, what is asked for."""
    if asked.path.endswith("/graphql"):
        return str(re.findall(r"\{ (\w+)\(", asked.body["query"])[0])
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", asked.path)
    path = re.sub(r"/namespaces/[^/]+", "/namespaces/N", path)
    path = re.sub(r"/pods/[^/]+", "/pods/P", path)
    path = re.sub(r"/dagRuns/[^/]+", "/dagRuns/R", path)
    path = re.sub(r"/taskInstances/[^/]+/logs/\d+", "/taskInstances/T/logs/N", path)
    return f"{asked.method} {re.sub(r'/backfills/[0-9]+', '/backfills/N', path)}"


def _differing(fake: Any, real: Any, where: str) -> list[str]:
    if fake is None or real is None:
        return []
    if isinstance(fake, dict) and isinstance(real, dict):
        missing = [f"{where}.{name} is not in the real answer" for name in fake if name not in real]
        shared = [name for name in fake if name in real and name not in ("conf", "dag_run_conf", "parameters")]
        return missing + [line for name in shared for line in _differing(fake[name], real[name], f"{where}.{name}")]
    if isinstance(fake, list) and isinstance(real, list):
        return _differing(fake[-1], real[-1], f"{where}[]") if fake and real else []
    is_same = type(fake) is type(real) or {type(fake), type(real)} <= {int, float}
    return [] if is_same else [f"{where} is {type(real).__name__}, not {type(fake).__name__}"]
