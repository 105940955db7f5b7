"""What operators see and change: the catalogue whoever may watch it, accounts, and what viewers write."""

from datetime import datetime
from typing import Annotated

import strawberry

from bff.auth.account_status import StandingAccount
from bff.domain.accounts import AccountStatus
from bff.domain.paging import Edge, Page
from bff.domain.titles import MaturityRating
from bff.domain.video import VideoState
from bff.execution import shows
from bff.stores.feedback import Feedback as FeedbackValue
from resolvers import feedback, studio_views
from resolvers.enums import TitleType
from resolvers.inputs import Seconds
from schema.access import field
from schema.common import PageInfo
from schema.results import InvalidInput
from schema.titles import Credit, Genre, SkipMarker


@strawberry.type(description="When a title may be watched in a region; for good where `until` is null.")
@shows(studio_views.WindowView)
class CatalogueWindow:
    region: str
    opens: datetime = field(name="from")
    closes: datetime | None = field(name="until")


@strawberry.type(description="Something that plays; `number` is that of an episode in its season.")
@shows(studio_views.CataloguePlayableView)
class CataloguePlayable:
    id: strawberry.ID
    name: str
    number: int | None
    synopsis: str | None
    released_at: datetime | None
    duration: Seconds | None
    video_state: VideoState
    skip_markers: list[SkipMarker]


@strawberry.type(description="A season with all its episodes.")
@shows(studio_views.CatalogueSeasonView)
class CatalogueSeason:
    id: strawberry.ID
    number: int
    name: str
    episodes: list[CataloguePlayable]


@strawberry.type(description="A title as the catalogue has it, the same for all viewers; `film` is null for a series.")
@shows(studio_views.CatalogueTitleView)
class CatalogueTitle:
    id: strawberry.ID
    type: TitleType
    name: str
    original_name: str | None
    original_language: str | None
    synopsis: str
    release_year: int
    certificate: str | None
    maturity_rating: MaturityRating
    genres: list[Genre]
    credits: list[Credit]
    windows: list[CatalogueWindow] = field(description="By region; where none is, the title was never licensed.")
    film: CataloguePlayable | None
    seasons: list[CatalogueSeason]
    trailers: list[CataloguePlayable]
    is_withdrawn: bool
    added_at: datetime


@strawberry.type(description="A page of the catalogue.")
@shows(Page)
class CatalogueTitleConnection:
    edges: list["CatalogueTitleEdge"]
    page_info: PageInfo
    total_count: int | None


@strawberry.type(description="A title with its place in the list.")
@shows(Edge)
class CatalogueTitleEdge:
    node: CatalogueTitle
    cursor: str


@strawberry.type(description="What a viewer wrote. Who it was is not kept.")
@shows(FeedbackValue)
class Feedback:
    id: strawberry.ID
    text: str
    title: CatalogueTitle | None = field(
        feedback.get_title, description="Null where it is about none, or that is gone."
    )
    created_at: datetime


@strawberry.type(description="A page of what viewers wrote.")
@shows(Page)
class FeedbackConnection:
    edges: list["FeedbackEdge"]
    page_info: PageInfo


@strawberry.type(description="What a viewer wrote, with its place in the list.")
@shows(Edge)
class FeedbackEdge:
    node: Feedback
    cursor: str


@strawberry.type(description="Whether an account may be used: all that operators are told of it.")
@shows(StandingAccount)
class AccountStanding:
    account_id: strawberry.ID
    status: AccountStatus


CatalogueChangeResult = Annotated[
    CatalogueTitle | InvalidInput,
    strawberry.union("CatalogueChangeResult", description="The title as it is now, or what cannot be taken."),
]
AccountStandingResult = Annotated[
    AccountStanding | InvalidInput,
    strawberry.union("AccountStandingResult", description="How the account stands now, or what cannot be taken."),
]
