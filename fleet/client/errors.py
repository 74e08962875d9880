"""What can go wrong between a client and the controller.

    ClientError
    ├── InvalidClientSettings    the settings file or an override can not be used
    │   └── NoPeopleAnchor       the people list's anchor is not pinned in them
    ├── NoSigningKey             no SSH key to sign in with
    ├── NotReachable             no answer from the controller
    ├── CertificateNotTrusted    an answer from something that does not hold the pinned authority's certificate
    ├── PeopleNotTrusted         a people list, or a draft of one, that the pinned anchor does not vouch for
    ├── DraftNotTrusted          a draft of release metadata that must not be signed, or a file that must not be sent
    ├── LogNotTrusted            something of the log that the log policy in the people list does not prove
    ├── VoucherNotTrusted        a voucher with another authority's or anchor's hash than the pinned ones
    ├── ControllerFailed         the controller met a fault of its own
    ├── UnexpectedAnswer         an answer this version does not understand
    └── Refused                  the controller said no, and why (`problem`)
        ├── SignInRefused        … to signing in
        └── SessionEnded         … because the session is over and could not be renewed

The text of each says what to do next.
"""

from pathlib import Path

from protocols.api.problems import Problem


class ClientError(Exception):
    """Base of everything in this package."""


class InvalidClientSettings(ClientError):
    """`detail` is wrong with the client's settings, which come from `source` (a file or an environment variable)."""

    def __init__(self, source: str, detail: str) -> None:
        super().__init__(f"{source}: {detail}")
        self.source = source
        self.detail = detail


class NoPeopleAnchor(InvalidClientSettings):
    """There is nothing by which people lists and vouchers could be checked."""

    def __init__(self) -> None:
        super().__init__(
            "people_anchor",
            "not set: ask two administrators for the 64 digits that fleet init (or fleet person refound) printed, "
            "and write them into your client settings; never take them from the controller",
        )


class NoSigningKey(ClientError):
    """There is no key to sign in with; `detail` says what was looked for and what to do."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotReachable(ClientError):
    """The controller at `url` did not answer; `detail` is what the network said."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(f"no answer from {url}: check the network and the controller ({detail})")
        self.url = url
        self.detail = detail


class CertificateNotTrusted(ClientError):
    """What answers at `url` has no API certificate of the authority in `ca_file`; `detail` is OpenSSL's reason."""

    def __init__(self, url: str, ca_file: Path, detail: str) -> None:
        super().__init__(
            f"{url} does not hold an API certificate of the authority in {ca_file} ({detail}): "
            "do not go on; check the address, then ask your administrator whether the authority was renewed"
        )
        self.url = url
        self.ca_file = ca_file
        self.detail = detail


class PeopleNotTrusted(ClientError):
    """The controller shows people lists, or a draft, that must not be trusted; `detail` is what does not fit."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"the controller's people list can not be trusted: {detail}; do not go on, sign nothing, and ask two "
            "administrators whether the list was founded anew"
        )
        self.detail = detail


class DraftNotTrusted(ClientError):
    """A draft of release metadata that must not be signed, or a file that is not what was announced; `detail` says
    what does not fit."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the release can not be trusted: {detail}; sign nothing, and draft it again")
        self.detail = detail


class LogNotTrusted(ClientError):
    """What the controller shows of `what` is not proven by the log policy in the people list; `detail` says why."""

    def __init__(self, what: str, detail: str) -> None:
        super().__init__(f"{what} can not be trusted: {detail}")
        self.what = what
        self.detail = detail


class VoucherNotTrusted(ClientError):
    """The controller made a voucher whose hash of `what` is not the one pinned here; its text is not shown."""

    def __init__(self, what: str, setting: str) -> None:
        super().__init__(
            f"the controller made a voucher for another {what} than your {setting} names, and it is not shown: ask two "
            f"administrators whether the {what} was renewed, else the controller is not to be trusted"
        )
        self.what = what
        self.setting = setting


class ControllerFailed(ClientError):
    """The controller answered `what` with HTTP `status` (500 and above): the fault is on its side, in its `detail`."""

    def __init__(self, what: str, status: int, detail: str = "") -> None:
        said = detail or "try again, then look at its log"
        super().__init__(f"the controller could not do {what} (HTTP {status}): {said}")
        self.what = what
        self.status = status
        self.detail = detail


class UnexpectedAnswer(ClientError):
    """The controller answered `what` in a way this version does not understand, with HTTP `status`."""

    def __init__(self, what: str, status: int, detail: str) -> None:
        super().__init__(f"{what}: the controller's answer (HTTP {status}) can not be read: {detail}; update the older")
        self.what = what
        self.status = status
        self.detail = detail


class Refused(ClientError):
    """The controller refused with HTTP `status`; `problem` says why and what would make it possible."""

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(": ".join(part for part in (problem.message, problem.remedy) if part))
        self.status = status
        self.problem = problem


class SignInRefused(Refused):
    """The controller did not accept the person's signature."""


class SessionEnded(Refused):
    """The session is over, and signing in again did not help."""
