"""How does each log format want to be answered?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from starlette.responses import Response

from bot.errors import StoreError
from bot.sources.model import Heard, Posted, Source
from bot.stream.errors import BusFull
from handlers.http.answers import RETRY_AFTER_S, answer, problem

ELASTIC_PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
"""What Elastic's own clients look for before they go on."""
NOT_NOW = "it could not be taken now, send it again"
PROTOBUF = "application/x-protobuf"
INVALID_ARGUMENT = 3
"""google.rpc.Code of a request that will never be read."""


class Reply(Protocol):
    def taken(self, heard: Heard, *, duplicate: bool, is_counted: bool) -> Response: ...
    def unreadable(self, message: str) -> Response: ...

    def refused(self, heard: Heard, error: BusFull | StoreError) -> Response | None:
        """What could not be taken now, when the format says so in a way of its own."""


def reply_of(source: Source, posted: Posted) -> Reply:
    if source.name == "otlp":
        return OtlpReply(is_protobuf=posted.content_type != "application/json")
    if source.name == "loki":
        return LokiReply()
    if source.name == "bulk":
        return BulkReply(posted.headers.get("accept", ""))
    return PlainReply()


@dataclass(frozen=True, slots=True)
class PlainReply:
    def taken(self, heard: Heard, *, duplicate: bool, is_counted: bool) -> Response:
        body: dict[str, object] = {
            "accepted": 0 if duplicate else heard.lines,
            "rejected": [{"place": part.place, "problem": part.problem} for part in heard.rejected],
            "rejected_count": heard.rejected_count,
            "duplicate": duplicate,
        }
        if heard.rejected_count and not heard.records:
            return answer({"error": f"nothing could be read: {heard.rejected[0].problem}", **body}, 400)
        return answer(body, 200 if is_counted else 202)

    def unreadable(self, message: str) -> Response:
        return problem(message, 400)

    def refused(self, heard: Heard, error: BusFull | StoreError) -> None:
        """As everybody is answered."""


@dataclass(frozen=True, slots=True)
class LokiReply:
    """204 as Loki says; 400 in words when a line was rejected, for which its agents do not try again."""

    def taken(self, heard: Heard, *, duplicate: bool, is_counted: bool) -> Response:
        if heard.rejected_count:
            first = heard.rejected[0]
            return problem(
                f"{heard.lines} lines were taken and {heard.rejected_count} rejected; {first.place}: {first.problem}",
                400,
            )
        return Response(status_code=204)

    def unreadable(self, message: str) -> Response:
        return problem(message, 400)

    def refused(self, heard: Heard, error: BusFull | StoreError) -> None:
        """As everybody is answered."""


@dataclass(frozen=True, slots=True)
class OtlpReply:
    """https://opentelemetry.io/docs/specs/otlp/#otlphttp-response: 200 with the partial success in it, or a Status."""

    is_protobuf: bool

    def taken(self, heard: Heard, *, duplicate: bool, is_counted: bool) -> Response:
        why = f"{heard.rejected[0].place}: {heard.rejected[0].problem}" if heard.rejected else ""
        if self.is_protobuf:
            told = ExportLogsServiceResponse()
            if heard.rejected_count:
                told.partial_success.rejected_log_records = heard.rejected_count
                told.partial_success.error_message = why
            return Response(told.SerializeToString(), media_type=PROTOBUF)
        if not heard.rejected_count:
            return answer({})
        return answer({"partialSuccess": {"rejectedLogRecords": str(heard.rejected_count), "errorMessage": why}})

    def unreadable(self, message: str) -> Response:
        if not self.is_protobuf:
            return answer({"code": INVALID_ARGUMENT, "message": message}, 400)
        words = message.encode()[:1000]
        status = bytes((0x08, INVALID_ARGUMENT, 0x12)) + _varint(len(words)) + words
        return Response(status, 400, media_type=PROTOBUF)

    def refused(self, heard: Heard, error: BusFull | StoreError) -> None:
        """As everybody is answered: a client reads the status and Retry-After."""


def _varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes((low | 0x80,)) + _varint(high) if high else bytes((low,))


@dataclass(frozen=True, slots=True)
class BulkReply:
    """One result for each item, as Elasticsearch has them."""

    accept: str

    def taken(self, heard: Heard, *, duplicate: bool, is_counted: bool) -> Response:
        items = [_item(kind, index, wrong) for kind, index, wrong in _results(heard)]
        return self._answer({"took": 0, "errors": heard.rejected_count > 0, "items": items}, 200)

    def unreadable(self, message: str) -> Response:
        error = {"type": "illegal_argument_exception", "reason": message}
        return self._answer({"error": error | {"root_cause": [error]}, "status": 400}, 400)

    def refused(self, heard: Heard, error: BusFull | StoreError) -> Response:
        """Most read the status; rsyslog with `retryfailures` reads only the items, and sends those again."""
        taken, status = (error.taken, 429) if isinstance(error, BusFull) else (frozenset[str](), 503)
        records = iter(heard.records)
        items = []
        for kind, index, wrong in _results(heard):
            later = 0 if wrong or next(records).service in taken else status
            items.append(_item(kind, index, NOT_NOW if later else wrong, later))
        answered = self._answer({"took": 0, "errors": True, "items": items}, status)
        answered.headers["Retry-After"] = str(RETRY_AFTER_S)
        return answered

    def _answer(self, body: object, status: int) -> Response:
        return elastic_answer(body, self.accept, status)


def elastic_answer(body: object, accept: str, status: int = 200) -> Response:
    wanted = accept.partition(",")[0].strip()
    media_type = wanted if wanted.startswith("application/vnd.elasticsearch+json") else "application/json"
    return Response(msgspec.json.encode(body), status, ELASTIC_PRODUCT, media_type=media_type)


def _results(heard: Heard) -> Iterator[tuple[str, str, str]]:
    for result in heard.results:
        kind, index, wrong = result.split("\n", 2)
        yield kind, index, wrong


def _item(kind: str, index: str, wrong: str, later: int = 0) -> dict[str, object]:
    """`later`: the status of an item that may be sent again, or 0."""
    told: dict[str, object] = {"_index": index, "_id": "", "status": (later or 400) if wrong else 201}
    if wrong:
        what = "es_rejected_execution_exception" if later else "mapper_parsing_exception"
        told["error"] = {"type": what, "reason": wrong}
    else:
        told |= {"_version": 1, "result": "created", "_shards": {"total": 1, "successful": 1, "failed": 0}}
    return {kind: told}
