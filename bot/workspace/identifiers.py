"""What do Slack's ids, tokens and timestamps look like? Made here, all of them, from one seedable generator."""

import random
from datetime import datetime

_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BASE62 = _BASE36 + "abcdefghijklmnopqrstuvwxyz"
_HEX = "0123456789abcdef"


class Identifiers:
    """Ids in Slack's formats. The same seed gives the same ids in the same order; without one they are random."""

    def __init__(self, seed: str | None = None) -> None:
        self._random = random.Random(seed) if seed is not None else random.SystemRandom()
        self._last_us = 0

    def id(self, prefix: str) -> str:
        """For example `C0A1B2C3D4E`."""
        return prefix + "0" + self._letters(_BASE36, 9)

    def block_id(self) -> str:
        return self._letters(_BASE62, 5)

    def number(self) -> str:
        return str(self._random.randrange(10**12, 10**13))

    def bot_token(self) -> str:
        return f"xoxb-{self.number()}-{self.number()}-{self._letters(_BASE62, 24)}"

    def user_token(self) -> str:
        return f"xoxp-{self.number()}-{self.number()}-{self.number()}-{self.hex(32)}"

    def app_token(self, app_id: str) -> str:
        return f"xapp-1-{app_id}-{self.number()}-{self.hex(64)}"

    def hex(self, length: int) -> str:
        return self._letters(_HEX, length)

    def secret(self, length: int = 24) -> str:
        return self._letters(_BASE62, length)

    def uuid(self) -> str:
        return "-".join(self.hex(length) for length in (8, 4, 4, 4, 12))

    def ts(self, now: datetime) -> str:
        """A message timestamp: seconds and microseconds, unique and increasing even while the clock stands still."""
        self._last_us = max(self._last_us + 1, int(now.timestamp() * 1_000_000))
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def not_before(self, ts: str) -> None:
        """Never give out a timestamp up to this one (it was given out before a restart)."""
        seconds, _, fraction = ts.partition(".")
        self._last_us = max(self._last_us, int(seconds) * 1_000_000 + int(fraction or 0))

    def _letters(self, alphabet: str, length: int) -> str:
        return "".join(self._random.choices(alphabet, k=length))
