"""Is this the code that a person's authenticator shows now? RFC 6238 with SHA-1, 30 s and six digits, as all do.

No secret is stored: it is derived from one key of the settings, the person, and how often they began anew.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

STEP_S = 30
DIGITS = 6
SKEW_STEPS = 1
"""How many steps a clock may be off, either way (RFC 6238 §5.2)."""

FAILURES_MAX = 5
CLOSED_FOR = timedelta(minutes=15)
"""After so many wrong codes in a row none is taken for so long: 20 guesses an hour at one of three in a million."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A person's second factor. `last_step`: of the last code that was taken; it and earlier ones are used up."""

    generation: int = 1
    confirmed_at: datetime | None = None
    last_step: int = 0
    failures: int = 0
    failed_at: datetime | None = None

    def is_closed(self, now: datetime) -> bool:
        return self.failures >= FAILURES_MAX and self.failed_at is not None and now < self.failed_at + CLOSED_FOR

    def failed(self, now: datetime) -> "Factor":
        before = 0 if self.failures >= FAILURES_MAX else self.failures
        return replace(self, failures=before + 1, failed_at=now)

    def anew(self) -> "Factor":
        """The next secret; what was confirmed is so no longer, and failures still count."""
        return replace(self, generation=self.generation + 1, confirmed_at=None)

    def taken(self, step: int) -> "Factor":
        return replace(self, last_step=step, failures=0, failed_at=None)


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a time step (RFC 4226 §5.3)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    place = digest[-1] & 0x0F
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_of(at: datetime) -> int:
    return int(at.timestamp()) // STEP_S


def matching_step(secret: bytes, code: str, at: datetime) -> int | None:
    """The time step whose code this is. All are compared, so that the time it takes says nothing."""
    said, now = code.replace(" ", "").encode(), step_of(at)
    steps = range(now - SKEW_STEPS, now + SKEW_STEPS + 1)
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), said)]
    return found[-1] if found else None


def secret_of(key: str, person: str, generation: int) -> bytes:
    """20 bytes, as RFC 4226 §4 recommends."""
    about = json.dumps(["tocsin second factor", person, generation]).encode()
    return hmac.new(key.encode(), about, hashlib.sha256).digest()[:20]


def written(secret: bytes) -> str:
    """As people type it into an authenticator."""
    return base64.b32encode(secret).decode()


def uri(secret: bytes, person: str, issuer: str = "Tocsin") -> str:
    """What an authenticator reads from a picture or a link."""
    query = urlencode({"secret": written(secret), "issuer": issuer, "digits": DIGITS, "period": STEP_S})
    return f"otpauth://totp/{quote(issuer)}:{quote(person)}?{query}"
