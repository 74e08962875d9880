"""Welfare timers and handover sheets."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add welfare timers and handover sheets."""
    run_sql("0008_welfare.up.sql")


def downgrade() -> None:
    """Back to a fleet without them: they are forgotten, their entries stay in the log."""
    run_sql("0008_welfare.down.sql")
