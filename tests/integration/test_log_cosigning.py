"""The controller's side of asking witnesses: real ones, and ones that say what no witness should."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.errors import SettingsInvalid
from fleet.log.cosigning import Cosigner, RefusalKind, WitnessAddress
from protocols.tlog.cosignature import cosign, cosigner_key
from protocols.tlog.note import VerifierKey, read_note, sign_note
from protocols.tlog.policy import LogPolicy, build_policy
from tests.support.ports import free_port
from tests.support.scripted_https import Script, ScriptedHttps, http_answer, scripted_https
from tests.support.tlog import TestLog
from tests.support.witness import RunningWitness, running_witness

NOW_S = 1_795_000_000
LIMIT_S = 30.0
SHORT_S = 0.5
KEY = Ed25519PrivateKey.generate()
NAME = "witness.example/scripted"
VKEY = cosigner_key(NAME, KEY.public_key().public_bytes_raw())
SILENT = cosigner_key("witness.example/silent", Ed25519PrivateKey.generate().public_key().public_bytes_raw())


@pytest.fixture
def log() -> TestLog:
    return TestLog().grow(20)


@pytest.fixture
async def witness(log: TestLog, tmp_path: Path) -> AsyncIterator[RunningWitness]:
    async with running_witness(RunningWitness(tmp_path / "north", [log.vkey])) as started:
        yield started


def policy(log: TestLog, quorum: int, **witnesses: VerifierKey) -> LogPolicy:
    return build_policy(log.vkey.line, [(name, key.line) for name, key in witnesses.items()], quorum)


@asynccontextmanager
async def asking(*addresses: WitnessAddress, limit_s: float = LIMIT_S) -> AsyncIterator[Cosigner]:
    cosigner = Cosigner(addresses, limit_s)
    try:
        yield cosigner
    finally:
        await cosigner.close()
        assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("cosigning")] == []


def nobody(ca_file: Path, name: str = "nobody") -> WitnessAddress:
    return WitnessAddress(name, f"https://127.0.0.1:{free_port()}", ca_file)


def address(scripted: ScriptedHttps, name: str = "scripted") -> WitnessAddress:
    return WitnessAddress(name, scripted.url, scripted.ca_file)


def signed(body: bytes, name: str = NAME, key: Ed25519PrivateKey = KEY) -> bytes:
    """What a witness that believes everything answers."""
    note = read_note(body.decode().partition("\n\n")[2])
    return cosign(note.body, name, key, NOW_S).line.encode()


async def believing(body: bytes) -> bytes:
    return http_answer(200, signed(body))


async def silent(_body: bytes) -> bytes:
    await asyncio.Event().wait()
    raise AssertionError


async def test_real_witnesses_cosign_and_one_that_is_down_is_told(log: TestLog, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        north, south = [
            await stack.enter_async_context(
                running_witness(RunningWitness(tmp_path / name, [log.vkey], f"witness.example/{name}"))
            )
            for name in ("north", "south")
        ]
        two_of_three = policy(log, 2, north=north.vkey, south=south.vkey, nobody=VKEY)
        addresses = [north.address("north"), south.address("south"), nobody(north.ca_file)]
        cosigner = await stack.enter_async_context(asking(*addresses))
        for size in (1, 2, 9, 9, 20):
            given = await cosigner.cosign(log.checkpoint(size), size, log.consistency, two_of_three)
            assert (given.answered, given.reaches_quorum) == (("north", "south"), True)
            seen = two_of_three.check(given.text)
            assert (seen.checkpoint.size, set(seen.cosigned)) == (size, {"north", "south"})
            whole = given if given.rest is None else await given.rest
            assert [(each.witness, each.kind) for each in whole.refusals] == [("nobody", "unreachable")]


async def test_the_policy_decides_whom_to_wait_for(log: TestLog, witness: RunningWitness, tmp_path: Path) -> None:
    async with scripted_https(tmp_path / "scripted", silent) as slow:
        any_of_two = policy(log, 1, north=witness.vkey, slow=VKEY)
        async with asking(witness.address("north"), address(slow, "slow"), limit_s=2.0) as cosigner:
            given = await cosigner.cosign(log.checkpoint(), 20, log.consistency, any_of_two)
            assert (given.answered, given.refusals, given.reaches_quorum) == (("north",), (), True)
            assert given.rest is not None
            assert [(each.witness, each.kind) for each in (await given.rest).refusals] == [("slow", "timeout")]


async def test_who_answers_late_is_not_lost(log: TestLog, witness: RunningWitness, tmp_path: Path) -> None:
    answer = asyncio.Event()

    async def later(body: bytes) -> bytes:
        await answer.wait()
        return http_answer(200, signed(body))

    async with scripted_https(tmp_path / "scripted", later) as slow:
        any_of_two = policy(log, 1, slow=VKEY, north=witness.vkey)
        async with asking(witness.address("north"), address(slow, "slow")) as cosigner:
            first = await cosigner.cosign(log.checkpoint(9), 9, log.consistency, any_of_two)
            # Still busy with the first, so it is not asked about the second.
            second = await cosigner.cosign(log.checkpoint(), 20, log.consistency, any_of_two)
            assert (first.answered, second.answered, second.rest) == (("north",), ("north",), None)
            answer.set()
            assert first.rest is not None
            assert (await first.rest).answered == ("slow", "north")
            assert len(slow.asked) == 1


async def test_without_a_quorum_everybody_is_asked_and_nobody_waited_for(log: TestLog, witness: RunningWitness) -> None:
    none_needed = policy(log, 0, north=witness.vkey)
    async with asking(witness.address("north")) as cosigner:
        given = await cosigner.cosign(log.checkpoint(), 20, log.consistency, none_needed)
        assert (given.text, given.reaches_quorum) == (log.checkpoint(), True)
        assert given.rest is not None
        assert (await given.rest).answered == ("north",)


async def test_a_new_cosigner_asks_the_witness_for_its_size(log: TestLog, witness: RunningWitness) -> None:
    one = policy(log, 1, north=witness.vkey)
    for size in (9, 9, 20):
        async with asking(witness.address()) as cosigner:
            assert (await cosigner.cosign(log.checkpoint(size), size, log.consistency, one)).reaches_quorum


@asynccontextmanager
async def cosigned_to(
    witness: RunningWitness, log: TestLog, size: int
) -> AsyncIterator[Callable[[TestLog], Awaitable[list[RefusalKind]]]]:
    """The witness has cosigned `size` leaves of `log`; gives what is refused, by the same cosigner, to another tree."""
    one = policy(log, 1, north=witness.vkey)
    async with asking(witness.address()) as cosigner:
        assert (await cosigner.cosign(log.checkpoint(size), size, log.consistency, one)).reaches_quorum

        async def refused(other: TestLog) -> list[RefusalKind]:
            given = await cosigner.cosign(other.checkpoint(), other.size, other.consistency, one)
            assert (given.reaches_quorum, given.text) == (False, other.checkpoint())
            return [each.kind for each in given.refusals]

        yield refused


async def test_what_is_wrong_with_our_log_is_told_by_name(log: TestLog, witness: RunningWitness) -> None:
    async with cosigned_to(witness, log, 9) as refused:
        assert await refused(log.fork(5)) == ["rolled-back"]
        assert await refused(log.fork(5).grow(4)) == ["split-view"]
        assert await refused(log.fork(5).grow(20)) == ["split-view"]
        assert await refused(TestLog(log.origin).grow(12)) == ["unknown-log"]


async def test_a_restored_backup_is_told_the_size_that_was_cosigned(log: TestLog, witness: RunningWitness) -> None:
    one = policy(log, 1, north=witness.vkey)
    async with asking(witness.address()) as cosigner:
        await cosigner.cosign(log.checkpoint(), 20, log.consistency, one)
    async with asking(witness.address()) as restored:
        given = await restored.cosign(log.checkpoint(12), 12, log.consistency, one)
    assert [(each.kind, each.witness_size) for each in given.refusals] == [("rolled-back", 20)]


def at_once(content: bytes, status: int = 200, *headers: str) -> Script:
    async def script(_body: bytes) -> bytes:
        return http_answer(status, content, *headers)

    return script


def by_body(make: Callable[[bytes], bytes]) -> Script:
    async def script(body: bytes) -> bytes:
        return http_answer(200, make(body))

    return script


def plainly_signed(body: bytes) -> bytes:
    return sign_note(read_note(body.decode().partition("\n\n")[2]).body, NAME, KEY).line.encode()


def of_time_zero(body: bytes) -> bytes:
    return cosign(read_note(body.decode().partition("\n\n")[2]).body, NAME, KEY, 0).line.encode()


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (by_body(lambda body: signed(body, key=Ed25519PrivateKey.generate())), "forged"),
        (by_body(lambda body: signed(body.replace(b"\n20\n", b"\n21\n"))), "forged"),
        (by_body(lambda body: signed(body, name="witness.example/other")), "forged"),
        (by_body(lambda body: signed(body)[:-9]), "forged"),
        (by_body(plainly_signed), "forged"),
        (by_body(of_time_zero), "forged"),
        (at_once(b""), "forged"),
        (at_once(b"\xff\xfe\n"), "forged"),
        (at_once(b"yes\n" * 1000), "forged"),
        (at_once(b"20\n" * 10_000_000), "forged"),
        (at_once(b"", 422), "split-view"),
        (at_once(b"who?\n", 404), "unknown-log"),
        (at_once(b"", 503), "unreachable"),
        (at_once(b"", 400), "unexpected-answer"),
        (at_once(b"", 302, "Location: https://127.0.0.1:1/"), "unexpected-answer"),
        (at_once(b"0\n", 409), "unexpected-answer"),
        (at_once(b"-1\n", 409), "unexpected-answer"),
        (at_once(b"9999999999999999999999\n", 409), "unexpected-answer"),
        (at_once(b"21\n", 409), "rolled-back"),
    ],
)
async def test_a_dishonest_witness_gives_a_name_and_no_cosignature(
    log: TestLog, tmp_path: Path, script: Script, kind: RefusalKind
) -> None:
    one = policy(log, 1, scripted=VKEY)
    async with scripted_https(tmp_path / "scripted", script) as scripted, asking(address(scripted)) as cosigner:
        given = await cosigner.cosign(log.checkpoint(), 20, log.consistency, one)
    assert (given.answered, [each.kind for each in given.refusals]) == ((), [kind])
    assert given.text == log.checkpoint()
    assert len(given.refusals[0].detail) < 400


async def test_what_is_no_http_and_who_hangs_up_is_unreachable(log: TestLog, tmp_path: Path) -> None:
    async def script(_body: bytes) -> bytes:
        return answers.pop(0)

    one = policy(log, 1, scripted=VKEY)
    async with scripted_https(tmp_path / "scripted", script) as scripted, asking(address(scripted)) as cosigner:
        answers = [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n", b"\0\0\r\n\r\n"]
        given = await cosigner.cosign(log.checkpoint(), 20, log.consistency, one)
    assert [each.kind for each in given.refusals] == ["unreachable"]


async def test_a_witness_that_always_names_another_size_is_left_alone(log: TestLog, tmp_path: Path) -> None:
    async def moving(body: bytes) -> bytes:
        return http_answer(409, b"%d\n" % (int(body.split()[1]) + 1))

    one = policy(log, 1, scripted=VKEY)
    async with scripted_https(tmp_path / "scripted", moving) as scripted, asking(address(scripted)) as cosigner:
        given = await cosigner.cosign(log.checkpoint(), 20, log.consistency, one)
        assert [(each.kind, each.witness_size) for each in given.refusals] == [("behind", 3)]
        assert [body.split()[1] for body in scripted.asked] == [b"0", b"1", b"2"]


async def test_cosignatures_of_others_in_the_answer_are_ignored(log: TestLog, tmp_path: Path) -> None:
    other = Ed25519PrivateKey.generate()
    both = by_body(lambda body: signed(body, "witness.example/other", other) + signed(body))
    one = policy(log, 1, scripted=VKEY)
    async with scripted_https(tmp_path / "scripted", both) as scripted, asking(address(scripted)) as cosigner:
        given = await cosigner.cosign(log.checkpoint(), 20, log.consistency, one)
    assert [signature.name for signature in read_note(given.text).signatures] == [log.origin, NAME]


async def test_a_connection_serves_many_checkpoints_and_is_made_anew_when_it_ends(log: TestLog, tmp_path: Path) -> None:
    one = policy(log, 1, scripted=VKEY)
    async with scripted_https(tmp_path / "scripted", believing) as scripted, asking(address(scripted)) as cosigner:
        for size in range(1, 10):
            assert (await cosigner.cosign(log.checkpoint(size), size, log.consistency, one)).reaches_quorum
        assert scripted.connections == 1

        async def hanging_up(_body: bytes) -> bytes:
            scripted.script = believing
            raise ConnectionResetError

        scripted.script = hanging_up
        assert (await cosigner.cosign(log.checkpoint(), 20, log.consistency, one)).reaches_quorum
        assert scripted.connections == 2


async def test_proxies_of_the_environment_are_not_used(
    log: TestLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    one = policy(log, 1, scripted=VKEY)
    async with scripted_https(tmp_path / "scripted", believing) as scripted, asking(address(scripted)) as cosigner:
        assert (await cosigner.cosign(log.checkpoint(), 20, log.consistency, one)).reaches_quorum


async def test_another_certificate_is_not_talked_to(log: TestLog, tmp_path: Path) -> None:
    one = policy(log, 1, scripted=VKEY)
    async with scripted_https(tmp_path / "a", believing) as a, scripted_https(tmp_path / "b", believing) as b:
        async with asking(WitnessAddress("scripted", a.url, b.ca_file)) as cosigner:
            given = await cosigner.cosign(log.checkpoint(), 20, log.consistency, one)
        assert [each.kind for each in given.refusals] == ["unreachable"]
        assert "certificate" in given.refusals[0].detail
        assert a.asked == []


async def test_settings_and_policy_need_not_agree(log: TestLog, tmp_path: Path) -> None:
    async with scripted_https(tmp_path / "scripted", believing) as scripted:
        other = policy(log, 1, elsewhere=VKEY)
        async with asking(address(scripted, "here")) as cosigner:
            given = await cosigner.cosign(log.checkpoint(), 20, log.consistency, other)
        assert [(each.witness, each.kind) for each in given.refusals] == [
            ("elsewhere", "unreachable"),
            ("here", "not-in-policy"),
        ]
        assert scripted.asked == []


async def test_a_fault_of_our_own_is_raised_and_nothing_goes_on(log: TestLog, tmp_path: Path) -> None:
    async def broken(_old: int, _size: int) -> list[bytes]:
        raise TimeoutError("the database")

    both = policy(log, 2, scripted=VKEY, silent=SILENT)
    async with scripted_https(tmp_path / "scripted", silent) as scripted:
        addresses = [address(scripted), address(scripted, "silent")]
        async with asking(*addresses) as cosigner:
            with pytest.raises(TimeoutError, match="the database"):
                await cosigner.cosign(log.checkpoint(), 20, broken, both)


async def test_being_cancelled_asks_nobody_any_more(log: TestLog, tmp_path: Path) -> None:
    one = policy(log, 1, scripted=VKEY)
    async with scripted_https(tmp_path / "scripted", silent) as scripted, asking(address(scripted)) as cosigner:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SHORT_S):
                await cosigner.cosign(log.checkpoint(), 20, log.consistency, one)
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert not any(name.startswith("cosigning") for name in names)


async def test_closing_does_not_wait_for_the_rest(log: TestLog, tmp_path: Path) -> None:
    none_needed = policy(log, 0, scripted=VKEY)
    async with scripted_https(tmp_path / "scripted", silent) as scripted:
        async with asking(address(scripted)) as cosigner:
            given = await cosigner.cosign(log.checkpoint(), 20, log.consistency, none_needed)
        assert given.rest is not None
        assert given.rest.cancelled()


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="north"):
        Cosigner([WitnessAddress("north", "https://127.0.0.1:1", tmp_path / "none.crt")])
