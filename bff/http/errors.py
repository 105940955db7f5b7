"""Errors as the client sees them: right code, no inside shown, at most so many and so long.

What is not the caller's doing is masked and logged under a trace id that the answer names.
"""

import logging
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from graphql import GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from bff.errors import BadUserInput, Error, Unavailable
from bff.stores.postgres import is_away, is_unwritable
from bff.telemetry import Trace

MAX_REQUEST_ERRORS = 5
MAX_FIELD_ERRORS = 100
MAX_MESSAGE_LENGTH = 200
_MAX_LOGGED = 5
_ECHOES = (
    (re.compile(r"[,;] found: .*", re.DOTALL), "."),
    (re.compile(r"(?<=\?) Found: .*", re.DOTALL), ""),
    (re.compile(r"(cannot represent [\w -]*value): .*?(\. Did you mean .*)?$", re.DOTALL), r"\1\2"),
    (re.compile(r"\bValue '.*' does not exist", re.DOTALL), "The value does not exist"),
    (re.compile(r"^(Syntax Error: .*\b(?:BlockString|Float|Int|String)) '.*", re.DOTALL), r"\1."),
)
"""How graphql-core's messages repeat values, and what is said instead."""

logger = logging.getLogger("bff.http")


class UnsupportedMediaType(Error):
    code = "BAD_USER_INPUT"
    status = 415


class ContentTooLarge(Error):
    code = "BAD_USER_INPUT"
    status = 413


class RequestTimeout(Error):
    code = "BAD_USER_INPUT"
    status = 408


class MethodNotAllowed(Error):
    """`allow` is the header that a 405 must carry."""

    code = "BAD_USER_INPUT"
    status = 405

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class NotAcceptable(Error):
    code = "BAD_USER_INPUT"
    status = 406


class UntrustedDocument(Error):
    code = "UNTRUSTED_DOCUMENT"
    status = 400


class PersistedQueryNotFound(Error):
    """Clients look for this message or code, then send the text; they expect 200 with it."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    status = 200

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class PersistedQueryNotSupported(Error):
    """Clients look for this message or code, then send texts from there on."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"
    status = 400

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported")


class InternalServerError(Error):
    code = "INTERNAL_SERVER_ERROR"
    status = 500


class InvalidOperation(Exception):
    """A well-formed request whose operation cannot start: it does not parse, validate or take its variables.

    `status` is that of application/graphql-response+json; application/json answers 200 to it.
    """

    status = 400

    def __init__(self, code: str, errors: Iterable[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = list(errors)[:MAX_REQUEST_ERRORS]


class Incident:
    """What went wrong inside during one request: one trace id, a bounded number of tracebacks in the log."""

    def __init__(self, trace: Trace | None = None) -> None:
        self.trace = trace if trace is not None else Trace()
        self._logged = 0

    @property
    def trace_id(self) -> str:
        return self.trace.id

    def mask(self, error: BaseException, where: object = "before execution") -> Error:
        """Log the error and give what the client is told in its place: to come again, where an engine is away.

        A character that no engine takes is the caller's doing, wherever it got that far.
        """
        if is_unwritable(error):
            return BadUserInput("A text holds the character U+0000, which can be kept nowhere: leave it out.")
        self._logged += 1
        self.trace.fail()
        extra = {"trace_id": self.trace_id}
        if is_away(error):
            if self._logged <= _MAX_LOGGED:
                logger.warning("trace %s: an engine is away: %r at %s", self.trace_id, error, where, extra=extra)
            return Unavailable("A part of the service does not answer; try again.", retry_after=2)
        if self._logged <= _MAX_LOGGED:
            logger.error("trace %s: %r at %s", self.trace_id, error, where, exc_info=error, extra=extra)
        return InternalServerError("Something went wrong here; tell support the trace id.", traceId=self.trace_id)


def format_error(error: Error) -> dict[str, Any]:
    """An error of ours that belongs to no place in the document."""
    return {"message": cut(error.message), "extensions": dict(error.extensions)}


def format_invalid_operation(error: InvalidOperation) -> list[dict[str, Any]]:
    """All errors of an operation that could not start; those of ours (a scalar's, say) keep their own code."""
    return [
        _place(cause, cut(_leave_values_out(cause.message)), {"code": error.code, **(cause.extensions or {})})
        for cause in error.errors
    ]


def format_field_errors(errors: Iterable[GraphQLError], incident: Incident) -> list[dict[str, Any]]:
    """Errors that arose during execution, in order, at most MAX_FIELD_ERRORS."""
    formatted = []
    for error in list(errors)[:MAX_FIELD_ERRORS]:
        cause = _find_cause(error)
        if isinstance(cause, Error):
            told = cause
        elif _is_callers(cause):
            told_of_input = cut(_leave_values_out(error.message))
            formatted.append(_place(error, told_of_input, {"code": "BAD_USER_INPUT"}))
            continue
        else:
            told = incident.mask(cause, error.path)
        formatted.append(_place(error, cut(told.message), dict(told.extensions)))
    return formatted


def retry_after(extensions: Mapping[str, Any]) -> str | None:
    """The `Retry-After` header of a refusal that says when to come again."""
    seconds = extensions.get("retryAfter")
    return str(max(1, math.ceil(seconds))) if isinstance(seconds, int | float) else None


def cut(message: str) -> str:
    """A message may echo names that the client sent, so its length has a limit."""
    return message if len(message) <= MAX_MESSAGE_LENGTH else message[: MAX_MESSAGE_LENGTH - 1] + "…"


def _leave_values_out(message: str) -> str:
    """A value that was sent may be a password, and a message goes into logs that are not ours; places are named."""
    for echo, instead in _ECHOES:
        message = echo.sub(instead, message, count=1)
    return message


def _find_cause(error: GraphQLError) -> Exception:
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_callers(cause: Exception) -> bool:
    # graphql-core reports a bad argument with the node that holds it, and a value of ours that does not serialise
    # without one.
    return isinstance(cause, StrawberryInputCoercionError) or (isinstance(cause, GraphQLError) and bool(cause.nodes))


def _place(error: GraphQLError, message: str, extensions: dict[str, Any]) -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": message}
    if error.locations is not None:
        formatted["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    formatted["extensions"] = extensions
    return formatted
