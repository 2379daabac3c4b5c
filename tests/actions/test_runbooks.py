"""Is a runbook read as it is written, found for the trouble it is for, and filled in from the incident?"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.actions.fitting import Fitting, Trouble, filled, matches
from bot.actions.runbooks import OFFERED_MAX, Runbook, Step, fitting_ones, parse
from bot.changes.model import Change, ChangeKind
from bot.errors import InputError
from bot.incidents.model import Incident
from bot.signals.model import Evidence, Signal, SignalKind
from bot.signals.severity import Severity

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEMPLATE = "Payment declined for order <*>: currency <*> is not supported"
WRITTEN = """\
---
services: [checkout]
templates: ["Payment declined *"]
severity: major
actions:
  - rollback-checkout
  - action: deploy-checkout
    label: The version before
    with: {version: "{previous}", replicas: 3}
---
# Checkout refuses cards

Look at *payments* first.
"""


def trouble(**changes: object) -> Trouble:
    incident = Incident("checkout", TEMPLATE, Severity.CRITICAL, NOON, NOON, NOON, id=12)
    seen = Evidence(template_id="t1", template=TEMPLATE)
    signal = Signal("f00d", SignalKind.NEW_TEMPLATE, "checkout", Severity.CRITICAL, NOON, NOON, TEMPLATE, seen)
    change = Change("c", ChangeKind.DEPLOY, "checkout", NOON, "1.4.2", "1.4.1")
    return Trouble(incident, (replace(signal, **changes),), change)  # type: ignore[arg-type]


def runbook(name: str, **fits: object) -> Runbook:
    return Runbook(name, name, Fitting(**fits), (), "")  # type: ignore[arg-type]


def test_a_runbook_is_read_with_what_it_is_for_and_what_it_does() -> None:
    found = parse("pay/cards", WRITTEN)
    assert found.title == "Checkout refuses cards"
    assert found.text == "Look at *payments* first."
    assert found.steps[0] == Step("rollback-checkout")
    assert found.steps[1].parameters == (("version", "{previous}"), ("replicas", "3"))
    assert found.fitting.fits(trouble())


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("just text", "has to begin with a line ---"),
        ("---\n- a list\n---\n", "names with values"),
        ("---\nservices: [x\n---\n", "no YAML"),
        ("---\nservices: &a [x]\ntemplates: *a\n---\n", "aliases"),
        ("---\nservices: [x]\nowner: me\n---\n", "owner: there is no such setting"),
        ("---\nservices: x\n---\n", "services: "),
        ("---\nseverity: major\n---\n", "say what it is for"),
        ("---\nservices: [x]\nseverity: bad\n---\n", "severity: "),
        ("---\nservices: [x]\nactions: [a, b, c, d]\n---\n", "actions: "),
        ("---\nservices: [x]\nactions: [{action: a, with: {v: '{x.__class__}'}}]\n---\n", "nothing that an incident"),
        ("---\nservices: ['']\n---\n", "1 to 300 characters"),
        ("---\nservices: !!python/object/apply:os.system [id]\n---\n", "no YAML"),
        ("---\n" + "[" * 5000 + "\n---\n", "too deep"),
        ("---\n" + "- " * 5000 + "\n---\n", "too deep"),
    ],
)
def test_what_is_wrong_with_it_is_said_with_its_name(written: str, said: str) -> None:
    with pytest.raises(InputError, match=f"^cards: .*{said}"):
        parse("cards", written)


@pytest.mark.parametrize(
    ("fits", "holds"),
    [
        ({"services": ("checkout",)}, True),
        ({"services": ("check*", "web")}, True),
        ({"services": ("check",)}, False),
        ({"templates": ("*currency <*> is not*",)}, True),
        ({"templates": ("currency",)}, False),
        ({"fingerprints": ("f0*",), "services": ("web",)}, False),
        ({"kinds": (SignalKind.NEW_TEMPLATE,)}, True),
        ({"kinds": (SignalKind.ALERT,), "services": ("checkout",)}, False),
        ({"services": ("checkout",), "severity": Severity.CRITICAL}, True),
    ],
)
def test_one_signal_has_to_fit_all_of_it(fits: dict[str, object], holds: bool) -> None:
    assert Fitting(**fits).fits(trouble()) is holds  # type: ignore[arg-type]


def test_what_is_less_severe_than_it_asks_for_does_not_fit() -> None:
    lesser = replace(trouble(), incident=replace(trouble().incident, severity=Severity.MINOR))
    assert not Fitting(services=("checkout",), severity=Severity.MAJOR).fits(lesser)


def test_the_most_exact_ones_come_first_and_not_too_many() -> None:
    wide = [runbook(f"wide-{n}", services=("*",)) for n in range(4)]
    exact = runbook("exact", templates=("Payment *",))
    found = fitting_ones([*wide, exact], trouble())
    assert found[0] is exact
    assert len(found) == OFFERED_MAX


def test_values_come_from_the_incident_and_unknown_ones_are_left_out() -> None:
    facts = trouble(entities=(("host", "db-3"), ("table", "a"), ("table", "b"))).facts
    given = {"version": "{previous}", "note": "{incident} on {entity.host}", "table": "{entity.table}", "size": "3"}
    assert filled(given, facts) == {"version": "1.4.1", "note": "INC-12 on db-3", "size": "3"}


def test_a_value_is_filled_in_once_whatever_it_says() -> None:
    hostile = trouble(entities=(("host", "{version} $(id) {{ config }}"),)).facts
    assert filled({"host": "{entity.host}"}, hostile) == {"host": "{version} $(id) {{ config }}"}


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("a*b", "ab", True),
        ("a*b", "axxb", True),
        ("a*a", "a", False),
        ("*", "", True),
        ("**", "x", True),
        ("a*b*c", "a b b c", True),
        ("a*b*c", "a c b", False),
        ("a[b]?", "a[b]?", True),
        ("*" + "a*" * 60 + "b", "a" * 20_000, False),
    ],
)
def test_a_star_is_any_text_and_everything_else_itself(pattern: str, text: str, holds: bool) -> None:
    assert matches(pattern, text) is holds
