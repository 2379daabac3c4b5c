"""Where does it stand which version of a service should run? In a real git repository, as with GitOps.

Tocsin changes it from outside; here it is made, read, and now and then given a bad release by one of the shop's people.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.connectors.git.command import Git
from bot.connectors.git.yaml_value import read_value, replace_value
from bot.demo.shop import KEY, SERVICES, Service, manifest

_BRANCH = "refs/heads/main"
_README = """\
# What runs in the shop

One file a service. Whoever changes `image.tag` on `main` deploys; a revert rolls back.
"""


@dataclass(frozen=True, slots=True)
class Release:
    """A commit that changed the version of a service."""

    revision: str
    service: str
    version: str
    by: str
    subject: str


class Deployments:
    """The bare repository at `path`. Raises `ConnectorError` when git cannot do its work."""

    def __init__(self, path: Path, timeout_s: float = 30) -> None:
        self.path = path
        self._git = Git(path, "the demo's repository", timeout_s)

    def ensure(self, now: datetime, minute_s: float) -> None:
        """Makes the repository with the shop's past in it, unless it is there. Whatever a kill left is made anew."""
        if self.path.is_dir() and self._git.run("rev-parse", "--verify", "--quiet", _BRANCH).code == 0:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        self._git.ask("init", "--quiet", "--bare", "--initial-branch=main", "--template=")
        self._git.ask("config", "uploadpack.allowFilter", "true")
        head = ""
        for minutes, service, version in _past():
            at = now - timedelta(seconds=minutes * minute_s)
            files = {service.file: manifest(service, version).encode()}
            subject = f"Release {service.name} {version}"
            if not head:
                subject, files = "Write down what runs in the shop", {"README.md": _README.encode(), **files}
            head = self._commit(head, files, f"{subject}\n", "Release Job", at)
        self._git.ask("update-ref", _BRANCH, head)

    def head(self) -> str:
        return self._git.ask("rev-parse", "--verify", _BRANCH).text

    def versions(self, revision: str) -> dict[str, str]:
        """Service → the version it should run at `revision`; a service whose file cannot be read is left out."""
        found = {}
        for service in SERVICES.values():
            shown = self._git.run("cat-file", "blob", f"{revision}:{service.file}")
            if service.is_deployed and shown.code == 0:
                try:
                    found[service.name] = read_value(shown.out, KEY)
                except ValueError:
                    continue
        return found

    def release(self, service: Service, version: str, by: str, subject: str, change_id: str, at: datetime) -> str:
        """The commit that releases `version`; the same `change_id` again gives the same commit."""
        for _ in range(10):
            done = self._git.ask(
                "log", "--format=%H", "-1", "--fixed-strings", f"--grep=Change-Id: {change_id}", _BRANCH
            )
            if done.text:
                return done.text
            head = self.head()
            content = self._git.ask("cat-file", "blob", f"{head}:{service.file}").out
            files = {service.file: replace_value(content, KEY, version)}
            commit = self._commit(head, files, f"{subject}\n\nChange-Id: {change_id}\n", by, at)
            if self._git.run("update-ref", _BRANCH, commit, head).code == 0:
                return commit
        raise TimeoutError(f"{self.path} is never left alone for long enough to commit to it")

    def latest(self, service: Service, revision: str) -> Release | None:
        """The last commit up to `revision` that changed the service's file."""
        form = "--format=%H%x00%an%x00%s"
        fields = self._git.ask("log", "-1", form, revision, "--", service.file).text.split("\x00")
        if len(fields) != 3:
            return None
        return Release(fields[0], service.name, self.versions(revision).get(service.name, ""), fields[1], fields[2])

    def _commit(self, parent: str, files: dict[str, bytes], message: str, by: str, at: datetime) -> str:
        with TemporaryDirectory(prefix="tocsin-demo-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git.ask("read-tree", parent or "--empty", env=index)
            for name, content in files.items():
                blob = self._git.ask("hash-object", "-w", "--stdin", stdin=content).text
                self._git.ask("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}", env=index)
            tree = self._git.ask("write-tree", env=index).text
        parents = ("-p", parent) if parent else ()
        return self._git.ask("commit-tree", tree, *parents, stdin=message.encode(), env=_signed(by, at)).text


def _past() -> list[tuple[int, Service, str]]:
    """The shop's releases before the first start: (minutes ago, service, version), oldest first."""
    releases = [(ago, service, version) for service in SERVICES.values() for version, ago in service.past]
    return sorted(releases, key=lambda release: -release[0])


def _signed(by: str, at: datetime) -> dict[str, str]:
    address = f"{by.lower().replace(' ', '.')}@shop.example"
    person = {"NAME": by, "EMAIL": address, "DATE": at.isoformat()}
    return {f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in person.items()}
