"""Can nobody change the audit unnoticed, and is each lock held by one?"""

import json
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.actions.locks import Lock
from bot.cli import app
from bot.engine.audit import Audit
from bot.engine.ports import AuditEntry
from bot.errors import StoreError
from bot.store import migrate
from bot.store.database import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def noted(database: Database, many: int) -> Audit:
    with database.write() as tx:
        for number in range(many):
            at = NOW + timedelta(seconds=number)
            tx.records.audit(AuditEntry(at, "T1/UANA", "run.asked", f"run:{number}", {"b": "ü", "a": "1"}))
    return Audit(database)


@pytest.mark.parametrize("table", ["audit", "audit_seal"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET hash = ''", "UPDATE {} SET by = 'x'"])
def test_the_database_itself_refuses_to_change_what_is_recorded(database: Database, table: str, statement: str) -> None:
    if (table == "audit") == ("hash" in statement) and "UPDATE" in statement:
        return
    noted(database, 2)
    with pytest.raises(StoreError, match="append-only"), database.write() as tx:
        tx.connection.exec_driver_sql(statement.format(table))


def test_the_chain_goes_over_many_pages_and_is_whole(database: Database) -> None:
    audit = noted(database, 1203)
    assert audit.verify() is None
    assert [sealed.no for sealed in audit.export()] == list(range(1, 1204))
    noted(database, 3)
    assert audit.verify() is None


def test_an_entry_is_sealed_before_its_transaction_commits(database: Database) -> None:
    with suppress(StoreError), database.write() as tx:
        tx.records.audit(AuditEntry(NOW, "T1/UANA", "never", "x"))
        raise StoreError("rolled back")
    audit = noted(database, 3)
    with database.read() as tx:
        assert tx.audit.unsealed(10) == []
        assert [sealed.entry.what for sealed in tx.audit.sealed(0, 10)] == ["run.asked"] * 3
    assert audit.seal() == 0
    assert audit.verify() is None


def test_what_an_older_version_left_unsealed_is_sealed_by_the_clock(database: Database) -> None:
    noted(database, 1)
    with database.write() as tx:
        tx.records.audit(AuditEntry(NOW, "T1/UANA", "old", "x"))
        tx.records.noted.clear()
    audit = noted(database, 1)
    assert audit.seal() == 1
    assert [sealed.entry.what for sealed in audit.export()] == ["run.asked", "run.asked", "old"]
    assert audit.verify() is None


def test_transactions_at_the_same_time_make_one_chain(database: Database) -> None:
    """Each holds rows of others while it writes: the chain is the last thing it waits for, so none blocks another."""

    def work(number: int) -> None:
        for turn in range(15):
            with database.write() as tx:
                tx.records.audit(AuditEntry(NOW, f"T1/U{number}", "one", f"{turn}"))
                for name in sorted(("a", "b"), reverse=bool(number % 2))[: 1 + turn % 2]:
                    tx.locks.take(Lock(f"{name}-{number}", f"T1/U{number}", "", NOW), NOW)
                tx.records.audit(AuditEntry(NOW, f"T1/U{number}", "two", f"{turn}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    audit = Audit(database)
    assert audit.verify() is None
    assert len(list(audit.export())) == 4 * 15 * 2
    assert audit.seal() == 0


def test_it_is_exported_and_verified_from_the_command_line(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/t.db")
    migrate.upgrade(database.engine)
    noted(database, 3)
    file = tmp_path / "tocsin.toml"
    file.write_text(f'database = "sqlite:///{tmp_path}/t.db"\n')
    lines = CliRunner().invoke(app, ["audit", "export", "-c", str(file)]).stdout.splitlines()
    assert [json.loads(line)["subject"] for line in lines] == ["run:0", "run:1", "run:2"]
    assert CliRunner().invoke(app, ["audit", "verify", "-c", str(file)]).stdout == "The chain is whole.\n"
    with database.write() as tx:
        tx.connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
        tx.connection.exec_driver_sql("DELETE FROM audit WHERE id = 2")
    broken = CliRunner().invoke(app, ["audit", "verify", "-c", str(file)])
    assert broken.exit_code == 1
    assert "The chain breaks at link 2" in broken.stdout
    database.close()


def test_of_two_that_take_a_lock_one_has_it(database: Database) -> None:
    with database.write() as tx:
        first = tx.locks.take(Lock("production", "T1/UANA", "", NOW, NOW + timedelta(hours=1)), NOW)
        assert first is not None
        assert tx.locks.take(Lock("production", "T1/UBEN", "", NOW), NOW) is None
        later = NOW + timedelta(hours=1)
        second = tx.locks.take(Lock("production", "T1/UBEN", "", later), later)
        assert second is not None
        assert second.serial > first.serial
        assert not tx.locks.release("production", first.serial)
        assert tx.locks.release("production", second.serial)
        assert tx.locks.all() == []
