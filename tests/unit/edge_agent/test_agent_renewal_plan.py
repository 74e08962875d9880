"""When a certificate is renewed, when it has ended, and how trust moves to a new root."""

from datetime import UTC, datetime, timedelta
from statistics import mean

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.certificate import OwnCertificate
from edge_agent.errors import AcceptanceInvalid
from edge_agent.renewal.plan import LOOK_AGAIN_MS, KnownTime, decide, due_ms, jitter_of
from edge_agent.renewal.roots import follow_roots, root_pem
from fleet.ca import certificates
from protocols.joining import RootOffer

FROM_MS = 1_800_000_000_000
LIFE_MS = 30 * 86_400_000
CERTIFICATE = OwnCertificate("1f2e3d", FROM_MS, FROM_MS + LIFE_MS)
times = st.none() | st.integers(0, FROM_MS + 3 * LIFE_MS)
kinds = st.sampled_from([None, "renew", "rejoin"])


@given(serial=st.integers(1, 1 << 158))
def test_renewal_is_due_by_two_thirds_and_not_before_seven_twelfths(serial: int) -> None:
    certificate = CERTIFICATE._replace(serial=f"{serial:x}")
    assert FROM_MS + LIFE_MS * 7 / 12 - 1 <= due_ms(certificate) <= FROM_MS + LIFE_MS * 2 / 3 + 1
    assert due_ms(certificate) == due_ms(certificate), "drawn once for each certificate"


def test_due_times_spread_over_a_fleet() -> None:
    draws = [jitter_of(f"{number:x}") for number in range(2_000)]
    assert 0.0 <= min(draws) < 0.01
    assert 0.99 < max(draws) < 1.0
    assert 0.45 < mean(draws) < 0.55


@given(wall_ms=times, sure=st.booleans(), stored=kinds, told_ended=st.booleans())
def test_what_is_decided_follows_from_what_is_known(
    wall_ms: int | None, sure: bool, stored: str | None, told_ended: bool
) -> None:
    what, wait_ms = decide(CERTIFICATE, KnownTime(wall_ms, sure), stored, told_ended=told_ended)  # type: ignore[arg-type]  # hypothesis gives texts
    assert (wait_ms == 0) if what != "wait" else (0 < wait_ms <= LOOK_AGAIN_MS)
    known = wall_ms is not None and wall_ms >= FROM_MS
    if known and sure:
        ended = wall_ms is not None and wall_ms >= CERTIFICATE.until_ms
        assert (what == "rejoin") == ended, "a sure clock settles it, whatever anybody says"
    if what == "rejoin":
        assert sure or told_ended or stored == "rejoin", "a clock that may be wrong asks for no person"
    if what == "wait":
        assert stored != "renew", "what was begun is gone on with"
        assert wall_ms is None or wall_ms < due_ms(CERTIFICATE)


@pytest.mark.parametrize(
    ("wall_ms", "sure", "told_ended", "what"),
    [
        (FROM_MS + LIFE_MS // 2, True, False, "wait"),
        (FROM_MS + LIFE_MS // 2, True, True, "wait"),
        (FROM_MS + LIFE_MS // 2, False, True, "rejoin"),
        (FROM_MS + LIFE_MS * 4 // 5, False, False, "renew"),
        (FROM_MS + LIFE_MS, True, False, "rejoin"),
        (FROM_MS + LIFE_MS, False, False, "renew"),
        (FROM_MS - 1, True, False, "wait"),
        (FROM_MS - 1, True, True, "rejoin"),
        (0, False, False, "wait"),
        (None, False, True, "rejoin"),
    ],
)
def test_a_clock_says_as_much_as_it_is_worth(wall_ms: int | None, sure: bool, told_ended: bool, what: str) -> None:
    assert decide(CERTIFICATE, KnownTime(wall_ms, sure), None, told_ended=told_ended).what == what


NOW = datetime(2027, 1, 15, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


class Root:
    """A root of its own key."""

    def __init__(self, made_at: datetime = NOW) -> None:
        self.key: EllipticCurvePrivateKey = generate_private_key(SECP256R1())
        self.made_at = made_at
        self.certificate = certificates.root_certificate(self.key, made_at)

    def offer(self, before: "Root | None" = None) -> RootOffer:
        cross = None if before is None else root_pem(before.crossed(self.certificate))
        return RootOffer(root_pem=root_pem(self.certificate), cross_pem=cross)

    def crossed(self, root: x509.Certificate, *, until: datetime | None = None) -> x509.Certificate:
        """`root`'s key and name, signed by this one."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(root.subject)
            .issuer_name(self.certificate.subject)
            .public_key(root.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.made_at - timedelta(days=1))
            .not_valid_after(until or self.made_at + timedelta(days=3000))
        )
        for extension in root.extensions:
            builder = builder.add_extension(extension.value, critical=extension.critical)
        return builder.sign(self.key, SHA256())


FIRST, SECOND, THIRD, STRANGE = Root(), Root(), Root(), Root()


def test_the_root_of_the_voucher_stays_while_it_is_offered() -> None:
    trust = follow_roots([FIRST.certificate], [FIRST.offer()], NOW_MS)
    assert trust == ([FIRST.certificate], 0)


def test_a_new_root_is_taken_through_one_that_is_trusted_and_the_old_one_dropped_when_it_is_not_offered() -> None:
    both = follow_roots([FIRST.certificate], [SECOND.offer(FIRST), FIRST.offer()], NOW_MS)
    assert both == ([SECOND.certificate, FIRST.certificate], 0)
    alone = follow_roots([FIRST.certificate], [SECOND.offer(FIRST)], None)
    assert alone == ([SECOND.certificate], 0)


def test_a_unit_that_missed_a_whole_root_follows_from_one_to_the_next() -> None:
    trust = follow_roots([FIRST.certificate], [THIRD.offer(SECOND), SECOND.offer(FIRST)], NOW_MS)
    assert trust == ([THIRD.certificate, SECOND.certificate], 0)


def test_a_root_that_nobody_vouches_for_is_not_taken_and_never_all_are_dropped() -> None:
    trust = follow_roots([FIRST.certificate], [STRANGE.offer(), SECOND.offer(STRANGE), FIRST.offer()], NOW_MS)
    assert trust == ([FIRST.certificate], 2)
    for offers in ([STRANGE.offer()], [SECOND.offer(STRANGE)], [THIRD.offer(SECOND)]):
        with pytest.raises(AcceptanceInvalid, match="none of the fleet's roots"):
            follow_roots([FIRST.certificate], offers, NOW_MS)


def _refused(cross: x509.Certificate, root: x509.Certificate = SECOND.certificate) -> bool:
    offers = [FIRST.offer(), RootOffer(root_pem=root_pem(root), cross_pem=root_pem(cross))]
    return follow_roots([FIRST.certificate], offers, NOW_MS).refused == 1


def test_a_cross_certificate_has_to_be_for_that_root_in_force_and_an_authoritys() -> None:
    good = FIRST.crossed(SECOND.certificate)
    assert not _refused(good)
    assert _refused(FIRST.crossed(THIRD.certificate)), "of another root's key"
    assert _refused(FIRST.crossed(SECOND.certificate, until=NOW - timedelta(hours=1))), "ended"
    same_name = SECOND.certificate.subject.rfc4514_string().removeprefix("CN=")
    leaf = certificates.leaf_certificate(
        certificates.Leaf(
            same_name,
            SECOND.key.public_key(),
            certificates.CLIENT,
            timedelta(days=30),
        ),
        NOW,
        certificates.Signer(FIRST.certificate.subject, FIRST.key),
        NOW + timedelta(days=30),
    )
    assert _refused(leaf), "a leaf vouches for nobody"
    issuing = certificates.issuing_certificate(
        generate_private_key(SECP256R1()).public_key(),
        NOW,
        certificates.Signer(FIRST.certificate.subject, FIRST.key),
    )
    assert _refused(issuing), "another name and key"
    assert _refused(good, good), "the root itself has to be signed by its own key"


def test_an_issuing_certificate_can_not_make_a_root() -> None:
    issuing = Root()
    signed = certificates.issuing_certificate(
        issuing.key.public_key(), NOW, certificates.Signer(FIRST.certificate.subject, FIRST.key)
    )
    issuing.certificate = signed
    assert _refused(issuing.crossed(SECOND.certificate))


def test_what_is_no_certificate_is_refused() -> None:
    offer = msgspec.structs.replace(FIRST.offer(), root_pem="-----BEGIN CERTIFICATE-----\nAAAA\n")
    with pytest.raises(AcceptanceInvalid, match="can not be read"):
        follow_roots([FIRST.certificate], [offer], NOW_MS)
