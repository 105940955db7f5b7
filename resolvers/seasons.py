"""Seasons and episodes of a series, read from its card."""

from datetime import datetime

import strawberry

from bff.domain.paging import LIST_CAP, Page, check_first, take_page
from bff.domain.titles import Episode, Season, SeriesCard

DEFAULT_EPISODES = 25


def count_seasons(root: strawberry.Parent[SeriesCard]) -> int:
    return len(root.seasons)


def list_seasons(root: strawberry.Parent[SeriesCard]) -> list[Season]:
    return [Season(series=root, card=season) for season in root.seasons[:LIST_CAP]]


def get_season(root: strawberry.Parent[SeriesCard], number: int) -> Season | None:
    return next((Season(series=root, card=season) for season in root.seasons if season.number == number), None)


def get_season_id(root: strawberry.Parent[Season]) -> str:
    return root.card.id


def get_season_number(root: strawberry.Parent[Season]) -> int:
    return root.card.number


def get_season_name(root: strawberry.Parent[Season]) -> str:
    return root.card.name


def count_episodes(root: strawberry.Parent[Season]) -> int | None:
    return root.card.episode_count


def page_episodes(root: strawberry.Parent[Season], first: int | None = None, after: str | None = None) -> Page[Episode]:
    wanted = check_first(first, default=DEFAULT_EPISODES, cap=LIST_CAP)
    episodes = [Episode(series=root.series, season=root.card, card=card) for card in root.card.episodes]
    return take_page(
        episodes,
        scope=f"season:{root.card.id}",
        key=lambda episode: (episode.card.number, episode.id),
        first=wanted,
        after=after,
    )


def get_season_of_episode(root: strawberry.Parent[Episode]) -> Season:
    return Season(series=root.series, card=root.season)


def get_episode_number(root: strawberry.Parent[Episode]) -> int:
    return root.card.number


def get_episode_synopsis(root: strawberry.Parent[Episode]) -> str | None:
    return root.card.synopsis


def get_episode_release(root: strawberry.Parent[Episode]) -> datetime | None:
    return root.card.released_at
