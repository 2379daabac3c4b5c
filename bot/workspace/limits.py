"""How often may an app call a method? Slack's tiers a method, a workspace, an app; and one message a second a channel.

Source: docs.slack.dev/apis/web-api/rate-limits. `generous` (the default) counts nothing; `real` uses Slack's numbers.
"""

import math
from collections import defaultdict, deque

from bot.workspace.method_rules import TIER_PER_MINUTE, MethodRule
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.timing import Timekeeper

POST_BURST = 5  # messages in a row that a channel takes before one a second holds ("short bursts are allowed")
WORKSPACE_POSTS_PER_MINUTE = 300  # "several hundred messages a minute"
_MINUTE_S = 60.0


class RateLimiter:
    def __init__(self, time: Timekeeper) -> None:
        self._time = time
        self.is_real = False
        self._calls: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._posts: dict[tuple[str, str], float] = {}

    def check(self, rule: MethodRule, app_id: str, arguments: Json) -> None:
        """Count a call. Raises the 429 of Slack with `Retry-After` in whole seconds."""
        if not self.is_real:
            return
        now = self._time.now().timestamp()
        if rule.name == "chat.postMessage":
            self._pace_posts(app_id, str(arguments.get("channel", "")), now)
            self._window((app_id, rule.name), WORKSPACE_POSTS_PER_MINUTE, now)
        else:
            self._window((app_id, rule.name), TIER_PER_MINUTE[rule.tier], now)

    def _window(self, key: tuple[str, str], limit: int, now: float) -> None:
        calls = self._calls[key]
        while calls and calls[0] <= now - _MINUTE_S:
            calls.popleft()
        if len(calls) >= limit:
            raise too_many(calls[0] + _MINUTE_S - now)
        calls.append(now)

    def _pace_posts(self, app_id: str, channel: str, now: float) -> None:
        """A bucket of POST_BURST that refills one a second: kept as the time at which it is full again."""
        full_at = max(self._posts.get((app_id, channel), now), now)
        if full_at - now > POST_BURST - 1:
            raise too_many(full_at - now - (POST_BURST - 1))
        self._posts[app_id, channel] = full_at + 1.0


def too_many(wait_s: float) -> ApiRefusal:
    return ApiRefusal("ratelimited", status=429, headers={"Retry-After": str(max(1, math.ceil(wait_s)))})
