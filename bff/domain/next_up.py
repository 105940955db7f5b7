"""Which episode the play button of a series starts, and what continue watching shows."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bff.domain.profile_state import ProfileState, WatchProgress
from bff.domain.titles import AnyPlayable, AnyTitleCard, Episode, EpisodeCard, MovieCard, SeasonCard, SeriesCard


def choose_playable(card: AnyTitleCard, progress: Mapping[str, WatchProgress]) -> AnyPlayable | None:
    """What the play button starts: the film, or the right episode. None for a series without episodes."""
    if isinstance(card, MovieCard):
        return card
    return choose_episode(card, progress)


def choose_episode(series: SeriesCard, progress: Mapping[str, WatchProgress]) -> Episode | None:
    """The episode that was last begun; when that was finished, the next one that was not, else just the next one.

    The first when nothing was watched, or the last episode was finished.
    """
    episodes = list(series.walk_episodes())
    if not episodes:
        return None
    season, card = episodes[_find_place(episodes, progress) or 0]
    return Episode(series=series, season=season, card=card)


def choose_resumable(card: AnyTitleCard, state: ProfileState) -> AnyPlayable | None:
    """What continue watching goes on with; None where nothing was begun, or the end was seen.

    A series whose last episode was finished comes back when another follows.
    """
    if card.id not in state.progress_by_title:
        return None
    if isinstance(card, SeriesCard) and _find_place(list(card.walk_episodes()), state.progress) is None:
        return None
    playable = choose_playable(card, state.progress)
    held = state.progress.get(playable.id) if playable is not None else None
    return playable if held is None or not held.completed else None


def find_next_episode(episode: Episode) -> Episode | None:
    """The episode behind this one, across seasons; None behind the last."""
    episodes = list(episode.series.walk_episodes())
    for place, (_, card) in enumerate(episodes[:-1]):
        if card.id == episode.card.id:
            season, following = episodes[place + 1]
            return Episode(series=episode.series, season=season, card=following)
    return None


def list_unfinished(state: ProfileState) -> list[WatchProgress]:
    """The latest progress of each title that is worth taking up again, newest first, ties by title id.

    A film that was finished is left out; a series whose latest episode was finished stays, since another may follow.
    """
    latest = [max(entries, key=_by_time) for entries in state.progress_by_title.values()]
    kept = [entry for entry in latest if not entry.dismissed and not entry.is_finished_film]
    return sorted(kept, key=lambda entry: (-entry.updated_at.timestamp(), entry.title_id))


def _find_place(
    episodes: Sequence[tuple[SeasonCard, EpisodeCard]], progress: Mapping[str, WatchProgress]
) -> int | None:
    """The place of the episode to play; None behind the last."""
    watched = [(progress[card.id], place) for place, (_, card) in enumerate(episodes) if card.id in progress]
    if not watched:
        return 0
    latest, place = max(watched, key=lambda entry: (entry[0].updated_at, entry[1]))
    if not latest.completed:
        return place
    finished = {place for entry, place in watched if entry.completed}
    behind = range(place + 1, len(episodes))
    return next((later for later in behind if later not in finished), behind.start if behind else None)


def _by_time(entry: WatchProgress) -> tuple[datetime, str]:
    return (entry.updated_at, entry.playable_id)
