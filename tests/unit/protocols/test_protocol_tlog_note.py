"""Signed notes, cosignatures and checkpoints: published examples, one form only, nothing believed unverified."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidCheckpoint, InvalidNote
from protocols.tlog.checkpoint import Checkpoint, read_checkpoint
from protocols.tlog.cosignature import cosign, cosigned_at, cosigner_key
from protocols.tlog.forms import to_base64
from protocols.tlog.merkle import EMPTY_ROOT
from protocols.tlog.note import Note, NoteSignature, VerifierKey, read_note, read_signature, sign_note, verify_note
from protocols.tlog.signature_types import COSIGNATURE_V1
from tests.support.tlog_making import UNIX_S, MadeLog, fixed_key

# The example of C2SP signed-note.
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# The key and note in the documentation and tests of golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = bytes.fromhex("810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173")
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of C2SP tlog-cosignature; it comes without keys.
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"
    "mbIUBkBIfZ+qnA==\n"
)
BODY = "muster.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
KEY = fixed_key("muster.example/log")
LINE = sign_note(BODY, "muster.example/log", KEY).line
WITNESS = cosigner_key("w.example/1", fixed_key("w").public_key().public_bytes_raw())
"""The key `fixed_key("w")` under the name that these tests cosign with."""


def unread(text: str) -> str:
    with pytest.raises(InvalidNote) as error:
        read_note(text)
    return error.value.reason


@pytest.mark.parametrize(("vkey", "text"), [(FOO, FOO_NOTE), (PETER, PETER_NOTE)])
def test_published_notes_verify_under_their_keys_and_no_other_text_does(vkey: str, text: str) -> None:
    key, note = VerifierKey.parse(vkey), read_note(text)
    assert (key.line, note.text) == (vkey, text)
    assert verify_note(note, [key]) == {key: None}
    with pytest.raises(InvalidNote, match="proves nothing"):
        verify_note(Note(note.body.replace("is", "was"), note.signatures), [key])


def test_a_note_is_signed_as_the_go_library_signs_it() -> None:
    private = Ed25519PrivateKey.from_private_bytes(PETER_SEED)
    body = read_note(PETER_NOTE).body
    assert Note(body, (sign_note(body, "PeterNeumann", private),)).text == PETER_NOTE


def test_the_published_cosignature_says_its_time() -> None:
    note = read_note(SOFA)
    assert note.text == SOFA
    witness = note.signatures[1]
    assert (witness.name, witness.key_id.hex()) == ("witness.example.com/w1", "8d66cf3f")
    assert int.from_bytes(witness.signature[:8], "big") == 1_679_315_147
    checkpoint = read_checkpoint(note.body)
    assert (checkpoint.origin, checkpoint.size, checkpoint.body) == (note.signatures[0].name, 20_852_163, note.body)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        BODY,
        f"{BODY}\n",
        f"{BODY}{LINE}",
        f"\n{LINE}",
        f"{BODY}\n{LINE[:-1]}",
        f"{BODY}\n{LINE}\n",
        f"{BODY}\n{LINE}{BODY}",
        f"{BODY}\n{LINE.replace('— ', '- ')}",
        f"{BODY}\n{LINE.replace('— ', '—  ')}",
        f"{BODY}\n{LINE.replace('muster', 'mus+ter')}",
        f"{BODY}\n" + LINE.replace("muster", "mus\u2003ter"),
        f"{BODY}\n" + LINE.replace("muster", "mus\udc80ter"),
        f"{BODY}\n{LINE.replace('muster', 'm' * 256)}",
        f"{BODY}\n{LINE[:-1]} \n",
        f"{BODY}\n{LINE[:-1]}=\n",
        f"{BODY}\n— muster.example/log {to_base64(b'four')}\n",
        f"{BODY}\n— muster.example/log \n",
        f"{BODY}\n— muster.example/log AAAAAAB=\n",
        f"a\rb\n\n{LINE}",
        f"a\x00b\n\n{LINE}",
        f"a\tb\n\n{LINE}",
        f"{BODY}\n{LINE * 17}",
        f"{'x' * 16_384}\n\n{LINE}",
        f"{'é' * 8_192}\n\n{LINE}",
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    assert unread(text) == "unreadable"


@pytest.mark.parametrize("body", ["\n", "\n\n", "a\n\nb\n", f"a\n\n{LINE}", "é\U0001f512\n"])
def test_a_body_may_have_empty_lines_and_lines_that_look_like_signatures(body: str) -> None:
    note = Note(body, (sign_note(body, "log", KEY),))
    assert read_note(note.text) == note
    key = VerifierKey.of("log", KEY.public_key().public_bytes_raw())
    assert verify_note(note, [key]) == {key: None}


@pytest.mark.parametrize("body", ["", "a", "a\n\x7f\x1f\n", "\udc80\n", "x" * 16_384 + "\n"])
def test_what_is_no_body_is_not_signed(body: str) -> None:
    for made in (lambda: sign_note(body, "log", KEY), lambda: cosign(body, "log", KEY, 0), lambda: Note(body, ())):
        with pytest.raises(InvalidNote) as error:
            made()
        assert error.value.reason == "unreadable"


def test_a_note_grows_by_each_signature_once_and_up_to_sixteen() -> None:
    note = read_note(f"{BODY}\n{LINE}")
    more = [sign_note(BODY, f"log-{number}", KEY) for number in range(16)]
    assert note.with_signatures(more[:15]).with_signatures(more[:15]) == note.with_signatures(more[:15])
    with pytest.raises(InvalidNote):
        note.with_signatures(more)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        FOO.replace("foo", "bar"),
        FOO.replace("530d903a", "530D903A"),
        FOO.replace("530d903a", "530d903b"),
        FOO[:-1],
        FOO + "\n",
        FOO + "=",
        " " + FOO,
        FOO.replace("example", "exa+mple"),
        FOO.replace("2k", "2l"),
        "w+00000000+",
        "w+00000000+AA==",
        "é" * 400 + FOO,
        "\udc80" + FOO,
        VerifierKey.parse(FOO).line.replace("+Aek", "+Bek"),
    ],
)
def test_what_is_no_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(InvalidNote) as error:
        VerifierKey.parse(vkey)
    assert error.value.reason == "key-unreadable"


@pytest.mark.parametrize(
    ("name", "public", "algorithm"),
    [("", b"x" * 32, 1), ("a b", b"x" * 32, 1), ("a+b", b"x" * 32, 1), ("a", b"x" * 31, 1), ("a", b"x" * 32, 2)],
)
def test_a_verifier_key_is_of_a_known_type_and_well_named(name: str, public: bytes, algorithm: int) -> None:
    with pytest.raises(InvalidNote) as error:
        VerifierKey.of(name, public, algorithm)
    assert error.value.reason == "key-unreadable"


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("algorithm", [1, 4])
def test_a_key_that_everybody_can_sign_with_is_refused(algorithm: int, sign: int) -> None:
    """Under the neutral point, the neutral point and a zero are a signature of every text."""
    neutral = b"\1" + bytes(31)
    Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), BODY.encode())
    with pytest.raises(InvalidNote) as error:
        VerifierKey.of("log", neutral[:31] + bytes([sign]), algorithm)
    assert error.value.reason == "key-unreadable"


def test_unknown_keys_are_ignored_and_known_ones_count_once() -> None:
    known = VerifierKey.of("log", KEY.public_key().public_bytes_raw())
    ours, other = sign_note(BODY, "log", KEY), sign_note(BODY, "log", fixed_key("other"))
    garbage = NoteSignature("log", b"\0\0\0\0", b"?")
    assert verify_note(Note(BODY, (other, ours, garbage, ours)), [known]) == {known: None}
    assert verify_note(Note(BODY, (other, garbage)), [known]) == {}
    with pytest.raises(InvalidNote) as error:
        verify_note(Note(BODY, (ours, NoteSignature("log", known.key_id, other.signature))), [known])
    assert error.value.reason == "bad-signature"


def test_of_two_times_the_later_counts_and_both_are_verified() -> None:
    early, late = (cosign(BODY, "w.example/1", fixed_key("w"), unix_s) for unix_s in (0, UNIX_S))
    assert verify_note(Note(BODY, (late, early)), [WITNESS]) == {WITNESS: UNIX_S}
    assert verify_note(Note(BODY, (early,)), [WITNESS]) == {WITNESS: 0}
    forged = NoteSignature(early.name, early.key_id, late.signature[:8] + early.signature[8:])
    with pytest.raises(InvalidNote, match="proves nothing"):
        verify_note(Note(BODY, (late, forged)), [WITNESS])


@pytest.mark.parametrize("unix_s", [0, 1, UNIX_S, 2**63 - 1])
def test_a_cosignature_states_its_time(unix_s: int) -> None:
    line = cosign(BODY, "w.example/1", fixed_key("w"), unix_s).line
    signature = read_signature(line.removesuffix("\n"))
    assert cosigned_at(BODY, signature, WITNESS) == unix_s
    assert WITNESS.algorithm == COSIGNATURE_V1
    with pytest.raises(InvalidNote):
        cosigned_at(BODY + "more\n", signature, WITNESS)


def test_a_cosignature_says_what_the_specification_says() -> None:
    signature = cosign(BODY, "w.example/1", fixed_key("w"), UNIX_S).signature
    message = f"cosignature/v1\ntime {UNIX_S}\n{BODY}".encode()
    fixed_key("w").public_key().verify(signature[8:], message)


@pytest.mark.parametrize("unix_s", [-1, 2**63])
def test_a_cosignature_has_no_time_outside_its_range(unix_s: int) -> None:
    with pytest.raises(InvalidNote):
        cosign(BODY, "w.example/1", fixed_key("w"), unix_s)


def test_a_time_above_the_range_proves_nothing_though_it_is_signed() -> None:
    message = b"cosignature/v1\ntime %d\n" % 2**63 + BODY.encode()
    blob = (2**63).to_bytes(8, "big") + fixed_key("w").sign(message)
    with pytest.raises(InvalidNote, match="2\\^63-1"):
        WITNESS.verify(BODY, NoteSignature("w.example/1", WITNESS.key_id, blob))


@pytest.mark.parametrize("length", [1, 7, 8, 9, 71, 73])
def test_a_cosignature_has_its_length(length: int) -> None:
    blob = (cosign(BODY, "w.example/1", fixed_key("w"), UNIX_S).signature + b"?")[:length]
    with pytest.raises(InvalidNote, match="proves nothing"):
        WITNESS.verify(BODY, NoteSignature("w.example/1", WITNESS.key_id, blob))


def test_plain_signatures_and_cosignatures_do_not_stand_for_each_other() -> None:
    public = fixed_key("w").public_key().public_bytes_raw()
    plain = VerifierKey.of("w.example/1", public)
    assert plain.key_id != WITNESS.key_id
    signature = sign_note(BODY, "w.example/1", fixed_key("w"))
    with pytest.raises(InvalidNote, match="not by"):
        cosigned_at(BODY, signature, WITNESS)
    with pytest.raises(InvalidNote, match="plain signature"):
        cosigned_at(BODY, signature, plain)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "log\n",
        "log\n1\n",
        BODY[:-1],
        BODY + "\n",
        BODY.replace("\n0\n", "\n\n0\n"),
        BODY.replace("\n0\n", "\n00\n"),
        BODY.replace("\n0\n", "\n+0\n"),
        BODY.replace("\n0\n", "\n٠\n"),
        BODY.replace("\n0\n", "\n-1\n"),
        BODY.replace("\n0\n", "\n9223372036854775808\n"),
        BODY.replace("\n0\n", f"\n{'9' * 5000}\n"),
        BODY.replace("U=", "V="),
        BODY.replace("47DE", "AAAA"),
        BODY.replace("47DE", "47D"),
        BODY.replace("muster", "mus\rter"),
        BODY.replace("muster", "m" * 250),
        BODY.replace("muster.example/log", ""),
        BODY + "extension\n" * 2000,
    ],
)
def test_what_is_no_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(InvalidCheckpoint) as error:
        read_checkpoint(body)
    assert error.value.reason == "unreadable"


@pytest.mark.parametrize(
    "fields", [{"origin": "two\nlines"}, {"size": -1}, {"size": 2**63}, {"root": b"short"}, {"extensions": ("a", "")}]
)
def test_no_checkpoint_is_made_that_could_not_be_read(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidCheckpoint):
        replace(Checkpoint("log", 0, EMPTY_ROOT), **fields)


_lines = st.text(st.characters(min_codepoint=32, codec="utf-8"), min_size=1, max_size=40)


@given(_lines, st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(_lines, max_size=3))
def test_a_checkpoint_is_read_as_it_was_written(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert read_checkpoint(checkpoint.body) == checkpoint
    note = MadeLog([]).signed(checkpoint)
    assert read_note(note.text) == note


@given(st.text(max_size=60) | st.text(st.sampled_from("— \nAab+/=."), max_size=120))
def test_any_text_is_a_note_in_its_one_form_or_refused(text: str) -> None:
    with suppress(InvalidNote):
        assert read_note(text).text == text
