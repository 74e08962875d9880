"""Renewal and the answers that must not be used, or end nothing: refusals, strange keys, roots and clocks."""

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.identity import Identity
from fleet.ca.authority import CertificateAuthority
from protocols.joining import Renewed
from tests.support.renewing import CONTROLLER_KEY, Unit, joined_unit

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return joined_unit(tmp_path)


@pytest.mark.parametrize("code", ["unit-revoked", "unit-quarantined", "certificate-superseded", "certificate-unknown"])
async def test_a_refusal_is_one_event_and_an_hours_wait_and_no_end(unit: Unit, code: str) -> None:
    unit.controller.refuses = code
    await unit.live(24 * DAY_MS)
    told = [event for event in unit.events if event.kind == "renewal-refused"]
    assert len(told) == 1
    assert code in told[0].summary
    before = len(unit.controller.requests)
    await unit.live(DAY_MS)
    for _ in range(50):  # whoever wakes it
        unit.renewal.welcomed(unit.store.load())
        await unit.renewal.step()
    assert 23 <= len(unit.controller.requests) - before <= 25
    assert len(set(unit.controller.requests)) == 1
    unit.controller.refuses = None
    await unit.live(2 * HOUR_MS)
    unit.assert_whole()


async def test_a_request_that_is_refused_for_good_is_followed_by_another(unit: Unit) -> None:
    unit.controller.refuses = "csr-invalid"
    await unit.live(23 * DAY_MS)
    assert unit.keys == {"key.pem"}
    unit.controller.refuses = None
    await unit.live(2 * HOUR_MS)
    assert len(set(unit.controller.requests)) > 1
    unit.assert_whole()


async def test_a_controller_that_is_busy_alarms_nobody(unit: Unit) -> None:
    unit.controller.refuses = "joins-too-fast"
    await unit.live(24 * DAY_MS)
    assert unit.events == []
    unit.controller.refuses = None
    await unit.live(2 * HOUR_MS)
    unit.assert_whole()


async def test_a_controllers_clock_from_before_the_certificate_is_not_held_on_to(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A controller that was started without a clock may answer so once; the unit must renew in time all the same."""
    right, told = unit.controller.time_ms, []

    async def wrong_once(identity: Identity) -> int | None:
        true_ms = await right(identity)
        told.append(true_ms)
        return 1_600_000_000_000 if len(told) == 1 else true_ms

    monkeypatch.setattr(unit.controller, "time_ms", wrong_once)
    unit.sure = False
    first = unit.certificate
    unit.renewal.link_broke()
    await unit.live(21 * DAY_MS)
    assert told
    assert unit.certificate.serial != first.serial
    unit.assert_whole()


async def test_the_controllers_clock_counts_when_it_finds_the_certificate_valid(unit: Unit) -> None:
    unit.clock.wall_off_ms = 40 * DAY_MS
    unit.controller.refuses = "certificate-valid"
    unit.boot()
    await unit.live(DAY_MS)
    assert unit.event_kinds == ["rejoin-asked", "renewal-refused"]
    assert len(unit.controller.requests) == 1
    unit.controller.refuses = None
    await unit.live(24 * DAY_MS)
    unit.assert_whole()


async def test_a_person_who_refuses_is_asked_again_with_the_same_request_and_told_of_once(unit: Unit) -> None:
    unit.clock.go_on(100 * DAY_MS)
    unit.controller.refuses = "join-refused"
    unit.boot()
    await unit.live(3 * DAY_MS)
    assert unit.event_kinds == ["rejoin-asked", "renewal-refused"]
    assert len(set(unit.controller.requests)) == 1
    assert len(unit.controller.requests) <= 73


async def test_an_answer_that_must_not_be_used_is_told_once_and_changes_nothing(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = unit.controller.renewed
    strange = CertificateAuthority.create(unit.state_dir / "strange", unit.clock.now()).root_offers()[0]
    stolen = unit.store.load().certificate_chain_pem
    answers = {
        "for another key": lambda chain: msgspec.structs.replace(real(chain), certificate_chain_pem=stolen),
        "for another unit": lambda chain: msgspec.structs.replace(real(chain), unit_id="unit-other-one"),
        "of another fleet's roots": lambda chain: msgspec.structs.replace(real(chain), roots=[strange]),
        "no address": lambda chain: msgspec.structs.replace(real(chain), url="http://controller"),
        "no address's port": lambda chain: msgspec.structs.replace(real(chain), url="https://controller:84430"),
        "no controller's key": lambda chain: msgspec.structs.replace(real(chain), controller_keys=["11"]),
    }
    before = unit.store.load()
    for answer in answers.values():
        monkeypatch.setattr(unit.controller, "renewed", answer)
        await unit.live(24 * DAY_MS if answer is answers["for another key"] else 3 * HOUR_MS)
        assert unit.store.load() == before
    assert unit.event_kinds == ["renewal-unusable"]
    monkeypatch.setattr(unit.controller, "renewed", real)
    await unit.live(2 * HOUR_MS)
    unit.assert_whole()


async def test_no_certificate_brings_another_controllers_key(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thief of the issuing key can stand in for the API, and must not come to give orders with a key of their own."""
    real = unit.controller.renewed
    thiefs = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    before = unit.store.load()
    for keys in ([thiefs], [CONTROLLER_KEY, thiefs]):

        def forged(chain: str, keys: list[str] = keys) -> Renewed:
            return msgspec.structs.replace(real(chain), controller_keys=keys)

        monkeypatch.setattr(unit.controller, "renewed", forged)
        await unit.live(22 * DAY_MS if keys == [thiefs] else 3 * HOUR_MS)
        assert unit.store.load() == before
    assert unit.event_kinds == ["renewal-unusable"]
    monkeypatch.setattr(unit.controller, "renewed", real)
    await unit.live(2 * HOUR_MS)
    assert unit.store.load().controller_keys == [CONTROLLER_KEY]
    unit.assert_whole()


async def test_a_fingerprint_that_is_not_the_units_is_told(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.renewing.fingerprint", lambda _key: "00:11")
    unit.clock.go_on(100 * DAY_MS)
    unit.boot()
    await unit.live(HOUR_MS)
    assert unit.event_kinds == ["rejoin-asked", "renewal-unusable"]
