"""How do tests get Debian's syslog daemons? Their packages are unpacked into a folder, not installed: nothing starts,
nothing of the machine changes, and rsyslog and syslog-ng, which exclude each other, are there side by side.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import missing

PACKAGES = {
    "rsyslog": ("rsyslog", "rsyslog-elasticsearch", "rsyslog-openssl"),
    "syslog-ng": ("syslog-ng-core", "syslog-ng-mod-http"),
}
END_S = 10.0
LOG = "log { source(s_src); destination(d_tocsin); };\n"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The root of a small file tree that packages were unpacked into."""

    root: Path

    def found(self, pattern: str) -> Path:
        """The one file or folder."""
        return next(self.root.glob(pattern))

    @property
    def environment(self) -> dict[str, str]:
        libraries = {str(path.parent) for path in self.root.rglob("*.so*")}
        return {**os.environ, "LD_LIBRARY_PATH": ":".join(sorted(libraries))}


def unpacked(name: str) -> Unpacked:
    """The packages of `name` and the libraries that this machine does not have; made once and kept."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        missing(f"there is no apt-get to fetch {name} with")
    folder = Path(tempfile.gettempdir()) / f"tocsin-clients-{name}-{os.getuid()}"
    if not folder.exists():
        made = folder.with_suffix(f".{os.getpid()}")
        (made / "packages").mkdir(parents=True)
        _fetch(PACKAGES[name], made)
        try:
            made.rename(folder)
        except OSError:  # another test process was faster
            shutil.rmtree(made, ignore_errors=True)
    return Unpacked(folder)


def _fetch(packages: tuple[str, ...], made: Path) -> None:
    planned = _run(["apt-get", "install", "--simulate", "--no-install-recommends", *packages], made)
    lacking = {line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")}
    _run(["apt-get", "download", "-qq", *sorted(lacking | set(packages))], made)
    for package in (made / "packages").iterdir():
        _run(["dpkg-deb", "--extract", str(package), str(made)], made)


def _run(command: list[str], made: Path) -> str:
    done = subprocess.run(command, cwd=made / "packages", capture_output=True, text=True, timeout=300)
    if done.returncode:
        shutil.rmtree(made, ignore_errors=True)
        missing(f"{command[0]} {command[1]} failed (apt-get update first?): {done.stderr.strip()[-200:]}")
    return done.stdout


@contextmanager
def daemon(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own; its words go to `log`."""
    with log.open("ab") as told:
        process = subprocess.Popen(command, env=environment, stdout=told, stderr=told, stdin=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(END_S)


@contextmanager
def rsyslog(folder: Path, action: str, log_file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """rsyslog that follows `log_file` as the program checkout and has `action`, as docs/sources.md has it."""
    tree = unpacked("rsyslog")
    modules = tree.found("usr/lib/*/rsyslog")
    config = folder / "rsyslog.conf"
    config.write_text(
        f'global(workDirectory="{folder}")\nmodule(load="imfile" mode="inotify")\n'
        f'input(type="imfile" file="{log_file}" tag="checkout:" severity="error" facility="local0")\n{action}'
    )
    command = [str(tree.found("usr/sbin/rsyslogd")), "-n", "-f", str(config), "-i", str(folder / "rsyslog.pid")]
    with daemon([*command, "-M", str(modules)], tree.environment, folder / "rsyslog.log") as process:
        yield process


@contextmanager
def syslog_ng(folder: Path, destination: str, log_file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """syslog-ng that follows `log_file` and has the destination d_tocsin of docs/sources.md."""
    tree = unpacked("syslog-ng")
    modules = tree.found("usr/lib/syslog-ng/*/libhttp.so").parent
    config = folder / "syslog-ng.conf"
    version = modules.name
    config.write_text(
        f"@version: {version}\n"
        f'source s_src {{ file("{log_file}" program-override("checkout") follow-freq(0.2) flags(no-parse)); }};\n'
        f"{destination}{'' if 'log {' in destination else LOG}"
    )
    places = [f"--{name}={folder / file}" for name, file in
              (("persist-file", "ng.persist"), ("pidfile", "ng.pid"), ("control", "ng.ctl"))]  # fmt: skip
    command = [str(tree.found("usr/sbin/syslog-ng")), "--foreground", "--no-caps", f"--cfgfile={config}", *places]
    with daemon([*command, f"--module-path={modules}"], tree.environment, folder / "syslog-ng.log") as process:
        yield process
