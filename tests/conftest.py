"""What every test shares: where the data and the services are, and what a missing one means."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from hypothesis import settings

from bot.store import migrate
from bot.store.database import Database
from tests.soundness import unsound

__all__ = ["unsound"]  # a fixture of every test

# The gate gives the same answer twice; what looks for new cases are the fuzzers in tests/benchmarks.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.load_profile("gate")

REQUIRE_ALL = os.environ.get("TOCSIN_REQUIRE_ALL") == "1"
POSTGRES = os.environ.get("TOCSIN_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")

# Here tests drive browsers, processes and servers by the real clock, which a busy machine can stop for seconds. They
# get one more try, and the summary lists each that took it (RERUN). Everything else gets none.
BY_THE_REAL_CLOCK = {
    *("chaos", "clients", "connectors", "demo", "handlers", "heavy", "http", "packaging", "process", "scenarios"),
    *("slack", "sources", "stream", "tail", "watch", "workspace", "workspace_page"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that may be tried once more."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in BY_THE_REAL_CLOCK:
            item.add_marker(pytest.mark.flaky(reruns=1))


def missing(what: str) -> NoReturn:
    """Skips with the reason; where everything must be there (`.ci/run`), that is an error."""
    if REQUIRE_ALL:
        pytest.fail(f"{what}, and TOCSIN_REQUIRE_ALL=1 says that nothing may be skipped")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout."""
    return shared_data()


def shared_data(*parts: str) -> Path:
    """A file or folder in the folder of real data."""
    path = Path(os.environ.get("TOCSIN_SHARED", Path(__file__).parents[2] / "shared")).joinpath(*parts)
    if not path.exists():
        missing(f"the data {path} is not here (TOCSIN_SHARED names another folder)")
    return path


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


@pytest.fixture(scope="session")
def postgres_url(worker_id: str) -> Iterator[str]:
    """A database of this test process' own on the PostgreSQL that runs here."""
    with new_postgres(f"tocsin_test_{os.getpid()}_{worker_id}") as url:
        yield url


@contextmanager
def new_postgres(name: str) -> Iterator[str]:
    """The URL of an empty database, dropped at the end."""
    try:
        admin = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        missing(f"no PostgreSQL answers at {POSTGRES} ({str(error).strip().splitlines()[0]})")
    with closing(admin):
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield POSTGRES.rsplit("/", 1)[0] + f"/{name}"
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty_postgres_url(postgres_url: str) -> Iterator[str]:
    """For tests that open it themselves: without tables before and after."""
    _emptied(postgres_url)
    yield postgres_url
    _emptied(postgres_url)


def _emptied(url: str) -> None:
    store = Database(url)
    migrate.downgrade(store.engine)
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty store with the schema of the migrations: on SQLite in memory, and on PostgreSQL."""
    store = Database("sqlite://" if request.param == "sqlite" else request.getfixturevalue("empty_postgres_url"))
    migrate.upgrade(store.engine)
    yield store
    store.close()
