"""The tests of kept fragments notice: each of these faults makes an example over the museum differ."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

import pytest

import bff.execution.code as code_module
import bff.execution.fragments as fragments_module
import bff.execution.generated_calls as generated_calls_module
import bff.execution.splicing as splicing_module
import bff.execution.survey as survey_module
from bff.execution.failures import Failure
from bff.execution.fragments import Filling, Fragment, FragmentCache, Hole, KeptList
from bff.execution.models import list_models
from bff.execution.splicing import Splicing
from tests.unit.execution.museum_corpus import MUSEUM_CORPUS
from tests.unit.execution.museum_models import Visit
from tests.unit.execution.test_fragments import check_example

pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
Mutate = Callable[[pytest.MonkeyPatch], None]


def replace(owner: Any, name: str, new: Callable[..., Any]) -> Mutate:
    """Put another function in place; it is given the one that stands there first."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        original = getattr(owner, name)
        patch.setattr(owner, name, lambda *given, **named: new(original, *given, **named), raising=True)

    return mutate


def read_without(left_out: str) -> Mutate:
    """A part of what is declared to be read is left out of the key."""

    def read(original: Any, visit: Visit, reads: tuple[str, ...]) -> Hashable:
        return original(visit, tuple(name for name in reads if name != left_out))  # type: ignore[no-any-return]

    return replace(Visit, "read_for_fragments", read)


def find_token_without(part: int) -> Mutate:
    """A part of the key is left out: plan, place in the plan, variables or what is read."""

    def find(original: Any, cache: FragmentCache, key: tuple[Any, ...]) -> int:
        return original(cache, (*key[:part], None, *key[part + 1 :]))  # type: ignore[no-any-return]

    return replace(FragmentCache, "find_token", find)


def open_tokens_of_all(original: Any, splicing: Splicing) -> None:
    """Whatever is read."""
    reads, splicing._plan.reads = splicing._plan.reads, ()
    original(splicing)
    splicing._plan.reads = splicing._reads = reads


def write_without_escapes(original: Any, value: Any) -> bytes:
    return f'"{value}"'.encode() if isinstance(value, str) else original(value)  # type: ignore[no-any-return]


def find_any_version(patch: pytest.MonkeyPatch) -> None:
    def find(cache: FragmentCache, token: int, identity: Hashable, _value: Any) -> Fragment | None:
        return cache._fragments.get((token, identity))

    patch.setattr(FragmentCache, "find", find)


def take_one_kept_list_for_another(patch: pytest.MonkeyPatch) -> None:
    original = FragmentCache.find

    def find(cache: FragmentCache, token: int, identity: Hashable, value: Any) -> Fragment | None:
        if type(value) is KeptList:
            return cache._fragments.get((token, len(value)))
        return original(cache, token, identity, value)

    def keep(cache: FragmentCache, token: int, identity: Hashable, fragment: Fragment) -> None:
        key = len(fragment.value) if type(fragment.value) is KeptList else identity
        cache._fragments[token, key] = fragment

    patch.setattr(FragmentCache, "find", find)
    patch.setattr(FragmentCache, "keep", keep)


def swap_places(original: Any, *given: Any) -> None:
    original(*given)
    for group in given[0].groups:
        group.places.reverse()


def swap_holes(original: Any, fragment: Fragment, texts: list[bytes]) -> bytes:
    return original(fragment, texts[::-1])  # type: ignore[no-any-return]


def fill_in_as_before(original: Any, fragment: Fragment, values: list[list[Any]]) -> Any:
    return fragment._filled if fragment._filled is not None else original(fragment, values)


def keep_though_some_failed(original: Any, splicing: Splicing, failures: list[Failure]) -> Iterator[None]:
    if failures:
        yield from splicing._keep_missed()
    yield from original(splicing, failures)


def unfold_in_another_order(original: Any, filling: Filling) -> None:
    original(filling)
    data = filling.holder[filling.key] if type(filling.holder) is not Hole else filling.holder.value
    if isinstance(data, dict):
        items = list(data.items())
        data.clear()
        data.update(reversed(items))


def lose_the_place_of_holes(_original: Any, hole: Hole) -> None:
    hole.target = {}


def survey_no_deeper(original: Any, position: Any) -> Any:
    survey = original(position)
    return None if survey is None else survey._replace(reads=frozenset())


def cut_all_holes_but_one(original: Any, value: Any, data: Any) -> Any:
    fragment = original(value, data)
    if fragment is None or not fragment.gaps:
        return fragment
    pieces = [*fragment.pieces[:-2], fragment.pieces[-2] + b"null" + fragment.pieces[-1]]
    return Fragment(value, pieces, fragment.gaps[:-1])


def overlook_undeclared_classes(original: Any, output_type: Any, schema: Any) -> Any:
    known = original(output_type, schema)
    return list(filter(list_models, schema.get_possible_types(output_type))) if known is None else known


def ignore_what_stands_around(original: Any, field: Any) -> bool:
    declared = field.strawberry_field
    if declared is not None and survey_module.READS in declared.metadata:
        return False
    return original(field)  # type: ignore[no-any-return]


def read_every_leaf(patch: pytest.MonkeyPatch) -> None:
    """Good leaves are not told from others."""
    original = code_module.load_lines

    def load(name: str, lines: list[str], *given: Any) -> Any:
        return original(name, [line.replace("return None", "pass") for line in lines], *given)

    patch.setattr(code_module, "_kept", OrderedDict())
    patch.setattr(generated_calls_module, "load_lines", load)


def take_floats_for_exact(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(generated_calls_module, "float", None, raising=False)


def never_run_holes_of_found_fragments(original: Any, plan: Any, hole: Any) -> None:
    children = {id(slot): list(slot.children) for slot in plan.slots}
    original(plan, hole)
    for slot in plan.slots:
        slot.children[:] = children.get(id(slot), slot.children)


class Mutant(NamedTuple):
    mutate: Mutate
    noticed_by: str
    """The name of an example."""


MUTANTS = {
    "fields that say nothing are kept": Mutant(
        replace(survey_module, "belongs_to_request", lambda *_: False), "what belongs to a visitor"
    ),
    "fields with a permission are kept": Mutant(
        replace(survey_module, "belongs_to_request", ignore_what_stands_around), "what only friends may see"
    ),
    "values of undeclared classes are kept": Mutant(
        replace(survey_module, "list_shown_types", overlook_undeclared_classes),
        "values of classes that nobody declared",
    ),
    "what is read far below is no part of the key": Mutant(
        replace(survey_module, "survey_position", survey_no_deeper), "where nothing is read but far below"
    ),
    "the region is no part of the key": Mutant(read_without("region"), "what is declared to be read"),
    "the language is no part of the key": Mutant(read_without("language"), "what is declared to be read"),
    "the plan is no part of the key": Mutant(find_token_without(0), "two operations"),
    "the selection is no part of the key": Mutant(find_token_without(1), "two selections of one work"),
    "variables are no part of the key": Mutant(find_token_without(2), "arguments"),
    "nothing that is read is part of the key": Mutant(find_token_without(3), "what is declared to be read"),
    "tokens are kept for all that is read": Mutant(
        replace(Splicing, "_open_tokens", open_tokens_of_all), "what is declared to be read"
    ),
    "an older version stands for a later one": Mutant(find_any_version, "what depends on nobody"),
    "a list stands for another": Mutant(take_one_kept_list_for_another, "lists that are kept"),
    "what belongs to a visitor is written as it is": Mutant(
        replace(fragments_module, "write_value", write_without_escapes), "what belongs to a visitor"
    ),
    "the last hole is kept as it was": Mutant(
        replace(splicing_module, "cut_fragment", cut_all_holes_but_one), "what belongs to a visitor"
    ),
    "holes are filled in another order": Mutant(replace(Fragment, "join", swap_holes), "what belongs to a visitor"),
    "holes of a group are filled in another order": Mutant(
        replace(Fragment, "__init__", swap_places), "lists that are kept"
    ),
    "a fragment is filled in once for all": Mutant(
        replace(Fragment, "fill_in", fill_in_as_before), "lists that are kept"
    ),
    "equal floats are written alike": Mutant(take_floats_for_exact, "signs that equal numbers have"),
    "bad leaves are taken for good": Mutant(read_every_leaf, "what may not be null"),
    "parts with failures are kept": Mutant(
        replace(Splicing, "settle", keep_though_some_failed), "what is declared to be read"
    ),
    "unfolded parts have their fields in another order": Mutant(
        replace(Filling, "unfold", unfold_in_another_order), "what may not be null"
    ),
    "holes lose their places": Mutant(replace(Hole, "settle", lose_the_place_of_holes), "what may not be null"),
    "nothing runs below what was found": Mutant(
        replace(survey_module, "_mark_hole", never_run_holes_of_found_fragments), "kept within kept"
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
async def test_each_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[name]
    mutant.mutate(monkeypatch)
    try:
        await check_example(MUSEUM_CORPUS[mutant.noticed_by])
    except Exception:
        return
    pytest.fail("the example does not differ")
