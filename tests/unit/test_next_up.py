"""Which episode plays next, and what continue watching shows, over anything that a profile may have watched."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bff.domain.next_up import (
    choose_episode,
    choose_playable,
    choose_resumable,
    find_next_episode,
    list_unfinished,
)
from bff.domain.profile_state import Preferences, ProfileState, WatchProgress
from bff.domain.titles import MaturityRating, SeriesCard
from tests.cards import NOON, make_film, make_series

FILM = make_film("film")
SERIES = make_series("bones", 3, 0, 2)
EPISODES = [card.id for _, card in SERIES.walk_episodes()]
EMPTY = make_series("empty", 0)


def watch(playable_id: str, hour: float, *, completed: bool = False, dismissed: bool = False) -> WatchProgress:
    """`hour` orders what was watched."""
    return WatchProgress(
        playable_id=playable_id,
        title_id=playable_id.partition(".")[0],
        position=1800 if completed else 60,
        duration=1800,
        completed=completed,
        updated_at=NOON + timedelta(hours=hour),
        dismissed=dismissed,
    )


def finish(playable_id: str, hour: float) -> WatchProgress:
    return watch(playable_id, hour, completed=True)


def make_state(*entries: WatchProgress) -> ProfileState:
    return ProfileState(
        profile_id="pro",
        account_id="acc",
        version=1,
        is_kids=False,
        language="en",
        ceiling=MaturityRating.AGE_18,
        preferences=Preferences(),
        progress={entry.playable_id: entry for entry in entries},
    )


def play(*entries: WatchProgress, series: SeriesCard = SERIES) -> str:
    """The label of the episode that the play button starts."""
    episode = choose_episode(series, make_state(*entries).progress)
    assert episode is not None
    return episode.label


def resume(*entries: WatchProgress) -> str | None:
    """The id of what continue watching goes on with of the series."""
    playable = choose_resumable(SERIES, make_state(*entries))
    return playable.id if playable is not None else None


entry = st.builds(
    watch,
    st.sampled_from([*EPISODES, "film", "other.1.1", "empty.0.0"]),
    st.integers(0, 6),
    completed=st.booleans(),
    dismissed=st.booleans(),
)
states = st.lists(entry, max_size=10).map(lambda entries: make_state(*entries))


def test_a_film_plays_itself() -> None:
    assert choose_playable(FILM, {}) is FILM


def test_a_series_without_episodes_plays_nothing() -> None:
    assert choose_playable(EMPTY, {}) is None
    assert choose_resumable(EMPTY, make_state(watch("empty.1.1", 0))) is None


def test_nothing_watched_plays_the_first() -> None:
    assert play() == "S1:E1"


def test_the_episode_last_begun_goes_on() -> None:
    assert play(watch("bones.1.2", 2), finish("bones.1.1", 1)) == "S1:E2"
    assert play(watch("bones.1.1", 2), watch("bones.3.1", 1)) == "S1:E1"


def test_behind_a_finished_one_comes_the_next_across_seasons() -> None:
    assert play(finish("bones.1.1", 1)) == "S1:E2"
    assert play(finish("bones.1.3", 1)) == "S3:E1"


def test_what_was_seen_already_is_passed_over() -> None:
    seen = [finish(episode, hour) for hour, episode in enumerate(EPISODES[:4])]
    assert play(*seen[1:], finish("bones.1.1", 9)) == "S3:E2"


def test_who_has_seen_everything_goes_on_in_order() -> None:
    seen = [finish(episode, hour) for hour, episode in enumerate(EPISODES)]
    assert play(*seen) == "S1:E1"
    assert play(*seen[1:], finish("bones.1.1", 9)) == "S1:E2"


def test_behind_the_last_comes_the_first_but_nothing_to_resume() -> None:
    assert play(finish("bones.3.2", 1)) == "S1:E1"
    assert resume(finish("bones.3.2", 1)) is None
    assert resume(finish("bones.3.2", 1), watch("bones.1.1", 0)) is None
    assert resume(finish("bones.3.2", 0), watch("bones.1.1", 1)) == "bones.1.1"


def test_a_new_episode_brings_the_series_back() -> None:
    longer = make_series("bones", 3, 0, 3)
    state = make_state(finish("bones.3.2", 1))
    playable = choose_resumable(longer, state)
    assert playable is not None
    assert playable.id == "bones.3.3"


@given(states)
def test_always_plays_an_episode_of_the_series(state: ProfileState) -> None:
    episode = choose_episode(SERIES, state.progress)
    assert episode is not None
    assert episode.id in EPISODES
    assert episode.card in episode.season.episodes
    assert episode.season in SERIES.seasons


@given(states)
def test_an_unfinished_latest_episode_is_the_one(state: ProfileState) -> None:
    own = [held for held in state.progress.values() if held.title_id == "bones"]
    newest = [held for held in own if held.updated_at == max(other.updated_at for other in own)]
    if len(newest) == 1 and not newest[0].completed:
        assert play(*state.progress.values()) == play(*newest)


@given(states)
def test_never_resumes_what_was_finished_or_never_begun(state: ProfileState) -> None:
    for card in (FILM, SERIES, EMPTY):
        playable = choose_resumable(card, state)
        if playable is None:
            continue
        assert card.id in {held.title_id for held in state.progress.values()}
        assert playable.id not in state.progress or not state.progress[playable.id].completed
        assert playable == choose_playable(card, state.progress)


@given(states)
def test_unfinished_titles_are_listed_once_newest_first(state: ProfileState) -> None:
    listed = list_unfinished(state)
    assert len({held.title_id for held in listed}) == len(listed)
    assert listed == sorted(listed, key=lambda held: (-held.updated_at.timestamp(), held.title_id))
    for held in listed:
        own = [other for other in state.progress.values() if other.title_id == held.title_id]
        assert held in own
        assert held.updated_at == max(other.updated_at for other in own)


@given(states)
def test_what_can_be_resumed_and_was_not_dismissed_is_listed(state: ProfileState) -> None:
    listed = {held.title_id for held in list_unfinished(state)}
    for card in (FILM, SERIES):
        own = [held for held in state.progress.values() if held.title_id == card.id]
        if own and not any(held.dismissed for held in own) and choose_resumable(card, state) is not None:
            assert card.id in listed
        if own and all(held.dismissed for held in own):
            assert card.id not in listed


@given(states)
def test_the_order_of_what_was_read_does_not_matter(state: ProfileState) -> None:
    turned = make_state(*reversed(state.progress.values()))
    assert list_unfinished(turned) == list_unfinished(state)
    assert choose_episode(SERIES, turned.progress) == choose_episode(SERIES, state.progress)
    assert choose_resumable(SERIES, turned) == choose_resumable(SERIES, state)


def test_a_finished_film_is_not_listed_but_a_series_may_go_on() -> None:
    state = make_state(finish("film", 1), finish("bones.1.1", 0))
    assert [held.playable_id for held in list_unfinished(state)] == ["bones.1.1"]


def test_episodes_follow_each_other_to_the_end() -> None:
    episode, seen = choose_episode(SERIES, {}), list[str]()
    while episode is not None:
        seen.append(episode.id)
        episode = find_next_episode(episode)
    assert seen == EPISODES
