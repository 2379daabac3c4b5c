"""Does Tocsin work as a wheel and as a source archive, not only in a checkout?"""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive, built without network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    return folder


def test_the_wheel_has_code_words_page_and_migrations(built: Path) -> None:
    names = set(zipfile.ZipFile(next(built.glob("*.whl"))).namelist())
    assert {"bot/cli.py", "handlers/__init__.py", "bot/templates/incident.j2", "bot/py.typed"} <= names
    assert {"bot/workspace/static/index.html", "bot/store/migrations/versions/0001_start.py"} <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_the_source_archive_has_what_the_readme_speaks_of(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    wanted = {"README.md", "Makefile", "Procfile", "tocsin.example.toml", "slack-manifest.yaml", "requirements.lock"}
    assert wanted <= names
    assert "templates/incident.j2" in names


def test_the_installed_wheel_finds_its_templates_and_its_command(built: Path, tmp_path: Path) -> None:
    wheel = next(built.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "from bot.slack.render import Renderer; print(Renderer().words('words')); import bot; print(bot.__file__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout


def test_every_command_of_the_readme_exists() -> None:
    said = set(re.findall(r"\btocsin ([a-z]+)\b", (ROOT / "README.md").read_text()))
    done = subprocess.run([sys.executable, "-m", "bot", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    commands = set(re.findall(r"^\W*([a-z]+)\s{2,}", done.stdout, re.M))
    assert said <= commands, said - commands


def test_the_procfile_starts_commands_that_exist() -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert list(lines) == ["release", "web", "worker", "clock"]
    done = subprocess.run([sys.executable, "-m", "bot", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for command in lines.values():
        assert re.search(rf"^\W*{command.removeprefix('tocsin ')}\s", done.stdout, re.M), command
