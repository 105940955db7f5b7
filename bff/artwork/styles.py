"""What a genre looks like besides its colours: the face its titles are set in and the motifs that suit it."""

from collections.abc import Sequence

from msgspec import Struct

from bff.artwork.faces import ANTON, CINZEL, FREDOKA, GOTHIC, INTER, OSWALD, PLAYFAIR, UNBOUNDED, Face


class Style(Struct, frozen=True):
    face: Face
    motifs: tuple[str, ...]

    @property
    def is_centred(self) -> bool:
        """Book faces stand on the middle axis, the rest flush left."""
        return self.face in (CINZEL, PLAYFAIR)


_PLAIN = Style(INTER, ("arches", "hills", "lenses", "rings", "stripes", "waves"))

STYLES: dict[str, Style] = {
    "action-adventure": Style(ANTON, ("burst", "hills", "shards", "skyline", "stripes")),
    "animation": Style(FREDOKA, ("arches", "burst", "hills", "tiles", "waves")),
    "anime": Style(UNBOUNDED, ("burst", "halftone", "shards", "sliced-sun", "waves")),
    "biography": Style(PLAYFAIR, ("arches", "beam", "lenses", "rings")),
    "british": Style(PLAYFAIR, ("arches", "skyline", "stripes", "waves")),
    "classic": Style(PLAYFAIR, ("arches", "beam", "burst", "lenses", "spiral")),
    "comedy": Style(INTER, ("arches", "burst", "halftone", "stripes", "tiles")),
    "crime": Style(OSWALD, ("beam", "eye", "shards", "skyline", "spiral")),
    "documentary": Style(OSWALD, ("hills", "lenses", "rings", "skyline", "waves")),
    "drama": Style(PLAYFAIR, ("arches", "hills", "lenses", "rings", "waves", "skyline")),
    "faith-spirituality": Style(CINZEL, ("arches", "burst", "hills", "moon")),
    "family-kids": Style(FREDOKA, ("arches", "burst", "hills", "moon", "tiles", "waves")),
    "history": Style(CINZEL, ("arches", "burst", "hills", "waves")),
    "horror": Style(GOTHIC, ("beam", "eye", "moon", "spiral")),
    "independent": Style(OSWALD, ("lenses", "rings", "stripes", "waves")),
    "international": Style(INTER, ("arches", "hills", "lenses", "stripes", "waves")),
    "korean": Style(INTER, ("lenses", "moon", "rings", "skyline", "waves")),
    "lgbtq": Style(INTER, ("lenses", "stripes", "waves", "arches")),
    "music": Style(UNBOUNDED, ("halftone", "rings", "skyline", "sliced-sun", "stripes")),
    "mystery": Style(GOTHIC, ("beam", "eye", "moon", "rings", "spiral")),
    "nature": Style(OSWALD, ("hills", "rings", "waves")),
    "reality": Style(UNBOUNDED, ("halftone", "lenses", "stripes", "tiles")),
    "romance": Style(PLAYFAIR, ("hills", "lenses", "moon", "waves")),
    "sci-fi": Style(UNBOUNDED, ("lenses", "moon", "rings", "sliced-sun", "spiral")),
    "spanish-language": Style(OSWALD, ("arches", "burst", "hills", "stripes")),
    "sport": Style(ANTON, ("burst", "halftone", "shards", "stripes")),
    "stand-up": Style(ANTON, ("beam", "burst", "halftone", "stripes")),
    "teen": Style(INTER, ("lenses", "stripes", "tiles", "waves")),
    "thriller": Style(GOTHIC, ("beam", "eye", "shards", "skyline", "spiral")),
    "war": Style(ANTON, ("burst", "hills", "shards", "skyline")),
    "western": Style(ANTON, ("hills", "sliced-sun", "burst")),
}


def choose_style(genre_slugs: Sequence[str]) -> Style:
    """That of the first genre that has one."""
    return next((STYLES[slug] for slug in genre_slugs if slug in STYLES), _PLAIN)
