"""Does an address answer: with the right status and body, in time, with a certificate that lasts?"""

import asyncio
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from bot.clock import Clock
from bot.engine.uptime import Look
from bot.settings import UptimeSettings

BODY_BYTES_MAX = 1 << 20


async def look(watched: UptimeSettings, clock: Clock) -> Look:
    """One look. Whatever goes wrong is the look's problem, in words."""
    began = clock.now()
    try:
        async with asyncio.timeout(watched.timeout_s):
            status, body = await _get(watched)
    except TimeoutError:
        return Look(f"no answer within {watched.timeout_s:.0f} s")
    except httpx.HTTPError as error:
        return Look(f"it cannot be reached: {str(error) or type(error).__name__}")
    latency_ms = (clock.now() - began).total_seconds() * 1000
    problem = _problem(watched, status, body, latency_ms)
    days = None
    if not problem and watched.certificate_days_min and watched.url.startswith("https://"):
        days = await certificate_days(watched, clock.now())
        if days is not None and days < watched.certificate_days_min:
            problem = f"its certificate ends in {days:.0f} days; {watched.certificate_days_min} are wanted"
    return Look(problem, latency_ms, days)


async def _get(watched: UptimeSettings) -> tuple[int, bytes]:
    async with (
        httpx.AsyncClient(timeout=watched.timeout_s, follow_redirects=True, max_redirects=5, trust_env=False) as client,
        client.stream("GET", watched.url, headers={"User-Agent": "tocsin"}) as answer,
    ):
        body = b""
        async for piece in answer.aiter_bytes():
            body += piece[: BODY_BYTES_MAX - len(body)]
            if len(body) >= BODY_BYTES_MAX:
                break
        return answer.status_code, body


def _problem(watched: UptimeSettings, status: int, body: bytes, latency_ms: float) -> str:
    expected = watched.status
    if (expected and status != expected) or (not expected and status >= 400):
        return f"it answers {status}" + (f", not {expected}" if expected else "")
    if watched.contains and watched.contains.encode() not in body:
        return f"{watched.contains!r} is not in its answer"
    if watched.latency_ms_max and latency_ms > watched.latency_ms_max:
        return f"it took {latency_ms:.0f} ms; {watched.latency_ms_max:.0f} are allowed"
    return ""


async def certificate_days(watched: UptimeSettings, now: datetime) -> float | None:
    """How many days the certificate still lasts; None when it cannot be asked for."""
    parts = urlsplit(watched.url)
    context = ssl.create_default_context()
    try:
        async with asyncio.timeout(watched.timeout_s):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 443, ssl=context)
            certificate = writer.get_extra_info("peercert")
            writer.close()
    except (OSError, TimeoutError, ssl.SSLError):
        return None
    if not certificate:
        return None
    ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    return (ends_at - now).total_seconds() / 86_400
