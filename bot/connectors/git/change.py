"""Which one value of one file would be changed, and is it still as it was approved?

It changes one value (`image.tag`) of one file (YAML, or protobuf's text format) on one branch by one commit; a
controller or a job brings it out.

*Planning* changes nothing: it reads the branch, finds the version to go to and shows the difference.

*What an approval holds for*: the difference that was shown. At execution it is made again on the branch as it is then,
and must be word for word the same; else `WorldChanged`. Commits to other files therefore do not cost a new approval,
while another value at the key, or a change of the lines around it, does.
"""

import difflib
import re
from collections.abc import Mapping
from contextlib import suppress

from bot.actions.model import Action, ActionKind, Done, Plan
from bot.actions.parameters import Parameter
from bot.connectors.git.branch import TRAILER, Branch, Options, OwnCommit
from bot.connectors.git.formats import FORMATS, PROBLEMS, format_of
from bot.errors import ConnectorError, InputError, Refused, WorldChanged

KINDS = frozenset({ActionKind.DEPLOY, ActionKind.ROLLBACK, ActionKind.MODEL_PROMOTE, ActionKind.MODEL_ROLLBACK})

_FORWARD = frozenset({ActionKind.DEPLOY, ActionKind.MODEL_PROMOTE})
"""These need a version; the others go back to one that was."""

_VERSION = re.compile(r"[A-Za-z0-9][\w.+:/@-]{0,199}", re.ASCII)


class Change:
    """What the executors that commit have in common, however the commit gets to the branch."""

    def __init__(self, name: str, options: Options) -> None:
        self._name = name
        self._options = options

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        """What would be committed. Parameters: `version` (a deploy needs it; a rollback takes the version before the
        present one). Raises `Refused("nothing_to_roll_back")`, `InputError`, `ConnectorError`."""
        with Branch.opened(self._name, self._options) as branch:
            head = branch.head()
            return self._plan(branch, head, action, parameters)

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        is_deploy = kind in _FORWARD
        hint = "" if is_deploy else "Empty: the version before the present one."
        return (Parameter("version", hint=hint, required=is_deploy, live=not is_deploy),)

    def choices(self, action: Action, parameter: str) -> list[str]:
        """The versions that the file's history has, the latest first."""
        with Branch.opened(self._name, self._options) as branch:
            branch.head()
            past = self._past_values(branch, action)
            return [version for version in reversed(past) if version != past[-1]]

    def _plan(self, branch: Branch, head: str, action: Action, parameters: Mapping[str, str]) -> Plan:
        self._must_do(action)
        file = action.target["file"]
        content = branch.content(head, file)
        before = self._value(content, action)
        after = self._version(branch, action, before, parameters.get("version", "").strip())
        diff = _diff(file, content, self._changed(content, action, after))
        plan = Plan(f"{action.service} {before} → {after}", before, after, diff, head)
        where = f"{branch.hide(self._options.repository)} {self._options.branch}"
        commands = (f"git commit -m '{subject(action, plan)}' {file}", f"git push {where}")
        return Plan(plan.summary, before, after, diff, head, commands)

    def _must_do(self, action: Action) -> None:
        if action.kind not in KINDS:
            raise Refused("connector_missing", connector=self._name, kind=action.kind)
        for problem_found in target_problems(action.kind, action.target):
            raise ConnectorError(f"action {action.name}: {problem_found}", permanent=True, connector=self._name)

    def _version(self, branch: Branch, action: Action, before: str, wanted: str) -> str:
        """The version to go to: the one that is wanted, if it makes sense, else the one before."""
        if action.kind in _FORWARD and not wanted:
            raise InputError(f"say which version to {_verb(action)}", place="version")
        if wanted and not _VERSION.fullmatch(wanted):
            raise InputError(f"{wanted[:50]!r} does not look like a version", place="version")
        if wanted == before:
            raise InputError(f"{action.service} is at {before} already", place="version")
        if action.kind in _FORWARD:
            return wanted
        past = self._past_values(branch, action)
        if not wanted:
            previous = version_before(past)
            if previous is None:
                raise Refused("nothing_to_roll_back", service=action.service, version=before)
            return previous
        if wanted not in past:
            known = ", ".join(dict.fromkeys(v for v in reversed(past) if v != before)) or "no other version"
            raise InputError(f"{action.service} never was at {wanted}; its history has {known}", place="version")
        return wanted

    def _approved_change(self, branch: Branch, head: str, action: Action, plan: Plan) -> bytes:
        """The file as it will be, provided that the difference is still the approved one."""
        self._must_do(action)
        file, key = action.target["file"], action.target["key"]
        content = branch.content(head, file)
        now = self._value(content, action)
        if now != plan.before:
            words = f"{action.service} is at {now} now; the plan was made when it was at {plan.before}"
            raise WorldChanged(words, connector=self._name)
        changed = self._changed(content, action, plan.after)
        if _diff(file, content, changed) != plan.diff:
            raise WorldChanged(f"{file} was changed near {key} since the plan was made", connector=self._name)
        return changed

    def _value(self, content: bytes, action: Action) -> str:
        try:
            return format_of(action.target).read(content, action.target["key"])
        except PROBLEMS as error:
            raise self._broken(action, error) from error

    def _changed(self, content: bytes, action: Action, version: str) -> bytes:
        try:
            return format_of(action.target).replace(content, action.target["key"], version)
        except PROBLEMS as error:
            raise self._broken(action, error) from error

    def _past_values(self, branch: Branch, action: Action) -> list[str]:
        """The values of the key along the branch, oldest first; revisions that were broken are passed over."""
        values: list[str] = []
        for content in branch.past_contents(action.target["file"]):
            with suppress(*PROBLEMS):
                value = format_of(action.target).read(content, action.target["key"])
                if values[-1:] != [value]:
                    values.append(value)
        return values

    def _broken(self, action: Action, error: ValueError) -> ConnectorError:
        return ConnectorError(f"{action.target['file']}: {error}", permanent=True, connector=self._name)

    def _done(self, action: Action, commit: OwnCommit) -> Done:
        link = self._options.commit_url.replace("{commit}", commit.id)
        return Done(commit.version, commit.previous, commit.id, commit.subject, link)


def version_before(past: list[str]) -> str | None:
    """The version to go back to, from the values oldest first. Going back to an older version takes everything after
    it away: after 1.4.0, 1.4.1, 1.4.2, 1.4.1 the version before is 1.4.0, not the 1.4.2 that was just taken back."""
    line: list[str] = []
    for value in past:
        line = line[: line.index(value) + 1] if value in line else [*line, value]
    return line[-2] if len(line) > 1 else None


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    """What is wrong with an action's `target` for this connector."""
    problems = [f"target.{name}: say which" for name in ("file", "key") if not target.get(name)]
    problems += [f"target.{name}: there is no such setting" for name in sorted(set(target) - {"file", "key", "format"})]
    if target.get("format", "yaml") not in FORMATS:
        problems.append(f"target.format: {target['format']!r} is none of {', '.join(FORMATS)}")
    elif target.get("key"):
        try:
            format_of(target).split(target["key"])
        except PROBLEMS as error:
            problems.append(f"target.key: {error}")
    file = target.get("file", "")
    if file.startswith("/") or any(part in ("", ".", "..") for part in file.split("/")) or "\\" in file:
        problems += [f"target.file: {file!r} is not a path inside the repository"] if file else []
    return problems


def subject(action: Action, plan: Plan) -> str:
    if action.kind not in _FORWARD:
        return f"Roll back {action.service} from {plan.before} to {plan.after}"
    return f"{_verb(action).capitalize()} {action.service} {plan.after} (was {plan.before})"


def _verb(action: Action) -> str:
    return "promote" if action.kind is ActionKind.MODEL_PROMOTE else "deploy"


def message(key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> str:
    people = [("Requested-by", parameters.get("requested_by", ""))]
    people += [("Approved-by", name) for name in parameters.get("approved_by", "").split(",")]
    people += [("Tocsin-Incident", parameters.get("incident", ""))]
    trailers = [*people, ("Tocsin-Kind", action.kind), (TRAILER, key)]
    trailers += [("Tocsin-Version", plan.after), ("Tocsin-Previous", plan.before)]
    lines = [f"{name}: {line}" for name, value in trailers if (line := _one_line(value))]
    return f"{subject(action, plan)}\n\n" + "\n".join(lines) + "\n"


def _one_line(value: str) -> str:
    """A trailer's value must not be able to start another trailer."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", value).split())[:200]


def _diff(file: str, before: bytes, after: bytes) -> str:
    old, new = (content.decode("utf-8-sig").splitlines(keepends=True) for content in (before, after))
    lines = difflib.unified_diff(old, new, f"a/{file}", f"b/{file}")
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
