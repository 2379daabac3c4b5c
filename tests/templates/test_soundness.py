"""Is really everything checked that Tocsin says in tests: as it is worded, and again where it arrives?"""

import ast
import inspect
from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError

from bot.slack.render import Renderer
from bot.workspace import Workspace
from tests.slack.stage import Stage

TESTS = Path(__file__).parents[1]


def test_what_slack_would_refuse_does_not_go_unseen(tmp_path: Path, unsound: list[str]) -> None:
    twice = '{{ actions(button("One", "same"), button("Two", "same")) }}'
    (tmp_path / "bad.j2").write_text("{{ text('t') }}" + twice)
    Renderer(tmp_path).render("bad", None)
    assert [line.partition(":")[0] for line in unsound] == ["bad"]
    unsound.clear()
    (tmp_path / "form.j2").write_text('{{ form("F", callback="f") }}{{ input("A", text_input(), "a") }}')
    Renderer(tmp_path).render_form("form", None)
    assert "submit" in " ".join(unsound)
    unsound.clear()


async def test_the_workspace_that_tests_use_refuses_it_too(tmp_path: Path, unsound: list[str]) -> None:
    async with Stage(listening=False) as stage:
        assert stage.workspace.core.strict
        (tmp_path / "bad.j2").write_text("{{ text('t') }}" + '{{ actions(button("One", "a"), button("Two", "a")) }}')
        message = Renderer(tmp_path).render("bad", None)
        unsound.clear()
        with pytest.raises(SlackApiError, match="invalid_blocks"):
            await stage.side.client.chat_postMessage(channel="#incidents", text="t", blocks=list(message.blocks))


def test_every_workspace_that_hears_tocsin_is_strict() -> None:
    assert inspect.signature(Workspace).parameters["strict"].default is True
    made = 0
    its_own_tests = TESTS / "workspace"
    for path in [*TESTS.rglob("*.py"), *(TESTS.parent / "bot").rglob("*.py")]:
        if its_own_tests in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Workspace":
                made += 1
                assert len(node.args) < 3, f"{path.name}:{node.lineno}"
                assert "strict" not in {keyword.arg for keyword in node.keywords}, f"{path.name}:{node.lineno}"
    assert made >= 5
