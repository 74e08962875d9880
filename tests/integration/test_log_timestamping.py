"""RFC 3161 timestamps from a real authority, `openssl ts`, verified by us before they are kept and by openssl after."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fleet.errors import SettingsInvalid, TimestampFailed
from fleet.log.timestamping import Timestamper, timestamped_at
from tests.support.ports import free_port
from tests.support.scripted_https import http_answer
from tests.support.tlog import TestLog
from tests.support.tsa import TimeStampAuthority, http_tsa, openssl_accepts

NOTE = TestLog().grow(7).checkpoint()
Reply = Callable[[bytes], Awaitable[bytes]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeStampAuthority:
    return TimeStampAuthority(tmp_path_factory.mktemp("tsa") / "one")


@asynccontextmanager
async def stamping(reply: Reply, ca_file: Path, limit_s: float = 30.0) -> AsyncIterator[Timestamper]:
    async with http_tsa(reply) as url:
        timestamper = Timestamper(url, ca_file, limit_s)
        try:
            yield timestamper
        finally:
            await timestamper.close()


async def failure(reply: Reply, ca_file: Path, limit_s: float = 30.0) -> TimestampFailed:
    async with stamping(reply, ca_file, limit_s) as timestamper:
        with pytest.raises(TimestampFailed) as failed:
            await timestamper.stamp(NOTE)
    return failed.value


async def test_what_is_kept_is_accepted_by_openssl(authority: TimeStampAuthority, tmp_path: Path) -> None:
    async with stamping(authority.reply, authority.ca_file) as timestamper:
        stamp = await timestamper.stamp(NOTE)
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=5)
    assert openssl_accepts(stamp.response, NOTE.encode(), authority.ca_file, tmp_path)
    assert not openssl_accepts(stamp.response, NOTE.encode() + b"\n", authority.ca_file, tmp_path)
    ca_pem = authority.ca_file.read_bytes()
    assert timestamped_at(stamp.response, NOTE, ca_pem) == stamp.at
    with pytest.raises(TimestampFailed, match="unverified"):
        timestamped_at(stamp.response, NOTE.replace("\n7\n", "\n8\n"), ca_pem)


async def test_no_changed_byte_states_another_time(tmp_path: Path) -> None:
    """Some bytes of CMS are signed by nobody, such as its version; they state nothing."""
    plain = TimeStampAuthority(tmp_path / "plain", chain=False)
    async with stamping(plain.reply, plain.ca_file) as timestamper:
        stamp = await timestamper.stamp(NOTE)
    ca_pem, whole = plain.ca_file.read_bytes(), stamp.response
    stated = []
    for at in range(len(whole)):
        changed = whole[:at] + bytes([whole[at] ^ 0x04]) + whole[at + 1 :]
        with suppress(TimestampFailed):
            stated.append(timestamped_at(changed, NOTE, ca_pem))
    assert set(stated) <= {stamp.at}
    assert len(stated) < len(whole) // 20


async def test_another_authority_is_not_believed(authority: TimeStampAuthority, tmp_path: Path) -> None:
    other = TimeStampAuthority(tmp_path / "other")
    assert (await failure(authority.reply, other.ca_file)).reason == "unverified"


async def test_an_older_response_is_not_taken_again(authority: TimeStampAuthority) -> None:
    async with stamping(authority.reply, authority.ca_file) as timestamper:
        older = (await timestamper.stamp(NOTE)).response

    async def again(_query: bytes) -> bytes:
        return older

    failed = await failure(again, authority.ca_file)
    assert (failed.reason, failed.detail) == ("unverified", "Nonce mismatch")


async def test_a_refusal_is_told(tmp_path: Path) -> None:
    strict = TimeStampAuthority(tmp_path / "strict", digests="sha512")
    failed = await failure(strict.reply, strict.ca_file)
    assert failed.reason == "refused"
    assert "status is 2" in failed.detail


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (b"", "unverified"),
        (b"\x30\x03\x02\x01\x00", "unverified"),
        (b"<html>sign in</html>", "unverified"),
        (http_answer(503), "refused"),
        (http_answer(302, b"", "Location: https://127.0.0.1:1/"), "refused"),
        (http_answer(200, b"x" * 70_000), "refused"),
        (b"HTTP/9 nonsense\r\n\r\n", "unreachable"),
    ],
)
async def test_what_is_no_timestamp_is_not_kept(authority: TimeStampAuthority, told: bytes, reason: str) -> None:
    async def reply(_query: bytes) -> bytes:
        return told

    assert (await failure(reply, authority.ca_file)).reason == reason


async def test_who_does_not_answer_is_not_waited_for(authority: TimeStampAuthority) -> None:
    answer = asyncio.Event()

    async def reply(query: bytes) -> bytes:
        await answer.wait()
        return await authority.reply(query)

    assert (await failure(reply, authority.ca_file, limit_s=0.2)).reason == "timeout"
    answer.set()


async def test_who_is_not_there_is_unreachable(authority: TimeStampAuthority) -> None:
    timestamper = Timestamper(f"http://127.0.0.1:{free_port()}", authority.ca_file)
    with pytest.raises(TimestampFailed, match="unreachable"):
        await timestamper.stamp(NOTE)
    await timestamper.close()


def test_certificates_without_a_root_are_refused(authority: TimeStampAuthority, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for unusable in (empty, tmp_path / "absent.pem", authority.home / "tsa.crt"):
        with pytest.raises(SettingsInvalid):
            Timestamper("http://127.0.0.1:1", unusable)
