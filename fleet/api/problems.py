"""Every error leaves the API as a `Problem`, and nothing else does."""

from collections.abc import Mapping

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from fleet.ca.errors import AuthorityError
from fleet.errors import InvalidValue, LogDamaged, RequestRefused, StoreUnavailable
from protocols.api.problems import Problem
from protocols.errors import ProtocolError

_log = structlog.get_logger()
_SECRET_PATHS = ("/calendar/", "/ack/")
"""A token that lets in whoever has it follows."""

AnyRequest = Request[object, object, "object"]  # type: ignore[type-var] # the state's type plays no part here


def _answer(problem: Problem, status: int, headers: Mapping[str, str] | None = None) -> Response[Problem]:
    return Response(problem, status_code=status, media_type="application/json", headers=dict(headers or {}))


def refused(_request: AnyRequest, error: RequestRefused) -> Response[Problem]:
    """A refusal with its own reason."""
    return _answer(error.problem, error.status, {"www-authenticate": "Bearer"} if error.status == 401 else None)


def store_unavailable(_request: AnyRequest, error: StoreUnavailable) -> Response[Problem]:
    """The database is away: nothing was done."""
    _log.warning("a request met a lost database", detail=error.detail)
    return _answer(
        Problem(code="database-away", message="the controller has lost its database", remedy="try again shortly"), 503
    )


def log_damaged(_request: AnyRequest, error: LogDamaged) -> Response[Problem]:
    """What was to be shown is not what was entered in the deployment log: nothing of it is shown."""
    _log.error("a request met a damaged log", detail=error.detail)
    return _answer(
        Problem(
            code="log-damaged",
            message=str(error),
            remedy="compare the database with an export and its backups, and call the inspector",
        ),
        503,
    )


def authority_unavailable(_request: AnyRequest, error: AuthorityError) -> Response[Problem]:
    """The certificate authority can not sign now: its token is away, or its certificate has ended. Nothing was done."""
    _log.error("a request met a certificate authority that can not sign", detail=str(error))
    return _answer(
        Problem(
            code="authority-away",
            message="the certificate authority can not sign now",
            remedy="tell an administrator: `fleet ca status` on the controller's host says why",
        ),
        503,
    )


def bad_id(_request: AnyRequest, error: ProtocolError) -> Response[Problem]:
    """An identifier or message that does not have its form."""
    return _answer(Problem(code=error.reason, message=str(error), remedy="correct the request"), 400)


def unusable(_request: AnyRequest, _error: Exception) -> Response[Problem]:
    """A text, number or nesting that can not be read or stored; the value itself is not repeated."""
    return _answer(
        Problem(
            code="value-unusable",
            message="the request holds a value that can not be used",
            remedy="correct the request",
        ),
        400,
    )


def http_error(_request: AnyRequest, error: HTTPException) -> Response[Problem]:
    """What the framework refuses: unknown paths, wrong methods, bodies that do not fit."""
    extra = error.extra if isinstance(error.extra, list) else []
    details = "; ".join(str(part.get("message", "")) for part in extra if isinstance(part, dict))
    message = f"{error.detail} {details}".strip()[:300]
    problem = Problem(code=f"http-{error.status_code}", message=message, remedy="correct the request")
    return _answer(problem, error.status_code, error.headers)


def unexpected(request: AnyRequest, error: Exception) -> Response[Problem]:
    """A fault of the controller's own: logged whole, told without detail."""
    _log.error("a request failed", path=_loggable(request.url.path), exc_info=error)
    return _answer(
        Problem(code="internal", message="the controller failed on this request", remedy="tell an administrator"), 500
    )


def _loggable(path: str) -> str:
    """A path without the token that lets in whoever has it."""
    return next((beginning for beginning in _SECRET_PATHS if path.startswith(beginning)), path)


HANDLERS: ExceptionHandlersMap = {
    RequestRefused: refused,
    StoreUnavailable: store_unavailable,
    LogDamaged: log_damaged,
    AuthorityError: authority_unavailable,
    ProtocolError: bad_id,
    InvalidValue: unusable,
    RecursionError: unusable,
    UnicodeError: unusable,
    HTTPException: http_error,
    Exception: unexpected,
}
