"""What a witness cosigns, and what it answers when it does not."""

from dataclasses import replace
from http import HTTPStatus

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from fleet.witness.requests import MAX_REQUEST_BYTES
from fleet.witness.rules import Accepted, Refusal, Remembered, TrustedLog, cosigned, decide
from protocols.tlog.checkpoint import Checkpoint
from protocols.tlog.cosignature import cosigned_at, cosigner_key
from protocols.tlog.forms import to_base64
from protocols.tlog.merkle import MAX_PROOF_HASHES
from protocols.tlog.note import read_note
from tests.support.tlog import TestLog, request

KEY = Ed25519PrivateKey.generate()
NAME = "witness.example/north"
VKEY = cosigner_key(NAME, KEY.public_key().public_bytes_raw())
NOW_S = 1_795_000_000


def knowing(log: TestLog, size: int | None = None) -> TrustedLog:
    """The log as a witness knows it that cosigned its first `size` leaves."""
    trusted = TrustedLog(log.origin, (log.vkey,))
    if size is None:
        return trusted
    accepted = decide(log.request(0, size), {log.origin: trusted})
    assert isinstance(accepted, Accepted), accepted
    return replace(trusted, latest=cosigned(accepted, NAME, KEY, NOW_S))


def refusal(body: bytes, *logs: TrustedLog) -> Refusal:
    verdict = decide(body, {log.origin: log for log in logs})
    assert isinstance(verdict, Refusal)
    return verdict


def test_what_continues_the_latest_checkpoint_is_cosigned() -> None:
    log = TestLog().grow(300)
    verdict = decide(log.request(100), {log.origin: knowing(log, 100)})
    assert isinstance(verdict, Accepted)
    latest = cosigned(verdict, NAME, KEY, NOW_S + 7)
    assert latest.checkpoint == Checkpoint(log.origin, 300, log.root())
    assert latest.note.text == log.checkpoint() + latest.cosignature.line
    assert cosigned_at(latest.note.body, latest.cosignature, VKEY) == latest.at_s == NOW_S + 7


@pytest.mark.parametrize("size", [0, 1, 5, 256])
def test_the_same_checkpoint_can_be_cosigned_again(size: int) -> None:
    log = TestLog().grow(size)
    assert isinstance(decide(log.request(size), {log.origin: knowing(log, size)}), Accepted)


@pytest.mark.parametrize(("clock_s", "at_s"), [(NOW_S - 3600, NOW_S), (NOW_S + 1, NOW_S + 1), (0, NOW_S)])
def test_times_never_go_back(clock_s: int, at_s: int) -> None:
    log = TestLog().grow(2)
    verdict = decide(log.request(1), {log.origin: knowing(log, 1)})
    assert isinstance(verdict, Accepted)
    assert cosigned(verdict, NAME, KEY, clock_s).at_s == at_s


def test_a_time_is_never_zero() -> None:
    log = TestLog().grow()
    verdict = decide(log.request(0), {log.origin: knowing(log)})
    assert isinstance(verdict, Accepted)
    assert cosigned(verdict, NAME, KEY, 0).at_s == 1


def test_signatures_of_others_are_not_kept() -> None:
    log, stranger = TestLog().grow(), TestLog("other.example/log")
    note = read_note(log.checkpoint())
    both = note.with_signatures(read_note(stranger.signed(note.body)).signatures)
    verdict = decide(request(0, [], both.text), {log.origin: knowing(log)})
    assert isinstance(verdict, Accepted)
    assert verdict.note == note


def test_an_unknown_log_is_not_found() -> None:
    assert refusal(TestLog().grow().request(0)).status == HTTPStatus.NOT_FOUND


def test_another_key_is_forbidden() -> None:
    log, impostor = TestLog().grow(), TestLog().grow()
    assert refusal(impostor.request(0), knowing(log)).status == HTTPStatus.FORBIDDEN


def test_a_signature_of_the_right_name_and_id_that_is_wrong_is_forbidden() -> None:
    log = TestLog().grow(2)
    wrong = log.checkpoint(1).replace("\n1\n", "\n2\n")
    told = refusal(request(0, [], wrong), knowing(log))
    assert (told.status, told.evidence) == (HTTPStatus.FORBIDDEN, None)


def test_an_old_size_above_the_checkpoint_is_a_bad_request() -> None:
    log = TestLog().grow(9)
    assert refusal(log.request(9, 4), knowing(log, 9)).status == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(("known", "old"), [(None, 3), (5, 0), (5, 4), (5, 6)])
def test_another_old_size_is_a_conflict_that_tells_the_latest(known: int | None, old: int) -> None:
    log = TestLog().grow(9)
    told = refusal(log.request(old), knowing(log, known))
    assert (told.status, told.conflict_size, told.evidence) == (HTTPStatus.CONFLICT, known or 0, None)


def test_a_split_view_is_refused_and_is_evidence() -> None:
    log = TestLog().grow(8)
    other = log.fork(5).grow(3)
    told = refusal(request(8, [], other.checkpoint()), knowing(log, 8))
    assert (told.status, told.evidence) == (HTTPStatus.UNPROCESSABLE_ENTITY, "split-view")
    told = refusal(other.request(2), knowing(log, 8))
    assert (told.status, told.evidence) == (HTTPStatus.CONFLICT, "split-view")


def test_a_larger_tree_that_does_not_continue_is_refused() -> None:
    log = TestLog().grow(8)
    told = refusal(log.fork(5).grow(30).request(8), knowing(log, 8))
    assert (told.status, told.evidence) == (HTTPStatus.UNPROCESSABLE_ENTITY, "unproven")


@pytest.mark.parametrize("old", [0, 3, 8])
def test_a_smaller_tree_is_refused(old: int) -> None:
    log = TestLog().grow(8)
    told = refusal(log.request(old, 5), knowing(log, 8))
    expected = HTTPStatus.CONFLICT if old <= 5 else HTTPStatus.BAD_REQUEST
    assert (told.status, told.evidence) == (expected, "rolled-back")


@pytest.mark.parametrize(("known", "old"), [(None, 0), (8, 8), (5, 5)])
def test_a_proof_with_a_hash_too_many_is_refused(known: int | None, old: int) -> None:
    log = TestLog().grow(8)
    too_much = request(old, [*log.proof(old), b"\0" * 32], log.checkpoint())
    assert refusal(too_much, knowing(log, known)).status == HTTPStatus.UNPROCESSABLE_ENTITY


def test_an_empty_tree_with_another_root_is_unprocessable() -> None:
    log = TestLog()
    note = log.signed(f"{log.origin}\n0\n{to_base64(b'x' * 32)}\n")
    assert refusal(request(0, [], note), knowing(log)).status == HTTPStatus.UNPROCESSABLE_ENTITY


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 00\n\n{note}",
        b"old -1\n\n{note}",
        b"old 9223372036854775808\n\n{note}",
        b"new 0\n\n{note}",
        b"old 0\nAAAA\n\n{note}",
        b"old 0\r\n\r\n{note}",
        b"old 0\n\n\xff{note}",
        b"old 0\n\n{note}no signature\n",
        b"old 0\n\n" + b"x" * MAX_REQUEST_BYTES,
        b"old 0\n" + b"A" * 43 + b"=\n" * (MAX_PROOF_HASHES + 1) + b"\n{note}",
    ],
)
def test_what_is_no_request_is_a_bad_request(body: bytes) -> None:
    log = TestLog().grow()
    told = refusal(body.replace(b"{note}", log.checkpoint().encode()), knowing(log))
    assert told.status == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["one"], HTTPStatus.BAD_REQUEST),
        (["01", to_base64(b"x" * 32)], HTTPStatus.BAD_REQUEST),
        (["1", "short"], HTTPStatus.BAD_REQUEST),
        (["1", to_base64(b"x" * 32), "e" * 5000], HTTPStatus.BAD_REQUEST),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_a_bad_request(lines: list[str], status: HTTPStatus) -> None:
    log = TestLog()
    note = log.signed("".join(f"{line}\n" for line in [log.origin, *lines]))
    assert refusal(request(0, [], note), knowing(log)).status == status


@given(st.binary(max_size=300))
def test_no_bytes_raise(body: bytes) -> None:
    log = TestLog()
    note = log.checkpoint().encode()
    for tried in (body, b"old 0\n\n" + body, b"old 0\n\n" + body + b"\n\n" + note.partition(b"\n\n")[2]):
        assert isinstance(decide(tried, {log.origin: knowing(log)}), Refusal)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["true", "fork early", "fork late"]),
        st.integers(0, 40),
        st.sampled_from(["asked", "zero", "any"]),
        st.integers(0, 40),
    ),
    max_size=30,
)


@given(STEPS)
def test_whatever_is_asked_everything_cosigned_is_one_growing_tree(steps: list[tuple[str, int, str, int]]) -> None:
    true = TestLog().grow(40)
    trees = {"true": true, "fork early": true.fork(3).grow(37), "fork late": true.fork(20).grow(20)}
    log, history = TrustedLog(true.origin, (true.vkey,)), list[Remembered]()
    for tree, size, old, any_size in steps:
        known = log.latest_size
        body = trees[tree].request({"asked": known, "zero": 0, "any": any_size}[old], size)
        verdict = decide(body, {log.origin: log})
        if isinstance(verdict, Accepted):
            log = replace(log, latest=cosigned(verdict, NAME, KEY, NOW_S))
            assert log.latest is not None
            history.append(log.latest)
    sizes = [latest.checkpoint.size for latest in history]
    assert sizes == sorted(sizes)
    fits = [
        all(tree.root(latest.checkpoint.size) == latest.checkpoint.root for latest in history)
        for tree in trees.values()
    ]
    assert any(fits)
