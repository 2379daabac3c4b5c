"""What happens to a body of log lines?"""

import gzip
import json
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import StoreError
from bot.stream.errors import BusFull
from tests.http.conftest import Heard, client_of

NDJSON = {"content-type": "application/x-ndjson"}
URL = "/v1/ingest/checkout"


async def test_lines_of_text_are_taken_one_by_one(client: httpx.AsyncClient, heard: Heard) -> None:
    answer = await client.post(URL, content=b"one\r\ntwo\n\n  \nthree", headers={"content-type": "text/plain"})
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 3, "rejected": [], "rejected_count": 0, "duplicate": False}
    assert heard.ingest.texts == ["one", "two", "three"]
    assert {record.service for record in heard.ingest.records} == {"checkout"}


async def test_one_bad_line_is_named_and_its_neighbours_count(client: httpx.AsyncClient, heard: Heard) -> None:
    body = b'{"message": "a"}\n{"message": \n[1]\n"text"\n{"message": "b"}\n'
    answer = await client.post(URL, content=body, headers=NDJSON)
    assert answer.status_code == 200
    found = answer.json()
    assert found["accepted"] == 2
    assert [rejected["line"] for rejected in found["rejected"]] == [2, 3, 4]
    assert "not JSON" in found["rejected"][0]["problem"]
    assert "a JSON object is expected" in found["rejected"][1]["problem"]
    assert heard.ingest.texts == ["a", "b"]


async def test_only_the_first_twenty_bad_lines_are_named_and_all_are_counted(client: httpx.AsyncClient) -> None:
    body = b"{}x\n" * 50 + b'{"message": "a"}'
    found = (await client.post(URL, content=body, headers=NDJSON)).json()
    assert (found["accepted"], found["rejected_count"], len(found["rejected"])) == (1, 50, 20)


async def test_a_body_of_only_bad_lines_is_a_client_error(client: httpx.AsyncClient, heard: Heard) -> None:
    answer = await client.post(URL, content=b"nothing\nof this", headers=NDJSON)
    assert answer.status_code == 400
    assert "no line could be read" in answer.json()["error"]
    assert answer.json()["rejected_count"] == 2
    assert heard.ingest.keys == []


async def test_an_empty_body_is_fine_and_counts_nothing(client: httpx.AsyncClient, heard: Heard) -> None:
    answer = await client.post(URL, content=b"")
    assert (answer.status_code, answer.json()["accepted"]) == (200, 0)
    assert heard.ingest.keys == []


@pytest.mark.parametrize("content_type", ["application/json", "", "application/x-www-form-urlencoded"])
async def test_a_json_array_is_its_elements(client: httpx.AsyncClient, heard: Heard, content_type: str) -> None:
    body = b' [\n{"message": "a"}, 7,\n {"message": "b"}]'
    answer = await client.post(URL, content=body, headers={"content-type": content_type})
    if content_type == "application/json":
        assert [rejected["line"] for rejected in answer.json()["rejected"]] == [2]
    assert heard.ingest.texts == ["a", "b"]


async def test_one_object_over_several_lines_is_one_record(client: httpx.AsyncClient, heard: Heard) -> None:
    body = json.dumps({"message": "a"}, indent=2).encode()
    await client.post(URL, content=body, headers={"content-type": "application/json"})
    assert heard.ingest.texts == ["a"]


async def test_ndjson_that_calls_itself_json_is_read_as_ndjson(client: httpx.AsyncClient, heard: Heard) -> None:
    body = b'{"message": "a"}\n{"message": "b"}'
    await client.post(URL, content=body, headers={"content-type": "application/json"})
    assert heard.ingest.texts == ["a", "b"]


async def test_a_text_that_begins_with_a_bracket_is_text(client: httpx.AsyncClient, heard: Heard) -> None:
    await client.post(URL, content=b"[Sun Dec 04 04:47:44 2005] [notice] ready", headers={"content-type": ""})
    assert heard.ingest.texts == ["ready"]
    assert heard.ingest.records[0].at == datetime(2005, 12, 4, 4, 47, 44, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "zstd", "identity"])
async def test_bodies_may_be_compressed(client: httpx.AsyncClient, heard: Heard, encoding: str) -> None:
    lines = b"".join(b"line %d\n" % number for number in range(5000))
    folded = {"zstd": zstandard.ZstdCompressor().compress(lines), "identity": lines}.get(encoding, gzip.compress(lines))
    answer = await client.post(URL, content=folded, headers={"content-encoding": encoding})
    assert answer.json()["accepted"] == 5000
    assert heard.ingest.texts[-1] == "line 4999"


async def test_gzip_members_and_zstd_frames_may_follow_each_other(client: httpx.AsyncClient, heard: Heard) -> None:
    await client.post(URL, content=gzip.compress(b"a\n") + gzip.compress(b"b\n"), headers={"content-encoding": "gzip"})
    frame = zstandard.ZstdCompressor().compress
    await client.post(URL, content=frame(b"c\n") + frame(b"d\n"), headers={"content-encoding": "zstd"})
    assert heard.ingest.texts == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("headers", "status", "says"),
    [
        ({"content-encoding": "br"}, 415, "send gzip, zstd or none"),
        ({"content-type": "image/png"}, 415, "holds no lines"),
        ({"content-type": "text/plain; charset=utf-16"}, 415, "UTF-8"),
        ({"content-encoding": "gzip"}, 400, "not gzip"),
        ({"content-encoding": "zstd"}, 400, "not zstd"),
        ({"idempotency-key": "k" * 201}, 400, "Idempotency-Key"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_words(
    client: httpx.AsyncClient, heard: Heard, headers: dict[str, str], status: int, says: str
) -> None:
    answer = await client.post(URL, content=b"a line", headers=headers)
    assert answer.status_code == status
    assert says in answer.json()["error"]
    assert heard.ingest.keys == []


async def test_a_strange_service_name_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/ingest/%3C!channel%3E", content=b"a line")
    assert answer.status_code == 400
    assert "cannot be a service's name" in answer.json()["error"]


async def test_the_same_idempotency_key_counts_once_per_service(client: httpx.AsyncClient, heard: Heard) -> None:
    headers = {"idempotency-key": "batch-7"}
    first = await client.post(URL, content=b"a", headers=headers)
    again = await client.post(URL, content=b"a", headers=headers)
    other = await client.post("/v1/ingest/payments", content=b"a", headers=headers)
    assert [answer.json()["duplicate"] for answer in (first, again, other)] == [False, True, False]
    assert again.status_code == 200
    assert again.json()["accepted"] == 0
    assert len(heard.ingest.records) == 2


async def test_when_the_database_is_away_the_sender_is_told_to_come_back(
    client: httpx.AsyncClient, heard: Heard
) -> None:
    heard.ingest.problem = StoreError("disk full")
    answer = await client.post(URL, content=b"a")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    heard.ingest.problem = BusFull("the stream has no room")
    answer = await client.post(URL, content=b"a")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")


async def test_a_fault_of_ours_is_a_500_in_json(client: httpx.AsyncClient, heard: Heard) -> None:
    heard.ingest.problem = ZeroDivisionError("a fault")
    answer = await client.post(URL, content=b"a")
    assert answer.status_code == 500
    assert "send it again" in answer.json()["error"]


async def test_a_plain_line_that_is_too_long_is_cut_and_a_json_line_named(heard: Heard) -> None:
    async with client_of(heard, line_kb_max=1) as client:
        await client.post(URL, content=b"x" * 1_000_000 + b"\nshort", headers={"content-type": "text/plain"})
        body = b'{"message": "' + b"y" * 2000 + b'"}\n{"message": "z"}'
        answer = await client.post(URL, content=body, headers=NDJSON)
    assert [len(text) for text in heard.ingest.texts] == [1024, 5, 1]
    assert "http.line_kb_max" in answer.json()["rejected"][0]["problem"]


async def test_a_body_that_is_too_large_is_refused(heard: Heard) -> None:
    async with client_of(heard, body_mb_max=1) as client:
        declared = await client.post(URL, content=b"x" * 1_100_000)
        folded = await client.post(URL, content=gzip.compress(b"x" * 1_100_000), headers={"content-encoding": "gzip"})
    for answer in (declared, folded):
        assert answer.status_code == 413
        assert "http.body_mb_max" in answer.json()["error"]
    assert heard.ingest.keys == []


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_bomb_is_not_unfolded_to_its_end(heard: Heard, encoding: str) -> None:
    zeros = b"0" * (512 << 20)
    fold = gzip.compress if encoding == "gzip" else zstandard.ZstdCompressor().compress
    bomb = fold(zeros)
    del zeros
    async with client_of(heard, body_mb_max=600) as client:
        answer = await client.post(URL, content=bomb, headers={"content-encoding": encoding})
    assert answer.status_code == 413
    assert "times its size" in answer.json()["error"]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_compressed_body_that_ends_early_counts_nothing(
    client: httpx.AsyncClient, heard: Heard, encoding: str
) -> None:
    lines = b"".join(b"line %d\n" % number for number in range(5000))
    fold = gzip.compress if encoding == "gzip" else zstandard.ZstdCompressor().compress
    answer = await client.post(URL, content=fold(lines)[:-20], headers={"content-encoding": encoding})
    assert answer.status_code == 400
    assert "ends early" in answer.json()["error"]
    assert heard.ingest.keys == []


async def test_hostile_lines_are_taken_as_they_are_and_stop_nothing(client: httpx.AsyncClient, heard: Heard) -> None:
    hostile = [
        b"<!channel> `x` {{7*7}}",
        b"nul\x00nul",
        b"\xff\xfe\xfa bad",
        b"\x1b[31mred\x1b[0m",
        "\N{RIGHT-TO-LEFT OVERRIDE}abc".encode(),
    ]
    answer = await client.post(URL, content=b"\n".join(hostile), headers={"content-type": "text/plain"})
    assert answer.json()["accepted"] == len(hostile)
    assert [heard.ingest.texts[0], heard.ingest.texts[4]] == ["<!channel> `x` {{7*7}}", "\N{RIGHT-TO-LEFT OVERRIDE}abc"]


async def test_json_nested_ten_thousand_deep_is_a_bad_line(client: httpx.AsyncClient, heard: Heard) -> None:
    deep = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    answer = await client.post(URL, content=deep + b'\n{"message": "ok"}', headers=NDJSON)
    assert answer.json()["rejected"][0]["line"] == 1
    assert heard.ingest.texts == ["ok"]
    array = await client.post(URL, content=b"[" * 100_000, headers={"content-type": "application/json"})
    assert array.status_code == 400


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=400) | st.text(max_size=200).map(str.encode),
    content_type=st.sampled_from(
        ["", "text/plain", "application/json", "application/x-ndjson", "text/html; charset=x"]
    ),
    encoding=st.sampled_from(["", "identity", "gzip", "zstd", "gzip, zstd"]),
)
async def test_no_body_whatever_is_a_fault_of_ours(
    client: httpx.AsyncClient, body: bytes, content_type: str, encoding: str
) -> None:
    for path in (URL, "/v1/changes"):
        headers = {"content-type": content_type, "content-encoding": encoding}
        answer = await client.post(path, content=body, headers=headers)
        assert answer.status_code in (200, 400, 413, 415)
        answer.json()


async def test_equal_objects_with_fine_times_are_one_batch_sent_twice(client: httpx.AsyncClient, heard: Heard) -> None:
    headers = {"content-type": "application/x-ndjson"}
    for stamp, lines in (("2026-03-01T11:59:59.123456Z", 1), ("2026-03-01T11:59:59Z", 3)):
        body = msgspec.json.encode({"ts": stamp, "message": "order 1 failed"})
        for _ in range(2):
            (await client.post("/v1/ingest/checkout", content=body, headers=headers)).raise_for_status()
        assert len(heard.ingest.records) == lines  # in whole seconds, two equal lines are two
