"""Who may send?"""

import httpx
import pytest

from tests.http.conftest import Heard, client_of

URL = "/v1/ingest/checkout"
TOKENS = {"shipper": "s3cret-token", "other": "an0ther-token"}


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
async def test_without_tokens_this_machine_may_send(heard: Heard, peer: str) -> None:
    async with client_of(heard, peer) as client:
        assert (await client.post(URL, content=b"a")).status_code == 200


@pytest.mark.parametrize("peer", ["10.0.0.8", "192.168.1.4", "::ffff:10.0.0.8", "fe80::1%eth0", "testclient", ""])
async def test_without_tokens_nobody_else_may(heard: Heard, peer: str) -> None:
    async with client_of(heard, peer) as client:
        answer = await client.post(URL, content=b"a")
    assert answer.status_code == 403
    assert "[http.tokens]" in answer.json()["error"]
    assert heard.ingest.keys == []


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_without_tokens_what_came_through_a_proxy_is_refused(heard: Heard, header: str) -> None:
    async with client_of(heard) as client:
        assert (await client.post(URL, content=b"a", headers={header: "127.0.0.1"})).status_code == 403


async def test_without_tokens_a_page_in_a_browser_may_not_send(heard: Heard) -> None:
    async with client_of(heard) as client:
        answer = await client.post(URL, content=b"a", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert heard.ingest.keys == []


@pytest.mark.parametrize("path", [URL, "/v1/changes"])
@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic s3cret-token", "s3cret-token", "Bearer é"]
)
async def test_with_tokens_only_one_of_them_opens(heard: Heard, authorization: str | None, path: str) -> None:
    headers = {} if authorization is None else {b"Authorization": authorization.encode()}
    async with client_of(heard, tokens=TOKENS) as client:
        answer = await client.post(path, content=b"a", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "s3cret" not in answer.text


@pytest.mark.parametrize("token", TOKENS.values())
async def test_a_token_opens_from_everywhere(heard: Heard, token: str) -> None:
    async with client_of(heard, "10.0.0.8", tokens=TOKENS) as client:
        answer = await client.post(URL, content=b"a", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


async def test_an_empty_token_in_the_settings_opens_nothing(heard: Heard) -> None:
    async with client_of(heard, tokens={"shipper": ""}) as client:
        for header in ("Bearer ", "Bearer"):
            assert (await client.post(URL, content=b"a", headers={"Authorization": header})).status_code == 401


async def test_health_needs_no_token_and_metrics_do(heard: Heard) -> None:
    async with client_of(heard, "10.0.0.8", tokens=TOKENS) as client:
        assert (await client.get("/healthz")).json() == {"alive": True}
        assert (await client.get("/metrics")).status_code == 401


async def test_unknown_paths_and_methods_answer_in_json(client: httpx.AsyncClient) -> None:
    missing, wrong = await client.get("/v1/nothing"), await client.get(URL)
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert "error" in missing.json()
    assert "error" in wrong.json()
