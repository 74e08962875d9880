"""`fleet alarm` as those on call run it."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from fleet.clock import utc_now
from fleet.store.store import Store
from protocols.alarms import DEFAULT_RULES, AlarmRules
from tests.support.alarm_house import LABEL, PRIMARY_NOW, UNIT, AlarmHouse, address_of, alarm_house
from tests.support.rota_cli import asked, fleet


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[AlarmHouse]:
    async with alarm_house(store, dsn, tmp_path) as made:
        yield made


async def test_from_a_contact_to_an_alarm_that_is_taken(house: AlarmHouse, tmp_path: Path) -> None:
    rota = house.rota
    code, out, err = await fleet(rota, PRIMARY_NOW, "alarm", "contact", "add", "e-mail", address_of(PRIMARY_NOW))
    assert (code, err) == (0, "")
    contact = out.split()[1].rstrip(":")
    house.mail.takes = False
    code, _, err = await fleet(rota, PRIMARY_NOW, "alarm", "contact", "test", contact[:6])
    assert (code, "the page did not go: the mail server did not take it" in err) == (3, True)
    house.mail.takes = True
    await house.happen("tamper")
    await house.round()
    code, out, _ = await fleet(rota, "TO-11", "alarm", "list", said=b"")
    (alarm,) = await house.open_alarms()
    assert code == 0
    assert out.splitlines()[1].split()[0] == alarm.alarm
    assert all(word in out for word in (LABEL, "tamper", "primary", "raised"))
    code, out, _ = await fleet(rota, "TO-11", "alarm", "show", alarm.alarm[:7])
    assert (code, "by rota technical" in out, PRIMARY_NOW in out) == (0, True, True)
    assert address_of(PRIMARY_NOW) not in out
    taken = await asked(rota, "TO-11", "alarm", "ack", alarm.alarm)
    assert (taken["alarm"]["acknowledged_by"], taken["alarm"]["acknowledged_how"]) == ("TO-11", "command")
    beat = await asked(rota, "IN-01", "alarm", "heartbeat")
    assert (beat["standing"], beat["unreachable"]) == ("alive", 2)
    file = tmp_path / "rules.json"
    file.write_bytes(msgspec.json.encode(AlarmRules(rules=DEFAULT_RULES.rules[:2])))
    assert (await asked(rota, "SU-01", "alarm", "rules", "set", str(file)))["version"] == 1
    code, out, _ = await fleet(rota, "SU-01", "alarm", "rules", "show")
    assert (code, len(out.splitlines())) == (0, 7 + 1 + 1 + 2)
    rota.clock.now = utc_now()
    made = await asked(rota, "TO-11", "alarm", "windows", "make", UNIT, "--for", "1h", "--reason", "a new lens")
    code, out, _ = await fleet(rota, "TO-11", "alarm", "windows", "end", made["window"][:6])
    assert (code, out) == (0, f"window {made['window']} is over\n")
