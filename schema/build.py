"""Puts the schema together."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.home import ContinueItem, RankedItem, TitleItem
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription
from schema.titles import Episode, Movie, Season, Series, Trailer


def build_schema() -> strawberry.Schema:
    """Takes about half a second: once a process."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Movie, Series, Season, Episode, Trailer, TitleItem, ContinueItem, RankedItem],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
