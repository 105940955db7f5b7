"""Generated functions: each text is compiled once a process, since plans have most of theirs in common, and stands in
`linecache` for tracebacks as long as it is kept.
"""

import builtins
import linecache
import sys
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from itertools import count
from types import CodeType, FunctionType
from typing import Any

_MOST_KEPT = 4096
_numbers = count(1)
_kept: OrderedDict[str, CodeType] = OrderedDict()


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
