"""Does any line break parsing, redaction, masks or mining, or take longer than 50 ms?

    python -m tests.benchmarks.fuzz_mining [--minutes 60] [--seed 1]

Lines are made of the pieces that headers, secrets and values are made of, up to 40,000 characters. Each case also
checks that the quick look of the redactor and the memory of the masks give what the rules alone give. The pauses of
Python's garbage collector are told apart: they come at some line, whatever it says. Exit code 1 on a finding.
"""

import argparse
import gc
import random
import sys
import time
from datetime import UTC, datetime

from bot.logs.masks import Masks
from bot.logs.miner import Miner, MinerSettings
from bot.logs.parse import LineParser
from bot.logs.redact import Redactor

LIMIT_S = 0.05
PIECES = [
    "a",
    "0",
    "<*>",
    "=",
    ":",
    "/",
    "-",
    ".",
    '"',
    "'",
    "(",
    "[",
    "{",
    " ",
    "\t",
    "é",
    "²",
    "\x00",
    "at x(y)",
    "Traceback (most recent call last):",
    "KB",
    "user",
    "0x",
    "::",
    "@",
    "\\",
    "true",
    "%",
    "password",
    "token: ",
    "key=",
    "Bearer ",
    "eyJ",
    "http://",
    "4111 ",
    "10.0.0.1",
    "ffffffffffffffff",
    '{"a":',
    '\\"',
    ",",
    "_",
    "+",
    "~",
    "$",
    "Jan  1 00:00:00 h a: ",
    "2023-01-01T00:00:00Z ",
    "081109 203518 1 INFO a.b: ",
    "<1>1 ",
    "\n",
]


def make(chooser: random.Random) -> str:
    length = chooser.choice((3, 30, 300, 300, 5_000, 40_000))
    if chooser.random() < 0.5:
        piece = "".join(chooser.choices(PIECES, k=chooser.choice((1, 2, 3, 5, 30))))
        return (piece * (length // max(len(piece), 1) + 1))[:length]
    return "".join(chooser.choices(PIECES, k=min(length, 2_000)))


class Pauses:
    """What the garbage collector took, in CPU seconds."""

    def __init__(self) -> None:
        self.spent = self.worst = self._since = 0.0
        gc.callbacks.append(self._note)

    def _note(self, phase: str, _: dict[str, int]) -> None:
        now = time.process_time()
        if phase == "start":
            self._since = now
        else:
            self.spent += now - self._since
            self.worst = max(self.worst, now - self._since)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    chooser, redactor, masks = random.Random(options.seed), Redactor(), Masks()
    miner = Miner(MinerSettings(clusters_max=2_000))
    parser = LineParser(None, fallback_at=datetime(2023, 1, 1, tzinfo=UTC))
    end, cases, slow, worst, pauses = time.monotonic() + 60 * options.minutes, 0, 0, 0.0, Pauses()
    while time.monotonic() < end:
        line = make(chooser)
        start, paused = time.process_time(), pauses.spent
        record = parser.parse(line).record
        text = redactor.redact(record.text if record else line)
        miner.mine("fuzz", [text])
        miner.changed()  # as after each batch: the rows are for the store
        spent = time.process_time() - start - (pauses.spent - paused)
        worst, cases = max(worst, spent), cases + 1
        if spent > LIMIT_S:
            slow += 1
            print(f"{spent * 1000:.0f} ms: {line[:120]!r} … {len(line)} characters", flush=True)  # noqa: T201
        if len(line) < 600:
            assert redactor._redact(line) == redactor.redact(line), line
            assert masks.mask(line) == masks.plain(line), line
    print(f"{cases:,} cases, worst {worst * 1000:.0f} ms, {slow} over {LIMIT_S * 1000:.0f} ms")  # noqa: T201
    print(f"the longest pause of the garbage collector: {pauses.worst * 1000:.0f} ms")  # noqa: T201
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
