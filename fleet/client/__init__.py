"""The client of the controller's API: the one door for the console and the command line.

settings = load_client_settings()
async with connect(settings) as client:
    print(await client.summary())
"""

from fleet.client.client import FleetClient, connect
from fleet.client.errors import (
    CertificateNotTrusted,
    ClientError,
    ControllerFailed,
    InvalidClientSettings,
    NoPeopleAnchor,
    NoSigningKey,
    NotReachable,
    PeopleNotTrusted,
    Refused,
    SessionEnded,
    SignInRefused,
    UnexpectedAnswer,
    VoucherNotTrusted,
)
from fleet.client.feed import ChangeFeed
from fleet.client.inbox import FeedItem, LinkDown, LinkUp
from fleet.client.people import PeopleChain, ReadDraft, read_draft
from fleet.client.settings import ClientSettings, default_settings_path, load_client_settings

__all__ = [
    "CertificateNotTrusted",
    "ChangeFeed",
    "ClientError",
    "ClientSettings",
    "ControllerFailed",
    "FeedItem",
    "FleetClient",
    "InvalidClientSettings",
    "LinkDown",
    "LinkUp",
    "NoPeopleAnchor",
    "NoSigningKey",
    "NotReachable",
    "PeopleChain",
    "PeopleNotTrusted",
    "ReadDraft",
    "Refused",
    "SessionEnded",
    "SignInRefused",
    "UnexpectedAnswer",
    "VoucherNotTrusted",
    "connect",
    "default_settings_path",
    "load_client_settings",
    "read_draft",
]
