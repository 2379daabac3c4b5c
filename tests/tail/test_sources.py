"""Does `tocsin sources` say who sends, what was rejected, and try it again?"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from bot.cli import app
from tests.clients.conftest import Tocsin


@pytest.fixture
def tocsin(tmp_path: Path) -> Iterator[Tocsin]:
    with Tocsin(f"sqlite:///{tmp_path}/tocsin.db").running() as running:
        yield running


def said(tocsin: Tocsin, *arguments: str) -> str:
    command = ["sources", *arguments, "--url", tocsin.url, "--token", "t0ken"]
    return CliRunner().invoke(app, command).output


def post(tocsin: Tocsin, path: str, body: str) -> None:
    httpx.post(tocsin.url + path, content=body, headers={"Authorization": "Bearer t0ken"})


def test_a_newcomer_sees_the_first_line_by_its_sender(tocsin: Tocsin) -> None:
    assert "Nobody has sent anything yet" in said(tocsin)
    post(tocsin, "/v1/ingest/checkout", "hello\nworld\n")
    rows = said(tocsin).splitlines()
    assert rows[1].split()[:4] == ["lines", "shipper", "checkout", "2"]
    assert '"lines": 2' in said(tocsin, "--json")


def test_what_was_rejected_is_shown_with_its_reason(tocsin: Tocsin) -> None:
    assert "Everything could be read" in said(tocsin, "rejected")
    post(tocsin, "/v1/hooks/alertmanager", "{")
    shown = said(tocsin, "rejected")
    assert "alertmanager from shipper" in shown
    assert "it is not JSON" in shown
    command = ["sources", "rejected", "--url", tocsin.url, "--token", "t0ken", "replay", "1"]
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 1
    assert "it is not JSON" in again.output


def test_without_a_token_it_says_what_is_missing(tocsin: Tocsin) -> None:
    told = CliRunner().invoke(app, ["sources", "--url", tocsin.url])
    assert told.exit_code == 1
    assert "a token is needed" in told.output
