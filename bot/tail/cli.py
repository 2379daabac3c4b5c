"""`tocsin tail` sends the lines of growing files, `tocsin change` tells of a change."""

import hashlib
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Annotated, BinaryIO

import msgspec
import typer
import zstandard

from bot.changes.reported import change_from
from bot.clock import SystemClock
from bot.errors import ConnectorError, InputError, TocsinError
from bot.services import service_name
from bot.tail.follow import BYTES_MAX, LINES_MAX, Batch, Follower
from bot.tail.journal import JournalMarkFile, follow_journal
from bot.tail.marks import MarkFile, new_id
from bot.tail.send import Sender, Stopped, TooLarge

log = logging.getLogger(__name__)

URL = "http://127.0.0.1:8321"
PAUSE_S = 0.5
"""Between two looks: with it a line waits a second at most."""
ZSTD_FROM_BYTES = 4096
REJECTED = "%s: line %s of a batch was left out: %s"

Url = Annotated[str, typer.Option(envvar="TOCSIN_URL", help="Where Tocsin's HTTP side listens.")]
Token = Annotated[str, typer.Option(envvar="TOCSIN_TOKEN", help="One of [http.tokens] in its tocsin.toml.")]


def tail(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files to follow; - reads standard input until it ends.")
    ] = None,
    service: Annotated[str, typer.Option(help="The service whose lines these are; for files.")] = "",
    url: Url = URL,
    token: Token = "",
    from_start: Annotated[bool, typer.Option(help="Send what is in a new file already, too.")] = False,
    state: Annotated[Path | None, typer.Option(help="Folder that remembers how far each file was sent.")] = None,
    journal: Annotated[bool, typer.Option("--journal", help="Follow the systemd journal instead of files.")] = False,
    unit: Annotated[list[str] | None, typer.Option(help="Only this unit of the journal; may be repeated.")] = None,
) -> None:
    """Follow log files and send their lines, through rotation and restarts; nothing lost, nothing twice."""
    logging.basicConfig(level=logging.WARNING, format="tocsin tail: %(message)s", stream=sys.stderr)
    stop = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    sender = Sender(url, token, stop)
    folder = state or Path(typer.get_app_dir("tocsin")) / "tail"
    try:
        if journal:
            mark = JournalMarkFile(folder / f"journal-{hashlib.sha256(url.encode()).hexdigest()[:12]}.json")
            follow_journal(mark, sender, stop, units=unit or ())
            return
        if not files:
            raise InputError("say which files to follow, or --journal")
        service_name(service)
        if files == ["-"]:
            send_stdin(sys.stdin.buffer, sender, service)
        else:
            follow(files, MarkFolder(folder, service, url), sender, service, stop, from_start=from_start)
    except Stopped:
        pass
    except TocsinError as error:
        typer.echo(f"tocsin tail: {error}", err=True)
        raise typer.Exit(1) from error
    except OSError as error:  # a log that may not be read, a state folder that may not be written
        typer.echo(f"tocsin tail: {error.filename or folder}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from error
    finally:
        sender.close()


class MarkFolder(msgspec.Struct, frozen=True):
    folder: Path
    service: str
    url: str

    def of(self, path: Path) -> MarkFile:
        return MarkFile(self.folder, path, self.service, self.url)


def follow(files: list[str], marks: MarkFolder, sender: Sender, service: str, stop: Event, *, from_start: bool) -> None:
    """Until `stop` is set. Raises `InputError` when what is sent is refused for good."""
    if "-" in files:
        raise InputError("standard input cannot be followed together with files; run another tocsin tail for it")
    with ExitStack() as open_files:
        followed: list[tuple[Follower, MarkFile]] = []
        for path in map(Path, dict.fromkeys(files)):
            if path.is_dir():
                raise InputError("this is a folder; name the files in it", place=str(path))
            mark_file = marks.of(path)
            open_files.enter_context(mark_file.locked())
            follower = Follower(path, mark_file.load(), from_start=from_start)
            open_files.callback(follower.close)
            followed.append((follower, mark_file))
        while not stop.is_set():
            sent = [_send_next(follower, mark_file, sender, service) for follower, mark_file in followed]
            if not any(sent):
                stop.wait(PAUSE_S)


def _send_next(follower: Follower, mark_file: MarkFile, sender: Sender, service: str) -> bool:
    """Sends the file's next batch. False when there was none; then the mark on disk is up to date."""
    lines_max = LINES_MAX
    while (batch := follower.next(lines_max)) is not None:
        mark_file.save(batch.mark)
        try:
            _post(sender, service, batch.data, batch.mark.key())
        except TooLarge as error:
            lines_max = _cut_down(follower, batch, lines_max, error)
            continue
        follower.done(batch)
        return True
    mark_file.save_if_changed(follower.mark)
    return False


def _cut_down(follower: Follower, batch: Batch, lines_max: int, error: TooLarge) -> int:
    if lines_max > 1:
        follower.refused(batch)
    else:
        log.warning("a line of %d bytes is left out: %s", len(batch.data), error)
        follower.done(batch)
    return max(1, lines_max // 4)


def send_stdin(stdin: BinaryIO, sender: Sender, service: str) -> None:
    """Every line until the end of standard input; a batch goes out as soon as it is full or nothing more is there."""
    name = new_id()
    for number, data in enumerate(_stdin_batches(stdin), 1):
        _post(sender, service, data, f"{name}:{number}")


def _stdin_batches(stdin: BinaryIO) -> Iterator[bytes]:
    def pieces() -> Iterator[bytes]:
        while piece := stdin.read1(BYTES_MAX):  # type: ignore[attr-defined]  # a BufferedReader
            yield piece

    rest = b""
    for piece in pieces():
        whole, newline, rest = (rest + piece).rpartition(b"\n")
        if newline and whole.strip():
            yield whole + newline
        if len(rest) > BYTES_MAX:
            yield rest
            rest = b""
    if rest.strip():
        yield rest


def _post(sender: Sender, service: str, data: bytes, key: str) -> None:
    headers = {"Content-Type": "text/plain", "Idempotency-Key": key}
    if len(data) >= ZSTD_FROM_BYTES:
        data = zstandard.ZstdCompressor(level=1).compress(data)
        headers["Content-Encoding"] = "zstd"
    answer = sender.post(f"/v1/ingest/{service}", data, headers)
    for rejected in answer.json().get("rejected", []):
        log.warning(REJECTED, service, rejected.get("line"), rejected.get("problem"))


def change(
    kind: Annotated[
        str, typer.Argument(help="deploy, rollback, config, pipeline_run, data_version, model_version, flag")
    ],
    service: Annotated[str, typer.Argument(help="The service that was changed.")],
    version: Annotated[str, typer.Argument(help="What it was changed to.")] = "",
    previous: Annotated[str, typer.Option(help="What it was before.")] = "",
    by: Annotated[str, typer.Option(help="Who changed it.")] = "",
    summary: Annotated[str, typer.Option(help="What was changed, in a line.")] = "",
    link: Annotated[str, typer.Option(help="Where to read more.")] = "",
    at: Annotated[str, typer.Option(help="When, like 2026-03-01T12:00:00Z; now if not given.")] = "",
    environment: Annotated[str, typer.Option(help="Where, like production.")] = "",
    key: Annotated[str, typer.Option(help="Your own identity of it: the same key twice is one change.")] = "",
    url: Url = URL,
    token: Token = "",
) -> None:
    """Tell Tocsin of a change, so that it is a suspect when trouble follows."""
    given = {
        "kind": kind, "service": service, "version": version, "previous": previous, "by": by, "summary": summary,
        "link": link, "at": at, "environment": environment, "key": key, "source": "cli",
    }  # fmt: skip
    now = SystemClock().now()
    sender = Sender(url, token, Event(), tries_max=5)
    try:
        told = change_from({name: value for name, value in given.items() if value}, now)
        body = {name: value for name, value in given.items() if value} | {"key": told.key, "at": told.at.isoformat()}
        answer = sender.post("/v1/changes", msgspec.json.encode(body), {"Content-Type": "application/json"})
    except (InputError, ConnectorError) as error:
        typer.echo(f"tocsin change: {error}", err=True)
        raise typer.Exit(2 if isinstance(error, InputError) else 1) from error
    finally:
        sender.close()
    typer.echo(
        f"{told.kind} of {told.service} {told.version}".rstrip()
        + (" noted" if answer.json()["accepted"] else " known already")
    )
