"""The short road changes nothing: the groups are drain3's own, whatever the batches, restarts and shards."""

import random
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logs.masks import Masks
from bot.logs.miner import Miner, MinerSettings, TemplateState
from tests.benchmarks.reference import clusters, same_masks_miner
from tests.benchmarks.streams import Generator, Stream, batches, hdfs, kubernetes, loghub, openstack, read_lines

SERVICE = "checkout"
SIZES = (1, 7, 500, 4_000)


def ours(lines: Sequence[str], *, size: int = 500, similarity: float = 0.5, clusters_max: int = 1 << 40) -> list[int]:
    miner = Miner(MinerSettings(similarity=similarity, clusters_max=clusters_max))
    return [mined.cluster for i in range(0, len(lines), size) for mined in miner.mine(SERVICE, lines[i : i + size])]


def theirs(lines: Sequence[str], *, similarity: float = 0.5, clusters_max: int | None = None) -> list[int]:
    return clusters(same_masks_miner(Masks(), similarity, clusters_max, memory=True), lines)


def ids_of(lines: Sequence[str], size: int = 500) -> list[str]:
    miner = Miner()
    born = [m.born_as for i in range(0, len(lines), size) for m in miner.mine(SERVICE, lines[i : i + size])]
    return [miner.resolve(id) for id in born]


@pytest.mark.parametrize("similarity", [0.4, 0.5, 0.7])
def test_every_file_of_the_shared_logs_is_grouped_as_drain3_groups_it(shared: Path, similarity: float) -> None:
    for path in sorted((shared / "data/logs").rglob("*.log*")):
        if path.suffix in (".log", ".gz"):
            lines = read_lines(path)
            assert ours(lines, similarity=similarity) == theirs(lines, similarity=similarity), path.name


@pytest.mark.parametrize("stream", [hdfs, openstack, kubernetes, loghub])
def test_messages_without_their_headers_are_grouped_as_drain3_groups_them(shared: Path, stream: object) -> None:
    found: Stream = stream(shared)  # type: ignore[operator]
    for service, lines in found.items():
        assert ours(lines) == theirs(lines), service


def test_generated_and_shuffled_lines_are_grouped_as_drain3_groups_them() -> None:
    lines = Generator(3_000).lines(60_000)
    assert ours(lines) == theirs(lines)
    random.Random(3).shuffle(lines)
    assert ours(lines, size=777) == theirs(lines)


@pytest.mark.parametrize("clusters_max", [1, 30, 100, 500])
def test_the_least_recently_used_cluster_goes_when_drain3_lets_it_go(clusters_max: int) -> None:
    lines = Generator(800).lines(20_000)
    for size in SIZES:
        found = ours(lines, size=size, clusters_max=clusters_max)
        assert found == theirs(lines, clusters_max=clusters_max), size


WORDS = st.sampled_from(
    ["a", "b", "c", "user", "on", "off", "x1", "7", "<*>", "10.0.0.1", "k=v", "", " ", "\t", "é", "²", "0x1f"]
)
LINES = st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=60)


@settings(max_examples=300, deadline=None)
@given(LINES, st.sampled_from([0.3, 0.5, 0.7, 1.0]), st.integers(1, 20), st.sampled_from([None, 1, 2, 5]))
def test_made_up_streams_are_grouped_as_drain3_groups_them(
    lines: list[str], similarity: float, size: int, clusters_max: int | None
) -> None:
    found = ours(lines, size=size, similarity=similarity, clusters_max=clusters_max or 1 << 40)
    assert found == theirs(lines, similarity=similarity, clusters_max=clusters_max)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=30))
def test_any_text_is_grouped_as_drain3_groups_it(lines: list[str]) -> None:
    lines = [line.replace("\n", " ") for line in lines]
    assert ours(lines, size=7) == theirs(lines)


def real_lines(shared: Path) -> list[str]:
    lines = [line for found in (openstack(shared), loghub(shared)) for of in found.values() for line in of]
    random.Random(5).shuffle(lines)
    return lines[:20_000]


def test_the_size_of_the_batches_changes_no_template(shared: Path) -> None:
    lines = real_lines(shared)
    first = ids_of(lines, 1)
    for size in SIZES[1:]:
        assert ids_of(lines, size) == first, size


def through_a_row(states: Sequence[TemplateState]) -> dict[str, TemplateState]:
    """What a store gives back: plain JSON values."""
    return {s.id: msgspec.convert(msgspec.json.decode(msgspec.json.encode(asdict(s))), TemplateState) for s in states}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("clusters_max", [50, 1 << 40])
def test_a_restart_at_any_point_changes_nothing(shared: Path, seed: int, clusters_max: int) -> None:
    lines = real_lines(shared)[:8_000]
    chooser = random.Random(seed)
    limits = MinerSettings(clusters_max=clusters_max)
    steady, restarted, rows = Miner(limits), Miner(limits), dict[str, TemplateState]()
    place = 0
    while place < len(lines):
        batch = lines[place : place + chooser.randint(1, 900)]
        place += len(batch)
        one, other = steady.mine(SERVICE, batch), restarted.mine(SERVICE, batch)
        assert [m.cluster for m in one] == [m.cluster for m in other]
        assert [m.template_id for m in one] == [m.template_id for m in other]
        assert [m.is_new for m in one] == [m.is_new for m in other]
        rows |= through_a_row(restarted.changed())
        restarted = Miner(limits)
        restarted.restore(chooser.sample(list(rows.values()), len(rows)))
    steady_rows = {s.id: s for s in steady.changed() if s.alive}
    assert {id: row for id, row in rows.items() if row.alive} == steady_rows


def test_a_failed_transaction_is_undone_from_the_rows(shared: Path) -> None:
    lines = real_lines(shared)
    steady, failing = Miner(), Miner()
    rows: dict[str, TemplateState] = {}
    for i in range(0, 6_000, 500):
        steady.mine(SERVICE, lines[i : i + 500])
        failing.mine(SERVICE, lines[i : i + 500])
        rows |= through_a_row(failing.changed())
        failing.mine(SERVICE, lines[10_000 + i : 10_700 + i])  # its transaction fails: these rows are never written
        failing.changed()
        failing.restore_service(SERVICE, rows.values())
    assert [m.template_id for m in steady.mine(SERVICE, lines)] == [m.template_id for m in failing.mine(SERVICE, lines)]


@pytest.mark.parametrize("shards", [2, 8, 64])
def test_any_number_of_shards_finds_what_one_finds(shared: Path, shards: int) -> None:
    stream = {"mixed": real_lines(shared), **loghub(shared), "made": Generator(500).lines(10_000)}
    whole, parts, router = Miner(), [Miner() for _ in range(shards)], Miner()
    for service, batch in batches(stream, 300):
        whole.mine(service, batch)
        buckets = [router.bucket(service, line) for line in batch]
        for shard, part in enumerate(parts):
            part.mine(service, [line for line, bucket in zip(batch, buckets, strict=True) if bucket % shards == shard])
    alias = {row.id: row.alias_of for part in parts for row in part.changed() if row.alias_of is not None}
    texts = {(service, line) for service, lines in stream.items() for line in lines[::7]}
    for service, line in sorted(texts):
        found = parts[router.bucket(service, line) % shards].mine(service, [line])[0].template_id
        while found in alias:
            found = alias[found]
        assert found == whole.mine(service, [line])[0].template_id, line
