"""Alembic runs this; `fleet.store.migrate` has put an open connection into the configuration's attributes."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
