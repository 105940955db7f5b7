"""What fields declare that they read of a request is all that they read, so that what is kept of them may be shared."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, parse
from strawberry import Schema
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

from bff.context import OperationContext, Reads
from bff.execution import READS
from bff.execution.models import find_identity, is_kept_in_lists
from bff.http.caching import MAX_AGE
from schema.build import build_schema
from tests.api.test_graph_differential import list_viewers
from tests.askers import list_ids, make_literals, make_viewers
from tests.field_tour import plan_tour
from tests.live import Demo
from tests.schema_walk import declare_reads

OF_THE_REQUEST = frozenset({"availability", "isInMyList", "match", "myRating", "play", "progress", "similar"})
"""Fields of a title that belong to one request."""
OF_A_FILM = frozenset({
    "audioTracks", "label", "next", "renditions", "skipMarkers", "still", "subtitles", "thumbnails", "title", "video",
})  # fmt: skip
OF_A_SERIES = frozenset({"season", "seasonCount", "seasons"})
UNDECLARED = {
    "Movie": OF_THE_REQUEST | OF_A_FILM,
    "Series": OF_THE_REQUEST | OF_A_SERIES,
    "RowItemEdge": frozenset({"cursor"}),
}
"""What is worked out for every request. A new field is declared with `reads`, or named here."""

MAY_READ: Mapping[Reads, frozenset[str]] = {
    Reads.DAY: frozenset({"now"}),
    Reads.DEVICE_CLASS: frozenset({"device_class"}),
    Reads.GENRES: frozenset({"catalogue.genre_lists"}),
    Reads.IMAGE_FORMAT: frozenset({"image_formats", "caller.accept"}),
    Reads.REGION: frozenset({"caller.region", "audience.region"}),
    Reads.TOP_TEN: frozenset({"shelf.top", "shelf.top_ids"}),
}
"""By what was declared, what of the context a resolver may look at."""
OF_THE_PROCESS = frozenset({"services.images", "services.settings.public_url"})
HOLDERS = frozenset({"services", "services.settings", "caller", "catalogue", "audience", "shelf"})


class Watched:
    """A context, or a part of it, that notes which of its values are looked at."""

    def __init__(self, value: Any, noted: set[str], path: str = "") -> None:
        self._value, self._noted, self._path = value, noted, path

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._value, name)
        path = f"{self._path}{name}"
        if path in HOLDERS:
            return Watched(value, self._noted, f"{path}.")
        self._noted.add(path)
        return value


def declared_fields(schema: GraphQLSchema) -> Iterator[tuple[str, Any, frozenset[str]]]:
    """The fields that may be kept for others: coordinate, field, and what it says that it reads."""
    for named in schema.type_map.values():
        for name, field in named.fields.items() if isinstance(named, GraphQLObjectType) else ():
            definition = field.extensions.get("strawberry-definition")
            if isinstance(definition, StrawberryField) and READS in definition.metadata:
                yield f"{named.name}.{name}", field, definition.metadata[READS]


def find_undeclared(schema: GraphQLSchema) -> set[str]:
    """Fields with a resolver that neither declare what they read nor are named, of types whose values are kept."""
    found = set()
    for named in schema.type_map.values():
        if not isinstance(named, GraphQLObjectType) or not (find_identity(named) or is_kept_in_lists(named)):
            continue
        for name, field in named.fields.items():
            definition = field.extensions["strawberry-definition"]
            is_known = definition.is_basic_field or READS in definition.metadata
            if not is_known and name not in UNDECLARED.get(named.name, ()):
                found.add(f"{named.name}.{name}")
    return found


def watch_declared_fields(schema: GraphQLSchema) -> dict[str, set[str]]:
    """Have a schema of one's own note what its declared fields look at, by coordinate."""
    noted: dict[str, set[str]] = {}
    for coordinate, field, _ in declared_fields(schema):
        noted[coordinate] = set()
        field.resolve = _watch(field.resolve, noted[coordinate])
    return noted


def _watch(resolve: Callable[..., Any], noted: set[str]) -> Callable[..., Any]:
    def watched(source: Any, info: Any, **arguments: Any) -> Any:
        return resolve(source, info._replace(context=Watched(info.context, noted)), **arguments)

    return watched


async def find_excess(demo: Demo, schema: Schema) -> dict[str, set[str]]:
    """By field, what it looks at beyond what it declares, over all that can be asked of the demo."""
    declared = {coordinate: reads for coordinate, _, reads in declared_fields(schema._schema)}
    noted = watch_declared_fields(schema._schema)
    ids = await list_ids(demo, await make_viewers(demo, demo.services.now()), demo.services.now())
    variants: list[dict[str, str]] = [{}, {"kind": "LOGO", "length": "SHORT", "width": "300"}]
    texts = {
        stop.text
        for variant in variants
        for stop in plan_tour(schema._schema, make_literals(ids) | variant, everywhere=UNDECLARED, past={"Query.node"})
    }
    for text in sorted(texts):
        document = parse(text)
        for make_context in await list_viewers(demo):
            await execute(schema, document, make_context())
    excess = {}
    for coordinate, looked_at in noted.items():
        allowed = OF_THE_PROCESS.union(*(MAY_READ[Reads(name)] for name in declared[coordinate]))
        if looked_at - allowed:
            excess[coordinate] = looked_at - allowed
    return excess


async def execute(schema: Schema, document: Any, context: OperationContext) -> None:
    built = StrawberryGraphQLCoreExecutionContext.build(
        schema._schema, document, None, context, is_awaitable=optimized_is_awaitable
    )
    assert not isinstance(built, list), built
    result = built.execute_operation()
    if not hasattr(result, "data"):
        await result


def test_each_field_of_what_is_kept_is_declared_or_belongs_to_the_request() -> None:
    assert find_undeclared(build_schema()._schema) == set()


def test_a_field_that_nobody_decided_on_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    declare_reads(monkeypatch, "Movie.badges", None)
    assert "Movie.badges" in find_undeclared(build_schema()._schema)


async def test_declared_fields_read_nothing_else(demo: Demo) -> None:
    assert set(MAY_READ) == set(Reads)
    assert await find_excess(demo, build_schema()) == {}


async def test_fields_that_read_more_than_they_declare_are_found(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong: dict[str, frozenset[str]] = {
        "isInMyList": frozenset(),
        "synopsis": frozenset(),
        "artwork": frozenset({Reads.DEVICE_CLASS}),
        "badges": frozenset({Reads.DAY, Reads.TOP_TEN}),
        "genres": frozenset(),
        "availability": frozenset({Reads.REGION}),
    }
    for name, reads in wrong.items():
        declare_reads(monkeypatch, f"Movie.{name}", reads)
    excess = await find_excess(demo, build_schema())
    assert excess["Movie.isInMyList"] == {"state"}
    assert excess["Movie.synopsis"] == {"device_class"}
    assert excess["Movie.artwork"] == {"image_formats", "caller.accept"}
    assert excess["Movie.badges"] == {"caller.region"}
    assert excess["Movie.genres"] == {"catalogue.genre_lists"}
    assert excess["Movie.availability"] >= {"now", "audience.ceiling"}


OF_THE_DEVICE = frozenset({
    "device", "device_class", "capabilities", "image_formats", "caller.device_class", "caller.accept",
    "caller.time_zone", "caller.language", "locale",
})  # fmt: skip


async def test_public_fields_of_the_root_do_not_go_by_the_device(demo: Demo) -> None:
    """Shared caches, which hold what visitors get, are not told to keep them by it."""
    visitor = (await list_viewers(demo))[0]
    schema = build_schema()
    query = schema._schema.query_type
    assert query is not None
    noted: dict[str, set[str]] = {}
    for name, field in query.fields.items():
        if MAX_AGE in field.extensions["strawberry-definition"].metadata:
            noted[name] = set()
            field.resolve = _watch(field.resolve, noted[name])
    ids = await list_ids(demo, await make_viewers(demo, demo.services.now()), demo.services.now())
    writer = make_literals(ids)
    for name in noted:
        given = [f"{held}: {writer[held]}" for held in query.fields[name].args if held in writer]
        arguments = f"({', '.join(given)})" if given else ""
        await execute(schema, parse(f"{{ {name}{arguments} {{ __typename }} }}"), visitor())
    assert len(noted) >= 9
    assert {name: found for name, found in noted.items() if not found or found & OF_THE_DEVICE} == {}
