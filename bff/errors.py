"""The errors a caller can cause, each with its code and its HTTP status; anything else is masked.

Error
├── BadUserInput          BAD_USER_INPUT            400
├── Unauthenticated       UNAUTHENTICATED           401
├── Forbidden             FORBIDDEN                 200, at the field
├── NotFound              NOT_FOUND                 200, at the field
├── Conflict              CONFLICT                  200, at the field
├── TooExpensive          TOO_EXPENSIVE             400
├── RateLimited           RATE_LIMITED              429
├── Unavailable           UNAVAILABLE               503
└── DeadlineExceeded      DEADLINE_EXCEEDED         200, with partial data
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class Error(Exception):
    """Something the caller is told, word by word: say what to do next, and name no secret.

    `status` is the HTTP status where execution did not start; at a field it is always 200.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 200

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.message = message
        self._extensions = extensions

    @property
    def extensions(self) -> Mapping[str, Any]:
        """What stands under `extensions` in the answer; graphql-core copies it from the original error."""
        return {"code": self.code, **self._extensions}


class BadUserInput(Error):
    code = "BAD_USER_INPUT"
    status = 400


class Unauthenticated(Error):
    code = "UNAUTHENTICATED"
    status = 401


class Forbidden(Error):
    code = "FORBIDDEN"


class NotFound(Error):
    code = "NOT_FOUND"


class Conflict(Error):
    code = "CONFLICT"


class TooExpensive(Error):
    """`cost` and `limit` go into the extensions."""

    code = "TOO_EXPENSIVE"
    status = 400


class RateLimited(Error):
    """`retryAfter`, in seconds, goes into the extensions and the `Retry-After` header."""

    code = "RATE_LIMITED"
    status = 429


class Unavailable(Error):
    """`retryAfter`, in seconds, goes into the extensions."""

    code = "UNAVAILABLE"
    status = 503

    def __init__(self, message: str, *, retry_after: int = 5, **extensions: Any) -> None:
        super().__init__(message, retryAfter=retry_after, **extensions)


class DeadlineExceeded(Error):
    code = "DEADLINE_EXCEEDED"
