"""What the rest of the house asks of search, whichever engine stands behind it."""

from typing import Protocol

from bff.domain.search import Admits, SearchAnswer, Suggestion


class SearchEngine(Protocol):
    async def search(self, text: str, *, visible: frozenset[str], admits: Admits | None = None) -> SearchAnswer:
        """Everything that `text` finds among the titles whose ids are in `visible`, best first.

        No part of the answer depends on any other title. `admits` narrows hits and facets further, as filters do,
        but neither people nor the correction. Any text is answered; a text without a word finds nothing.
        """
        ...

    async def suggest(self, prefix: str, *, visible: frozenset[str], limit: int = 8) -> tuple[Suggestion, ...]:
        """Completions of what is being typed, best first: names, people and genres of `visible` titles alone."""
        ...
