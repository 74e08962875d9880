"""Rollouts of releases to units, ring by ring."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add rollouts, their rings and their units."""
    run_sql("0011_rollouts.up.sql")


def downgrade() -> None:
    """Back to a fleet without them: they are forgotten, their entries stay in the log."""
    run_sql("0011_rollouts.down.sql")
