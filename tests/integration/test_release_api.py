"""Releases through the API: files in pieces, drafts that people sign, and what units fetch of it over mutual TLS."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import asyncpg
import msgspec
import pytest
from tuf.api.metadata import Root, Targets

from edge_agent.releases.bundling import make_bundle
from fleet.client import FleetClient, Refused, connect
from fleet.client.release_drafts import read_release, told
from fleet.errors import Conflict, RequestRefused
from fleet.releases.drafting import next_root, next_targets
from fleet.releases.files_desk import FORGOTTEN_AFTER, MAX_WAITING
from fleet.releases.metadata import canonical_text, online_key
from fleet.settings import MandateSettings
from fleet.store.store import Store
from protocols.api.people import LeaveOut
from protocols.api.releases import MAX_PIECE_BYTES, DraftView, NewFile, ReleasesView, SignedRole
from protocols.people import ListedPerson, Role
from protocols.releases.manifest import Manifest, Part, PartName
from protocols.releases.mcuboot import MAX_IMAGE_BYTES
from tests.support.controller import RunningApi, running_api
from tests.support.firmware_images import image_of
from tests.support.mandate_house import Owner, entries
from tests.support.people import FOUNDERS, Keyholder, put_in_force
from tests.support.rota_house import NOW, HouseClock

ROLES: dict[str, Role] = {
    "AD-01": "administrator",
    "SU-01": "supervisor",
    "SU-02": "supervisor",
    "TO-12": "engineer",
    "IN-01": "inspector",
}


PLAIN = MandateSettings(plain_keys_may_sign=True)


@dataclass
class House:
    """Everybody of ROLES and the founders, signed in."""

    api: RunningApi
    clock: HouseClock
    doors: dict[str, FleetClient] = field(default_factory=dict)

    def __getitem__(self, person_id: str) -> FleetClient:
        return self.doors[person_id]

    async def people(self, *person_ids: str) -> list[ListedPerson]:
        """These, as the list in force has them."""
        listed = {one.person_id: one for one in (await self["SU-01"].people_chain()).newest.people}
        return [listed[one] for one in person_ids]

    async def root(self, before: Root | None = None, admins: tuple[str, ...] = ("AD-91", "AD-92", "AD-01")) -> Root:
        """The next root."""
        signers = await self.people("SU-01", "SU-02", "TO-12")
        key = online_key(self.api.credentials.release_key)
        return next_root(before, await self.people(*admins), signers, key, self.clock.now)

    async def draft(self, signed: Root | Targets, by: str = "") -> DraftView:
        """Let it wait."""
        role: SignedRole = "root" if isinstance(signed, Root) else "targets"
        return await self[by or ("AD-91" if role == "root" else "SU-01")].draft_release(role, canonical_text(signed))

    async def sign(self, role: SignedRole, *person_ids: str) -> ReleasesView:
        """Let people sign the draft of a role."""
        for person_id in person_ids:
            door = self[person_id]
            view = await door.sign_release(read_release(role, (await door.release_draft(role)).text))
        return view

    async def send(self, home: Path, content: bytes) -> tuple[str, int]:
        """Send a file as SU-01; returns its SHA-256 and length."""
        path = home / "image.bin"
        path.write_bytes(content)
        view = await self["SU-01"].send_release_file(path, silent)
        assert view.complete
        return view.sha256, view.length_bytes


@contextmanager
def refused(code: str) -> Iterator[None]:
    """What is done within is refused with `code`; message and remedy both say something."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.problem.code == code
    assert caught.value.problem.message
    assert caught.value.problem.remedy


def silent(done: int, total: int) -> None:
    """Progress that nobody looks at."""
    assert done <= total


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[House]:
    clock = HouseClock(NOW)
    async with running_api(store, dsn, tmp_path, clock=clock, mandates=PLAIN) as api, AsyncExitStack() as stack:
        made = House(api, clock)
        people = [Keyholder.make(person_id) for person_id in ROLES]
        for person in people:
            await put_in_force(api.services.people, person.new(ROLES[person.person_id]))
        for person in (*people, *FOUNDERS):
            made.doors[person.person_id] = await stack.enter_async_context(connect(api.settings_of(person)))
        yield made


async def test_a_root_is_in_force_once_two_administrators_have_signed_it(house: House, owner: Owner) -> None:
    assert (await house["IN-01"].releases()).roles == []
    draft = await house.draft(await house.root())
    assert (draft.version, draft.needed, draft.signed_by) == (1, 2, [])
    assert draft.may_sign == ["AD-01", "AD-91", "AD-92"]
    view = await house.sign("root", "AD-91")
    assert (view.roles, view.drafts[0].signed_by) == ([], ["AD-91"])
    with refused("signed-already"):
        await house.sign("root", "AD-91")
    with refused("not-a-signer"):
        await house.sign("root", "SU-01")
    view = await house.sign("root", "AD-01")
    assert [(one.role, one.version, one.threshold) for one in view.roles] == [("root", 1, 2)]
    assert (view.roles[0].signers, view.drafts) == (["AD-01", "AD-91", "AD-92"], [])
    kinds = [one["kind"] for one in await entries(owner, "release.")]
    assert kinds == ["release.drafted", "release.signed", "release.signed", "release.published"]


async def test_targets_are_published_with_a_fresh_snapshot_and_timestamp(house: House, tmp_path: Path) -> None:
    await house.draft(await house.root())
    await house.sign("root", "AD-91", "AD-92")
    content = bytes(range(256)) * 8192 + b"end"
    facts = await house.send(tmp_path, content)
    await house.draft(next_targets(None, None, {"mcu/nucleo-2.0.0.bin": facts}, [], house.clock.now))
    view = await house.sign("targets", "SU-02", "TO-12")
    assert [(one.path, one.sha256, one.length_bytes) for one in view.targets] == [("mcu/nucleo-2.0.0.bin", *facts)]
    assert {one.role: one.version for one in view.roles} == dict.fromkeys(
        ("root", "targets", "snapshot", "timestamp"), 1
    )
    signing = house.api.services.release_signing
    assert await signing.look() == []
    house.clock.go_on(hours=1)
    assert await signing.look() == ["timestamp"]
    house.clock.go_on(days=3, hours=12)
    assert await signing.look() == ["snapshot", "timestamp"]
    assert await signing.look() == []


@pytest.mark.parametrize(
    ("role", "content", "anew"),
    [
        ("timestamp", "'x'", ["timestamp"]),
        ("timestamp", "content", ["timestamp"]),
        ("snapshot", "'x'", ["snapshot", "timestamp"]),
        ("snapshot", "content", ["snapshot", "timestamp"]),
    ],
)
async def test_metadata_that_somebody_put_into_the_database_is_signed_anew(
    house: House, owner: Owner, role: str, content: str, anew: list[str]
) -> None:
    await house.draft(await house.root())
    await house.sign("root", "AD-91", "AD-92")
    await house.draft(next_targets(None, None, {}, [], house.clock.now))
    await house.sign("targets", "SU-02", "TO-12")
    await owner.execute(
        f"INSERT INTO release_metadata SELECT role, 2, {content}, expires_at + interval '9 days',"
        " made_at + interval '9 days', NULL FROM release_metadata WHERE role = $1",
        role,
    )
    assert await house.api.services.release_signing.look() == anew
    assert await house.api.services.release_signing.look() == []


async def test_a_later_root_needs_the_old_ones_and_the_new_ones(house: House) -> None:
    first = await house.root(admins=("AD-91", "AD-92"))
    await house.draft(first)
    await house.sign("root", "AD-91", "AD-92")
    draft = await house.draft(await house.root(first, ("AD-92", "AD-01")))
    assert (draft.needed, draft.may_sign) == (3, ["AD-01", "AD-91", "AD-92"])
    view = await house.sign("root", "AD-01", "AD-92")
    assert [one.version for one in view.roles] == [1]
    view = await house.sign("root", "AD-91")
    assert [one.version for one in view.roles] == [2]


async def test_who_has_left_the_people_list_does_not_count_any_more(house: House) -> None:
    await house.draft(await house.root())
    await house.sign("root", "AD-01")
    await put_in_force(house.api.services.people, LeaveOut(person_id="AD-01"))
    with refused("draft-unfit"):
        await house.sign("root", "AD-91", "AD-92")


async def test_what_does_not_fit_is_not_drafted(house: House, tmp_path: Path) -> None:
    root = await house.root()
    with refused("no-root"):
        await house.draft(next_targets(None, None, {}, [], NOW))
    await house.draft(root)
    await house.sign("root", "AD-91", "AD-92")
    skipped = await house.root(root)
    skipped.version = 3
    with refused("draft-out-of-turn"):
        await house.draft(skipped)
    house.api.services.releases._plain = False
    with refused("draft-unfit"):
        await house.draft(await house.root(root))
    house.api.services.releases._plain = True
    alone = await house.root(root)
    alone.roles["root"].threshold = 1
    with refused("draft-unfit"):
        await house.draft(alone)
    facts = await house.send(tmp_path, b"an image")
    for added, code in (
        ({"mcu/a.bin": ("0" * 64, 8)}, "file-missing"),
        ({"mcu/a.bin": (facts[0], 9)}, "file-missing"),
        ({"../a.bin": facts}, "draft-unfit"),
        ({"manifests/a.json": facts}, "manifest-invalid"),
    ):
        with refused(code):
            await house.draft(next_targets(None, None, added, [], NOW))
    late = next_targets(None, None, {}, [], NOW + timedelta(seconds=1))
    with refused("draft-unfit"):
        await house.draft(late)
    with refused("draft-not-canonical"):
        await house["SU-01"].draft_release("targets", canonical_text(next_targets(None, None, {}, [], NOW)) + " ")
    with refused("draft-unreadable"):
        await house["SU-01"].draft_release("targets", "[" * 100_000)
    with refused("role-not-allowed"):
        await house.draft(next_targets(None, None, {}, [], NOW), "TO-12")


def part(name: PartName, version: str, target: str, updater: str, board: str = "") -> Part:
    return Part(part=name, version=version, target=target, updater=updater, board=board)


MCU, AGENT = "mcu/a.bin", "agent/a.tar.gz"
UNFIT = [
    (part("mcu", "1.9.0", MCU, "mcuboot"), "is version 2.0.0, and the manifest 1.9.0"),
    (part("mcu", "2.0.0+1", MCU, "mcuboot"), "is version 2.0.0, and the manifest 2.0.0+1"),
    (part("mcu", "2.0.0", MCU, "mcuboot", "backdoor"), "is made for frontdoor, and the manifest says backdoor"),
    (part("mcu", "2.0.0", "mcu/b.bin", "mcuboot", "frontdoor"), "does not say for which board it is"),
    (part("mcu", "2.0.0", "mcu/broken.bin", "mcuboot"), "can not be used: the image is damaged"),
    (part("mcu", "2.0.0", AGENT, "mcuboot"), "can not be used: this is no MCUboot image"),
    (part("mcu", "2.0.0", "mcu/long.bin", "mcuboot"), "an image 16 MiB at most"),
    (part("agent", "0.4.0", AGENT, "release"), "is version 0.3.0, and the manifest 0.4.0"),
    (part("agent", "2.0.0", MCU, "release"), "can not be used: it can not be read"),
]
FIT = [
    part("mcu", "2.0.0+0", MCU, "mcuboot", "frontdoor"),
    part("agent", "0.3.0", AGENT, "release"),
    part("modem", "7", "mcu/broken.bin", "maker-x"),
]


async def test_a_manifest_is_held_against_the_files_that_it_names(house: House, tmp_path: Path) -> None:
    await house.draft(await house.root())
    await house.sign("root", "AD-91", "AD-92")
    tree = tmp_path / "tree" / "bin"
    tree.mkdir(parents=True)
    (tree / "edge-agent").write_text("#!/bin/sh")
    make_bundle("0.3.0", tree.parent, tmp_path / "a.tar.gz")
    image = image_of("2.0.0+0", bytes(MAX_PIECE_BYTES))
    contents = {
        MCU: image,
        "mcu/b.bin": image_of("2.0.0+0", board=""),
        "mcu/broken.bin": image[:1000] + b"\1" + image[1001:],
        "mcu/long.bin": image + bytes(MAX_IMAGE_BYTES),
        AGENT: (tmp_path / "a.tar.gz").read_bytes(),
    }
    files = {path: await house.send(tmp_path, content) for path, content in contents.items()}

    async def drafted(*parts: Part) -> DraftView:
        manifest = msgspec.json.encode(Manifest(format=1, name="autumn", parts=list(parts)))
        named = {**files, "manifests/autumn.json": await house.send(tmp_path, manifest)}
        return await house.draft(next_targets(None, None, named, [], NOW))

    for one, why in UNFIT:
        with pytest.raises(Refused) as caught:
            await drafted(one)
        problem = caught.value.problem
        assert (problem.code, why in problem.message) == ("image-unfit", True), problem.message
        assert problem.message.startswith(f"manifests/autumn.json: {one.target} ")
    await drafted(*FIT)
    view = await house.sign("targets", "SU-01", "TO-12")
    assert [one.version for one in view.manifests["manifests/autumn.json"].parts] == ["2.0.0+0", "0.3.0", "7"]


async def test_a_file_comes_in_whole_pieces_and_is_what_was_announced(house: House, tmp_path: Path) -> None:
    content = b"a" * MAX_PIECE_BYTES + b"b"
    digest = sha256(content).hexdigest()
    desk = house.api.services.release_files
    async with house.api.services.store.transaction() as transaction:
        caller = await transaction.people.get("SU-01")
    assert caller is not None
    await desk.begin(NewFile(sha256=digest, length_bytes=len(content)), caller)
    with pytest.raises(RequestRefused, match="piece-length"):
        await desk.take(digest, 0, b"short", caller)
    assert (await desk.take(digest, 0, content[:MAX_PIECE_BYTES], caller)).have_bytes == MAX_PIECE_BYTES
    assert (await desk.take(digest, 0, content[:MAX_PIECE_BYTES], caller)).have_bytes == MAX_PIECE_BYTES
    with pytest.raises(RequestRefused, match="hash-differs"):
        await desk.take(digest, MAX_PIECE_BYTES, b"c", caller)
    assert (await desk.begin(NewFile(sha256=digest, length_bytes=len(content)), caller)).have_bytes == 0
    assert await house.send(tmp_path, content) == (digest, len(content))
    with pytest.raises(Conflict, match="other-length"):
        await desk.begin(NewFile(sha256=digest, length_bytes=1), caller)


async def test_a_wrong_announcement_keeps_no_file_out(house: House, tmp_path: Path) -> None:
    content = b"a" * 9
    digest = sha256(content).hexdigest()
    desk = house.api.services.release_files
    async with house.api.services.store.transaction() as transaction:
        caller = await transaction.people.get("SU-01")
    assert caller is not None
    await desk.begin(NewFile(sha256=digest, length_bytes=3), caller)
    assert await house.send(tmp_path, content) == (digest, 9)


async def test_files_that_never_came_make_room_after_a_while(house: House) -> None:
    desk = house.api.services.release_files
    async with house.api.services.store.transaction() as transaction:
        caller = await transaction.people.get("SU-01")
    assert caller is not None
    files = [NewFile(sha256=f"{number:064x}", length_bytes=3) for number in range(MAX_WAITING + 1)]
    for one in files[:-1]:
        await desk.begin(one, caller)
    with pytest.raises(Conflict, match="too-many-files"):
        await desk.begin(files[-1], caller)
    house.clock.now += FORGOTTEN_AFTER + timedelta(seconds=1)
    assert not (await desk.begin(files[-1], caller)).complete
    async with house.api.services.store.transaction() as transaction:
        assert await transaction.releases.count_waiting() == 1


async def test_files_that_nothing_names_go_and_a_full_store_says_what_to_remove(
    house: House, owner: Owner, tmp_path: Path
) -> None:
    await house.draft(await house.root())
    await house.sign("root", "AD-91", "AD-92")
    house.api.services.release_files._most_bytes = 3 * MAX_PIECE_BYTES
    first, second, third = [await house.send(tmp_path, bytes([number]) * MAX_PIECE_BYTES) for number in range(3)]
    await house.draft(next_targets(None, None, {"mcu/a.bin": first, "mcu/b.bin": second}, [], NOW))
    view = await house.sign("targets", "SU-01", "TO-12")
    with pytest.raises(Refused) as caught:
        await house.send(tmp_path, b"one byte more")
    assert caught.value.problem.code == "files-full"
    assert "(mcu/a.bin of 1.0 MB, mcu/b.bin of 1.0 MB): fleet release draft --remove" in caught.value.problem.remedy
    assert "may have 3.1 MB together" in caught.value.problem.message

    house.clock.now += FORGOTTEN_AFTER
    with refused("files-full"):
        await house.send(tmp_path, b"one byte more")
    house.clock.now += timedelta(seconds=1)
    fourth = await house.send(tmp_path, b"one byte more")
    assert await kept(owner) == {first[0], second[0], fourth[0]}
    (removed,) = await entries(owner, "release.file-removed")
    assert (removed["sha256"], removed["actor"], removed["length_bytes"]) == (third[0], "controller", MAX_PIECE_BYTES)

    base = next_targets(None, None, {"mcu/b.bin": second}, [], house.clock.now)
    base.version = 2
    await house.draft(base)
    await house.sign("targets", "SU-01", "TO-12")
    named = next_targets(base, base, {"mcu/c.bin": fourth}, [], house.clock.now)
    await house.draft(named)
    house.clock.now += FORGOTTEN_AFTER
    await house.send(tmp_path, b"five")
    assert first[0] in await kept(owner), "a unit that was told of it has a week"
    house.clock.now += timedelta(seconds=1)
    await house.send(tmp_path, b"six")
    assert first[0] not in await kept(owner)
    assert {second[0], fourth[0]} <= await kept(owner), "in force, and in the draft that waits"
    assert [one.path for one in view.targets] == ["mcu/a.bin", "mcu/b.bin"]


async def kept(owner: Owner) -> set[str]:
    """The files that are all there, by SHA-256; each has its pieces, and no piece is left of another."""
    rows = await owner.fetch("SELECT sha256 FROM release_file WHERE kept_at IS NOT NULL")
    pieces = await owner.fetch("SELECT DISTINCT sha256 FROM release_piece")
    assert {row["sha256"] for row in rows} == {row["sha256"] for row in pieces}
    return {row["sha256"] for row in rows}


@pytest.mark.parametrize("named", ["in force", "in a draft", "by nothing"])
async def test_the_database_removes_no_file_that_is_named_or_without_its_entry(
    house: House, dsn: str, tmp_path: Path, named: str
) -> None:
    await house.draft(await house.root())
    await house.sign("root", "AD-91", "AD-92")
    facts = await house.send(tmp_path, b"an image")
    if named != "by nothing":
        await house.draft(next_targets(None, None, {"mcu/a.bin": facts}, [], NOW))
    if named == "in force":
        await house.sign("targets", "SU-01", "TO-12")
    connection = await asyncpg.connect(dsn, server_settings={"role": "muster_controller"})
    try:
        why = "goes with its entry" if named == "by nothing" else "is named"
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=why):
            await connection.execute("DELETE FROM release_file")
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="stays whole"):
            await connection.execute("DELETE FROM release_piece")
    finally:
        await connection.close()


async def test_what_is_signed_is_told_in_words(house: House) -> None:
    draft = await house.draft(await house.root())
    people = (await house["AD-91"].people_chain()).newest.people
    lines = told(read_release("root", draft.text), people, await house["AD-91"].releases())
    assert lines[1] == "  root: 2 of AD-01 (administrator), AD-91 (administrator), AD-92 (administrator)"
    assert "the controller's key" in lines[-1]
