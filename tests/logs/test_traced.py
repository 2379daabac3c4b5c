"""Are the ids of a trace taken out of a message's beginning?"""

import pytest

from bot.logs.headers import strip_inner

TRACE, SPAN = "ffc8ca7e4c8f06c75142c880d5595d96", "439bc949a9eeb0cc"


@pytest.mark.parametrize(
    ("text", "message", "logger"),
    [
        (f"16:42:22.382 INFO  t.s.Travel#532 TraceID: {TRACE} SpanID: {SPAN} [get][Route is: x]", "[get][Route is: x]",
         "t.s.Travel#532"),
        (f"16:42:22.382 ERROR o.a.C.[.[.[dispatcherServlet]#175 TraceID: {TRACE} SpanID: {SPAN} threw", "threw",
         "o.a.C.[.[.[dispatcherServlet]#175"),
        (f"2026-01-01 16:42:22.382 WARN t.s.Travel [traceId={TRACE}, spanId={SPAN}] slow", "slow", "t.s.Travel"),
        (f"16:42:22.382 INFO t.s.Travel trace_id={TRACE} span_id={SPAN} done", "done", "t.s.Travel"),
    ],
)  # fmt: skip
def test_a_traces_ids_in_front_of_a_message_become_attributes(text: str, message: str, logger: str) -> None:
    stripped, _, attributes = strip_inner(text)
    assert stripped == message
    assert attributes == {"logger": logger, "trace_id": TRACE, "span_id": SPAN}


def test_an_empty_id_is_taken_off_and_is_no_attribute() -> None:
    assert strip_inner("16:42:22.382 INFO t.s.Travel#5 TraceID:  SpanID:  [get]")[::2] == (
        "[get]",
        {"logger": "t.s.Travel#5"},
    )


@pytest.mark.parametrize("message", ["TraceID: 12345678", "TraceID: not one", "traced by hand", "SpanIDs: 4"])
def test_a_message_that_only_speaks_of_traces_stays_whole(message: str) -> None:
    assert strip_inner(f"16:42:22.382 INFO t.s.Travel#5 {message}")[0] == message
