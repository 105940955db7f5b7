"""Which episode the play button of a series starts, and what continue watching shows."""

from collections.abc import Mapping

from bff.domain.profile_state import WatchProgress
from bff.domain.titles import AnyPlayable, AnyTitleCard, Episode, MovieCard, SeriesCard


def choose_playable(card: AnyTitleCard, progress: Mapping[str, WatchProgress]) -> AnyPlayable | None:
    """What the play button starts: the film; of a series the episode that was last begun, the one behind it when that
    was finished, the first when nothing was watched or all is. None for a series without episodes.
    """
    if isinstance(card, MovieCard):
        return card
    return choose_episode(card, progress)


def choose_episode(series: SeriesCard, progress: Mapping[str, WatchProgress]) -> Episode | None:
    episodes = list(series.walk_episodes())
    if not episodes:
        return None
    watched = [(place, progress[card.id]) for place, (_, card) in enumerate(episodes) if card.id in progress]
    place = 0
    if watched:
        place, latest = max(watched, key=lambda entry: (entry[1].updated_at, entry[0]))
        if latest.completed:
            place = (place + 1) % len(episodes)
    season, card = episodes[place]
    return Episode(series=series, season=season, card=card)


def choose_resumable(card: AnyTitleCard, progress: Mapping[str, WatchProgress]) -> AnyPlayable | None:
    """What continue watching goes on with; None where nothing was begun, or everything was seen to the end."""
    playable = choose_playable(card, progress)
    if playable is None:
        return None
    held = progress.get(playable.id)
    if held is not None:
        return None if held.completed else playable
    return playable if any(entry.title_id == card.id for entry in progress.values()) else None


def find_next_episode(episode: Episode) -> Episode | None:
    """The episode behind this one, across seasons; None behind the last."""
    episodes = list(episode.series.walk_episodes())
    for place, (_, card) in enumerate(episodes[:-1]):
        if card.id == episode.card.id:
            season, following = episodes[place + 1]
            return Episode(series=episode.series, season=season, card=following)
    return None


def list_unfinished(progress: Mapping[str, WatchProgress]) -> list[WatchProgress]:
    """The latest progress of each title that is worth taking up again, newest first, ties by title id.

    A film that was finished is left out; a series whose latest episode was finished stays, since another may follow.
    """
    latest: dict[str, WatchProgress] = {}
    for entry in progress.values():
        held = latest.get(entry.title_id)
        if held is None or entry.updated_at > held.updated_at:
            latest[entry.title_id] = entry
    kept = [
        entry
        for entry in latest.values()
        if not entry.dismissed and not (entry.completed and entry.playable_id == entry.title_id)
    ]
    return sorted(kept, key=lambda entry: (-entry.updated_at.timestamp(), entry.title_id))
