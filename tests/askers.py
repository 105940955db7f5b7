"""Viewers of the demo who differ in what is theirs, and what a tour through the graph asks for in their names."""

from collections.abc import Sequence
from datetime import datetime

from bff.auth.tokens import mint_access_token, read_bearer
from bff.domain.titles import AnyTitleCard, MaturityRating, MovieCard, SeriesCard
from bff.services import Services
from tests.live import Client, Demo
from tests.profile_rows import add_progress, fill_profile

REGIONS = ("US", "IN")
OWN_IDS = """{ viewer { account { id membership { id } } profile { id } device { id } }
    home { id rows(first: 40) { edges { node { id kind } } } } }"""


def in_region(services: Services, client: Client, region: str) -> dict[str, str]:
    """The headers of the same profile with a token of another region."""
    now = services.now()
    claims = services.authority.verifier.verify(read_bearer(client.headers["Authorization"]), now)
    token, _ = mint_access_token(
        services.authority.keys,
        account_id=claims.account_id,
        profile_id=claims.profile_id,
        family_id=claims.family_id,
        device_id=claims.device_id,
        plan=claims.plan,
        region=region,
        permissions=claims.permissions,
        now=now,
        age=900,
    )
    return {"Authorization": f"Bearer {token}"}


async def make_viewers(demo: Demo, now: datetime) -> list[Client]:
    """Two adults who may see the same titles, and a child; each with a list, ratings and progress of their own."""
    cards = demo.services.follower.catalogue.by_popularity
    films = [card.id for card in cards if is_open_in_both(card, now) and isinstance(card, MovieCard)]
    series = [
        card
        for card in cards
        if is_open_in_both(card, now) and isinstance(card, SeriesCard) and any(card.walk_episodes())
    ]
    viewers = []
    adult, child = MaturityRating.AGE_18, MaturityRating.AGE_7
    for number, (ceiling, language) in enumerate([(adult, "de"), (adult, "hi"), (child, "en")]):
        viewer = await demo.make_viewer(ceiling=ceiling, is_kids=ceiling is child, language=language)
        assert viewer.profile_id is not None
        await fill_profile(demo.services.pool, viewer.profile_id, films[number * 4 : number * 4 + 8], now)
        begun = series[number % len(series)]
        episode = next(episode for _, episode in begun.walk_episodes())
        await add_progress(demo.services.pool, viewer.profile_id, episode.id, begun.id, now)
        viewers.append(viewer)
    return viewers


def is_open_in_both(card: AnyTitleCard, now: datetime) -> bool:
    windows = [card.windows.get(region) for region in REGIONS]
    return card.maturity <= MaturityRating.AGE_7 and all(
        window is not None and window.opens <= now and window.closes is None for window in windows
    )


async def list_ids(demo: Demo, viewers: Sequence[Client], now: datetime) -> list[str]:
    """Ids of everything that `nodes` knows, those of both viewers among them."""
    catalogue = demo.services.follower.catalogue
    titles = [card for card in catalogue.by_popularity if is_open_in_both(card, now)]
    film = next(card for card in titles if isinstance(card, MovieCard))
    series = next(card for card in titles if isinstance(card, SeriesCard) and any(card.walk_episodes()))
    restricted = next(card for card in catalogue.by_popularity if "US" in card.windows and "IN" not in card.windows)
    ids = [film.id, series.id, restricted.id, series.seasons[0].id, next(series.walk_episodes())[1].id]
    ids += [film.genre_ids[0], film.credits[0].person_id]
    for viewer in viewers:
        asked = await viewer.fetch(OWN_IDS)
        account, home = asked["viewer"]["account"], asked["home"]
        rows = {edge["node"]["kind"]: edge["node"]["id"] for edge in home["rows"]["edges"]}
        ids += [account["id"], account["membership"]["id"], asked["viewer"]["profile"]["id"], home["id"]]
        ids += [asked["viewer"]["device"]["id"], *rows.values()]
    return ids


def make_literals(ids: Sequence[str]) -> dict[str, str]:
    """Arguments of a tour through the graph, over what has these ids."""
    return {
        "ids": "[" + ", ".join(f'"{identifier}"' for identifier in ids) + "]",
        "Query.title(id)": f'"{ids[0]}"',
        "Query.catalogueTitle(id)": f'"{ids[1]}"',
        "id": '"x"',
        "code": '"x"',
        "query": '"love"',
        "prefix": '"lo"',
        "number": "1",
        "position": "1",
        "quality": "P1080",
        "first": "3",
        "Home.rows(first)": "40",
    }
