"""Asking one witness (C2SP tlog-witness) over a connection that is kept, and telling what its answer means."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Literal

import httpx

from fleet.errors import SettingsInvalid
from protocols.errors import InvalidNote
from protocols.text import one_line
from protocols.tlog.forms import from_decimal, to_base64
from protocols.tlog.note import Note, NoteSignature, VerifierKey, read_signature

RefusalKind = Literal[
    "unreachable",
    "timeout",
    "behind",
    "rolled-back",
    "split-view",
    "unknown-log",
    "forged",
    "unexpected-answer",
    "not-in-policy",
]
"""Why there is no cosignature.

unreachable: no connection, no TLS as configured, no address, or a 5xx. timeout: nothing in time. behind: each time it
was asked, somebody had moved it on meanwhile. rolled-back: it cosigned a larger tree than ours, so ours is an old copy
or another program speaks for our log. split-view: our tree does not continue what it cosigned. unknown-log: it does not
know our log, or not by this key. forged: its cosignature does not verify. unexpected-answer: anything else.
not-in-policy: the policy in force does not know it, so it is not asked.
"""
Consistency = Callable[[int, int], Awaitable[list[bytes]]]
"""Old and new size to the consistency proof between them."""

_MAX_ANSWER_BYTES = 16 * 1024
_TRIES = 3
_KEPT_S = 120.0
_SHOWN_SIGNS = 200


@dataclass(frozen=True, slots=True)
class WitnessAddress:
    """Where a witness is: its name in the policy, its submission prefix, and the PEM file that its TLS is held to."""

    name: str
    url: str
    ca_file: Path


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why `witness` gave no cosignature; `witness_size` is the size it says that it cosigned last."""

    witness: str
    kind: RefusalKind
    detail: str
    witness_size: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The checkpoint `note` of `size` leaves, and the key that the answer must verify with."""

    note: Note
    size: int
    consistency: Consistency
    key: VerifierKey


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content: bytes


class WitnessLane:
    """One witness: asked one question at a time, each with `limit_s` to be answered, its turn included.

    Raises SettingsInvalid when the CA file can not be read.
    """

    def __init__(self, address: WitnessAddress, limit_s: float) -> None:
        self.name = address.name
        self._url = f"{address.url.rstrip('/')}/add-checkpoint"
        self._limit_s = limit_s
        self._turn = asyncio.Lock()
        self._known_size = 0
        self._client = httpx.AsyncClient(
            verify=_tls(address),
            trust_env=False,
            timeout=limit_s,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=_KEPT_S),
            headers={"accept-encoding": "identity", "content-type": "text/plain; charset=utf-8"},
        )

    @property
    def is_busy(self) -> bool:
        """Whether it is being asked something."""
        return self._turn.locked()

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def ask(self, question: Question, on_turn: Callable[[], None]) -> NoteSignature | Refusal:
        """The witness's verified cosignature, or why there is none; `on_turn` is called when the asking begins.

        Raises what `question.consistency` raises, and nothing that the witness could cause.
        """
        try:
            async with asyncio.timeout(self._limit_s) as limit, self._turn:
                on_turn()
                return await self._ask(question)
        except TimeoutError:
            if not limit.expired():
                raise
            return self._refusal("timeout", f"no answer within {self._limit_s:g} s")
        except httpx.TimeoutException:
            return self._refusal("timeout", f"no answer within {self._limit_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return self._refusal("unreachable", str(error) or type(error).__name__)

    async def _ask(self, question: Question) -> NoteSignature | Refusal:
        for attempt in range(_TRIES):
            old_size = min(self._known_size, question.size)
            proof = await question.consistency(old_size, question.size)
            lines = [f"old {old_size}", *map(to_base64, proof)]
            try:
                answer = await self._post("\n".join(lines) + "\n\n" + question.note.text)
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                # A kept connection can end at any moment. Asking again is safe: it gives the same, or a conflict.
                if attempt:
                    raise
                continue
            if answer.status != HTTPStatus.CONFLICT:
                return self._judged(answer, question)
            refusal = self._conflict(answer, old_size, question.size)
            if refusal is not None:
                return refusal
        return self._refusal("behind", "somebody moved it on each time it was asked", self._known_size)

    async def _post(self, body: str) -> _Answer:
        content = b""
        async with self._client.stream("POST", self._url, content=body.encode()) as response:
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > _MAX_ANSWER_BYTES:
                    break
        self._client.cookies.clear()
        return _Answer(response.status_code, content)

    def _conflict(self, answer: _Answer, old_size: int, size: int) -> Refusal | None:
        """What a 409 means; None when it is worth to ask again."""
        try:
            theirs = from_decimal(answer.content.decode().removesuffix("\n"))
        except ValueError:
            return self._unexpected(answer)
        if theirs > size:
            self._known_size = size
            return self._refusal("rolled-back", f"it has cosigned {theirs} leaves, our log has {size}", theirs)
        if theirs == old_size:
            return self._refusal("unexpected-answer", f"it refuses the size {theirs} and asks for it", theirs)
        self._known_size = theirs
        return None

    def _judged(self, answer: _Answer, question: Question) -> NoteSignature | Refusal:
        said = one_line(answer.content.decode(errors="replace"), _SHOWN_SIGNS)
        if answer.status == HTTPStatus.OK:
            return self._verified(answer, question)
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            detail = f"our tree of {question.size} leaves does not continue what it cosigned: {said}"
            return self._refusal("split-view", detail, self._known_size)
        if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
            return self._refusal("unknown-log", f"answered {answer.status}: {said}")
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._refusal("unreachable", f"answered {answer.status}: {said}")
        return self._unexpected(answer)

    def _verified(self, answer: _Answer, question: Question) -> NoteSignature | Refusal:
        key = question.key
        try:
            lines = answer.content.decode().removesuffix("\n").split("\n")
            for signature in map(read_signature, lines):
                if (signature.name, signature.key_id) == (key.name, key.key_id):
                    if not key.verify(question.note.body, signature):
                        return self._refusal("forged", "its cosignature states no time")
                    self._known_size = question.size
                    return signature
        except (UnicodeDecodeError, InvalidNote) as error:
            return self._refusal("forged", f"its cosignature does not verify: {error}"[:_SHOWN_SIGNS])
        return self._refusal("forged", "its answer has no cosignature by the key in the policy")

    def _unexpected(self, answer: _Answer) -> Refusal:
        said = one_line(answer.content.decode(errors="replace"), _SHOWN_SIGNS)
        return self._refusal("unexpected-answer", f"answered {answer.status}: {said}")

    def _refusal(self, kind: RefusalKind, detail: str, witness_size: int | None = None) -> Refusal:
        return Refusal(self.name, kind, detail, witness_size)


def _tls(address: WitnessAddress) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(cafile=address.ca_file)
    except OSError as error:
        detail = f"the certificate of the witness {address.name} can not be read: {error.strerror or error}"
        raise SettingsInvalid(str(address.ca_file), detail) from error
    return context
