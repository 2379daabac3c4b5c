"""How does Tocsin act on a service whose desired state is a git repository (GitOps)? Deploys and rollbacks by commit.

[connectors.shop]
type = "git"
repository = "https://git.example.com/shop/deployments.git"   # a path or URL
token = "env:DEPLOYMENTS_TOKEN"
through = "push"                        # pull_request (GitHub) or merge_request (GitLab), where nobody may push

[actions.rollback-checkout]
kind = "rollback"
service = "checkout"
connector = "shop"
target = { file = "services/checkout.yaml", key = "image.tag" }

`kind` may be model_rollback or model_promote, too: the same commit, for a model whose version stands in a file. A file
in protobuf's text format has `format = "textproto"`, as TensorFlow Serving's models.config:

    [actions.rollback-churn.target]
    file = "models.config"
    format = "textproto"
    key = "model_config_list.config[name=churn].version_labels[key=stable].value"
"""

from collections.abc import Callable, Mapping
from typing import Any

from bot.connectors._web import Web, WebOptions
from bot.connectors.git.branch import Options
from bot.connectors.git.change import KINDS, target_problems
from bot.connectors.git.executor import GitExecutor
from bot.connectors.git.forge import Forge
from bot.connectors.git.github_pulls import GithubPulls
from bot.connectors.git.gitlab_merges import GitlabMerges
from bot.connectors.git.proposing import ProposingExecutor

__all__ = ["KINDS", "executor", "target_problems"]

_FORGES: Mapping[str, Callable[[Web, str], Forge]] = {"pull_request": GithubPulls, "merge_request": GitlabMerges}


def executor(name: str, options: Mapping[str, Any]) -> GitExecutor | ProposingExecutor:
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    given = Options.model_validate(options)
    if given.through == "push":
        return GitExecutor(name, given)
    web = Web(name, WebOptions(url=given.api_url, token=given.token, timeout_s=min(given.timeout_s, 120)))
    return ProposingExecutor(name, given, _FORGES[given.through](web, given.project_path))
