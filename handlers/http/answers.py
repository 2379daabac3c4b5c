"""How is a request answered that cannot be served? Always in JSON: `{"error": "what, and what to do"}`."""

import logging
from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bot.errors import ConnectorError, InputError, StoreError
from bot.stream.errors import BusFull

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body) + b"\n", status, headers, media_type="application/json")


def problem(message: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return answer({"error": message}, status, headers)


async def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.detail, error.status_code, error.headers)


async def unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, InputError)
    return problem(str(error), 400)


async def broken_off(request: Request, error: Exception) -> Response:
    """Nobody reads this answer; nothing of the body was counted."""
    assert isinstance(error, ClientDisconnect)
    return problem("the body broke off", 400)


async def bus_refused(request: Request, error: Exception) -> Response:
    """Full: the sender should slow down. Away: the sender should wait. A permanent error is ours."""
    assert isinstance(error, ConnectorError)
    if error.permanent:
        log.error("the log bus refused a batch for good: %s", error)
        return problem("the batch could not be taken; Tocsin's log says why", 500)
    status = 429 if isinstance(error, BusFull) else 503
    return _later(f"nothing was taken, send it again: {error}", status)


async def store_away(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)
    log.error("the database did not take a batch: %s", error)
    return _later("the database does not answer; nothing was counted, send it again", 503)


async def failed(request: Request, error: Exception) -> Response:
    """A fault of ours. It was rolled back, so sending it again is right. (Starlette logs the traceback.)"""
    return problem("something went wrong here; nothing was counted, send it again", 500)


def _later(message: str, status: int) -> Response:
    return problem(message, status, {"Retry-After": str(RETRY_AFTER_S)})


HANDLERS = {
    HTTPException: refused,
    InputError: unreadable,
    ClientDisconnect: broken_off,
    ConnectorError: bus_refused,
    StoreError: store_away,
    Exception: failed,
}
