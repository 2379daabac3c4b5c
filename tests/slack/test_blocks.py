"""Does everything that a template can draw stay within what Slack takes?"""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from bot.slack import blocks
from bot.slack.blocks import Canvas
from bot.slack.render import Renderer
from bot.workspace.validate import check_blocks, check_totals

TEXTS = st.text(st.characters(), max_size=5_000) | st.sampled_from(["x" * 9_000, "`" * 3_500, "&" * 3_000])


def drawn(draw: str, folder: Path, page: object = None) -> Any:
    (folder / "t.j2").write_text("{{ text('t') }}" + draw, encoding="utf-8")
    return Renderer(folder).render("t", page)


@given(st.lists(st.tuples(st.sampled_from(["section", "context", "header", "fields", "divider"]), TEXTS), max_size=80))
def test_whatever_is_drawn_slack_takes_it(parts: list[tuple[str, str]]) -> None:
    canvas = Canvas()
    for name, text in parts:
        getattr(canvas, name)(*() if name == "divider" else (text,))
    canvas.actions(blocks.button("Acknowledge", "incident.acknowledge", 1))
    made = canvas.finished()
    assert check_blocks(made) == []
    assert check_totals(made) is None
    assert len(made) <= 50
    assert sum(len(holder["text"]) for block in made for holder in blocks._texts(block)) <= blocks.TOTAL_MAX
    assert made[-1]["type"] == "actions"


def test_values_are_escaped_and_what_a_macro_made_is_not_escaped_again(tmp_path: Path) -> None:
    source = (
        "{% macro bold(x) %}*{{ x }}* {{ x | code }}{% endmacro %}"
        "{% set kept %}{{ bold(page) }}{% endset %}"
        "{% call section() %}{{ kept }} {{ '<' }}{% endcall %}"
    )
    message = drawn(source, tmp_path, "<!channel> & `x`")
    assert message.blocks[0]["text"]["text"] == (
        "*&lt;!channel&gt; &amp; `x`* `&lt;!channel&gt; &amp; \u02cbx\u02cb` &lt;"
    )


def test_data_is_never_read_as_a_template(tmp_path: Path) -> None:
    assert drawn("{{ section(page) }}", tmp_path, "{{7*7}} {% raw %}").blocks[0]["text"]["text"] == "{{7*7}} {% raw %}"


def test_a_name_that_does_not_exist_is_an_error_and_an_open_if_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        drawn("{% call section() %}{{ pgae }}{% endcall %}", tmp_path)
    assert drawn("{% call section() %}a{{ 'b' if page }}{% endcall %}", tmp_path).blocks[0]["text"]["text"] == "a"


def test_a_time_or_an_object_must_be_worded(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a template must say how to show a list"):
        drawn("{% call section() %}{{ page }}{% endcall %}", tmp_path, [])


def test_a_message_without_its_top_level_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.j2").write_text("{{ section('x') }}")
    with pytest.raises(ValueError, match="notifications"):
        Renderer(tmp_path).render("t", None)


def test_empty_texts_and_absent_buttons_draw_nothing(tmp_path: Path) -> None:
    source = (
        "{% call section() %}{% if page %}x{% endif %}\n\n{% endcall %}{{ actions(button('A', 'a') if page, none) }}"
    )
    assert drawn(source, tmp_path).blocks == ()


def test_top_level_text_is_cut_where_slack_would_split_it(tmp_path: Path) -> None:
    (tmp_path / "t.j2").write_text("{{ text(page) }}{{ text(page ~ page) }}")
    assert len(Renderer(tmp_path).render("t", "x" * 3_000).text) <= blocks.TEXT_MAX


def test_values_that_slack_would_refuse_are_errors_in_the_template() -> None:
    with pytest.raises(ValueError, match="longer than 2000"):
        blocks.button("A", "a", "x" * 2_001)
    with pytest.raises(ValueError, match="1 to 75"):
        blocks.option("A", "x" * 76)
    with pytest.raises(ValueError, match="1 to 75"):
        blocks.option("A", "")


def test_equal_messages_have_equal_digests(tmp_path: Path) -> None:
    one, two = drawn("{{ section('a') }}", tmp_path), drawn("{{ section('b') }}", tmp_path)
    assert one.digest != two.digest
    assert two.digest == drawn("{{ section('b') }}", tmp_path).digest
