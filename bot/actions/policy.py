"""May this person do that? Deny by default; every answer has a reason."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.actions.model import OPERATORS, Action, Run
from bot.people import Person


class Verdict(StrEnum):
    ALLOWED = "allowed"
    NEEDS_APPROVAL = "needs_approval"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is a key worded by a template."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """`operators` may act on incidents, and on every action that names no other role: `Person.key`s, "team/*" for
    everyone in that team, or "S…" for a user group. `roles`: name → the same. `break_glass`: names of roles whose
    people may go without a second person, past a freeze or a lock, when they give a reason."""

    operators: frozenset[str]
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    break_glass: tuple[str, ...] = ()

    @property
    def named(self) -> frozenset[str]:
        """Everybody and every group that any role names."""
        return self.operators.union(*self.roles.values())

    def knows(self, person: Person) -> bool:
        return self.has_role(person, OPERATORS)

    def has_role(self, person: Person, role: str) -> bool:
        if not person.team:
            return False
        members = self.operators if role == OPERATORS else self.roles.get(role, frozenset())
        return person.key in members or f"{person.team}/*" in members or not members.isdisjoint(person.groups)

    def may_ask(self, person: Person, action: Action, *, break_glass: bool = False) -> Decision:
        refused = self._refusal(person, action.may_ask)
        if refused:
            return refused
        if break_glass:
            return self._may_break_glass(person)
        if action.approvals > 0:
            return Decision(Verdict.NEEDS_APPROVAL, "second_person")
        return Decision(Verdict.ALLOWED, "operator")

    def may_remedy(self, action: Action) -> Decision:
        """A rule of the settings may ask for it; it never says yes to what needs one."""
        if action.approvals > 0:
            return Decision(Verdict.NEEDS_APPROVAL, "second_person")
        return Decision(Verdict.ALLOWED, "remedy")

    def may_approve(self, person: Person, run: Run) -> Decision:
        refused = self._refusal(person, run.may_approve)
        if refused:
            return refused
        if person.key == run.asked_by:
            return Decision(Verdict.REFUSED, "own_request")
        if person.key in run.approved_by:
            return Decision(Verdict.REFUSED, "already_approved")
        return Decision(Verdict.ALLOWED, "another_operator")

    def may_cancel(self, person: Person, run: Run) -> Decision:
        """Who asked, who may approve, and every operator: stopping must be easy."""
        if not person.is_bot and person.team and person.key == run.asked_by:
            return Decision(Verdict.ALLOWED, "operator")
        return self._refusal(person, (OPERATORS, *run.may_approve)) or Decision(Verdict.ALLOWED, "operator")

    def may_lock(self, person: Person) -> Decision:
        return self._refusal(person, (OPERATORS,)) or Decision(Verdict.ALLOWED, "operator")

    def may_act_on_incidents(self, person: Person) -> Decision:
        return self._refusal(person, (OPERATORS,)) or Decision(Verdict.ALLOWED, "operator")

    def _may_break_glass(self, person: Person) -> Decision:
        if any(self.has_role(person, role) for role in self.break_glass):
            return Decision(Verdict.ALLOWED, "break_glass")
        return Decision(Verdict.REFUSED, "may_not_break_glass")

    def _refusal(self, person: Person, roles: Collection[str]) -> Decision | None:
        if person.is_bot:
            return Decision(Verdict.REFUSED, "bots_may_not_act")
        if any(self.has_role(person, role) for role in roles):
            return None
        return Decision(Verdict.REFUSED, "not_in_role" if self.knows(person) else "not_an_operator")


def policy(
    operators: Collection[str],
    roles: Mapping[str, Collection[str]] | None = None,
    break_glass: Collection[str] = (),
) -> Policy:
    made = {name: frozenset(members) for name, members in (roles or {}).items()}
    return Policy(frozenset(operators), made, tuple(break_glass))
