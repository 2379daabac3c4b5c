"""Is decoding cheaper than drain3, in every format? The figures are in docs/benchmarks-sources.md."""

from tests.benchmarks.decoding import measure


def test_every_wire_format_is_decoded_faster_than_drain3_mines() -> None:
    decoding, mining = measure(4000)
    slow = [figure for figure in decoding if figure.name != "text" and figure.us_a_line > mining[0].us_a_line]
    assert slow == []
