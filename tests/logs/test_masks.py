# ruff: noqa: E501 - tables of patterns and cases, one a line
"""Values become marks, words stay, and white space is never touched."""

import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InputError
from bot.logs.masks import DEFAULT_MASKS, Mask, Masks, fold, from_toml

MASKS = Masks()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("from 10.1.2.3:8080 to 10.0.0.0/8", "from <IP>:<NUM> to <IP>"),
        ("on fe80::1%eth0 and ::1 and 0:0:0:0:0:0:0:1", "on <IP> and <IP> and <IP>"),
        ("instance b9000564-fe1a-409b-b8cc-1e88b294cd1d up", "instance <UUID> up"),
        ("[req-d69a3cb3-66dd-4109-bb97-418a7773c6a0]", "[req-<UUID>]"),
        ("at 0xdeadbeef, sha 9be0a30e1d46a6dd", "at <HEX>, sha <HEX>"),
        ("took 40ms, 1.5e-3 s, -3 and +4.5% of 12GiB", "took <NUM>, <NUM> s, <NUM> and <NUM> of <NUM>"),
        ("2023-01-29T15:38:06.123Z and 15:38:06 and Jul", "<TIME> and <TIME> and <TIME>"),
        ("read /var/log/app.log and C:\\Windows\\x.dll", "read <PATH> and <PATH>"),
        ("GET https://shop.example.com/a?b=1 done", "GET <URL> done"),
        ("to anna@example.org", "to <EMAIL>"),
        ("via proxy.cse.example.edu:5070 and play.google.com", "via <HOST>:<NUM> and <HOST>"),
        ("org.apache.hadoop.ipc.Client: in Client.java:42", "org.apache.hadoop.ipc.Client: in Client.java:<NUM>"),
        ("uid=0 name=bob, ok=true", "uid=<VAL> name=<VAL>, ok=<VAL>"),
        ("said 'yes' and \"no\"", "said <STR> and <STR>"),
        ("blk_-1608999687919862906 job_2008_0001", "blk_<NUM> <ID>"),
        ("aa:bb:cc:dd:ee:ff", "<MAC>"),
        ("it is true", "it is <BOOL>"),
        ("ssh2 v2beta1 jk2_init()", "ssh<NUM> <ID> jk<NUM>_init()"),
        ("<*> is not ours", "<ANY> is not ours"),
        ("٣ and ² and 5", "<NUM> and <NUM> and <NUM>"),
        ("don't stop", "don't stop"),
        ("", ""),
    ],
)
def test_a_value_becomes_its_mark(text: str, masked: str) -> None:
    assert MASKS.mask(text) == masked


TEXTS = st.text(max_size=80) | st.text(alphabet=string.hexdigits + " .:-/=_\"'<>*[]\t", max_size=80)


@settings(max_examples=1_000, deadline=None)
@given(TEXTS)
def test_masks_keep_white_space_and_leave_no_digit(text: str) -> None:
    masked = MASKS.mask(text)
    assert len(masked.split()) == len(text.split())
    assert (
        "".join(c if c.isspace() else "x" for c in text).split("x")[0] == masked[: len(masked) - len(masked.lstrip())]
    )
    assert not any(c.isdigit() for c in masked)
    assert "<*>" not in masked.split()


@settings(max_examples=1_000, deadline=None)
@given(TEXTS)
def test_the_memory_of_words_changes_nothing(text: str) -> None:
    assert MASKS.mask(text) == MASKS.plain(text)
    assert MASKS.words(fold(text)) == tuple(MASKS.plain(text).split())


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_spans_are_what_the_marks_stand_for(text: str) -> None:
    for word in text.split():
        spans = MASKS.spans(word)
        pieces, end = [], 0
        for span in spans:
            pieces += [fold(word)[end : span.start], f"<{span.name}>"]
            end = span.end
        assert "".join([*pieces, fold(word)[end:]]) == MASKS.word(fold(word))


def test_no_pattern_backtracks() -> None:
    pieces = [
        "a",
        "0",
        ".",
        ":",
        "-",
        "/",
        "_",
        "=",
        "@",
        '"',
        "a.",
        "0:",
        "a0",
        "0.",
        "a-",
        "a=",
        "0-",
        "f0",
        "://",
        "\\",
    ]
    worst = 0.0
    for piece in pieces:
        for other in ("", *pieces):
            for end in ("", "!", " "):
                word = ((piece + other) * 512)[:511] + end
                worst = max(worst, min(cost(word), cost(word)))
    assert worst < 0.05


def cost(word: str) -> float:
    """CPU seconds."""
    start = time.process_time()
    Masks.plain(MASKS, word)
    return time.process_time() - start


def test_a_word_longer_than_any_value_is_one_mark() -> None:
    assert MASKS.mask("x " + "ab0" * 400 + " y") == "x <LONG> y"


def test_masks_of_a_file_come_before_the_built_in_ones() -> None:
    masks = from_toml('off = ["PATH"]\n[[mask]]\nname = "ORDER"\npattern = "ORD-0+"\n')
    assert masks.mask("ORD-4711 in /var/log/x") == "<ORDER> in /var/log/x"


@pytest.mark.parametrize(
    "text",
    ["[[mask]]\nname = 'x'\npattern = 'a'", "[[mask]]\nname = 'A'\npattern = '('", "[[mask]]\nname = 'A'", "of = 1", "off = ['NO']", "=",
     "[[mask]]\nname = 'A'\npattern = 'a*'", "[[mask]]\nname = 'A'\npattern = '(?P<x>a)'"],
)  # fmt: skip
def test_a_mask_that_makes_no_sense_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError):
        from_toml(text)


def test_names_of_masks_have_no_digit_and_no_star() -> None:
    assert all(mask.name.isalpha() for mask in DEFAULT_MASKS)
    with pytest.raises(InputError):
        Masks([Mask("IP6", "a")])


def test_no_digit_lies_beyond_those_that_are_folded() -> None:
    assert not any(chr(code).isdigit() for code in range(0x20000, 0x110000))
    assert fold("".join(c for c in map(chr, range(0x20000)) if c.isdigit())).strip("0") == ""
