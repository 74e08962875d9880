"""`python -m tests.screens`: the console's pictures in docs/screens, drawn from a demo fleet so that none is stale.

Besides the demo's units there is one that waits to be accepted, and one voucher that a second key tried to use. A
deployment stands at every step. The log tells of openings that never were: nothing here can open yet, and their
pictures are drawn all the same.
"""

import asyncio
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fleet.client import connect, load_client_settings
from fleet.demo.firmware import MANIFEST
from fleet.demo.place import Place
from fleet.demo.run import Demo
from fleet.entries.entry import Entry
from fleet.store.store import open_store
from fleet.wiring.rules.library import template_text
from protocols.api.rollouts import NewRollout
from protocols.rollouts import Ring, RolloutPlan
from tests.support.deployment_scenes import lay_down_deployments
from tests.support.joining import Knocker
from tests.support.opening_entries import authority, closed, lease, mandate, media, opened

DIRECTORY = Path("docs/screens")
UNITS = 14
HISTORY_S = 75
DRAW_LIMIT_S = 1200


async def main() -> None:
    """Run the demo, let it gather some history, draw."""
    with tempfile.TemporaryDirectory(prefix="screens-") as folder:
        place = Place(Path(folder) / "demo")
        async with Demo(place, UNITS).running() as (settings, toml):
            await _give_people_something_to_do(place, Path(toml))
            await _tell_of_openings(settings.database.dsn, Path(toml))
            await lay_down_deployments(lambda person: connect(load_client_settings(place.client_toml(person))))
            await _keep_harnesses(Path(toml))
            await _roll_out(place.client_toml("SU-02"))
            await asyncio.sleep(HISTORY_S)
            for person in ("TO-12", "IN-03"):
                await asyncio.to_thread(_draw, place.client_toml(person))
            await asyncio.to_thread(_draw, place.client_toml("SU-02"), "--drafts")


def _draw(toml: Path, *options: str) -> None:
    command = [sys.executable, "-m", "tui.pictures", str(DIRECTORY), "--config", str(toml), *options]
    subprocess.run(command, check=True, timeout=DRAW_LIMIT_S)


async def _tell_of_openings(dsn: str, toml: Path) -> None:
    """Two openings inside their mandate, and one that began before its authority did."""
    async with connect(load_client_settings(toml)) as door:
        unit = (await door.list_units(limit=1)).rows[0].unit_id
    now = datetime.now(UTC).replace(microsecond=0)
    reference, known = "URN-118/26", "M-204"
    starts_at = now - timedelta(minutes=40)
    given = authority(at=starts_at, authority=reference, starts_at=starts_at, ends_at=now + timedelta(days=60))
    signed = mandate(
        at=starts_at,
        unit=unit,
        authority=reference,
        mandate=known,
        approver="AP-04",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=5),
    )
    entries: list[Entry] = [given, signed]
    for number, minutes in enumerate((52, 31, 12)):
        at = now - timedelta(minutes=minutes)
        about = {"unit": unit, "authority": reference, "opening": f"check-{number + 1}"}
        entries += [
            lease(**about, mandate=known, at=at, expires_at=at + timedelta(seconds=60)),
            opened(**about, mandate=known, at=at + timedelta(seconds=3), unit_at=at + timedelta(seconds=2)),
            media(**about, at=at + timedelta(seconds=4)),
            closed(**about, at=at + timedelta(seconds=45), unit_at=at + timedelta(seconds=43), open_s=41),
        ]
    store = await open_store(dsn, max_connections=2)
    try:
        async with store.transaction() as transaction:
            for entry in entries:
                await transaction.log.append(entry)
    finally:
        await store.close()


async def _give_people_something_to_do(place: Place, toml: Path) -> None:
    root = place.controller / "ca" / "root.crt"
    async with connect(load_client_settings(toml)) as door:
        await Knocker(root).knock((await door.invite("bench 2")).text)
        stolen = (await door.invite("van kit 9")).text
        await Knocker(root).knock(stolen)
        await Knocker(root).knock(stolen)
        join = next(join for join in await door.joins() if join.label == "van kit 9")
        await door.refuse_join(join.join_id, "the voucher went astray")


async def _keep_harnesses(toml: Path) -> None:
    """One whose fuse is too large, the first by name, and one that a deployment has, the last."""
    text = template_text("van-12v")
    unsafe = text.replace("name: van-12v", "name: camera-van").replace("F1: {rating_a: 5,", "F1: {rating_a: 20,")
    async with connect(load_client_settings(toml)) as door:
        await door.keep_harness(unsafe)
        kept = await door.keep_harness(text.replace("name: van-12v", "name: van-of-depot"))
        await door.keep_harness(template_text("lorry-24v"))
        going_on = await door.deployments(open_only=True, limit=1)
        await door.give_harness(going_on.rows[0].deployment, kept.row.harness)


async def _roll_out(toml: Path) -> None:
    """Units with a microcontroller get its new firmware; the others, which have none, refuse it until it stops."""
    manifest = f"manifests/{MANIFEST.name}.json"
    async with connect(load_client_settings(toml)) as door:
        rows = (await door.list_units(limit=100)).rows
        fitted = [row.unit_id for row in rows if (await door.unit(row.unit_id)).health.get("mcu_version")]
        bare = [row.unit_id for row in rows if row.unit_id not in fitted and row.presence == "online"]
        first = [Ring(name="one", share_percent=1), Ring(name="rest", share_percent=100)]
        plan = RolloutPlan(rings=first, deployed=True)
        await door.start_rollout(NewRollout(title="MCU 1.1.0, vans", manifest=manifest, plan=plan, units=fitted))
        later = [Ring(name="bench", share_percent=30), Ring(name="rest", share_percent=100)]
        plan = RolloutPlan(rings=later, stop_after=2, deployed=True)
        await door.start_rollout(NewRollout(title="MCU 1.1.0, posts", manifest=manifest, plan=plan, units=bare))


if __name__ == "__main__":
    asyncio.run(main())
