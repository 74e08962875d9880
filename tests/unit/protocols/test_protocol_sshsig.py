"""SSH signatures against the real ssh-keygen: what one makes the other takes, and tampering is refused."""

import asyncio
from base64 import b64encode
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.client.signing import sign
from protocols.errors import InvalidSshSignature
from protocols.sshsig import MAX_ARMORED, key_of, read_key, verify
from tests.support.people import Keyholder
from tests.support.ssh_token import SoftToken, armored, keygen_signs, keygen_verifies, string

NAMESPACE = "people@muster"
MESSAGE = b'{"version":2,"people":[]}'
TOKEN = SoftToken()
TOUCHED = TOKEN.sshsig(MESSAGE, NAMESPACE)
PLAIN = Keyholder.make("AD-01")
SIGNED = PLAIN.sign(MESSAGE.decode(), NAMESPACE)


def refused(line: str, signature: str, message: bytes = MESSAGE, namespace: str = NAMESPACE) -> str:
    """The reason for which the signature is refused."""
    with pytest.raises(InvalidSshSignature) as error:
        verify(line, namespace, message, signature)
    return error.value.reason


@pytest.mark.parametrize("hash_name", ["sha512", "sha256"])
def test_what_ssh_keygen_signs_is_taken(tmp_path: Path, hash_name: str) -> None:
    line, signature = keygen_signs(tmp_path, MESSAGE, NAMESPACE, hash_name)
    proof = verify(line, NAMESPACE, MESSAGE, signature)
    assert (proof.key.kind, proof.user_present) == ("ssh-ed25519", False)
    assert keygen_verifies(tmp_path, line, MESSAGE, NAMESPACE, signature)
    assert refused(line, signature, MESSAGE + b" ") == "bad-signature"
    assert refused(line, signature, namespace="login@muster") == "other-namespace"
    assert refused(PLAIN.line, signature) == "other-key"


def test_what_is_signed_here_ssh_keygen_takes(tmp_path: Path) -> None:
    key_file = tmp_path / "id"
    PLAIN.key.write_private_key(key_file)
    key_file.chmod(0o600)
    signature = asyncio.run(sign(MESSAGE, NAMESPACE, key_file))
    assert keygen_verifies(tmp_path, PLAIN.line, MESSAGE, NAMESPACE, signature)
    assert not keygen_verifies(tmp_path, PLAIN.line, MESSAGE + b" ", NAMESPACE, signature)
    verify(PLAIN.line, NAMESPACE, MESSAGE, signature)


@pytest.mark.parametrize("hash_name", ["sha512", "sha256"])
@pytest.mark.parametrize("flags", [1, 5])
def test_a_touched_token_is_taken_by_both(tmp_path: Path, flags: int, hash_name: str) -> None:
    signature = armored(TOKEN.sshsig(MESSAGE, NAMESPACE, flags=flags, hash_name=hash_name))
    assert keygen_verifies(tmp_path, TOKEN.line, MESSAGE, NAMESPACE, signature)
    proof = verify(TOKEN.line, NAMESPACE, MESSAGE, signature)
    assert proof.key == read_key(TOKEN.line)
    assert (proof.user_present, proof.user_verified) == (True, flags == 5)


@pytest.mark.parametrize("flags", [0, 4])
def test_a_token_that_nobody_touched_is_refused_here_though_ssh_keygen_takes_it(tmp_path: Path, flags: int) -> None:
    signature = armored(TOKEN.sshsig(MESSAGE, NAMESPACE, flags=flags))
    assert keygen_verifies(tmp_path, TOKEN.line, MESSAGE, NAMESPACE, signature)
    assert refused(TOKEN.line, signature) == "user-absent"


def test_the_application_belongs_to_the_key() -> None:
    other = SoftToken(b"ssh:elsewhere")
    other.key = TOKEN.key
    assert read_key(other.line).raw == read_key(TOKEN.line).raw
    assert refused(TOKEN.line, armored(other.sshsig(MESSAGE, NAMESPACE))) == "other-key"


@given(st.integers(0, len(TOUCHED) - 1), st.integers(1, 255))
def test_a_token_s_signature_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    changed = bytearray(TOUCHED)
    changed[place] ^= change
    with pytest.raises(InvalidSshSignature):
        verify(TOKEN.line, NAMESPACE, MESSAGE, armored(bytes(changed)))


@given(st.data())
def test_an_armored_signature_with_any_sign_changed_is_refused(data: st.DataObject) -> None:
    body = SIGNED.index("\n") + 1, SIGNED.rindex("\n-----END")
    place = data.draw(st.integers(*body).filter(lambda at: SIGNED[at] != "\n"))
    sign_there = data.draw(st.characters(codec="ascii", exclude_characters=SIGNED[place]))
    with pytest.raises(InvalidSshSignature):
        verify(PLAIN.line, NAMESPACE, MESSAGE, SIGNED[:place] + sign_there + SIGNED[place + 1 :])


def test_lines_of_the_armour_end_in_line_feeds_with_a_carriage_return_or_without() -> None:
    for fine in (SIGNED.replace("\n", "\r\n"), f"\r\n \t{SIGNED}\r\n", SIGNED.replace("\n", "\r\n", 1)):
        verify(PLAIN.line, NAMESPACE, MESSAGE, fine)
    for odd in "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029":
        for other in (SIGNED.replace("\n", odd), SIGNED.replace("\n", odd, 1), SIGNED.replace("\n", f"\n{odd}")):
            assert refused(PLAIN.line, other) == "signature-unreadable"
    for odd in "\x0b\x0c\x85\u2028\xa0":
        assert refused(PLAIN.line, SIGNED + odd) == refused(PLAIN.line, odd + SIGNED) == "signature-unreadable"


def test_a_signature_names_its_key() -> None:
    assert key_of(SIGNED) == read_key(PLAIN.line)
    assert key_of(armored(TOUCHED)) == read_key(TOKEN.line)


@given(st.binary(max_size=300))
def test_bytes_from_anywhere_are_no_signature(noise: bytes) -> None:
    with pytest.raises(InvalidSshSignature):
        verify(PLAIN.line, NAMESPACE, MESSAGE, armored(noise))
    with pytest.raises(InvalidSshSignature):
        key_of(armored(noise))
    with pytest.raises(InvalidSshSignature):
        verify(PLAIN.line, NAMESPACE, MESSAGE, armored(b"SSHSIG\0\0\0\1" + noise))


@given(st.text(max_size=200))
def test_text_from_anywhere_is_neither_key_nor_signature(text: str) -> None:
    with pytest.raises(InvalidSshSignature):
        read_key(text)
    with pytest.raises(InvalidSshSignature):
        verify(PLAIN.line, NAMESPACE, MESSAGE, text)


def test_what_openssh_overlooks_is_refused() -> None:
    blob = string(b"ssh-ed25519") + string(bytes(32))
    reserved = b"SSHSIG\0\0\0\1" + b"".join(map(string, (blob, NAMESPACE.encode(), b"later", b"sha512", b"")))
    assert refused(PLAIN.line, armored(reserved)) == "signature-unreadable"
    loose = b64encode(blob + b"\0").decode()[:-1]  # one sign too few for its padding
    with pytest.raises(InvalidSshSignature):
        read_key(f"ssh-ed25519 {loose}")
    assert refused(PLAIN.line, SIGNED + " " * MAX_ARMORED) == "signature-unreadable"


def test_one_key_has_one_line_and_the_fingerprint_of_ssh_keygen() -> None:
    for line, fingerprint in [
        (PLAIN.line, PLAIN.key.get_fingerprint()),
        (TOKEN.line, asyncssh.import_public_key(TOKEN.line).get_fingerprint()),
    ]:
        key = read_key(f"{line} a comment")
        assert (key.line, key.fingerprint) == (line, fingerprint)
    body = PLAIN.line.split()[1]
    for other in (f"ssh-rsa {body}", body, f"{TOKEN.line.split()[0]} {body}"):
        with pytest.raises(InvalidSshSignature) as error:
            read_key(other)
        assert error.value.reason == "key-unreadable"


@pytest.mark.parametrize(
    "key",
    [asyncssh.generate_private_key("ssh-rsa", key_size=2048), asyncssh.generate_private_key("ecdsa-sha2-nistp256")],
)
def test_keys_of_other_kinds_are_refused(key: asyncssh.SSHKey) -> None:
    with pytest.raises(InvalidSshSignature, match="only Ed25519"):
        read_key(key.export_public_key().decode())
