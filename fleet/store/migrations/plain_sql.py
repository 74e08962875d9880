"""Migrations are plain SQL files beside this module; alembic keeps count of which have run."""

from importlib.resources import files

from alembic import op


def run_sql(name: str) -> None:
    """Run the SQL file `name` of this package's `sql` folder as one script, in alembic's transaction."""
    script = files("fleet.store.migrations").joinpath("sql", name).read_text()
    connection = op.get_bind()
    # A first statement makes the driver open its transaction, which the script then shares.
    connection.exec_driver_sql("SELECT 1")
    adapted = connection.connection.dbapi_connection
    assert adapted is not None
    adapted.run_async(lambda raw: raw.execute(script))
