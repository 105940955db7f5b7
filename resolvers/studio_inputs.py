"""The input types of operators. UNSET leaves as is, None clears; of lists, None leaves as is, too."""

from datetime import datetime

import strawberry

from bff.domain.titles import CreditRole, MaturityRating
from bff.domain.video import SkipKind
from resolvers.enums import TitleType
from resolvers.inputs import Seconds


@strawberry.input(description="`name` is the person's: the same name is the same person everywhere.")
class CreditInput:
    name: str
    role: CreditRole
    character: str | None = None


@strawberry.input(description="What had this number in the season keeps its id, its video and who watched it.")
class EpisodeInput:
    number: int
    name: str
    synopsis: str | None = None
    released_at: datetime | None = None
    duration: Seconds | None = None


@strawberry.input(description="`episodes` are all of the season's; left out, those that are there stay.")
class SeasonInput:
    number: int
    name: str | None = None
    episodes: list[EpisodeInput] | None = None


@strawberry.input(description="Without an `id` it is the title's trailer of this name, made if there is none.")
class TrailerInput:
    name: str
    id: strawberry.ID | None = None


@strawberry.input(
    description=(
        "Either the `id` of a title, or a `key` of your own: the first time that makes a title, which takes `type`, "
        "`name`, `synopsis` and `releaseYear`; after that it names it. What is left out stays as it is. `genreIds`, "
        "`credits` and `trailers` replace all that is there; `seasons` those of the same numbers. Without "
        "`maturityRating` a `certificate` decides it; a new title without both is AGE_18."
    )
)
class UpsertTitleInput:
    id: strawberry.ID | None = None
    key: str | None = None
    type: TitleType | None = None
    name: str | None = None
    original_name: str | None = strawberry.UNSET
    original_language: str | None = strawberry.UNSET
    synopsis: str | None = None
    release_year: int | None = None
    certificate: str | None = strawberry.UNSET
    maturity_rating: MaturityRating | None = None
    duration: Seconds | None = strawberry.UNSET
    genre_ids: list[strawberry.ID] | None = None
    credits: list[CreditInput] | None = None
    seasons: list[SeasonInput] | None = None
    removed_seasons: list[int] | None = None
    trailers: list[TrailerInput] | None = None


@strawberry.input(description="When a title may be watched in a region (ISO 3166-1 alpha-2); for good without `until`.")
class AvailabilityInput:
    region: str
    opens: datetime = strawberry.field(name="from")
    closes: datetime | None = strawberry.field(name="until", default=None)


@strawberry.input(description="A part that can be skipped.")
class SkipMarkerInput:
    kind: SkipKind
    start: Seconds
    end: Seconds
