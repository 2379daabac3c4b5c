"""Does it read real logs as what they are?"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.files import lines_of
from bot.logs.record import LogRecord
from bot.replay.records import FileReader, Tally
from tests.replay.conftest import Run

BYTES_MAX = 1 << 16


def read(file: Path) -> tuple[list[LogRecord], Tally]:
    tally = Tally()
    reader = FileReader(str(file), None, datetime(2026, 1, 1, tzinfo=UTC), None, tally)
    return list(reader.records(lines_of(str(file), BYTES_MAX, lambda _: None), BYTES_MAX)), tally


@pytest.mark.parametrize(
    ("name", "year"),
    [("Apache", 2005), ("BGL", 2005), ("HDFS", 2008), ("HPC", 2003), ("Hadoop", 2015), ("Zookeeper", 2015)],
)
def test_real_logs_have_times(shared: Path, name: str, year: int) -> None:
    records, tally = read(shared / "data" / "logs" / "loghub" / name / f"{name}_2k.log")
    assert (tally.lines, tally.unreadable, tally.without_time) == (2000, 0, 0)
    assert min(record.at for record in records).year == year


def test_an_export_from_kubernetes_is_services_and_their_lines(shared: Path) -> None:
    folder = shared / "data" / "incidents" / "trainticket-2023-01-29" / "log"
    records, tally = read(folder / "08_43_log.csv.gz")
    assert (tally.unreadable, tally.without_time) == (0, 0)
    assert tally.records == tally.lines - 1  # the header
    assert {"ts-travel-service", "ts-seat-service"} <= {record.service for record in records}
    assert all(record.at.date().isoformat() == "2023-01-29" for record in records)
    assert {record.level for record in records} >= {"info", "error"}
    assert not any('"log"' in record.text or '"stream"' in record.text for record in records)


def test_openstack_without_times_is_said_and_goes_at_a_rate(shared: Path, run: Run) -> None:
    file = shared / "data" / "logs" / "openstack" / "openstack-nova-dhcpoff.log.gz"
    refused = run(file)
    assert refused.exit_code == 1
    assert "--rate N" in refused.stderr
    result = run(file, "--rate", "200", "--json")
    assert result.exit_code == 0
    assert "4,195 lines" in result.stderr


def test_breaking_into_ssh_is_an_incident(shared: Path, run: Run) -> None:
    result = run(shared / "data" / "logs" / "loghub" / "OpenSSH" / "OpenSSH_2k.log", "--json")
    assert result.exit_code == 0
    assert "Failed password" in result.stdout
