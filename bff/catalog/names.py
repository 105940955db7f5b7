"""The key by which names of titles and people are compared across sources."""

import re
import unicodedata

_SEPARATORS = re.compile(r"\W+")


def fold_name(name: str) -> str:
    """NFKC, casefolded, letters and digits of every script only: "WHAT / IF" and "What If?" are one name.

    Empty for a name without letters and digits; such a name must never be joined.
    """
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name).casefold())


def clean_text(text: str) -> str:
    """Every run of white space, line breaks and no-break spaces included, becomes one blank."""
    return " ".join(text.split())
