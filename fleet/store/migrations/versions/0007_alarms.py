"""Alarms and paging."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what alarms need."""
    run_sql("0007_alarms.up.sql")


def downgrade() -> None:
    """Back to a fleet without alarms: they are forgotten, their entries stay in the log."""
    run_sql("0007_alarms.down.sql")
