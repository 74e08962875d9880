"""Renewal from step to step, with the clock in the test's hand: outages, lost answers, power cuts, an ended one.

Answers that must not be used are in test_agent_renewal_answers.py.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.keys.keystore import next_key_name
from edge_agent.renewal.plan import due_ms
from protocols.joining import RenewRequest, fingerprint
from tests.support.renewing import URL, Unit, joined_unit

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return joined_unit(tmp_path)


async def test_nothing_is_asked_before_the_time_and_the_certificate_is_new_soon_after(unit: Unit) -> None:
    first = unit.certificate
    await unit.live(due_ms(first) - unit.clock.true_ms - 1)
    assert unit.controller.requests == []
    await unit.live(HOUR_MS)
    assert unit.certificate.serial != first.serial
    assert unit.certificate.until_ms > first.until_ms
    assert unit.store.load().key_name == "key-2"
    assert unit.event_kinds == ["certificate-renewed"]
    unit.assert_whole()


async def test_an_outage_is_waited_out_with_the_very_same_request_and_ever_longer_waits(unit: Unit) -> None:
    await unit.live(17 * DAY_MS)
    unit.controller.loses_replies = 10_000
    before = len(unit.controller.requests)
    steps = await unit.live(4 * DAY_MS)
    sent = unit.controller.requests[before:]
    assert len(set(sent)) == 1
    assert 40 < len(sent) <= steps < 250, "tries go on, half an hour apart on average"
    unit.boot()
    await unit.live(HOUR_MS)
    assert len(set(unit.controller.requests)) == 1, "a restart does not change the request"
    unit.controller.loses_replies = 0
    await unit.live(2 * HOUR_MS)
    assert len(set(unit.controller.requests)) == 1
    unit.assert_whole()


async def test_the_old_key_stays_until_the_controller_has_welcomed_the_new_certificate(unit: Unit) -> None:
    unit.connect = lambda: None  # type: ignore[method-assign]  # the broker is away
    unit.boot()
    await unit.live(25 * DAY_MS)
    assert unit.keys == {"key.pem", "key-2.pem"}
    unit.renewal.welcomed(unit.store.load())
    await unit.live(HOUR_MS)
    unit.assert_whole()


async def test_a_unit_that_never_hears_of_its_brokers_keeps_no_more_keys_than_it_has_to_remove(unit: Unit) -> None:
    unit.connect = lambda: None  # type: ignore[method-assign]  # the broker is away
    unit.boot()
    await unit.live(60 * DAY_MS)
    identity = unit.store.load()
    assert {f"{name}.pem" for name in [*identity.retired_keys, identity.key_name]} == unit.keys
    unit.renewal.welcomed(identity)
    await unit.live(HOUR_MS)
    unit.assert_whole()


class PowerCut(Exception):
    """The power went."""


@contextmanager
def power_cut_at(number: int) -> Iterator[list[int]]:
    """The power goes at the `number`th sync from here (0 is the first); yields a list of those before it."""
    real, seen = os.fsync, list[int]()

    def sync(descriptor: int) -> None:
        if len(seen) >= number:
            raise PowerCut
        seen.append(descriptor)
        real(descriptor)

    with patch("os.fsync", sync):
        yield seen


async def _through_power_cuts(unit: Unit, cuts: list[int]) -> int:
    """Live past a renewal; the power goes at these syncs. Returns the number of syncs in the last, uncut life."""
    unit.clock.go_on(25 * DAY_MS)
    for cut in cuts:
        with power_cut_at(cut) as syncs:
            try:
                unit.boot()
                await unit.live(6 * HOUR_MS)
            except PowerCut:
                continue
            return len(syncs)
    with power_cut_at(1_000_000) as syncs:
        unit.boot()
        await unit.live(6 * HOUR_MS)
    return len(syncs)


@pytest.mark.parametrize("loses_replies", [0, 1])
async def test_a_power_cut_between_any_two_writes_leaves_a_unit_that_goes_on(
    tmp_path: Path, loses_replies: int
) -> None:
    whole = await _through_power_cuts(joined_unit(tmp_path / "whole"), [])
    assert whole >= 10, "a renewal writes: key, request, identity, certificate's file, no request, no old key, identity"
    for cut in range(whole):
        unit = joined_unit(tmp_path / f"cut-{cut}")
        unit.controller.loses_replies = loses_replies
        before = unit.certificate
        await _through_power_cuts(unit, [cut])
        assert unit.certificate.until_ms > before.until_ms, f"cut {cut}"
        unit.assert_whole()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 12), max_size=6), loses_replies=st.integers(0, 3))
async def test_power_cuts_one_after_another_do_no_harm_either(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], loses_replies: int
) -> None:
    unit = joined_unit(tmp_path_factory.mktemp("cuts"))
    unit.controller.loses_replies = loses_replies
    before = unit.certificate
    await _through_power_cuts(unit, cuts)
    assert unit.certificate.until_ms > before.until_ms
    unit.assert_whole()


async def test_a_full_disk_is_told_once_and_tried_again_less_and_less_often(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        await unit.live(22 * DAY_MS)
        assert await unit.live(2 * DAY_MS) < 400
    assert unit.event_kinds == ["renewal-failed"]
    await unit.live(3 * HOUR_MS)
    assert unit.event_kinds == ["renewal-failed", "certificate-renewed"]
    unit.assert_whole()


async def test_a_unit_that_lost_its_new_key_asks_with_another(unit: Unit) -> None:
    unit.controller.loses_replies = 10_000
    await unit.live(24 * DAY_MS)
    (unit.state_dir / "key-2.pem").unlink()
    unit.controller.loses_replies = 0
    await unit.live(2 * HOUR_MS)
    assert len(set(unit.controller.requests)) == 2
    assert len(unit.controller.successors) == 1, "two successors of one certificate, of which one has connected"
    unit.assert_whole()


async def test_what_a_power_cut_left_of_a_key_is_in_nobodys_way(unit: Unit) -> None:
    leftover = unit.state_dir / f"{next_key_name('key')}.pem"
    leftover.write_bytes(b"half a key")
    leftover.chmod(0o600)
    (unit.state_dir / "renewal.json").write_bytes(b"{")
    await unit.live(25 * DAY_MS)
    unit.assert_whole()


async def test_after_months_off_a_person_has_to_accept_the_same_key(unit: Unit) -> None:
    first = unit.certificate
    unit.clock.go_on(100 * DAY_MS)
    unit.boot()
    await unit.live(HOUR_MS)
    assert unit.certificate == first
    assert unit.event_kinds == ["rejoin-asked"]
    unit.boot()
    await unit.live(HOUR_MS)
    assert unit.event_kinds == ["rejoin-asked"], "told once, also over a restart"
    assert len(set(unit.controller.requests)) == 1
    assert 200 < len(unit.controller.requests) < 3_000, "it asks every few seconds, as the controller says"
    unit.controller.accepts_rejoins = True
    await unit.live(HOUR_MS)
    assert unit.certificate.until_ms > unit.clock.true_ms
    assert unit.store.load().key_name == "key"
    unit.assert_whole()


@pytest.mark.parametrize("tells_time", [True, False])
async def test_a_clock_that_stands_where_it_stood_at_the_shutdown_does_not_keep_it_from_rejoining(
    unit: Unit, tells_time: bool
) -> None:
    unit.sure, unit.controller.tells_time = False, tells_time
    unit.clock.go_on(100 * DAY_MS)
    unit.clock.wall_off_ms = -100 * DAY_MS if tells_time else -76 * DAY_MS
    unit.controller.accepts_rejoins = True
    unit.boot()
    was_up = unit.link_up
    await unit.live(HOUR_MS)
    assert (was_up, unit.link_up) == (False, True)
    unit.assert_whole()


async def test_a_clock_that_runs_ahead_bothers_nobody(unit: Unit) -> None:
    unit.sure = False
    unit.clock.wall_off_ms = 40 * DAY_MS
    unit.boot()
    await unit.live(DAY_MS)
    assert unit.events == []
    assert unit.controller.requests == [], "the controller's clock has settled it"


async def test_what_was_begun_is_dropped_when_the_certificate_turns_out_not_to_have_ended(unit: Unit) -> None:
    unit.clock.wall_off_ms = 40 * DAY_MS
    unit.boot()
    await unit.live(HOUR_MS)
    assert unit.event_kinds == ["rejoin-asked"]
    unit.clock.wall_off_ms = 0
    await unit.live(2 * HOUR_MS)
    unit.assert_whole()


async def test_the_request_says_how_the_key_is_kept_and_which_program_asks(unit: Unit) -> None:
    await unit.live(25 * DAY_MS)
    request = msgspec.json.decode(unit.controller.requests[0], type=RenewRequest)
    assert (request.key_protection, request.agent_version) == ("soft", "0")
    assert unit.store.load().controller_url == URL
    assert fingerprint(unit.keystore.public_key("key-2")) in unit.controller.successors.popitem()[1]


async def test_a_year_with_an_outage_at_every_worst_moment_renews_every_time(unit: Unit) -> None:
    end_ms = unit.clock.true_ms + 365 * DAY_MS
    renewals = 0
    while unit.clock.true_ms < end_ms:
        before = unit.certificate
        await unit.live(due_ms(before) - unit.clock.true_ms)
        trouble = renewals % 4
        unit.controller.away = 20 if trouble == 1 else 0
        unit.controller.loses_replies = 5 if trouble == 2 else 0
        if trouble == 3:
            unit.boot()
        await unit.live(DAY_MS)
        unit.assert_whole()
        assert unit.certificate.from_ms > before.from_ms
        renewals += 1
    assert 17 <= renewals <= 21
    assert unit.event_kinds == ["certificate-renewed"] * renewals
    assert len(unit.store.load().retired_keys) == 0
