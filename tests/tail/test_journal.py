"""Does every entry of the journal arrive once, through refusals, lost answers and restarts?

journald does not run in our tests: a program stands in that prints entries from a file as journalctl does, from a
cursor.
"""

import json
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from bot.errors import InputError
from bot.tail.journal import JournalMark, JournalMarkFile, follow_journal
from bot.tail.send import Sender, Stopped
from tests.tail.conftest import Receiver

START_US = 1_772_366_400_000_000
STAND_IN = """
import json, sys, time
path, *options = sys.argv[1:]
after = options[options.index("--after-cursor") + 1] if "--after-cursor" in options else None
seen = after is None and "--lines" not in options
with open(path) as file:
    if after is None:
        file.seek(0, 2)
        seen = True
    until = time.monotonic() + 20
    while time.monotonic() < until:
        line = file.readline()
        if not line:
            time.sleep(0.01)
            continue
        if seen:
            print(line, end="", flush=True)
        seen = seen or json.loads(line)["__CURSOR"] == after
"""


class Journal:
    def __init__(self, folder: Path) -> None:
        self.path, self.program = folder / "journal", folder / "stand_in.py"
        self.path.touch()
        self.program.write_text(STAND_IN)
        self.count = 0

    def write(self, entries: int) -> None:
        with self.path.open("a") as file:
            for _ in range(entries):
                file.write(json.dumps(self.entry(self.count)) + "\n")
                self.count += 1

    def entry(self, number: int) -> dict[str, str]:
        at = str(START_US + number)
        said = {"SYSLOG_IDENTIFIER": "checkout", "MESSAGE": f"m{number}"}
        return {"__CURSOR": f"c{number}", "__REALTIME_TIMESTAMP": at, **said}

    @property
    def command(self) -> list[str]:
        return [sys.executable, str(self.program), str(self.path)]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


@pytest.fixture
def marks(tmp_path: Path) -> JournalMarkFile:
    made = JournalMarkFile(tmp_path / "state" / "journal.json")
    made.save(JournalMark("c0"))
    return made


def follow(receiver: Receiver, journal: Journal, marks: JournalMarkFile, wanted: int) -> None:
    """Follows until so many lines have arrived, or the first of several refusals was met."""
    refusals = len(receiver.refusals)
    stop = Event()
    sender = Sender(receiver.url, "", stop)
    ended_well = Event()

    def run() -> None:
        try:
            follow_journal(marks, sender, stop, command=journal.command)
        except Stopped:  # while it tried again: the next one sends that batch
            pass
        ended_well.set()

    thread = Thread(target=run)
    thread.start()
    for _ in range(500):
        was_refused = refusals > 1 and len(receiver.refusals) < refusals
        if len(receiver.lines) >= wanted or was_refused or not thread.is_alive():
            break
        thread.join(0.02)
    thread.join(0.1)
    stop.set()
    thread.join(10)
    sender.close()
    assert ended_well.is_set()


def test_entries_after_the_cursor_arrive_once_over_restarts(
    receiver: Receiver, journal: Journal, marks: JournalMarkFile
) -> None:
    journal.write(300)
    follow(receiver, journal, marks, 299)
    journal.write(100)
    follow(receiver, journal, marks, 399)
    assert receiver.lines == [f"m{number}" for number in range(1, 400)]
    assert marks.load() == JournalMark("c399")


def test_a_lost_answer_and_a_refusal_count_nothing_twice(
    receiver: Receiver, journal: Journal, marks: JournalMarkFile
) -> None:
    journal.write(50)
    receiver.answers_lost = 1
    follow(receiver, journal, marks, 49)
    receiver.refusals = [(503, "0")]
    journal.write(10)
    follow(receiver, journal, marks, 59)
    assert receiver.lines == [f"m{number}" for number in range(1, 60)]


def test_it_stops_while_it_tries_again(receiver: Receiver, journal: Journal, marks: JournalMarkFile) -> None:
    journal.write(50)
    receiver.refusals = [(503, "30"), (503, "30")]
    follow(receiver, journal, marks, 49)
    assert receiver.lines == []
    assert marks.load().sending, "the next one sends the same batch"


def test_after_a_crash_the_same_batch_is_sent_again_and_counts_once(
    receiver: Receiver, journal: Journal, marks: JournalMarkFile
) -> None:
    journal.write(40)
    for _ in range(2):  # the second time as after a crash: the batch was on its way
        marks.save(JournalMark("c0", 39))
        follow(receiver, journal, marks, 39)
    journal.write(5)
    follow(receiver, journal, marks, 44)
    assert receiver.lines == [f"m{number}" for number in range(1, 45)]


def test_a_journalctl_that_is_not_there_or_fails_is_told(tmp_path: Path, receiver: Receiver) -> None:
    marks = JournalMarkFile(tmp_path / "journal.json")
    sender = Sender(receiver.url, "", Event())
    with pytest.raises(InputError, match="cannot be started"):
        follow_journal(marks, sender, Event(), command=["/nowhere/journalctl"])
    with pytest.raises(InputError, match="ended with 3"):
        follow_journal(marks, sender, Event(), command=[sys.executable, "-c", "raise SystemExit(3)"])
    sender.close()
