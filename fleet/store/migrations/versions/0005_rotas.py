"""On-call rotas, what is known of people for their sake, call-outs."""

from fleet.store.migrations.plain_sql import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what on-call rotas need."""
    run_sql("0005_rotas.up.sql")


def downgrade() -> None:
    """Back to a fleet without rotas: they are forgotten, their entries stay in the log."""
    run_sql("0005_rotas.down.sql")
