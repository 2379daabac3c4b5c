"""Are mistakes in `[watch]` named with their place, before anything runs?"""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.errors import SettingsError
from bot.settings import load

DATABASE = '[watch.databases.w]\nurl = "sqlite:///x.db"\n'
CHECK = DATABASE + '[watch.checks.a]\nsource = "w"\nservice = "s"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CHECK + 'kind = "freshness"\n', "needs table, time_column, minutes_max"),
        (CHECK + 'kind = "nulls"\ntable = "t"\n', "needs columns"),
        (CHECK + 'kind = "query"\nquery = "SELECT 1"\n', "value_min, value_max or both"),
        (CHECK + 'kind = "schema"\ntable = "t; DROP TABLE x"\n', "watch.checks.a.table"),
        (
            DATABASE + '[watch.series.a]\nsource = "nothing"\nquery = "up"\n',
            "nothing to read from is called 'nothing' (w)",
        ),
        (DATABASE + '[watch.prometheus.w]\nurl = "http://x"\n', "under prometheus already"),
        (DATABASE + "colour = 1\n", "watch.databases.w.colour: there is no such setting"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "tocsin.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match="watch") as wrong:
        load(path)
    assert said in str(wrong.value)


@pytest.mark.parametrize("url", ["no url", "oracle://somewhere", "nosuch://somewhere"])
def test_a_database_that_cannot_be_opened_at_all_is_found_by_check(tmp_path: Path, url: str) -> None:
    path = tmp_path / "tocsin.toml"
    path.write_text(f'[watch.databases.w]\nurl = "{url}"\n')
    done: Any = CliRunner().invoke(app, ["check", "-c", str(path)])
    assert done.exit_code == 1
    assert "watch.databases.w.url" in done.stderr
