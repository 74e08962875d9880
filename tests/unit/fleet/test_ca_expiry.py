"""When something that ends is told of, and when a leaf is made anew."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from fleet.ca import certificates
from fleet.ca.authority import CertificateAuthority
from fleet.ca.expiry import Expiring, ExpiryKind, days_left, judge, needs_new
from fleet.ca.rotation import rotate_issuing

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("kind", "left", "severity"),
    [
        ("root", timedelta(days=180), None),
        ("root", timedelta(days=180) - SECOND, "warning"),
        ("root", timedelta(days=60), "warning"),
        ("root", timedelta(days=60) - SECOND, "alarm"),
        ("issuing", timedelta(days=90), None),
        ("issuing", timedelta(days=90) - SECOND, "warning"),
        ("issuing", timedelta(days=45), "warning"),
        ("issuing", timedelta(days=45) - SECOND, "alarm"),
        ("crl", timedelta(days=14), None),
        ("crl", timedelta(days=14) - SECOND, "warning"),
        ("crl", timedelta(days=7), "warning"),
        ("crl", timedelta(days=7) - SECOND, "alarm"),
        ("own", timedelta(days=14), None),
        ("own", timedelta(days=14) - SECOND, "warning"),
        ("own", timedelta(days=7), "warning"),
        ("own", timedelta(days=7) - SECOND, "alarm"),
        ("own", timedelta(0), "alarm"),
        ("own", -SECOND, "alarm"),
        ("root", timedelta(days=-400), "alarm"),
    ],
)
def test_how_near_the_end_is_too_near(kind: ExpiryKind, left: timedelta, severity: str | None) -> None:
    found = judge([Expiring(kind, "it", NOW + left)], NOW)
    assert [finding.severity for finding in found] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=7) - SECOND, "ends in 6 days"),
        (timedelta(days=2) - SECOND, "ends in 1 day,"),
        (timedelta(hours=5), "ends in 0 days"),
        (-SECOND, "has ended"),
    ],
)
def test_a_finding_says_what_ends_when_and_what_to_do(left: timedelta, words: str) -> None:
    (finding,) = judge([Expiring("issuing", "issuing certificate 2", NOW + left)], NOW)
    assert finding.summary.startswith(f"issuing certificate 2 {words}")
    assert f"{NOW + left:%Y-%m-%d}" in finding.summary
    assert "fleet ca rotate-issuing" in finding.summary


def test_the_same_nearness_repeats_and_an_alarm_after_a_warning_does_not() -> None:
    end = NOW + timedelta(days=80)
    held = [Expiring("issuing", "issuing certificate 1", end), Expiring("issuing", "issuing certificate 2", end)]
    keys = [[each.repeat_key for each in judge(held, NOW + timedelta(days=day))] for day in (0, 1, 40)]
    assert keys[0] == keys[1]
    assert len({*keys[0], *keys[2]}) == 4
    renewed = [Expiring("issuing", "issuing certificate 1", end + timedelta(days=1))]
    assert judge(renewed, NOW)[0].repeat_key not in keys[0]


def test_days_are_whole_and_go_below_nothing() -> None:
    assert [days_left(NOW + timedelta(hours=hours), NOW) for hours in (49, 24, 1, -1, -25)] == [2, 1, 0, -1, -2]


NAMES = ["broker.example", "127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("names", "after", "due"),
    [
        (NAMES, timedelta(0), False),
        (NAMES, timedelta(days=60), False),
        (NAMES, timedelta(days=60, seconds=1), True),
        (NAMES[:1], timedelta(0), False),
        ([*NAMES, "other.example"], timedelta(0), True),
        ([*NAMES, "10.0.0.1"], timedelta(0), True),
        (["0:0:0:0:0:0:0:1"], timedelta(0), False),
        ([], timedelta(0), False),
    ],
)
def test_a_leaf_is_made_anew_near_its_end_and_for_new_names(
    tmp_path: Path, names: list[str], after: timedelta, due: bool
) -> None:
    authority = CertificateAuthority.create(tmp_path / "ca", NOW)
    leaf = x509.load_pem_x509_certificates(authority.issue_server(NAMES, NOW).chain_pem)[0]
    assert needs_new(leaf, names, authority.holdings.issuers[0].certificate, NOW + after) is due


def test_a_leaf_is_made_anew_under_another_issuing_certificate(tmp_path: Path) -> None:
    authority = CertificateAuthority.create(tmp_path / "ca", NOW)
    leaf = x509.load_pem_x509_certificates(authority.issue_server(NAMES, NOW).chain_pem)[0]
    rotate_issuing(tmp_path / "ca", tmp_path / "ca", NOW)
    authority.reload()
    assert needs_new(leaf, NAMES, authority.holdings.issuers[0].certificate, NOW)


def test_a_leaf_that_ends_with_its_issuer_is_not_made_anew_again_and_again() -> None:
    root_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    root = certificates.Signer(certificates.common_name("root"), root_key)
    end = NOW + timedelta(days=20)
    issuing = certificates.issuing_certificate(key.public_key(), NOW, root, end)
    signer = certificates.Signer(issuing.subject, key)
    leaf = certificates.Leaf("Muster server", key.public_key(), certificates.SERVER, certificates.SERVER_LIFE, ("a",))
    certificate = certificates.leaf_certificate(leaf, NOW, signer, end)
    assert not needs_new(certificate, ["a"], issuing, NOW)
