"""A worker process that does approved runs until it is killed: `python -m tests.chaos.run_worker FOLDER URL NAME`."""

import sys
import time
from datetime import timedelta
from pathlib import Path

from bot.clock import SystemClock
from bot.engine import working
from bot.errors import StoreError
from bot.main import build_engine, open_store
from tests.chaos.backend import FileBackend
from tests.chaos.runs import settings_for

working.LEASE = timedelta(seconds=3)
working.FOLLOW_EVERY = timedelta(seconds=0.05)
working.RETRY_AFTER = timedelta(seconds=0.2)


def main(folder: Path, url: str, name: str, services: int) -> None:
    settings = settings_for(folder, services)
    store = open_store(settings, database_url=url, make=False)
    executors = {"file": FileBackend(folder / "backend.db")}
    engine = build_engine(settings, clock=SystemClock(), store=store, executors=executors, team="T1")
    while True:
        try:
            if not engine.runs.work(name):
                engine.runs.watch()
                time.sleep(0.05)
        except StoreError:  # the database was busy, or our connection to it was ended
            time.sleep(0.1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
