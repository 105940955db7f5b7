"""Operations over the museum that reach all that is done with kept fragments: what every mutant must trip over."""

from typing import Any, NamedTuple

from tests.unit.execution.zoo_models import Faults


class Example(NamedTuple):
    text: str
    variables: tuple[dict[str, Any], ...] = ({},)
    then: str | None = None
    """Another operation, with the same variables."""
    faults: tuple[Faults, ...] = (Faults(1, 12), Faults(2, 40))


MUSEUM_CORPUS = {
    "what depends on nobody": Example("{ works(first: 8) { __typename id name year mood tags } artists { name id } }"),
    "what belongs to a visitor": Example("{ works { name isLiked note distance ownMood id } artists { isFollowed } }"),
    "signs that equal numbers have": Example("{ works { name distance } }"),
    "what may not be null": Example("{ works(first: 8) { id visits owner { name greeting } artist { isFollowed } } }"),
    "what is waited for": Example("{ works { rank name again: rank similar { name rank } } work { origin rank } }"),
    "what is declared to be read": Example("{ works { label price { amount currency } origin } }"),
    "where nothing is read but far below": Example("{ halls { id exhibits { work { subject { ...p } label } } } }"
                                                   " fragment p on Painting { price { currency } artist { name } }"),
    "what only friends may see": Example("{ works { id secret label } }"),
    "arguments": Example(
        """query($s: Int, $p: String! = "<", $f: Int!) {
          works { label(size: $s, prefix: $p) other: label(prefix: "é") note(prefix: $p)
            similar(first: $f) { label } } }""",
        ({"f": 1}, {"f": 2, "s": 3}, {"f": 1, "s": 4}, {"f": 2, "p": '"'}, {"f": 1, "s": None}, {"f": 0}),
    ),
    "values that are equal and not the same": Example(
        """query($v: Json, $s: Float!) {
          works { echo(value: $v) within: echo(value: {a: [$v], b: 1}) scale(scale: $s) } }""",
        ({"v": 1, "s": 0}, {"v": True, "s": 0.0}, {"v": 1.0, "s": -0.0}, {"v": "1", "s": 1.0}, {"v": None, "s": 1},
         {"v": {"a": [True]}, "s": 1}),
    ),
    "conditions": Example(
        """query($a: Boolean!, $b: Boolean = true) {
          works { id isLiked @skip(if: $a) ... @include(if: $b) { note artist { name born @skip(if: $a) } } } }""",
        ({"a": True}, {"a": False}, {"a": True, "b": False}, {"a": False, "b": False}),
    ),
    "merged selections": Example(
        """{ works { artist { id } name ...w } works { ...w ... on Sculpture { weight studies { frame { bid } } } } }
        fragment w on Work { artist { isFollowed name } isLiked ... on Painting { frame { offer material } } }"""
    ),
    "two selections of one work": Example("{ works { id name } again: works { id year } work { id mood } }"),
    "unions": Example(
        "{ works { id topic { __typename ... on Painting { isLiked label } ... on Artist { name isFollowed born } } } }"
    ),
    "two operations": Example("{ works { id name isLiked } }", then="{ works { id year isLiked } }"),
    "one selection in several places": Example(
        """{ works { ...w similar { ...w } } exhibits { work { ...w } } artists { name } }
        fragment w on Work { name isLiked rank visits artist { name isFollowed } }"""
    ),
    "lists that are kept": Example(
        """{ exhibits { number ticket work { name isLiked } } halls { name guide exhibits { ticket work { id } } }
             works { nearby { number work { note } } } }"""
    ),
    "lists that are kept, in what is not": Example(
        "{ tour { number stops { number work { ...w } } halls { exhibits { work { ...w } ticket } } } }"
        " fragment w on Work { label frameless: name isLiked ... on Painting { frame { bid } } }"
    ),
    "values of classes that nobody declared": Example(
        """{ things { __typename ... on Artist { isFollowed } ...p }
             works(first: 8) { name subject { ... on Artist { name } ...p } } }
        fragment p on Person { name greeting favourite { name isLiked } }"""
    ),
    "holes in what has no name": Example(
        "{ works(first: 6) { ... on Painting { frame { material offer bid } layers { offer isGilded } } } }"
    ),
    "kept within kept": Example(
        """{ works(first: 8) { name details { name note artist { name isFollowed } details { id isLiked } }
               ... on Sculpture { studies { name ownMood frame { offer } } } } }"""
    ),
    "null climbs": Example(
        "{ halls { exhibits { ticket work { visits artist { isFollowed born } details { label } } } } }",
        faults=(Faults(1, 4), Faults(2, 40), Faults(7, 12)),
    ),
    "null climbs through what is waited for": Example(
        """{ tour { stops { ticket work { rank similar { visits rank } } } }
             work(number: 2) { similar { owner { name } } } }""",
        faults=(Faults(1, 4), Faults(2, 40), Faults(7, 12)),
    ),
}  # fmt: skip
