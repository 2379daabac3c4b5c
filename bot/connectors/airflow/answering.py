"""How is a question answered on which a task of Airflow waits (human in the loop, Airflow 3.1 and later)?

Airflow takes one answer to a question (409 for a second one) and keeps no key with it. So what was answered since the
plan counts as done by this run when it is the same answer; another one, or the question asked anew, is a world that
moved. The plan shows the question as Airflow asks it.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, Done, Plan
from bot.actions.parameters import Parameter
from bot.connectors._web import Problem
from bot.connectors.airflow.api import Api, Question
from bot.errors import InputError, WorldChanged

SHOWN_MAX = 2_000
PARAMETERS = (
    Parameter("answer", required=True, live=True),
    Parameter("run", hint="Empty: the latest that waits.", live=True),
)


class Answers:
    """The questions of `target.task` of `target.dag`."""

    def __init__(self, name: str, api: Api) -> None:
        self._name, self._api = name, api

    def choices(self, action: Action, parameter: str) -> list[str]:
        waiting = self._waiting(action)
        if parameter == "run":
            return [question.run for question in waiting]
        return list(waiting[0].options) if waiting else []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        question = self._wanted(action, parameters.get("run", ""))
        answer = self._option(question, parameters["answer"])
        world = json.dumps([question.run, question.map_index, question.asked_at])
        said = "\n".join(filter(None, (question.subject, question.body)))[:SHOWN_MAX]
        summary = f"{action.target['dag']} {question.run}: {question.subject} → {answer}"
        return Plan(summary, "", answer, said, world, (f"answer {action.target['task']} of {question.run}: {answer}",))

    def execute(self, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done:
        question = self._asked(action, plan)
        if not question.chosen:
            given = {one.name: parameters[one.name] for one in action.parameters if one.name in parameters}
            try:
                self._api.answer(question, plan.after, {**question.params, **_of(question, given)})
            except Problem as problem:
                if problem.status != 409:  # somebody was faster
                    raise
                question = self._asked(action, plan)
        if question.chosen and question.chosen != (plan.after,):
            words = f"it was answered already: {', '.join(question.chosen)}"
            raise WorldChanged(words, connector=self._name)
        return self._done(action, question, plan)

    def find(self, action: Action, plan: Plan | None) -> Done | None:
        if plan is None:
            return None
        question = self._asked(action, plan)
        return self._done(action, question, plan) if question.chosen == (plan.after,) else None

    def _waiting(self, action: Action) -> list[Question]:
        return self._api.waiting(action.target["dag"], action.target["task"])

    def _wanted(self, action: Action, run: str) -> Question:
        found = next((one for one in self._waiting(action) if run in ("", one.run)), None)
        if found is None:
            where = run or action.target["dag"]
            raise InputError(f"no question of {action.target['task']} waits in {where}", place="run")
        return found

    def _option(self, question: Question, answer: str) -> str:
        """By its own name."""
        found = next((one for one in question.options if one.lower() == answer.lower()), None)
        if found is None:
            raise InputError(f"{answer[:50]!r} is no answer; it can be: {', '.join(question.options)}", place="answer")
        return found

    def _asked(self, action: Action, plan: Plan) -> Question:
        """The question of the plan, as it is now."""
        run, map_index, asked_at = json.loads(plan.world)
        found = self._api.question(action.target["dag"], run, action.target["task"], map_index)
        if found.asked_at != asked_at:
            raise WorldChanged("the question was asked anew since the plan was made", connector=self._name)
        return found

    def _done(self, action: Action, question: Question, plan: Plan) -> Done:
        dag, task = action.target["dag"], action.target["task"]
        reference = f"airflow:{dag}:{question.run}:{task}"
        link = self._api.link(f"/dags/{dag}/runs/{question.run}/tasks/{task}")
        return Done(plan.after, "", reference, f"{dag} {question.run}: {task} is answered with {plan.after}", link)


def _of(question: Question, given: Mapping[str, str]) -> dict[str, Any]:
    """What people said of what the question asks beside the options; Airflow refuses anything else."""
    return {name: value for name, value in given.items() if name in question.params}
