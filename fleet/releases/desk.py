"""Drafts of root and targets metadata, their signatures, and publishing them once enough people have signed."""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tuf.api.metadata import Root, Targets

from fleet.clock import Clock
from fleet.entries.releases import ReleaseDrafted, ReleaseDraftWithdrawn, ReleasePublished, ReleaseSigned
from fleet.errors import Conflict, Forbidden, NotFound, RequestRefused
from fleet.releases.images import check_images
from fleet.releases.metadata import file_of, online_key, read_signed, text_hash
from fleet.releases.online import OnlineSigning, root_in_force, targets_in_force
from fleet.releases.rules import check_root, check_targets, enough, people_by_line, signers_of
from fleet.releases.shown import draft_view, manifests_of, releases_view
from fleet.settings import ReleaseSettings
from fleet.store.people import Person
from fleet.store.releases import StoredDraft, StoredMetadata, StoredSignature
from fleet.store.store import Store, Transaction
from protocols.api.releases import DraftSignature, DraftView, NewDraft, ReleaseKey, ReleasesView, SignedRole
from protocols.errors import InvalidSshSignature
from protocols.people import PeopleList, Permission, may, read_list
from protocols.releases.ssh_key import RELEASE_NAMESPACE, SshKey
from protocols.sshsig import verify

_DRAFTING: dict[SignedRole, Permission] = {"root": "sign-release", "targets": "manage-releases"}


class _Open(NamedTuple):
    """A draft that waits, what it says, and by what it is judged."""

    draft: StoredDraft
    signed: Root | Targets
    root: Root | None
    people: PeopleList


class ReleaseDesk:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        key: Ed25519PrivateKey,
        settings: ReleaseSettings,
        online: OnlineSigning,
        *,
        plain_keys_may_sign: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._public = online_key(key)
        self._settings = settings
        self._online = online
        self._plain = plain_keys_may_sign

    async def view(self) -> ReleasesView:
        """The repository."""
        async with self._store.transaction() as transaction:
            return await releases_view(transaction, await _people(transaction))

    def key(self) -> ReleaseKey:
        """This controller's own key."""
        return ReleaseKey(public_hex=self._public.keyval["public"])

    async def one(self, role: SignedRole) -> DraftView:
        """The draft of a role that waits; raises NotFound."""
        async with self._store.transaction() as transaction:
            return await _shown(transaction, await _opened(transaction, role))

    async def draft(self, new: NewDraft, caller: Person) -> DraftView:
        """Let metadata wait to be signed, in place of the draft there was; raises RequestRefused, Conflict."""
        now = self._clock()
        if not may(caller.role, _DRAFTING[new.role]):
            raise Forbidden(caller.role, _DRAFTING[new.role])
        signed = read_signed(new.role, new.text)
        async with self._store.transaction() as transaction:
            await transaction.releases.lock()
            people = await _people(transaction)
            await self._check(transaction, signed, people, now)
            before = await transaction.releases.draft(new.role)
            if before is not None and before.text == new.text:
                return await _shown(transaction, await _opened(transaction, new.role))
            if before is not None:
                await transaction.releases.end_draft(before.draft_id, "replaced", caller.person_id, now)
            made = StoredDraft(
                draft_id=f"RD-{secrets.token_hex(6)}",
                role=new.role,
                version=signed.version,
                text=new.text,
                sha256=text_hash(new.text),
                made_by=caller.person_id,
                made_at=now,
            )
            await transaction.releases.add_draft(made)
            await transaction.log.append(
                ReleaseDrafted(
                    at=now,
                    actor=caller.person_id,
                    draft=made.draft_id,
                    release_role=made.role,
                    version=made.version,
                    sha256=made.sha256,
                )
            )
            return await _shown(transaction, await _opened(transaction, new.role))

    async def withdraw(self, role: SignedRole, caller: Person) -> ReleasesView:
        """Let a draft wait no more; raises NotFound."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.releases.lock()
            found = await _opened(transaction, role)
            await transaction.releases.end_draft(found.draft.draft_id, "withdrawn", caller.person_id, now)
            await transaction.log.append(
                ReleaseDraftWithdrawn(
                    at=now,
                    actor=caller.person_id,
                    draft=found.draft.draft_id,
                    release_role=role,
                    version=found.draft.version,
                )
            )
            return await releases_view(transaction, found.people)

    async def sign(self, role: SignedRole, new: DraftSignature, caller: Person) -> ReleasesView:
        """Take a person's signature under a draft, and publish it when it is the last one needed.

        Raises NotFound, Conflict (`draft-changed`, `signed-already`), RequestRefused (`not-a-signer`,
        `signature-invalid`) and what drafting raises, where the people list has changed since.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.releases.lock()
            found = await _opened(transaction, role)
            if new.sha256 != found.draft.sha256:
                raise Conflict("draft-changed", f"the draft of {role} is another by now", "read it again, then sign")
            key = _key_of(found, caller, now)
            given = await transaction.releases.signatures(found.draft.draft_id)
            if any(one.key_id == key.keyid or one.person_id == caller.person_id for one in given):
                raise Conflict("signed-already", f"{caller.person_id} has signed this draft", "another has to sign")
            try:
                verify(key.line, RELEASE_NAMESPACE, found.draft.text.encode(), new.signature)
            except InvalidSshSignature as error:
                raise RequestRefused(
                    "signature-invalid", f"the signature does not count: {error.detail}", "sign the draft's exact text"
                ) from error
            signature = StoredSignature(key_id=key.keyid, person_id=caller.person_id, signature=new.signature)
            await transaction.releases.sign(found.draft.draft_id, signature, now)
            await transaction.log.append(
                ReleaseSigned(
                    at=now,
                    actor=caller.person_id,
                    draft=found.draft.draft_id,
                    release_role=role,
                    version=found.draft.version,
                    sha256=found.draft.sha256,
                )
            )
            await self._publish(transaction, found, [*given, signature], caller, now)
            return await releases_view(transaction, found.people)

    async def _publish(
        self, transaction: Transaction, found: _Open, given: list[StoredSignature], caller: Person, now: datetime
    ) -> None:
        """Put the draft in force if enough of those who signed it still may."""
        keys, known = signers_of(found.signed, found.root), people_by_line(found.people, now)
        counted = {one.key_id: one.signature for one in given if keys[one.key_id].line in known}
        if not enough(found.signed, found.root, set(counted)):
            return
        await self._check(transaction, found.signed, found.people, now)
        draft = found.draft
        await transaction.releases.end_draft(draft.draft_id, "published", caller.person_id, now)
        published = StoredMetadata(
            version=draft.version,
            content=file_of(draft.text, counted),
            expires_at=found.signed.expires,
            made_at=now,
        )
        await transaction.releases.publish(draft.role, published, draft.draft_id)
        await transaction.log.append(
            ReleasePublished(
                at=now,
                actor=caller.person_id,
                draft=draft.draft_id,
                release_role=draft.role,
                version=draft.version,
                sha256=draft.sha256,
                signatures=len(counted),
            )
        )
        await self._online.renew(transaction)

    async def _check(self, transaction: Transaction, signed: Root | Targets, people: PeopleList, now: datetime) -> None:
        root = await root_in_force(transaction)
        if isinstance(signed, Root):
            longest = timedelta(days=self._settings.root_days)
            check_root(signed, root, people, self._public, now, longest, plain_keys_may_sign=self._plain)
            return
        before = await targets_in_force(transaction)
        files = check_targets(signed, root, before, now, timedelta(days=self._settings.targets_days))
        lengths = await transaction.releases.lengths([sha256 for sha256, _ in files.values()])
        for path, (sha256, length) in files.items():
            if lengths.get(sha256) != length:
                raise Conflict("file-missing", f"the file of {path} is not there", "send it: fleet release add")
        await check_images(transaction, signed, await manifests_of(transaction, signed), before)


async def _people(transaction: Transaction) -> PeopleList:
    stored = await transaction.people.newest_list()
    if stored is None:
        raise Conflict("people-unfounded", "there is no people list yet", "make a fleet with fleet init")
    return read_list(stored.text)


async def _opened(transaction: Transaction, role: SignedRole) -> _Open:
    draft = await transaction.releases.draft(role)
    if draft is None:
        raise NotFound("draft-unknown", f"no draft of {role} waits", "see what there is: fleet release list")
    root, people = await root_in_force(transaction), await _people(transaction)
    return _Open(draft, read_signed(role, draft.text), root, people)


async def _shown(transaction: Transaction, found: _Open) -> DraftView:
    return await draft_view(transaction, found.draft, found.root, found.people)


def _key_of(found: _Open, caller: Person, now: datetime) -> SshKey:
    """The caller's key, if it counts under the draft; raises RequestRefused."""
    listed = people_by_line(found.people, now).get(caller.public_key)
    key = SshKey.of(caller.public_key)
    if listed is None or listed.person_id != caller.person_id or key.keyid not in signers_of(found.signed, found.root):
        raise RequestRefused(
            "not-a-signer",
            f"{caller.person_id} does not sign {found.draft.role}",
            f"see who may: fleet release show {found.draft.role}",
        )
    return key
