"""Is the simulation what it says, and does the program meet its targets on it?"""

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.logs.record import LogRecord
from bot.signals.model import Evidence, Signal, SignalKind
from bot.signals.severity import Severity
from bot.simulation.drive import Drive
from bot.simulation.estate import STORE, make_estate
from bot.simulation.faults import KINDS, Scene
from bot.simulation.measures import figures, outcome_of
from bot.simulation.plan import BEGIN, Plan, make_plan
from bot.simulation.writing import MINUTE, Writing, skeleton, truth_of


@pytest.mark.parametrize("services", [5, 6, 12, 200])
def test_an_estate_has_so_many_services_and_no_circle(services: int) -> None:
    estate = make_estate(random.Random(services), services)
    assert len(estate.nodes) == services
    assert all(name not in estate.below(name, 99) for name in estate.nodes)
    assert any(estate.callers[node.name] for node in estate.of_kind(STORE))


def test_every_kind_of_fault_breaks_something_and_names_its_cause() -> None:
    estate = make_estate(random.Random(3), 24)
    for name, kind in KINDS.items():
        fault = kind(Scene(random.Random(1), estate, 1, BEGIN + 60 * MINUTE, BEGIN + 70 * MINUTE))
        assert fault is not None, name
        assert fault.kind == name
        assert fault.causes
        assert fault.effects
        assert {("change", change.key) for change in fault.changes} <= fault.causes
        assert all(change.at < fault.since for change in fault.changes)


def test_the_same_seed_writes_the_same_and_another_something_else() -> None:
    def lines(seed: int) -> list[LogRecord]:
        minutes = Writing(make_plan(seed, 6, hours=0.5)).minutes()
        return [record for minute in minutes for record in minute.records]

    assert lines(1) == lines(1)
    assert lines(1) != lines(2)


def test_a_higher_load_brings_more_faults() -> None:
    few, many = (sum(len(make_plan(s, 8, load=load).faults) for s in range(20)) for load in (1.0, 3.0))
    assert 2 * few < many < 5 * few


def test_a_signal_is_traced_to_the_fault_that_wrote_its_line() -> None:
    plan = _plan_with("bad_deploy")
    [fault] = plan.faults
    line = next(e for e in fault.effects if e.service == fault.root).lines[0]
    seen = Evidence(template_id="t", examples=(line.text.replace("{n}", "71234"),))
    at = fault.since + MINUTE
    signal = Signal("f", SignalKind.NEW_TEMPLATE, fault.root, Severity.MAJOR, at, at, "", seen)
    assert truth_of(plan, signal) == fault.number
    assert truth_of(plan, replace(signal, evidence=Evidence(template_id="t", examples=("starting version 3",)))) == 0
    assert truth_of(plan, replace(signal, at=fault.until + 30 * MINUTE)) == 0
    assert skeleton("took 31 ms") == skeleton("took {n} ms")


@pytest.mark.timeout(300)
def test_the_program_meets_its_targets_on_two_seeds() -> None:
    drives = [Drive(make_plan(seed, services, hours=0.75)) for seed, services in ((11, 6), (12, 7))]
    for drive in drives:
        drive.run()
    found = figures([outcome_of(drive) for drive in drives])
    assert found.pairwise_f1 is not None
    assert found.pairwise_f1 >= 0.85
    assert found.recall == 1.0
    assert found.minutes_to_message is not None
    assert found.minutes_to_message < 2


def test_the_command_prints_the_figures_of_its_seed() -> None:
    ran = CliRunner().invoke(app, ["simulate", "--seed", "5", "--services", "5", "--hours", "0.25", "--json"])
    assert ran.exit_code == 0, ran.output
    line = json.loads(ran.stdout)
    assert line["seed"] == 5
    assert line["services"] == 5
    assert {"pairwise_f1", "recall", "precision", "cause_first", "minutes_to_message"} <= set(line)
    refused = CliRunner().invoke(app, ["simulate", "--services", "4"])
    assert refused.exit_code != 0


def test_seeds_side_by_side_are_what_they_are_one_after_the_other() -> None:
    few = ["simulate", "--seed", "10", "--seeds", "2", "--services", "5", "--hours", "0.25", "--json"]
    one, two = (CliRunner().invoke(app, [*few, "--jobs", str(jobs)]) for jobs in (1, 2))
    assert two.exit_code == 0, two.output
    assert one.stdout == two.stdout
    lines = [json.loads(line) for line in two.stdout.splitlines()]
    assert [line["seed"] for line in lines] == [10, 11, "10-11"]
    assert lines[2]["pairwise_f1_mean"] == pytest.approx(
        (lines[0]["pairwise_f1"] + lines[1]["pairwise_f1"]) / 2, abs=1e-3
    )


def test_ctrl_c_ends_all_processes_without_a_word() -> None:
    many = ["--seed", "1", "--seeds", "500", "--services", "5", "--hours", "0.25", "--jobs", "2", "--json"]
    command = [sys.executable, "-m", "bot", "simulate", *many]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as ran:
        assert ran.stdout is not None
        assert json.loads(ran.stdout.readline())["seed"] == 1
        os.killpg(ran.pid, signal.SIGINT)
        _, said = ran.communicate(timeout=60)  # until every process has closed it
    assert ran.returncode == 130
    assert said == ""


def _plan_with(kind: str) -> Plan:
    plan = make_plan(1, 8)
    fault = KINDS[kind](Scene(random.Random(2), plan.estate, 1, BEGIN + 60 * MINUTE, BEGIN + 70 * MINUTE))
    assert fault is not None
    return replace(plan, faults=(fault,), noise=(), changes=fault.changes)
