"""Do the messages say what people need, harmlessly, and would Slack take them?"""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.actions.model import RunState, Verdict
from bot.engine.digest_pages import HealthPage
from bot.engine.pages import Impact, LinePage, PlotPage, SuspectLine
from bot.engine.second_factor import Enrolment
from bot.errors import ConnectorError, InputError, NotFound, Refused, Stale
from bot.incidents.model import IncidentState, Resolution, Suspect
from bot.signals.model import SignalKind
from bot.slack.render import Message, Renderer
from bot.workspace.validate import check_blocks, check_totals, check_view
from handlers.pages import ArrangeForm, CodeForm, DeclareForm, GradeForm, SilenceForm, Unknown, Usage
from tests.templates import pages
from tests.workspace.oracles import TypesSchema, slackblocks_refuses

RENDERER = Renderer()
SERVICES = ("checkout", "web")
CHOICES = (("fingerprint=0123456789abcdef", "problem", pages.HOSTILE), ("service=web", "service", "web"))


def every_message() -> Iterator[tuple[str, Any]]:
    yield "incident", pages.incident_page()
    yield "incident", pages.incident_page(suspects=(), signals=(), offer=None)
    yield "incident", pages.incident_page(incident=pages.incident(declared_by=pages.ANA), link="https://t.example/1")
    yield "incident", pages.recovered_page()
    for resolution in Resolution:
        yield (
            "incident",
            pages.incident_page(incident=replace(pages.recovered(), resolution=resolution, resolved_by=pages.BEN)),
        )
    for kind in SignalKind:
        yield "incident", pages.incident_page(signals=(pages.signal(kind), *[pages.knock_on()] * 6))
    for signal in pages.measured():
        yield "incident", pages.incident_page(signals=(signal,))
        yield "plot", PlotPage(signal, pages.NOW, 60)
    yield "plot", PlotPage(pages.signal(), pages.NOW, 60)
    for state in RunState:
        yield "incident", pages.incident_page(runs=(pages.run(state),))
        yield "run", pages.run_page(state)
    for verdict in Verdict:
        yield "run", pages.run_page(RunState.SUCCEEDED, verdict=verdict)
    yield "digest", pages.digest_page()
    yield "digest", pages.quiet_page()
    yield "digest", pages.weekly_page()
    for part in ("digest_noise", "digest_more"):
        yield part, pages.digest_page(silences=pages.silences_page().silences[:1])
        yield part, pages.quiet_page()
    yield "digest_health", HealthPage(pages.digest_page().health, pages.digest_page().order)
    for changed in ("", "begun", "ended"):
        yield "replies/subscriptions", pages.subscriptions_page(changed)
    yield "replies/subscriptions", pages.subscriptions_page(mine=(), here=())
    yield "replies/help", None
    yield "runbook", pages.runbook_page()
    yield "runbook", replace(pages.runbook_page(), runbook=None)
    yield "runbook", replace(pages.runbook_page(), runbook=replace(pages.runbook(), text="long line\n\n" * 3000))
    yield "incident", pages.incident_page(runbooks=(pages.runbook(),) * 3)
    yield "replies/remedies", pages.remedy_lines()
    yield "replies/remedies", ()
    yield "replies/totp", None
    yield "replies/totp", Enrolment("A" * 32, "otpauth://totp/Tocsin:UANA?secret=" + "A" * 32)
    yield "run", pages.run_page(asked_by="remedy/rerun-orders")
    yield "replies/runbooks", pages.runbooks_page()
    yield "replies/runbooks", replace(pages.runbooks_page(), runbooks=(), problems=())
    yield "replies/runbooks", replace(pages.runbooks_page(), is_set_up=False)
    yield "replies/status", pages.status_page()
    yield "replies/status", replace(pages.status_page(), services=(), active=(), waiting_runs=(), outbox_waiting=0)
    yield "replies/incidents", pages.incidents_page()
    yield "replies/incidents", replace(pages.incidents_page(), active=(), recent=())
    yield "incident", pages.incident_page(similar=pages.similar(), impact=Impact(3, 120.0, 45))
    yield "digest", pages.digest_page(silences=pages.silences_page().silences[:1])
    yield "replies/silenced", pages.silences_page()
    yield "replies/silenced", pages.silences_page(pages.BEGAN)
    yield "replies/silences", pages.silences_page()
    yield "replies/silences", replace(pages.silences_page(), silences=(), windows=())
    yield "replies/why_not", pages.why_not_page()
    nothing: dict[str, Any] = {"incidents": (), "hidden": (), "loose": (), "decisions": (), "maintenance": ()}
    yield "replies/why_not", pages.why_not_page(**nothing)
    yield "replies/why_not", pages.why_not_page(**nothing, lines=0, checked_until=None)
    yield "replies/why_not", pages.why_not_page(**nothing, is_known=False)
    yield "replies/why_run", pages.why_run_page()
    yield "replies/why", pages.why_page()
    yield "replies/why", replace(pages.why_page(), suspects=(), signals=(), decisions=(), timeline=())
    for state in RunState:
        yield "replies/asked", pages.run(state, channel="#incidents")
    for changes in pages.unusual_runs():
        yield "run", pages.run_page(**changes)
    yield "replies/planned", pages.plan_page()
    yield "replies/actions", (pages.plan_page().action,) * 2
    yield "replies/actions", ()
    yield "replies/locks", pages.locks_page()
    yield "replies/locks", replace(pages.locks_page(), locks=(), freezes=())
    yield "replies/stepped", pages.recovered()
    yield "replies/stepped", pages.incident(state=IncidentState.ACKNOWLEDGED)
    yield "replies/declared", pages.incident(channel="C0123456789")
    yield "replies/judged", None
    yield "replies/taught", None
    yield "replies/taught", pages.sensitivity(2.0)
    yield "replies/taught", pages.sensitivity(1.0)
    yield "replies/useful", pages.incident(state=IncidentState.ACKNOWLEDGED)
    quiet = replace(pages.why_page(), quiet_until={pages.signal().fingerprint: pages.NOW}, signals=(pages.signal(),))
    yield "replies/why", quiet
    yield "replies/why", replace(pages.why_page(), taught={pages.signal().fingerprint: 4.0}, signals=(pages.signal(),))
    yield "replies/why", replace(pages.why_page(), signals=tuple(pages.measured()[:5]))
    yield "replies/refused", Refused("own_request")
    yield "replies/stale", Stale("already_acknowledged", by=pages.ANA)
    yield "replies/not_found", NotFound("service", "chekout", known=[f"s{n}" for n in range(30)])
    yield "replies/invalid", InputError("say which version to deploy", place="version")
    yield "replies/failed", ConnectorError("timed out", permanent=False, connector="git")
    yield "replies/error", "a1b2c3"
    yield "replies/unknown", Unknown("/tocsin", "stauts", "status")
    yield "replies/usage", Usage("/model", "rollback recommender")
    for how in (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.REOPENED):
        yield "page", pages.call_page(incident=pages.incident(state=how, acknowledged_by=pages.BEN))
    for resolution in Resolution:
        yield "page", pages.call_page(incident=replace(pages.recovered(), resolution=resolution))
    for signal in pages.measured():
        yield "page", pages.call_page(signals=(signal,))
    yield "page", pages.call_page(signals=())
    yield "replies/oncall", pages.oncall_page()
    yield "replies/oncall", pages.oncall_page(schedules=())
    yield "replies/shifts", pages.shifts_page()
    yield "replies/shifts", pages.shifts_page(shifts=())
    yield "replies/shifts", pages.shifts_page(shifts=pages.shifts_page().shifts * 60, gaps=())
    yield "handover", pages.handover_page()
    yield "handover", pages.handover_page(people=(), until=None)
    yield "line", LinePage({"kind": "acknowledged", "by": pages.ANA}, pages.incident(), None, pages.NOW)


FORMS = [
    ("forms/declare", DeclareForm(SERVICES, "web", "It is slow", "{}")),
    ("forms/declare", DeclareForm((), "", "", "{}")),
    ("forms/silence", SilenceForm(pages.incident(), CHOICES, "{}")),
    ("forms/grade", GradeForm(pages.incident(), "{}")),
    ("forms/code", CodeForm("rollback", pages.HOSTILE, False, "{}")),
    ("forms/code", CodeForm("restart", "web", True, "{}")),
    ("forms/arrange", ArrangeForm(pages.incident(), (pages.recovered(),), SERVICES, "{}")),
    ("forms/arrange", ArrangeForm(pages.incident(), (), (), "{}")),
    ("forms/run", pages.run_form()),
    ("forms/run", pages.run_form(fields=(), is_choice=True)),
]
MESSAGES = list(every_message())
FROM_OUTSIDE = [
    *((name, page) for name, page in MESSAGES if is_dataclass(page)),
    ("replies/refused", Refused("nothing_to_roll_back", service=pages.HOSTILE, version=pages.HOSTILE)),
    ("replies/refused", Refused("connector_missing", connector=pages.HOSTILE, kind=pages.HOSTILE)),
    ("replies/stale", Stale("already_acknowledged", by=pages.HOSTILE)),
    ("replies/not_found", NotFound("service", pages.HOSTILE, known=[pages.HOSTILE])),
    ("replies/invalid", InputError(pages.HOSTILE, place=pages.HOSTILE)),
    ("replies/failed", ConnectorError(pages.HOSTILE, permanent=True, connector=pages.HOSTILE)),
    ("replies/error", pages.HOSTILE),
]


def named(case: tuple[str, Any]) -> str:
    return case[0]


def said(message: Message) -> str:
    return json.dumps([message.text, message.blocks], ensure_ascii=False)


def words(message: Message) -> str:
    """What is read, block by block."""
    return "\n".join(str(block.get("text", {}).get("text", "")) for block in message.blocks)


def buttons(message: Message) -> list[str]:
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return [e["text"]["text"] for row in rows for e in row if e["type"] == "button"]


def poisoned(value: Any, poison: str) -> Any:
    """The same page with `poison` after every text that comes from outside."""
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: poisoned(getattr(value, f.name), poison) for f in fields(value) if f.name not in _OURS}
        return replace(value, **changed)
    if type(value) is str:
        return value + poison if value else value
    if isinstance(value, tuple):
        return tuple(poisoned(item, poison) for item in value)
    return value


_OURS = frozenset(
    {"kind", "severity", "state", "resolution", "verdict", "word", "because", "reason", "severity_reason", "timezone",
     "decisions", "timeline", "id", "key", "offer", "link", "private", "command"}
)  # fmt: skip


@pytest.mark.parametrize("case", MESSAGES, ids=named)
def test_slack_would_take_every_message(case: tuple[str, Any], shared: Path) -> None:
    message = RENDERER.render(*case)
    schema = TypesSchema(shared / "slack" / "slack-types-3.2.0.schema.json")
    made = [dict(block) for block in message.blocks]
    assert check_blocks(made) == []
    assert check_totals(made) is None
    for block in made:
        known = {key: value for key, value in block.items() if key != "expand"}  # slackblocks 3.0 does not know it
        assert slackblocks_refuses(known, "message") is None
        assert schema.refuses(block) is None


@pytest.mark.parametrize("case", FORMS, ids=named)
def test_slack_would_take_every_form(case: tuple[str, Any], shared: Path) -> None:
    view = RENDERER.render_form(*case)
    assert check_view(view) == []
    assert slackblocks_refuses(view, "modal") is None
    assert TypesSchema(shared / "slack" / "slack-types-3.2.0.schema.json").refuses(view) is None


@pytest.mark.parametrize("case", FROM_OUTSIDE, ids=named)
def test_hostile_text_is_shown_harmlessly_everywhere(case: tuple[str, Any]) -> None:
    name, page = case
    message = RENDERER.render(name, poisoned(page, pages.HOSTILE))
    assert check_blocks([dict(block) for block in message.blocks]) == []
    for text in (message.text, words(message)):
        assert "<!channel>" not in text
        assert "<https://evil" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\x00" not in text
        assert text.count("```") % 2 == 0


@pytest.mark.parametrize("case", FROM_OUTSIDE, ids=named)
def test_lines_of_a_megabyte_stop_nothing(case: tuple[str, Any]) -> None:
    name, page = case
    message = RENDERER.render(name, poisoned(page, "`x<" * 300_000))
    assert check_blocks([dict(block) for block in message.blocks]) == []
    assert len(message.text) <= 4_000
    assert sum(len(json.dumps(block)) for block in message.blocks) < 40_000


def test_a_woken_person_reads_what_since_when_why_and_what_to_press() -> None:
    message = RENDERER.render("incident", pages.incident_page())
    assert message.text == (
        "INC-3 Critical · checkout: a new log line, 84 a minute. "
        "First suspect: checkout 1.4.2 deployed 1 min before by ana (likely)."
    )
    first, *_ = words(message).split("\n")
    assert first == "🔴 *Critical · checkout: a new log line, 84 a minute*"
    assert "`Payment declined for order &lt;*&gt;: currency &lt;*&gt; is not supported`" in words(message)
    assert " · never seen in 41 days, the first since `1.4.2` · 92 % have `currency=JPY`" in words(message)
    assert words(message).count("currency JPY is not supported") == 3
    assert "*First suspect:* `checkout 1.4.2` deployed 1 min before by ana – likely" in words(message)
    assert "payments 2.0.1" not in words(message)  # merely near in time, while another is likely
    assert "nobody has acknowledged it yet" in said(message)
    assert buttons(message) == ["Roll back checkout", "Acknowledge", "Why?"]
    assert len(message.blocks) <= 6


def test_a_service_it_depends_on_that_was_in_trouble_earlier_is_named() -> None:
    because = (("depends_on", "payments"), ("minutes_earlier", "3.0"))
    upstream = SuspectLine(Suspect("service", "payments", "payments", 0.0, because), None, "nearby")
    message = RENDERER.render("incident", pages.incident_page(suspects=(upstream,)))
    assert "Upstream: `payments` was in trouble 3 min earlier" in words(message)


def test_facts_that_are_not_known_are_left_out() -> None:
    bare = replace(pages.signal().evidence, rate_before=None, rate_now=None, dominant=None, examples=(), template="")
    page = pages.incident_page(signals=(pages.signal(evidence=bare),), suspects=(), offer=None)
    message = RENDERER.render("incident", page)
    assert "None" not in said(message)
    assert "uspect" not in said(message)
    assert "```" not in said(message)
    assert buttons(message) == ["Acknowledge", "Why?"]


def test_an_acknowledged_incident_says_who_and_offers_to_resolve() -> None:
    incident = pages.incident().acknowledge(pages.ANA, pages.NOW)
    message = RENDERER.render("incident", pages.incident_page(incident=incident))
    assert "<@UANA> is on it" in said(message)
    assert buttons(message) == ["Roll back checkout", "Update …", "Resolve"]


def test_while_a_rollback_waits_no_second_one_is_offered() -> None:
    message = RENDERER.render("incident", pages.incident_page(runs=(pages.run(),)))
    assert "Roll back checkout `1.4.2` → `1.4.1`: waits for another person’s yes" in words(message)
    assert buttons(message) == ["Acknowledge", "Why?"]


def test_a_recovered_incident_is_calm_and_says_what_helped() -> None:
    message = RENDERER.render("incident", pages.recovered_page())
    assert words(message).startswith("✅ *checkout has recovered after 6 min*")
    assert "Rolling back checkout `1.4.2` → `1.4.1` helped: asked by <@UANA>, approved by <@UBEN>." in words(message)
    assert "🔴" not in said(message)
    assert buttons(message) == ["Why?", "Open again", "Draft the review"]


def test_a_plan_shows_what_people_say_yes_to() -> None:
    message = RENDERER.render("run", pages.run_page())
    assert "*Roll back checkout* `1.4.2` → `1.4.1` *?*" in words(message)
    assert "-  tag: 1.4.2\n+  tag: 1.4.1" in words(message)
    assert "Another person has to say yes until" in words(message)
    assert buttons(message) == ["Approve", "Cancel"]
    offered = {RunState.RUNNING: ["Stop"], RunState.FAILED: ["Plan it again"], RunState.EXPIRED: ["Plan it again"]}
    for state in (RunState.RUNNING, RunState.VERIFYING, *(s for s in RunState if s.is_over)):
        assert buttons(RENDERER.render("run", pages.run_page(state))) == offered.get(state, [])
    worse = RENDERER.render("run", pages.run_page(RunState.SUCCEEDED, verdict=Verdict.WORSE))
    assert buttons(worse) == ["Go back to 1.4.2"]


def test_a_quiet_day_is_one_line() -> None:
    message = RENDERER.render("digest", pages.quiet_page())
    assert len(message.blocks) == 1
    assert "\n" not in words(message)
    assert message.text.startswith("Nothing to do. ")


def test_no_message_has_more_than_three_buttons() -> None:
    for name, page in MESSAGES:
        assert len(buttons(RENDERER.render(name, page))) <= 3, name


def test_an_incident_reads_well_on_a_terminal() -> None:
    text = RENDERER.render_text("text/incident", poisoned(pages.recovered_page(), "\x1b[2J\x00"))
    assert "\x1b" not in text
    assert "\x00" not in text
    plain = RENDERER.render_text("text/incident", pages.recovered_page()).split("\n")
    assert plain[0] == "2026-11-20 02:59:05 UTC  CRITICAL  checkout: a new log line, 84 a minute  (INC-3)"
    assert "  first suspect: checkout 1.4.2 deployed 1 min before by ana – likely" in plain
    assert plain[-1] == "  recovered 2026-11-20 03:05:05 UTC, after 6 min"
