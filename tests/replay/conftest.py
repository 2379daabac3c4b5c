"""Running `tocsin replay` as a person does."""

from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner, Result

from bot.replay.cli import replay

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(replay)

    def invoke(*arguments: object, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)

    return invoke
