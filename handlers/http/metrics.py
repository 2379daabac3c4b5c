"""How do OpenTelemetry's metrics come in? `POST /v1/metrics`: 2xx means that what is wanted of them is kept."""

import asyncio
from collections import Counter
from dataclasses import dataclass

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from starlette.requests import Request
from starlette.responses import Response

from bot.errors import InputError
from bot.settings import Settings
from bot.sources.model import Heard, Posted, Rejected
from bot.sources.otlp_metrics import JSON, SOURCE
from handlers.http.access import admit
from handlers.http.answers import answer
from handlers.http.body import Room, receive, unfold
from handlers.http.replies import PROTOBUF, OtlpReply
from handlers.http.tally import Tally
from handlers.http.wanted import Engine


@dataclass(frozen=True, slots=True)
class MetricIntake:
    engine: Engine
    settings: Settings
    room: Room
    tally: Tally

    async def post(self, request: Request) -> Response:
        sender = admit(request, self.settings.http)
        async with self.room.hold() as held:
            chunks = await receive(request, held, self.settings.http.body_mb_max << 20)
            return await asyncio.to_thread(self._take, sender, chunks, request)

    def _take(self, sender: str, chunks: list[bytes], request: Request) -> Response:
        bytes_max = self.settings.http.body_mb_max << 20
        body = b"".join(unfold(chunks, request.headers.get("content-encoding", ""), bytes_max))
        posted = Posted(body, dict(request.headers), self.engine.clock.now())
        is_protobuf = posted.content_type != JSON
        try:
            heard = SOURCE.decode(posted)
        except InputError as error:
            self.engine.ledger.note(SOURCE.name, sender, (), len(body), 1, duplicate=False)
            self.engine.ledger.keep(SOURCE.name, sender, posted, [Rejected("the body", str(error), body[: 16 << 10])])
            self.engine.ledger.flush_if_due()
            return OtlpReply(is_protobuf).unreadable(str(error))
        kept = self.engine.metered.take(heard.points)
        for metric, problem in kept.full:
            heard.reject(metric, problem)
        self._note(sender, heard, len(body), is_duplicate=kept.wanted > 0 and kept.new == 0)
        return _taken(heard, is_protobuf=is_protobuf)

    def _note(self, sender: str, heard: Heard, size: int, *, is_duplicate: bool) -> None:
        """A body counts for the first of its services; what was rejected is in the answer, and in the counts."""
        services = Counter(one.service for one in heard.points) or Counter({"": 0})
        for index, (service, points) in enumerate(services.items()):
            first = index == 0
            self.engine.ledger.measured(
                SOURCE.name, sender, service, points, size if first else 0, heard.rejected_count if first else 0,
                duplicate=is_duplicate and first,
            )  # fmt: skip
        self.engine.ledger.flush_if_due()


def _taken(heard: Heard, *, is_protobuf: bool) -> Response:
    """https://opentelemetry.io/docs/specs/otlp/#partial-success-1"""
    why = f"{heard.rejected[0].place}: {heard.rejected[0].problem}" if heard.rejected else ""
    if is_protobuf:
        told = ExportMetricsServiceResponse()
        if heard.rejected_count:
            told.partial_success.rejected_data_points = heard.rejected_count
            told.partial_success.error_message = why
        return Response(told.SerializeToString(), media_type=PROTOBUF)
    if not heard.rejected_count:
        return answer({})
    return answer({"partialSuccess": {"rejectedDataPoints": str(heard.rejected_count), "errorMessage": why}})
