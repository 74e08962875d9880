"""What `edge-agent status` tells: certificate, roots, key, people list, and what the unit asks for."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from edge_agent.renewal.plan import due_ms
from edge_agent.settings import AgentSettings
from edge_agent.status import Status, lines, read_status
from fleet.ca.authority import CertificateAuthority
from protocols.joining import display_fingerprint
from tests.support.renewing import URL, Controller, HandClock, Unit

DAY_MS = 86_400_000


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    clock = HandClock()
    joined = Unit(tmp_path / "unit", Controller(CertificateAuthority.create(tmp_path / "ca", clock.now()), clock))
    joined.join('{"version":4,"people":[]}')
    return joined


def _status(unit: Unit) -> Status:
    return read_status(AgentSettings(state_dir=unit.state_dir))


def test_a_joined_unit_says_what_it_shows_and_whom_it_trusts(unit: Unit) -> None:
    status = _status(unit)
    own = unit.certificate
    assert status.certificate is not None
    assert status.certificate.serial == own.serial
    assert status.certificate.renewal_due.timestamp() * 1000 == pytest.approx(due_ms(own), abs=1000)
    assert [root.sha256 for root in status.roots] == [unit.controller.authority.ca_sha256.hex()]
    assert (status.people_version, status.controller, status.asking) == (4, URL, None)
    said = "\n".join(lines(status, unit.clock.now()))
    for words in (own.serial, "(soft)", status.roots[0].sha256[:16], "renewal    due 20", "people     list 4", URL):
        assert words in said
    assert status.fingerprint is not None
    assert " ".join(display_fingerprint(status.fingerprint)) in said
    assert msgspec.json.decode(msgspec.json.encode(status), type=Status) == status


def test_a_unit_that_has_not_joined_says_what_comes_next(unit: Unit, tmp_path: Path) -> None:
    new = lines(read_status(AgentSettings(state_dir=tmp_path / "new")), unit.clock.now())
    assert new[-1].startswith("next       ask for a voucher (fleet unit invite)")
    assert not any(line.startswith("next") for line in lines(_status(unit), unit.clock.now()))


def test_an_ended_certificate_is_said_to_have_ended(unit: Unit) -> None:
    said = lines(_status(unit), unit.clock.now() + timedelta(days=31))
    assert any(line.startswith("valid") and "ended: a running agent asks to rejoin" in line for line in said)


async def test_what_is_asked_for_is_said(unit: Unit) -> None:
    unit.controller.loses_replies = 10_000
    unit.boot()
    await unit.live(24 * DAY_MS)
    assert _status(unit).asking == "renew"
    assert any(line.startswith("renewing") for line in lines(_status(unit), unit.clock.now()))
    unit.controller.loses_replies = 0
    unit.clock.go_on(10 * DAY_MS)
    unit.boot()
    await unit.live(DAY_MS // 24)
    status = _status(unit)
    assert status.asking == "rejoin"
    assert any("accept this key's fingerprint" in line for line in lines(status, unit.clock.now()))


def test_a_unit_of_the_first_version_says_how_it_can_renew(unit: Unit) -> None:
    identity = unit.store.load()
    unit.store.replace(msgspec.structs.replace(identity, controller_url=""))
    assert any("set controller_url" in line for line in lines(_status(unit), unit.clock.now()))
    told = read_status(AgentSettings(state_dir=unit.state_dir, controller_url=URL))
    assert told.controller == URL


def test_a_machine_that_has_not_joined_says_only_that(tmp_path: Path) -> None:
    status = read_status(AgentSettings(state_dir=tmp_path))
    assert (status.joined, status.certificate, status.roots, status.people_version) == (False, None, [], None)
    assert lines(status, HandClock().now())[0] == "unit       - (not joined, agent stopped)"
