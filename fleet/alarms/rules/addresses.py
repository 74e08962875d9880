"""Which addresses pages may go to, and how addresses are shown to others. Pure."""

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from protocols.alarms import Channel

_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Webhook(NamedTuple):
    """Where a webhook goes: `path` with its query."""

    secure: bool
    host: str
    port: int | None
    path: str


class Allowed(NamedTuple):
    """What the settings allow."""

    mail: bool
    mail_domains: Collection[str]
    webhook_hosts: Collection[str]


def refusal(channel: Channel, address: str, allowed: Allowed) -> str:
    """Why pages can not go to `address`; empty where they can. Does not repeat the address."""
    if channel == "e-mail":
        return _mail_refusal(address, allowed)
    webhook = webhook_of(address)
    if webhook is None:
        return "a webhook is https://host/path, without a name, a password or a fragment"
    named = webhook.host if webhook.port is None else f"{webhook.host}:{webhook.port}"
    if named not in allowed.webhook_hosts:
        return "the controller's settings ([alarms] webhook_hosts) do not allow that host"
    return ""


def _mail_refusal(address: str, allowed: Allowed) -> str:
    found = _MAIL.fullmatch(address)
    if found is None:
        return "that is no e-mail address"
    if not allowed.mail:
        return "the controller has no mail server ([alarms] smtp_host)"
    if allowed.mail_domains and found[1].lower() not in allowed.mail_domains:
        return "the controller's settings ([alarms] mail_domains) do not allow that domain"
    return ""


def webhook_of(address: str) -> Webhook | None:
    """The parts of a webhook's address; None where it is no address that pages may go to. Plain HTTP leads to this
    machine only."""
    if not address.isascii() or re.search(r"[\s\\\x00-\x20\x7f#@]", address):
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host:
        return None
    if parts.scheme == "http" and host not in _LOOPBACK:
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Webhook(parts.scheme == "https", host, port, path)


def masked(channel: Channel, address: str) -> str:
    """An address as others see it: `j…@e….org`, `https://h….org/…`; empty stays so."""
    if not address:
        return ""
    if channel == "e-mail":
        name, _, domain = address.partition("@")
        return f"{name[:1]}…@{_masked_host(domain)}"
    webhook = webhook_of(address)
    return "…" if webhook is None else f"{'https' if webhook.secure else 'http'}://{_masked_host(webhook.host)}/…"


def _masked_host(host: str) -> str:
    return f"{host[:1]}….{host.rpartition('.')[2]}" if "." in host else f"{host[:1]}…"
