"""What somebody between a unit and its releases can try, each with what has to come of it.

`like` names the tests of theupdateframework/tuf-conformance that try the same. Each attack is given a unit that trusts
nothing yet and a repository that has a root; it says how the attack went by an assertion, and nothing else.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from edge_agent.updating.errors import ReleaseUntrusted
from protocols.people import PeopleList
from tests.support.release_house import (
    NOW,
    Change,
    Json,
    OnlineKey,
    ReleaseUnit,
    Repository,
    canonical,
    key_id,
    key_of,
    listed,
    people_list,
    stamp,
)

GOOD, EVIL = b"firmware" * 40, b"somebody else's firmware" * 40


@dataclass
class Scene:
    """A repository and a unit. `GOOD` is released as `mcu/good.bin` where the attack begins with a unit that trusts."""

    repository: Repository
    unit: ReleaseUnit

    @classmethod
    def make(cls, home: Path, people: PeopleList | None = None) -> "Scene":
        """A repository with a root, and a unit that has not looked yet."""
        repository = Repository()
        repository.root()
        return cls(repository, ReleaseUnit(repository, home / "unit", people or people_list()))

    async def trusting(self) -> None:
        """Release GOOD, and let the unit trust it."""
        self.repository.publish(good=GOOD)
        assert await self.trusts("mcu/good.bin")

    async def trusts(self, path: str) -> bool:
        """Whether a unit that was just started takes the target."""
        try:
            await self.unit.restarted().target(path)
        except ReleaseUntrusted:
            return False
        return True

    async def refuses(self, reason: str) -> bool:
        """Whether it refuses what is there, for this reason."""
        try:
            await self.unit.restarted().refresh()
        except ReleaseUntrusted as error:
            if error.reason != reason:
                raise
            return True
        return False

    def version(self, role: str) -> int:
        """The version that the unit has kept; 0: none."""
        path = self.unit.state_dir / "updating" / "trust" / f"{role}.json"
        return int(json.loads(path.read_bytes())["signed"]["version"]) if path.exists() else 0


@dataclass(frozen=True)
class Attack:
    """`name` says what is tried."""

    name: str
    run: Callable[[Scene], Awaitable[None]]
    like: str = ""


ATTACKS: list[Attack] = []
_Run = Callable[[Scene], Awaitable[None]]


def attack(name: str, like: str = "") -> Callable[[_Run], _Run]:
    """Enter a function in the list."""

    def entered(run: _Run) -> _Run:
        ATTACKS.append(Attack(name, run, like))
        return run

    return entered


def replaced(**fields: object) -> Change:
    """A change that sets fields of what is signed."""
    return lambda signed: signed.update(fields)


def ended(days: float) -> Change:
    """A change to an end so many days ago."""
    return replaced(expires=stamp(NOW - timedelta(days=days)))


@attack("nothing: an honest release is trusted", "test_basic_refresh_requests, test_basic_refresh_trusted_data")
async def honest(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.publish(better=GOOD)
    assert await scene.trusts("mcu/better.bin")
    assert not await scene.trusts("mcu/none.bin")


@attack("nothing: an unknown target is refused, and the rest kept", "test_implicit_refresh")
async def unknown(scene: Scene) -> None:
    scene.repository.publish(good=GOOD)
    assert not await scene.trusts("mcu/none.bin")
    assert [scene.version(role) for role in ("root", "timestamp", "snapshot", "targets")] == [1, 1, 1, 1]


@attack("timestamp rolled back", "test_new_timestamp_version_rollback")
async def timestamp_back(scene: Scene) -> None:
    old = scene.repository
    old.publish(good=GOOD)
    kept = old.served["timestamp.json"]
    old.online_all()
    assert await scene.trusts("mcu/good.bin")
    old.served["timestamp.json"] = kept
    assert await scene.refuses("rolled-back")
    assert scene.version("timestamp") == 2


@attack("snapshot rolled back under a new timestamp", "test_snapshot_rollback")
async def snapshot_back(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.online_all()
    assert await scene.trusts("mcu/good.bin")
    scene.repository.timestamp(snapshot=1)
    assert await scene.refuses("rolled-back")
    assert scene.version("snapshot") == 2


@attack("snapshot rolled back, its timestamp as it was")
async def snapshot_file_back(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.online_all()
    assert await scene.trusts("mcu/good.bin")
    scene.repository.served["2.snapshot.json"] = scene.repository.served["1.snapshot.json"]
    assert await scene.trusts("mcu/good.bin")
    assert scene.version("snapshot") == 2


@attack("targets rolled back under a new snapshot", "test_targets_rollback")
async def targets_back(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.publish(better=GOOD)
    assert await scene.trusts("mcu/better.bin")
    scene.repository.snapshot(targets=1)
    scene.repository.timestamp()
    assert await scene.refuses("rolled-back")
    assert scene.version("targets") == 2


@attack("an old root under a new number")
async def root_back(scene: Scene) -> None:
    scene.repository.root()
    await scene.trusting()
    scene.repository.served["3.root.json"] = scene.repository.served["1.root.json"]
    assert await scene.refuses("rolled-back")
    assert scene.version("root") == 2


@attack("a root that skips a version", "test_url_and_metadata_version_mismatch")
async def root_skips(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.served["2.root.json"] = scene.repository.root(version=3)
    assert await scene.refuses("rolled-back")
    assert scene.version("root") == 1


@attack("frozen: the timestamp has ended", "test_timestamp_expired, test_expired_local_timestamp")
async def frozen(scene: Scene) -> None:
    await scene.trusting()
    scene.unit.at = NOW + timedelta(days=1, seconds=1)
    assert await scene.refuses("expired")


@attack("snapshot that has ended", "test_snapshot_expired")
async def snapshot_ended(scene: Scene) -> None:
    scene.repository.files["mcu/good.bin"] = GOOD
    scene.repository.targets()
    scene.repository.snapshot(change=ended(1))
    scene.repository.timestamp()
    assert await scene.refuses("expired")


@attack("targets that have ended", "test_targets_expired")
async def targets_ended(scene: Scene) -> None:
    scene.repository.targets(change=ended(1))
    scene.repository.online_all()
    assert await scene.refuses("expired")


@attack("root that has ended", "test_root_expired")
async def root_ended(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.root(change=ended(1))
    assert await scene.refuses("expired")


@attack("a root that has ended between two that have not", "test_expired_local_root")
async def root_between_ended(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.root(change=ended(1))
    scene.repository.root()
    assert await scene.trusts("mcu/good.bin")
    assert scene.version("root") == 3


@attack("the unit's clock is not known to be right")
async def clock_unknown(scene: Scene) -> None:
    scene.repository.publish(good=GOOD)
    scene.unit.sure = False
    assert await scene.refuses("time-unknown")
    assert scene.repository.asked == []


@attack("mix and match: another snapshot than the timestamp names", "test_url_and_metadata_version_mismatch")
async def mixed_snapshot(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.online_all()
    scene.repository.served["2.snapshot.json"] = scene.repository.served["1.snapshot.json"]
    assert await scene.refuses("rolled-back")
    assert scene.version("snapshot") == 1


@attack("mix and match: other targets than the snapshot names", "test_url_and_metadata_version_mismatch")
async def mixed_targets(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.publish(better=GOOD)
    scene.repository.served["2.targets.json"] = scene.repository.served["1.targets.json"]
    assert await scene.refuses("rolled-back")


@attack(
    "the same timestamp version with another content",
    "test_timestamp_content_changes",
)
async def same_timestamp(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.versions["timestamp"] = 0
    scene.repository.timestamp(snapshot=100)
    assert await scene.trusts("mcu/good.bin")


@attack("a snapshot whose hash is not the announced one", "test_snapshot_hash_mismatch")
async def snapshot_hash(scene: Scene) -> None:
    scene.repository.publish(good=GOOD)
    meta = {"snapshot.json": {"version": 1, "hashes": {"sha256": "0" * 64}}}
    scene.repository.timestamp(change=replaced(meta=meta))
    assert await scene.refuses("differs")


@attack(
    "targets longer than the announced length",
    "test_targets_hash_mismatch",
)
async def targets_length(scene: Scene) -> None:
    scene.repository.files["mcu/good.bin"] = GOOD
    scene.repository.targets()
    scene.repository.snapshot(change=replaced(meta={"targets.json": {"version": 1, "length": 20}}))
    scene.repository.timestamp()
    assert await scene.refuses("too-long")


@attack("endless data in place of each role")
async def endless(scene: Scene) -> None:
    scene.repository.publish(good=GOOD)
    for name in ("timestamp.json", "1.snapshot.json", "1.targets.json"):
        kept = scene.repository.served[name]
        scene.repository.served[name] = b" " * 2_000_000
        assert await scene.refuses("too-long"), name
        scene.repository.served[name] = kept
    scene.repository.served["2.root.json"] = b" " * 2_000_000
    assert await scene.refuses("too-long")


@attack("deep, huge and broken JSON in place of each role")
async def broken(scene: Scene) -> None:
    scene.repository.publish(good=GOOD)
    wrongs = (b"", b"{", b"[" * 16_000, b"null", b'{"signed":{},"signatures":[]}', b"\xff\xfe", b'{"a":' * 3000)
    for name in ("timestamp.json", "1.snapshot.json", "1.targets.json"):
        kept = scene.repository.served[name]
        for wrong in wrongs:
            scene.repository.served[name] = wrong
            assert await scene.refuses("unreadable"), (name, wrong[:20])
        scene.repository.served[name] = kept
    assert await scene.trusts("mcu/good.bin")


@attack("one person's key was stolen: targets with one signature", "test_snapshot_does_not_meet_threshold")
async def one_signature(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.files["mcu/evil.bin"] = EVIL
    scene.repository.targets(["SU-01"])
    scene.repository.online_all()
    assert await scene.refuses("not-signed")


@attack("one person's signature twice", "test_duplicate_sig_keyids")
async def one_twice(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.files["mcu/evil.bin"] = EVIL
    scene.repository.targets(["SU-01", "SU-01"])
    scene.repository.online_all()
    assert not await scene.trusts("mcu/evil.bin")


@attack("one person under two key ids", "test_duplicate_keys")
async def two_ids(scene: Scene) -> None:
    def again(signed: Json) -> None:
        signed["keys"]["0" * 64] = signed["keys"][key_id("SU-01")]
        signed["roles"]["targets"]["keyids"] = [key_id("SU-01"), "0" * 64]

    await scene.trusting()
    scene.repository.root(change=again)
    assert await scene.refuses("unreadable")
    fresh = ReleaseUnit(scene.repository, scene.unit.state_dir / "fresh")
    assert await Scene(scene.repository, fresh).refuses("first-root-refused")
    assert scene.version("root") == 1


@attack("one key id twice in a role", "test_snapshot_has_too_few_keys")
async def id_twice(scene: Scene) -> None:
    def again(signed: Json) -> None:
        signed["roles"]["targets"]["keyids"] = [key_id("SU-01"), key_id("SU-01")]

    await scene.trusting()
    scene.repository.root(change=again)
    assert await scene.refuses("unreadable")


@attack("one person with a field beside the key, so under another id")
async def padded_key(scene: Scene) -> None:
    def padded(signed: Json) -> None:
        key = dict(signed["keys"][key_id("SU-01")])
        signed["keys"]["1" * 64] = {**key, "x": 1}
        signed["roles"]["targets"]["keyids"].append("1" * 64)

    await scene.trusting()
    scene.repository.root(change=padded)
    assert await scene.refuses("unreadable")


@attack("the controller was taken: its key signs targets")
async def online_signs_targets(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.files["mcu/evil.bin"] = EVIL
    scene.repository.targets([scene.repository.online])
    scene.repository.online_all()
    assert await scene.refuses("not-signed")


@attack("the controller was taken: a root of its own making")
async def online_signs_root(scene: Scene) -> None:
    await scene.trusting()
    thief = OnlineKey()
    scene.repository.online = thief
    scene.repository.root([thief])
    assert await scene.refuses("not-signed")


@attack("a root that only the new people have signed", "test_root_rotation")
async def new_only(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.root_people = ("XX-01", "XX-02", "XX-03")
    scene.repository.root(["XX-01", "XX-02"])
    assert await scene.refuses("not-signed")
    assert scene.version("root") == 1


@attack("a root that only the old people have signed", "test_root_rotation")
async def old_only(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.root_people = ("XX-01", "XX-02", "XX-03")
    scene.repository.root(["AD-01", "AD-02"])
    assert await scene.refuses("not-signed")


@attack("nothing: a root that old and new people have signed is taken", "test_root_rotation")
async def old_and_new(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.root_people = ("AD-02", "AD-03")
    scene.repository.root(["AD-02", "AD-03", "AD-01"])
    scene.repository.online_all()
    assert await scene.trusts("mcu/good.bin")
    assert scene.version("root") == 2


@attack("people of targets sign a root")
async def targets_people_sign_root(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.root(["SU-01", "SU-02", "TO-12"])
    assert await scene.refuses("not-signed")


@attack("administrators sign targets")
async def administrators_sign_targets(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.targets(["AD-01", "AD-02", "AD-03"])
    scene.repository.online_all()
    assert await scene.refuses("not-signed")


@attack("targets and snapshot exchanged", "test_incorrect_metadata_type")
async def exchanged(scene: Scene) -> None:
    scene.repository.publish(good=GOOD)
    scene.repository.served["1.snapshot.json"] = scene.repository.served["1.targets.json"]
    assert await scene.refuses("unreadable")


@attack("two of targets were stolen: they count until a root without them", "test_non_root_rotations")
async def rotated(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.publish(evil=EVIL)
    assert await scene.trusts("mcu/evil.bin")
    scene.repository.targets_people = ("SU-02", "XX-01")
    scene.repository.root()
    assert await scene.refuses("not-signed")
    del scene.repository.files["mcu/evil.bin"]
    scene.repository.targets(["SU-02", "XX-01"])
    scene.repository.online_all()
    assert await scene.trusts("mcu/good.bin")
    assert not await scene.trusts("mcu/evil.bin")


@attack("recovery: the timestamp was put far forward, its key stolen", "test_new_timestamp_fast_forward_recovery")
async def timestamp_forward(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.versions["timestamp"] = 2**31 - 10
    scene.repository.timestamp()
    assert await scene.trusts("mcu/good.bin")
    scene.repository.online = OnlineKey()
    scene.repository.root()
    scene.repository.versions["timestamp"] = 0
    scene.repository.online_all()
    assert await scene.trusts("mcu/good.bin")
    assert scene.version("timestamp") == 1


@attack("recovery: the snapshot was put far forward", "test_new_snapshot_fast_forward_recovery")
async def snapshot_forward(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.versions["snapshot"] = 99_998
    scene.repository.online_all()
    assert await scene.trusts("mcu/good.bin")
    assert scene.version("snapshot") == 99_999
    scene.repository.online = OnlineKey()
    scene.repository.root()
    scene.repository.versions["snapshot"] = 0
    scene.repository.online_all()
    assert await scene.trusts("mcu/good.bin")
    assert scene.version("snapshot") == 1


@attack("recovery: targets were put far forward", "test_targets_fast_forward_recovery")
async def targets_forward(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.versions["targets"] = 98
    scene.repository.publish(good=GOOD)
    assert await scene.trusts("mcu/good.bin")
    scene.repository.online = OnlineKey()
    scene.repository.root()
    scene.repository.versions["targets"] = 1
    scene.repository.publish(good=GOOD)
    assert await scene.trusts("mcu/good.bin")
    assert scene.version("targets") == 2


@attack("snapshot and timestamp keys were stolen: a target that nobody signed")
async def arbitrary(scene: Scene) -> None:
    await scene.trusting()
    content = json.loads(scene.repository.served["1.targets.json"])
    content["signed"]["targets"]["mcu/evil.bin"] = {"length": 9, "hashes": {"sha256": "0" * 64}}
    content["signed"]["version"] = 2
    scene.repository.served["2.targets.json"] = json.dumps(content).encode()
    scene.repository.versions["targets"] = 2
    scene.repository.online_all()
    assert await scene.refuses("not-signed")


@attack("unknown fields everywhere that people signed are kept and verified", "test_custom_fields")
async def fields(scene: Scene) -> None:
    def more(signed: Json) -> None:
        signed["x-more"] = {"a": 1}
        signed["roles"]["root"]["x-more"] = [1]

    await scene.trusting()
    scene.repository.root(change=more)
    assert await scene.trusts("mcu/good.bin")
    assert scene.version("root") == 2
    content = json.loads(scene.repository.served["2.root.json"])
    content["signed"]["version"] = 3
    content["signed"]["x-more"] = {"a": 2}
    scene.repository.served["3.root.json"] = json.dumps(content).encode()
    assert await scene.refuses("not-signed")


@attack("metadata in another form of JSON, signed for its meaning")
async def other_form(scene: Scene) -> None:
    scene.repository.publish(good=GOOD)
    for name in ("timestamp.json", "1.snapshot.json", "1.targets.json"):
        scene.repository.served[name] = json.dumps(json.loads(scene.repository.served[name]), indent=4).encode()
    assert await scene.trusts("mcu/good.bin")


@attack("paths of targets that leave their place", "test_unusual_role_name")
async def paths(scene: Scene) -> None:
    names = ("../x", "/etc/x", "mcu/../../x", "mcu//x", "mcu/x\u202e", "mcu/\u00e9", "C:x", "a/b/c/d/e", "mcu/x\n")
    scene.repository.files = dict.fromkeys(names, EVIL)
    scene.repository.files["mcu/good.bin"] = GOOD
    scene.repository.targets()
    scene.repository.online_all()
    assert await scene.trusts("mcu/good.bin")
    for name in names:
        assert not await scene.trusts(name), name


@attack("a target with no hash, a foreign hash or a hash that is a path", "test_download_with_unknown_hash_algorithm")
async def hashes(scene: Scene) -> None:
    for wrong in ({"md5": "0" * 32}, {"sha256": "../" * 21 + "x"}, {"sha256": "0" * 63 + "G"}):
        facts = {"mcu/evil.bin": {"length": 4, "hashes": wrong}}
        scene.repository.targets(change=lambda signed, facts=facts: signed.update(targets=facts))  # type: ignore[misc] # a default binds it now
        scene.repository.online_all()
        assert not await scene.trusts("mcu/evil.bin")


@attack("a delegation to somebody else", "test_graph_traversal")
async def delegated(scene: Scene) -> None:
    scene.repository.files["mcu/good.bin"] = GOOD
    roles = [{"name": "more", "keyids": [], "threshold": 1, "terminating": False, "paths": ["*"]}]
    scene.repository.targets(change=replaced(delegations={"keys": {}, "roles": roles}))
    scene.repository.online_all()
    assert await scene.trusts("mcu/good.bin")
    assert not await scene.trusts("mcu/evil.bin")
    assert not [name for name in scene.repository.asked if "more" in name]


@attack("a root that lets one person sign, by two administrators")
async def one_enough(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.root(change=lambda signed: signed["roles"]["targets"].update(threshold=1))
    assert await scene.refuses("root-refused")
    assert scene.version("root") == 1


@attack("a root whose targets are signed by keys that are nobody's")
async def made_up(scene: Scene) -> None:
    def online(signed: Json) -> None:
        two = [OnlineKey(), OnlineKey()]
        signed["keys"].update({one.keyid: one.public for one in two})
        signed["roles"]["targets"]["keyids"] = [one.keyid for one in two]

    await scene.trusting()
    scene.repository.root(change=online)
    assert await scene.refuses("root-refused")


@attack("first trust: a root by nobody of the people list")
async def first_foreign(scene: Scene) -> None:
    foreign = Repository(root_people=("XX-01", "XX-02"), targets_people=("XX-02", "XX-03"))
    foreign.root(["XX-01", "XX-02"])
    foreign.publish(evil=EVIL)
    unit = ReleaseUnit(foreign, scene.unit.state_dir / "other")
    assert await Scene(foreign, unit).refuses("first-root-refused")


@attack("first trust: an administrator and a stranger")
async def first_half(scene: Scene) -> None:
    foreign = Repository(root_people=("AD-01", "XX-01"))
    foreign.root(["AD-01", "XX-01"])
    unit = ReleaseUnit(foreign, scene.unit.state_dir / "other")
    assert await Scene(foreign, unit).refuses("first-root-refused")


@attack("first trust: one administrator's signature, and twice", "test_unsigned_initial_root")
async def first_one(scene: Scene) -> None:
    for signers in (["AD-01"], ["AD-01", "AD-01"], []):
        scene.repository.versions["root"] = 0
        scene.repository.root(signers)
        assert not await scene.trusts("mcu/good.bin")
        assert scene.version("root") == 0


@attack("first trust: supervisors in the place of administrators")
async def first_supervisors(scene: Scene) -> None:
    foreign = Repository(root_people=("SU-01", "SU-02"))
    foreign.root(["SU-01", "SU-02"])
    unit = ReleaseUnit(foreign, scene.unit.state_dir / "other")
    assert await Scene(foreign, unit).refuses("first-root-refused")


@attack("first trust: targets by an administrator, who is no engineer")
async def first_targets(scene: Scene) -> None:
    foreign = Repository(targets_people=("AD-03", "SU-01"))
    foreign.root()
    unit = ReleaseUnit(foreign, scene.unit.state_dir / "other")
    assert await Scene(foreign, unit).refuses("first-root-refused")


@attack("first trust: an administrator whose access has ended")
async def first_ended(scene: Scene) -> None:
    people = [
        listed("AD-01", until=NOW - timedelta(days=1)),
        *map(listed, ("AD-02", "AD-03", "SU-01", "SU-02", "TO-12")),
    ]
    unit = ReleaseUnit(scene.repository, scene.unit.state_dir / "other", people_list(*people))
    assert await Scene(scene.repository, unit).refuses("first-root-refused")


@attack("first trust: a root that is not one", "test_invalid_initial_root")
async def first_broken(scene: Scene) -> None:
    for wrong in (b"", b"[" * 16_000, b"{}", b'{"signed":{"_type":"targets"},"signatures":[]}'):
        scene.repository.served["root.json"] = wrong
        assert await scene.refuses("first-root-refused"), wrong[:20]


@attack("a signature of another namespace, over the same text")
async def namespace(scene: Scene) -> None:
    await scene.trusting()
    content = json.loads(scene.repository.targets())
    text = canonical(content["signed"])
    content["signatures"] = [
        {"keyid": key_id(one), "sig": key_of(one).sign(text, "mandate@muster")} for one in ("SU-01", "SU-02")
    ]
    scene.repository.served["2.targets.json"] = json.dumps(content).encode()
    scene.repository.online_all()
    assert await scene.refuses("not-signed")


@attack("another person's signature under one's key id")
async def borrowed(scene: Scene) -> None:
    await scene.trusting()
    content = json.loads(scene.repository.targets())
    content["signatures"][1] = {"keyid": key_id("SU-02"), "sig": content["signatures"][0]["sig"]}
    scene.repository.served["2.targets.json"] = json.dumps(content).encode()
    scene.repository.online_all()
    assert await scene.refuses("not-signed")


@attack("the repository has gone: nothing is trusted anew, nothing is lost")
async def gone(scene: Scene) -> None:
    await scene.trusting()
    served, scene.repository.served = scene.repository.served, {}
    assert await scene.refuses("nothing-released")
    scene.repository.served = served
    assert await scene.trusts("mcu/good.bin")


@attack("the unit's files of trust are cut short or lost, one at a time")
async def cut(scene: Scene) -> None:
    await scene.trusting()
    place = scene.unit.state_dir / "updating" / "trust"
    for role in ("root", "timestamp", "snapshot", "targets"):
        for content in (b"", b"{", None):
            path = place / f"{role}.json"
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
            assert await scene.trusts("mcu/good.bin"), role


@attack("a second signature by hand: a file with more signatures than people", "test_invalid_sig_in_valid_metadata")
async def many(scene: Scene) -> None:
    content = json.loads(scene.repository.targets())
    content["signatures"] = [{"keyid": f"{number:064x}", "sig": "x"} for number in range(2000)]
    scene.repository.served["1.targets.json"] = json.dumps(content).encode()
    scene.repository.online_all()
    assert await scene.refuses("not-signed")


@attack("each role with no signature at all", "test_unsigned_metadata")
async def unsigned(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.timestamp([])
    assert await scene.refuses("not-signed")
    scene.repository.snapshot([])
    scene.repository.timestamp()
    assert await scene.refuses("not-signed")
    scene.repository.root([])
    assert await scene.refuses("not-signed")


@attack("each file kept from the unit", "test_timestamp_404, test_snapshot_404, test_targets_404")
async def kept_back(scene: Scene) -> None:
    scene.repository.publish(good=GOOD)
    for name in ("timestamp.json", "1.snapshot.json", "1.targets.json"):
        content = scene.repository.served.pop(name)
        assert await scene.refuses("nothing-released"), name
        scene.repository.served[name] = content
    assert await scene.trusts("mcu/good.bin")


@attack("targets left out of the snapshot", "test_targets_role_removal, test_delegation_not_in_snapshot")
async def left_out(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.snapshot(change=replaced(meta={}))
    scene.repository.timestamp()
    assert await scene.refuses("unreadable")
    assert scene.version("snapshot") == 1


@attack("a signature that does not fit beside two that do", "test_invalid_sig_in_valid_metadata")
async def one_wrong(scene: Scene) -> None:
    scene.repository.files["mcu/good.bin"] = GOOD
    content = json.loads(scene.repository.targets())
    content["signatures"].append({"keyid": key_id("SU-02"), "sig": content["signatures"][0]["sig"]})
    scene.repository.served["1.targets.json"] = json.dumps(content).encode()
    scene.repository.online_all()
    assert await scene.trusts("mcu/good.bin")


@attack("a key of an unknown kind in a root that is else as it was", "test_keytype_and_scheme")
async def unknown_kind(scene: Scene) -> None:
    def more(signed: Json) -> None:
        signed["keys"]["2" * 64] = {"keytype": "x", "scheme": "y", "keyval": {"public": "z"}}
        signed["roles"]["targets"]["keyids"].append("2" * 64)

    await scene.trusting()
    scene.repository.root(change=more)
    assert not await scene.trusts("mcu/good.bin")
    assert scene.version("root") == 1
