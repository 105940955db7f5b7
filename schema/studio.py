"""What operators see and change: the catalogue whoever may watch it, accounts, and what viewers write."""

from datetime import datetime
from typing import Annotated

import strawberry

from bff.auth.account_status import StandingAccount
from bff.domain.accounts import AccountStatus
from bff.domain.paging import Edge, Page
from bff.domain.titles import EpisodeCard, MaturityRating, MovieCard, SeasonCard, SeriesCard, TrailerCard
from bff.domain.video import VideoState
from bff.execution import shows
from bff.stores.feedback import Feedback as FeedbackValue
from resolvers import feedback, studio_views, titles
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
@shows(MovieCard, EpisodeCard, TrailerCard)
class CataloguePlayable:
    id: strawberry.ID
    name: str
    number: int | None = field(studio_views.get_number)
    synopsis: str | None = field(studio_views.get_synopsis)
    released_at: datetime | None = field(studio_views.get_released_at)
    duration: Seconds | None
    video_state: VideoState
    markers: list[SkipMarker] = field(name="skipMarkers")


@strawberry.type(description="A season with all its episodes.")
@shows(SeasonCard)
class CatalogueSeason:
    id: strawberry.ID
    number: int
    name: str
    episodes: list[CataloguePlayable]


@strawberry.type(description="A title as the catalogue has it, the same for all viewers; `film` is null for a series.")
@shows(MovieCard, SeriesCard)
class CatalogueTitle:
    id: strawberry.ID
    type: TitleType = field(studio_views.get_type)
    name: str
    original_name: str | None
    original_language: str | None
    synopsis: str
    release_year: int
    certificate: str | None
    maturity: MaturityRating = field(name="maturityRating")
    genres: list[Genre] = field(titles.list_genres)
    credits: list[Credit]
    windows: list[CatalogueWindow] = field(
        studio_views.list_windows, description="By region; where none is, the title was never licensed."
    )
    film: CataloguePlayable | None = field(studio_views.get_film)
    seasons: list[CatalogueSeason] = field(studio_views.list_seasons)
    trailers: list[CataloguePlayable]
    is_hidden: bool = field(name="isWithdrawn")
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
