"""Are the templates found in an installed package too?"""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORDED = """
from bot.slack.render import Renderer, templates_folder
assert templates_folder().parent.name == "bot", templates_folder()
print(Renderer().render("replies/help", None).text)
"""


def test_a_wheel_has_the_words_inside_the_package(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    told = subprocess.run(
        [sys.executable, "-c", WORDED],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed")},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Tocsin reads your logs" in told.stdout
