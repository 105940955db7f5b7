"""PostgreSQL and Redis from the binaries in the wheels, for `bff dev` and the tests; never for production."""

from bff.embedded.engines import EmbeddedEngines
from bff.embedded.errors import EmbeddedError

__all__ = ["EmbeddedEngines", "EmbeddedError"]
