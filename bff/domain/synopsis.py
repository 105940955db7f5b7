"""How much of a synopsis a screen shows."""

SHORT = 120
"""Characters on a small screen."""


def shorten(text: str, limit: int = SHORT) -> str:
    """The text up to the last whole word within `limit` characters, the ellipsis included."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    if text[limit - 1] != " " and " " in cut:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,;:.–—-") + "…"
