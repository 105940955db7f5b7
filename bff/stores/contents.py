"""What a catalogue holds, to be found by id: titles and their parts, and people with their titles."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from typing import NamedTuple

from bff.domain.titles import AnyTitleCard, Episode, Person, Season, SeriesCard, Trailer, plays


class Change(NamedTuple):
    """A title before and after a change; None where there is, or was, no such title."""

    before: AnyTitleCard | None
    after: AnyTitleCard | None


Titles = tuple[AnyTitleCard, ...]


class Contents:
    """Never changed once made. `by_popularity` has the highest first, ties by id; so have the titles of a person.

    `playing` are the ids of titles of which something plays.
    """

    def __init__(self, cards: Iterable[AnyTitleCard]) -> None:
        self.cards = {card.id: card for card in cards}
        self.by_popularity: Titles = tuple(sorted(self.cards.values(), key=by_popularity))
        self.playing = frozenset([card.id for card in self.by_popularity if plays(card)])
        self.people: dict[str, Person] = {}
        self.seasons: dict[str, Season] = {}
        self.episodes: dict[str, Episode] = {}
        self.trailers: dict[str, Trailer] = {}
        titles_by_person: defaultdict[str, list[AnyTitleCard]] = defaultdict(list)
        for card in self.by_popularity:
            self._put_parts(card)
            for credit in card.credits:
                if credit.person_id not in self.people:
                    self.people[credit.person_id] = Person(id=credit.person_id, name=credit.name)
                titles = titles_by_person[credit.person_id]
                if not titles or titles[-1] is not card:
                    titles.append(card)
        # Tuples of what holds no cycle are left alone by the garbage collector; lists are walked each time.
        self.titles_by_person: dict[str, Titles] = {person: tuple(held) for person, held in titles_by_person.items()}

    def find_changes(self, changed: Iterable[AnyTitleCard], removed: Iterable[str]) -> list[Change]:
        """What becomes of each title that is named; nothing of one that stays as it is."""
        after: dict[str, AnyTitleCard | None] = dict.fromkeys(removed)
        after.update((card.id, card) for card in changed)
        changes = [Change(self.cards.get(title_id), card) for title_id, card in after.items()]
        return [change for change in changes if change.before != change.after]

    def replace(self, changes: Iterable[Change]) -> "Contents":
        """Those of a later catalogue. All but copying goes by what changed."""
        changes = list(changes)
        later = copy(self)
        later.cards, later.people, later.seasons = dict(self.cards), dict(self.people), dict(self.seasons)
        later.episodes, later.trailers = dict(self.episodes), dict(self.trailers)
        later.titles_by_person = dict(self.titles_by_person)
        later.by_popularity = reorder(self.by_popularity, changes)
        later.playing = self.playing.difference([before.id for before, _ in changes if before is not None]).union(
            [after.id for _, after in changes if after is not None and plays(after)]
        )
        for before, _ in changes:
            if before is not None:
                later._take_out(before)
        for _, after in changes:
            if after is not None:
                later.cards[after.id] = after
                later._put_parts(after)
        later._credit(changes)
        return later

    def _take_out(self, card: AnyTitleCard) -> None:
        del self.cards[card.id]
        for trailer in card.trailers:
            del self.trailers[trailer.id]
        if isinstance(card, SeriesCard):
            for season in card.seasons:
                del self.seasons[season.id]
                for episode in season.episodes:
                    del self.episodes[episode.id]

    def _put_parts(self, card: AnyTitleCard) -> None:
        for trailer in card.trailers:
            self.trailers[trailer.id] = Trailer(title=card, card=trailer)
        if isinstance(card, SeriesCard):
            for season in card.seasons:
                self.seasons[season.id] = Season(series=card, card=season)
                for episode in season.episodes:
                    self.episodes[episode.id] = Episode(series=card, season=season, card=episode)

    def _credit(self, changes: Iterable[Change]) -> None:
        of_person: defaultdict[str, list[Change]] = defaultdict(list)
        names: dict[str, str] = {}
        for before, after in changes:
            then, now = (_name_people(card) if card is not None else {} for card in (before, after))
            for person_id in then | now:
                change = Change(before if person_id in then else None, after if person_id in now else None)
                of_person[person_id].append(change)
            names |= now
        for person_id, changes_of_titles in of_person.items():
            titles = reorder(self.titles_by_person.get(person_id, ()), changes_of_titles)
            if not titles:
                del self.titles_by_person[person_id], self.people[person_id]
                continue
            self.titles_by_person[person_id] = titles
            person = self.people.get(person_id)
            if person_id in names and (person is None or person.name != names[person_id]):
                self.people[person_id] = Person(id=person_id, name=names[person_id])


def by_popularity(card: AnyTitleCard) -> tuple[float, str]:
    """The order of titles: the most popular first, ties by id."""
    return -card.popularity, card.id


def reorder(titles: Sequence[AnyTitleCard], changes: Iterable[Change]) -> Titles:
    """Titles in the order of `by_popularity` after changes, each of one of them or of one that joins them."""
    ordered = list(titles)
    for before, after in changes:
        if before is not None:
            del ordered[bisect_left(ordered, by_popularity(before), key=by_popularity)]
        if after is not None:
            insort(ordered, after, key=by_popularity)
    return tuple(ordered)


def _name_people(card: AnyTitleCard) -> dict[str, str]:
    """The names of who is credited, by their ids; each person has one name, whatever the title."""
    return {credit.person_id: credit.name for credit in card.credits}
