"""Which streams of lines is mining measured on? Real ones from the shared data, and generated ones with a seed."""

import csv
import gzip
import random
import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.logs.parse import LineParser

Stream = Mapping[str, Sequence[str]]  # service → messages
csv.field_size_limit(1 << 30)


def read_lines(path: Path) -> list[str]:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace").splitlines()


def hdfs_raw(shared: Path) -> list[str]:
    return read_lines(shared / "data/logs/hdfs/HDFS_20000.log")


def hdfs(shared: Path) -> Stream:
    return {"hdfs": [line.split(": ", 1)[-1] for line in hdfs_raw(shared)]}


def openstack(shared: Path) -> Stream:
    files = sorted((shared / "data/logs/openstack").glob("*.gz"))
    return {"nova": [line for path in files for line in read_lines(path)]}


def kubernetes(shared: Path, files: int = 85) -> Stream:
    """TrainTicket's pods: the message of each container's JSON line, by service."""
    folder = shared / "data/incidents/trainticket-2023-01-29"
    parser = LineParser(None)
    found: dict[str, list[str]] = {}
    for path in sorted([*folder.glob("log/*.gz"), *folder.glob("normal/log/*.gz")])[:files]:
        with gzip.open(path, "rt") as file:
            for row in csv.DictReader(file):
                record = parser.parse(row["Log"]).record
                if record is not None:
                    found.setdefault(row["PodName"].rsplit("-", 2)[0], []).append(record.text)
    return found


def loghub(shared: Path) -> Stream:
    """The eight systems' raw lines without their headers."""
    found: dict[str, list[str]] = {}
    for folder in sorted((shared / "data/logs/loghub").iterdir()):
        if folder.is_dir():
            parser = LineParser(folder.name)
            records = [parser.parse(line).record for line in read_lines(folder / f"{folder.name}_2k.log")]
            found[folder.name] = [record.text for record in records if record is not None]
    return found


def mixed(shared: Path) -> Stream:
    """Everything real, each service by itself."""
    return {**hdfs(shared), **openstack(shared), **kubernetes(shared), **loghub(shared)}


def batches(stream: Stream, size: int) -> Iterator[tuple[str, Sequence[str]]]:
    """Batches of each service in turn, as they arrive from many services at once."""
    place = 0
    while True:
        found = [(service, lines[place : place + size]) for service, lines in stream.items() if place < len(lines)]
        if not found:
            return
        yield from found
        place += size


class Generator:
    """Lines of `templates` made-up templates, the k-th met 1/k as often; the same for the same seed."""

    def __init__(self, templates: int, *, seed: int = 7, words: int = 2_000) -> None:
        self._random = random.Random(seed)
        vocabulary = [
            "".join(self._random.choices(string.ascii_lowercase, k=self._random.randint(3, 9))) for _ in range(words)
        ]
        self._templates = [self._template(vocabulary) for _ in range(templates)]
        self._names = vocabulary
        self._weights = [1 / (k + 1) for k in range(templates)]

    def _template(self, vocabulary: Sequence[str]) -> list[str]:
        length = self._random.randint(5, 14)
        return [
            self._random.choice(vocabulary) if self._random.random() < 0.7 or i == 0 else self._place()
            for i in range(length)
        ]

    def _place(self) -> str:
        return self._random.choice(("{n}", "{n}", "k={n}", "{ip}", "{uuid}", "{name}", "id-{n}"))

    def lines(self, count: int) -> list[str]:
        return [self._fill(template) for template in self._random.choices(self._templates, self._weights, k=count)]

    def _fill(self, template: Sequence[str]) -> str:
        return " ".join(self._value(word) if "{" in word else word for word in template)

    def _value(self, word: str) -> str:
        r = self._random
        if word == "{ip}":
            return f"10.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(256)}"
        if word == "{uuid}":
            h = f"{r.getrandbits(128):032x}"
            return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
        if word == "{name}":
            return r.choice(self._names)
        return word.replace("{n}", str(r.randrange(100_000)))
