"""What can go wrong between a client and the controller.

    ClientError
    ├── InvalidClientSettings    the settings file or an override can not be used
    ├── NoSigningKey             no SSH key to sign in with
    ├── NotReachable             no answer from the controller
    ├── CertificateNotTrusted    an answer from something that does not hold the pinned authority's certificate
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
