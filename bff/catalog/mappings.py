"""The project's own tables in `demo/catalog`: genres, what each source's labels mean, countries, distinct works."""

import hashlib
from collections.abc import Iterable

from msgspec import Struct

from bff.catalog.files import MAPPING_FOLDER, read_mapping
from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import Genre

_FILES = ("genres.csv", "genre_labels.csv", "countries.csv", "distinct_works.csv")


class Mappings(Struct, frozen=True):
    """`genres` by slug in the order in which they are listed; `labels` by source and word, None for what is no genre.

    `distinct_works` are pairs of show_id and TVmaze id that share a name but not the work.
    """

    genres: dict[str, Genre]
    origins: frozenset[str]
    labels: dict[tuple[str, str], str | None]
    countries: dict[str, str]
    distinct_works: frozenset[tuple[str, int]]

    def find_genres(self, labels: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        """Slugs of (source, label) pairs, each once: kinds of story first, where a title comes from after them.

        The sources list labels by alphabet, so that their order says nothing else.
        """
        slugs = dict.fromkeys(slug for label in labels if (slug := self.labels.get(label)))
        return tuple(sorted(slugs, key=lambda slug: slug in self.origins))


def read_mappings() -> Mappings:
    """Read the tables; they are part of the rules, not of what an operator imports."""
    genres = read_mapping("genres.csv")
    return Mappings(
        genres={
            row["slug"]: Genre(id=derive_id(IdKind.GENRE, row["slug"]), slug=row["slug"], name=row["name"])
            for row in genres
        },
        origins=frozenset(row["slug"] for row in genres if row["group"] == "origin"),
        labels={(row["source"], row["label"]): row["slug"] or None for row in read_mapping("genre_labels.csv")},
        countries={row["name"]: row["code"] for row in read_mapping("countries.csv")},
        distinct_works=frozenset((row["show_id"], int(row["tvmaze_id"])) for row in read_mapping("distinct_works.csv")),
    )


def compute_mappings_digest() -> bytes:
    """Changes with any of the tables, 16 bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for file in _FILES:
        digest.update((MAPPING_FOLDER / file).read_bytes())
    return digest.digest()
