"""Which lines belong to one session? Those of a service that bear the same id; counted with their batch.

A session is followed whole or not at all: by the number that its id makes, so that every batch and process chooses the
same ones. When there are too many, only those below half the number are followed, and so on.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.engine.ports import Transaction
from bot.engine.session_ports import Followed
from bot.logs.record import LogRecord
from bot.logs.variants import Variant

NUMBERS = 1 << 62
SESSIONS_A_BATCH = 64
"""Of one service; a batch that brings more halves what is followed."""

STEPS_MAX = 64

Steps = dict[int, dict[str, int]]


def follow(
    tx: Transaction,
    names: Sequence[str],
    service: str,
    records: Sequence[LogRecord],
    found: Sequence[Variant],
    now: datetime,
) -> None:
    """Adds the lines that bear an id, under one of these `names`, to their sessions. In the batch's transaction."""
    placed = ids_of(records, names)
    if not placed:
        return
    known = tx.sessions.followed([service]).get(service)
    how = known or Followed(service, NUMBERS, 0, now)
    numbers = {text: number_of(text) for text in dict.fromkeys(text for _, text in placed)}
    limit = how.limit
    while sum(number < limit for number in numbers.values()) > SESSIONS_A_BATCH:
        limit //= 2
    if known is None or limit < how.limit:
        tx.sessions.follow(replace(how, limit=limit, whole=min(how.whole, limit)))
    steps: Steps = {}
    for place, text in placed:
        number = numbers[text]
        if number < limit:
            of = steps.setdefault(number, {})
            step = found[place].root().id
            of[step] = of.get(step, 0) + 1
    tx.sessions.add(service, steps, now, STEPS_MAX)


def ids_of(records: Sequence[LogRecord], names: Sequence[str]) -> list[tuple[int, str]]:
    """(place, id) of the lines that have one; of several names the first counts."""
    wanted = frozenset(names)
    placed = []
    for place, record in enumerate(records):
        attributes = record.attributes
        if attributes and not wanted.isdisjoint(attributes):
            text = next((attributes[name] for name in names if attributes.get(name)), "")
            if text:
                placed.append((place, text))
    return placed


def number_of(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % NUMBERS
