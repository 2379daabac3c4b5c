"""Is the story written down so that it goes on after a kill, and do its bad deploys take turns?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.demo.pace import Pace
from bot.demo.story import Journal, Running, Story, first_story

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def _story() -> Story:
    return first_story("ab12", NOON, Pace(), {"web": "r1", "checkout": "r2", "payments": "r3"})


def _rolled_out(story: Story, service: str, version: str, at: datetime) -> Story:
    return story.rolled_out(service, Running(version, at, story.running[service].version, "r"))


def test_the_faults_take_turns_and_no_version_comes_twice() -> None:
    story, seen = _story(), []
    for number in range(7):
        story = story.decide()
        assert story.decided is not None
        service, version = story.decided.service, story.decided.version
        seen.append(f"{service} {version}")
        healthy = story.running[service].version
        story = _rolled_out(story.committed(), service, version, NOON + timedelta(hours=number))
        assert [spell.fault.service for spell in story.spells] == [service]
        story = _rolled_out(story, service, healthy, NOON + timedelta(hours=number, minutes=5))
        assert story.spells == ()
        assert story.healed_at == NOON + timedelta(hours=number, minutes=5)
    assert seen == [
        "checkout 1.4.2",
        "payments 2.7.4",
        "web 5.1.4",
        "checkout 1.4.3",
        "payments 2.7.5",
        "web 5.1.5",
        "checkout 1.4.4",
    ]


def test_a_faulty_version_stays_faulty_whoever_deploys_it_again() -> None:
    story = _story().decide().committed()
    story = _rolled_out(story, "checkout", "1.4.2", NOON)
    story = _rolled_out(story, "checkout", "1.4.1", NOON)
    assert story.has_run("checkout", "1.4.1")
    assert not story.has_run("checkout", "1.4.9")
    assert _rolled_out(story, "checkout", "1.4.9", NOON).spells == ()
    assert [spell.fault.name for spell in _rolled_out(story, "checkout", "1.4.2", NOON).spells] == ["currency"]


def test_a_decision_is_kept_until_it_is_committed() -> None:
    story = _story().decide()
    assert story.decide() == story
    assert story.committed().decide().decided != story.decided


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "story.json")
    assert journal.read() is None
    story = replace(_rolled_out(_story().decide(), "checkout", "1.4.2", NOON), reported=4, healed_at=NOON)
    journal.write(story)
    assert journal.read() == story
    (tmp_path / "story.draft").write_text("{ half")
    assert Journal(tmp_path / "story.json").read() == story
