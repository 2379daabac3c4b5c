"""Is this really from them? What senders sign with, compared in constant time."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.sources.model import Posted, Verify

REPLAY_WINDOW = timedelta(minutes=5)
"""A signed time that is further from now is an old message sent again (or a wrong clock)."""


def equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape"))


def hmac_hex(header: str, *, prefix: str = "", algorithm: str = "sha256") -> Verify:
    """The header is `prefix` + hex of the HMAC over the body (GitHub, Sentry, Flux, Grafana)."""

    def verify(posted: Posted, secret: str) -> str:
        given = posted.headers.get(header, "")
        if not given:
            return f"the header {header} is missing: set the same secret at the sender"
        expected = prefix + hmac.new(secret.encode(), posted.body, algorithm).hexdigest()
        return "" if equal(given.strip(), expected) else f"the signature in {header} is not right"

    return verify


def secret_header(header: str) -> Verify:
    """The header is the secret itself (GitLab)."""

    def verify(posted: Posted, secret: str) -> str:
        given = posted.headers.get(header, "")
        if not given:
            return f"the header {header} is missing: set the same secret at the sender"
        return "" if equal(given, secret) else f"the secret in {header} is not right"

    return verify


def listed_hmac_hex(header: str, prefix: str) -> Verify:
    """The header lists signatures `v1=hex,v1=hex` while a secret is changed (PagerDuty)."""

    def verify(posted: Posted, secret: str) -> str:
        expected = prefix + hmac.new(secret.encode(), posted.body, hashlib.sha256).hexdigest()
        given = [part.strip() for part in posted.headers.get(header, "").split(",") if part.strip()]
        if not given:
            return f"the header {header} is missing: set the same secret at the sender"
        right = [equal(part, expected) for part in given[:10]]
        return "" if any(right) else f"the signature in {header} is not right"

    return verify


def timed_hmac(
    message: Callable[[Posted], bytes], signature: str, time: str, *, prefix: str, key: Callable[[str], bytes]
) -> Verify:
    """The HMAC is over a message that holds a time, given in base64 (MLflow, Standard Webhooks)."""

    def verify(posted: Posted, secret: str) -> str:
        given = posted.headers.get(signature, "").split()
        if not given:
            return f"the header {signature} is missing: set the same secret at the sender"
        digest = hmac.new(key(secret), message(posted), hashlib.sha256).digest()
        expected = prefix + base64.b64encode(digest).decode()
        right = [equal(part, expected) for part in given[:10]]
        if not any(right):
            return f"the signature in {signature} is not right"
        return out_of_window(posted.headers.get(time, ""), posted.now)

    return verify


def out_of_window(stamp: str, now: datetime) -> str:
    """What is wrong with a signed time in Unix seconds, or ''."""
    if not stamp.isdecimal() or len(stamp) > 12:
        return "it tells no time that can be read"
    apart = abs(now - datetime.fromtimestamp(int(stamp), UTC))
    if apart <= REPLAY_WINDOW:
        return ""
    return f"it was signed {apart.total_seconds():.0f} s from now; {REPLAY_WINDOW.total_seconds():.0f} s are allowed"
