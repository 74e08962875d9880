"""Everything that the API can change of releases, done once by people of a house that watches its log."""

from functools import partial
from hashlib import sha256

import msgspec

from fleet.releases.drafting import next_root, next_targets
from fleet.releases.metadata import canonical_text, online_key, text_hash
from protocols.people import read_list
from protocols.releases.ssh_key import RELEASE_NAMESPACE
from tests.support.kit_logged import WatchedHouse
from tests.support.people import FOUNDERS


async def releases(house: WatchedHouse) -> None:
    """A file is sent, a root signed by two, and a draft of targets withdrawn."""
    house.api.services.releases._plain = True  # the founders' keys are on disk
    now = house.api.services.clock()
    content = b"an image"
    digest = sha256(content).hexdigest()
    new = {"sha256": digest, "length_bytes": len(content)}
    await house.call("POST /api/release-files", "SU-01", new)
    at = {"sha256": digest, "offset": 0}
    wrong = partial(house.ask, "PUT", f"/api/release-files/{digest}/0", "SU-01", msgspec.Raw(b"short"))
    await house.refused("a short piece", wrong, 400, [])
    await house.call("PUT /api/release-files/{sha256}/{offset}", "SU-01", msgspec.Raw(content), **at)

    async with house.api.services.store.transaction() as transaction:
        stored = await transaction.people.newest_list()
    assert stored is not None
    people = read_list(stored.text).people
    founders = [one for one in people if one.person_id in {founder.person_id for founder in FOUNDERS}]
    signers = [one for one in people if one.role in {"engineer", "supervisor"} and one.in_force(now)]
    root = next_root(None, founders, signers, online_key(house.api.credentials.release_key), now)
    text = canonical_text(root)
    await house.call("POST /api/release-drafts", "AD-91", {"role": "root", "text": text})
    signing = "POST /api/release-drafts/{role}/signatures"
    for founder in FOUNDERS:
        signature = {"sha256": text_hash(text), "signature": founder.sign(text, RELEASE_NAMESPACE)}
        await house.call(signing, founder.person_id, signature, role="root")
    path = "/api/release-drafts/root/signatures"
    await house.refused("published", partial(house.ask, "POST", path, "AD-91", signature), 404, [])

    files = {"mcu/image.bin": (digest, len(content))}
    draft = {"role": "targets", "text": canonical_text(next_targets(None, None, files, [], now))}
    await house.call("POST /api/release-drafts", "SU-01", draft)
    again = partial(house.ask, "POST", "/api/release-drafts", "TO-12", draft)
    await house.refused("by an engineer", again, 403, [])
    await house.call("POST /api/release-drafts/{role}/withdraw", "SU-01", role="targets")
