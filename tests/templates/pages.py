"""Pages as the engine gives them: one story, told once for every template's test."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.actions.fitting import Fitting
from bot.actions.locks import Freeze, Lock
from bot.actions.model import (
    Action,
    ActionKind,
    Done,
    Plan,
    Progress,
    Run,
    RunState,
    Started,
    StepRecord,
    Verdict,
)
from bot.actions.parameters import Parameter, ParameterType
from bot.actions.remedies import Doing, Mode, Remedy
from bot.actions.runbooks import Runbook
from bot.changes.model import Change, ChangeKind
from bot.digests.health import Health, HealthTable, Trouble
from bot.digests.model import Order, Subscription
from bot.digests.rhythm import DigestSlot, Every, Rhythm
from bot.digests.todo import todos
from bot.engine.digest_pages import Amounts, DigestPage, NoisyDetector, ServiceNews, SubscriptionsPage, TemplateLine
from bot.engine.pages import (
    ActionOffer,
    CallPage,
    HandoverPage,
    IncidentPage,
    IncidentsPage,
    OncallLine,
    OncallPage,
    RemedyLine,
    RunbookPage,
    RunbooksPage,
    RunbookStep,
    RunPage,
    ServiceLine,
    ShiftsPage,
    SilencesPage,
    SilenceView,
    SimilarLine,
    StatusPage,
    SuspectLine,
    WhyNotPage,
    WhyPage,
    WhyRunPage,
)
from bot.engine.ports import AuditEntry, Decision, Raised, Sensitivity
from bot.incidents.delivery import Delivery
from bot.incidents.measures import Measures
from bot.incidents.model import Incident, IncidentState, Resolution, Suspect, TimelineEntry
from bot.oncall.escalation import Page, PageState, Reach
from bot.oncall.model import Override, Shift
from bot.signals.model import Dominant, Evidence, Measure, Measured, Rarity, Signal, SignalKind
from bot.signals.severity import Severity
from bot.silences.model import Copy, Hidden, MaintenanceWindow, Matcher, Silence, Untold
from handlers.pages import ActionChoice, LocksPage, PlanPage, RunField, RunForm

BEGAN = datetime(2026, 11, 20, 2, 58, tzinfo=UTC)
OPENED = BEGAN + timedelta(minutes=1, seconds=5)
NOW = OPENED + timedelta(minutes=4)
ANA, BEN = "T1/UANA", "T1/UBEN"
TEMPLATE = "Payment declined for order <*>: currency <*> is not supported"
EXAMPLES = tuple(f"Payment declined for order {n}: currency JPY is not supported" for n in (81231, 81240, 81244))
HOSTILE = "<!channel> `x` ```y``` {{7*7}} \x00\x1b[31mred\x1b[0m \u202egnp.exe <https://evil|login> & <@U1> "


def signal(kind: SignalKind = SignalKind.NEW_TEMPLATE, **changes: object) -> Signal:
    evidence = Evidence(
        template_id="t1",
        template=TEMPLATE,
        examples=EXAMPLES,
        rate_before=0.0,
        rate_now=84.0,
        baseline_low=0.0,
        baseline_high=0.2,
        score=9.31,
        threshold=3.0,
        history_windows=180,
        dominant=Dominant("currency", "JPY", 0.92),
        rarity=Rarity(known_s=41 * 86_400, since="1.4.2"),
    )
    made = Signal("f1", kind, "checkout", Severity.CRITICAL, BEGAN, OPENED, TEMPLATE, evidence)
    return replace(made, **changes)  # type: ignore[arg-type]


def knock_on() -> Signal:
    evidence = Evidence("t2", "upstream checkout answered <*>", (), rate_before=2.0, rate_now=41.0)
    return Signal("f2", SignalKind.RATE_UP, "web", Severity.MINOR, BEGAN, OPENED, evidence.template, evidence)


def change(**changes: object) -> Change:
    at = BEGAN - timedelta(minutes=1)
    made = Change("c1", ChangeKind.DEPLOY, "checkout", at, "1.4.2", "1.4.1", by="ana", id=5)
    return replace(made, **changes)  # type: ignore[arg-type]


def suspects() -> tuple[SuspectLine, ...]:
    because = (("minutes_before", "1.0"), ("same_service", "checkout"), ("new_template_after", "checkout"))
    older = change(id=6, service="payments", version="2.0.1", kind=ChangeKind.CONFIG, at=BEGAN - timedelta(minutes=40))
    far = (("minutes_before", "40.0"), ("depends_on", "payments"))
    return (
        SuspectLine(Suspect("change", "5", "checkout 1.4.2", 0.93, because), change(), "likely"),
        SuspectLine(Suspect("change", "6", "payments 2.0.1", 0.03, far), older, "nearby"),
    )


def incident(**changes: object) -> Incident:
    made = Incident("checkout", TEMPLATE, Severity.CRITICAL, BEGAN, OPENED, OPENED, severity_reason="severe", id=3)
    return replace(made, **changes)  # type: ignore[arg-type]


def recovered() -> Incident:
    return incident(
        state=IncidentState.RESOLVED,
        resolution=Resolution.RECOVERED,
        acknowledged_by=ANA,
        acknowledged_at=OPENED + timedelta(minutes=2),
        resolved_at=OPENED + timedelta(minutes=6),
    )


DIFF = """--- a/apps/checkout.yaml
+++ b/apps/checkout.yaml
@@ -3,5 +3,5 @@
 image:
   repository: shop/checkout
-  tag: 1.4.2
+  tag: 1.4.1
"""


def run(state: RunState = RunState.ASKED, **changes: object) -> Run:
    commands = ("git commit -m 'Roll back checkout from 1.4.2 to 1.4.1' apps/checkout.yaml", "git push origin main")
    plan = Plan("checkout 1.4.2 → 1.4.1", "1.4.2", "1.4.1", DIFF, "abc", commands)
    until = NOW + timedelta(minutes=30)
    made = Run("rollback-checkout", ActionKind.ROLLBACK, "checkout", {}, plan, ANA, NOW, until, "h")
    made = replace(made, state=state, incident=3, id=7)
    if state is not RunState.ASKED:
        made = replace(made, approved_by=(BEN,), approved_at=NOW)
    if state not in (RunState.ASKED, RunState.APPROVED):
        made = replace(made, started_at=NOW + timedelta(seconds=5))
    if state in (RunState.VERIFYING, RunState.SUCCEEDED):
        made = replace(made, result="commit 3f2a1b9 on main", verify_until=NOW + timedelta(minutes=5))
    if state.is_over:
        made = replace(made, finished_at=NOW + timedelta(minutes=3))
    if state is RunState.SUCCEEDED:
        made = replace(made, verdict=Verdict.RECOVERED)
    if state is RunState.FAILED:
        made = replace(made, error="git: the remote refused the push (protected branch)")
    if state is RunState.CANCELLED:
        made = replace(made, cancelled_by=ANA)
    return replace(made, **changes)  # type: ignore[arg-type]


def unusual_runs() -> list[dict[str, Any]]:
    """What further changes a run's card: several steps, progress, a stop, a broken glass, an offer to undo."""
    plan = run().plan
    done = Done("1.4.1", "1.4.2", "abc", "committed")
    going = Started("r1", "started", "https://airflow.example.org/dags/x")
    steps = (
        StepRecord(ActionKind.ROLLBACK, "shop", plan, True, None, done),
        StepRecord(ActionKind.RERUN, "airflow", plan, True, going),
    )
    progress = Progress(3, 7, "running", HOSTILE + "\nTraceback\nRuntimeError: locked")
    return [
        {"state": RunState.RUNNING, "steps": steps, "progress": progress},
        {"state": RunState.RUNNING, "steps": steps, "cancelled_by": ANA},
        {"state": RunState.FAILED, "steps": steps, "progress": progress},
        {"state": RunState.CANCELLED, "steps": steps, "started_at": NOW},
        {"state": RunState.APPROVED, "break_glass": HOSTILE, "approved_by": ()},
        {"state": RunState.ASKED, "note": HOSTILE, "environment": "staging"},
        {"state": RunState.SUCCEEDED, "verdict": Verdict.WORSE},
    ]


def plan_page() -> PlanPage:
    parameters = (Parameter("version", required=True), Parameter("token", fixed="x", secret=True))
    action = Action("deploy-checkout", ActionKind.DEPLOY, "checkout", "shop", parameters=parameters)
    return PlanPage(action, run().plan)


def locks_page() -> LocksPage:
    until = NOW + timedelta(hours=1)
    locks = (Lock("production", ANA, "audit " + HOSTILE, OPENED, until, 3), Lock("staging", BEN, "", OPENED, None, 4))
    return LocksPage(locks, (Freeze("year-end", ("production",), "quiet " + HOSTILE, ends=until),), NOW)


def runbook() -> Runbook:
    text = f"Look at `pods`, {HOSTILE}\n\n## Then\n\n- one\n- two {HOSTILE}\n\n> {HOSTILE}\n\n```\n{HOSTILE}\n```"
    return Runbook("pay/cards", "Cards are refused " + HOSTILE, Fitting(services=("checkout",)), (), text)


def runbook_page() -> RunbookPage:
    steps = (RunbookStep(0, "rollback", "checkout", HOSTILE), RunbookStep(2, "restart", "web"))
    return RunbookPage(runbook(), incident(), steps, "https://git.example.org/cards.md")


def runbooks_page() -> RunbooksPage:
    return RunbooksPage((runbook(),) * 41, ("bad: " + HOSTILE,), is_set_up=True)


def remedy_lines() -> tuple[RemedyLine, ...]:
    limits: Any = (timedelta(minutes=2), 1, 3, timedelta(minutes=30))
    action = Action("rerun-orders", ActionKind.RERUN, "orders", "airflow")
    rules = [Remedy(f"rerun-{mode}", mode, Fitting(), "rerun-orders", {}, *limits) for mode in Mode]
    last = (None, Doing(3, NOW, Mode.DRY, None, failed=True), Doing(3, NOW, Mode.ON, run(RunState.SUCCEEDED)))
    return tuple(RemedyLine(r, action, h, d) for r, h, d in zip(rules, ("", "failed", ""), last, strict=True))


def run_form(**changes: object) -> RunForm:
    choices = (ActionChoice("deploy-a", "deploy", "a"), ActionChoice("deploy-b", "deploy", "b", "staging"))
    fields = (
        RunField(Parameter("version", required=True, label="Version"), (), "1.4.2"),
        RunField(Parameter("size", hint="how large"), ("small", "large"), "large"),
        RunField(Parameter("loud", ParameterType.FLAG), (), "no"),
    )
    return replace(RunForm("deploy", choices, fields, "", "{}"), **changes)  # type: ignore[arg-type]


def incident_page(**changes: object) -> IncidentPage:
    page = IncidentPage(
        incident=incident(),
        now=NOW,
        signals=(signal(), knock_on()),
        signal_count=4,
        suspects=suspects(),
        runs=(),
        offer=ActionOffer("rollback-checkout", "rollback", "checkout"),
        timeline=timeline(),
    )
    return replace(page, **changes)  # type: ignore[arg-type]


def recovered_page() -> IncidentPage:
    return incident_page(incident=recovered(), runs=(run(RunState.SUCCEEDED),), offer=None)


def run_page(state: RunState = RunState.ASKED, **changes: object) -> RunPage:
    return RunPage(run(state, **changes), NOW, incident())


def timeline() -> tuple[TimelineEntry, ...]:
    return (
        TimelineEntry(OPENED, "opened", "", (("reason", "severe"),)),
        TimelineEntry(OPENED + timedelta(minutes=2), "acknowledged", ANA),
    )


def why_page() -> WhyPage:
    decisions = (
        Decision(OPENED, "opened", "INC-3", "severe", {"signal": "new_template", "service": "checkout"}),
        Decision(OPENED, "joined", "INC-3", "linked", {"signal": "rate_up", "service": "web", "neighbour": "1.00"}),
    )
    return WhyPage(incident(), NOW, (signal(), knock_on()), suspects(), decisions, timeline(), ())


def status_page() -> StatusPage:
    services = (
        ServiceLine("checkout", NOW, 312.4, None, "INC-3"),
        ServiceLine("recommender", NOW - timedelta(minutes=2), 8.25, NOW + timedelta(minutes=20)),
    )
    return StatusPage(NOW, services, (incident(),), (run(),), 2)


def incidents_page() -> IncidentsPage:
    return IncidentsPage(NOW, (incident(),), (replace(recovered(), id=2),))


def silences_page(until: datetime = NOW + timedelta(hours=2)) -> SilencesPage:
    silence = Silence((Matcher("service", "web"), Matcher("kind", "alert")), ANA, "load test", NOW, until, id=4)
    seen = Hidden("silence", "4", "f1", "web", "alert", "major", HOSTILE, 12, BEGAN, NOW)
    window = MaintenanceWindow(frozenset({"db", "web"}), "moving house", NOW, NOW + timedelta(hours=1), id=2)
    problem = replace(silence, matchers=(Matcher("fingerprint", "f1"),), id=5)
    signs = (Matcher("attribute:app", HOSTILE, "!="), Matcher("attribute:env", "dev|test", "=~"))
    elsewhere = replace(silence, matchers=signs, by=HOSTILE, reason=HOSTILE, id=6, origin="alertmanager")
    copies = (Copy(4, "alertmanager", "a1"), Copy(4, "alertmanager2", problem=Untold.TOO_WIDE))
    return SilencesPage(
        NOW,
        (
            SilenceView(silence, (seen,), copies),
            SilenceView(problem, (), (Copy(5, "alertmanager", problem=Untold.NOT_FIRING),)),
            SilenceView(elsewhere, (seen,), (Copy(6, "alertmanager", "a2"),)),
        ),
        (window,),
    )


def why_not_page(**changes: object) -> WhyNotPage:
    decisions = (
        Decision(NOW, "muted", "web", "silence", {"signal": "alert", "service": "web", "by": ANA, "said": "load test"}),
        Decision(NOW, "muted", "INC-3", "inhibited", {"signal": "alert", "service": "web", "incident": "INC-3"}),
        Decision(NOW, "kept_quiet", "web", "small", {"signal": "rate_up", "service": "web"}),
        Decision(NOW, "merged", "INC-3", "linked", {"other": "INC-4", "names": "0.40", "service": "web"}),
        Decision(NOW, "merged", "INC-4", "by_person", {"other": "INC-4", "into": "INC-3", "service": "web"}),
        Decision(NOW, "split", "INC-3", "by_person", {"other": "INC-5", "service": "web"}),
        Decision(NOW, "silenced", "silence:4", "by_person", {"by": ANA, "said": "load test"}),
    )
    page = WhyNotPage(
        service="web",
        since=BEGAN,
        until=NOW,
        now=NOW,
        is_known=True,
        lines=1234,
        learning_until=None,
        checked_until=NOW,
        incidents=(incident(),),
        loose=(knock_on(),),
        hidden=silences_page().silences[0].hidden,
        decisions=decisions,
        maintenance=silences_page().windows,
    )
    return replace(page, **changes)  # type: ignore[arg-type]


def why_run_page() -> WhyRunPage:
    audit = (AuditEntry(NOW, ANA, "run.asked", "run:7"), AuditEntry(NOW, BEN, "run.approved", "run:7"))
    return WhyRunPage(run(RunState.SUCCEEDED), NOW, audit)


def similar() -> tuple[SimilarLine, ...]:
    helped = SimilarLine(replace(recovered(), id=1), 0.8, (TEMPLATE,), run(RunState.SUCCEEDED), "checkout 1.4.0")
    return (helped, SimilarLine(replace(recovered(), id=2), 0.3, (TEMPLATE,), None, ""))


def digest_page(**changes: object) -> DigestPage:
    slot = DigestSlot(date(2026, 11, 20), NOW - timedelta(days=1), NOW)
    limit = next(one for one in measured() if one.evidence.measure and one.evidence.measure.at)
    raised = Raised("f1", "rate_up", "web", TEMPLATE, 41, 3, 1)
    bad = Trouble(timedelta(minutes=12))
    page = DigestPage(
        order=Order(slot, Rhythm(time(9), "Europe/Berlin"), is_sent=True),
        now=NOW,
        todo=todos(NOW, (incident(),), (run(),), (limit,), (), ()),
        amounts=Amounts(1_234_567, 2, 1),
        before=Amounts(1_000_000, 1, 0),
        incidents=(replace(recovered(), id=2), incident()),
        ended=(replace(recovered(), id=1),),
        still_active=(incident(),),
        unattended=(replace(recovered(), id=2, acknowledged_at=None),),
        new_templates=(TemplateLine("checkout", TEMPLATE, 512, is_new=True),),
        loud_templates=(TemplateLine("web", "GET <*> 200 in <*> ms", 123_456, is_new=False),),
        noisy=(raised,) * 5,
        detectors=(NoisyDetector("rate_up", "web", 41, 3, 1),) * 2,
        changes=(change(),),
        waiting_runs=(run(),),
        forecasts=(limit,),
        services=ServiceNews(2, ("web",), (("mail", BEGAN),), ("recommender",)),
        health=HealthTable((slot.local_date,), (Health("service", "web", bad, (bad,)),)),
        measures=Measures(2, timedelta(seconds=65), timedelta(minutes=2), timedelta(minutes=6)),
        measures_before=Measures(1, timedelta(seconds=65), None, None),
        delivery=Delivery(3, 1, 3.0, 1 / 3, timedelta(hours=4)),
        muted_signals=2,
    )
    return replace(page, **changes)  # type: ignore[arg-type]


def quiet_page() -> DigestPage:
    nothing: dict[str, object] = dict.fromkeys(
        ("todo", "incidents", "ended", "still_active", "waiting_runs", "new_templates"), ()
    )
    nothing["health"] = HealthTable((), ())
    return digest_page(**nothing, services=ServiceNews(2), muted_signals=0)


def weekly_page() -> DigestPage:
    page = digest_page()
    missed = tuple(date(2026, 11, day) for day in range(10, 16))
    rhythm = replace(page.order.rhythm, every=Every.WEEK)
    order = replace(page.order, rhythm=rhythm, services=("web",) * 7, person=ANA, missed=missed, is_first=True)
    return replace(page, order=order)


def subscriptions_page(changed: str = "", **changes: object) -> SubscriptionsPage:
    mine = Subscription("UANA", ANA, Rhythm(time(8, 30), ""), ("web", HOSTILE), NOW, id=3)
    here = Subscription("C1", BEN, Rhythm(time(9), "Europe/Berlin", Every.WEEK, 4), (), NOW, id=4)
    page = SubscriptionsPage(NOW, (mine,), (here,), changed, mine if changed else None, NOW if changed else None)
    return replace(page, **changes)  # type: ignore[arg-type]


def measured() -> list[Signal]:
    """One signal of each thing that can be measured of series, tables and models."""
    values = tuple(float(200 + i % 7) for i in range(60))
    usual: dict[str, Any] = {
        "now": 412.0,
        "low": 180.0,
        "high": 240.0,
        "unit": "ms",
        "values": values,
        "step_s": 60,
        "known_s": 400_000,
    }
    later: dict[str, Any] = {
        "at": NOW + timedelta(hours=9),
        "earliest": NOW + timedelta(hours=6),
        "latest": NOW + timedelta(hours=14),
    }
    made = [
        Measure(Measured(what), "latency (pod=a)", **usual)
        for what in ("spike", "unusual_at_this_hour", "unlike_yesterday")
    ]
    made += [
        Measure(Measured.LASTING, "latency", **usual),
        Measure(Measured.FLAT, "latency", now=7.0, low=1.0, high=9.0, values=values, step_s=60),
        Measure(Measured.MISSING, "latency", low=1.0, high=9.0, values=values, step_s=60),
        Measure(Measured.BEYOND_LIMIT, "disk (device=sda)", "%", 96.0, limit=95.0, values=values, step_s=300),
        Measure(
            Measured.REACHES_LIMIT, "disk (device=sda)", "%", 81.0, limit=95.0, per_day=35.0, values=values, **later
        ),
        Measure(Measured.REACHES_LIMIT, "disk", "%", 81.0, limit=95.0, per_day=35.0, **{**later, "latest": None}),
        Measure(Measured.STALE, "orders", "min", 130.0, 0.0, 60.0),
        Measure(Measured.EMPTY, "orders", "min", None, None, 60.0),
        Measure(Measured.TOO_FEW, "orders", "rows", 12.0, 80.0, 120.0),
        Measure(Measured.TOO_MANY, "orders", "rows", 900.0, 80.0, 120.0),
        Measure(Measured.SCHEMA, "orders", parts=(("added", "coupon TEXT"), ("removed", HOSTILE))),
        Measure(Measured.NULLS, "orders", "share", 0.5, 0.0, 0.05, parts=(("column", "customer"),)),
        Measure(Measured.DUPLICATES, "orders", "share", 0.5, 0.0, 0.01, parts=(("column", "id"),)),
        Measure(Measured.QUERY, "orders", now=-5.0, low=0.0),
        Measure(Measured.NO_VALUE, "orders", low=0.0),
        Measure(
            Measured.DRIFT, "predictions", "distance", 0.31, 0.0, 0.1, parts=(("column", "age (below 20: 3% → 12%)"),)
        ),
        Measure(Measured.STEP_MISSING, "", now=31.0, high=40.0, low=0.003),
        Measure(Measured.STEP_UNEXPECTED, "", now=31.0, high=40.0, low=0.003),
        Measure(Measured.PERFORMANCE, "predictions", "accuracy", 0.71, 0.85, 1.0, parts=(("labels", "4000"),)),
    ]
    kinds = {
        Measured.REACHES_LIMIT: SignalKind.FORECAST,
        Measured.DRIFT: SignalKind.DRIFT,
        Measured.STEP_MISSING: SignalKind.ODD_SESSIONS,
        Measured.STEP_UNEXPECTED: SignalKind.ODD_SESSIONS,
    }
    return [
        replace(signal(kinds.get(m.what, SignalKind.SERIES)), title=m.subject, evidence=Evidence(measure=m))
        for m in made
    ]


def sensitivity(times: float) -> Sensitivity:
    return Sensitivity("f1", "rate_up", "checkout", TEMPLATE, times, 0, 1, NOW, ANA)


def call_page(reach: Reach = Reach.SCHEDULE, **changes: Any) -> CallPage:
    asked = Page(12, OPENED, "shop", 0, reach, BEN, OPENED, PageState.TOLD, 1)
    return CallPage(incident_page(**changes), asked, 1, 3, "C0123456789")


def handover_page(**changes: Any) -> HandoverPage:
    return replace(HandoverPage("shop", (BEN,), (ANA,), NOW + timedelta(days=7), NOW), **changes)


def oncall_line(**changes: Any) -> OncallLine:
    week = timedelta(days=7)
    now, then = Shift(ANA, NOW - week, NOW + week, "weekly"), Shift(BEN, NOW + week, NOW + 2 * week, "weekly")
    return replace(OncallLine("shop", "Europe/Berlin", (now,), (then,), now.until), **changes)


def oncall_page(**changes: Any) -> OncallPage:
    swap = Override(BEN, NOW, NOW + timedelta(hours=3), ANA, "a dentist", 3)
    known = replace(oncall_line().now[0], person="Banana")
    lines = (
        oncall_line(),
        oncall_line(overrides=(swap,) * 3, now=(known, *oncall_line().now)),
        oncall_line(until=None),
        oncall_line(now=(), calendar_problem="it answers 500", calendar_at=BEGAN),
        oncall_line(now=(), next=(), calendar_problem="not_read_yet"),
    )
    return replace(OncallPage(NOW, lines), **changes)


def shifts_page(**changes: Any) -> ShiftsPage:
    shifts = tuple(replace(oncall_line().now[0], layer=layer) for layer in ("weekly", "override"))
    return replace(ShiftsPage(NOW, "shop", "Europe/Berlin", shifts, ((BEGAN, NOW),) * 12), **changes)
