"""How does Tocsin propose a deploy or rollback, where its branch takes changes only as pull or merge requests?

The commit is the one that would have been pushed (`change.py`), with the same trailers; it goes to a branch of its
own, named after the run's key. A branch that is there already is taken only when its commit carries the key. Before a
request is opened, the requests from that branch are asked for, closed ones too, so that a run opens one at most,
whatever was killed or lost. It is then followed: merged is the end; closed without a merge, a failed check or a
conflict is a failure. Stopping the run closes it. The branch is never taken away: that is for people.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from bot.actions.model import Action, Done, Plan, Progress, Started
from bot.connectors._web import Problem
from bot.connectors.git.branch import Branch, Options
from bot.connectors.git.change import Change, message, subject
from bot.connectors.git.forge import EXISTS, Forge, Proposal


class ProposingExecutor(Change):
    """Fulfils `bot.engine.action_ports.Executor`."""

    def __init__(self, name: str, options: Options, forge: Forge) -> None:
        super().__init__(name, options)
        self._forge, self._web = forge, forge.web

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        plan = super().plan(action, parameters)
        where = f"{self._options.branch} of {self._options.project_path}"
        return replace(plan, commands=(plan.commands[0], f"open a {self._forge.called} to {where}"))

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        """Opens the request that shows what `plan` does, unless there is one. The parameters are for the record."""
        found = self.find(key, action, plan)
        if found is not None:
            return found
        with Branch.opened(self._name, self._options) as branch:
            head = branch.head()
            landed = branch.commit_of(key, since=plan.world)
            if landed:
                return self._done(action, landed)
            change, text = self._approved_change(branch, head, action, plan), message(key, action, parameters, plan)
            commit = branch.commit(head, action.target["file"], change, text)
            if branch.key_of(branch.propose(commit, branch_of(key))) != key:
                raise self._web.problem(f"the branch {branch_of(key)} is there and holds something else")
        return self._opened(key, action, plan, text)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | Started | None:
        """The request that was opened for `key`."""
        proposal = self._forge.find(branch_of(key))
        return self._started(key, action, proposal, plan) if proposal else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        known = json.loads(started.reference)
        seen = self._forge.look(known["number"])
        what = f"{self._forge.called} {seen.number}"
        if seen.state == "merged":
            version, previous = known["version"], known["previous"]
            return Done(version, previous, seen.merged_as, f"{known['subject']} ({what})", _https(seen.link))
        if seen.state == "closed":
            raise self._web.problem(f"{what} was closed without being merged")
        if seen.failed:
            raise self._web.problem(f"{what}: {', '.join(seen.failed)[:200]} failed; it is still open")
        if seen.conflicts:
            raise self._web.problem(f"{what} conflicts with {self._options.branch} now; it is still open")
        checks = f"{seen.checked} of {seen.checks} checks are over; " if seen.checks else ""
        return Progress(seen.checked, seen.checks, f"{what}: {checks}{seen.reviewed}"[:200])

    def cancel(self, started: Started, action: Action) -> None:
        number = json.loads(started.reference)["number"]
        if self._forge.look(number).state == "open":
            self._forge.close(number)

    def _opened(self, key: str, action: Action, plan: Plan, text: str) -> Started:
        title, _, body = text.partition("\n\n")
        try:
            made = self._forge.open(branch_of(key), self._options.branch, title, body)
        except Problem as problem:
            if problem.status not in EXISTS or "already exists" not in problem.said:
                raise
            found = self._forge.find(branch_of(key))
            if found is None:
                words = f"a {self._forge.called} from {branch_of(key)} is there and not listed yet"
                raise self._web.problem(words, permanent=False) from problem
            made = found
        return self._started(key, action, made, plan)

    def _started(self, key: str, action: Action, made: Proposal, plan: Plan | None) -> Started:
        known = {
            "key": key,
            "number": made.number,
            "subject": subject(action, plan) if plan else made.title,
            "version": plan.after if plan else "",
            "previous": plan.before if plan else "",
        }
        return Started(json.dumps(known), f"{self._forge.called} {made.number} is open", _https(made.link))


def branch_of(key: str) -> str:
    """The branch that a run proposes its commit on."""
    return f"tocsin/{key.removeprefix('tocsin-')}"


def _https(link: str) -> str:
    return link if link.startswith("https://") else ""
