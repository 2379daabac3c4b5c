"""What varies, how often which value, and where numbers lie, in bounded memory."""

import json
import random

from bot.logs.parameters import VALUES_MAX, Parameters, dominant, names_of, observe


def test_the_value_that_most_lines_share_is_named_by_the_words_before_it() -> None:
    lines = [("db-3" if i % 100 < 87 else f"db-{i}", str(i)) for i in range(1_000)]
    found = dominant("connect host=<*> took <NUM>", observe({}, lines))
    assert found is not None
    assert (found.name, found.value, round(found.share, 2)) == ("host", "db-3", 0.87)


def test_what_never_varies_dominates_nothing() -> None:
    assert dominant("port <NUM>", observe({}, [("22",)] * 100)) is None


def test_a_word_that_all_lines_share_is_told_where_something_else_varies() -> None:
    lines = [(f"ord-{i}", "JPY", "40") for i in range(50)]
    text = "pricing failed for order=<VAL>, currency=<VAL> in rate table v<NUM>"
    found = dominant(text, observe({}, lines))
    assert found is not None
    assert (found.name, found.value, found.share) == ("currency", "JPY", 1)
    assert dominant(text, observe({}, lines[:5])) is None, "too few to say so"
    assert (
        dominant(
            "TraceID: <HEX> SpanID: <HEX> <*> failed", observe({}, [(f"a{i}", f"b{i}", "[get]") for i in range(50)])
        )
        is None
    )


def test_heavy_values_are_found_among_many_others_in_bounded_memory() -> None:
    chooser = random.Random(1)
    values = Parameters()
    for _ in range(20_000):
        values.add("t", ["heavy" if chooser.random() < 0.3 else str(chooser.random())])
    (top, *_) = values.top("t", 0)
    assert top.value == "heavy"
    assert abs(top.share - 0.3) < 0.03 + top.error
    assert len(values.state("t")[0]["counts"]) <= VALUES_MAX  # type: ignore[arg-type]


def test_numbers_are_a_distribution() -> None:
    values = Parameters()
    for i in range(1, 1_001):
        values.add("t", [f"{i}ms"])
    (numbers,) = values.numbers("t")
    assert (numbers.unit, numbers.maximum) == ("ms", 1_000)
    assert abs(numbers.p50 - 500) < 50
    assert abs(numbers.p95 - 950) < 95


def test_state_is_plain_json_and_goes_on_where_it_was() -> None:
    lines = [(str(i % 7), "x") for i in range(100)]
    once = observe({}, lines)
    twice = observe(json.loads(json.dumps(observe({}, lines[:40]))), lines[40:])
    assert once == twice


def test_merged_counts_are_those_of_all() -> None:
    one, other = Parameters(), Parameters()
    for i in range(50):
        one.add("t", [str(i % 3)])
        other.add("t", [str(i % 2)])
    one.merge(other)
    assert {share.value: round(share.share * share.total) for share in one.top("t", 0)} == {"0": 42, "1": 42, "2": 16}


def test_counting_starts_again_when_the_template_has_other_places() -> None:
    row = observe(observe({}, [("a", "b")] * 5), [("a",)] * 3)
    assert row["width"] == 1
    assert row["positions"][0]["total"] == 3  # type: ignore[index]


def test_places_are_named_by_key_word_or_kind() -> None:
    assert names_of("from <IP>:<NUM> user=<VAL> <UUID> took <NUM> ms") == ["from", "from", "user", "uuid", "took"]
