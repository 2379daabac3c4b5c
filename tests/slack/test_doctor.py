"""Does `tocsin doctor` find what is wrong, and say what it is for and how to mend it?"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.clock import Clock, HeldClock, SystemClock
from bot.settings import Settings
from bot.slack.cli import doctor, worded
from bot.slack.doctor import SCOPES, Finding, channels_of, examine
from bot.slack.render import Renderer
from bot.workspace import Workspace
from tests.slack.stage import MANIFEST


def settings(workspace: Workspace, **slack: Any) -> Settings:
    tokens = {"bot_token": workspace.bot_token, "app_token": workspace.app_token, "operators": ["*"]}
    return Settings.model_validate({"slack": {**tokens, **slack}})


async def found(workspace: Workspace, clock: Clock | None = None, **slack: Any) -> dict[str, Finding]:
    findings = await examine(settings(workspace, **slack), clock or SystemClock(), base_url=workspace.base_url)
    return {finding.check: finding for finding in findings}


def mend(finding: Finding) -> str:
    return str(worded([finding], Renderer())[0]["mend"])


def test_the_scopes_it_looks_for_are_those_of_the_manifest() -> None:
    assert set(SCOPES) == set(MANIFEST["oauth_config"]["scopes"]["bot"])


async def test_when_everything_is_right_it_says_so() -> None:
    async with Workspace(manifest=MANIFEST) as workspace:
        findings = await examine(settings(workspace), SystemClock(), base_url=workspace.base_url)
    assert [finding.check for finding in findings if not finding.ok] == []
    text = Renderer().render_text("text/doctor", findings)
    assert text.endswith("Everything is as it should be.")
    assert "Bot token: tocsin in Local workspace" in text


async def test_wrong_tokens_missing_scopes_and_people() -> None:
    lesser = {**MANIFEST, "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}}}
    async with Workspace(manifest=lesser) as workspace:
        assert "Slack does not take the token (invalid_auth)" in mend(
            (await found(workspace, bot_token=SecretStr("xoxb-no")))["bot_token"]
        )
        bad = await found(workspace, app_token=SecretStr("xapp-no"), operators=[])
        assert "xapp-" in mend(bad["way_in"])
        assert "channels:history, channels:join" in mend(bad["scopes"])
        assert "may not look for channels" in mend(bad["channel"])
        assert "slack.operators" in mend(bad["operators"])


async def test_without_an_app_token_it_hears_by_http_or_not_at_all() -> None:
    async with Workspace(manifest=MANIFEST) as workspace:
        assert (await found(workspace, app_token=None, signing_secret="x"))["way_in"] == Finding("way_in", True, "http")
        assert "SLACK_APP_TOKEN" in mend((await found(workspace, app_token=None))["way_in"])


async def test_channels() -> None:
    async with Workspace(manifest=MANIFEST) as workspace:
        team, ids = workspace.core.team, workspace.channels
        assert "Create it" in mend((await found(workspace, channel="#nowhere"))["channel"])
        team.set_members(ids["random"], [])
        assert (await found(workspace, channel="#random"))["channel"].reason == "will_join"
        assert (await found(workspace, channel=ids["incidents"]))["channel"].ok
        team.channels.put(ids["random"], {**(team.channels.get(ids["random"]) or {}), "is_archived": True})
        assert "archived" in mend((await found(workspace, channel="#random"))["channel"])


async def test_a_clock_that_is_wrong_is_found() -> None:
    async with Workspace(manifest=MANIFEST) as workspace:
        late = HeldClock(SystemClock().now() - timedelta(minutes=10))
        finding = (await found(workspace, late))["clock"]
        assert not finding.ok
        assert 598 <= int(finding.facts["seconds"]) <= 602
        assert "NTP" in mend(finding)


async def test_without_a_network_it_says_so() -> None:
    workspace = Workspace()
    await workspace.start()
    base_url = workspace.base_url
    await workspace.stop()
    (finding,) = await examine(settings(workspace), SystemClock(), base_url=base_url)
    assert "Is the network there?" in mend(finding)


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.delenv(name, raising=False)
    app = typer.Typer()
    app.command()(doctor)
    told = CliRunner().invoke(app, [])
    assert told.exit_code == 1
    assert "BAD  Bot token" in told.output
    assert "1 thing is to be mended." in told.output
    (finding,) = json.loads(CliRunner().invoke(app, ["--json"]).output)
    assert finding["reason"] == "missing"
    assert "SLACK_BOT_TOKEN" in finding["mend"]


async def test_a_bad_runbook_is_named_and_the_others_are_counted(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_text("no front")
    (tmp_path / "good.md").write_text("---\nservices: [web]\n---\nReload.\n")
    findings = await examine(Settings.model_validate({"runbooks": {"folder": str(tmp_path)}}), SystemClock())
    text = Renderer().render_text("text/doctor", findings)
    assert "ok   Runbooks: 1" in text
    assert "BAD  Runbook bad: it has to begin with a line ---" in text
    assert "Mend the file" in text


def test_the_channels_of_shifts_and_escalations_are_looked_at() -> None:
    rotations = [{"people": ["U1"], "starts": "2026-01-05"}]
    named = {
        "oncall": {"shop": {"channel": "#shifts", "rotations": rotations}},
        "escalation": {"all": {"steps": [{"schedule": "shop"}, {"channel": "#loud"}]}},
    }
    assert channels_of(Settings.model_validate(named)) == ["#incidents", "#shifts", "#loud"]
