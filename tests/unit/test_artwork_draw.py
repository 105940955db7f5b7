"""Pictures as they are drawn: sizes, formats, and titles in any script without a blank or a box."""

import io
import unicodedata
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from bff.artwork.briefs import AvatarBrief, DrawingBrief, PersonBrief, StillBrief, TitleBrief
from bff.artwork.canvas import Framing
from bff.artwork.draw import draw_picture, encode_picture, split_title
from bff.artwork.faces import INTER, LABEL, PLAYFAIR, Face, split_runs
from bff.artwork.motifs import MOTIFS
from bff.artwork.palettes import PALETTES
from bff.artwork.portraits import AVATARS, choose_initials
from bff.artwork.scene import Scene, paint_scene
from bff.artwork.sizes import WIDTHS, ImageKind, compute_height
from bff.artwork.styles import STYLES
from bff.artwork.typography import Setting, Word, break_lines, fit_text, is_right_to_left, split_words
from bff.domain.devices import ImageFormat

TITLE = TitleBrief(
    version="v", name="The Long Way Home", release_year=2019, genre_slugs=("drama",), genre_name="Dramas"
)
BRIEFS: list[tuple[DrawingBrief, ImageKind]] = [
    *((TITLE, kind) for kind in (ImageKind.BOXART, ImageKind.WIDE, ImageKind.HERO, ImageKind.LOGO, ImageKind.STILL)),
    (StillBrief(title=TITLE, label="S2:E3"), ImageKind.STILL),
    (PersonBrief(name="Ada Lovelace"), ImageKind.PHOTO),
    (AvatarBrief(key=AVATARS[0]), ImageKind.AVATAR),
]
SCRIPTS = {
    "Arabic": "الف مبروك",
    "Armenian": "Հայաստան",
    "Bengali": "পথের পাঁচালী",
    "Cyrillic": "Сталкер",
    "Devanagari": "तारे ज़मीन पर",
    "Georgian": "მონანიება",
    "Greek": "Ευρυδίκη",
    "Gujarati": "ગુજરાત",
    "Gurmukhi": "ਪੰਜਾਬ",
    "Han": "海的儿子",
    "Hangul": "반드시 잡는다",
    "Hebrew": "שטיסל",
    "Kana": "忍者ハットリくん",
    "Kannada": "ಕನ್ನಡ",
    "Khmer": "ខ្មែរ",
    "Latin with marks": "Łukasz Šemík Ağaç Tiếng Việt",
    "Malayalam": "മലയാളം",
    "Myanmar": "မြန်မာ",
    "Sinhala": "සිංහල",
    "Tamil": "தமிழ்",
    "Telugu": "తెలుగు",
    "Thai": "แผนร้ายนายเจ้าเล่ห์",
}


def draw(brief: DrawingBrief, kind: ImageKind, width: int) -> Image.Image:
    picture = draw_picture(brief, kind, width)
    assert picture is not None
    return picture


@pytest.mark.parametrize(("brief", "kind"), BRIEFS)
def test_every_width_is_drawn_in_its_shape(brief: DrawingBrief, kind: ImageKind) -> None:
    for width in WIDTHS[kind]:
        assert draw(brief, kind, width).size == (width, compute_height(kind, width))


@pytest.mark.parametrize(("brief", "kind"), BRIEFS)
@pytest.mark.parametrize("image_format", ImageFormat)
def test_the_same_brief_gives_the_same_file(brief: DrawingBrief, kind: ImageKind, image_format: ImageFormat) -> None:
    width = WIDTHS[kind][0]
    content = encode_picture(draw(brief, kind, width), image_format)
    assert content == encode_picture(draw(brief, kind, width), image_format)
    opened = Image.open(io.BytesIO(content))
    assert (opened.format, opened.size) == (image_format.value, (width, compute_height(kind, width)))


def test_a_wordmark_is_transparent_around_its_letters() -> None:
    alpha = np.asarray(draw(TITLE, ImageKind.LOGO, 500))[:, :, 3]
    assert alpha.min() == 0
    assert alpha.max() == 255
    assert 0.02 < (alpha > 128).mean() < 0.5


@pytest.mark.parametrize(
    ("brief", "kind"),
    [
        (TITLE, ImageKind.PHOTO),
        (PersonBrief(name="Ada"), ImageKind.BOXART),
        (StillBrief(title=TITLE, label="S1:E1"), ImageKind.HERO),
        (AvatarBrief(key="nobody"), ImageKind.AVATAR),
    ],
)
def test_what_a_subject_has_no_picture_of_is_not_drawn(brief: DrawingBrief, kind: ImageKind) -> None:
    assert draw_picture(brief, kind, WIDTHS[kind][0]) is None


@pytest.mark.parametrize("motif", sorted(MOTIFS))
@pytest.mark.parametrize("framing", Framing)
def test_every_motif_leaves_the_text_side_quiet(motif: str, framing: Framing) -> None:
    scene = Scene(palette=PALETTES["drama"][0], motif=motif, variant=1)
    light = np.asarray(paint_scene(scene, framing, 120, 120).convert("L")).astype(int)
    quiet = light[110:, :] if framing is Framing.PORTRAIT else light[:, :15]
    assert light.std() > 10
    assert quiet.mean() < 70
    assert quiet.max() < 130


def test_complex_scripts_can_be_shaped() -> None:
    assert features.check("raqm")
    assert features.check("fribidi"), "install libfribidi0: without it Arabic and Indic letters do not join"


@pytest.mark.parametrize("script", sorted(SCRIPTS))
@pytest.mark.parametrize("face", [INTER, PLAYFAIR, LABEL], ids=["plain", "book", "label"])
def test_every_script_is_set_whole(script: str, face: Face) -> None:
    text = unicodedata.normalize("NFC", SCRIPTS[script])
    assert "".join(run.text for run in split_runs(face, text)) == text


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_every_script_leaves_ink(script: str) -> None:
    brief = TitleBrief(version="v", name=SCRIPTS[script], release_year=2001, genre_slugs=("comedy",))
    assert np.asarray(draw(brief, ImageKind.LOGO, 240))[:, :, 3].mean() > 5


def test_what_no_font_has_is_left_out() -> None:
    assert split_runs(INTER, "a\U0010fffdb")[0].text == "ab"
    assert fit_text(INTER, "\U0010fffd", width=100, height=100, largest=50).lines == ()


@settings(max_examples=60, deadline=None)
@given(name=st.text(max_size=60), slug=st.sampled_from(sorted(STYLES)))
def test_any_name_can_be_drawn(name: str, slug: str) -> None:
    brief = TitleBrief(version="v", name=name, release_year=1999, genre_slugs=(slug,), genre_name=name[:10])
    for kind in (ImageKind.BOXART, ImageKind.LOGO):
        draw(brief, kind, WIDTHS[kind][0])
    draw(PersonBrief(name=name), ImageKind.PHOTO, 160)


@settings(deadline=None)
@given(
    words=st.lists(st.from_regex(r"[A-Za-z]{1,12}", fullmatch=True), min_size=1, max_size=14),
    width=st.integers(100, 800),
    height=st.integers(60, 500),
)
def test_a_fitted_text_stays_in_its_box(words: list[str], width: int, height: int) -> None:
    setting = fit_text(INTER, " ".join(words), width=width, height=height, largest=200)
    assert [word.text for line in setting.lines for word in line] == words
    if setting.size > 6:
        assert setting.width <= width + 1
        assert setting.height <= height + len(setting.lines)


@settings(deadline=None)
@given(words=st.lists(st.from_regex(r"[a-z]{1,9}", fullmatch=True), min_size=3, max_size=7), count=st.integers(1, 3))
def test_no_other_breaks_make_narrower_lines(words: list[str], count: int) -> None:
    set_words = tuple(split_words(INTER, " ".join(words)))

    def measure(lines: tuple[tuple[Word, ...], ...]) -> float:
        return Setting(face=INTER, lines=lines, size=100, pitch=100).width

    lines = break_lines(INTER, set_words, count)
    assert len(lines) == count
    assert tuple(word for line in lines for word in line) == set_words
    others = combinations(range(1, len(words)), count - 1)
    narrowest = min(
        measure(tuple(set_words[start:end] for start, end in pairwise((0, *cuts, len(words))))) for cuts in others
    )
    assert measure(lines) == pytest.approx(narrowest)


@pytest.mark.parametrize(
    ("name", "main", "subtitle"),
    [
        ("Solo", "Solo", ""),
        ("Up: Down", "Up: Down", ""),
        ("Steve Martin: An Evening", "Steve Martin", "An Evening"),
        ("Jim & Andy: The Great Beyond - Featuring", "Jim & Andy", "The Great Beyond - Featuring"),
        ("Spider-Man and the Wolves", "Spider-Man and the Wolves", ""),
        ("A very long name that ends: ", "A very long name that ends: ", ""),
    ],
)
def test_a_long_name_is_split_at_its_first_colon_or_dash(name: str, main: str, subtitle: str) -> None:
    assert split_title(name) == (main, subtitle)


@pytest.mark.parametrize(
    ("text", "expected"), [("الف", True), ("שטיסל", True), ("9 الف", True), ("Ada", False), ("9", False)]
)
def test_direction_is_that_of_the_first_letter(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected


def test_long_compounds_may_break_at_their_seams() -> None:
    words = split_words(INTER, "Could’ve-Gone-All-the-Way #FriendButMarried X-Men")
    assert [word.text for word in words] == [
        "Could’ve-",
        "Gone-",
        "All-",
        "the-",
        "Way",
        "#Friend",
        "But",
        "Married",
        "X-Men",
    ]
    assert [word.is_glued for word in words] == [False, True, True, True, True, False, True, True, False]


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Ada Lovelace", "AL"),
        ("Cher", "C"),
        ("J. R. R. Tolkien", "JT"),
        ("宮崎 駿", "宮"),
        ("'Weird' Al", "WA"),
        ("—", "?"),
        ("", "?"),
    ],
)
def test_initials(name: str, initials: str) -> None:
    assert choose_initials(name) == initials


def test_avatars_are_twelve_different_pictures() -> None:
    pictures = {draw(AvatarBrief(key=key), ImageKind.AVATAR, 160).tobytes() for key in AVATARS}
    assert len(pictures) == len(AVATARS) == 12
