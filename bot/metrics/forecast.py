"""When will a series cross its limit? A robust trend, and silence when there is none.

The trend of a day is the median of all differences to the same time a day before: a daily rhythm cancels out, and a
single clean-up or jump in the week moves a few of them only. The interval comes from the quartiles of the days.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

DAYS_MIN = 3
DAYS_LOOKED_AT = 7
HORIZON = timedelta(days=40)
"""Further away nothing is said."""

AGREE_SHARE = 0.75
"""So many of the differences have to point to the limit."""

USED_SHARE_MIN = 0.5
"""Below half of the way to the limit there is time to look again."""

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Forecast:
    """It crosses `limit` at about `at`, not before `earliest` and not after `latest` if the week goes on as it was
    (`latest` is None when that may be never). `per_day` in the series' unit."""

    now: float
    limit: float
    per_day: float
    at: datetime
    earliest: datetime
    latest: datetime | None


def forecast(
    values: Values, step: timedelta, now: datetime, limit: float, *, floor: float = 0.0, since: int = 0
) -> Forecast | None:
    """`values` are evenly spaced by `step`, the newest last, NaN where missing; those before index `since` (a declared
    change) are not looked at. None when nothing is worth telling: no clear trend, too far away, or hardly used."""
    day = round(DAY / step)
    recent = values[max(since, len(values) - DAYS_LOOKED_AT * day - 1) :]
    known = recent[~np.isnan(recent)]
    if len(recent) < DAYS_MIN * day or not len(known):
        return None
    last_day = _by_hour(recent[-day:], step)
    level = float(np.nanmax(np.where(limit > floor, 1, -1) * last_day)) * (1 if limit > floor else -1)
    way = limit - level
    if way * (limit - floor) <= 0 or (level - floor) / (limit - floor) < USED_SHARE_MIN:
        return None
    daily = recent[day:] - recent[:-day]
    daily = daily[~np.isnan(daily)]
    if len(daily) < (DAYS_MIN - 1) * day * USED_SHARE_MIN:
        return None
    trend = float(np.median(daily))
    agree = float((np.sign(daily) == np.sign(trend)).mean())
    if trend * way <= 0 or agree < AGREE_SHARE or abs(trend) <= _noise(recent, daily):
        return None
    at = _crossing(last_day, limit, trend, now)
    if at - now > HORIZON:
        return None
    slow, fast = _quartiles(daily, recent, day, trend)
    noise = np.sign(way) * _scatter(daily)
    return Forecast(
        now=float(known[-1]),
        limit=limit,
        per_day=trend,
        at=at,
        earliest=_crossing(last_day + noise, limit, fast, now),
        latest=_crossing(last_day - noise, limit, slow, now) if slow * way > 0 else None,
    )


def _by_hour(last_day: Values, step: timedelta) -> Values:
    """The last day as the medians of its hours, the newest last, so that a single spike does not decide."""
    size = max(1, round(timedelta(hours=1) / step))
    hours = [last_day[max(0, end - size) : end] for end in range(len(last_day), 0, -size)]
    return np.array([np.median(h[~np.isnan(h)]) if (~np.isnan(h)).any() else np.nan for h in reversed(hours)])


def _crossing(last_day: Values, limit: float, trend: float, now: datetime) -> datetime:
    """When the last day, repeated with the trend on top, first reaches the limit."""
    hours_ago = np.arange(len(last_day) - 1, -1, -1) * (24.0 / len(last_day))
    days = np.maximum(1.0, np.ceil((limit - last_day) / trend))
    return now + float(np.nanmin(days - hours_ago / 24.0)) * DAY


def _scatter(daily: Values) -> float:
    """The standard deviation of the differences, from their quartiles."""
    low, high = np.percentile(daily, [25, 75])
    return float(high - low) / 1.349


def _noise(recent: Values, daily: Values) -> float:
    """A trend within the scatter of its own estimate is none."""
    days = max(1.0, len(daily) / max(1, len(recent)) * DAYS_LOOKED_AT)
    return 2.0 * _scatter(daily) / math.sqrt(days)


def _quartiles(daily: Values, recent: Values, day: int, trend: float) -> tuple[float, float]:
    """The slower and the faster trend: the quartiles of the differences, or of the days' own medians if these are
    further apart."""
    medians = []
    for end in range(len(recent), day, -day):
        late, early = recent[max(day, end - day) : end], recent[max(0, end - 2 * day) : end - day]
        differences = late[-len(early) :] - early[-len(late) :]
        differences = differences[~np.isnan(differences)]
        if len(differences):
            medians.append(float(np.median(differences)))
    edges = [*np.percentile(daily, [25, 75]).tolist(), *np.percentile(medians or [trend], [25, 75]).tolist()]
    return (min(edges), max(edges)) if trend > 0 else (max(edges), min(edges))
