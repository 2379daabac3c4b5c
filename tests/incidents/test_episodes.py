"""What is back after it was over: the same again, or something else?"""

from dataclasses import replace

from bot.incidents.episodes import (
    MOMENT,
    OVER_AFTER,
    Episode,
    episode_of,
    is_elsewhere,
    is_over,
    of_episode,
    seen_at,
    to_rank,
)
from bot.incidents.model import TimelineEntry
from bot.incidents.roots import roots_of
from bot.signals.model import SignalKind
from tests.incidents.signals import GRAPH, minute, opened, signal


def test_three_quiet_windows_end_an_episode_and_two_do_not() -> None:
    incident = opened(1, signal("web", 0), last=4).incident
    assert is_over(incident, minute(4) + OVER_AFTER)
    assert not is_over(incident, minute(6))


def test_the_last_return_in_the_timeline_begins_the_episode() -> None:
    incident = opened(1, signal("web", 1), last=4).incident
    first = episode_of(incident, [TimelineEntry(minute(1), "opened")])
    assert (first.began_at, first.before) == (incident.began_at, "")
    facts = (("before", "web"), ("began_at", minute(9).isoformat()))
    timeline = [TimelineEntry(minute(1), "opened"), TimelineEntry(minute(10), "again", facts=facts)]
    again = episode_of(incident, timeline)
    assert (again.began_at, again.noticed_at, again.before) == (minute(9), minute(10), "web")


def test_suspects_are_ranked_on_what_is_seen_in_the_episode() -> None:
    old, new = signal("payments", 1), signal("checkout", 10)
    lasting = replace(signal("web", 2), last_at=minute(11))
    assert of_episode([old, lasting, new], Episode(minute(9), minute(10))) == [lasting, new]
    assert of_episode([old], Episode(minute(9), minute(10))) == [old]


def test_one_service_alone_that_is_back_does_not_outweigh_what_all_showed() -> None:
    old, new = [signal("payments", 1), signal("checkout", 1)], signal("web", 10)
    assert to_rank([*old, new], Episode(minute(9), minute(10))) == [*old, new]
    both = [new, signal("search", 10)]
    assert to_rank([*old, *both], Episode(minute(9), minute(10))) == both


def test_it_is_elsewhere_when_the_old_origin_shows_nothing() -> None:
    seen = [signal("search", 10), signal("web", 10)]
    episode = Episode(minute(10), minute(10), before="payments")
    assert is_elsewhere(seen, episode, roots_of(seen, GRAPH))
    both = [*seen, signal("payments", 10)]
    assert not is_elsewhere(both, episode, roots_of(both, GRAPH))
    assert not is_elsewhere(seen, Episode(minute(10), minute(10)), roots_of(seen, GRAPH))


def test_a_record_says_something_for_some_minutes_and_a_limit_as_long_as_it_is_passed() -> None:
    record = signal("web", 0, kind=SignalKind.SERIES)
    assert seen_at(record, minute(15)) == minute(0) + MOMENT
    assert seen_at(replace(record, attributes={"limit": "75"}), minute(15)) == minute(15)
