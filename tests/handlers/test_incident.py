"""What can people do with an incident in Slack? Pressed and typed for real, in the local workspace."""

from tests.slack.stage import Stage


async def test_a_declared_incident_is_acknowledged_and_resolved_by_its_buttons(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    await ana.in_("#incidents").types("/incident every card is refused")
    await ana.form().fill(service="checkout", severity="Critical").submit()
    await ana.in_("#incidents").expects_ephemeral("Declared as INC-1")
    await ben.in_("#incidents").message("Critical · checkout: every card is refused").press("Acknowledge")
    await ben.in_("#incidents").message("every card is refused").expects("is on it")
    await ben.in_("#incidents").message("every card is refused").press("Resolve")
    card = ben.in_("#incidents").message("checkout is resolved")
    await card.expects("resolved it")
    await card.expects_thread_reply("is on it")
    assert len(await stage.channel()) == 1


async def test_a_second_click_is_told_politely_and_changes_nothing(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    incident = stage.declare()
    before = await ana.in_("#incidents").message("Checkout refuses").press("Acknowledge")
    assert before["ok"]
    await ana.in_("#incidents").message("Checkout refuses").expects("is on it")
    await ben.in_("#incidents").types(f"/incident {incident.key} acknowledge")
    await ben.in_("#incidents").expects_ephemeral("is on it already")
    assert stage.engine.reading.incident(incident.id).incident.acknowledged_by == stage.person("ana").key


async def test_the_menu_behind_the_buttons_says_that_it_is_not_a_problem(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    stage.declare()
    await ana.in_("#incidents").message("Checkout refuses").press("Not a problem")
    await ana.in_("#incidents").message("Not a problem · checkout").press("Open again")
    await ana.in_("#incidents").message("Critical · checkout").expects("open again since")


async def test_of_what_is_over_people_say_that_it_was_useful_and_add_what_is_left_to_do(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    stage.declare()
    stage.engine.incidents.resolve(1, stage.person("ana"))
    over = ana.message("checkout is resolved")
    await over.press("Useful: keep telling it")
    await ana.expects_ephemeral("INC-1")
    with stage.engine.store.read() as tx:
        assert "incident.useful" in {entry.what for entry in tx.records.audit_of("INC-1")}
    await over.press("Add a task …")
    await stage.people.as_("ana").form().fill(text="Write the test that was missing").submit()
    await ana.message("checkout is resolved").expects_thread_reply("Write the test that was missing")


async def test_why_answers_only_the_one_who_asks(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    stage.declare()
    await ana.in_("#incidents").message("Checkout refuses").press("Why?")
    await ana.in_("#incidents").expects_ephemeral("Why INC-1")
    await ben.in_("#incidents").expects_nothing("Why INC-1")


async def test_an_incident_is_shown_and_steps_are_typed(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#random")
    stage.declare()
    await ana.types("/incident inc-1")
    await ana.expects_ephemeral("Checkout refuses every card")
    await ana.types("/incident INC-1 resolve the card network is back")
    await ana.expects_ephemeral("INC-1 (checkout) is resolved by hand now")
    await (
        stage.people.as_("ana")
        .in_("#incidents")
        .message("checkout is resolved")
        .expects_thread_reply("the card network is back")
    )
    await ana.types("/incident INC-1 resovle")
    await ana.expects_ephemeral("Did you mean `/incident INC-1 resolve`?")
    await ana.types("/incident INC-77")
    await ana.expects_ephemeral("There is no incident called")


async def test_a_message_shortcut_declares_with_the_words_of_the_message(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    await ana.in_("#random").types("checkout <is> down & out\nsince noon")
    await ana.in_("#random").message("down & out").uses_shortcut("declare_incident_from_message")
    await ana.form().fill(service="checkout").submit()
    await ana.in_("#random").expects_ephemeral("Declared as INC-1")
    await ana.in_("#incidents").expects_message("checkout &lt;is&gt; down &amp; out")


async def test_a_global_shortcut_answers_in_direct_messages(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    await ana.uses_shortcut("declare_incident")
    await ana.form().fill(title="All red", service="web").submit()
    await ana.in_("@tocsin").expects_message("Declared as INC-1")


async def test_the_review_is_drafted_into_the_thread_as_a_file(stage: Stage) -> None:
    incident = stage.declare()
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.message("Checkout refuses every card").press("Acknowledge")
    await ana.message("is on it").press("Resolve")
    await ana.message("is resolved").press("Draft the review")
    await ana.message("is resolved").expects_thread_reply("A draft of the review of INC-1")
    root = stage.posted(f"incident:{incident.id}")
    assert root is not None
    (file,) = [f for message in await stage.thread(root.ts) for f in message.get("files") or ()]
    assert file["name"].endswith(".md")


async def test_what_is_no_problem_needs_no_review(stage: Stage) -> None:
    stage.declare()
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/incident INC-1 not-a-problem")
    await ana.message("Not a problem").found()
    (root,) = await stage.channel()
    assert "Draft the review" not in str(root["blocks"])
