"""Who has a second factor, and which codes are used up."""

from sqlalchemy import Connection, select

from bot.actions.totp import Factor
from bot.store.tables import second_factor as table
from bot.store.upsert import insert_or_update


class SecondFactorTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def lock(self, person: str) -> Factor | None:
        query = select(table).where(table.c.person == person)
        if self._db.dialect.name == "postgresql":
            query = query.with_for_update()
        row = self._db.execute(query).one_or_none()
        if row is None:
            return None
        return Factor(row.generation, row.confirmed_at, row.last_step, row.failures, row.failed_at)

    def save(self, person: str, factor: Factor) -> None:
        values = {
            "generation": factor.generation,
            "confirmed_at": factor.confirmed_at,
            "last_step": factor.last_step,
            "failures": factor.failures,
            "failed_at": factor.failed_at,
        }
        insert_or_update(self._db, table, {"person": person, **values}, ["person"], values)
