"""Is every whole line of a growing file read once, whatever is done to the file?"""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.tail.follow import BYTES_MAX, PATIENCE, Follower
from bot.tail.marks import Mark

SEEDS = range(int(os.environ.get("TOCSIN_TEST_SEEDS", "20")))


class Reader:
    """Follows, and can be killed at any moment: what is left is the mark."""

    def __init__(self, path: Path, *, from_start: bool = True) -> None:
        self.path, self.from_start = path, from_start
        self.mark: Mark | None = None
        self.lines: list[str] = []
        self.keys: list[str] = []
        self.follower = Follower(path, None, from_start=from_start)

    def step(self, *, dies: bool = False) -> bool:
        """Takes the next batch, if there is one. With `dies`, it was taken and we never learnt of it."""
        batch = self.follower.next()
        if batch is None:
            self.mark = self.follower.mark if self.follower.mark.inode else self.mark
            return False
        self.mark = batch.mark
        if batch.mark.key() not in self.keys:  # the receiver counts a key once
            self.keys.append(batch.mark.key())
            self.lines += batch.data.decode().splitlines()
        if dies:
            self.restart()
        else:
            self.follower.done(batch)
        return True

    def restart(self) -> None:
        self.follower.close()
        self.follower = Follower(self.path, self.mark, from_start=self.from_start)

    def drain(self) -> list[str]:
        idle = 0
        while idle <= PATIENCE:
            idle = 0 if self.step() else idle + 1
        return self.lines


def write(path: Path, *texts: str) -> None:
    with path.open("a") as file:
        file.writelines(texts)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


@pytest.fixture
def reader(log: Path) -> Iterator[Reader]:
    """From the start of what is there."""
    made = Reader(log)
    yield made
    made.follower.close()


@pytest.fixture
def late_reader(log: Path) -> Iterator[Reader]:
    """From the end of what is there."""
    made = Reader(log, from_start=False)
    yield made
    made.follower.close()


def test_lines_are_read_as_they_are_written(log: Path, reader: Reader) -> None:
    assert not reader.step()
    write(log, "one\n", "two\n")
    assert reader.drain() == ["one", "two"]
    write(log, "three\n")
    assert reader.drain() == ["one", "two", "three"]


def test_a_new_follower_begins_at_the_end_unless_told_otherwise(log: Path, late_reader: Reader) -> None:
    write(log, "old\n", "half")
    assert late_reader.drain() == []
    write(log, " done\n", "new\n")
    assert late_reader.drain() == ["half done", "new"]


def test_a_file_that_appears_later_is_read_from_its_start(log: Path, late_reader: Reader) -> None:
    assert late_reader.drain() == []
    write(log, "first\n")
    assert late_reader.drain() == ["first"]


def test_a_half_line_waits_for_its_end(log: Path, reader: Reader) -> None:
    write(log, "one\ntw")
    assert reader.drain() == ["one"]
    write(log, "o\n")
    assert reader.drain() == ["one", "two"]


def test_a_batch_has_at_most_five_hundred_lines(log: Path, reader: Reader) -> None:
    write(log, *(f"{n}\n" for n in range(1200)))
    sizes = []
    while batch := reader.follower.next():
        sizes.append(batch.data.count(b"\n"))
        reader.follower.done(batch)
    assert sizes == [500, 500, 200]


def test_a_line_without_end_is_cut_and_holds_nothing_up(log: Path, reader: Reader) -> None:
    write(log, "x" * (BYTES_MAX + 10), "\n", "next\n")
    assert [len(line) for line in reader.drain()] == [BYTES_MAX, 10, 4]


def test_rotation_by_renaming_loses_no_line(log: Path, reader: Reader) -> None:
    write(log, "one\n")
    reader.drain()
    with log.open("a") as still_open:
        write(log, "two\n")
        log.rename(log.with_name("app.log.1"))
        write(log, "four\n")
        reader.step()
        still_open.write("three, written after the rotation\n")
        still_open.flush()
        assert reader.drain() == ["one", "two", "three, written after the rotation", "four"]


def test_the_last_words_of_a_rotated_file_need_no_newline(log: Path, reader: Reader) -> None:
    write(log, "one\nlast words")
    reader.drain()
    log.rename(log.with_name("app.log.1"))
    write(log, "next\n")
    assert reader.drain() == ["one", "last words", "next"]


def test_rotation_by_copying_and_truncating_loses_no_line(log: Path, reader: Reader) -> None:
    write(log, "one\n")
    reader.drain()
    write(log, "two, not read before it was truncated\n")
    shutil.copy(log, log.with_name("app.log.1"))
    os.truncate(log, 0)
    write(log, "three\n")
    assert reader.drain() == ["one", "two, not read before it was truncated", "three"]


def test_a_truncated_file_that_has_grown_beyond_the_offset_is_noticed(log: Path, reader: Reader) -> None:
    write(log, "one\n")
    reader.drain()
    os.truncate(log, 0)
    write(log, "a line that is much longer than all of the file was before\n", "more\n")
    assert reader.drain() == ["one", "a line that is much longer than all of the file was before", "more"]


def test_the_hole_that_a_truncation_leaves_is_skipped(log: Path, reader: Reader) -> None:
    with log.open("w") as writer:  # not in append mode: it goes on at its own offset
        writer.write("x" * 3_000_000 + "\n")
        writer.flush()
        reader.drain()
        before = len(reader.lines)
        os.truncate(log, 0)
        writer.write("after the hole\n")
        writer.flush()
        assert reader.drain()[before:] == ["after the hole"]


def test_deletion_and_a_new_file(log: Path, reader: Reader) -> None:
    write(log, "one\n")
    reader.drain()
    log.unlink()
    assert reader.drain() == ["one"]
    write(log, "two\n")
    assert reader.drain() == ["one", "two"]


def test_it_goes_on_where_it_was_after_a_restart(log: Path, reader: Reader) -> None:
    write(log, "one\n")
    reader.drain()
    write(log, "two\n")
    reader.restart()
    assert reader.drain() == ["one", "two"]


def test_it_goes_on_where_it_was_when_it_was_rotated_meanwhile(log: Path, reader: Reader) -> None:
    write(log, "one\n")
    reader.drain()
    write(log, "two\n")
    log.rename(log.with_name("app.log.2"))
    write(log.with_name("app.log.1"), "three\n")
    write(log, "four\n")
    reader.restart()
    assert reader.drain() == ["one", "two", "three", "four"]


def test_a_batch_that_was_on_its_way_is_the_same_after_a_restart(log: Path, reader: Reader) -> None:
    write(log, "one\n")
    reader.step(dies=True)
    write(log, "two\n")
    assert reader.drain() == ["one", "two"]


def test_what_was_rotated_away_and_deleted_is_said_to_be_lost(
    log: Path, reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    write(log, "one\n")
    reader.drain()
    write(log, "lost\n")
    log.unlink()
    write(log.with_name("other"), "so that the inode is another\n")
    write(log, "a new file\n")
    reader.restart()
    assert reader.drain() == ["one", "a new file"]
    assert "is gone" in caplog.text


@pytest.mark.parametrize("seed", SEEDS)
def test_anything_may_happen_to_the_file_and_every_line_is_read_once(log: Path, reader: Reader, seed: int) -> None:
    rng = random.Random(seed)
    written, rotations = list[str](), 0
    log.touch()
    reader.step()  # before the first look nothing is known
    for number in range(250):
        what = rng.random()
        if what < 0.5:
            text = f"line {number} {'x' * rng.randrange(60)}"
            written.append(text)
            middle = rng.randrange(len(text))
            write(log, text[:middle])
            if rng.random() < 0.3:
                reader.step()
            write(log, text[middle:] + "\n")
        elif what < 0.56 and log.exists():
            rotations += 1
            target = log.with_name(f"app.log.{rotations}")
            if rng.random() < 0.5:
                log.rename(target)
            else:
                reader.drain()  # what is copied and truncated between two looks and overwritten is another test
                shutil.copy(log, target)
                os.truncate(log, 0)
        elif what < 0.64:
            reader.restart()
        else:
            reader.step(dies=rng.random() < 0.2)
    assert reader.drain() == written
