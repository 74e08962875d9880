"""Certificates over time, proofs of who is connected, revocation, signed people lists."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what identity needs."""
    run_sql("0002_identity.up.sql")


def downgrade() -> None:
    """Back to one certificate for life; units that came back keep only what they first joined with."""
    run_sql("0002_identity.down.sql")
