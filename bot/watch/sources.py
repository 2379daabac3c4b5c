"""Which declared sources are there to read from?"""

from bot.checks.declared import WatchSettings
from bot.engine.watch_ports import SeriesSource, TableSource
from bot.engine.watched import Sources
from bot.errors import SettingsError
from bot.settings import Settings
from bot.watch.pages import Pages
from bot.watch.prometheus import Prometheus
from bot.watch.sql import Sql


def problems_of(watch: WatchSettings) -> list[str]:
    """What is wrong with the declared databases, as far as it shows without connecting."""
    problems: list[str] = []
    for name, declared in watch.databases.items():
        try:
            Sql(name, declared).close()
        except SettingsError as error:
            problems += error.problems
    return problems


def sources_of(settings: Settings) -> Sources:
    """Nothing is connected to yet. Raises `SettingsError` for what cannot be opened at all."""
    databases = {name: Sql(name, declared) for name, declared in settings.watch.databases.items()}
    series: dict[str, SeriesSource] = {
        name: Prometheus(name, declared) for name, declared in settings.watch.prometheus.items()
    }
    series |= databases
    tables: dict[str, TableSource] = dict(databases)
    return Sources(series, tables, Pages())
