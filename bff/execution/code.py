"""Generated functions: their lines, and their code, compiled once a process for each text, since plans have most of
theirs in common; it stands in `linecache` for tracebacks as long as it is kept.
"""

import builtins
import linecache
import sys
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from types import CodeType, FunctionType
from typing import Any

_MOST_KEPT = 4096
_numbers = count(1)
_kept: OrderedDict[str, CodeType] = OrderedDict()


@dataclass(slots=True)
class Block:
    """Lines at one depth; deeper ones go into the same list. CPython nests no more than 20 loops."""

    depth: int = 0
    lines: list[str] = field(default_factory=list)
    loops: int = 1

    def add(self, *texts: str) -> None:
        self.lines += ["    " * self.depth + text for text in texts]

    def deeper(self, *, loops: int = 0) -> "Block":
        return Block(self.depth + 1, self.lines, self.loops + loops)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value goes: `assign` has a hole for the good value; `late` hands any other to `Building.complete`.

    `holder[key]` is the place, as an expression that holds before the value is there. `holds_null`: null stands there.
    """

    assign: str
    late: tuple[str, ...]
    holder: str
    key: str
    holds_null: bool = True


def load_function(name: str, text: str, names: Mapping[str, Any]) -> FunctionType:
    """The function that `text` defines under `name`, with `names` for its globals."""
    return FunctionType(_find_code(text), {**names, "__builtins__": builtins}, name)


def load_lines(name: str, lines: Iterable[str], names: Mapping[str, Any], texts: list[str]) -> FunctionType:
    """The same of lines, whose text is added to `texts`."""
    text = sys.intern("\n".join(lines) + "\n")  # one string for all plans that have it
    texts.append(text)
    return load_function(name, text, names)


def _find_code(text: str) -> CodeType:
    """The body of the one function of a text."""
    code = _kept.get(text)
    if code is None:
        filename = f"graphql plan {next(_numbers)}"
        module = compile(text, filename, "exec")
        code = _kept[text] = next(constant for constant in module.co_consts if isinstance(constant, CodeType))
        linecache.cache[filename] = (lambda: text,)  # made into lines by the first traceback that shows it
        if len(_kept) > _MOST_KEPT:
            _, dropped = _kept.popitem(last=False)
            linecache.cache.pop(dropped.co_filename, None)
    else:
        _kept.move_to_end(text)
    return code
