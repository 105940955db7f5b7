"""What there is to draw of a subject, found in the catalogue's snapshot by its id."""

from bff.artwork.briefs import AvatarBrief, DrawingBrief, PersonBrief, StillBrief, TitleBrief
from bff.artwork.portraits import AVATARS
from bff.domain.titles import AnyTitleCard, Episode, MovieCard, Trailer
from bff.domain.video import Video
from bff.stores.snapshot import Catalogue


def find_brief(catalogue: Catalogue, subject_id: str) -> DrawingBrief | None:
    """The brief of a title, episode, trailer or person, or of an avatar by its key; None for what is not there."""
    if subject_id in AVATARS:
        return AvatarBrief(key=subject_id)
    card = catalogue.cards.get(subject_id)
    if card is not None:
        return brief_title(catalogue, card)
    part = catalogue.episodes.get(subject_id) or catalogue.trailers.get(subject_id)
    if part is not None:
        return brief_part(catalogue, part)
    person = catalogue.people.get(subject_id)
    return PersonBrief(name=person.name) if person is not None else None


def brief_title(catalogue: Catalogue, card: AnyTitleCard) -> TitleBrief:
    genres = [catalogue.genres[identifier] for identifier in card.genre_ids if identifier in catalogue.genres]
    return TitleBrief(
        version=card.artwork.version,
        name=card.name,
        release_year=card.release_year,
        genre_slugs=tuple(genre.slug for genre in genres),
        genre_name=genres[0].name if genres else "",
        still=find_still(card.video) if isinstance(card, MovieCard) else "",
    )


def find_still(video: Video | None) -> str:
    """Where the object store has the frame that stands for a video; empty where there is none."""
    return f"media/{video.asset_id}/{video.stills[0]}" if video is not None and video.stills else ""


def brief_part(catalogue: Catalogue, part: Episode | Trailer) -> StillBrief:
    title, label = (part.series, part.label) if isinstance(part, Episode) else (part.title, part.name)
    return StillBrief(title=brief_title(catalogue, title), label=label, still=find_still(part.video))
