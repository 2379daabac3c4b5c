"""Can the pictures of the documentation still be taken?"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_every_state_that_the_pages_show_can_be_looked_at(tmp_path: Path) -> None:
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        missing("no chromium on this machine (apt-get install chromium)")
    command = [sys.executable, str(ROOT / "docs" / "states.py"), str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert ran.returncode == 0, ran.stderr
    taken = {path.name for path in tmp_path.iterdir()}
    assert {"incident-open.png", "incident-reopened.png", "home.png", "digest.png", "oncall.png"} <= taken
    assert taken <= {path.name for path in (ROOT / "docs").glob("*.png")}
