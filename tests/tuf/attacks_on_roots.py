"""Attacks on who may sign: roots, keys, the first trust, and recovery when keys were stolen."""

import json
from datetime import timedelta

from tests.support.release_house import (
    NOW,
    Json,
    OnlineKey,
    ReleaseUnit,
    Repository,
    key_id,
    listed,
    people_list,
)
from tests.tuf.scene import EVIL, GOOD, Scene, attack, ended


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


@attack("keys on disk, where the unit's own settings ask for tokens")
async def keys_on_disk(scene: Scene) -> None:
    fresh = ReleaseUnit(scene.repository, scene.unit.state_dir / "fresh", plain_keys_may_sign=False)
    assert await Scene(scene.repository, fresh).refuses("first-root-refused")
    await scene.trusting()
    scene.unit.plain_keys_may_sign = False
    scene.repository.root()
    assert await scene.refuses("root-refused")
    assert scene.version("root") == 1


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


@attack("a key of an unknown kind in a root that is else as it was", "test_keytype_and_scheme")
async def unknown_kind(scene: Scene) -> None:
    def more(signed: Json) -> None:
        signed["keys"]["2" * 64] = {"keytype": "x", "scheme": "y", "keyval": {"public": "z"}}
        signed["roles"]["targets"]["keyids"].append("2" * 64)

    await scene.trusting()
    scene.repository.root(change=more)
    assert not await scene.trusts("mcu/good.bin")
    assert scene.version("root") == 1
