"""People, units, joining, telemetry, events, commands and the log's outbox."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything."""
    run_sql("0001_house.up.sql")


def downgrade() -> None:
    """Remove everything but the cluster's role."""
    run_sql("0001_house.down.sql")
