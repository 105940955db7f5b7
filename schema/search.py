"""Search and as-you-type completions."""

import strawberry

from bff.domain.search import MatchKind
from bff.domain.search import SearchMatch as SearchMatchValue
from bff.execution import shows
from resolvers import search
from schema.access import field
from schema.common import Node, PageInfo
from schema.titles import Genre, Person, Title


@strawberry.type(description="What a text finds, over what the viewer may see.")
@shows(search.SearchView)
class SearchConnection:
    edges: list["SearchEdge"]
    page_info: PageInfo
    total_count: int
    facets: list["GenreFacet"]
    people: list[Person] = field(description="People whose name was meant, best first.")
    corrected_query: str | None = field(description="What was searched for instead, when the query looked mistyped.")


@strawberry.type(description="A title found, with why; paging goes on behind `cursor`.")
@shows(search.FoundTitle)
class SearchEdge:
    cursor: str
    node: Title
    match: "SearchMatch"


@strawberry.type(description="Where and how a title matched.")
@shows(SearchMatchValue)
class SearchMatch:
    kind: MatchKind
    text: str


@strawberry.type(description="How many of the titles found have a genre.")
@shows(search.FacetView)
class GenreFacet:
    genre: Genre
    count: int


@strawberry.type(description="A completion; `node` is the title, person or genre that the text names.")
@shows(search.SuggestionView)
class Suggestion:
    text: str
    kind: MatchKind
    node: Node | None
