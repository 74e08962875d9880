"""Releases: files for units, drafts of metadata with people's signatures, and metadata as it was published."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add releases."""
    run_sql("0010_releases.up.sql")


def downgrade() -> None:
    """Back to a fleet without them: they are forgotten, their entries stay in the log."""
    run_sql("0010_releases.down.sql")
