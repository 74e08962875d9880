"""Harnesses, what deployments are given of them, and what was measured."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add harnesses."""
    run_sql("0009_wiring.up.sql")


def downgrade() -> None:
    """Back to a fleet without them: they are forgotten, their entries stay in the log."""
    run_sql("0009_wiring.down.sql")
