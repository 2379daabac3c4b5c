"""How does a test get programs and libraries that are not Tocsin's own? In environments made once, and kept in the
temporary folder until what they need changes."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.conftest import missing

INSTALL_MAX_S = 300


def python_of(name: str, requirements: Path) -> Path:
    """The interpreter of the environment that has what `requirements` names."""
    folder = kept(name, requirements.read_bytes())
    if not folder.exists():
        made = folder.with_suffix(f".{os.getpid()}")
        venv.create(made, with_pip=True)
        command = [str(made / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        install([*command, "--requirement", str(requirements)], made)
        put(made, folder)
    return folder / "bin" / "python"


def libraries_of(python: Path) -> Path:
    """The folder of an environment's packages, where Tocsin's interpreter finds those of an extra."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return python.parents[1] / "lib" / version / "site-packages"


def kept(name: str, wanted: bytes) -> Path:
    digest = hashlib.sha256(wanted + sys.version.encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"tocsin-clients-{name}-{digest}"


def install(command: list[str], made: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_MAX_S)
    if done.returncode:
        shutil.rmtree(made, ignore_errors=True)
        missing(f"what the test needs cannot be installed: {(done.stderr or done.stdout).strip()[-200:]}")


def put(made: Path, folder: Path) -> None:
    """Another test process may have been faster."""
    try:
        made.rename(folder)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
