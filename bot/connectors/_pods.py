"""What do workloads have in common that make pods from a template: a Deployment, a Rollout?"""

import copy
import hashlib
import json
from typing import Any

from bot.actions.model import Action
from bot.actions.parameters import Parameter
from bot.connectors._objects import Object, ObjectExecutor, annotations
from bot.errors import ConnectorError, Refused

VERSION = Parameter("version", required=True, pattern=r"[A-Za-z0-9_][\w.-]{0,127}")
_SETS_API = "apps/v1"


class PodsExecutor(ObjectExecutor):
    """`REVISION`: the annotation that numbers its ReplicaSets; `HASH`: the label that tells their pods apart."""

    REVISION = ""
    HASH = ""

    def _template_before(self, action: Action, found: Object) -> dict[str, Any]:
        """The pod template of the revision before the present one."""
        sets = self._web.object(self._folder(action, _SETS_API, "replicasets")).get("items")
        uid, now = found["metadata"].get("uid"), self._revision(found)
        has_number, present = self._has_its_number(found), found["spec"]["template"]
        before = [
            (self._revision(one), template)
            for one in sets or ()
            if any(owner.get("uid") == uid for owner in one["metadata"].get("ownerReferences") or ())
            and (template := self._plain_template(one))
            and (self._revision(one) < now or (not has_number and template != present))
        ]
        if not before:
            raise Refused("nothing_to_roll_back", service=action.service, version=image(action, found))
        return max(before, key=lambda one: one[0])[1]

    def _has_its_number(self, found: Object) -> bool:
        """Whether `REVISION` counts the present template already; else it is that of the one before."""
        return True

    def _plain_template(self, replica_set: Object) -> dict[str, Any]:
        template: dict[str, Any] = copy.deepcopy(replica_set["spec"]["template"])
        template["metadata"].get("labels", {}).pop(self.HASH, None)
        return template

    def _revision(self, found: Object) -> int:
        return int(annotations(found).get(self.REVISION, "0"))


def set_version(action: Action, wanted: Object, version: str) -> None:
    of = container(action, wanted)
    of["image"] = f"{split(of['image'])[0]}:{version}"


def template_digest(found: Object) -> str:
    text = json.dumps(found["spec"]["template"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def version(action: Action, found: Object) -> str:
    return split(image(action, found))[1]


def image(action: Action, found: Object) -> str:
    return str(container(action, found)["image"])


def container(action: Action, found: Object) -> dict[str, Any]:
    containers: list[dict[str, Any]] = found["spec"]["template"]["spec"]["containers"]
    wanted = action.target.get("container", "")
    if not wanted and len(containers) == 1:
        return containers[0]
    for one in containers:
        if one["name"] == wanted:
            return one
    known = ", ".join(one["name"] for one in containers)
    raise ConnectorError(f"say target.container: {known}", permanent=True)


def split(image: str) -> tuple[str, str]:
    """Repository and tag; a port is not a tag, a digest counts as one."""
    if "@" in image:
        repository, _, digest = image.partition("@")
        return repository, digest
    repository, colon, tag = image.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (image, "latest")
