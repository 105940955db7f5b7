"""How long an answer to GET may be kept, and by whom: from the ages that its fields declare, and from who asks.

Fields declare an age in their metadata (`schema.access`); a field of the root without one makes the answer private. A
field below that declares what it reads of the request tells what the answer varies by; one that does not, by anything.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
)
from msgspec.structs import replace

from bff.execution import READS
from bff.http.answers import Answer
from bff.http.operations import FoundOperation

MAX_AGE = "max_age"
"""Under which a field's metadata holds its age in seconds."""
MADE_FROM = ("Accept", "Accept-Language", "Authorization")
"""What every answer depends on: its type, its `Content-Language`, and whether it is a visitor's."""
READ_FROM = {"DEVICE_CLASS": "X-Device-Class"}
"""What only the answers of fields that read it depend on. Public fields of the root do not; those below say so."""
_KEPT = 1000


class Shelf(NamedTuple):
    """How an operation's answers may be kept: `age` in seconds, None where they are for one viewer alone."""

    age: int | None
    vary: str


class CacheRules:
    """Of one schema. `country_header` is a header that answers depend on, too, where one is set."""

    def __init__(self, schema: GraphQLSchema, *, country_header: str = "") -> None:
        self._schema = schema
        self._made_from = (*MADE_FROM, country_header) if country_header else MADE_FROM
        self._shelves: OrderedDict[int, tuple[OperationDefinitionNode, Shelf]] = OrderedDict()

    def mark(self, answer: Answer, found: FoundOperation, headers: Mapping[str, str]) -> Answer:
        """The answer to a GET of a known document with the headers of caching; 304 where the client has it already.

        An answer with errors, or without an engine, is not to be kept.
        """
        shelf = self.find_shelf(found.document, found.operation)
        if not answer.is_whole:
            return replace(answer, headers=(*answer.headers, ("cache-control", "no-store"), ("vary", shelf.vary)))
        is_public = shelf.age is not None and "authorization" not in headers
        tag = _tag(answer)
        marked = (
            *answer.headers,
            ("cache-control", f"public, max-age={shelf.age}" if is_public else "private, no-cache"),
            ("etag", tag),
            ("vary", shelf.vary),
        )
        if _matches(headers.get("if-none-match"), tag):
            return replace(answer, status=304, pieces=(), headers=marked)
        return replace(answer, headers=marked)

    def find_shelf(self, document: DocumentNode, operation: OperationDefinitionNode) -> Shelf:
        key = id(operation)
        known = self._shelves.get(key)
        if known is None or known[0] is not operation:
            survey = _Survey(self._schema, document)
            age = survey.find_age(operation)
            read = [header for name, header in READ_FROM.items() if age is None or survey.may_read(name)]
            known = self._shelves[key] = (operation, Shelf(age, ", ".join((*self._made_from, *read))))
            if len(self._shelves) > _KEPT:
                self._shelves.popitem(last=False)
        return known[1]


class _Survey:
    """Walks one operation of a document; a fragment is walked once."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._seen: set[str] = set()
        self._ages: list[int] = []
        self._is_private = False
        self._reads: set[str] = set()
        self._reads_anything = False

    def may_read(self, name: str) -> bool:
        """Whether a field that was met reads it, or does not say what it reads."""
        return self._reads_anything or name in self._reads

    def find_age(self, operation: OperationDefinitionNode) -> int | None:
        """The shortest age of the operation's fields in seconds; None where it is for one viewer alone."""
        root = self._schema.get_root_type(operation.operation)
        self._walk(operation.selection_set, root, root)
        return None if self._is_private or not self._ages else min(self._ages)

    def _walk(self, selection_set: SelectionSetNode, parent: Any, root: Any) -> None:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                self._walk_field(selection, parent, root)
                continue
            fragment: Any = selection
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name in self._seen:
                    continue
                self._seen.add(name)
                fragment = self._fragments[name]
            condition = fragment.type_condition
            self._walk(
                fragment.selection_set, self._schema.get_type(condition.name.value) if condition else parent, root
            )

    def _walk_field(self, node: FieldNode, parent: Any, root: Any) -> None:
        is_known = is_object_type(parent) or is_interface_type(parent)
        definition = self._schema.get_field(parent, node.name.value) if is_known else None
        if definition is None or node.name.value.startswith("__"):
            return
        field = definition.extensions.get("strawberry-definition")
        metadata = getattr(field, "metadata", {})
        if MAX_AGE in metadata:
            self._ages.append(metadata[MAX_AGE])
        elif parent is root:
            self._is_private = True
        if READS in metadata:
            self._reads |= metadata[READS]
        elif parent is not root and not getattr(field, "is_basic_field", False):
            self._reads_anything = True
        below = get_named_type(definition.type)
        if node.selection_set is not None and is_composite_type(below):
            self._walk(node.selection_set, below, root)


def _tag(answer: Answer) -> str:
    """Weak: the same answer compressed in another way is the same answer."""
    digest = hashlib.blake2b(digest_size=15)
    for piece in answer.pieces:
        digest.update(piece)
    digest.update(answer.media_type.encode())
    return f'W/"{digest.hexdigest()}"'


def _matches(if_none_match: str | None, tag: str) -> bool:
    if if_none_match is None:
        return False
    opaque = tag.removeprefix("W/")
    return if_none_match.strip() == "*" or any(
        held.strip().removeprefix("W/") == opaque for held in if_none_match.split(",")
    )
