"""Is Flux told to do the right thing, and is it known that it was this request which it handled?"""

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import flux
from bot.errors import ConnectorError, InputError
from tests.connectors.fake_flux import NEW, FakeFlux
from tests.connectors.fake_objects import TOKEN
from tests.connectors.runs import connected, followed


def action(does: str) -> Action:
    target = {"namespace": "flux-system", "kustomization": "shop", "does": does}
    return Action("x", ActionKind.CALL, "shop", "there", target)


def test_a_reconciliation_is_over_when_flux_says_that_it_handled_this_one() -> None:
    with connected(flux, FakeFlux(), token=TOKEN) as executor:
        states, done = followed(executor, action("reconcile"))
    assert states == ["waits for Flux", "Reconciliation in progress"]
    assert (done.version, done.summary) == (NEW, f"shop has {NEW}")


def test_why_it_could_not_be_applied_is_said() -> None:
    fake = FakeFlux()
    fake.problem = "kustomize build failed: no such file"
    with connected(flux, fake, token=TOKEN) as executor, pytest.raises(ConnectorError, match="shop: kustomize build"):
        followed(executor, action("reconcile"))


def test_what_is_suspended_is_first_resumed() -> None:
    with connected(flux, FakeFlux(suspended=True), token=TOKEN) as executor:
        with pytest.raises(InputError, match="shop is suspended; resume it first"):
            executor.plan(action("reconcile"), {})
        with pytest.raises(InputError, match="shop is suspended already"):
            executor.plan(action("suspend"), {})
        assert followed(executor, action("resume"))[1].version == NEW


def test_a_target_is_one_object() -> None:
    both = {"kustomization": "a", "helmrelease": "b", "does": "suspend"}
    assert flux.target_problems(ActionKind.CALL, both) == ["target: say one of kustomization, helmrelease"]
    assert flux.target_problems(ActionKind.CALL, {"helmrelease": "b", "does": "suspend"}) == []
