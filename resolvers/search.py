"""Search and suggestions, over what the viewer may see and nothing else."""

from collections.abc import Mapping

from msgspec import Struct

from bff.context import Info
from bff.domain.paging import CARDS_CAP, LIST_CAP, PageInfo, check_first, take_page
from bff.domain.search import MatchKind, SearchAnswer, SearchHit, SearchMatch, explain_match
from bff.domain.titles import AnyTitleCard, Genre, Person
from resolvers.browse import admit
from resolvers.inputs import NO_FILTER, BrowseFilter

DEFAULT_PAGE = 24
DEFAULT_SUGGESTIONS = 8
PEOPLE = 10


class FoundTitle(Struct, frozen=True):
    cursor: str
    node: AnyTitleCard
    match: SearchMatch


class FacetView(Struct, frozen=True):
    genre: Genre
    count: int


class SearchView(Struct, frozen=True):
    edges: tuple[FoundTitle, ...]
    page_info: PageInfo
    total_count: int
    facets: tuple[FacetView, ...]
    people: tuple[Person, ...]
    corrected_query: str | None


class SuggestionView(Struct, frozen=True):
    text: str
    kind: MatchKind
    node: AnyTitleCard | Person | Genre | None


async def search(
    info: Info,
    query: str,
    filter: BrowseFilter | None = NO_FILTER,
    first: int | None = None,
    after: str | None = None,
) -> SearchView:
    context = info.context
    wanted = check_first(first, default=DEFAULT_PAGE, cap=CARDS_CAP)
    with context.services.searches.calling("search"):
        answer = await context.catalogue.index.search(query, visible=context.shelf.ids, admits=admit(filter))
    page = take_page(answer.hits, scope="search", key=lambda hit: hit.key, first=wanted, after=after)
    catalogue = context.catalogue
    return SearchView(
        edges=tuple(
            FoundTitle(cursor=edge.cursor, node=card, match=_explain(card, edge.node, answer, catalogue.genres))
            for edge in page.edges
            if (card := catalogue.cards.get(edge.node.title_id)) is not None
        ),
        page_info=page.page_info,
        total_count=len(answer.hits),
        facets=tuple(
            FacetView(genre=genre, count=facet.count)
            for facet in answer.facets
            if (genre := catalogue.genres.get(facet.genre_id)) is not None
        ),
        people=tuple(
            person
            for identifier in answer.person_ids[:PEOPLE]
            if (person := catalogue.people.get(identifier)) is not None
        ),
        corrected_query=answer.corrected_query,
    )


async def suggest(info: Info, prefix: str, first: int | None = DEFAULT_SUGGESTIONS) -> list[SuggestionView]:
    context = info.context
    limit = check_first(first, default=DEFAULT_SUGGESTIONS, cap=LIST_CAP)
    with context.services.searches.calling("suggest"):
        found = await context.catalogue.index.suggest(prefix, visible=context.shelf.ids, limit=limit)
    catalogue = context.catalogue
    return [
        SuggestionView(
            text=suggestion.text,
            kind=suggestion.kind,
            node=catalogue.cards.get(suggestion.node_id)
            or catalogue.people.get(suggestion.node_id)
            or catalogue.genres.get(suggestion.node_id),
        )
        for suggestion in found
    ]


def _explain(card: AnyTitleCard, hit: SearchHit, answer: SearchAnswer, genres: Mapping[str, Genre]) -> SearchMatch:
    return explain_match(card, hit.kind, answer.words, genres)
