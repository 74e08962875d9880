"""Attacks on what is signed and served: rolled back, frozen, mixed, endless, broken, unsigned."""

import json
from datetime import timedelta

from tests.support.release_house import (
    NOW,
    canonical,
    key_id,
    key_of,
)
from tests.tuf.scene import EVIL, GOOD, Scene, attack, ended, replaced


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


@attack("the controller was taken: its key signs targets")
async def online_signs_targets(scene: Scene) -> None:
    await scene.trusting()
    scene.repository.files["mcu/evil.bin"] = EVIL
    scene.repository.targets([scene.repository.online])
    scene.repository.online_all()
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
