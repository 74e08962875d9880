"""The client of the controller's API: the one door for the console and the command line.

settings = load_client_settings()
async with connect(settings) as client:
    print(await client.summary())
"""

from fleet.client.authorities import hash_document
from fleet.client.client import FleetClient, connect
from fleet.client.errors import (
    CertificateNotTrusted,
    ClientError,
    ControllerFailed,
    InvalidClientSettings,
    LogNotTrusted,
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
from fleet.client.log import check_checkpoint, check_entry, check_leaf, policy_of
from fleet.client.mandates import read_view
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
    "LogNotTrusted",
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
    "check_checkpoint",
    "check_entry",
    "check_leaf",
    "connect",
    "default_settings_path",
    "hash_document",
    "load_client_settings",
    "policy_of",
    "read_draft",
    "read_view",
]
