"""Golden bytes: each file in tests/wire is one payload and a line end. Bytes in, object out, the same bytes again.

A change here is a change of the wire contract: units in the field speak the old bytes.
"""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocols.access_record import GENESIS, AccessRecord, record_hash
from protocols.commands import ApplySettings, CancelMandate, ReportNow, SendRecords, UpdateUnit
from protocols.downlink import Ack, Body, Command, Signed, Welcome, seal, unseal
from protocols.health import FIGURES, HealthReport
from protocols.joining import (
    BrokerAddress,
    JoinAccepted,
    JoinPending,
    JoinRefusal,
    JoinReply,
    JoinRequest,
    RejoinReply,
    RejoinRequest,
    Renewed,
    RenewRequest,
    RootOffer,
    Voucher,
)
from protocols.lease import lease_hash, read_lease
from protocols.mandate import SignedMandate, check_mandate, read_mandate, signed_bytes
from protocols.opening import (
    Answered,
    AskNonce,
    Closed,
    CloseOpening,
    Degrees,
    GrantLease,
    IceServer,
    MediaOffer,
    NonceMade,
    PositionFound,
    Refused,
    SealedSignal,
    Signal,
    seal_signal,
    signal_bytes,
    signal_text,
)
from protocols.people import ListSignature, SignedPeopleList
from protocols.releases.permit import Permit, PermitSignature, SignedPermit
from protocols.releases.reports import UpdateReport
from protocols.settings import UnitSettings
from protocols.signed_text import SignedText, key_id
from protocols.topics import UpTopic, parse_up, up
from protocols.uplink import (
    AnyUpMessage,
    CommandResult,
    EventBatch,
    HealthBatch,
    PositionMessage,
    SessionProof,
    SessionState,
    SignalMessage,
    UnitEvent,
    decode_up,
    encode_up,
)
from tests.support.mandates import AT, BOOT, House, lease, mandate

WIRE = Path(__file__).parents[2] / "wire"
LOW_SUPPLY = UpdateReport(update="UP-0123456789ab", state="refused", reason="low", passing=True)
UNIT = "unit-23456789"
NONCE = "00112233445566778899aabbccddeeff"
T0 = 1_793_527_200_000
KEY = Ed25519PrivateKey.from_private_bytes(b"muster test key, not for use----")
PUBLIC = KEY.public_key()

FULL_REPORT = HealthReport(
    seq=41,
    sampled_at_ms=T0,
    ages_s={"gnss_hdop": 35},
    uptime_s=86_400,
    cpu_used_percent=12.5,
    load_1m=0.42,
    memory_used_percent=37.25,
    soc_temp_c=48.3,
    throttled_bits=0x50005,
    supply_mv=12_210,
    supply_ma=-340,
    undervolted=False,
    battery_percent=81.0,
    battery_charging=True,
    battery_mv=12_640,
    ignition_on=False,
    mcu_version="2.2.1+4",
    mcu_uptime_s=86_100,
    watchdog_resets=0,
    storage_used_percent=61.5,
    storage_read_only=False,
    emmc_worn_percent=20,
    emmc_life="normal",
    clock_synchronised=True,
    clock_offset_ms=-1.75,
    link_kind="lte",
    link_rx_bytes=123_456_789,
    link_tx_bytes=987_654_321,
    wifi_signal_dbm=-61.0,
    rsrp_dbm=-98.0,
    rsrq_db=-11.5,
    sinr_db=7.0,
    rssi_dbm=-71.0,
    modem_registration="home",
    modem_operator="Example Mobile",
    modem_temp_c=41.0,
    modem_version="EG25GGBR07A08M2G",
    sim_state="ready",
    gnss_fix_quality=1,
    gnss_hdop=1.2,
    gnss_satellites=9,
    gnss_antenna="ok",
    spool_waiting=3,
    spool_dropped=0,
)

BEFORE_SERIAL = msgspec.structs.replace(
    FULL_REPORT,
    battery_mv=None,
    ignition_on=None,
    mcu_version=None,
    mcu_uptime_s=None,
    watchdog_resets=None,
    rssi_dbm=None,
    modem_registration=None,
    modem_operator=None,
    modem_temp_c=None,
    modem_version=None,
    sim_state=None,
    gnss_antenna=None,
)
"""What a unit without a serial side reports: the bytes are those of units in the field."""

STARTED = AccessRecord(
    number=1,
    prior=GENESIS,
    at_ms=T0,
    boot_id="6f1c3f0e-8d0b-4a55-9d0e-2b5a5a5a5a5a",
    boot_ms=61_250,
    what="started",
)
OPENED = AccessRecord(
    number=2,
    prior=record_hash(STARTED.text()),
    at_ms=T0 + 60_000,
    boot_id="6f1c3f0e-8d0b-4a55-9d0e-2b5a5a5a5a5a",
    boot_ms=121_250,
    what="opened",
    modality="video",
    opening="0123456789abcdef01234567",
    mandate="M-2026-118",
    authority="A/2026/44",
    person="TO-12",
)

PERMIT = SignedPermit(
    text=Permit(
        part="mcu",
        sha256="ab" * 32,
        version="2.2.0",
        units=[UNIT],
        not_before=AT,
        not_after=AT + timedelta(days=1),
        reason="2.2.1 resets under load",
    ).text(),
    signatures=[PermitSignature(person_id="TO-12", signature="-----BEGIN SSH SIGNATURE-----")],
)
OPENING = "open-0123456789abcdef01234567"
HOUSE = House(controller=KEY)
MANDATE = mandate(unit=UNIT)
LEASE = lease(MANDATE)
ENTRY = (
    b'{"v":1,"dpa":"collection","kind":"lease.granted","at":"2026-11-22T12:00:00Z","actor":"TO-12",'
    b'"unit":"unit-23456789","opening":"open-0123456789abcdef01234567","mandate":"M-0123456789ab",'
    b'"lease_sha256":"' + lease_hash(LEASE.text()).encode() + b'"}'
)
GRANTED = GrantLease(
    mandate=HOUSE.signed_mandate(MANDATE),
    logged=HOUSE.logged(HOUSE.signed_lease(LEASE), ENTRY, cosigners=("north", "south")),
    offer=MediaOffer(
        sdp="v=0\r\ns=-\r\n",
        ice_servers=[IceServer(urls=["turn:muster.example:3478"], username="1795348860:unit", credential="c2VjcmV0")],
    ),
)


def _sealed(signal: Signal) -> SealedSignal:
    text = signal_text(signal)
    return seal_signal(text, "1f2e3d", KEY.sign(signal_bytes(UNIT, text)))


def _signal(signal: Signal) -> SignalMessage:
    return SignalMessage(unit=UNIT, session=NONCE, sealed=_sealed(signal))


UP: dict[str, AnyUpMessage] = {
    "up-signal-nonce-made": _signal(NonceMade(opening=OPENING, nonce=NONCE, boot_id=BOOT)),
    "up-signal-answered": _signal(Answered(opening=OPENING, nonce=NONCE, sdp="v=0\r\ns=-\r\n")),
    "up-signal-answered-renewal": _signal(Answered(opening=OPENING, nonce=NONCE)),
    "up-signal-refused": _signal(
        Refused(opening=OPENING, rule="over-minutes", nonce=NONCE, detail="the minutes of today are used")
    ),
    "up-signal-closed": _signal(Closed(opening=OPENING, reason="expiry", open_s=60)),
    "up-position": PositionMessage(
        unit=UNIT,
        session=NONCE,
        sealed=_sealed(
            PositionFound(opening=OPENING, at=Degrees(latitude_deg=51.5, longitude_deg=-0.25), hdop=0.9, satellites=9)
        ),
    ),
    "up-health-live": HealthBatch(
        unit=UNIT, session=NONCE, spool_id=4_503_599_627_370_497, settings_version=3, reports=[BEFORE_SERIAL]
    ),
    "up-health-serial": HealthBatch(unit=UNIT, session=NONCE, spool_id=7, reports=[FULL_REPORT]),
    "up-health-catching-up": HealthBatch(
        unit=UNIT,
        session=NONCE,
        spool_id=7,
        reports=[HealthReport(seq=1, sampled_at_ms=T0), HealthReport(seq=2, sampled_at_ms=T0 + 60_000, uptime_s=0)],
    ),
    "up-event": EventBatch(
        unit=UNIT,
        session=NONCE,
        spool_id=7,
        events=[
            UnitEvent(seq=3, sampled_at_ms=T0, kind="agent-started", summary="agent started"),
            UnitEvent(
                seq=4, sampled_at_ms=T0 + 1, kind="soc-hot", severity="alarm", summary="SoC at 83 °C, limit 80 °C"
            ),
        ],
    ),
    "up-event-update": EventBatch(
        unit=UNIT,
        session=NONCE,
        spool_id=7,
        events=[
            UnitEvent(
                seq=6,
                sampled_at_ms=T0 + 120_000,
                kind="update-rolled-back",
                severity="warning",
                summary="van-2: the MCU was not well on trial, everything is as it was",
                update=UpdateReport(
                    update="UP-0123456789ab",
                    state="rolled-back",
                    part="mcu",
                    done_bytes=202_752,
                    total_bytes=202_752,
                    versions={"agent": "1.4.0", "mcu": "2.2.1+4"},
                    reason="no answer on trial",
                ),
            )
        ],
    ),
    "up-event-update-passing": EventBatch(
        unit=UNIT,
        session=NONCE,
        spool_id=7,
        events=[UnitEvent(seq=7, sampled_at_ms=T0, kind="update-refused", summary="low", update=LOW_SUPPLY)],
    ),
    "up-event-record": EventBatch(
        unit=UNIT,
        session=NONCE,
        spool_id=7,
        events=[
            UnitEvent(
                seq=5,
                sampled_at_ms=T0 + 60_000,
                kind="access-opened",
                summary="record 2: video opened for TO-12",
                record=OPENED.text(),
            )
        ],
    ),
    "up-health-record": HealthBatch(
        unit=UNIT,
        session=NONCE,
        spool_id=7,
        reports=[
            HealthReport(seq=6, sampled_at_ms=T0, uptime_s=9, access_records=2, access_head=record_hash(OPENED.text()))
        ],
    ),
    "up-result-done": CommandResult(unit=UNIT, session=NONCE, command_id="0123456789abcdef01234567", state="done"),
    "up-result-refused": CommandResult(
        unit=UNIT,
        session=NONCE,
        command_id="0123456789abcdef01234567",
        state="refused",
        reason="settings version 2 is older than 3",
    ),
    "up-lwt-up": SessionState(
        unit=UNIT,
        session=NONCE,
        connection=NONCE,
        up=True,
        boot_id="6f1c3f0e-8d0b-4a55-9d0e-2b5a5a5a5a5a",
        agent_version="0.1.0",
        model="Raspberry Pi 4 Model B Rev 1.4",
        settings_version=3,
        spool_id=7,
        next_seq=42,
    ),
    "up-lwt-down": SessionState(unit=UNIT, session=NONCE, connection=NONCE, up=False),
    "up-lwt-proof": SessionProof(
        unit=UNIT,
        session=NONCE,
        challenge="c" * 32,
        certificate="1f2e3d",
        boot_id="6f1c3f0e-8d0b-4a55-9d0e-2b5a5a5a5a5a",
        spool_id=7,
        next_seq=42,
        signature="AAECAw==",
    ),
    "up-lwt-proof-record": SessionProof(
        unit=UNIT,
        session=NONCE,
        challenge="c" * 32,
        certificate="1f2e3d",
        boot_id="6f1c3f0e-8d0b-4a55-9d0e-2b5a5a5a5a5a",
        spool_id=7,
        next_seq=42,
        signature="AAECAw==",
        access_records=2,
        access_head=record_hash(OPENED.text()),
    ),
}


def _signed(counter: int, body: Body) -> Signed:
    return Signed(
        unit=UNIT,
        session=NONCE,
        sender="5e4de75e4de75e4d",
        counter=counter,
        issued_at_ms=T0,
        expires_at_ms=T0 + 60_000,
        body=body,
    )


DOWN: dict[str, Signed] = {
    "down-welcome": _signed(1, Welcome("c" * 32, 1)),
    "down-ack": _signed(2, Ack(7, [(1, 40), (42, 42)])),
    "down-command-report-now": _signed(1, Command("0123456789abcdef01234567", ReportNow())),
    "down-command-apply-settings": _signed(
        2, Command("0123456789abcdef01234567", ApplySettings(UnitSettings(version=4, report_every_s=30)))
    ),
    "down-command-send-records": _signed(3, Command("0123456789abcdef01234567", SendRecords(after=118))),
    "down-command-update-unit": _signed(
        9, Command("0123456789abcdef01234567", UpdateUnit("UP-0123456789ab", "manifests/van-2.json", [PERMIT]))
    ),
    "down-command-cancel-mandate": _signed(4, Command("0123456789abcdef01234567", CancelMandate(MANDATE.mandate))),
    "down-ask-nonce": _signed(5, AskNonce(opening=OPENING, modalities=["video", "audio"])),
    "down-grant-lease": _signed(6, GRANTED),
    "down-grant-lease-renewal": _signed(7, msgspec.structs.replace(GRANTED, offer=None)),
    "down-close-opening": _signed(8, CloseOpening(opening=OPENING, reason="viewer-left")),
}

JOIN: dict[str, tuple[object, object]] = {
    "join-request": (
        JoinRequest,
        JoinRequest(
            secret="00" * 16, csr_pem="-----BEGIN CERTIFICATE REQUEST-----\n", key_protection="soft", model="Pi"
        ),
    ),
    "join-pending": (JoinReply, JoinPending(fingerprint="00:11:22", poll_after_s=5.0)),
    "join-accepted": (
        JoinReply,
        JoinAccepted(
            unit_id=UNIT,
            certificate_chain_pem="-----BEGIN CERTIFICATE-----\n",
            controller_keys=[PUBLIC.public_bytes_raw().hex()],
            broker=BrokerAddress(host="muster.example", port=8883),
            people_list='{"version":1,"people":[]}',
            settings=UnitSettings(version=1),
        ),
    ),
    "join-refused": (
        JoinRefusal,
        JoinRefusal(code="voucher-expired", message="the voucher is past its 24 hours", remedy="ask for a new voucher"),
    ),
    "renew-request": (
        RenewRequest,
        RenewRequest(csr_pem="-----BEGIN CERTIFICATE REQUEST-----\n", key_protection="tpm", agent_version="0.1.0"),
    ),
    "rejoin-request": (
        RejoinRequest,
        RejoinRequest(unit_id=UNIT, csr_pem="-----BEGIN CERTIFICATE REQUEST-----\n", key_protection="soft", model="Pi"),
    ),
    "renewed": (
        RejoinReply,
        Renewed(
            unit_id=UNIT,
            certificate_chain_pem="-----BEGIN CERTIFICATE-----\n",
            roots=[
                RootOffer(root_pem="-----BEGIN CERTIFICATE-----\n2\n", cross_pem="-----BEGIN CERTIFICATE-----\n1\n"),
                RootOffer(root_pem="-----BEGIN CERTIFICATE-----\n1\n"),
            ],
            controller_keys=[PUBLIC.public_bytes_raw().hex()],
            broker=BrokerAddress(host="muster.example", port=8883),
            url="https://muster.example:8443",
        ),
    ),
    "people-after": (
        list[SignedPeopleList],
        [
            SignedPeopleList(
                text='{"version":2,"people":[],"made_at":"2026-11-22T00:00:00Z"}',
                signatures=[ListSignature(person_id="AD-01", signature="-----BEGIN SSH SIGNATURE-----\n")],
            )
        ],
    ),
}

VOUCHER = Voucher(
    secret=bytes(range(16)),
    ca_sha256=bytes(range(32)),
    people_sha256=bytes(range(32, 64)),
    expires_at_s=1_800_000_000,
    url="https://muster.example:8443",
)


def golden(name: str) -> bytes:
    return (WIRE / f"{name}.json").read_bytes().removesuffix(b"\n")


def topic_of(name: str) -> UpTopic:
    return parse_up(f"up/{UNIT}/{name.split('-')[1]}")


@pytest.mark.parametrize("name", UP)
def test_what_units_send_is_read_and_written_as_it_always_was(name: str) -> None:
    message = decode_up(topic_of(name), golden(name))
    assert message == UP[name]
    assert encode_up(message) == golden(name)
    assert topic_of(name) == parse_up(up(message.unit, topic_of(name).channel))


@pytest.mark.parametrize("name", DOWN)
def test_what_the_controller_signs_is_read_and_written_as_it_always_was(name: str) -> None:
    signed = unseal(golden(name), {key_id(PUBLIC.public_bytes_raw()): PUBLIC})
    assert signed == DOWN[name]
    assert seal(signed, KEY) == golden(name)


@pytest.mark.parametrize("name", JOIN)
def test_joining_is_read_and_written_as_it_always_was(name: str) -> None:
    kind, expected = JOIN[name]
    read = msgspec.json.decode(golden(name), type=kind)
    assert read == expected
    assert msgspec.json.encode(read) == golden(name)


def test_a_voucher_is_read_and_written_as_it_always_was() -> None:
    text = (WIRE / "voucher.txt").read_text().removesuffix("\n")
    assert Voucher.read(text) == VOUCHER
    assert VOUCHER.text() == text


def test_a_mandate_is_read_and_verified_as_it_always_was() -> None:
    line = (WIRE / "mandate.txt").read_bytes()
    signatures = [(WIRE / f"mandate.{signer}.sig").read_text() for signer in ("requester", "approver")]
    assert signed_bytes(read_mandate(line.decode().removesuffix("\n")).text()) == line
    signed = SignedMandate(text=line.decode().removesuffix("\n"), requester=signatures[0], approver=signatures[1])
    assert check_mandate(signed, HOUSE.people_list(), AT, plain_keys_may_sign=False) == MANDATE
    assert signed == GRANTED.mandate


def test_a_lease_is_read_and_verified_as_it_always_was() -> None:
    signed = msgspec.json.decode(golden("lease"), type=SignedText)
    assert read_lease(signed, HOUSE.keys) == LEASE
    assert signed == HOUSE.signed_lease(LEASE)
    assert msgspec.json.encode(signed) == golden("lease")


def test_the_golden_report_has_every_figure() -> None:
    assert [name for name in FIGURES if getattr(FULL_REPORT, name) is None] == []


def test_every_golden_file_is_tested() -> None:
    expected = {f"{name}.json" for name in [*UP, *DOWN, *JOIN, "lease"]}
    assert {path.name for path in WIRE.glob("*.json")} == expected
