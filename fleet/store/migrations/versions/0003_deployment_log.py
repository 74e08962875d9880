"""The deployment log's tree, units' own records, error reports, legal holds."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the log needs."""
    run_sql("0003_deployment_log.up.sql")


def downgrade() -> None:
    """Back to an outbox nobody reads: the tree is forgotten, and would be another one the next time."""
    run_sql("0003_deployment_log.down.sql")
