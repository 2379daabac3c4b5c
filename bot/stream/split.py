"""Where does one line end and the next begin, when bytes come in pieces?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

BOM = b"\xef\xbb\xbf"


def split(pieces: Iterable[bytes], bytes_max: int, *, blank: bool = False) -> Iterator[tuple[int, bytes, int]]:
    """(number from 1, line cut to `bytes_max`, its whole length) of each line; of blank ones only with `blank`. Holds
    no more than one piece and one cut line."""
    number, rest, size = 1, b"", 0
    for piece in pieces:
        first, *more = piece.split(b"\n")
        rest += first[: max(0, bytes_max - len(rest))]
        size += len(first)
        if not more:
            continue
        if blank or rest.strip():
            yield number, _clean(number, rest), size
        for line in more[:-1]:
            number += 1
            if blank or line.strip():
                yield number, line[:bytes_max].rstrip(b"\r"), len(line)
        number, rest, size = number + 1, more[-1][:bytes_max], len(more[-1])
    if rest.strip() or (blank and rest):
        yield number, _clean(number, rest), size


def _clean(number: int, line: bytes) -> bytes:
    return (line.removeprefix(BOM) if number == 1 else line).rstrip(b"\r")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, blank ones too. `number` is the first's, from 1; `cut`: the whole lengths of those that were cut, by
    their places."""

    number: int
    lines: Sequence[bytes]
    cut: Mapping[int, int] = field(default_factory=dict)


def blocks(pieces: Iterable[bytes], bytes_max: int) -> Iterator[Block]:
    """The same lines as `split`, as many at once as a piece holds."""
    number, rest, size = 1, b"", 0
    for piece in pieces:
        lines = piece.split(b"\n")
        first, last = lines[0], lines[-1]
        rest += first[: max(0, bytes_max - len(rest))]
        size += len(first)
        if len(lines) == 1:
            continue
        lines[0] = rest
        lines.pop()
        yield _block(number, lines, size, bytes_max, b"\r" in piece or b"\r" in rest)
        number, rest, size = number + len(lines), last[:bytes_max], len(last)
    if rest:
        yield _block(number, [rest], size, bytes_max, b"\r" in rest)


def _block(number: int, lines: list[bytes], first_size: int, bytes_max: int, has_returns: bool) -> Block:
    cut = {0: first_size} if first_size > len(lines[0]) else {}
    if max(map(len, lines)) > bytes_max:
        cut |= {place: len(line) for place, line in enumerate(lines) if len(line) > bytes_max}
        lines = [line[:bytes_max] for line in lines]
    if number == 1:
        lines[0] = lines[0].removeprefix(BOM)
    if has_returns:
        lines = [line.rstrip(b"\r") for line in lines]
    return Block(number, lines, cut)
