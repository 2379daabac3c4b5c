"""Is the folder of runbooks read again when it changes, with its mistakes named and its neighbours counted?"""

import logging
from pathlib import Path

import pytest

from bot.settings.runbooks import RunbookFolder

GOOD = "---\nservices: [{0}]\nactions: [{1}]\n---\n# About {0}\nLook.\n"


def written(folder: Path, name: str, service: str = "web", action: str = "restart-web") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(GOOD.format(service, action))
    return file


def test_a_bad_file_is_named_once_and_its_neighbours_count(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path, "web.md")
    written(tmp_path, "deep/er/pay.md", "pay")
    (tmp_path / "bad.md").write_text("no front")
    (tmp_path / "latin.md").write_bytes(b"---\n\xff\n")
    (tmp_path / "large.md").write_text("x" * 70_000)
    (tmp_path / "README.md").write_text("about this folder")
    (tmp_path / "notes.txt").write_text("x")
    folder = RunbookFolder(tmp_path, {"restart-web"})
    with caplog.at_level(logging.WARNING):
        shelf = folder.read()
        folder.read()
    assert [runbook.name for runbook in shelf.runbooks] == ["web", "deep/er/pay"]
    assert [problem.partition(":")[0] for problem in shelf.problems] == ["bad", "large", "latin"]
    assert len(caplog.records) == 3


def test_it_is_read_again_when_a_file_changes_comes_or_goes(tmp_path: Path) -> None:
    file = written(tmp_path, "web.md")
    folder = RunbookFolder(tmp_path, {"restart-web"})
    first = folder.read().runbooks
    assert folder.read().runbooks[0] is first[0]
    file.write_text(GOOD.format("web", "restart-web") + "And then wait.\n")
    assert folder.read().runbooks[0].text.endswith("And then wait.")
    written(tmp_path, "more.md", "more")
    assert len(folder.read().runbooks) == 2
    file.unlink()
    assert [runbook.name for runbook in folder.read().runbooks] == ["more"]


def test_an_action_that_is_not_there_is_a_problem_and_the_text_counts(tmp_path: Path) -> None:
    written(tmp_path, "web.md", action="restrat-web")
    shelf = RunbookFolder(tmp_path, {"restart-web"}).read()
    assert len(shelf.runbooks) == 1
    assert shelf.problems == ("web: no action is called 'restrat-web'; its button is left out",)


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outside = written(tmp_path / "outside", "secret.md")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.md").symlink_to(outside)
    (inside / "folder").symlink_to(tmp_path / "outside")
    written(inside / ".git", "hidden.md")
    assert RunbookFolder(inside, ()).read().runbooks == ()


def test_without_a_folder_there_are_none_and_a_missing_one_is_said(tmp_path: Path) -> None:
    assert RunbookFolder(None, ()).read().problems == ()
    assert "there is no such folder" in RunbookFolder(tmp_path / "gone", ()).read().problems[0]
