"""Kit with its custody, sites, deployments."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add kit, sites and deployments."""
    run_sql("0006_deployments.up.sql")


def downgrade() -> None:
    """Back to a fleet without deployments: they are forgotten, their entries stay in the log."""
    run_sql("0006_deployments.down.sql")
