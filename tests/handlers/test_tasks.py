"""What is to be done about an incident: added, done, undone and given, and still there when the incident is over."""

import threading
from pathlib import Path

import pytest

from bot.errors import InputError, Stale
from bot.incidents.life import Task
from bot.signals.severity import Severity
from tests.scenarios.world import ANA, BEN, World
from tests.slack.stage import Stage


def tasks(stage: Stage, number: int = 1) -> list[Task]:
    return list(stage.engine.reading.incident(number).life.tasks)


async def test_tasks_are_one_message_in_the_thread_that_is_kept_up_to_date(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    stage.declare()
    place = ana.in_("#incidents")
    await place.types("/incident task Call the card <network> @ben")
    await place.expects_ephemeral("Call the card &lt;network&gt;")
    card = place.message("Checkout refuses")
    await card.expects_thread_reply("1 open task")
    await ben.in_("@tocsin").expects_message("has a task for you in INC-1: Call the card &lt;network&gt;")
    await place.types("/incident INC-1 follow-up Write the test that was missing")
    await card.expects_thread_reply("1 open task, 1 for afterwards")
    thread = await (ben.in_("#incidents").message("Checkout refuses")).thread()
    await thread.message("1 open task").press("Done")
    await card.expects_thread_reply("0 open tasks, 1 for afterwards, 1 done")
    await thread.message("1 done").press("Undo")
    await card.expects_thread_reply("1 open task, 1 for afterwards.")
    await card.expects("2 open tasks")
    assert [m["text"] for m in await stage.thread((await stage.channel())[0]["ts"])] == [
        "INC-1: 1 open task, 1 for afterwards."
    ]
    kinds = [entry.kind for entry in stage.engine.reading.incident(1).timeline]
    assert kinds == ["declared", "task_added", "follow_up_added", "task_done", "task_undone"]


async def test_a_task_from_its_form_and_a_second_click_on_done(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    stage.declare()
    card = ana.in_("#incidents").message("Checkout refuses")
    await card.press("Acknowledge")
    await card.press("Add a task …")
    await ana.form().fill(text="Roll back", owner="ana", when="Now").submit()
    await card.expects_thread_reply("1 open task")
    (task,) = tasks(stage)
    assert (task.owner, task.is_follow_up) == (stage.person("ana").key, False)
    given = stage.engine.tasks.add(1, "Call them", stage.person("ana"), owner=stage.person("ben"))
    await stage.people.as_("ben").in_("@tocsin").message("Call them").press("Done")
    await card.expects_thread_reply("1 open task, 1 done")
    assert {task.id: task.is_done for task in tasks(stage)} == {task.id: False, given.id: True}
    stage.engine.tasks.finish(task.id, stage.person("ben"))
    with pytest.raises(Stale):
        stage.engine.tasks.finish(task.id, stage.person("ana"))


async def test_what_is_mine_waits_on_my_home_also_when_the_incident_is_over(stage: Stage) -> None:
    incident = stage.declare()
    stage.engine.tasks.add(
        incident.id, "Write the test", stage.person("ana"), owner=stage.person("ben"), is_follow_up=True
    )
    stage.engine.incidents.resolve(incident.id, stage.person("ana"))
    home = stage.people.as_("ben").home()
    await home.expects("Your tasks")
    await home.expects("Write the test")
    await home.expects("for afterwards")
    await home.press("Done")
    await home.expects("Nothing is open")
    assert [task.done_by for task in tasks(stage)] == [stage.person("ben").key]
    await stage.people.as_("ana").home().expects("Nothing is open")


async def test_a_task_can_still_be_added_and_done_afterwards(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    incident = stage.declare()
    stage.engine.incidents.resolve(incident.id, stage.person("ana"))
    await ana.types("/incident INC-1 task Clean up @me")
    await ana.message("checkout is resolved").expects_thread_reply("1 open task")
    assert [task.owner for task in tasks(stage)] == [stage.person("ana").key]


# -- the engine alone


def test_merging_takes_the_open_tasks_along() -> None:
    world = World(services={})
    one = world.engine.incidents.declare(ANA, "checkout", "cards are refused", Severity.CRITICAL)
    other = world.engine.incidents.declare(ANA, "web", "slow", Severity.MAJOR)
    done = world.engine.tasks.add(other.id, "Look", ANA)
    world.engine.tasks.finish(done.id, ANA)
    world.engine.tasks.add(other.id, "Restart", ANA, owner=BEN)
    world.engine.incidents.merge(other.id, one.id, ANA)
    assert [task.text for task in world.engine.reading.incident(one.id).life.tasks] == ["Restart"]
    with pytest.raises(Stale):
        world.engine.tasks.add(other.id, "More", ANA)


def test_two_people_who_press_done_at_once_do_it_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tocsin.db"
    worlds = [World(services={}, database_url=url) for _ in range(2)]
    incident = worlds[0].engine.incidents.declare(ANA, "checkout", "cards are refused", Severity.CRITICAL)
    task = worlds[0].engine.tasks.add(incident.id, "Restart", ANA)
    start, refused = threading.Barrier(2), list[Stale]()

    def press(world: World) -> None:
        start.wait(10)
        try:
            world.engine.tasks.finish(task.id, BEN)
        except Stale as error:
            refused.append(error)

    threads = [threading.Thread(target=press, args=(world,)) for world in worlds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [error.reason for error in refused] == ["task_done"]
    assert worlds[0].timeline(incident).count("task_done") == 1


def test_a_task_needs_words_and_there_is_a_limit() -> None:
    world = World(services={})
    incident = world.engine.incidents.declare(ANA, "checkout", "cards are refused", Severity.CRITICAL)
    with pytest.raises(InputError, match="a few words"):
        world.engine.tasks.add(incident.id, "\0 ", ANA)
    for number in range(100):
        world.engine.tasks.add(incident.id, f"Task {number}", ANA)
    with pytest.raises(InputError, match="at most 100"):
        world.engine.tasks.add(incident.id, "One more", ANA)
