"""How does Tocsin act on a service whose desired state is a git repository (GitOps)? Deploys and rollbacks by commit.

[connectors.shop]
type = "git"
repository = "https://git.example.com/shop/deployments.git"   # a path or URL
token = "env:DEPLOYMENTS_TOKEN"

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

from collections.abc import Mapping
from typing import Any

from bot.connectors.git.branch import Options
from bot.connectors.git.executor import KINDS, GitExecutor, target_problems

__all__ = ["KINDS", "executor", "target_problems"]


def executor(name: str, options: Mapping[str, Any]) -> GitExecutor:
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return GitExecutor(name, Options.model_validate(options))
