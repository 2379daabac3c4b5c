"""What does every bus promise?"""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.stream.bus import Bus
from bot.stream.errors import BatchesLost, BusFull


def test_batches_come_back_in_order_with_their_keys(bus: Bus) -> None:
    for number in range(5):
        bus.publish(3, f"key {number} ü/:", b"batch %d" % number)
    found = bus.read(3, 1, 10)
    assert [(key, batch) for _, key, batch in found] == [(f"key {n} ü/:", b"batch %d" % n) for n in range(5)]
    seqs = [seq for seq, _, _ in found]
    assert seqs == sorted(set(seqs))
    assert seqs[0] >= 1


def test_reading_goes_on_where_it_is_told(bus: Bus) -> None:
    for number in range(6):
        bus.publish(1, "", b"%d" % number)
    first = bus.read(1, 1, 2)
    rest = bus.read(1, first[-1][0] + 1, 10)
    again = bus.read(1, first[-1][0] + 1, 10)
    assert [batch for _, _, batch in first + rest] == [b"%d" % number for number in range(6)]
    assert again == rest


def test_partitions_do_not_mix(bus: Bus) -> None:
    for number in range(12):
        bus.publish(number % 3, "", b"%d" % number)
    for partition in range(3):
        assert [int(batch) % 3 for _, _, batch in bus.read(partition, 1, 99)] == [partition] * 4


def test_the_same_key_is_one_batch_in_its_partition(bus: Bus) -> None:
    for _ in range(3):
        bus.publish(1, "same", b"a")
    bus.publish(1, "other", b"b")
    bus.publish(2, "same", b"c")
    assert [batch for _, _, batch in bus.read(1, 1, 99)] == [b"a", b"b"]
    assert [batch for _, _, batch in bus.read(2, 1, 99)] == [b"c"]


def test_batches_without_a_key_are_each_one(bus: Bus) -> None:
    for _ in range(3):
        bus.publish(1, "", b"a")
    assert len(bus.read(1, 1, 99)) == 3


def test_an_empty_partition_gives_nothing_at_once(bus: Bus) -> None:
    assert bus.read(7, 1, 10) == []
    assert bus.lag(7, 0) == 0


def test_trimmed_batches_are_gone_and_reading_goes_on(bus: Bus) -> None:
    for number in range(4):
        bus.publish(1, "", b"%d" % number)
    position = bus.read(1, 1, 2)[-1][0]
    bus.trim(1, position)
    assert bus.lag(1, position) == 2
    assert [batch for _, _, batch in bus.read(1, position + 1, 99)] == [b"2", b"3"]
    position = bus.read(1, position + 1, 99)[-1][0]
    bus.trim(1, position)
    assert (bus.lag(1, position), bus.read(1, position + 1, 99)) == (0, [])
    bus.publish(1, "", b"4")
    assert [batch for _, _, batch in bus.read(1, position + 1, 99)] == [b"4"]


def test_lag_is_what_waits_behind_the_position(bus: Bus) -> None:
    for number in range(3):
        bus.publish(5, f"{number}", b"x")
    assert bus.lag(5, 0) == 3


def published_until_full(bus: Bus, batch: bytes) -> int:
    for taken in range(80):
        try:
            bus.publish(1, "", batch)
        except BusFull:
            return taken
    return 80


def test_a_full_bus_refuses_and_has_room_again_once_it_is_trimmed(bus: Bus) -> None:
    batch = b"x" * (900 << 10)
    taken = published_until_full(bus, batch)
    assert 30 <= taken <= 40
    found: list[tuple[int, str, bytes]] = []
    while len(found) < taken:
        found += bus.read(1, (found[-1][0] if found else 0) + 1, 10)
    assert all(body == batch for _, _, body in found)
    bus.trim(1, found[-1][0])
    bus.publish(1, "", batch)


def test_a_hole_is_never_passed_in_silence(bus: Bus) -> None:
    for number in range(6):
        bus.publish(1, "", b"%d" % number)
    seqs = [seq for seq, _, _ in bus.read(1, 1, 99)]
    bus.trim(1, seqs[3])  # counted up to the second, but more is gone
    with pytest.raises(BatchesLost) as lost:
        bus.read(1, seqs[1] + 1, 99)
    told = lost.value
    assert bus.read(1, told.first_seq, 99)[-1][2] == b"5"


def test_a_position_beyond_the_end_is_never_waited_for(bus: Bus) -> None:
    bus.publish(1, "", b"a")
    with pytest.raises(BatchesLost) as lost:
        bus.read(1, 1000, 10)
    assert [batch for _, _, batch in bus.read(1, lost.value.first_seq, 10)] == [b"a"]


def test_the_mark_changes_when_something_is_published(bus: Bus) -> None:
    before = bus.mark()
    assert bus.mark() == before
    bus.publish(9, "", b"a")
    assert bus.mark() != before


def test_publishers_at_once_lose_and_double_nothing(bus: Bus) -> None:
    def publish(name: int) -> None:
        for number in range(25):
            bus.publish(number % 2, f"{name}/{number}", b"%d/%d" % (name, number))

    threads = [threading.Thread(target=publish, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    found: list[bytes] = []
    positions = {0: 0, 1: 0}

    def read() -> int:
        before = len(found)
        for partition, position in positions.items():
            batches = bus.read(partition, position + 1, 7)
            found.extend(batch for _, _, batch in batches)
            positions[partition] = batches[-1][0] if batches else position
        return len(found) - before

    while any(thread.is_alive() for thread in threads):
        read()
    while read():
        pass
    assert sorted(found) == sorted(b"%d/%d" % (name, number) for name in range(4) for number in range(25))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_and_any_key_come_back(bus: Bus, data: st.DataObject) -> None:
    partition = data.draw(st.integers(10, 60))
    batch = data.draw(st.binary(min_size=0, max_size=500))
    key = data.draw(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=80))
    before = {key for _, key, _ in bus.read(partition, 1, 999)}
    bus.publish(partition, key, batch)
    found = bus.read(partition, 1, 999)
    assert {key for _, key, _ in found} == before | {key}
    if key not in before:
        assert found[-1][1:] == (key, batch)
