"""What does mining cost, and is it right? Measured in one run and written as tables to docs/benchmarks-mining.md.

    python -m tests.benchmarks.mining [--quick]

CPU time of one process unless said. Each comparison is measured side by side, best of two or three turns taken in
alternation.
"""

import argparse
import gc
import multiprocessing
import os
import platform
import random
import re
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from drain3.template_miner import TemplateMiner

from bot.clock import HeldClock
from bot.logs.masks import Masks, fold_all
from bot.logs.miner import Miner, MinerSettings
from bot.logs.raw import RawCounter
from bot.logs.record import LogRecord
from bot.logs.redact import Redactor
from bot.main import build_engine
from bot.settings import Settings
from bot.store import migrate
from bot.store.database import Database
from tests.benchmarks import peers, streams
from tests.benchmarks.loghub import load, score
from tests.benchmarks.reference import clusters, readme_miner, same_masks_miner
from tests.benchmarks.streams import Generator, Stream, batches

UNLIMITED = MinerSettings(clusters_max=1 << 40)
BATCH = 2_000
ROOT = Path(__file__).parents[2]
LOOKED_AT = ("Apache", "HPC", "Hadoop", "OpenSSH")  # while the masks and rules were made; the others were only scored


def ours(stream: Stream) -> Miner:
    miner = Miner(UNLIMITED)
    for service, lines in batches(stream, BATCH):
        miner.assign(service, lines)
    return miner


def plain(stream: Stream, make: Callable[[], TemplateMiner]) -> None:
    miners: dict[str, TemplateMiner] = {}
    for service, lines in batches(stream, BATCH):
        if service not in miners:
            miners[service] = make()
        clusters(miners[service], lines)


def cpu(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def best(works: Mapping[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """The least CPU seconds of each work, measured in turn."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(turns):
        for name, work in works.items():
            times[name].append(cpu(work))
    return {name: min(found) for name, found in times.items()}


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"### {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def kilo(lines: int, seconds: float) -> str:
    return f"{lines / seconds / 1000:,.0f}"


def speed(shared: Path, turns: int) -> str:
    made = {f"generated, {n:,} templates": {"made": Generator(n).lines(60_000)} for n in (1_000, 10_000)}
    found: dict[str, Stream] = {
        "HDFS": streams.hdfs(shared),
        "OpenStack": streams.openstack(shared),
        "Kubernetes (TrainTicket)": streams.kubernetes(shared, 20),
        "Loghub, eight systems": streams.loghub(shared),
        "mixed, per service": streams.mixed(shared),
        **made,
    }
    rows = []
    for name, stream in found.items():
        lines = sum(map(len, stream.values()))
        works: dict[str, Callable[[], object]] = {
            "ours": lambda s=stream: ours(s),  # type: ignore[misc]
            "readme": lambda s=stream: plain(s, readme_miner),  # type: ignore[misc]
            "same": lambda s=stream: plain(s, lambda: same_masks_miner(Masks(), UNLIMITED.similarity)),  # type: ignore[misc]
            "memory": lambda s=stream: plain(  # type: ignore[misc]
                s, lambda: same_masks_miner(Masks(), UNLIMITED.similarity, memory=True)
            ),
        }
        t = best(works, turns)
        rates = [kilo(lines, t[key]) for key in ("ours", "readme", "same", "memory")]
        ratios = [f"**{t[key] / t['ours']:.1f}**" for key in ("readme", "same")] + [f"{t['memory'] / t['ours']:.1f}"]
        rows.append([name, f"{lines:,}", *rates, *ratios])
    head = ["stream", "lines", "Tocsin", "drain3, its README", "drain3, our masks", "the same with our memory of words"]
    head += ["× README", "× our masks", "× our masks with memory"]
    return table("Speed: thousand lines a CPU second", head, rows)


def end_to_end(shared: Path, turns: int) -> str:
    lines = streams.hdfs_raw(shared) * 5

    def tocsin() -> None:
        counter = RawCounter("hdfs", Miner(), Redactor())
        for i in range(0, len(lines), BATCH):
            counter.take(lines[i : i + BATCH])
        counter.windows()

    t = best({"tocsin": tocsin, "drain3": lambda: _plain_end_to_end(lines)}, turns)
    rows = [
        [name, kilo(len(lines), t[key]), f"**{t['drain3'] / t[key]:.1f}**"]
        for key, name in (
            ("tocsin", "Tocsin: header, redaction, mining, counts by minute"),
            ("drain3", "a regular expression, drain3 with its README's configuration per component, counts by minute"),
        )
    ]
    return table(
        "End to end on raw HDFS lines (20,000 lines five times): thousand lines a CPU second", ["", "rate", "×"], rows
    )


def _plain_end_to_end(lines: Sequence[str]) -> None:
    header = re.compile(r"(\d{6} \d{6}) (\d+) (\w+) (\S+): (.*)")
    miners: dict[str, TemplateMiner] = {}
    minutes: dict[str, datetime] = {}
    counts: Counter[tuple[datetime, str, int]] = Counter()
    for line in lines:
        found = header.match(line)
        if found is None:
            continue
        if found[1] not in minutes:
            minutes[found[1]] = datetime.strptime(found[1] + "+0000", "%y%m%d %H%M%S%z").replace(second=0)
        if found[4] not in miners:
            miners[found[4]] = readme_miner()
        counts[minutes[found[1]], found[4], miners[found[4]].add_log_message(found[5])["cluster_id"]] += 1


def endless(templates: int) -> Iterator[list[str]]:
    """Batches of 10,000 generated lines; after 300,000 the same again in another order (to make them costs more than
    to mine them)."""
    pool = Generator(templates).lines(300_000)
    chooser = random.Random(1)
    while True:
        for place in range(0, len(pool), 10_000):
            yield pool[place : place + 10_000]
        chooser.shuffle(pool)


def growth(sizes: Sequence[int], templates: Sequence[int]) -> str:
    rows = []
    for n in templates:
        stream, miner, done, cells, spent = endless(n), Miner(UNLIMITED), 0, [], 0.0
        for size in sizes:
            while done < size:
                lines = next(stream)
                spent = cpu_light(lambda lines=lines, miner=miner: _assign(miner, lines))  # type: ignore[misc]
                done += len(lines)
            cells.append(f"{spent / 10_000 * 1e6:.2f}")
        rows.append([f"{n:,}", *cells, f"{len(miner.resolved('made')):,}"])
    head = ["templates made", *(f"at {size:,} lines" for size in sizes), "templates found"]
    return table("Growth: CPU µs a line over the last 10,000 lines", head, rows)


def _assign(miner: Miner, lines: Sequence[str]) -> None:
    for i in range(0, len(lines), BATCH):
        miner.assign("made", lines[i : i + BATCH])


def cpu_light(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def ingest(shared: Path, turns: int) -> str:
    """What a worker does with a batch: secrets out, mined, counted, and committed to a database in memory."""
    rows = []
    for name, stream in (("HDFS", streams.hdfs(shared)), ("mixed, per service", streams.mixed(shared))):
        lines = sum(map(len, stream.values()))
        at = datetime(2026, 1, 1, tzinfo=UTC)
        made = [[LogRecord(at, service, text) for text in texts] for service, texts in batches(stream, BATCH)]
        works: dict[str, Callable[[], object]] = {
            "all": lambda made=made, at=at: _ingested(made, at),  # type: ignore[misc]
            "mined": lambda stream=stream: ours(stream),  # type: ignore[misc]
            "readme": lambda stream=stream: plain(stream, readme_miner),  # type: ignore[misc]
        }
        t = best(works, turns)
        rows.append([name, *(kilo(lines, t[key]) for key in works), f"**{t['readme'] / t['all']:.1f}**"])
    head = [
        "stream",
        "Tocsin, whole",
        "of that, mining alone",
        "drain3, its README, mining alone",
        "whole × drain3 alone",
    ]
    return table("Batches of 2,000 records into the store: thousand lines a CPU second", head, rows)


def _ingested(made: Sequence[Sequence[LogRecord]], at: datetime) -> None:
    store = Database("sqlite://")
    migrate.upgrade(store.engine)
    engine = build_engine(Settings(), clock=HeldClock(at), store=store)
    for number, batch in enumerate(made):
        engine.ingest.take(batch, f"batch {number}")
    store.close()


def peers_on_hdfs(shared: Path) -> str:
    """Beside ours with the same work: read the file, take the header off, find each line's template."""
    log = shared / "data/logs/hdfs/HDFS_20000.log"
    lines = len(streams.hdfs_raw(shared))

    def tocsin() -> None:
        counter = RawCounter("hdfs", Miner(), Redactor())
        raw = streams.hdfs_raw(shared)
        for i in range(0, len(raw), BATCH):
            counter.take(raw[i : i + BATCH])

    ours_s = best({"": tocsin}, 3)[""]
    rows = [["Tocsin, redaction and counts by minute included", kilo(lines, ours_s), ""]]
    rows += [
        [
            f"logparser3's {name}, with the masks and thresholds of its benchmark",
            kilo(lines, s),
            f"**{s / ours_s:.0f}**",
        ]
        for name, s in peers.seconds(log).items()
    ]
    return table("Peers on the 20,000 raw HDFS lines: thousand lines a CPU second", ["", "rate", "Tocsin ×"], rows)


def floor(shared: Path) -> str:
    lines = streams.hdfs(shared)["hdfs"]
    known = dict.fromkeys(fold_all(lines))
    works: dict[str, Callable[[], object]] = {
        "read the file's lines": lambda: streams.hdfs_raw(shared),
        "digits to 0": lambda: fold_all(lines),
        "digits to 0, one look-up a line": lambda: [known[shape] for shape in fold_all(lines)],
        "Tocsin, warm": _warm(lines),
    }
    t = best(works, 5)
    return table(
        "Floor on HDFS: thousand lines a CPU second", ["", "rate"], [[n, kilo(len(lines), s)] for n, s in t.items()]
    )


def _warm(lines: Sequence[str]) -> Callable[[], object]:
    miner = Miner()
    miner.assign("hdfs", lines)
    return lambda: [miner.assign("hdfs", lines[i : i + BATCH]) for i in range(0, len(lines), BATCH)]


def _worker(stream: Stream, ready: object, turns: int) -> None:
    ready.wait()  # type: ignore[attr-defined]
    for _ in range(turns):
        ours(stream)


def two_processes(shared: Path) -> str:
    services = list(streams.mixed(shared).items())
    services.sort(key=lambda item: -sum(map(len, item[1])))
    halves: list[dict[str, Sequence[str]]] = [{}, {}]
    for service, lines in services:
        min(halves, key=lambda half: sum(len(line) for of in half.values() for line in of))[service] = lines
    one = _wall([dict(services)])
    two = _wall(halves)
    rows = [
        ["one process", f"{one:.2f}", ""],
        ["two, each with its own services", f"{two:.2f}", f"**{one / two:.2f}**"],
    ]
    load_now = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores meanwhile"
    return table(f"Two processes: wall seconds for five turns of the mixed stream ({load_now})", ["", "s", "×"], rows)


def _wall(parts: Sequence[Stream]) -> float:
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(len(parts) + 1)
    processes = [context.Process(target=_worker, args=(part, ready, 5)) for part in parts]
    for process in processes:
        process.start()
    ready.wait()
    start = time.monotonic()
    for process in processes:
        process.join()
    return time.monotonic() - start


def accuracy(shared: Path) -> str:
    rows = []
    scores = []
    for folder in sorted((shared / "data/logs/loghub").iterdir()):
        if not folder.is_dir():
            continue
        labelled = load(folder)
        miner = Miner()
        found = miner.assign(labelled.name, labelled.messages)
        s = score(labelled, [v.root().id for v in found], [" ".join(v.root().display()) for v in found])
        scores.append((s, labelled.name in LOOKED_AT))
        cells = [f"{x:.3f}" for x in (s.grouping, s.grouping_f1, s.parsing, s.template_f1)]
        templates = f"{len({v.root() for v in found})} / {len(set(labelled.templates))}"
        rows.append([labelled.name, "yes" if scores[-1][1] else "no", *cells, templates])
    for name, kept in (("mean, looked at", [True]), ("mean, only scored", [False]), ("mean", [True, False])):
        of = [s for s, looked in scores if looked in kept]
        means = [
            sum(getattr(s, key) for s in of) / len(of) for key in ("grouping", "grouping_f1", "parsing", "template_f1")
        ]
        rows.append([f"**{name}**", "", *(f"**{m:.3f}**" for m in means), ""])
    head = ["system", "looked at", "GA", "FGA", "PA", "FTA", "templates found / labelled"]
    return table("Accuracy on Loghub-2k, corrected labels, one configuration", head, rows)


def memory(lines: int) -> str:
    stream, miner = endless(20_000), Miner(UNLIMITED)
    first = next(stream)
    start = _resident()
    _assign(miner, first)
    rows: list[list[object]] = []
    done = len(first)
    for mark in (100_000, 300_000, lines // 3, lines):
        while done < mark:
            batch = next(stream)
            _assign(miner, batch)
            done += len(batch)
        found = len(miner.resolved("made"))
        grown = _resident() - start
        rows.append([f"{done:,}", f"{found:,}", f"{grown / 1e6:.0f}", f"{grown / max(found, 1):,.0f}"])
    head = ["lines", "templates", "MB above the start", "bytes a template, the memory of lines included"]
    return table("Memory, 20,000 generated templates", head, rows)


def in_a_process_of_its_own(work: Callable[[int], str], size: int) -> str:
    """Memory is only told apart in a process that did nothing else before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (size,))


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def exactness(lines: int) -> str:
    made = Generator(5_000).lines(lines)
    miner = Miner(UNLIMITED)
    found = [v.cluster.cluster_id for i in range(0, lines, BATCH) for v in miner.assign("made", made[i : i + BATCH])]
    theirs = clusters(same_masks_miner(Masks(), UNLIMITED.similarity, memory=True), made)
    different = sum(a != b for a, b in zip(found, theirs, strict=True))
    return table(
        "Same clusters as drain3 fed line by line (the tests compare every real file, too)",
        ["generated lines", "clusters", "lines in another cluster"],
        [[f"{lines:,}", f"{len(set(theirs)):,}", different]],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes; for looking, not for the docs")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks-mining.md")
    quick, out = (args := parser.parse_args()).quick, args.out
    shared = Path(os.environ.get("TOCSIN_SHARED", ROOT.parent / "shared"))
    sections = [
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start.\n",
        speed(shared, 1 if quick else 2),
        end_to_end(shared, 1 if quick else 3),
        ingest(shared, 1 if quick else 2),
        peers_on_hdfs(shared),
        floor(shared),
        growth(
            (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000),
            (10, 1_000, 10_000) if quick else (10, 1_000, 10_000, 100_000),
        ),
        two_processes(shared),
        exactness(50_000 if quick else 1_000_000),
        accuracy(shared),
        in_a_process_of_its_own(memory, 300_000 if quick else 10_000_000),
    ]
    out.write_text("## Log mining\n\n" + (__doc__ or "").split("\n\n")[-1] + "\n" + "\n".join(sections))


if __name__ == "__main__":
    main()
