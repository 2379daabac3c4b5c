"""How fast are logparser3's Drain and Brain on the same raw HDFS lines? In an environment of their own.

The library pins packages that Tocsin does not have, so it is installed beside, from the package index, once. Each
parser reads the file and writes its CSV, as it does for its users, with the header, masks and thresholds of its own
benchmark.
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

REQUIREMENTS = ("logparser3==1.0.4",)
PLACE = Path(tempfile.gettempdir()) / "tocsin-benchmark-peers"
_PROGRAM = r"""
import contextlib, io, json, sys, tempfile, time
from logparser.Brain import LogParser as Brain
from logparser.Drain import LogParser as Drain

folder, name = sys.argv[1:]
form = "<Date> <Time> <Pid> <Level> <Component>: <Content>"
masks = [r"blk_-?\d+", r"(\d+\.){3}\d+(:\d+)?"]
found = {}
for label in ("Drain", "Brain"):
    best = None
    for _ in range(2):
        with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(io.StringIO()):
            if label == "Drain":
                parser = Drain(form, indir=folder, outdir=out, rex=masks, depth=4, st=0.5)
            else:
                parser = Brain(logname="HDFS", log_format=form, indir=folder, outdir=out, rex=masks, delimeter=[""],
                               threshold=2)
            start = time.process_time()
            parser.parse(name)
            spent = time.process_time() - start
        best = spent if best is None else min(best, spent)
    found[label] = best
print(json.dumps(found))
"""


def seconds(log: Path) -> dict[str, float]:
    """The least CPU seconds of two turns of each parser on the file."""
    run = subprocess.run(
        [_python(), "-c", _PROGRAM, str(log.parent), log.name], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def _python() -> Path:
    python = PLACE / "bin/python"
    ready = PLACE / "ready"
    if not ready.exists():
        venv.create(PLACE, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS]
        subprocess.run(pip, check=True, stdout=sys.stderr)
        ready.touch()
    return python
