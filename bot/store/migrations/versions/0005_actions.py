"""What actions need beyond the start: what a run alone may act on, locks of environments, the audit's chain."""

import sqlalchemy as sa
from alembic import op

from bot.store import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KEPT = ("audit", "audit_seal")


def upgrade() -> None:
    op.add_column("run", sa.Column("exclusive", sa.String(length=400), nullable=True))
    op.add_column("run", sa.Column("stop_by", sa.String(length=100), nullable=False, server_default=""))
    op.create_index("uq_run_exclusive", "run", ["exclusive"], unique=True)
    op.create_table(
        "environment_lock",
        sa.Column("serial", types.Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("until", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_environment_lock")),
        sa.UniqueConstraint("name", name=op.f("uq_environment_lock_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_seal",
        sa.Column("no", types.Id, autoincrement=False, nullable=False),
        sa.Column("audit_id", types.Id, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_audit_seal_audit_id")),
    )
    _forbid_changes()


def downgrade() -> None:
    _allow_changes()
    op.drop_table("audit_seal")
    op.drop_table("environment_lock")
    op.drop_index("uq_run_exclusive", "run")
    op.drop_column("run", "stop_by")
    op.drop_column("run", "exclusive")


def _forbid_changes() -> None:
    """Append-only, also for whoever has the database's password: taking the triggers away is a deliberate act."""
    if op.get_bind().dialect.name == "sqlite":
        for table in _KEPT:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION tocsin_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in _KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tocsin_append_only()"
        )


def _allow_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in _KEPT:
            for verb in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_no_{verb}")
        return
    for table in _KEPT:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute("DROP FUNCTION tocsin_append_only()")
