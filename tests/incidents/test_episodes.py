"""What is back after it was over: the same again, or something else?"""

from dataclasses import replace

from bot.incidents.episodes import (
    MOMENT,
    OVER_AFTER,
    Episode,
    Lines,
    episode_of,
    is_elsewhere,
    is_over,
    lines_of,
    of_episode,
    seen_at,
    to_rank,
)
from bot.incidents.model import TimelineEntry
from bot.incidents.roots import roots_of
from bot.signals.model import Signal, SignalKind
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


def test_what_was_over_long_before_one_service_is_back_is_not_ranked_any_more() -> None:
    old, recent, new = signal("payments", 1), signal("checkout", 50), signal("web", 62)
    assert to_rank([old, recent, new], Episode(minute(61), minute(62))) == [recent, new]


def test_it_is_elsewhere_when_the_old_origin_shows_nothing() -> None:
    seen = [signal("search", 10), signal("web", 10)]
    episode = Episode(minute(10), minute(10), before="payments")
    assert is_elsewhere(seen, episode, roots_of(seen, GRAPH))
    both = [*seen, signal("payments", 10)]
    assert not is_elsewhere(both, episode, roots_of(both, GRAPH))
    assert not is_elsewhere(seen, Episode(minute(10), minute(10)), roots_of(seen, GRAPH))


def told_by(known: list[Signal], seen: list[Signal]) -> Lines:
    """`known` were seen at first, `seen` in the episode that began at ten past; ids as the store gives them."""
    numbered = [replace(s, id=number) for number, s in enumerate([*known, *seen], 1)]
    return lines_of(numbered, Episode(minute(10), minute(10), known_to=len(known)), GRAPH.services)


def test_a_problem_is_told_by_its_own_lines_and_not_by_alerts_or_complaints() -> None:
    disk, column = signal("payments", 1, name="disk full"), signal("payments", 10, name="no column")
    alert, complaint = signal("payments", 10, kind=SignalKind.ALERT), signal("web", 10, name="no answer from payments")
    assert told_by([disk], [column, alert, complaint]) is Lines.OTHERS
    assert told_by([disk], [column, replace(disk, at=minute(10))]) is Lines.BACK
    assert told_by([replace(disk, last_at=minute(11))], [alert]) is Lines.BACK
    assert told_by([disk], [alert, complaint]) is Lines.NONE
    assert told_by([replace(complaint, at=minute(1)), replace(alert, at=minute(1))], [column]) is Lines.UNKNOWN


def test_services_that_fell_silent_are_told_apart_by_that() -> None:
    batch, silent = signal("payments", 1, name="bad row"), signal("database", 10, kind=SignalKind.RATE_DOWN)
    assert told_by([batch], [silent]) is Lines.OTHERS


def test_a_record_says_something_for_some_minutes_and_a_limit_as_long_as_it_is_passed() -> None:
    record = signal("web", 0, kind=SignalKind.SERIES)
    assert seen_at(record, minute(15)) == minute(0) + MOMENT
    assert seen_at(replace(record, attributes={"limit": "75"}), minute(15)) == minute(15)
