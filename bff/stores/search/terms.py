"""The Tantivy index: which entities hold a word, by field. It knows ordinals and words, not titles and viewers."""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt
import tantivy
from msgspec import Struct
from tantivy import Query

Ordinals = npt.NDArray[np.int32]

_HEAP_BYTES = 64_000_000
_CACHED_LOOKUPS = 512


class Field(StrEnum):
    """`START` is the first word of a name; the joined ones hold neighbouring words with their space forgotten."""

    NAME = "name"
    START = "start"
    JOINED_NAME = "joined_name"
    SYNOPSIS = "synopsis"
    JOINED_SYNOPSIS = "joined_synopsis"


class TermDocument(Struct, frozen=True):
    """The words of one entity, folded, with spaces between them; `ordinal` says which it is."""

    ordinal: int
    fields: dict[Field, str]


class TermIndex:
    """Words to ordinals, as of one commit; safe to share between threads.

    Text never passes through Tantivy's query parser, so no text is a syntax error.
    """

    def __init__(self, index: tantivy.Index, schema: tantivy.Schema) -> None:
        self._index = index
        self._schema = schema
        self._searcher = index.searcher()
        # Bound to the searcher, not to this object: a cycle would keep old indexes until the collector comes round.
        self.find = lru_cache(maxsize=_CACHED_LOOKUPS)(partial(_find, self._searcher, schema))

    @classmethod
    def create(cls, documents: Iterable[TermDocument]) -> "TermIndex":
        builder = tantivy.SchemaBuilder().add_unsigned_field("ordinal", indexed=True, fast=True)
        for field in Field:
            builder = builder.add_text_field(field, tokenizer_name="whitespace")
        schema = builder.build()
        return cls(tantivy.Index(schema), schema).replace(documents, removed=())

    def replace(self, documents: Iterable[TermDocument], removed: Iterable[int]) -> "TermIndex":
        """The index with these documents in place of those of the same ordinals, and without `removed`.

        This object goes on answering as before; replace only in the newest one.
        """
        with self._index.writer(heap_size=_HEAP_BYTES, num_threads=1) as writer:
            for ordinal in removed:
                self._delete(writer, ordinal)
            for document in documents:
                if self._searcher.num_docs:
                    self._delete(writer, document.ordinal)
                entry = tantivy.Document()
                entry.add_unsigned("ordinal", document.ordinal)
                for field, text in document.fields.items():
                    entry.add_text(field, text)
                writer.add_document(entry)
            writer.commit()
        self._index.reload()
        return TermIndex(self._index, self._schema)

    def _delete(self, writer: tantivy.IndexWriter, ordinal: int) -> None:
        # `delete_documents_by_term` takes a number for a signed one, and finds nothing in an unsigned field.
        writer.delete_documents_by_query(Query.term_query(self._schema, "ordinal", ordinal))

    def find_phrase(self, field: Field, words: tuple[str, ...]) -> Ordinals:
        """Which entities hold these words, two or more, one after the other."""
        return _collect(self._searcher, Query.phrase_query(self._schema, field, list(words)))


def _find(
    searcher: tantivy.Searcher,
    schema: tantivy.Schema,
    field: Field,
    word: str,
    *,
    typos: int = 0,
    prefix: bool = False,
) -> Ordinals:
    """Which entities hold `word`, or one within `typos` edits of it, or beginning with it."""
    if typos or prefix:
        query = Query.fuzzy_term_query(schema, field, word, distance=typos, prefix=prefix)
    else:
        query = Query.term_query(schema, field, word)
    return _collect(searcher, query)


def _collect(searcher: tantivy.Searcher, query: Query) -> Ordinals:
    limit = max(searcher.num_docs, 1)
    found = searcher.search(query, limit=limit, count=False, order_by_field="ordinal").hits
    return np.fromiter((ordinal for ordinal, _ in found), dtype=np.int32, count=len(found))
