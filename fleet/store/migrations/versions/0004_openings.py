"""Authorities, mandates, openings, readiness, the one last position."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what opening a unit needs."""
    run_sql("0004_openings.up.sql")


def downgrade() -> None:
    """Back to a fleet that opens nothing: authorities and mandates are forgotten, their entries stay in the log."""
    run_sql("0004_openings.down.sql")
