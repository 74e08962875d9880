"""Errors of the program on a unit.

    AgentError
    ├── SourceUnreadable     a source of figures that is there but can not be read
    ├── SourceGarbled        a source of figures whose content is not what its format promises
    ├── SimulationError      the host simulation can not go on
    │   ├── NotASimulatedTree    a directory it must not write into
    │   ├── TreeNotWritten       a tree it could not write
    │   └── InvalidTreeName      a name that can not be a tree's
    ├── SettingsInvalid      a settings file or variable that can not be used
    ├── StateUnusable        the state directory, or a file in it, can not be used
    │   └── AccessChainBroken    the unit's own chain of records does not verify
    ├── AlreadyRunning       another agent holds the state directory
    ├── NotJoined            the unit has no identity yet
    ├── JoinWaits            told to stop before a person had accepted the unit
    ├── JoinError            the unit could not join, renew its certificate or rejoin
    │   ├── VoucherMissing       no voucher was given
    │   ├── VoucherUnusable      the voucher can not be read, or has expired
    │   ├── WrongAuthority       the controller is not the one the voucher was made for
    │   ├── ControllerUntrusted  the controller can not prove who it is
    │   ├── ControllerAway       the controller gives no usable answer now; worth asking again
    │   ├── CertificateEnded     the controller finds that the unit's certificate has ended
    │   ├── RefusedByController  the controller said no, with its reason and what to do
    │   └── AcceptanceInvalid    the controller said yes, with something that must not be used
    ├── InputUnusable        an alarm input's line can not be watched
    ├── PositionUnavailable  the receiver gives no position
    ├── CaptureError         a capture can not be opened or go on
    │   ├── CaptureRefused       the supervisor does not open or extend it
    │   ├── CaptureChannelBroken the channel between agent and child can not be used any more
    │   ├── SupervisorAway       there is no supervisor that answers
    │   ├── CaptureRequestMalformed  what the supervisor was sent is no request
    │   ├── SensorPowerAway      camera and microphone have no power: the microcontroller does not give it
    │   └── NotConfined          a child can not be confined, so it opens nothing
    ├── OpeningRefused       (openings.verdicts) nothing opens, or stays open longer, by a rule
    ├── DoorClosed           (openings.carried) a command can not ask the running agent
    ├── RefusedByUnit        (openings.carried) what a command was told in its place
    ├── MessageUnusable      (media.messages) what is no message between agent and media child
    ├── SourceFault, SourceNameInvalid, OfferNotUsable    see media.errors
    ├── BundleRefused        a release of the agent that must not be installed
    ├── UpdateRefused        an update that is not begun
    ├── McuAway              the microcontroller can not be asked
    ├── LinkError            the connection to the broker can not go on
    └── SpoolError           the spool file can not be used
        ├── SpoolUnwritable      the disk is full, read-only or failing
        └── SpoolDamaged         the file is not a whole spool

Every error carries the facts as attributes.
"""

from pathlib import Path
from typing import Literal

PositionFault = Literal["missing", "busy", "denied", "died", "unreadable", "timeout"]
"""Why there is no position: no such receiver; in use by another; not for this user; it stopped sending; it is not the
kind of file that was named; no valid fix came in time."""


class AgentError(Exception):
    """Base of everything in this package."""


class SourceUnreadable(AgentError):
    """`source` (a path under the root, or a command) exists and gives nothing, because of `detail`."""

    def __init__(self, source: str, detail: str) -> None:
        super().__init__(f"{source}: {detail}")
        self.source = source
        self.detail = detail


class SourceGarbled(AgentError):
    """The content of a source can not be understood; `detail` says what was expected and, cut short, what came."""

    def __init__(self, expected: str, content: str) -> None:
        got = f"got {content[:24]!a}" if content.strip() else "it is empty"
        self.detail = f"expected {expected}, {got}"
        super().__init__(self.detail)


class SimulationError(AgentError):
    """Base of what stops the host simulation."""


class NotASimulatedTree(SimulationError):
    """`directory` holds something the host simulation did not write."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"{directory} is not empty and not a simulated tree; name an empty or new directory")
        self.directory = directory


class TreeNotWritten(SimulationError):
    """The files of the tree `directory` could not be written, because of `detail`."""

    def __init__(self, directory: Path, detail: str) -> None:
        super().__init__(f"{directory} can not be written: {detail}; check its owner and the free space")
        self.directory = directory
        self.detail = detail


class InvalidTreeName(SimulationError):
    """`name` can not name a simulated host."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name[:60]!a} is not a host name; use 1 to 40 lower-case letters, digits and dashes")
        self.name = name


class SettingsInvalid(AgentError):
    """What `origin` (a file, or a variable) says can not be used; `detail` says why and what to do."""

    def __init__(self, origin: str, detail: str) -> None:
        super().__init__(f"{origin}: {detail}")
        self.origin = origin
        self.detail = detail


class StateUnusable(AgentError):
    """`path` in the state directory can not be used; `detail` says why and what to do."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path
        self.detail = detail


class AccessChainBroken(StateUnusable):
    """The chain in `path` is one up to record number `after`, and not beyond."""

    def __init__(self, path: Path, after: int, detail: str) -> None:
        super().__init__(path, detail)
        self.after = after
        self.detail = detail


class AlreadyRunning(AgentError):
    """Another agent holds the lock of `state_dir`."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(f"another edge-agent uses {state_dir}; stop it first, or name another state_dir")
        self.state_dir = state_dir


class NotJoined(AgentError):
    """There is no identity in `state_dir`."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(
            f"this unit has not joined (no identity in {state_dir}); "
            "ask for a voucher (fleet unit invite) and run: edge-agent join --voucher-file FILE"
        )
        self.state_dir = state_dir


class JoinWaits(AgentError):
    """The join that is kept in `state_dir` was told to stop before anybody had accepted the unit."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(
            f"stopped; the join still waits to be accepted, and is kept in {state_dir}: "
            "run edge-agent join again, as before, to go on with it; the voucher is not needed again"
        )
        self.state_dir = state_dir


class JoinError(AgentError):
    """The unit could not join, renew its certificate or rejoin."""


class VoucherMissing(JoinError):
    """Neither a voucher nor a join already begun."""

    def __init__(self) -> None:
        super().__init__("no voucher: give one on standard input, with --voucher-file FILE or in MUSTER_AGENT_VOUCHER")


class VoucherUnusable(JoinError):
    """The voucher can not be used; `reason` is a stable word, `detail` says what to do."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class WrongAuthority(JoinError):
    """The controller at `url` shows root certificate `seen` (SHA-256, hexadecimal), not `expected`."""

    def __init__(self, url: str, expected: str, seen: str) -> None:
        super().__init__(
            f"the controller at {url} is not the one this voucher was made for (its root certificate is "
            f"{seen[:16]}…, the voucher names {expected[:16]}…); check the network, then ask for a new voucher"
        )
        self.url = url
        self.expected = expected
        self.seen = seen


class ControllerUntrusted(JoinError):
    """The controller at `url` does not prove to be what the pinned root says, because of `detail`."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(
            f"the controller at {url} can not prove who it is ({detail}); "
            "check that it is the controller's address, and that nobody is in between"
        )
        self.url = url
        self.detail = detail


class ControllerAway(JoinError):
    """The controller at `url` gives no usable answer now, because of `detail`; asking again may help."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(f"no answer from the controller at {url} ({detail}); check network and clock, then try again")
        self.url = url
        self.detail = detail


class CertificateEnded(JoinError):
    """Who answers at `url` refused the unit's certificate because it has ended."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} says that this unit's certificate has ended; the unit has to rejoin")
        self.url = url


class RefusedByController(JoinError):
    """The controller refused: `code` to act on, `message` and `remedy` to read. `code` is `http` without a reason."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(f"refused by the controller ({code}): {message}; {remedy}")
        self.code = code
        self.message = message
        self.remedy = remedy


class AcceptanceInvalid(JoinError):
    """The controller accepted, with something a unit must not use; `detail` says what."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"the controller's acceptance can not be used: {detail}; report it (a unit that joins needs a new voucher)"
        )
        self.detail = detail


class InputUnusable(AgentError):
    """The line of input `name` can not be watched; `detail` says why and what to do."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"input {name}: {detail}")
        self.name = name
        self.detail = detail


class PositionUnavailable(AgentError):
    """There is no position, because of `reason`."""

    def __init__(self, reason: PositionFault) -> None:
        super().__init__(f"no position ({reason}); check the receiver, its cable and its view of the sky")
        self.reason = reason


class CaptureError(AgentError):
    """Base of what keeps a capture from being opened or from going on; `rule` is one of REASONS."""

    rule = "media-failed"


class CaptureRefused(CaptureError):
    """The supervisor does not `do` ("open", "extend", "kill") it; `reason` is a word of `capture.control.Refusal`."""

    def __init__(self, do: str, opening: str, reason: str) -> None:
        super().__init__(f"the supervisor does not {do} {opening}: {reason}; nothing was opened or extended by this")
        self.do = do
        self.opening = opening
        self.reason = reason


class CaptureChannelBroken(CaptureError):
    """The channel between agent and capturing child can not be used any more, because of `detail`."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the channel between agent and capturing child is broken: {detail}; close the capture")
        self.detail = detail


class SupervisorAway(CaptureError):
    """No supervisor answers, because of `detail`; another is being started, and nothing is open meanwhile."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the supervisor of captures does not answer ({detail}); nothing is open; try again")
        self.detail = detail


class CaptureRequestMalformed(CaptureError):
    """Bytes that came to the supervisor and are no request; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"no request to the supervisor: {detail}")
        self.detail = detail


class SensorPowerAway(CaptureError):
    """Camera and microphone have no power, because of `detail`."""

    rule = "no-sensor-power"

    def __init__(self, detail: str) -> None:
        super().__init__(f"the microcontroller gives camera and microphone no power ({detail}); nothing was opened")
        self.detail = detail


class NotConfined(CaptureError):
    """The capturing child can not confine itself, so it must not open anything; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"no capture without confinement: {detail}")
        self.detail = detail


class BundleRefused(AgentError):
    """A bundle that is no release to be installed, because of `detail`."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the agent's release can not be used: {detail}; build it anew")
        self.detail = detail


class UpdateRefused(AgentError):
    """An update that is not begun; `detail` says why, and what to do. `passing`: the reason passes, and the same order
    may be good later."""

    def __init__(self, detail: str, *, passing: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.passing = passing


class McuAway(AgentError):
    """The microcontroller at `port` can not be asked, because of `detail`."""

    def __init__(self, port: str, detail: str) -> None:
        super().__init__(f"{port}: {detail}")
        self.port = port
        self.detail = detail


class LinkError(AgentError):
    """The connection to the broker can not go on; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class SpoolError(AgentError):
    """The spool file `path` can not be used, because of `detail`."""

    def __init__(self, path: Path | None, detail: str) -> None:
        super().__init__(f"{path or 'spool in memory'}: {detail}")
        self.path = path
        self.detail = detail


class SpoolUnwritable(SpoolError):
    """The disk is full, read-only, busy or failing: what was to be written is not written."""


class SpoolDamaged(SpoolError):
    """The file is not a whole spool: it must be moved aside."""
