"""A real bare git repository with the desired state of some services."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.connectors import executors
from bot.engine.action_ports import Executor
from bot.settings import Settings

_FILE = """\
# The desired state of {service}. A controller brings it out.
service: {service}
image:
  name: registry.example.org/shop/{service}
  tag: "{version}"   # bumped by whoever deploys
replicas: 3
"""


class Deployments:
    def __init__(self, folder: Path, versions: Mapping[str, str]) -> None:
        self.bare, self._work = folder / "deployments.git", folder / "work"
        self.services = tuple(versions)
        _git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        _git(folder, "clone", "--quiet", str(self.bare), str(self._work))
        for service, version in versions.items():
            self.commit(service, version)

    def commit(self, service: str, version: str) -> None:
        """Someone deploys by hand."""
        if self._head():
            _git(self._work, "pull", "--quiet", "--rebase", "origin", "main")
        file = self._work / "services" / f"{service}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(_FILE.format(service=service, version=version))
        _git(self._work, "add", "--all")
        _git(self._work, "commit", "--quiet", "-m", f"Deploy {service} {version}")
        _git(self._work, "push", "--quiet", "origin", "HEAD:main")

    def version(self, service: str) -> str:
        text = _git(self.bare, "show", f"main:services/{service}.yaml")
        return next(line.split('"')[1] for line in text.splitlines() if line.strip().startswith("tag:"))

    def commits_by(self, trailer: str) -> int:
        return int(_git(self.bare, "rev-list", "--count", f"--grep=^{trailer}: ", "main"))

    def settings(self) -> dict[str, Any]:
        """The parts of the settings that name this repository: rollback and deploy of every service."""
        return {
            "connectors": {"shop": {"type": "git", "repository": str(self.bare), "branch": "main"}},
            "actions": {
                f"{kind}-{service}": {
                    "kind": kind,
                    "service": service,
                    "connector": "shop",
                    "target": {"file": f"services/{service}.yaml", "key": "image.tag"},
                }
                for service in self.services
                for kind in ("rollback", "deploy")
            },
        }

    @property
    def executor(self) -> Executor:
        return executors(Settings.model_validate(self.settings()))["shop"]

    def _head(self) -> str:
        return _git(self.bare, "for-each-ref", "refs/heads/main").strip()


def _git(folder: Path, *arguments: str) -> str:
    people = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
    done = subprocess.run(
        ["git", *people, *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout
