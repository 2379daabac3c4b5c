"""What happens to a report of a change?"""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot.changes.model import ChangeKind
from tests.http.conftest import NOW, Heard

URL = "/v1/changes"
DEPLOY = {"kind": "deploy", "service": "checkout", "version": "1.4.2"}


async def test_a_change_is_learnt_with_all_that_it_says(client: httpx.AsyncClient, heard: Heard) -> None:
    report = {
        **DEPLOY,
        "key": "ci-481",
        "at": "2026-03-01T12:30:00+01:00",
        "previous": "1.4.1",
        "by": "ana",
        "summary": "faster checkout",
        "link": "https://git.example/c/481",
        "environment": "production",
        "source": "ci",
        "attributes": {"region": "eu", "nodes": 3, "canary": True},
    }
    answer = await client.post(URL, json=report)
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 1, "known": 0, "keys": ["ci-481"], "rejected": [], "rejected_count": 0}
    change = heard.changes.changes["ci-481"]
    assert change.kind is ChangeKind.DEPLOY
    assert change.at == datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    assert change.attributes == {"region": "eu", "nodes": "3", "canary": "true"}
    assert (change.previous, change.by, change.source) == ("1.4.1", "ana", "ci")


async def test_a_short_report_happened_now_and_was_told_by_its_sender(client: httpx.AsyncClient, heard: Heard) -> None:
    await client.post(URL, json=DEPLOY)
    (change,) = heard.changes.changes.values()
    assert (change.at, change.source) == (NOW, "this machine")


async def test_the_same_key_is_one_change(client: httpx.AsyncClient, heard: Heard) -> None:
    for _ in range(3):
        answer = await client.post(URL, json={**DEPLOY, "key": "ci-481"})
    assert (answer.json()["accepted"], answer.json()["known"]) == (0, 1)
    assert len(heard.changes.changes) == 1


async def test_without_a_key_equal_reports_are_one_change(client: httpx.AsyncClient, heard: Heard) -> None:
    report = {**DEPLOY, "at": 1772366400}
    keys = {key for _ in range(2) for key in (await client.post(URL, json=report)).json()["keys"]}
    other = (await client.post(URL, json={**report, "version": "1.4.3"})).json()["keys"]
    assert len(keys) == 1
    assert keys.isdisjoint(other)
    assert len(heard.changes.changes) == 2


async def test_an_idempotency_key_stands_in_for_a_key(client: httpx.AsyncClient, heard: Heard) -> None:
    for _ in range(2):
        await client.post(URL, json=[DEPLOY, {**DEPLOY, "version": "2"}], headers={"Idempotency-Key": "job-9"})
    assert set(heard.changes.changes) == {"job-9:1", "job-9:2"}


async def test_lines_of_changes_are_read_and_bad_ones_named(client: httpx.AsyncClient, heard: Heard) -> None:
    body = b'{"kind":"deploy","service":"a"}\nnothing\n{"kind":"flag","service":"b"}\n{"kind":"flag"}'
    answer = await client.post(URL, content=body)
    assert answer.json()["accepted"] == 2
    assert [rejected["line"] for rejected in answer.json()["rejected"]] == [2, 4]
    assert [change.service for change in heard.changes.changes.values()] == ["a", "b"]


@pytest.mark.parametrize(
    ("report", "field"),
    [
        ({"service": "a"}, "kind"),
        ({"kind": "explosion", "service": "a"}, "kind"),
        ({"kind": ["deploy"], "service": "a"}, "kind"),
        ({"kind": "deploy"}, "service"),
        ({"kind": "deploy", "service": "<!here>"}, "service"),
        ({**DEPLOY, "versoin": "1"}, "versoin"),
        ({**DEPLOY, "at": "yesterday"}, "at"),
        ({**DEPLOY, "at": True}, "at"),
        ({**DEPLOY, "at": 9e99}, "at"),
        ({**DEPLOY, "at": "2027-01-01T00:00:00Z"}, "at"),
        ({**DEPLOY, "by": {"name": "ana"}}, "by"),
        ({**DEPLOY, "link": "javascript:alert(1)"}, "link"),
        ({**DEPLOY, "version": "v" * 201}, "version"),
        ({**DEPLOY, "attributes": ["a"]}, "attributes"),
        ({**DEPLOY, "attributes": {"a": {"b": 1}}}, "attributes.a"),
        ({**DEPLOY, "attributes": {str(n): "" for n in range(51)}}, "attributes"),
    ],
)
async def test_a_bad_field_is_named(
    client: httpx.AsyncClient, heard: Heard, report: dict[str, Any], field: str
) -> None:
    answer = await client.post(URL, json=report)
    assert answer.status_code == 400
    assert answer.json()["rejected"][0]["problem"].startswith(f"{field}: ")
    assert heard.changes.changes == {}


async def test_an_empty_body_is_no_change(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, content=b"")
    assert (answer.status_code, answer.json()["error"]) == (400, "no change could be read: the body is empty")


async def test_milliseconds_are_recognised(client: httpx.AsyncClient, heard: Heard) -> None:
    await client.post(URL, json={**DEPLOY, "at": 1772366400123})
    (change,) = heard.changes.changes.values()
    assert change.at == datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
