"""A worker in a process of its own, to be killed: counts what is on the bus into a database."""

from bot.clock import SystemClock
from bot.main import build_engine
from bot.settings import Settings
from bot.store.database import Database
from bot.stream.bus import Bus
from bot.stream.consume import Worker
from bot.stream.jetstream import JetStreamBus
from bot.stream.table import TableBus


def main(database_url: str, bus_name: str, nats_url: str) -> None:
    database = Database(database_url)
    bus: Bus = JetStreamBus(nats_url, name=bus_name) if bus_name else TableBus(database)
    engine = build_engine(Settings(), clock=SystemClock(), store=database, executors={})
    worker = Worker(bus, engine, "w1")
    while True:
        worker.round()
