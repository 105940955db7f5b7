"""The scalars of the graph and how they stand in JSON."""

from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from resolvers.inputs import Seconds

URL = NewType("URL", str)


def serialise_instant(value: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond: 2026-11-21T03:40:00.000Z."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_instant(value: Any) -> datetime:
    """RFC 3339 with an offset. Raises ValueError for anything else."""
    if not isinstance(value, str):
        raise ValueError("A DateTime is a string: 2026-11-21T03:40:00Z.")
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise ValueError("A DateTime is RFC 3339 with an offset: 2026-11-21T03:40:00Z.")
    return parsed.astimezone(UTC)


def parse_seconds(value: Any) -> float:
    """A finite number of seconds. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e9:
        raise ValueError("Seconds is a number, with fractions: 83.5.")
    return float(value)


def parse_url(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("A URL is a string.")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, RFC 3339, in UTC.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=serialise_instant,
        parse_value=parse_instant,
    ),
    Seconds: strawberry.scalar(
        name="Seconds", description="Seconds, with fractions: 83.5", serialize=float, parse_value=parse_seconds
    ),
    URL: strawberry.scalar(
        name="URL",
        description="A URL: relative to the endpoint's origin, or absolute where the operator named a public one.",
        specified_by_url="https://url.spec.whatwg.org/",
        serialize=str,
        parse_value=parse_url,
    ),
}
