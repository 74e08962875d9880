"""Releases for the house to attack: a file that is there, a draft of root that waits, and names of metadata."""

from hashlib import sha256
from typing import Any

from fleet.releases.drafting import next_root
from fleet.releases.metadata import canonical_text, online_key, text_hash
from protocols.api.releases import NewDraft, NewFile
from protocols.people import read_list
from tests.support.controller import RunningApi
from tests.support.people import FOUNDERS


async def releases(api: RunningApi, supervisor: str) -> dict[str, list[Any]]:
    """Send a file in a supervisor's name, draft a root in a founder's; returns what is known of them."""
    services, content = api.services, b"an image"
    services.releases._plain = True  # the founders' keys are on disk
    async with services.store.transaction() as transaction:
        caller = await transaction.people.get(supervisor)
        founder = await transaction.people.get(FOUNDERS[0].person_id)
        stored = await transaction.people.newest_list()
    assert caller is not None
    assert founder is not None
    assert stored is not None
    digest = sha256(content).hexdigest()
    await services.release_files.begin(NewFile(sha256=digest, length_bytes=len(content)), caller)
    await services.release_files.take(digest, 0, content, caller)
    now = services.clock()
    people = [one for one in read_list(stored.text).people if one.in_force(now)]
    administrators = [one for one in people if one.role == "administrator"]
    signers = [one for one in people if one.role in {"engineer", "supervisor"}]
    root = canonical_text(next_root(None, administrators, signers, online_key(api.credentials.release_key), now))
    await services.releases.draft(NewDraft(role="root", text=root), founder)
    return {
        "sha256": [digest, text_hash(root)],
        "length_bytes": [len(content)],
        "offset": [0, 8],
        "role": ["root", "targets"],
        "name": ["root.json", "1.root.json", "timestamp.json"],
        "path": [f"mcu/{digest}.image.bin"],
    }
