"""How does a real control plane of Kubernetes come onto this machine?

    python -m tests.heavy.kubernetes_build

Nobody offers its binaries where packages of Debian come from, but Debian 12 has its source, with everything that it is
built from. This builds kube-apiserver and kube-controller-manager of it once, with the Go of Debian 12, and takes
etcd from there; all go into `$TOCSIN_KUBERNETES_DIR` (else `~/.cache/tocsin-kubernetes`), nothing is installed but
the small programs of `TOOLS`. It needs 3 GB while it builds, and 250 MB afterwards.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = Path(os.environ.get("TOCSIN_KUBERNETES_DIR", Path.home() / ".cache" / "tocsin-kubernetes"))
BIN = HOME / "bin"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "etcd")
TOOLS = {"make": "make", "rsync": "rsync", "jq": "jq", "dpkg-source": "dpkg-dev"}
"""Program → its package."""
RELEASE = "bookworm"
_BUILT = ("kube-apiserver", "kube-controller-manager")
_SOURCE = f"deb-src $(REPO_URI) {RELEASE} main\ndeb $(REPO_URI) {RELEASE} main"
_VERSION = re.compile(r"kubernetes_(?:.*\+really)?(\d+)\.(\d+)\.(\d+)-")


class NotToBeHad(Exception):
    """This machine is none on which it can be built; the words say why."""


def is_built() -> bool:
    return all((BIN / program).exists() for program in PROGRAMS)


def build() -> None:
    """Raises `NotToBeHad`, and `CalledProcessError` when the build itself fails."""
    if not shutil.which("apt-get"):
        raise NotToBeHad("it is built from Debian's source package, and there is no apt-get here")
    _need_tools()
    HOME.mkdir(parents=True, exist_ok=True)
    folder = HOME / "build"
    with _alone(), _said(f"Kubernetes is in {HOME}"):
        if is_built():
            return
        shutil.rmtree(folder, ignore_errors=True)
        for own in ("lists", "archives"):
            (folder / own / "partial").mkdir(parents=True)
        with _said("the sources of kubernetes, its Go and etcd are here"):
            apt = _apt(folder)
            source = _unpacked_source(apt, folder)
            tools = _unpacked_packages(apt, folder)
        with _said("kube-apiserver and kube-controller-manager are built"):
            _made(source, tools / "usr" / "lib" / "go-1.19" / "bin", folder)
        _keep([*(source / "_output" / "bin" / name for name in _BUILT), tools / "usr" / "bin" / "etcd"])
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
        shutil.rmtree(folder)


def _need_tools() -> None:
    missing = [package for program, package in TOOLS.items() if not shutil.which(program)]
    if not missing:
        return
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        raise NotToBeHad(f"it needs: {' '.join(install)}")
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(install, check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def _apt(folder: Path) -> list[str]:
    """apt-get with a list of sources of its own: where this machine has Debian from, with the sources of Debian 12."""
    lines = _mirrors()
    if not lines and os.geteuid() == 0:  # apt knows what a mirror has only after its first update
        subprocess.run(["apt-get", "update", "-qq"], check=False, stdout=sys.stderr)
        lines = _mirrors()
    if not lines:
        raise NotToBeHad(f"apt knows no mirror of Debian 12 ({RELEASE}) here, or was never updated")
    (folder / "sources.list").write_text("\n".join(lines) + "\n")
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    _got([*apt, "update"], folder)
    return apt


def _mirrors() -> list[str]:
    only = ["Created-By: Packages", "Label: Debian", "Component: main", f"Codename: {RELEASE}"]
    command = ["apt-get", "indextargets", "--format", _SOURCE, *only]
    known = subprocess.run(command, capture_output=True, text=True, check=True)
    return sorted({line for line in known.stdout.splitlines() if line})


def _unpacked_source(apt: list[str], folder: Path) -> Path:
    _got([*apt, "source", "--download-only", "kubernetes"], folder)
    described = next(folder.glob("kubernetes_*.dsc"))
    subprocess.run(
        ["dpkg-source", "--extract", described.name, "kubernetes"], cwd=folder, check=True, stdout=sys.stderr
    )
    return folder / "kubernetes"


def _unpacked_packages(apt: list[str], folder: Path) -> Path:
    """Not installed: etcd's package would start a service, and another Go may be there."""
    _got([*apt, "download", "golang-1.19-go", "golang-1.19-src", "etcd-server"], folder)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package.name, "tools"], cwd=folder, check=True)
    return folder / "tools"


def _got(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise NotToBeHad(f"apt cannot get what it is built from ({' '.join(command[-2:])})")


def _made(source: Path, go: Path, folder: Path) -> None:
    """https://github.com/kubernetes/kubernetes/tree/v1.20.2/hack/make-rules; everything is from `vendor/`."""
    told = _VERSION.match(next(folder.glob("kubernetes_*.dsc")).name)
    major, minor, patch = told.groups() if told else ("0", "0", "0")
    version = folder / "version"
    version.write_text(
        f"KUBE_GIT_COMMIT=debian\nKUBE_GIT_TREE_STATE=clean\nKUBE_GIT_VERSION=v{major}.{minor}.{patch}\n"
        f"KUBE_GIT_MAJOR={major}\nKUBE_GIT_MINOR={minor}\n"
    )
    env = {
        "HOME": str(folder),
        "PATH": f"{go}:{os.environ['PATH']}",
        "GOCACHE": str(folder / "cache"),
        "GOPROXY": "off",
        "GOFLAGS": "-mod=vendor",
        "GO111MODULE": "auto",
        "CGO_ENABLED": "0",
        "KUBE_GIT_VERSION_FILE": str(version),
    }
    what = " ".join(f"cmd/{name}" for name in _BUILT)
    subprocess.run(["make", f"WHAT={what}"], cwd=source, env=env, check=True, stdout=sys.stderr)


def _keep(programs: list[Path]) -> None:
    """All or none."""
    made = HOME / "bin.new"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    for program in programs:
        shutil.copy2(program, made)
    shutil.rmtree(BIN, ignore_errors=True)
    made.rename(BIN)


@contextmanager
def _alone() -> Iterator[None]:
    """Two builds at once would be in each other's way."""
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _said(words: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    _say(f"{words} ({time.monotonic() - start:.0f} s)")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> int:
    if is_built():
        return 0
    _say(f"Building a control plane of Kubernetes into {HOME} (once; half an hour on two busy cores) …")
    try:
        build()
    except NotToBeHad as reason:
        _say(f"There is no Kubernetes for the tests: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
