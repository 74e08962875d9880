"""Keys in a real PKCS#11 token: made, used, lost and found again, never taken out."""

import _ssl
import copy
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDH, ECDSA
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hardware_keys import (
    EcKey,
    KeyAmbiguous,
    KeyNotFound,
    KeyTaken,
    KeyUnsuitable,
    ModuleUnusable,
    PinRefused,
    PinUnusable,
    TokenAddress,
    TokenAway,
    ec_key,
    make_ec_key,
    open_token,
)
from hardware_keys.module import load_module
from tests.support.softhsm import MODULE, SoftHsm, hsm

__all__ = ["hsm"]

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test")])
NOW = datetime.now(UTC)


def session_on(hsm: SoftHsm) -> pkcs11.Session:
    """Another session of this process, logged in as our token's is, to look behind it."""
    open_token(hsm.address).exists("anything")
    return load_module(MODULE).find(hsm.label).open(rw=True)


def made_by_hand(hsm: SoftHsm, label: str, *, curve: str = "secp256r1", extractable: bool = False) -> None:
    """A key that another program might have made."""
    session = session_on(hsm)
    parameters = session.create_domain_parameters(
        pkcs11.KeyType.EC,
        {pkcs11.Attribute.EC_PARAMS: pkcs11.util.ec.encode_named_curve_parameters(curve)},
        local=True,
    )
    template = {pkcs11.Attribute.SENSITIVE: not extractable, pkcs11.Attribute.EXTRACTABLE: extractable}
    parameters.generate_keypair(store=True, label=label, private_template=template)


def remove_half(hsm: SoftHsm, label: str, half: pkcs11.ObjectClass) -> None:
    attributes = {pkcs11.Attribute.CLASS: half, pkcs11.Attribute.LABEL: label}
    for found in list(session_on(hsm).get_objects(attributes)):
        found.destroy()


def test_a_key_signs_whatever_x509_asks(hsm: SoftHsm) -> None:
    key = make_ec_key(hsm.address, "issuing")
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(public)
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, SHA256())
    )
    certificate.verify_directly_issued_by(certificate)
    revocations = x509.CertificateRevocationListBuilder().issuer_name(NAME).last_update(NOW)
    assert revocations.next_update(NOW + timedelta(days=1)).sign(key, SHA256()).is_signature_valid(public)
    assert x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, SHA256()).is_signature_valid
    public.verify(key.sign(b"data", ECDSA(SHA256())), b"data", ECDSA(SHA256()))
    assert (key.curve.name, key.key_size) == ("secp256r1", 256)
    assert copy.deepcopy(key) is copy.copy(key) is key


def test_a_key_can_not_be_taken_out(hsm: SoftHsm) -> None:
    key = make_ec_key(hsm.address, "issuing")
    with pytest.raises(UnsupportedAlgorithm, match="can not be taken out"):
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(UnsupportedAlgorithm, match="can not be taken out"):
        key.private_numbers()
    with pytest.raises(UnsupportedAlgorithm, match="can not be taken out"):
        key.exchange(ECDH(), key.public_key())
    (private,) = session_on(hsm).get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY})
    assert private[pkcs11.Attribute.NEVER_EXTRACTABLE]
    assert private[pkcs11.Attribute.ALWAYS_SENSITIVE]
    with pytest.raises(pkcs11.AttributeSensitive):
        private[pkcs11.Attribute.VALUE]


@pytest.mark.parametrize("algorithm", [SHA1(), SHA384()])
def test_it_signs_with_sha_256_only(hsm: SoftHsm, algorithm: SHA1 | SHA384) -> None:
    key = make_ec_key(hsm.address, "issuing")
    with pytest.raises(UnsupportedAlgorithm, match="SHA-256"):
        key.sign(b"data", ECDSA(algorithm))
    with pytest.raises(KeyUnsuitable, match="shorter than SHA-256"):
        key.sign_digest(bytes(20))


def test_a_new_key_never_takes_the_place_of_another(hsm: SoftHsm) -> None:
    first = make_ec_key(hsm.address, "issuing").public_key()
    with pytest.raises(KeyTaken):
        make_ec_key(hsm.address, "issuing")
    open_token(hsm.address).make("issuing")
    assert ec_key(hsm.address, "issuing").public_key() == first
    assert make_ec_key(hsm.address, "issuing-2").public_key() != first


def test_a_key_that_was_removed_is_gone(hsm: SoftHsm) -> None:
    token = open_token(hsm.address)
    key = make_ec_key(hsm.address, "issuing")
    other = make_ec_key(hsm.address, "issuing-2")
    token.remove("issuing")
    token.remove("issuing")
    assert not token.exists("issuing")
    with pytest.raises(KeyNotFound, match="make it, or name another"):
        key.sign(b"data", ECDSA(SHA256()))
    other.sign(b"data", ECDSA(SHA256()))


def test_a_token_that_was_away_is_used_again(hsm: SoftHsm) -> None:
    key = make_ec_key(hsm.address, "issuing")
    hsm.unplug()
    for _ in range(2):
        with pytest.raises(TokenAway, match="plugged in"):
            key.sign(b"data", ECDSA(SHA256()))
    with pytest.raises(TokenAway):
        open_token(hsm.address).exists("issuing")
    hsm.plug_in()
    key.sign(b"data", ECDSA(SHA256()))


def test_a_session_that_was_closed_is_opened_again(hsm: SoftHsm) -> None:
    key = make_ec_key(hsm.address, "issuing")
    session_on(hsm).close()  # logs the whole process out
    key.sign(b"data", ECDSA(SHA256()))
    module = load_module(MODULE)
    with module.held():
        module.restart()
    key.sign(b"data", ECDSA(SHA256()))


def test_a_token_that_comes_later_is_found(hsm: SoftHsm) -> None:
    later = TokenAddress(MODULE, f"{hsm.label}-later", hsm.pin_file)
    make_ec_key(hsm.address, "issuing")
    with pytest.raises(TokenAway, match="0 tokens have this label"):
        make_ec_key(later, "issuing")
    hsm.add_token(later.token)
    make_ec_key(later, "issuing")
    ec_key(hsm.address, "issuing").sign(b"data", ECDSA(SHA256()))


def test_two_tokens_of_one_label_are_not_guessed_between(hsm: SoftHsm) -> None:
    hsm.add_token(hsm.label)
    with pytest.raises(TokenAway, match="2 tokens have this label"):
        make_ec_key(hsm.address, "issuing")


def test_threads_wait_their_turn(hsm: SoftHsm) -> None:
    key = make_ec_key(hsm.address, "issuing")
    begin = threading.Barrier(8)

    def sign(number: int) -> None:
        begin.wait(30)
        for part in range(20):
            data = b"%d %d" % (number, part)
            key.public_key().verify(key.sign(data, ECDSA(SHA256())), data, ECDSA(SHA256()))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(sign, range(8)))


def test_a_wrong_pin_is_tried_once_only_and_never_shown(hsm: SoftHsm) -> None:
    wrong = TokenAddress(MODULE, hsm.label, hsm.pin_file.with_name("wrong-pin"))
    wrong.pin_file.write_text("9" * 17)
    wrong.pin_file.chmod(0o600)
    with pytest.raises(PinRefused, match="PinIncorrect") as first:
        make_ec_key(wrong, "issuing")
    with pytest.raises(PinRefused, match="refused before"):
        make_ec_key(wrong, "issuing")
    told = traceback.TracebackException.from_exception(first.value, capture_locals=True)
    assert "Pin(…)" in "".join(told.format())
    assert "9" * 17 not in "".join(told.format())
    wrong.pin_file.write_text(hsm.pin)
    make_ec_key(wrong, "issuing")


def test_a_pin_that_others_can_read_is_not_used(hsm: SoftHsm) -> None:
    hsm.pin_file.chmod(0o644)
    with pytest.raises(PinUnusable, match="chmod 600"):
        make_ec_key(hsm.address, "issuing")


def test_nothing_shows_the_pin(hsm: SoftHsm) -> None:
    key = make_ec_key(hsm.address, "issuing")
    assert hsm.pin not in repr(key) + repr(hsm.address) + repr(open_token(hsm.address)) + repr(vars(key.token))


def test_several_keys_of_one_name_are_not_guessed_between(hsm: SoftHsm) -> None:
    made_by_hand(hsm, "issuing")
    made_by_hand(hsm, "issuing")
    with pytest.raises(KeyAmbiguous, match="holds 2 keys"):
        ec_key(hsm.address, "issuing")
    with pytest.raises(KeyAmbiguous):
        open_token(hsm.address).make("issuing")


def test_a_key_of_another_kind_is_refused(hsm: SoftHsm) -> None:
    made_by_hand(hsm, "large", curve="secp384r1")
    made_by_hand(hsm, "open", extractable=True)
    session_on(hsm).generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="rsa")
    with pytest.raises(KeyUnsuitable, match="is not a P-256 key"):
        ec_key(hsm.address, "large")
    with pytest.raises(KeyUnsuitable, match="is not a P-256 key"):
        ec_key(hsm.address, "rsa")
    with pytest.raises(KeyUnsuitable, match="can be taken out"):
        ec_key(hsm.address, "open")


def test_halves_that_do_not_belong_together_are_noticed(hsm: SoftHsm) -> None:
    made_by_hand(hsm, "issuing")
    remove_half(hsm, "issuing", pkcs11.ObjectClass.PUBLIC_KEY)
    with pytest.raises(KeyUnsuitable, match="no public half"):
        open_token(hsm.address).make("issuing")
    made_by_hand(hsm, "other")
    remove_half(hsm, "other", pkcs11.ObjectClass.PRIVATE_KEY)
    (public,) = session_on(hsm).get_objects({pkcs11.Attribute.LABEL: "other"})
    public[pkcs11.Attribute.LABEL] = "issuing"
    with pytest.raises(KeyUnsuitable, match="does not confirm"):
        ec_key(hsm.address, "issuing").sign(b"data", ECDSA(SHA256()))


def test_what_a_power_cut_left_of_a_key_is_in_nobodys_way(hsm: SoftHsm) -> None:
    made_by_hand(hsm, "issuing")
    remove_half(hsm, "issuing", pkcs11.ObjectClass.PRIVATE_KEY)
    assert not open_token(hsm.address).exists("issuing")
    make_ec_key(hsm.address, "issuing").sign(b"data", ECDSA(SHA256()))


def test_a_module_that_can_not_be_loaded_is_named(hsm: SoftHsm, tmp_path: Path) -> None:
    for module in (tmp_path / "missing.so", hsm.pin_file, Path(_ssl.__file__)):
        with pytest.raises(ModuleUnusable, match="install it, or name another") as refused:
            ec_key(TokenAddress(module, hsm.label, hsm.pin_file), "issuing")
        assert str(module) in str(refused.value)


def test_a_missing_library_is_named_with_the_extra_that_has_it(
    hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(ModuleUnusable, match="extra 'hardware'"):
        EcKey(open_token(TokenAddress(tmp_path / "any.so", "any", hsm.pin_file)), "issuing")
