"""Is any text harmless once it is shown?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.mrkdwn import Mrkdwn, clip, code, codeblock, cut, escaped, link, visible

NASTY = st.text(st.characters() | st.sampled_from("`<>&\x00\x1b\u202e\u2066\u200b\ud800\n\r\t*_~|!@#^"), max_size=400)


@given(NASTY)
def test_a_code_span_cannot_be_left(text: str) -> None:
    shown = code(text)
    assert shown == "" or (shown[0] == shown[-1] == "`" and "`" not in shown[1:-1] and "\n" not in shown)
    assert "<" not in shown
    assert ">" not in shown


@given(st.lists(NASTY, max_size=5))
def test_a_code_block_cannot_be_left(lines: list[str]) -> None:
    shown = codeblock(lines)
    assert shown == "" or (shown.startswith("```\n") and shown.endswith("\n```") and "`" not in shown[3:-3])
    assert "<" not in shown
    assert len(shown) <= 6 * 1_500 + 20


@given(NASTY)
def test_shown_text_has_nothing_invisible_and_can_be_sent(text: str) -> None:
    shown = visible(text)
    assert not any(ord(c) < 32 and c not in "\n\t" for c in shown)
    assert not set(shown) & set("\x7f\u202a\u202b\u202d\u202e\u2066\u2067\u2069\u200e\u200f\u200b\ufeff")
    shown.encode("utf-8")


@given(NASTY)
def test_only_three_characters_are_escaped_and_slack_gets_back_what_was_meant(text: str) -> None:
    shown = escaped(text)
    assert "<" not in shown
    assert shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == visible(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mERROR\x1b[0m", "ERROR"),
        ("\x1b]0;title\x07x", "x"),
        ("a\x00b", "a\u2400b"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\x1b[2", "\u241b[2"),
        ("a\r\nb", "a\nb"),
        ("\U000e0041", "\\u{e0041}"),
    ],
)
def test_what_is_invisible_is_shown_or_dropped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_line_of_a_megabyte_is_clipped() -> None:
    assert len(code("x" * 1_000_000)) == 202
    assert len(codeblock(["x" * 1_000_000] * 3)) < 800
    assert len(escaped("x" * 1_000_000)) == 3_000


def test_a_stack_trace_keeps_its_indentation_and_says_that_there_is_more() -> None:
    trace = "Traceback:\n" + "\n".join(f'  File "a.py", line {n}' for n in range(40))
    shown = codeblock(trace, lines_max=3).split("\n")
    assert shown == ["```", "Traceback:", '  File "a.py", line 0', '  File "a.py", line 1', "…", "```"]


def test_markup_is_neither_escaped_twice_nor_shown_as_code() -> None:
    assert escaped(Mrkdwn("<@U1>")) == "<@U1>"
    with pytest.raises(TypeError, match="markup"):
        code(Mrkdwn("&lt;"))


@given(
    st.lists(st.sampled_from(["word ", "`co&lt;de` ", "```\nblo&amp;ck\n``` ", "<https://a.b|link> ", "&gt;"])),
    st.integers(20, 120),
)
def test_cut_markup_is_whole(parts: list[str], limit: int) -> None:
    text = "".join(parts)
    shown = cut(text, limit)
    assert len(shown) <= limit
    assert shown.count("```") % 2 == 0
    assert (shown.count("`") - 3 * shown.count("```")) % 2 == 0
    assert shown.count("<") == shown.count(">")
    for piece in shown.split("&")[1:]:
        assert piece.startswith(("lt;", "gt;", "amp;"))


def test_clipping_and_links() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert link("https://x.y/a|b", "see <it>") == "<https://x.y/a%7Cb|see &lt;it&gt;>"
    assert link("javascript:alert(1)", "see") == "see"
    assert link("https://a b", "see") == "see"
