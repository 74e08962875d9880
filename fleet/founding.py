"""Making a new fleet."""

from fleet.clock import utc_now
from fleet.credentials import create_credentials
from fleet.log.entries import CONTROLLER
from fleet.people.register import PeopleRegister
from fleet.settings import Settings
from fleet.store.migrate import upgrade
from fleet.store.store import open_store
from protocols.api.people import NewPerson
from protocols.ids import check_person_id


async def found(settings: Settings, administrator: str, name: str, key: str) -> None:
    """Make authority, signing key and schema, and add the first administrator with the public key line `key`.

    Raises AuthorityExists when `settings.state_dir` holds a fleet already; nothing is changed then.
    """
    person = NewPerson(person_id=check_person_id(administrator), name=name, role="administrator", key=key)
    create_credentials(settings.state_path, utc_now())
    await upgrade(settings.database.owner_dsn or settings.database.dsn)
    store = await open_store(settings.database.dsn, max_connections=2)
    try:
        await PeopleRegister(store, utc_now).add(person, CONTROLLER)
    finally:
        await store.close()
