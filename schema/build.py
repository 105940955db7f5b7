"""Puts the schema together. `python -m schema.build > schema/schema.graphql` prints it as it is committed."""

import sys

import strawberry
from graphql import GraphQLSchema, Undefined, is_input_object_type, is_interface_type, is_object_type
from strawberry.schema.config import StrawberryConfig

from schema.home import ContinueItem, RankedItem, TitleItem
from schema.mutation import Mutation
from schema.query import Query
from schema.rules import refuse_undeclared
from schema.scalars import SCALARS
from schema.subscription import Subscription
from schema.titles import Episode, Movie, Season, Series, Trailer


def build_schema(*, incremental: bool = False) -> strawberry.Schema:
    """Takes about half a second: once a process. `incremental` adds `@defer` and `@stream`."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Movie, Series, Season, Episode, Trailer, TitleItem, ContinueItem, RankedItem],
        config=StrawberryConfig(scalar_map=SCALARS, enable_experimental_incremental_execution=incremental),
    )
    _drop_null_defaults(schema._schema)
    refuse_undeclared(schema._schema)
    return schema


def _drop_null_defaults(schema: GraphQLSchema) -> None:
    """`first: Int` rather than `first: Int = null`: what is left out is absent, so that Python's default stands in."""
    for named in schema.type_map.values():
        if is_object_type(named) or is_interface_type(named):
            inputs = [argument for field in named.fields.values() for argument in field.args.values()]
        elif is_input_object_type(named):
            inputs = list(named.fields.values())
        else:
            continue
        for value in inputs:
            if value.default_value is None:
                value.default_value = Undefined


if __name__ == "__main__":
    sys.stdout.write(build_schema().as_str() + "\n")
