"""How does Tocsin deploy or roll back a service by a push to the branch that has its desired state?

*Executing* is safe to repeat. Every commit carries the run's key as a trailer (`Tocsin-Action: tocsin-run-12`), and
before anything is made the branch is searched for it. The push is a compare-and-swap on the very commit that was
searched. So of two that race, or of one that was killed and started again, or of a push that arrives late, at most one
commit lands: whoever comes second finds the branch moved, reads it again, and finds the trailer. Nothing is kept
between calls; a kill leaves at most a directory in the temporary folder. What is changed, and what an approval holds
for, is said in `change.py`.
"""

from collections.abc import Mapping
from contextlib import suppress

from bot.actions.model import Action, Done, Plan, Progress, Started
from bot.connectors.git.branch import Branch, OwnCommit
from bot.connectors.git.change import Change, message, subject
from bot.errors import ConnectorError

PUSHES_MAX = 8
"""How often a push that lost the race is tried again: each loss means that someone else's commit got in."""


class GitExecutor(Change):
    """Fulfils `bot.engine.action_ports.Executor` for deploy and rollback."""

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done:
        """Commits and pushes what `plan` shows, unless a commit with `key` is there already. Parameters for the
        record: `requested_by`, `approved_by` (several with commas), `incident`."""
        with Branch.opened(self._name, self._options) as branch:
            for _ in range(PUSHES_MAX):
                head = branch.head()
                done = branch.commit_of(key, since=plan.world)
                if done:
                    return self._done(action, done)
                change = self._approved_change(branch, head, action, plan)
                commit = branch.commit(head, action.target["file"], change, message(key, action, parameters, plan))
                if self._pushed(branch, key, commit, head):
                    return self._done(action, OwnCommit(commit, plan.after, plan.before, subject(action, plan)))
                branch.fetch()
        words = f"{PUSHES_MAX} times someone else pushed to {self._options.branch} first"
        raise ConnectorError(words, permanent=False, connector=self._name)

    def follow(self, started: Started, action: Action) -> Progress | Done:
        raise ConnectorError(
            "a commit is made at once; there is nothing to follow", permanent=True, connector=self._name
        )

    def cancel(self, started: Started, action: Action) -> None:
        """A commit is made at once."""

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | None:
        """The commit that carries `key`, if there is one."""
        with Branch.opened(self._name, self._options) as branch:
            done = branch.commit_of(key, since="")
            return self._done(action, done) if done else None

    def _pushed(self, branch: Branch, key: str, commit: str, head: str) -> bool:
        """Whether the branch took the commit; looked up when the push failed without an answer, as by a timeout."""
        try:
            return branch.push(commit, head)
        except ConnectorError:
            with suppress(ConnectorError):
                branch.fetch()
                landed = branch.commit_of(key, since=head)
                if landed:
                    return landed.id == commit
            raise
