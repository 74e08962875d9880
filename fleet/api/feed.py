"""The websocket feed: what a client watches, sent as the state now, coalesced."""

import asyncio
import contextlib
import time

import msgspec
import structlog
from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect

from fleet.api.access import NOBODY_YET
from fleet.api.services import Given, Services
from fleet.errors import InvalidValue, RequestRefused, StoreUnavailable
from fleet.feed.hub import Subscription
from fleet.store.changes import Change
from fleet.store.store import Transaction
from protocols.api.feed import (
    AlarmsChanged,
    ClientMessage,
    DeploymentsChanged,
    EventsChanged,
    FleetChanged,
    Hello,
    JoinsChanged,
    RolloutsChanged,
    RotasChanged,
    ServerMessage,
    SummaryChanged,
    UnitsChanged,
    Watch,
)
from protocols.api.units import Summary

_log = structlog.get_logger()
_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_encoder = msgspec.json.Encoder()

_PAUSE_S = 0.25
_SUMMARY_PAUSE_S = 1.0
_HELLO_LIMIT_S = 10.0
_SEND_LIMIT_S = 20.0
_SESSION_CHECK_S = 15.0
_MAX_MESSAGE_CHARS = 64 * 1024
CLOSE_BAD_MESSAGE = 4400
CLOSE_NOT_SIGNED_IN = 4401
CLOSE_TRY_LATER = 4503

Socket = WebSocket[object, object, State]


class _ClosedByRule(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


# Hello carries the token, so the guard has nothing to look at yet: the handler itself asks for a session.
@websocket("/api/feed", opt={"permission": NOBODY_YET})
async def feed(socket: Socket, services: Given) -> None:
    """Serve one client until it leaves, its session ends, or it does not read."""
    await socket.accept()
    try:
        await _serve(socket, services)
    except* WebSocketDisconnect:
        pass
    except* _ClosedByRule as group:
        first = group.exceptions[0]
        assert isinstance(first, _ClosedByRule)
        await _close(socket, first)
    except* (InvalidValue, UnicodeError):
        await _close(socket, _ClosedByRule(CLOSE_BAD_MESSAGE, "a value of the message can not be used"))
    except* StoreUnavailable as group:
        _log.warning("a feed lost the database", detail=str(group.exceptions[0]))
        await _close(socket, _ClosedByRule(CLOSE_TRY_LATER, "the controller has lost its database"))


async def _serve(socket: Socket, services: Given) -> None:
    try:
        async with asyncio.timeout(_HELLO_LIMIT_S):
            hello = await _receive(socket)
    except TimeoutError as error:
        raise _ClosedByRule(CLOSE_BAD_MESSAGE, "no hello came") from error
    if not isinstance(hello, Hello):
        raise _ClosedByRule(CLOSE_BAD_MESSAGE, "the first message must be hello")
    with services.hub.subscribe() as subscription:
        # Subscribed before the session is looked at: its end can not fall between the two.
        person_id = await _check_session(services, hello.token)
        services.guests.settle(socket.scope["client"])
        conversation = _Conversation(socket, services, hello.token, person_id)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(conversation.listen(subscription), name="feed: listen")
            tasks.create_task(conversation.speak(subscription), name="feed: speak")


class _Conversation:
    """One client's feed."""

    def __init__(self, socket: Socket, services: Services, token: str, person_id: str) -> None:
        self._socket = socket
        self._services = services
        self._token = token
        self._person_id = person_id
        self._watch = Watch()
        self._checked_at = time.monotonic()
        self._summary: Summary | None = None
        self._summary_at = 0.0
        self._summary_due = False

    async def listen(self, subscription: Subscription) -> None:
        """Take each Watch, and answer it with the state now."""
        while True:
            message = await _receive(self._socket)
            if not isinstance(message, Watch):
                raise _ClosedByRule(CLOSE_BAD_MESSAGE, "only watch may follow hello")
            await _check_session(self._services, self._token, counts_as_use=True)
            self._watch, self._summary = message, None
            subscription.put(
                Change(
                    units=set(message.units),
                    events=message.events,
                    joins=message.joins,
                    rotas=message.rotas,
                    deployments=message.deployments,
                    alarms=message.alarms,
                    rollouts=message.rollouts,
                )
            )

    async def speak(self, subscription: Subscription) -> None:
        """Send what changed, at most once in a quarter of a second."""
        while True:
            limit_s = _SUMMARY_PAUSE_S if self._summary_due else _SESSION_CHECK_S
            try:
                async with asyncio.timeout(limit_s):
                    change = await subscription.take()
            except TimeoutError:
                change = Change()
            ended = self._person_id in change.people or change.all
            if ended or time.monotonic() - self._checked_at > _SESSION_CHECK_S:
                await _check_session(self._services, self._token)
                self._checked_at = time.monotonic()
            await self._tell(change)
            await asyncio.sleep(_PAUSE_S)

    async def _tell(self, change: Change) -> None:
        watch = self._watch
        messages: list[ServerMessage] = [FleetChanged()] if change.fleet or change.all else []
        units = [unit for unit in watch.units if change.all or unit in change.units]
        async with self._services.store.transaction() as transaction:
            if units:
                messages.append(UnitsChanged(await transaction.units.rows(units)))
            if watch.events and (change.events or change.all):
                messages.append(EventsChanged(await transaction.events.page(limit=100)))
            if watch.joins and (change.joins or change.all):
                messages.append(JoinsChanged(await transaction.joining.count_pending()))
            messages += _to_ask_again(watch, change)
            messages += await self._new_summary(transaction, change)
        for message in messages:
            await self._send(message)

    async def _new_summary(self, transaction: Transaction, change: Change) -> list[ServerMessage]:
        """Counting the whole fleet is the dearest question: once a second at most, and told only when it differs."""
        self._summary_due = self._watch.summary and (self._summary_due or self._summary is None or bool(change))
        if not self._summary_due or time.monotonic() - self._summary_at < _SUMMARY_PAUSE_S:
            return []
        summary = await transaction.units.summary()
        self._summary_due, self._summary_at = False, time.monotonic()
        if summary == self._summary:
            return []
        self._summary = summary
        return [SummaryChanged(summary)]

    async def _send(self, message: ServerMessage) -> None:
        try:
            async with asyncio.timeout(_SEND_LIMIT_S):
                await self._socket.send_text(_encoder.encode(message).decode())
        except TimeoutError as error:
            raise _ClosedByRule(CLOSE_TRY_LATER, "the client does not read") from error


def _to_ask_again(watch: Watch, change: Change) -> list[ServerMessage]:
    """What is only told to have changed."""
    told: tuple[tuple[bool, bool, ServerMessage], ...] = (
        (watch.rotas, change.rotas, RotasChanged()),
        (watch.deployments, change.deployments, DeploymentsChanged()),
        (watch.alarms, change.alarms, AlarmsChanged()),
        (watch.rollouts, change.rollouts, RolloutsChanged()),
    )
    return [message for watched, changed, message in told if watched and (changed or change.all)]


async def _receive(socket: Socket) -> ClientMessage:
    text = await socket.receive_text()
    if len(text) > _MAX_MESSAGE_CHARS:
        raise _ClosedByRule(CLOSE_BAD_MESSAGE, "the message is too long")
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _ClosedByRule(CLOSE_BAD_MESSAGE, str(error)[:100]) from error


async def _check_session(services: Given, token: str, *, counts_as_use: bool = False) -> str:
    try:
        return (await services.signing_in.person_of(token, counts_as_use=counts_as_use)).person_id
    except RequestRefused as error:
        raise _ClosedByRule(CLOSE_NOT_SIGNED_IN, error.problem.message) from error


async def _close(socket: Socket, cause: _ClosedByRule) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(_SEND_LIMIT_S):
            await socket.close(code=cause.code, reason=cause.reason)


HANDLERS = [feed]
