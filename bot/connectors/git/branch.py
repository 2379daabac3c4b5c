"""How is one branch of a repository read, and moved by exactly one commit?

Everything happens in a bare repository that lives as long as the call: no working tree, so neither filters, hooks nor
symbolic links of the repository have any effect, and nothing that a kill could leave half done for the next call.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.connectors._web import WebUrl
from bot.connectors.git.command import Git, authorization, problem, secrets_of
from bot.errors import ConnectorError

TRAILER = "Tocsin-Action"
PAST_MAX = 50
"""How many past revisions of a file are read."""

_BRANCH = "refs/remotes/origin/branch"
_OWN = (TRAILER, "Tocsin-Version", "Tocsin-Previous")


def _branch_name(name: str) -> str:
    if not re.fullmatch(r"\w[\w./+-]*", name) or re.search(r"\.\.|//|\.lock$|[/.]$", name):
        raise ValueError(f"{name!r} is not the name of a branch")
    return name


class Options(BaseModel):
    """`[connectors.NAME]` of `type = "git"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    repository: Annotated[str, Field(min_length=1, pattern=r"^[^-\s][^\x00-\x1f]*$")]
    """A path or URL (https, ssh, git, file)."""
    branch: Annotated[str, AfterValidator(_branch_name)] = "main"
    author: Annotated[str, Field(pattern=r"^[^<>\n]+<[^<>\n\s]+>$")] = "Tocsin <tocsin@localhost>"
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30
    """How long one git command may take."""
    token: SecretStr = SecretStr("")
    """For HTTP(S): a password or access token."""
    username: str = "x-access-token"
    commit_url: str = ""
    """The page of a commit, with `{commit}` in it."""
    depth: Annotated[int, Field(ge=2, le=100_000)] = 500
    """How many commits are fetched at first; more follow when they are needed."""
    through: Literal["push", "pull_request", "merge_request"] = "push"
    """How a commit gets to the branch: pushed, or proposed as a pull request of GitHub or a merge request of GitLab."""
    api: WebUrl | Literal[""] = ""
    """Where those are opened. Empty: https://api.github.com, or the host of the repository."""
    project: Annotated[str, Field(pattern=r"^([\w.-]+(/[\w.-]+)+)?$")] = ""
    """OWNER/NAME (of GitLab: the whole path). Empty: the path of the repository's URL."""

    @model_validator(mode="after")
    def _can_be_proposed(self) -> "Options":
        if self.through != "push" and not (self.api_url and self.project_path):
            raise ValueError(f"through = {self.through!r} needs `api` and `project`: {self.repository!r} says neither")
        return self

    @property
    def api_url(self) -> str:
        parts = urlsplit(self.repository)
        own = f"{parts.scheme}://{parts.hostname}" if parts.scheme in ("http", "https") else ""
        return self.api or ("https://api.github.com" if self.through == "pull_request" else own)

    @property
    def project_path(self) -> str:
        parts = urlsplit(self.repository)
        path = parts.path.strip("/").removesuffix(".git") if parts.scheme in ("http", "https") else ""
        return self.project or (path if re.fullmatch(r"[\w.-]+(/[\w.-]+)+", path) else "")


@dataclass(frozen=True, slots=True)
class OwnCommit:
    """A commit that Tocsin made: its id, the version it went to, the one before, its subject."""

    id: str
    version: str
    previous: str
    subject: str


class Branch:
    """The branch's recent history in a bare repository of its own: no working tree, so neither filters nor symbolic
    links of the repository have any effect."""

    def __init__(self, directory: Path, name: str, options: Options) -> None:
        self._options = options
        self._name = name
        token = options.token.get_secret_value()
        settings = authorization(options.username, token) if token else {}
        self._git = Git(directory, name, options.timeout_s, secrets_of(options.username, token), settings)

    @classmethod
    @contextmanager
    def opened(cls, name: str, options: Options) -> Iterator["Branch"]:
        """The branch as it is now. Raises `ConnectorError`."""
        with TemporaryDirectory(prefix="tocsin-git-", ignore_cleanup_errors=True) as directory:
            branch = cls(Path(directory), name, options)
            branch._git.ask("init", "--quiet", "--bare", "--template=")
            branch._git.ask("remote", "add", "origin", _address(options.repository))
            branch.fetch()
            yield branch

    def fetch(self, *more: str) -> None:
        refspec = f"+refs/heads/{self._options.branch}:{_BRANCH}"
        depth = more or (f"--depth={self._options.depth}",)
        answer = self._git.run("fetch", "--quiet", "--no-tags", "--filter=blob:none", *depth, "origin", refspec)
        if answer.code and "couldn't find remote ref" in answer.err:
            words = f"there is no branch {self._options.branch} in {self.hide(self._options.repository)}"
            raise ConnectorError(words, permanent=True, connector=self._name)
        if answer.code:
            raise problem(answer, self._name)

    def hide(self, text: str) -> str:
        return self._git.hide(text)

    def head(self) -> str:
        return self._git.ask("rev-parse", "--verify", f"{_BRANCH}^{{commit}}").text

    def content(self, commit: str, file: str) -> bytes:
        entry = self._git.ask("ls-tree", "-z", commit, "--", file).out.decode(errors="replace")
        if not entry.startswith(("100644 blob ", "100755 blob ")):
            what = "is not a plain file" if entry else "does not exist"
            words = f"{file} {what} on branch {self._options.branch}"
            raise ConnectorError(words, permanent=True, connector=self._name)
        return self._git.ask("cat-file", "blob", entry.split()[2]).out

    def past_contents(self, file: str) -> list[bytes]:
        """The last `PAST_MAX` contents of `file` along the branch (its first parents), oldest first."""
        form = ("-m", "--first-parent", "--raw", "--no-abbrev", "--format=", f"-{PAST_MAX}")
        listed = self._git.ask("log", *form, _BRANCH, "--", file).text
        blobs = [
            fields[3] for line in listed.splitlines() if len(fields := line.split()) > 4 and set(fields[3]) != {"0"}
        ]
        return [self._git.ask("cat-file", "blob", blob).out for blob in reversed(blobs)]

    def commit_of(self, key: str, since: str) -> OwnCommit | None:
        """Tocsin's commit for `key`. Searched back to `since`, the commit the plan was made from (the whole history
        when it is ''): what was done for the plan can only have come after it."""
        found = self._search(key)
        if found is None and self._is_cut() and not (since and self._has(since)):
            self.fetch("--unshallow")
            found = self._search(key)
        return found

    def _search(self, key: str) -> OwnCommit | None:
        trailers = "%x00".join(f"%(trailers:key={name},valueonly,separator=%x2C)" for name in _OWN)
        form = f"--format=%H%x00%s%x00{trailers}%x1e"
        grep = ("--fixed-strings", f"--grep={TRAILER}: {key}")
        for record in self._git.ask("log", form, *grep, _BRANCH).out.decode(errors="replace").split("\x1e"):
            fields = [part.strip() for part in record.split("\x00")]
            if len(fields) == 5 and fields[2] == key:
                return OwnCommit(fields[0], fields[3], fields[4], fields[1])
        return None

    def _is_cut(self) -> bool:
        return self._git.ask("rev-parse", "--is-shallow-repository").text == "true"

    def _has(self, commit: str) -> bool:
        return self._git.run("merge-base", "--is-ancestor", commit, _BRANCH).code == 0

    def commit(self, parent: str, file: str, content: bytes, message: str) -> str:
        """The id of a new commit on `parent` in which only `file` differs; nothing is pushed yet."""
        mode = self._git.ask("ls-tree", parent, "--", file).text[:6]
        blob = self._git.ask("hash-object", "-w", "--stdin", stdin=content).text
        self._git.ask("read-tree", parent)
        self._git.ask("update-index", "--add", "--cacheinfo", f"{mode},{blob},{file}")
        tree = self._git.ask("write-tree", "--missing-ok").text
        return self._git.ask(
            "commit-tree", tree, "-p", parent, stdin=message.encode(), env=_identity(self._options.author)
        ).text

    def propose(self, commit: str, name: str) -> str:
        """The commit at the new branch `name`: `commit`, or the one that is there already."""
        if self._push(commit, name, ""):
            return commit
        refspec = f"+refs/heads/{name}:refs/remotes/origin/{name}"
        self._git.ask("fetch", "--quiet", "--no-tags", "--filter=blob:none", "--depth=1", "origin", refspec)
        return self._git.ask("rev-parse", "--verify", f"refs/remotes/origin/{name}^{{commit}}").text

    def key_of(self, commit: str) -> str:
        """The key of the run that a commit was made for; '' when it was made by somebody else."""
        return self._git.ask("log", "-1", f"--format=%(trailers:key={TRAILER},valueonly,separator=%x2C)", commit).text

    def push(self, commit: str, expected: str) -> bool:
        """True when the branch went from `expected` to `commit`; False when it was no longer at `expected`."""
        return self._push(commit, self._options.branch, expected)

    def _push(self, commit: str, name: str, expected: str) -> bool:
        """An `expected` of '' means: there is no such branch."""
        branch = f"refs/heads/{name}"
        lease = f"--force-with-lease={branch}:{expected}"
        answer = self._git.run("push", "--porcelain", "--no-verify", lease, "origin", f"{commit}:{branch}")
        if answer.code == 0:
            return True
        if re.search(r"^!.*(\[rejected\]|cannot lock ref|failed to update ref|incorrect old value)", answer.text, re.M):
            return False
        rejected = re.search(r"^!.*\[remote rejected\].*$", answer.text, re.M)
        if rejected:
            said = "; ".join(re.findall(r"^remote: *(.*\S)", answer.err, re.M))[:300]
            words = f"the repository does not accept the commit ({self.hide(rejected[0].split(chr(9))[-1])}; {said})"
            raise ConnectorError(words.replace("; )", ")"), permanent=True, connector=self._name)
        raise problem(answer, self._name)


def _identity(author: str) -> dict[str, str]:
    name, _, address = author.rstrip(">").rpartition("<")
    person = {"NAME": name.strip(), "EMAIL": address.strip()}
    return {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in person.items()}


def _address(repository: str) -> str:
    """git runs in a directory of its own, so a relative path is made absolute."""
    is_path = "://" not in repository and not re.match(r"[\w.-]+(@[\w.-]+)?:", repository)
    return str(Path(repository).expanduser().absolute()) if is_path else repository
