"""How do batches travel from those who accept lines to those who mine them?

publish     records → batches → a `LogBus`
table       the bus as a table of the database
jetstream   the bus as a NATS JetStream stream (extra "nats")
consume     a worker's loop: from the position in the database, counted and advanced in one transaction
"""

from importlib import import_module
from typing import Protocol, cast

from bot.engine.ports import Store
from bot.errors import SettingsError
from bot.settings import Settings
from bot.stream.bus import Bus
from bot.stream.table import Connections, TableBus

NATS_SCHEMES = ("nats://", "tls://", "ws://", "wss://")


class HasStore(Protocol):
    @property
    def store(self) -> Store: ...


def open_bus(settings: Settings, engine: HasStore) -> Bus | None:
    """The bus that `settings.bus` names; None for "direct". Raises `SettingsError`."""
    if settings.bus in ("", "direct"):
        return None
    if settings.bus == "table":
        return TableBus(cast(Connections, engine.store))  # the store of a running Tocsin is `Database`
    if settings.bus.startswith(NATS_SCHEMES):
        try:
            jetstream = import_module("bot.stream.jetstream")  # its library is an optional extra
        except ModuleNotFoundError as error:
            raise SettingsError(["bus: NATS needs its library; install tocsin[nats]"]) from error
        return cast(Bus, jetstream.JetStreamBus(settings.bus))
    raise SettingsError([f"bus: {settings.bus!r} is none of direct, table and nats://host:port"])
