"""Is nothing lost and nothing counted twice, wherever the process ends?"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.demo.spool import Spool, read_note

AT = datetime(2026, 11, 21, 12, 0, 0, 123457, tzinfo=UTC)


def _again(spool: Spool) -> Spool:
    """The spool as a process finds it that starts after a kill."""
    return Spool(spool.folder)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "checkout")


def test_batches_wait_in_order_until_they_are_taken(spool: Spool) -> None:
    for number in range(12):
        spool.put(f"line {number}\n".encode(), 1, AT + timedelta(seconds=number))
    again = _again(spool)
    assert [batch.number for batch in again.waiting] == list(range(1, 13))
    assert again.waiting[11].body == b"line 11\n"
    assert again.until == AT + timedelta(seconds=11)
    again.taken(again.waiting[0])
    again.taken(again.waiting[0])
    assert (again.note.lines, again.note.number) == (2, 2)
    assert [batch.number for batch in _again(again).waiting] == list(range(3, 13))


def test_where_it_stood_is_known_when_everything_is_taken(spool: Spool) -> None:
    spool.taken(spool.put(b"a\nb\n", 2, AT))
    again = _again(spool)
    assert (again.until, again.waiting, again.note.lines) == (AT, [], 2)
    assert again.put(b"c\n", 1, AT).number == 2


def test_a_kill_between_the_note_and_the_file_counts_once(spool: Spool) -> None:
    batch = spool.put(b"a\nb\n", 2, AT)
    body = batch.body
    spool.taken(batch)
    batch.path.write_bytes(body)
    again = _again(spool)
    assert (again.waiting, again.note.lines) == ([], 2)
    assert not batch.path.exists()


def test_a_kill_while_a_batch_is_written_leaves_none(spool: Spool) -> None:
    spool.put(b"a\n", 1, AT)
    (spool.folder / "0000000002.5.1.draft").write_bytes(b"half a li")
    (spool.folder / "taken.draft").write_bytes(b"{")
    again = _again(spool)
    assert [batch.number for batch in again.waiting] == [1]
    assert list(spool.folder.glob("*.draft")) == []


def test_what_is_refused_is_counted_apart(spool: Spool) -> None:
    spool.refused(spool.put(b"a\nb\nc\n", 3, AT))
    spool.taken(spool.put(b"d\n", 1, AT))
    note = read_note(spool.folder)
    assert (note.lines, note.refused, note.number) == (1, 3, 2)


def test_reading_the_note_touches_nothing(spool: Spool) -> None:
    assert read_note(spool.folder).lines == 0
    (spool.folder / "x.draft").write_bytes(b"being written by another process")
    assert read_note(spool.folder).lines == 0
    assert (spool.folder / "x.draft").exists()
