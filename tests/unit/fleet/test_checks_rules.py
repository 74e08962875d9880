"""Budgets as the controller knows them, signatures under signals, ICE servers, and stills for terminals."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from PIL import Image

from fleet.checks.assembly import ice_servers
from fleet.checks.permits import cut, within_budget
from fleet.checks.proven import judged
from fleet.checks.refusals import busy
from fleet.cli.check_still import half_blocks
from fleet.errors import SettingsInvalid
from fleet.mandates.standing import EndsBy, Obstacle, Standing
from fleet.settings import MediaSettings
from fleet.store.certificates import StoredCertificate
from fleet.store.checks import Use
from protocols.access_record import Modality
from protocols.mandate import SignedMandate
from protocols.opening import Closed, SealedSignal, seal_signal, signal_bytes, signal_text
from tests.support.mandates import allows, mandate
from tests.support.tls import Pki

NOW = datetime.now(UTC)
UNIT = "unit-abcd2345"
SIGNAL = Closed(opening="open-0123456789abcdef01234567", reason="asked", open_s=7)


@pytest.mark.parametrize(
    ("used", "first", "rule"),
    [
        (Use(0, 0), True, None),
        (Use(599, 2), True, None),
        (Use(0, 3), True, "over-openings"),
        (Use(0, 3), False, None),
        (Use(600, 1), True, "over-minutes"),
        (Use(700, 1), False, "over-minutes"),
    ],
)
def test_a_day_has_so_many_minutes_and_openings(used: Use, first: bool, rule: str | None) -> None:
    found = within_budget([allows("video", 10, 3)], {"video": used}, first=first)
    assert (found.rule if isinstance(found, Obstacle) else None) == rule


def test_the_modality_with_least_left_decides() -> None:
    used: dict[Modality, Use] = {"video": Use(60, 1), "audio": Use(500, 1)}
    found = within_budget([allows("video", 10), allows("audio", 10)], used, first=True)
    assert not isinstance(found, Obstacle)
    assert (found[0].modality, found[1]) == ("audio", 500)


@pytest.mark.parametrize(
    ("ends_by", "until_s", "used_s", "lasts_s", "beyond"),
    [
        ("after-mandate", 60, 540, 60, None),
        ("after-mandate", 59.9, 0, 59, "after-mandate"),
        ("after-authority", 30, 570, 30, "after-authority"),
        ("review-overdue", 0.5, 0, 0, "review-overdue"),
        ("after-mandate", 40, 561, 39, "over-minutes"),
        ("after-mandate", 3600, 590, 10, "over-minutes"),
    ],
)
def test_a_lease_is_cut_and_what_cuts_it_is_told(
    ends_by: EndsBy, until_s: float, used_s: int, lasts_s: int, beyond: str | None
) -> None:
    stands = Standing(
        mandate_id="M-0123456789ab",
        unit_id=UNIT,
        mandate=mandate(),
        signed=SignedMandate(text="", requester="", approver=""),
        authority_id="A-0123456789ab",
        authority="URN-26/114",
        until=NOW + timedelta(seconds=until_s),
        ends_by=ends_by,
        review_at=None,
    )
    found, obstacle = cut(60, stands, NOW, allows("video", 10), used_s)
    assert (found, None if obstacle is None else obstacle.rule) == (lasts_s, beyond)


def test_whoever_finds_a_unit_busy_is_told_for_how_long() -> None:
    said = busy("open-1", NOW + timedelta(seconds=41.2), NOW)
    assert said.rule == "busy"
    assert "for 42 s more" in said.sentence


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[StoredCertificate, EllipticCurvePrivateKey]:
    """A certificate of UNIT as the controller keeps it, and its key."""
    key = generate_private_key(SECP256R1())
    pki = Pki.create(tmp_path_factory.mktemp("pki"))
    issued = pki.authority.issue_unit(UNIT, key.public_key(), datetime.now(UTC))
    leaf = x509.load_pem_x509_certificate(issued.chain_pem.encode())
    certificate = StoredCertificate(
        serial=f"{leaf.serial_number:x}",
        unit_id=UNIT,
        fingerprint="",
        key_protection="soft",
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        chain_pem=issued.chain_pem,
    )
    return certificate, key


def sealed_with(key: EllipticCurvePrivateKey, serial: str, unit: str = UNIT) -> SealedSignal:
    """SIGNAL as `unit` says it."""
    text = signal_text(SIGNAL)
    return seal_signal(text, serial, key.sign(signal_bytes(unit, text), ECDSA(SHA256())))


def test_what_the_units_key_signed_is_believed(place: tuple[StoredCertificate, EllipticCurvePrivateKey]) -> None:
    certificate, key = place
    now = certificate.not_before + timedelta(hours=1)
    assert judged(UNIT, sealed_with(key, certificate.serial), certificate, now) == SIGNAL


def test_what_it_did_not_sign_for_this_unit_now_is_not(
    place: tuple[StoredCertificate, EllipticCurvePrivateKey],
) -> None:
    certificate, key = place
    now = certificate.not_before + timedelta(hours=1)
    good = sealed_with(key, certificate.serial)
    other_text = msgspec.structs.replace(good, text=good.text.replace("asked", "fault"))
    cases: list[tuple[SealedSignal, StoredCertificate | None, datetime]] = [
        (good, None, now),
        (good, msgspec.structs.replace(certificate, unit_id="unit-other234"), now),
        (good, msgspec.structs.replace(certificate, revoked_at=now), now),
        (good, certificate, now + timedelta(days=400)),
        (other_text, certificate, now),
        (sealed_with(key, certificate.serial, "unit-other234"), certificate, now),
        (sealed_with(generate_private_key(SECP256R1()), certificate.serial), certificate, now),
        (msgspec.structs.replace(good, signature="~"), certificate, now),
    ]
    for sealed, kept, at in cases:
        assert isinstance(judged(UNIT, sealed, kept, at), str)


def test_each_check_has_turn_credentials_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 40 + "\n")
    media = MediaSettings(
        stun_urls=["stun:media.example:3478"],
        turn_urls=["turn:media.example:3478?transport=udp"],
        turn_secret_file=str(secret),
    )
    servers = ice_servers(media, lambda: NOW)
    stun, turn = servers("open-1")
    assert stun.username == ""
    assert turn.username.endswith(":open-1")
    assert turn.credential != servers("open-2")[1].credential
    assert ice_servers(MediaSettings(), lambda: NOW)("open-1") == []


def test_a_turn_secret_that_can_not_be_used_keeps_the_controller_from_starting(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("short")
    for path in (short, tmp_path / "missing"):
        media = MediaSettings(turn_urls=["turn:media.example"], turn_secret_file=str(path))
        with pytest.raises(SettingsInvalid):
            ice_servers(media, lambda: NOW)


def test_a_still_is_shown_in_half_blocks_and_keeps_its_shape() -> None:
    content = BytesIO()
    Image.new("RGB", (160, 120), (255, 0, 0)).save(content, "JPEG")
    lines = half_blocks(content.getvalue(), 40, 10).split("\n")
    assert lines.pop() == ""
    assert len(lines) == 10
    assert {line.count("▀") for line in lines} == {27}
    assert all(line.endswith("\x1b[0m") for line in lines)
    assert half_blocks(b"no picture", 40, 10) == ""


@pytest.mark.parametrize("side", [8_000, 65_500])
def test_a_still_that_says_it_is_huge_is_none(side: int) -> None:
    content = BytesIO()
    Image.new("RGB", (16, 16)).save(content, "JPEG", progressive=True)
    jpeg = bytearray(content.getvalue())
    size_at = jpeg.index(b"\xff\xc2") + 5
    jpeg[size_at : size_at + 4] = side.to_bytes(2, "big") * 2
    assert half_blocks(bytes(jpeg), 40, 10) == ""
