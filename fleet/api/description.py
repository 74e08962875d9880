"""What the API says of itself: an OpenAPI document that tells every answer an operation may give.

Litestar finds the operations and their parameters; the schemas of bodies are msgspec's own, which check them, and the
answers that refuse follow from a handler's `opt`: its permission, and the statuses it names in `refuses`.
"""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.response import Response
from litestar.routes import HTTPRoute

from fleet.api.access import ANYONE_SIGNED_IN, NOBODY_YET
from protocols.api.problems import Problem
from protocols.joining import JoinRefusal

_REFERENCE = "#/components/schemas/{name}"
_JSON = "application/json"
_ABOUT = (
    "The controller of one fleet. Sign in with an SSH signature over a challenge; the token then goes in the header "
    "Authorization. What changes is told by the websocket /api/feed, which this document can not describe."
)
_SESSION = {"type": "http", "scheme": "bearer", "description": "the token of POST /api/session"}
_MEANINGS = {
    400: "The request can not be used as it is.",
    401: "Nobody is signed in, or signing in was refused.",
    403: "The caller may not do this.",
    404: "What the path names does not exist.",
    409: "The state does not allow this, or has changed meanwhile.",
    413: "The body is longer than 64 KiB (with the text of a plan 516 KiB, with a piece of a file 1 MiB).",
    429: "Too many requests from one address.",
    503: "The controller has lost its database, or is stopping.",
}
Json = dict[str, Any]


def describe(handlers: list[Any]) -> Json:
    """The OpenAPI document of `handlers`; needs no services, no database and no network."""
    app = Litestar(
        handlers,
        dependencies={"services": Provide(lambda: None, sync_to_thread=False)},
        logging_config=None,
        openapi_config=OpenAPIConfig(title="Muster", version="1", description=_ABOUT),
    )
    document: Json = app.openapi_schema.to_schema()
    operations = list(_operations(app, document))
    wanted = [Problem, *(part for handler, _ in operations for part in _types_of(handler))]
    schemas, components = msgspec.json.schema_components(wanted, ref_template=_REFERENCE)
    found = dict(zip(wanted, schemas, strict=True))
    for handler, operation in operations:
        _complete(handler, operation, found)
    document["components"] = {"schemas": components, "securitySchemes": {"session": _SESSION}}
    return document


def _operations(app: Litestar, document: Json) -> Iterator[tuple[HTTPRouteHandler, Json]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    operation = document["paths"].get(route.path_format, {}).get(method.lower())
                    if operation is not None:
                        yield handler, operation


def _answer_types(handler: HTTPRouteHandler) -> tuple[Any, list[Any]]:
    """What a handler answers when it has done what was asked, and what else it returns."""
    answer = handler.parsed_fn_signature.return_type.annotation
    if get_origin(answer) is Response:
        (answer,) = get_args(answer)
    parts = get_args(answer) if get_origin(answer) in {Union, UnionType} else (answer,)
    kept = [part for part in parts if part is not JoinRefusal]
    refusals = [part for part in parts if part is JoinRefusal]
    return (Union[tuple(kept)], refusals)  # noqa: UP007  the parts are known only now


def _types_of(handler: HTTPRouteHandler) -> Iterator[Any]:
    answer, refusals = _answer_types(handler)
    if answer not in {NoneType, bytes}:
        yield answer
    yield from refusals
    if handler.parsed_data_field is not None:
        yield handler.parsed_data_field.annotation


def _complete(handler: HTTPRouteHandler, operation: Json, found: dict[Any, Json]) -> None:
    """Put the true schemas and every status into `operation`."""
    answer, refusals = _answer_types(handler)
    done = operation["responses"][str(handler.status_code)]
    if answer in found:
        done["content"] = {_JSON: {"schema": found[answer]}}
    operation["responses"] = {str(handler.status_code): done}
    for status in sorted(set(_refusals(handler, operation))):
        bodies = [Problem, *refusals] if status == 400 else refusals if status in {403, 429} else []
        schemas = [found[body] for body in bodies or [Problem]]
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        operation["responses"][str(status)] = {"description": _MEANINGS[status], "content": {_JSON: {"schema": schema}}}
    if handler.parsed_data_field is not None:
        schema = found[handler.parsed_data_field.annotation]
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema}}}
    if "takes_bytes" in handler.opt:
        piece = {"type": "string", "format": "binary", "maxLength": handler.opt["takes_bytes"]}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": piece}}}
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _whole(parameter["schema"])
    operation["x-permission"] = handler.opt.get("permission")
    if operation["x-permission"] != NOBODY_YET:
        operation["security"] = [{"session": []}]


def _refusals(handler: HTTPRouteHandler, operation: Json) -> Iterator[int]:
    permission = handler.opt.get("permission")
    yield 503
    yield from handler.opt.get("refuses", ())
    if operation.get("parameters") or handler.parsed_data_field is not None:
        yield 400
    if handler.parsed_data_field is not None or "takes_bytes" in handler.opt:
        yield 413
    if permission != NOBODY_YET:
        yield 401
    if permission not in {NOBODY_YET, ANYONE_SIGNED_IN} or _answer_types(handler)[1]:
        yield 403
    if handler.before_request is not None:
        yield 429


def _whole(schema: Json) -> Json:
    """A parameter's schema with whole bounds as whole numbers."""
    return {key: int(value) if isinstance(value, float) else value for key, value in schema.items()}
