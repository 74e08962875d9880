"""Entries of people, sessions, units, settings, commands and events."""

from datetime import date, datetime
from typing import ClassVar, Literal

from fleet.entries.entry import Dpa, Entry, HashedText
from protocols.people import Role


class PersonAdded(Entry, frozen=True, kw_only=True, tag="person.added"):
    """A person may sign in from now on."""

    person: str
    role: Role
    key_fingerprint: str
    valid_until: datetime
    people_version: int


class PersonEnded(Entry, frozen=True, kw_only=True, tag="person.ended"):
    """A person's access ended and their sessions closed."""

    person: str
    people_version: int


class SignedInEntry(Entry, frozen=True, kw_only=True, tag="session.opened"):
    """A person signed in."""

    role: Role
    came_from: str


class SignInRefused(Entry, frozen=True, kw_only=True, tag="session.refused"):
    """A sign-in was refused; `claimed` is the person id that was claimed."""

    claimed: str
    reason: str
    came_from: str


class SessionClosed(Entry, frozen=True, kw_only=True, tag="session.closed"):
    """A person signed out."""


class RequestRefusedEntry(Entry, frozen=True, kw_only=True, tag="request.refused"):
    """A person asked for what their role does not allow; `request` is a method and a path as the API describes it,
    with nothing of what stood in the path's places."""

    role: Role
    permission: str
    request: str


class VoucherMadeEntry(Entry, frozen=True, kw_only=True, tag="voucher.made"):
    """A voucher was made and shown once."""

    voucher: str
    label: HashedText
    expires_at: datetime


class VoucherWithdrawn(Entry, frozen=True, kw_only=True, tag="voucher.withdrawn"):
    """A voucher can no longer be used."""

    voucher: str


class VoucherUsed(Entry, frozen=True, kw_only=True, tag="voucher.used"):
    """The unit connected with what the voucher brought it, so the voucher can no longer be presented."""

    voucher: str


class JoinPresented(Entry, frozen=True, kw_only=True, tag="join.presented"):
    """A key presented a voucher for the first time and waits for a person. Without a voucher: the key of `unit`, whose
    certificate has ended."""

    voucher: str | None
    join: str
    fingerprint: str
    came_from: str


class JoinRefusedEntry(Entry, frozen=True, kw_only=True, tag="join.refused"):
    """The controller refused a voucher or a request; `code` is the refusal code."""

    code: str
    voucher: str | None
    fingerprint: str | None
    came_from: str


class UnitJoined(Entry, frozen=True, kw_only=True, tag="unit.joined"):
    """A person compared the fingerprint and accepted the unit, which begins with these settings; `model` is what it
    said it is, None when it said nothing."""

    join: str
    fingerprint: str
    key_protection: str
    certificate: str
    model: HashedText | None
    settings_version: int
    report_every_s: int
    spool_max_mb: int
    spool_max_days: int


class CertificateRenewed(Entry, frozen=True, kw_only=True, tag="certificate.renewed"):
    """A unit got the successor of its certificate, for the key with `fingerprint`."""

    certificate: str
    predecessor: str
    fingerprint: str
    key_protection: str


class CertificateUsed(Entry, frozen=True, kw_only=True, tag="certificate.used"):
    """A unit proved that it has connected with `certificate`, for the first time or after another one; from then on it
    is known by the key of the certificate `known_by`."""

    certificate: str
    known_by: str | None


class UnitRejoined(Entry, frozen=True, kw_only=True, tag="unit.rejoined"):
    """A person compared the fingerprint and let a unit whose certificate had ended back in, with its old key."""

    join: str
    fingerprint: str
    certificate: str


class UnitRevoked(Entry, frozen=True, kw_only=True, tag="unit.revoked"):
    """A person revoked the unit and with it these certificates."""

    reason: HashedText
    certificates: list[str]


class UnitCutOff(Entry, frozen=True, kw_only=True, tag="unit.cut-off"):
    """A revoked unit's live session was closed by taking its client id over with the short certificate `takeover`,
    after the broker had been seen to refuse revoked certificates by revocation list number `crl`."""

    crl: int
    takeover: str


class UnitQuarantined(Entry, frozen=True, kw_only=True, tag="unit.quarantined"):
    """The unit may report and open nothing; `certificates` are those that show why."""

    cause: str
    certificates: list[str]
    reason: HashedText


class UnitReleased(Entry, frozen=True, kw_only=True, tag="unit.released"):
    """A person ended the unit's quarantine."""

    reason: HashedText


class CertificateRevoked(Entry, frozen=True, kw_only=True, tag="certificate.revoked"):
    """A certificate that is no unit's was revoked: `holder` says whose it was."""

    certificate: str
    holder: HashedText


class AuthorityStep(Entry, frozen=True, kw_only=True, tag="ca.step"):
    """Somebody on the controller's host told the certificate authority to do `step`.

    Written before any file changes, so that none does without an entry. `ca.changed` or `certificate.revoked`
    follows when certificates came into or went out of use; when it does not, the step was refused or broke off.
    """

    step: Literal[
        "found", "rotate-issuing", "install", "install-root", "retire-root", "revoke", "move-root-key", "back-up"
    ]


class AuthorityChanged(Entry, frozen=True, kw_only=True, tag="ca.changed"):
    """A root or issuing certificate came into use or went out of use; `sha256` is of its DER."""

    change: Literal["issuing-added", "issuing-retired", "root-added", "root-retired"]
    sha256: str


class PeopleDrafted(Entry, frozen=True, kw_only=True, tag="people.drafted"):
    """Somebody drafted the next people list."""

    draft: str
    people_version: int
    sha256: str


class PeopleSigned(Entry, frozen=True, kw_only=True, tag="people.signed"):
    """An administrator signed a draft."""

    draft: str
    people_version: int
    sha256: str


class PeopleWithdrawn(Entry, frozen=True, kw_only=True, tag="people.withdrawn"):
    """A draft was withdrawn."""

    draft: str


class PeopleInForce(Entry, frozen=True, kw_only=True, tag="people.in-force"):
    """A people list came into force: signed by `signed_by`, or, with nobody there, an anchor that units learn from a
    voucher."""

    people_version: int
    sha256: str
    signed_by: list[str]


class JoinTurnedAway(Entry, frozen=True, kw_only=True, tag="join.turned-away"):
    """A person refused a waiting unit."""

    join: str
    fingerprint: str
    reason: HashedText


class ModelLearnt(Entry, frozen=True, kw_only=True, tag="unit.model-learnt"):
    """The unit told its model, which was not known before."""

    dpa: ClassVar[Dpa] = "alteration"

    model: HashedText


class UnitLabelled(Entry, frozen=True, kw_only=True, tag="unit.labelled"):
    """The unit's short name changed."""

    dpa: ClassVar[Dpa] = "alteration"

    label: HashedText


class SettingsChanged(Entry, frozen=True, kw_only=True, tag="settings.changed"):
    """The settings wanted for a unit changed."""

    dpa: ClassVar[Dpa] = "alteration"

    version: int
    report_every_s: int
    spool_max_mb: int
    spool_max_days: int


class CommandIssued(Entry, frozen=True, kw_only=True, tag="command.issued"):
    """A command was queued for a unit."""

    command: str
    order: str
    expires_at: datetime


class CommandFinished(Entry, frozen=True, kw_only=True, tag="command.finished"):
    """A command came to its end; `state` is done, refused, failed or expired."""

    command: str
    state: str


class EventAcknowledged(Entry, frozen=True, kw_only=True, tag="event.acknowledged"):
    """A person took an event."""

    event: int
    event_kind: str


class RetentionSet(Entry, frozen=True, kw_only=True, tag="retention.set"):
    """A controller keeps things for this long from now on, as its settings say: the first entry, and each that differs
    from the one before. `log_text_years_of` is by the beginning of a kind."""

    dpa: ClassVar[Dpa] = "alteration"

    health_days: int
    event_days: int
    log_text_years: int
    log_text_years_of: dict[str, int]


class TelemetryErased(Entry, frozen=True, kw_only=True, tag="telemetry.erased"):
    """Reports past their keeping were erased: whole day partitions, and `rows_outside` received before `kept_from`
    that stood in no day partition.

    `rows_estimated` is PostgreSQL's estimate for the partitions, None when it never analysed one of them.
    """

    dpa: ClassVar[Dpa] = "erasure"

    kept_from: date
    partitions: list[str]
    rows_estimated: int | None
    rows_outside: int


class EventsErased(Entry, frozen=True, kw_only=True, tag="event.erased"):
    """Events past their keeping were erased, `first` and `last` are the ends of their numbers; none was open."""

    dpa: ClassVar[Dpa] = "erasure"

    kept_from: date
    rows: int
    first: int
    last: int
