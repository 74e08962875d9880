"""Errors of the controller.

    FleetError
    ├── SettingsInvalid      the settings file or environment can not be used
    ├── StoreUnavailable     PostgreSQL can not be reached or went away
    ├── InvalidValue         PostgreSQL can not hold a value it was given
    ├── SchemaOutdated       the database has another revision than this program
    ├── TimestampFailed      a time-stamping authority gave no timestamp that can be kept
    ├── DrawingFailed        no drawing of a wiring plan was made
    ├── LogDamaged           the deployment log in the database is not what was written there
    └── RequestRefused       a request that is not done, with an API `Problem` inside
        ├── NotFound
        ├── Conflict
        ├── Forbidden
        ├── CommandIncomplete    a command line that lacks what it needs, or says two things at once
        └── NotLoggedYet     the log does not hold an entry yet, or its witnesses have not seen it

Errors of the certificate authority are in `fleet.ca.errors`, of the API's client in `fleet.client.errors`.
"""

from protocols.api.problems import Problem
from protocols.people import Permission, Role, roles_with


class FleetError(Exception):
    """Base of the controller's errors."""


class SettingsInvalid(FleetError):
    """Settings that can not be used; `source` is the file or variable, `detail` what to change."""

    def __init__(self, source: str, detail: str) -> None:
        super().__init__(f"{source}: {detail}")
        self.source = source
        self.detail = detail


class StoreUnavailable(FleetError):
    """PostgreSQL can not be reached or broke the connection; nothing of the transaction holds."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"PostgreSQL is not available: {detail}")
        self.detail = detail


class InvalidValue(FleetError):
    """A value that PostgreSQL can not hold (NUL in a text, a number out of range); nothing of the transaction holds."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"PostgreSQL can not hold a value: {detail}")
        self.detail = detail


class SchemaOutdated(FleetError):
    """The database is at `found`, this program needs `needed`."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(
            f"the database is at revision {found or 'none'}, this program needs {needed}: run `fleet migrate`"
        )
        self.found = found
        self.needed = needed


class TimestampFailed(FleetError):
    """No timestamp; `reason` is `unreachable`, `timeout`, `refused` or `unverified`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"no timestamp ({reason}): {detail}")
        self.reason = reason
        self.detail = detail


class DrawingFailed(FleetError):
    """No drawing; `program` is `wireviz` or `dot`, `detail` what is wrong with it, `remedy` what to do."""

    def __init__(self, program: str, detail: str, remedy: str) -> None:
        super().__init__(f"no drawing, {program} {detail}: {remedy}")
        self.program = program
        self.detail = detail
        self.remedy = remedy


class LogDamaged(FleetError):
    """Entries or tiles that only somebody with the database's password, or a broken disk, can have made so."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the deployment log in the database is damaged: {detail}")
        self.detail = detail


class RequestRefused(FleetError):
    """A request that is not done; `status` is the HTTP status, `problem` what the caller is told."""

    status = 400

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.problem = Problem(code=code, message=message, remedy=remedy)


class NotFound(RequestRefused):
    """What was named does not exist."""

    status = 404


class Conflict(RequestRefused):
    """The state has changed, or does not allow this."""

    status = 409


class CommandIncomplete(RequestRefused):
    """A command line lacks what it needs here, or says two things at once; nothing was asked of the controller."""


class Forbidden(RequestRefused):
    """The person's role does not allow this; `message` and `remedy` say it better than by the permission."""

    status = 403

    def __init__(self, role: Role, permission: Permission, message: str = "", remedy: str = "") -> None:
        able = " or ".join(roles_with(permission))
        super().__init__(
            "role-not-allowed",
            message or f"the role {role} may not do this ({permission})",
            remedy or f"ask a person with the role {able}",
        )
        self.permission = permission


class NotLoggedYet(RequestRefused):
    """There is no receipt for an entry in time; `in_tree` says whether at least the tree has it."""

    status = 503

    def __init__(self, *, in_tree: bool) -> None:
        if in_tree:
            message, remedy = "too few witnesses have seen the entry in the log", "see which witnesses answer"
        else:
            message, remedy = "the entry is not in the log's tree yet", "see whether a controller sequences the log"
        super().__init__("not-logged-yet", message, f"{remedy}, then try again")
        self.in_tree = in_tree
