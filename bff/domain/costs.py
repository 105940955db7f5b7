"""How the cost of an operation is declared: sizes of lists and weights of fields."""

from collections.abc import Mapping

from msgspec import Struct


class Size(Struct, frozen=True):
    """How many values a list can bring: as many as `argument` says (a number, or the length of a list) up to `cap`;
    `default` where it says nothing or there is no such argument."""

    default: int
    cap: int
    argument: str | None = "first"


class CostMap(Struct, frozen=True, kw_only=True):
    """What is declared of a schema's fields, each as `Type.field`; an interface's hold for its types.

    A field counts 1 a value, or its weight. `sizes` of a connection count for the `edges` below it. `login_fields` are
    names of root fields that test a secret.
    """

    sizes: Mapping[str, Size] = {}
    weights: Mapping[str, int] = {}
    login_fields: frozenset[str] = frozenset()
