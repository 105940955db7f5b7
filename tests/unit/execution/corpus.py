"""Operations over the zoo that reach every part of the executor: what every mutant must trip over."""

from typing import Any, NamedTuple

from tests.unit.execution.zoo_models import Faults


class Example(NamedTuple):
    text: str
    variables: tuple[dict[str, Any], ...] = ({},)
    faults: tuple[Faults, ...] = (Faults(), Faults(1, 40), Faults(2, 40), Faults(3, 80))


CORPUS = {
    "leaves": Example("{ enclosures(first: 8) { number name area climate isOpen capacity motto } }"),
    "attributes that are not trusted": Example(
        "{ enclosures(first: 7) { exits { height text } gate { text climate } signs { text height colours } } }"
    ),
    "names of enum values": Example("""{ lions { items { diet name mane } total } tortoises { items { speed diet } }
             enclosure { star { ... on Tortoise { diet race { diet } } } } }"""),
    "nullable in place of non-null": Example("{ enclosures(first: 6) { annexe { motto capacity } grid { text } } }"),
    "conditions": Example(
        """query($a: Boolean!, $b: Boolean = true) {
          creatures { name @skip(if: $a) ... on Lion @include(if: $b) { mane } ...more @include(if: $a) }
        }
        fragment more on Creature { number ... on Tortoise { age isAwake } }""",
        ({"a": True}, {"a": False}, {"a": True, "b": False}, {"a": False, "b": False}),
    ),
    "merged selections": Example(
        """{ enclosures { number signs { text } signs { ...s } }  enclosures { name number signs { __typename } } }
        fragment s on Sign { height text }"""
    ),
    "values that come again": Example(
        "{ enclosures(first: 9) { plaques { text height climate colours } again: plaques { text } } }"
    ),
    "abstract": Example(
        """{ residents { __typename ... on Lion { name } ... on Keeper { number }
             ... on Tortoise { number name nickname age } }
             creatures(first: 6) { __typename id name ... on Penguin { swims weight } ... on Tortoise { speed } } }"""
    ),
    "below what was waited for": Example(
        """{ enclosure(number: 1) { number star { __typename ... on Tortoise { race { name title } } }
             nextDoor { name nextDoor { label(prefix: "x") headKeeper { name echo } } } } }"""
    ),
    "loaders": Example(
        "{ enclosures(first: 6) { keeper { name boss { name boss { number } } } headKeeper { name } } }"
    ),
    "permissions and extensions": Example(
        '{ keeper(number: 3) { wage address shout(word: "ho") echo boss { wage } } }'
    ),
    "arguments": Example(
        """query($t: String!, $n: Int, $d: Diet! = BOTH, $s: Float = 1) {
          say(text: $t, times: $n, diet: $d, scale: $s)
          again: say(text: "x", climate: WARM, loud: true, ref: 7, times: null)
          choose more: choose(tags: "one", choice: {word: "w", diet: HERBIVORE, range: {high: 3}})
          stamp weight(of: 2) tree(value: {a: [1]}) }""",
        ({"t": "a"}, {"t": "b", "n": None}, {"t": "c", "n": 5, "d": "CARNIVORE", "s": None}, {"t": "d", "d": None}),
    ),
    "arguments of what is called for many": Example(
        """query($p: String!, $s: Int) { enclosures { label(prefix: $p, size: $s) bare: label } }""",
        ({"p": "<"}, {"p": ">", "s": 2}, {"p": "", "s": None}),
    ),
    "an argument that has to be there": Example("{ need one: need(optional: 1) }"),
    "values that are awaited in lists": Example(
        "{ crate { late promised tower { number late } once inner { number } } }"
    ),
    "under what is no model": Example(
        "{ crates { inner { inner { keeper { name } broken late } keeper { number } } } }"
    ),
    "null climbs": Example(
        """{ ragged { name friends { name } } matrix
             creatures { mate { mate { friends(first: 1) { id mate { number } } } }
               ... on Lion { roar prey { roar } } } }"""
    ),
    "null climbs far": Example("{ keeper(number: 1) { boss { boss { address number } } } lions { items { roar } } }"),
    "lists of models in lists": Example("{ enclosures(first: 4) { grid { height text climate colours } } }"),
    "residents of many": Example(
        """{ enclosures(first: 4) {
             residents { ... on Lion { roar } ... on Keeper { address } ... on Tortoise { title } } } }"""
    ),
    "paths": Example("{ where a: where creatures(first: 5) { ... on Penguin { where } } }"),
    "introspection": Example(
        '{ __type(name: "Lion") { name fields { name type { kind } } } __schema { queryType { name } } }'
    ),
}
