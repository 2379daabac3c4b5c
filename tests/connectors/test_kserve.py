"""Does the traffic of a model go where it is wanted?"""

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import kserve
from bot.errors import InputError, Refused
from tests.connectors.fake_kserve import FakeKserve
from tests.connectors.fake_objects import TOKEN
from tests.connectors.runs import connected, followed


def action(kind: ActionKind) -> Action:
    return Action("x", kind, "churn", "there", {"namespace": "models", "inferenceservice": "churn"})


def test_a_rollback_gives_all_traffic_to_the_revision_before() -> None:
    fake = FakeKserve()
    with connected(kserve, fake, token=TOKEN) as executor:
        plan = executor.plan(action(ActionKind.MODEL_ROLLBACK), {})
        assert plan.summary == "churn: churn-00002 100 % → 0 %"
        assert plan.diff.splitlines()[1] == "+churn-00002 0 %, churn-00001 100 %"
        followed(executor, action(ActionKind.MODEL_ROLLBACK))
    assert fake.predictor["canaryTrafficPercent"] == 0


@pytest.mark.parametrize(("percent", "left"), [("25", 25), ("100", None)])
def test_a_promotion_gives_the_newest_its_share(percent: str, left: int | None) -> None:
    fake = FakeKserve(share=10)
    with connected(kserve, fake, token=TOKEN) as executor:
        followed(executor, action(ActionKind.MODEL_PROMOTE), {"percent": percent})
    assert fake.predictor.get("canaryTrafficPercent") == left


def test_what_makes_no_sense_is_refused() -> None:
    fake = FakeKserve(share=0)
    with connected(kserve, fake, token=TOKEN) as executor:
        with pytest.raises(InputError, match="churn-00002 has 0 % of the traffic already"):
            executor.plan(action(ActionKind.MODEL_ROLLBACK), {})
        fake.object["status"]["components"]["predictor"].pop("previousRolledoutRevision")
        with pytest.raises(Refused):
            executor.plan(action(ActionKind.MODEL_ROLLBACK), {})
