"""Is what docs/workspace.md says about the workspace true?"""

import inspect
import re
import subprocess
import sys
from pathlib import Path

from bot.workspace import cli
from bot.workspace.faults import KINDS, Fault
from bot.workspace.methods import HANDLERS
from bot.workspace.operating import Form, Home, Message
from bot.workspace.person import Person, Place

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "workspace.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    rows = [line for line in TEXT.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_option_of_the_command_is_documented() -> None:
    said = {row[0].strip("`") for row in table("Start it")}
    known = {
        "--" + name.replace("as_json", "json").replace("_", "-") for name in inspect.signature(cli.workspace).parameters
    }
    assert said == known


def test_every_fault_and_its_options_are_documented() -> None:
    rows = table("Faults")
    assert [row[0].strip("`") for row in rows] == list(KINDS)
    options = {option for row in rows for option in re.findall(r"`(\w+)`", row[2])} | {"method", "times", "for_s"}
    assert options == set(Fault.__dataclass_fields__) - {"kind", "id", "until", "hits"}


def test_the_number_of_methods_and_the_words_of_a_person_are_right() -> None:
    assert f"{len(HANDLERS)} Web API methods" in TEXT
    sentence = TEXT.split("What a person can do:")[1].split("Whatever is expected")[0]
    words = set(
        re.findall(
            r"\b(\w*(?:expects\w*|types|press|choose|reacts|replies|shortcut|fill|submit|cancel|home))\b", sentence
        )
    )
    known = {name for kind in (Person, Place, Message, Form, Home) for name in vars(kind)} | {"press", "choose"}
    assert len(words) >= 15
    assert words <= known, words - known


def test_the_test_in_the_documentation_passes(tmp_path: Path) -> None:
    source = TEXT.split("## In tests")[1].split("```python\n")[1].split("```")[0]
    (tmp_path / "test_lunch.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
    command += ["-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
