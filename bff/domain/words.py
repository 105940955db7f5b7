"""How text is read as words to search by: the same folding for what is indexed and for what is typed."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

MAX_TYPED_CHARACTERS = 200
MAX_TYPED_WORDS = 12

# Combining marks that readers leave out when they type: Latin and Greek accents, Hebrew points, Arabic vowel signs.
# Marks of other scripts are vowels, without which words become others.
_OPTIONAL_MARKS = (
    (0x0300, 0x036F),
    (0x0591, 0x05C7),
    (0x0610, 0x061A),
    (0x0640, 0x0640),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
)
# Scripts that put no space between words; every character is a word of its own there.
_UNSPACED_SCRIPTS = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_LETTERS_WITHOUT_DECOMPOSITION = {
    "ø": "o",
    "œ": "oe",
    "æ": "ae",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ł": "l",
    "ħ": "h",
    "ı": "i",
    "ŋ": "ng",
    "ʻ": "",
}
_APOSTROPHES = frozenset("'’‘ʼʹ`´′")
_LEADING_ARTICLE = re.compile(r"(?:the|a|an) (?=.)")
_PROPER_NAME_PAIR = re.compile(r"\b([A-Z]\w+) (?=([A-Z]\w+))")


class _FoldingTable(dict[int, str | None]):
    """What `str.translate` puts in place of a character; worked out at its first use."""

    def __missing__(self, code: int) -> str | None:
        replacement = _fold_character(code)
        self[code] = replacement
        return replacement


def _fold_character(code: int) -> str | None:
    character = chr(code)
    category = unicodedata.category(character)
    if character in _LETTERS_WITHOUT_DECOMPOSITION:
        return _LETTERS_WITHOUT_DECOMPOSITION[character]
    if character in _APOSTROPHES or category == "Cf":
        return None
    if category[0] not in "LNM":
        return " "
    return f" {character} " if _lies_in(code, _UNSPACED_SCRIPTS) else character


def _lies_in(code: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= code <= last for first, last in ranges)


_FOLDING = _FoldingTable()
_WITHOUT_OPTIONAL_MARKS = {code: None for first, last in _OPTIONAL_MARKS for code in range(first, last + 1)}


def fold(text: str) -> str:
    """Words in lower case without accents and punctuation, one space between them; empty where there is no word.

    `Fantômas: Part 1` becomes `fantomas part 1`, `Ocean's` `oceans`, `忍者` `忍 者`.
    """
    spelled_out = text.replace(" & ", " and ")
    if spelled_out.isascii():
        return " ".join(spelled_out.lower().translate(_FOLDING).split())
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", spelled_out).casefold())
    # Marks that stay are composed before characters are told apart: the voicing of kana is no character of its own.
    plain = unicodedata.normalize("NFC", decomposed.translate(_WITHOUT_OPTIONAL_MARKS))
    words = unicodedata.normalize("NFC", plain.translate(_FOLDING)).split()
    # A mark that has lost its letter is no word.
    return " ".join(word for word in words if not all(unicodedata.category(part)[0] == "M" for part in word))


def read_words(text: str) -> tuple[str, ...]:
    """The words of what a viewer typed, in their order; what lies past the caps is left out."""
    typed = text[:MAX_TYPED_CHARACTERS]
    if not any(character.isalnum() for character in typed):
        return ()
    return tuple(fold(typed).split())[:MAX_TYPED_WORDS]


def drop_article(folded: str) -> str:
    """A folded name without its leading English article, as viewers leave it out."""
    return _LEADING_ARTICLE.sub("", folded, count=1) if folded.startswith(("the ", "a ", "an ")) else folded


def join_words(words: tuple[str, ...]) -> dict[str, str]:
    """What a name looks like with its spaces forgotten, mapped to what was meant: `sanfrancisco` -> `san francisco`."""
    joined = {first + second: f"{first} {second}" for first, second in pairwise(words)}
    whole = "".join(words)
    if len(words) > 2 and len(whole) <= 32:
        joined[whole] = " ".join(words)
    return joined


def join_proper_names(text: str) -> dict[str, str]:
    """As `join_words`, of neighbouring capitalised words in a running text."""
    joined: dict[str, str] = {}
    for first, second in _PROPER_NAME_PAIR.findall(text):
        joined |= join_words((fold(first), fold(second)))
    return joined


def allowed_typos(word: str) -> int:
    """How many letters may be wrong, missing, too many or swapped: none in short words, two from eight letters on."""
    if len(word) < 4:
        return 0
    return 1 if len(word) < 8 else 2


def count_typos(typed: str, meant: str, *, limit: int) -> int:
    """The edit distance, a swap of neighbours counting one; `limit + 1` for anything above `limit`."""
    if abs(len(typed) - len(meant)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(meant) + 1))
    for row, letter in enumerate(typed, start=1):
        current = [row]
        for column, other in enumerate(meant, start=1):
            cost = min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (letter != other))
            swapped = row > 1 and column > 1 and letter == meant[column - 2] and typed[row - 2] == other
            current.append(min(cost, before[column - 2] + 1) if swapped else cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return min(previous[-1], limit + 1)


def find_nearest(typed: str, vocabulary: Iterable[str]) -> str | None:
    """The word with the fewest typos, at most those allowed; a first letter in common and the alphabet break ties."""
    limit = allowed_typos(typed)
    ranked = (
        (typos, word[:1] != typed[:1], word)
        for word in vocabulary
        if (typos := count_typos(typed, word, limit=limit)) <= limit
    )
    best = min(ranked, default=None)
    return best[2] if best else None
