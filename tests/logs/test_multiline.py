"""A stack trace is one record, mined by its head and deepest frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logs.multiline import CHARACTERS_MAX, LINES_MAX, Joiner, join, mining_text

PYTHON = """2023-01-29 15:38:06 ERROR it broke
Traceback (most recent call last):
  File "/app/shop/cart.py", line 12, in add
    price = find(item)
  File "/app/shop/prices.py", line 77, in find
    return prices[item]
KeyError: 'tea'"""
JAVA = """2023-01-29 15:38:06 ERROR request failed
java.lang.IllegalStateException: no seat
\tat train.Seat.find(Seat.java:42)
\tat train.Api.get(Api.java:7)
Caused by: java.io.IOException: closed
\tat net.Wire.read(Wire.java:9)
\t... 12 more"""
GO = """panic: runtime error: index out of range [5]

goroutine 1 [running]:
main.find(0x5, 0x3)
\t/app/main.go:12 +0x1d
main.main()
\t/app/main.go:5 +0x20"""
NODE = """TypeError: Cannot read property 'x' of undefined
    at find (/app/cart.js:12:5)
    at Object.<anonymous> (/app/server.js:3:1)"""


@pytest.mark.parametrize(
    ("trace", "mined"),
    [
        (PYTHON, "2023-01-29 15:38:06 ERROR it broke | KeyError: 'tea' | at prices.py:find"),
        (JAVA.split("\n", 1)[1], "java.lang.IllegalStateException: no seat | at train.Seat.find"),
        (GO, "panic: runtime error: index out of range [5] | at main.find"),
        (NODE, "TypeError: Cannot read property 'x' of undefined | at find"),
    ],
)
def test_a_trace_is_one_record_and_mined_by_head_and_frame(trace: str, mined: str) -> None:
    assert list(join([*trace.split("\n"), "2023-01-29 15:38:07 INFO next"])) == [trace, "2023-01-29 15:38:07 INFO next"]
    assert mining_text(trace) == mined


def test_lines_that_stand_alone_stay_alone() -> None:
    lines = ["GET / 200", "connection from 10.0.0.1", "KeyError: alone", "at last, done", "x = {"]
    assert list(join(lines)) == lines


def test_an_endless_trace_is_cut() -> None:
    joiner = Joiner()
    joiner.feed("Error: endless")
    for _ in range(10_000):
        assert joiner.feed("    at again (/app/x.js:1:1) " + "y" * 500) == []
    (text,) = joiner.flush()
    assert text.count("\n") < LINES_MAX
    assert len(text) <= CHARACTERS_MAX + LINES_MAX
    assert joiner.cut > 0


@given(st.lists(st.text(alphabet=' \tatFile:.()CausedbyError{}x"', max_size=30), max_size=30))
def test_no_line_is_lost_or_reordered(lines: list[str]) -> None:
    said = [line for text in join(lines) for line in text.split("\n")]
    assert [line for line in said if line.strip()] == [line for line in lines if line.strip()]


@given(st.text(max_size=200))
def test_what_is_mined_is_one_line(text: str) -> None:
    assert "\n" not in mining_text(text)
