"""Where does one line end and the next begin, when bytes come in pieces?"""

from collections.abc import Iterable, Iterator

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
