"""The connectors that deploy, with something to act on."""

from bot.actions.model import Action, ActionKind
from bot.connectors import argocd
from tests.connectors import fake_argocd
from tests.connectors.bench import Opened, opened


def argocd_(kind: ActionKind) -> Opened:
    action = Action(f"{kind}-checkout", kind, "checkout", "argocd", {"application": "checkout"})
    return opened(
        argocd,
        fake_argocd.FakeArgocd,
        action,
        {},
        (fake_argocd.TOKEN,),
        disturb=lambda fake: fake.application["status"].update(operationState={"startedAt": "later"}),
    )


BENCHES: dict[str, Opened] = {
    "argocd-sync": argocd_(ActionKind.DEPLOY),
    "argocd-rollback": argocd_(ActionKind.ROLLBACK),
}
