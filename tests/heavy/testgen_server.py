"""How does a real TestGen come up for a test, on loopback, with a demo database that has a suite of tests?

It needs a PostgreSQL, in which it makes two databases; both are dropped in the end.
"""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.conftest import POSTGRES, is_listening, missing
from tests.heavy.servers import environment, running, wait_for

PORT = 18530
SUITE = "default-suite-1"
_USER, _PASSWORD = "tocsin", "tocsinpw-real"
_SEED = """
from datetime import UTC, datetime

from testgen.__main__ import run_with_job_execution
from testgen.commands.run_quick_start import run_quick_start, run_quick_start_increment
from testgen.commands.test_generation import run_test_generation
from testgen.common.models import with_database_session

run_quick_start(delete_target_db=True)
run_quick_start_increment(0)
run_with_job_execution("run-profile", datetime.now(UTC), table_group_id="0ea85e17-acbe-47fe-8394-9970725ad37d")
with_database_session(run_test_generation)("9df7489d-92b3-49f9-95ca-512160d7896f")
"""
_TOKEN = f"from testgen.common.auth import create_jwt_token; print('token', create_jwt_token('{_USER}'))"


@dataclass
class Server:
    url: str
    token: str


@contextmanager
def running_testgen(folder: Path) -> Iterator[Server]:
    """As its quick start sets it up, without the weeks of monitoring."""
    at = urlsplit(POSTGRES)
    if not is_listening(at.port or 5432, at.hostname or "127.0.0.1"):
        missing(f"no PostgreSQL listens at {at.hostname}:{at.port or 5432}")
    bin_, databases = environment("testgen"), (f"tocsin_tg_{os.getpid()}", f"tocsin_tg_demo_{os.getpid()}")
    env = _environment(bin_, folder, databases)
    with ExitStack() as stack:
        stack.callback(_drop, databases)
        _done([str(bin_ / "testgen"), "setup-system-db", "--yes"], env)
        _done([str(bin_ / "python"), "-c", _SEED], env)
        token = _done([str(bin_ / "python"), "-c", _TOKEN], env).rpartition("token ")[2].strip()
        for part in ("server", "scheduler"):
            command = [str(bin_ / "testgen"), "run-app", part]
            stack.enter_context(running(command, env, folder / f"{part}.log"))
        wait_for(f"http://127.0.0.1:{PORT}/api/v1/health", lambda got: got.json()["status"] == "ok")
        yield Server(f"http://127.0.0.1:{PORT}", token)


def _environment(bin_: Path, folder: Path, databases: tuple[str, str]) -> Mapping[str, str]:
    at, key = urlsplit(POSTGRES), base64.b64encode(bytes(range(32))).decode()
    return {
        "HOME": str(folder),
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "DO_NOT_TRACK": "1",
        "TG_ANALYTICS": "no",
        "TG_RELEASE_CHECK": "no",
        "TG_MCP_ENABLED": "no",
        "TG_TESTGEN_HOME": str(folder),
        "TESTGEN_LOG_TO_FILE": "no",
        "TESTGEN_USERNAME": _USER,
        "TESTGEN_PASSWORD": _PASSWORD,
        "TG_DECRYPT_SALT": key,
        "TG_DECRYPT_PASSWORD": key,
        "TG_JWT_HASHING_KEY": key,
        "TG_METADATA_DB_HOST": at.hostname or "127.0.0.1",
        "TG_METADATA_DB_PORT": str(at.port or 5432),
        "TG_METADATA_DB_USER": at.username or "postgres",
        "TG_METADATA_DB_PASSWORD": at.password or "none",
        "TG_METADATA_DB_NAME": databases[0],
        "PROJECT_DATABASE_NAME": databases[1],
        "TG_API_HOST": "127.0.0.1",
        "TG_API_PORT": str(PORT),
        "TG_JOB_POLL_INTERVAL": "1",
    }


def _done(command: list[str], env: Mapping[str, str]) -> str:
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, timeout=900)
    sys.stderr.write(done.stderr[-2000:])
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _drop(databases: tuple[str, ...]) -> None:
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        for name in databases:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
