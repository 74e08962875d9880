"""Handing pages over to the mail server or a webhook, through Apprise, each in a thread of its own with a limit.

Addresses and links are in no error, no log line and no representation. Redirects are not followed.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from fleet.alarms.rules.addresses import Allowed, refusal, webhook_of
from fleet.alarms.rules.message import Message
from fleet.client.files import read_small
from fleet.errors import SettingsInvalid
from fleet.settings import AlarmSettings
from protocols.alarms import CHANNELS, Channel

if TYPE_CHECKING:
    from apprise import AppriseAsset

MAX_AT_ONCE = 4
"""Threads of a channel; one that hangs is waited for no longer than the limit, and still counts until it ends."""
_OF_LIMIT = 0.4
"""Apprise's own limits, for connecting and for reading, as parts of the whole."""


class Delivery:
    """Sends pages. Raises SettingsInvalid, when made, where the mail server's password can not be read."""

    def __init__(self, settings: AlarmSettings) -> None:
        self._settings = settings
        self._password = _password(settings)
        self._free = {channel: asyncio.Semaphore(MAX_AT_ONCE) for channel in CHANNELS}
        self._asset: "AppriseAsset | None" = None  # noqa: UP037 - the name is there for type checkers only

    @property
    def allowed(self) -> Allowed:
        """What the settings allow."""
        settings = self._settings
        return Allowed(settings.smtp_host is not None, settings.mail_domains, settings.webhook_hosts)

    async def send(self, channel: Channel, address: str, message: Message) -> str:
        """Send a page; why it did not go, empty where the other side took it. Never raises for what is out there."""
        refused = refusal(channel, address, self.allowed)
        if refused:
            return refused
        limit_s = self._settings.send_limit_s
        try:
            async with asyncio.timeout(limit_s):
                free = self._free[channel]
                await free.acquire()
                fault = await _in_thread(lambda: self._send(channel, address, message), free.release)
        except TimeoutError:
            return f"no answer within {limit_s:g} s"
        server = "the mail server" if channel == "e-mail" else "the webhook"
        return f"{server} did not take it ({fault})" if fault else ""

    def _send(self, channel: Channel, address: str, message: Message) -> str:
        """In a thread: why Apprise says that it did not go, in a word, or nothing."""
        from apprise import Apprise, AppriseAsset, NotifyFormat, PersistentStoreMode  # noqa: PLC0415 - dear to load

        # What it says of failures names addresses.
        logging.getLogger("apprise").propagate = False
        if self._asset is None:
            self._asset = AppriseAsset(
                app_id="Muster",
                app_desc="Muster",
                http_redirects=False,
                async_mode=False,
                storage_mode=PersistentStoreMode.MEMORY,
                service_timeout=self._settings.send_limit_s,
            )
        fields = self._mail(address) if channel == "e-mail" else self._webhook(address)
        service = Apprise.instantiate(fields, asset=self._asset)
        if service is None:
            return "unusable"
        taken = service.notify(title=message.title, body=message.body, body_format=NotifyFormat.TEXT)
        return "" if taken else "refused or not there"

    def _mail(self, address: str) -> dict[str, Any]:
        settings = self._settings
        return {
            "schema": "mailto" if settings.smtp_mode == "insecure" else "mailtos",
            "host": settings.mail_from.rpartition("@")[2],
            "smtp_host": settings.smtp_host,
            "port": settings.smtp_port,
            "secure_mode": settings.smtp_mode,
            "user": settings.smtp_user,
            "password": self._password,
            "from_addr": f"Muster <{settings.mail_from}>",
            "targets": [address],
            "format": "text",
            **self._limits(),
        }

    def _webhook(self, address: str) -> dict[str, Any]:
        webhook = webhook_of(address)
        assert webhook is not None, "checked by `refusal`"
        path, _, query = webhook.path.partition("?")
        return {
            "schema": "jsons" if webhook.secure else "json",
            "host": webhook.host,
            "port": webhook.port,
            "fullpath": path,
            "params": dict(parse_qsl(query, keep_blank_values=True)),
            **self._limits(),
        }

    def _limits(self) -> dict[str, float]:
        part_s = self._settings.send_limit_s * _OF_LIMIT
        return {"cto": part_s, "rto": part_s}


def _password(settings: AlarmSettings) -> str | None:
    if settings.smtp_password_file is None:
        return None
    try:
        return read_small(Path(settings.smtp_password_file)).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid("alarms.smtp_password_file", f"can not be read ({error})") from error


async def _in_thread(call: Callable[[], str], ended: Callable[[], None]) -> str:
    """`call` in a thread that does not keep the program from ending; `ended` once it has, waited for or not."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[str] = loop.create_future()

    def told(fault: str) -> None:
        ended()
        if not result.done():
            result.set_result(fault)

    def work() -> None:
        try:
            fault = call()
        except Exception as error:  # noqa: BLE001 - its text may hold the address, so only its kind is told
            fault = type(error).__name__
        with suppress(RuntimeError):  # the controller has stopped meanwhile
            loop.call_soon_threadsafe(told, fault)

    threading.Thread(target=work, name="alarms: page", daemon=True).start()
    return await result
