"""How is git run so that it neither asks, hangs, runs foreign code nor tells a secret?

Arguments go as argv, never through a shell. The user's and the system's git configuration are not read (no aliases, no
rewritten URLs, no hooks, no signing, no credential helpers); credentials come from the connector's options and travel
in the environment, because other people can read a process's arguments. A command that takes too long is ended with
all the processes it started.
"""

import base64
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import ConnectorError

_INHERITED = ("PATH", "HOME", "SSH_AUTH_SOCK", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY",
              "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SYSTEMROOT")  # fmt: skip
_FIXED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=15",
    "LC_ALL": "C.UTF-8",
}
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.autocrlf": "false",
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "15",
    "protocol.version": "2",
}
_OUTPUT_WORDS_MAX = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What git said: `out` as bytes, `err` as text with the secrets taken out."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode(errors="replace").strip()


@dataclass(frozen=True, slots=True)
class Git:
    """git in one bare repository. `name` is the connector's, for its errors."""

    directory: Path
    name: str
    timeout_s: float
    secrets: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Answer:
        """What git answered, whatever its exit code. Raises `ConnectorError` when it is missing or too slow."""
        argv = ["git", *arguments]
        environment = {**self._environment(), **(env or {})}
        try:
            process = subprocess.Popen(
                argv,
                cwd=self.directory,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            if not self.directory.is_dir():
                raise
            raise ConnectorError("the program git is not installed", permanent=True, connector=self.name) from error
        with process:
            try:
                out, err = process.communicate(stdin, timeout=self.timeout_s)
            except subprocess.TimeoutExpired as error:
                words = f"git {arguments[0]} took longer than {self.timeout_s:g} s"
                raise ConnectorError(words, permanent=False, connector=self.name) from error
            finally:
                _end(process)
        return Answer(process.returncode, out, self.hide(err.decode(errors="replace").strip()))

    def ask(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Answer:
        """What git answered when all went well; else a `ConnectorError` in words."""
        answer = self.run(*arguments, stdin=stdin, env=env)
        if answer.code:
            raise problem(answer, self.name)
        return answer

    def hide(self, text: str) -> str:
        """`text` without the secrets: those of the options, and any user:password in a URL."""
        for secret in filter(None, self.secrets):
            text = text.replace(secret, "***")
        return re.sub(r"(\w+://)[^/@\s]+@", r"\1***@", text)

    def _environment(self) -> dict[str, str]:
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | _FIXED
        settings = {**_SETTINGS, **self.settings}
        environment["GIT_CONFIG_COUNT"] = str(len(settings))
        for index, (key, value) in enumerate(settings.items()):
            environment[f"GIT_CONFIG_KEY_{index}"] = key
            environment[f"GIT_CONFIG_VALUE_{index}"] = value
        return environment


def authorization(username: str, token: str) -> dict[str, str]:
    """The git setting that sends `token` with every HTTP request."""
    credentials = base64.b64encode(f"{username}:{token}".encode()).decode()
    return {"http.extraHeader": f"Authorization: Basic {credentials}"}


def secrets_of(username: str, token: str) -> tuple[str, ...]:
    """What must never appear in a message: the token, and the form it travels in."""
    return (token, base64.b64encode(f"{username}:{token}".encode()).decode()) if token else ()


_PERMANENT: Sequence[tuple[str, str]] = (
    (r"authentication failed|could not read (username|password)|terminal prompts disabled|returned error: 40[13]|"
     r"permission denied|access denied|host key verification failed", "the repository refuses these credentials"),
    (r"returned error: 404|repository .*not found|does not appear to be a git repository|not a git repository|"
     r"no such file or directory", "there is no such repository"),
    (r"dubious ownership", "the repository belongs to another user of this machine"),
    (r"transport .* not allowed", "the repository's address is of a kind that is not allowed"),
    (r"hook declined|protected branch|deny updating|\[remote rejected\]", "the repository does not accept the commit"),
)  # fmt: skip
_PASSING: Sequence[tuple[str, str]] = (
    (r"could not resolve host|name or service not known", "the repository's host is not known"),
    (r"connection refused|failed to connect|couldn't connect|timed out|timeout|operation too slow|"
     r"connection reset|remote end hung up|early eof|network is unreachable", "the repository does not answer"),
    (r"returned error: 5\d\d", "the repository's server has a problem"),
    (r"no space left", "the disk is full"),
)  # fmt: skip


def problem(answer: Answer, name: str) -> ConnectorError:
    """git's own words as an error: what it means first, what git said last."""
    said = _gist(answer.err or answer.text)
    for permanent, table in ((False, _PASSING), (True, _PERMANENT)):
        for pattern, words in table:
            if re.search(pattern, answer.err, re.IGNORECASE):
                return ConnectorError(f"{words} ({said})", permanent=permanent, connector=name)
    return ConnectorError(f"git failed: {said or f'exit code {answer.code}'}", permanent=False, connector=name)


def _gist(text: str) -> str:
    """The lines that say what is wrong, as one line of bounded length."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"(fatal|error|remote|!)\b|!", line)] or lines
    return "; ".join(telling)[:_OUTPUT_WORDS_MAX]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends whatever still runs of the command: git starts helpers of its own, in the same process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
