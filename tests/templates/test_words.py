"""Has every key its words, and does nothing but templates speak to people?"""

import ast
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from bot.actions.model import ActionKind, RunState
from bot.actions.model import Verdict as RunVerdict
from bot.changes.model import ChangeKind
from bot.engine import sensitivity
from bot.errors import Refused, Stale
from bot.incidents import conditions, correlation, opening, severity, suspects
from bot.incidents.model import IncidentState, Resolution
from bot.signals.model import Measured, SignalKind
from bot.signals.severity import Severity
from bot.silences import muting
from bot.slack.render import Renderer
from tests.templates import pages

ROOT = Path(__file__).parents[2]
RENDERER = Renderer()
WORDS: Any = RENDERER.words("words").module
DECIDING = ("actions", "anomalies", "connectors", "engine", "incidents")
ENGINE = [ast.parse(p.read_text(encoding="utf-8")) for name in DECIDING for p in (ROOT / "bot" / name).rglob("*.py")]
DECISIONS = [ast.parse(p.read_text(encoding="utf-8")) for p in (ROOT / "bot" / "engine").rglob("*.py")]
POLICY = [ast.parse((ROOT / "bot" / "actions" / "policy.py").read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("SEVERITY", Severity),
        ("SIGN", Severity),
        ("STATE", IncidentState),
        ("RESOLUTION", Resolution),
        ("SIGNAL", SignalKind),
        ("MEASURED", Measured),
        ("CHANGED", ChangeKind),
        ("DO", ActionKind),
        ("DOING", ActionKind),
        ("ACTION", ActionKind),
        ("RUN", RunState),
        ("VERDICT", RunVerdict),
    ],
)
def test_every_key_of_every_enum_has_its_word(table: str, keys: type[StrEnum]) -> None:
    assert set(getattr(WORDS, table)) == {key.value for key in keys}
    assert all(getattr(WORDS, table).values())


def test_every_reason_of_the_domain_has_its_word() -> None:
    assert set(opening.REASONS) <= {*WORDS.OPENED, *WORDS.KEPT_QUIET}
    assert set(severity.REASONS) <= set(WORDS.OPENED)
    assert set(correlation.REASONS) == set(WORDS.LINKED)
    for key in suspects.REASONS:
        assert WORDS.because(key, "2.0").strip(), key
    for likelihood in (0.0, 0.5, 0.9):
        assert suspects.word_for(likelihood) in WORDS.LIKELINESS


def test_everything_that_mutes_and_every_condition_has_its_word() -> None:
    assert {*muting.REASONS, *sensitivity.REASONS, "learning"} == set(WORDS.MUTED)
    assert set(conditions.CONDITIONS) == set(WORDS.CONDITION)
    assert {*opening.REASONS} - set(WORDS.OPENED) <= set(WORDS.KEPT_QUIET)


def constants(call: str, position: int, trees: Sequence[ast.Module] = ENGINE) -> Iterator[str]:
    """The strings given as argument `position` to every call of `call`."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) == call and len(node.args) > position:
                yield from _strings(node.args[position])


def _name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def _strings(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_strings(node.body), *_strings(node.orelse))


REFUSED = sorted(
    {*constants("Refused", 0), *(r for r in constants("Decision", 1, POLICY) if r not in WORDS.MAY)}
    | {"bots_may_not_act", "not_an_operator", "own_request", "already_approved", "no_such_action", "connector_missing"}
    | {"nothing_to_roll_back", "run_in_progress"}
)
STALE = sorted(
    set(constants("Stale", 0))
    | {"already_acknowledged", "already_resolved", "not_resolved", "run_expired", "run_over", "run_not_cancellable"}
    | {"changed_meanwhile", *(f"run_not_{state}" for state in ("asked", "approved", "running", "verifying"))}
)
HAPPENED = sorted(
    {*constants("add_line", 2), *constants("_tell", 2), *constants("_step", 2), *constants("tell_channel", 2)}
    - {"run_"}
    | {"nobody_on_call", "nobody_in_group", "pager_escalated", "pager_unacknowledged"}
    | {"opened", "joined", "acknowledged", "resolved", "reopened", "not_a_problem", "severity", "suspect", "change"}
    | {"declared", "run_asked", "run_approved", "run_started", "run_finished", "run_failed", "run_cancelled"}
    | {"run_expired", "run_verified", "batches_lost", "batch_unreadable", "services_capped"}
)
FACTS = {
    "reason": "severe",
    "service": "web",
    "signal": "rate_up",
    "title": "x",
    "old": "major",
    "new": "critical",
    "note": "",
    "resolution": "quiet",
    "verdict": "confirmed",
    "suspect": "checkout 1.4.2",
    "result": "",
    "error": "timed out",
    "change": "deploy",
    "version": "2",
    "most": "2000",
    "reach": "schedule",
    "targets": "T1/UANA,T1/UBEN",
    "schedule": "shop",
    "person": "T1/UANA",
    "name": "shop",
    "incident_key": "INC-1",
    "pager": "main",
    "action": "trigger",
    "to": "",
}


@pytest.mark.parametrize("reason", REFUSED)
def test_every_refusal_has_its_own_words(reason: str) -> None:
    generic = RENDERER.render("replies/refused", Refused("something else")).text
    assert RENDERER.render("replies/refused", Refused(reason, connector="git", kind="deploy")).text != generic


@pytest.mark.parametrize("reason", STALE)
def test_every_stale_click_has_its_own_words(reason: str) -> None:
    generic = RENDERER.render("replies/stale", Stale("something else")).text
    assert RENDERER.render("replies/stale", Stale(reason, state="failed", by=pages.ANA)).text != generic


@pytest.mark.parametrize("kind", HAPPENED)
def test_everything_that_can_happen_has_its_sentence(kind: str) -> None:
    facts = FACTS | ({"verdict": "no_effect"} if kind == "run_verified" else {})
    sentence = RENDERER.words("happened").module.happened(kind, pages.ANA, facts, pages.run())  # type: ignore[attr-defined]
    assert sentence.strip().endswith("."), kind


def test_what_is_open_again_says_what_is_back() -> None:
    happened = RENDERER.words("happened").module.happened  # type: ignore[attr-defined]
    alert = {"signal": "alert", "service": "web", "title": "5xx"}
    assert happened("reopened", "", alert).strip() == "Open again. Back in `web`: an alert `5xx`."
    assert happened("reopened", "", {}).strip() == "Open again: the same problem is back."


def test_every_decision_that_is_recorded_has_its_words() -> None:
    assert {*constants("_decide", 2), *constants("_decide_about", 2)} <= set(WORDS.DECIDED)
    assert set(constants("Decision", 1, DECISIONS)) <= set(WORDS.DECIDED)
    known = {*WORDS.OPENED, *WORDS.KEPT_QUIET, *WORDS.MUTED, *WORDS.LINKED, *WORDS.RESOLUTION, "linked"}
    assert {*constants("_decide", 4), *constants("_decide_about", 4)} <= known


# -- nothing else speaks


SPEAKING = [*sorted((ROOT / "bot" / "slack").glob("*.py")), *sorted((ROOT / "handlers").rglob("*.py"))]
HTTP = ROOT / "handlers" / "http"


@pytest.mark.parametrize("path", [p for p in SPEAKING if HTTP not in p.parents], ids=lambda p: p.name)
def test_no_sentence_for_people_stands_in_python(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(part) for node in ast.walk(tree) for part in _not_for_people(node)}
    sentences = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent
        if sum(word.isalpha() for word in node.value.split()) >= 3
    ]
    assert sentences == []


def _not_for_people(node: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, logging, what is raised, and the help of commands."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    elif isinstance(node, ast.Raise) or (
        isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") in ("log", "typer"))
            or _name(node.func) == "Option"
        )
    ):
        yield from ast.walk(node)
