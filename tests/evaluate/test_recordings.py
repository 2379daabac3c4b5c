"""Is a recording of a broken system read rightly, replayed through the whole program, and scored against its faults?"""

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.errors import InputError
from bot.evaluate.recordings import GAP_MAX, Injected, is_recording, read_recording, service_of
from bot.evaluate.rerun import Shown, Told
from bot.evaluate.told_faults import verdict_on
from tests.conftest import shared_data

TEN = datetime(2026, 1, 29, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PODS = {"web": "web-5f55b6cf68-77cfw", "orders": "orders-84cbf6c798-7njv6"}


def lines(begin: datetime, minutes: float, broken_from: datetime | None = None) -> Iterator[tuple[datetime, str, str]]:
    """Twenty requests a minute through web and orders; from some time on orders takes no order to its end."""
    for number in range(round(20 * minutes)):
        at = begin + number * 3 * timedelta(seconds=1)
        trace = f"TraceID: {begin:%H%M}{number:028x} SpanID: {number:016x}"
        fails = broken_from is not None and at >= broken_from
        yield at, "web", f"INFO  w.Web#1 {trace} GET /order/{number} begins"
        yield at, "orders", f"INFO  o.Orders#5 {trace} order {number} received"
        if fails:
            yield at, "orders", f"ERROR o.Orders#9 {trace} order {number} has no price"
        else:
            yield at, "orders", f"INFO  o.Orders#7 {trace} order {number} accepted"
        yield at, "web", f"INFO  w.Web#2 {trace} GET /order/{number} ends"


def write(path: Path, rows: Iterator[tuple[datetime, str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["Timestamp", "TimeUnixNano", "Node", "PodName", "Container", "TraceID", "SpanID", "Log"])
        for at, service, text in rows:
            line = {"log": f"{at:%H:%M:%S}.000 {text}\n", "stream": "stdout", "time": f"{at:%Y-%m-%dT%H:%M:%S}.000Z"}
            out.writerow([f"{at:%Y-%m-%dT%H:%M:%S}Z", 0, "node-1", PODS[service], "server", "", "", json.dumps(line)])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two stretches of three minutes, half an hour apart; orders is broken in the last two minutes of each."""
    write(tmp_path / "normal" / "log" / "09_00_log.csv", lines(TEN - 60 * MINUTE, 1))
    faults = []
    for begin in (TEN, TEN + 30 * MINUTE):
        write(tmp_path / "log" / f"{begin:%H_%M}_log.csv", lines(begin, 3, begin + MINUTE))
        at = f"{begin + MINUTE:%Y-%m-%d %H:%M:%S}"
        faults.append({"inject_time": at, "inject_pod": PODS["orders"], "inject_type": "return"})
    (tmp_path / "day-fault_list.json").write_text(json.dumps({"10": faults}))
    (tmp_path / "graph.csv").write_text("caller,callee,calls\nweb,orders,20\n")
    (tmp_path / "metric").mkdir()
    head = "Time,TimeStamp,PodName,CpuUsageRate(%),MemoryUsageRate(%),PodServerLatencyP90(s)\n"
    points = [int((TEN + n * MINUTE).timestamp()) for n in range(-5, 60)]
    rows = "".join(f"x,{at},{PODS['orders']},{1 + at % 3},20,NaN\n" for at in points)
    (tmp_path / "metric" / f"{PODS['orders']}_metric.csv").write_text(head + rows)
    return tmp_path


def test_a_recording_is_read_with_its_faults_and_long_gaps_are_closed(recording: Path) -> None:
    assert is_recording(recording)
    read = read_recording(recording)
    assert read.services == ["orders", "web"]
    assert read.calls == {"web": ["orders"]}
    first, second = read.stretches
    assert GAP_MAX <= second[0] - first[1] <= GAP_MAX + MINUTE
    assert [(f.service, f.kind, f.stretch) for f in read.faults] == [
        ("orders", "return", first),
        ("orders", "return", second),
    ]
    assert read.faults[1].at - second[0] == MINUTE
    assert read.records[0].text == "GET /order/0 begins"
    assert read.records[0].attributes["pod"] == PODS["web"]
    assert list(read.figures["cpu"]) == ["orders"]
    assert not read.figures["latency"]
    times = [at for at, _ in read.figures["cpu"]["orders"]]
    assert times == sorted(times)
    assert times[-1] - times[0] < 60 * MINUTE


def test_the_whole_program_tells_the_faults_of_a_recording_and_names_the_service(recording: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "incidents", str(recording), "--json"])
    assert done.exit_code == 0, done.stderr
    told, blind, chance = json.loads(done.stdout)["tables"][0]["rows"]
    for row in (told, blind):
        assert row["faults"] == 2
        assert row["told"] == 1.0
        assert row["first"] == 1.0
        assert row["minutes"] <= 3
        assert row["messages between"].startswith("0 in")
    assert chance["first"] == 0.5
    part = CliRunner().invoke(app, ["evaluate", "incidents", str(recording), "--part", "some"])
    assert part.exit_code == 1
    assert "none of all, odd, even" in part.stderr


def test_a_recording_of_figures_alone_has_stretches_around_its_faults(recording: Path) -> None:
    for path in (recording / "log", recording / "normal"):
        shutil.rmtree(path)
    (recording / "graph.csv").unlink()
    (recording / "metric" / "dependency.csv").write_text("Source,Target,Weight\nweb,orders,1\norders,10.0.0.7,1\n")
    read = read_recording(recording)
    assert not read.records
    assert read.services == ["orders"]
    assert read.calls == {"web": ["orders"]}
    assert [fault.at - fault.stretch[0] for fault in read.faults] == [MINUTE, MINUTE]


def test_only_the_run_that_is_asked_for_is_made(recording: Path) -> None:
    (recording / "graph.csv").unlink()
    done = CliRunner().invoke(app, ["evaluate", "incidents", str(recording), "--graph"])
    assert done.exit_code == 1
    assert "neither graph.csv nor metric/dependency.csv" in done.stderr


def test_what_is_missing_in_a_recording_is_said(recording: Path) -> None:
    (recording / "normal" / "log" / "09_00_log.csv").unlink()
    with pytest.raises(InputError, match="normal/log"):
        read_recording(recording)


def test_a_fault_is_told_by_what_was_posted_in_its_stretch_and_by_what_stands_and_goes_on() -> None:
    fault = Injected(TEN + MINUTE, "orders", "return", (TEN, TEN + 3 * MINUTE))
    before = Shown(TEN - 9 * MINUTE, 1, "web", ("web",), TEN - 5 * MINUTE, True)
    late = Shown(TEN + 9 * MINUTE, 2, "orders", ("orders",), TEN + 9 * MINUTE, True)
    assert verdict_on(fault, Told([before, late])).shown is None
    goes_on = Shown(TEN + 2 * MINUTE, 1, "web", ("web", "orders"), TEN + 2 * MINUTE, False)
    found = verdict_on(fault, Told([before, goes_on, late]))
    assert (found.place, found.minutes) == (2, None)
    posted = Shown(TEN + 4 * MINUTE, 3, "cart", ("cart", "web"), TEN + 4 * MINUTE, True)
    found = verdict_on(fault, Told([before, goes_on, posted, late]))
    assert (found.place, found.minutes) == (0, 3.0)


def test_pods_are_of_services() -> None:
    assert service_of("ts-order-service-5b67c48447-mv5hb") == "ts-order-service"


def test_the_recorded_train_ticket_day_is_read_whole() -> None:
    folder = shared_data("data", "incidents", "trainticket-2023-01-29")
    read = read_recording(folder)
    assert len(read.faults) == 28
    assert len(read.stretches) == 28
    assert all(f.stretch[0] - MINUTE <= f.at <= f.stretch[1] for f in read.faults)
    assert not any("TraceID" in record.text[:40] for record in read.records)
