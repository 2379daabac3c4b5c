"""Who does what in an incident? Taken, given and handed over in Slack, each door with the same effect."""

from tests.slack.stage import Stage


def roles(stage: Stage, number: int = 1) -> dict[str, str]:
    """Role → the handle of whoever has it."""
    handles = {user: name for name, user in stage.workspace.users.items()}
    return {
        role.name: handles[role.person.partition("/")[2]] for role in stage.engine.reading.incident(number).life.roles
    }


def at(stage: Stage, name: str) -> str:
    """A mention, as it stands in a message."""
    return f"<@{stage.workspace.users[name]}>"


async def test_whoever_acknowledges_leads_and_i_lead_takes_it_over(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    stage.declare()
    card = ana.message("Checkout refuses")
    await card.press("Acknowledge")
    await card.expects_thread_reply("is on it.")
    assert roles(stage) == {"commander": "ana"}
    await ben.types("/incident lead")
    await ben.expects_ephemeral(f"commander {at(stage, 'ben')}")
    await card.expects_thread_reply("is commander now, in place of")
    await card.expects(f"{at(stage, 'ben')} leads")
    assert roles(stage) == {"commander": "ben"}
    assert stage.engine.reading.incident(1).incident.acknowledged_by == stage.person("ana").key


async def test_to_lead_what_nobody_acknowledged_acknowledges_it(stage: Stage) -> None:
    ben = stage.people.as_("ben").in_("#incidents")
    stage.declare()
    await ben.types("/incident lead INC-1")
    await ben.message("Checkout refuses").expects_thread_reply("is on it.")
    shown = stage.engine.reading.incident(1)
    assert shown.incident.acknowledged_by == stage.person("ben").key
    assert [entry.kind for entry in shown.timeline] == ["declared", "acknowledged"]


async def test_a_role_is_given_by_name_and_the_person_hears_of_it(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben")
    stage.declare()
    await ana.types("/incident role scribe @ben")
    await ana.expects_ephemeral(f"scribe {at(stage, 'ben')}")
    await ben.in_("@tocsin").expects_message("made you scribe of INC-1")
    await ana.message("Checkout refuses").expects(f"scribe: {at(stage, 'ben')}")
    await ana.types("/incident role scribe @ben")
    await ana.expects_ephemeral("is scribe already")
    await ana.types("/incident role scribe nobody")
    await ana.message("Checkout refuses").expects_thread_reply("says that nobody is scribe now")
    assert roles(stage) == {}


async def test_handing_over_asks_for_the_state_of_things_and_tells_it_twice(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    stage.declare()
    await ana.in_("#incidents").types("/incident lead")
    await ana.in_("#incidents").types("/incident handover @ben")
    await ana.form().expects("Where do things stand?")
    await ana.form().fill(words="Rolled back <1.4.2>; watching the error rate").submit()
    card = ana.in_("#incidents").message("Checkout refuses")
    await card.expects_thread_reply(f"hands over to {at(stage, 'ben')}")
    await card.expects_thread_reply("Rolled back &lt;1.4.2&gt;; watching the error rate")
    await ben.in_("@tocsin").expects_message("hands INC-1 over to you: you are commander now")
    await ben.in_("@tocsin").expects_message("watching the error rate")
    await card.expects(f"{at(stage, 'ben')} leads")
    assert roles(stage) == {"commander": "ben"}


async def test_the_form_changes_only_what_was_changed_in_it(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    stage.declare()
    card = ana.in_("#incidents").message("Checkout refuses")
    await card.press("Acknowledge")
    await card.press("Who does what? …")
    await ana.form().expects("Who does what?")
    await ben.in_("#incidents").types("/incident lead")  # meanwhile
    await ana.form().fill(role_scribe="ana").submit()
    await card.expects_thread_reply("is scribe now")
    assert roles(stage) == {"commander": "ben", "scribe": "ana"}


async def test_a_deactivated_person_and_a_bot_get_no_role(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    stage.declare()
    team = stage.workspace.core.team
    ben = stage.workspace.users["ben"]
    team.users.put(ben, {**team.user(ben), "deleted": True})
    await ana.types("/incident lead @ben")
    await ana.expects_ephemeral("cannot have a role here")
    await ana.types("/incident role scribe @tocsin")
    await ana.expects_ephemeral("cannot have a role here")
    await ana.types("/incident lead @nobody-here")
    await ana.expects_ephemeral("choose the person from the list")
    await ana.types("/incident role stenographer @ana")
    await ana.expects_ephemeral("There is no role called")
    assert roles(stage) == {}


async def test_of_several_incidents_it_asks_which(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#random")
    await ana.types("/incident lead")
    await ana.expects_ephemeral("No incident is open")
    stage.declare()
    stage.declare("Search is empty", "search")
    await ana.types("/incident lead")
    await ana.expects_ephemeral("Which one? Say `/incident lead INC-1 …`")
    await ana.types("/incident INC-2 lead")
    await ana.expects_ephemeral(f"INC-2 (search): commander {at(stage, 'ana')}")
    assert (roles(stage, 1), roles(stage, 2)) == ({}, {"commander": "ana"})


async def test_a_reopened_incident_begins_anew(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    stage.declare()
    await ana.message("Checkout refuses").press("Acknowledge")
    await ana.message("Checkout refuses").press("Resolve")
    await ana.message("checkout is resolved").press("Open again")
    await ben.message("Checkout refuses").expects("nobody has acknowledged it yet")
    assert roles(stage) == {}
    await ben.message("Checkout refuses").press("Acknowledge")
    await ben.message("Checkout refuses").expects(f"{at(stage, 'ben')} is on it")
    assert roles(stage) == {"commander": "ben"}
