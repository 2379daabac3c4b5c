"""Does everything arrive once, whatever the receiver answers?"""

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.tail.cli import MarkFolder, change, follow, tail
from bot.tail.send import Sender
from tests.tail.conftest import Receiver


class Following:
    """`tocsin tail` on a thread."""

    def __init__(self, receiver: Receiver, folder: Path, *files: Path) -> None:
        self.stop = threading.Event()
        sender = Sender(receiver.url, "", self.stop)
        marks = MarkFolder(folder, "checkout", receiver.url)
        self.thread = threading.Thread(
            target=self._run, args=([str(file) for file in files], marks, sender), daemon=True
        )
        self.problem: BaseException | None = None

    def _run(self, files: list[str], marks: MarkFolder, sender: Sender) -> None:
        try:
            follow(files, marks, sender, "checkout", self.stop, from_start=True)
        except Exception as error:  # told to the test
            logging.getLogger(__name__).debug("stopped", exc_info=True)
            self.problem = error
        finally:
            sender.close()

    def __enter__(self) -> "Following":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(10)


def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come about in time")


def test_lines_arrive_in_order_and_bad_bytes_are_replaced(receiver: Receiver, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"one\ntw\xffo\n")
    with Following(receiver, tmp_path / "state", log):
        until(lambda: len(receiver.lines) == 2)
        with log.open("ab") as file:
            file.write(b"three\nhalf")
        until(lambda: len(receiver.lines) == 3)
    assert receiver.lines == ["one", "tw\N{REPLACEMENT CHARACTER}o", "three"]


def test_refusals_are_waited_out_and_nothing_is_lost_or_doubled(receiver: Receiver, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    lines = [f"line {number}" for number in range(1700)]
    log.write_text("".join(f"{line}\n" for line in lines))
    receiver.refusals = [(429, "1"), (503, "1"), (500, "1"), (408, "")]
    receiver.answers_lost = 2
    with Following(receiver, tmp_path / "state", log):
        until(lambda: len(receiver.lines) >= 1700)
    assert receiver.lines == lines


def test_retry_after_is_honoured(receiver: Receiver, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\n")
    receiver.refusals = [(429, "2")]
    began = time.monotonic()
    with Following(receiver, tmp_path / "state", log):
        until(lambda: receiver.lines == ["one"])
    assert time.monotonic() - began >= 2


def test_a_receiver_that_is_away_is_waited_for(receiver: Receiver, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\n")
    url, receiver.url = receiver.url, "http://127.0.0.1:9"
    following = Following(receiver, tmp_path / "state", log)
    with following:
        time.sleep(1)
        assert following.thread.is_alive()
    receiver.url = url
    with Following(receiver, tmp_path / "state", log):
        until(lambda: receiver.lines == ["one"])


def test_a_refusal_for_good_ends_it_with_words(receiver: Receiver, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\n")
    receiver.refusals = [(401, "")]
    following = Following(receiver, tmp_path / "state", log)
    with following:
        until(lambda: following.problem is not None)
    assert "refused (401): not now" in str(following.problem)


def test_a_batch_that_is_too_large_is_cut_down(receiver: Receiver, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    lines = [f"line {number}" for number in range(300)]
    log.write_text("".join(f"{line}\n" for line in lines))
    receiver.refusals = [(413, ""), (413, "")]
    with Following(receiver, tmp_path / "state", log):
        until(lambda: len(receiver.lines) >= 300)
    assert receiver.lines == lines
    assert len(receiver.heard.ingest.keys) > 1


def test_two_do_not_follow_the_same_file(receiver: Receiver, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\n")
    with Following(receiver, tmp_path / "state", log):
        until(lambda: receiver.lines == ["one"])
        second = Following(receiver, tmp_path / "state", log)
        with second:
            until(lambda: second.problem is not None)
    assert "another tocsin tail follows it already" in str(second.problem)


def test_standard_input_is_sent_until_it_ends(receiver: Receiver, tmp_path: Path) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(tail)
    app.command()(change)
    lines = [f"line {number}" for number in range(20_000)]
    arguments = ["tail", "-", "--service", "checkout", "--url", receiver.url]
    result = CliRunner().invoke(app, arguments, input="\n".join(lines).encode())
    assert result.exit_code == 0
    assert receiver.lines == lines


def test_a_change_is_told_once(receiver: Receiver) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(tail)
    app.command()(change)
    arguments = ["change", "deploy", "checkout", "1.4.2", "--by", "ana", "--key", "k1", "--url", receiver.url]
    arguments += ["--at", "2026-03-01T11:59:00Z"]  # the receiver's clock stands at noon of that day
    first, again = CliRunner().invoke(app, arguments), CliRunner().invoke(app, arguments)
    assert (first.exit_code, first.stdout) == (0, "deploy of checkout 1.4.2 noted\n")
    assert (again.exit_code, again.stdout) == (0, "deploy of checkout 1.4.2 known already\n")
    wrong = CliRunner().invoke(app, ["change", "explosion", "checkout", "--url", receiver.url])
    assert wrong.exit_code == 2
    ahead = CliRunner().invoke(
        app, ["change", "deploy", "checkout", "--url", receiver.url, "--at", "2026-03-01T14:00Z"]
    )
    assert ahead.exit_code == 2
    assert "in the future" in ahead.stderr
    assert "kind: there is no kind 'explosion'" in wrong.stderr
    (told,) = receiver.heard.changes.changes.values()
    assert (told.version, told.by, told.source) == ("1.4.2", "ana", "cli")


PROGRAM = "import typer; from bot.tail.cli import tail; a = typer.Typer(); a.command()(tail); a()"


@pytest.mark.timeout(180)
def test_killed_at_any_moment_it_loses_and_doubles_nothing(receiver: Receiver, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    arguments = [str(log), "--service", "checkout", "--url", receiver.url, "--state", str(tmp_path / "state")]
    lines: list[str] = []

    def write(count: int) -> None:
        new = [f"line {number} {'.' * (number % 70)}" for number in range(len(lines), len(lines) + count)]
        lines.extend(new)
        with log.open("a") as file:
            file.write("".join(f"{line}\n" for line in new))

    write(3000)
    for kill in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments, "--from-start"], stderr=subprocess.DEVNULL
        )
        goal = len(receiver.lines) + 700
        receiver.answers_lost = kill % 3
        until(lambda goal=goal: len(receiver.lines) >= goal, 30)  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        process.wait()
        if kill == 3:
            log.rename(tmp_path / "a.log.1")
        write(900)
    with Following(receiver, tmp_path / "state", log):
        until(lambda: len(receiver.lines) >= len(lines), 30)
    assert receiver.lines == lines


def test_a_state_folder_that_cannot_be_made_is_said(receiver: Receiver, tmp_path: Path) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(tail)
    (tmp_path / "a.log").write_text("one\n")
    (tmp_path / "file").write_text("in the way")
    arguments = [str(tmp_path / "a.log"), "--service", "checkout", "--url", receiver.url]
    result = CliRunner().invoke(app, [*arguments, "--state", str(tmp_path / "file" / "state")])
    assert result.exit_code == 1
    assert "Not a directory" in result.stderr
