"""Requests, renewed sessions and what is said when they fail, against a small HTTPS server with a script."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import msgspec
import pytest

from fleet.ca.authority import CertificateAuthority
from fleet.client.errors import ClientError, ControllerFailed, NotReachable, Refused, SessionEnded, UnexpectedAnswer
from fleet.client.session import Session
from fleet.client.settings import ClientSettings
from protocols.api.problems import Problem
from protocols.api.sessions import Challenge, SignedIn
from protocols.api.units import Summary

SUMMARY = Summary(units=3, presence={"online": 3}, joins_pending=0, alarms=0, sessions_up=3)
ENDED = Problem(code="not-signed-in", message="your session has ended", remedy="sign in again")


class Answer(msgspec.Struct):
    """What the server says: a status, a body, and whether it hangs up instead."""

    status: int = 200
    body: bytes = b""
    hangs_up: bool = False


class Controller:
    """Signs everybody in and answers the rest by `script`, which is given the path and the token."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.tokens = 0
        self.asked: list[tuple[str, str, str]] = []
        self.script: Callable[[str, str], Answer] = lambda _path, _token: Answer(body=msgspec.json.encode(SUMMARY))

    def answer(self, path: str, token: str) -> Answer:
        if path == "/api/challenge":
            return Answer(body=msgspec.json.encode(Challenge("00" * 32, datetime.now(UTC))))
        if path == "/api/session":
            self.tokens += 1
            signed_in = SignedIn(token=f"token-{self.tokens}", person_id="TO-12", role="engineer", idle_minutes=15)
            return Answer(body=msgspec.json.encode(signed_in))
        return self.script(path, token)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, path, _version = head[0].split(" ")
                fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
                await reader.readexactly(int(fields.get("content-length", "0")))
                token = fields.get("authorization", "").removeprefix("Bearer ")
                self.asked.append((method, path, token))
                answer = self.answer(path, token)
                if answer.hangs_up:
                    break
                writer.write(
                    f"HTTP/1.1 {answer.status} x\r\ncontent-length: {len(answer.body)}\r\n\r\n".encode() + answer.body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def up(self) -> AsyncIterator[int]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.context) as server:
            yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def controller(tmp_path: Path) -> AsyncIterator[tuple[Controller, Session]]:
    authority = CertificateAuthority.create(tmp_path / "ca", datetime.now(UTC))
    authority.issue_api(["127.0.0.1"], datetime.now(UTC)).write(tmp_path / "tls.key", tmp_path / "tls.crt")
    (tmp_path / "root.crt").write_bytes(authority.root_pem)
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "person.key")
    (tmp_path / "person.key").chmod(0o600)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    peer = Controller(context)
    async with peer.up() as port:
        session = Session(
            ClientSettings(
                url=f"https://127.0.0.1:{port}",
                ca_file=tmp_path / "root.crt",
                person="TO-12",
                key_file=tmp_path / "person.key",
            )
        )
        yield peer, session
        await session.close()


async def ask(session: Session) -> Summary:
    return await session.request("GET", "/api/summary", Summary)


def only_for(good: str) -> Callable[[str, str], Answer]:
    """A script that takes one token and tells every other that its session has ended."""

    def script(_path: str, token: str) -> Answer:
        if token == good:
            return Answer(body=msgspec.json.encode(SUMMARY))
        return Answer(401, msgspec.json.encode(ENDED))

    return script


async def test_the_first_request_signs_in(controller: tuple[Controller, Session]) -> None:
    _peer, session = controller
    assert await ask(session) == SUMMARY
    assert session.token == "token-1"
    assert session.idle_minutes == 15


async def test_an_ended_session_is_renewed_once_for_many_requests(controller: tuple[Controller, Session]) -> None:
    peer, session = controller
    await session.sign_in()
    peer.script = only_for("token-2")
    assert await asyncio.gather(*(ask(session) for _ in range(8))) == [SUMMARY] * 8
    assert peer.tokens == 2


async def test_a_session_that_can_not_be_renewed_is_told(controller: tuple[Controller, Session]) -> None:
    peer, session = controller
    peer.script = only_for("none")
    with pytest.raises(SessionEnded, match="sign in again"):
        await ask(session)
    assert peer.tokens == 1


async def test_a_query_leaves_out_what_is_not_said(controller: tuple[Controller, Session]) -> None:
    peer, session = controller
    query = {"filter": None, "descending": True, "offset": 0, "words": "a b&c"}
    await session.request("GET", "/api/units", Summary, query=query)
    assert peer.asked[-1][1] == "/api/units?descending=true&offset=0&words=a+b%26c"


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (Answer(403, msgspec.json.encode(Problem(code="no", message="not you", remedy="ask TO-01"))), Refused, "TO-01"),
        (Answer(503, msgspec.json.encode(Problem(code="db", message="database away"))), ControllerFailed, "away"),
        (Answer(500, b"<html>"), ControllerFailed, "look at its log"),
        (Answer(404, b"<html>"), UnexpectedAnswer, "update the older"),
        (Answer(200, b"{}"), UnexpectedAnswer, "update the older"),
        (Answer(hangs_up=True), NotReachable, "check the network"),
    ],
)
async def test_every_failure_has_its_error(
    controller: tuple[Controller, Session], answer: Answer, error: type[ClientError], said: str
) -> None:
    peer, session = controller
    peer.script = lambda _path, _token: answer
    with pytest.raises(error, match=said):
        await ask(session)


async def test_an_answer_that_is_far_too_long_is_not_taken_in(
    controller: tuple[Controller, Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, session = controller
    await session.sign_in()
    monkeypatch.setattr("fleet.client.session.MAX_ANSWER_BYTES", 1000)
    peer.script = lambda _path, _token: Answer(body=b"x" * 1000)
    assert await session.fetch("/api/tile") == b"x" * 1000
    peer.script = lambda _path, _token: Answer(body=b"x" * 1001)
    with pytest.raises(UnexpectedAnswer, match="far too long"):
        await session.fetch("/api/tile")


async def test_a_read_meets_a_closed_connection_and_is_sent_again_but_a_deed_is_not(
    controller: tuple[Controller, Session],
) -> None:
    peer, session = controller
    await session.sign_in()
    answers = [Answer(hangs_up=True), Answer(body=msgspec.json.encode(SUMMARY))]
    peer.script = lambda _path, _token: answers.pop(0)
    assert await ask(session) == SUMMARY
    peer.script = lambda _path, _token: Answer(hangs_up=True)
    before = len(peer.asked)
    with pytest.raises(NotReachable):
        await session.perform("POST", "/api/units/unit-aaaa/report")
    assert len(peer.asked) == before + 1


async def test_nothing_secret_is_in_a_repr(controller: tuple[Controller, Session]) -> None:
    _peer, session = controller
    await session.sign_in()
    assert "token" not in repr(session)
