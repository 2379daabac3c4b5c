"""Where do tests get packages of npm and PyPI that Tocsin's own lock does not have? Each set is installed once, in an
environment of its own in the temporary folder, and kept there."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

from tests.conftest import missing


def python_with(requirements: Path) -> Path:
    """The interpreter of an environment with what the file lists."""

    def make(made: Path) -> None:
        venv.create(made, with_pip=True)
        install = [str(made / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*install, "--requirement", str(requirements)], made)

    return _kept("python", requirements.read_bytes(), make) / "bin" / "python"


def libraries_of(python: Path) -> Path:
    """The folder of an environment's packages, where Tocsin's interpreter finds those of an extra."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return python.parents[1] / "lib" / version / "site-packages"


def node_with(package: Path) -> Path:
    """The folder with the node_modules of a package.json."""

    def make(made: Path) -> None:
        made.mkdir(parents=True)
        shutil.copy(package, made / "package.json")
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(made)], made)

    return _kept("node", package.read_bytes(), _if_npm(make))


def file_of(package: str, file: str) -> Path:
    """One file of an npm package (name@version), of which nothing else is unpacked."""

    def make(made: Path) -> None:
        made.mkdir(parents=True)
        _run(["npm", "pack", "--silent", "--pack-destination", str(made), package], made)
        packed = next(made.glob("*.tgz"))
        with tarfile.open(packed) as archive:
            (made / Path(file).name).write_bytes(_content(archive, f"package/{file}"))
        packed.unlink()

    return _kept("file", f"{package} {file}".encode(), _if_npm(make)) / Path(file).name


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(name)
    assert found is not None
    with found:
        return found.read()


def _if_npm(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        if shutil.which("npm") is None:
            missing("npm is not installed")
        make(folder)

    return made


def _kept(name: str, wanted: bytes, make: Callable[[Path], None]) -> Path:
    digest = hashlib.sha256(wanted + sys.version.encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"tocsin-clients-{name}-{digest}"
    if not folder.exists():
        made = folder.with_suffix(f".{os.getpid()}")
        make(made)
        _put(made, folder)
    return folder


def _run(command: list[str], made: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        shutil.rmtree(made, ignore_errors=True)
        missing(f"the packages cannot be installed: {(done.stderr or done.stdout).strip()[-200:]}")


def _put(made: Path, folder: Path) -> None:
    """Another test process may have been faster."""
    try:
        made.rename(folder)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
