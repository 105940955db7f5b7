"""What shape an operation may have: counted on the parsed text, before it is validated; every fragment counts once."""

from collections.abc import Iterable

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)
from msgspec import Struct

from bff.errors import TooExpensive


class Limits(Struct, frozen=True, kw_only=True):
    """The most that is served; `depth` leaves introspection out, `login_fields` are root fields that test a secret.

    `nesting` counts braces within braces, those of fragments where they are spread: what walks a document recurses.
    """

    aliases: int = 30
    directives: int = 50
    depth: int = 15
    nesting: int = 100
    operations: int = 10
    root_fields: int = 20
    variables: int = 50
    login_fields: int = 1


class _Extent(Struct, frozen=True):
    """Of a selection set with its fragments: levels of fields and of braces, fields of its own level, those among them
    that log in."""

    depth: int = 0
    nesting: int = 0
    fields: int = 0
    login_fields: int = 0


_NOTHING = _Extent()
_BRACES = "levels of braces"


def check_shape(document: DocumentNode, limits: Limits, login_fields: frozenset[str] = frozenset()) -> None:
    """Raises TooExpensive, which names what there is too much of; takes time in proportion to the text alone."""
    _Shape(document, limits, login_fields).check()


class _Shape:
    """Counts while it walks; a fragment is walked once, however often it is spread."""

    def __init__(self, document: DocumentNode, limits: Limits, login_fields: frozenset[str]) -> None:
        self._limits = limits
        self._login_fields = login_fields
        self._aliases = 0
        self._directives = 0
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, _Extent] = {}
        self._operations = [
            definition for definition in document.definitions if isinstance(definition, OperationDefinitionNode)
        ]

    def check(self) -> None:
        limits = self._limits
        _refuse_above(limits.operations, len(self._operations), "operations")
        for operation in self._operations:
            variables = operation.variable_definitions or ()
            _refuse_above(limits.variables, len(variables), "variables")
            self._directives += len(operation.directives or ())
            self._directives += sum(len(variable.directives or ()) for variable in variables)
            extent = self._measure(operation.selection_set, 1)
            _refuse_above(limits.depth, extent.depth, "levels of fields")
            _refuse_above(limits.root_fields, extent.fields, "fields at the root")
            _refuse_above(limits.login_fields, extent.login_fields, "fields that test a secret")
        for name in self._fragments:
            self._measure_fragment(name, 0)
        _refuse_above(limits.aliases, self._aliases, "aliases")
        _refuse_above(limits.directives, self._directives, "directives")

    def _measure(self, selection_set: SelectionSetNode, level: int) -> _Extent:
        """`level` is how deep in braces it stands where it is met first."""
        _refuse_above(self._limits.nesting, level, _BRACES)
        extent = _join(self._measure_selection(selection, level) for selection in selection_set.selections)
        _refuse_above(self._limits.nesting, extent.nesting, _BRACES)
        return extent

    def _measure_selection(self, selection: SelectionNode, level: int) -> _Extent:
        self._directives += len(selection.directives or ())
        if isinstance(selection, FragmentSpreadNode):
            return self._measure_fragment(selection.name.value, level)
        if not isinstance(selection, FieldNode):
            return self._measure(selection.selection_set, level + 1)  # type: ignore[attr-defined]
        name = selection.name.value
        self._aliases += selection.alias is not None
        below = self._measure(selection.selection_set, level + 1) if selection.selection_set is not None else _NOTHING
        depth = 1 if name.startswith("__") else below.depth + 1
        return _Extent(depth=depth, nesting=below.nesting, fields=1, login_fields=int(name in self._login_fields))

    def _measure_fragment(self, name: str, level: int) -> _Extent:
        known = self._measured.get(name)
        if known is None:
            self._measured[name] = _NOTHING  # a fragment within itself: validation refuses it
            definition = self._fragments.get(name)
            if definition is None:
                return _NOTHING
            self._directives += len(definition.directives or ())
            known = self._measured[name] = self._measure(definition.selection_set, level + 1)
        return known


def _join(extents: Iterable[_Extent]) -> _Extent:
    depth = nesting = fields = login_fields = 0
    for extent in extents:
        depth = max(depth, extent.depth)
        nesting = max(nesting, extent.nesting)
        fields += extent.fields
        login_fields += extent.login_fields
    return _Extent(depth=depth, nesting=nesting + 1, fields=fields, login_fields=login_fields)


def _refuse_above(limit: int, count: int, what: str) -> None:
    if count > limit:
        raise TooExpensive(
            f"The operation has {_tell(count)} {what}; at most {limit} are served. Split it.",
            cost=min(count, MAX_TOLD),
            limit=limit,
        )


MAX_TOLD = 2**53 - 1
"""Fragments that spread fragments count up to numbers that JSON's readers cannot hold; more is not told."""


def _tell(count: int) -> str:
    return str(count) if count <= MAX_TOLD else f"over {MAX_TOLD}"
