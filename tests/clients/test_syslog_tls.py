"""Does Debian's rsyslog send over TLS with the configuration of docs/sources.md, and only to the right machine?"""

import shutil
import subprocess
import time
from pathlib import Path

from tests.clients.conftest import Tocsin, example, until
from tests.clients.debian import rsyslog
from tests.conftest import missing

LINES = 40
CA = "/etc/ssl/tocsin-ca.pem"


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate of `name` that is its own authority, and its key."""
    if shutil.which("openssl") is None:
        missing("openssl is not installed")
    file, key = folder / "certificate.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={name}"]
    make += ["-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(file)]
    subprocess.run(make, check=True, capture_output=True, timeout=60)
    return file, key


def log(folder: Path) -> None:
    with (folder / "app.log").open("a") as file:
        file.writelines(f"order {number} failed\n" for number in range(LINES))


def test_every_line_arrives_once_over_tls(tocsin: Tocsin, tmp_path: Path) -> None:
    tocsin.certificate = certificate(tmp_path, "127.0.0.1")
    (tmp_path / "app.log").touch()
    with tocsin.running():
        action = tocsin.filled(example("syslog", "rsyslog, TLS")).replace(CA, str(tocsin.certificate[0]))
        with rsyslog(tmp_path, action, tmp_path / "app.log"):
            log(tmp_path)
            until(lambda: tocsin.lines() >= LINES, told=(tmp_path / "rsyslog.log").read_text)
            time.sleep(1)
            assert tocsin.lines() == LINES


def test_a_machine_with_another_name_gets_nothing(tocsin: Tocsin, tmp_path: Path) -> None:
    tocsin.certificate = certificate(tmp_path, "somebody-else.example.org")
    (tmp_path / "app.log").touch()
    with tocsin.running():
        action = tocsin.filled(example("syslog", "rsyslog, TLS")).replace(CA, str(tocsin.certificate[0]))
        own = tmp_path / "own-words.log"
        own.touch()
        with rsyslog(tmp_path, f'*.* action(type="omfile" file="{own}")\n{action}', tmp_path / "app.log"):
            log(tmp_path)
            until(lambda: f"order {LINES - 1} failed" in own.read_text())
            time.sleep(5)  # as long as all of it takes to arrive at the right machine, and more
            assert tocsin.lines() == 0
