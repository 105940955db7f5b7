"""How ratings of MovieTweetings become the history, list and ratings of a demo profile."""

from datetime import UTC, datetime, timedelta

import asyncpg
from hypothesis import given
from hypothesis import strategies as st

from bff.auth.demo import DEMO_ACCOUNTS, seed_demo_accounts
from bff.domain.demo_signal import FilmRating, derive_signal
from bff.domain.profile_state import Thumb
from bff.stores.postgres import open_pool
from tests.engines import Engines

START = datetime(2026, 1, 1, tzinfo=UTC)
PREMIUM = DEMO_ACCOUNTS[2]

films = st.lists(
    st.builds(
        FilmRating,
        title_id=st.integers(0, 60).map(lambda number: f"tit_{number}"),
        duration=st.floats(60, 20_000),
        rating=st.integers(0, 10),
        rated_at=st.integers(0, 1000).map(lambda hours: START + timedelta(hours=hours)),
    ),
    unique_by=lambda film: film.title_id,
    max_size=60,
)


@given(films)
def test_every_film_is_listed_or_watched(rated: list[FilmRating]) -> None:
    signal = derive_signal(rated)
    listed = {entry.title_id for entry in signal.my_list}
    watched = {at.title_id for at in signal.progress}
    assert listed | watched == {film.title_id for film in rated}
    assert not listed & watched
    assert len(signal.my_list) <= 8


@given(films)
def test_only_the_latest_watched_films_are_half_watched_and_unrated(rated: list[FilmRating]) -> None:
    signal = derive_signal(rated)
    by_id = {film.title_id: film for film in rated}
    half_watched = [at for at in signal.progress if not at.completed]
    assert tuple(half_watched) == signal.progress[-4:]
    assert all(0.2 < at.fraction < 0.8 for at in half_watched)
    assert all(at.position <= at.duration + 0.1 for at in signal.progress)
    finished = {at.title_id for at in signal.progress if at.completed}
    assert signal.ratings.keys() <= finished
    for title_id in finished:
        rating, held = by_id[title_id].rating, signal.ratings.get(title_id)
        assert (held.thumb if held else None) is (Thumb.UP if rating >= 8 else Thumb.DOWN if rating <= 5 else None)


@given(films)
def test_order_of_the_ratings_does_not_matter(rated: list[FilmRating]) -> None:
    assert derive_signal(rated) == derive_signal(reversed(rated))


async def count_signal(pool: asyncpg.Pool, profile_id: str) -> tuple[int, int, int, int]:
    row = await pool.fetchrow(
        """SELECT (SELECT count(*) FROM my_list_entry WHERE profile_id = $1),
            (SELECT count(*) FROM title_rating WHERE profile_id = $1),
            (SELECT count(*) FROM watch_progress WHERE profile_id = $1),
            (SELECT count(*) FROM viewing_history WHERE profile_id = $1)""",
        profile_id,
    )
    assert row is not None
    listed, rated, watched, sittings = row
    return listed, rated, watched, sittings


async def test_each_ada_of_the_demo_has_a_signal(catalogue_database: Engines) -> None:
    pool = await open_pool(catalogue_database.settings)
    try:
        for demo in DEMO_ACCOUNTS:
            if demo.plan is None:
                continue
            listed, rated, watched, sittings = await count_signal(pool, demo.profile_id("Ada"))
            assert listed == 8
            assert rated >= 8
            assert 20 <= watched == sittings <= 60
            assert await count_signal(pool, demo.profile_id("Kit")) == (0, 0, 0, 0)
    finally:
        await pool.close()


async def test_signal_is_given_once_and_never_over_what_a_profile_did(
    database: Engines, pool: asyncpg.Pool, noon: datetime
) -> None:
    ada = PREMIUM.profile_id("Ada")
    await pool.execute(
        """INSERT INTO title (id, natural_key, type, name, synopsis, release_year, maturity, duration, added_at,
            popularity, rating_count) VALUES ('tit_1', 'netflix:s1', 'MOVIE', 'A', '', 2000, 0, 6000, $1, 1, 0)""",
        noon,
    )
    await pool.execute(
        "INSERT INTO movie_rating (user_number, title_id, rating, rated_at) VALUES ($1, 'tit_1', 9, $2)",
        PREMIUM.taste_of,
        noon,
    )
    reports: list[str] = []
    await seed_demo_accounts(pool, database.settings, today=noon.date(), report=reports.append)
    assert reports == ["history, list and ratings for 1 profiles"]
    assert await count_signal(pool, ada) == (1, 0, 0, 0)
    assert await pool.fetchval("SELECT key FROM outbox WHERE topic = 'profile'") == ada
    await pool.execute("DELETE FROM my_list_entry")
    await seed_demo_accounts(pool, database.settings, today=noon.date(), report=reports.append)
    assert await count_signal(pool, ada) == (0, 0, 0, 0)
