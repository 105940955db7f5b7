"""What ffprobe says of a file, and what becomes of it: turned, stretched, uneven, bright, cut short."""

from typing import Any

import pytest

from bff.domain.masters import MOST_LEAD_IN, MasterAudio
from bff.media.commands import Refused
from bff.media.probe import describe_master, read_language

PICTURE = {"codec_type": "video", "codec_name": "h264", "width": 640, "height": 360, "r_frame_rate": "24/1"}
EVEN = [number / 24 for number in range(240)]


def describe(picture: dict[str, Any], times: list[float] = EVEN, streams: Any = (), **container: str) -> Any:
    return describe_master({**PICTURE, **picture}, streams, container, times)


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        ({}, (640, 360)),
        ({"sample_aspect_ratio": "4:3"}, (853, 360)),
        ({"sample_aspect_ratio": "0:1"}, (640, 360)),
        ({"side_data_list": [{"rotation": -90}]}, (360, 640)),
        ({"side_data_list": [{"side_data_type": "other"}, {"rotation": 180}]}, (640, 360)),
        ({"sample_aspect_ratio": "2:1", "side_data_list": [{"rotation": 90}]}, (360, 1280)),
    ],
)
def test_pictures_are_upright_and_of_square_pixels(picture: dict[str, Any], size: tuple[int, int]) -> None:
    master = describe(picture)
    assert (master.width, master.height) == size


@pytest.mark.parametrize(("said", "rate"), [("24/1", (24, 1)), ("24000/1001", (24000, 1001)), ("90000/1", (24, 1))])
def test_the_rate_is_what_the_file_says_where_frames_agree(said: str, rate: tuple[int, int]) -> None:
    master = describe({"r_frame_rate": said})
    assert (master.rate, master.frame_count, master.is_variable) == (rate, 240, False)


def test_times_in_milliseconds_are_even_enough() -> None:
    assert not describe({}, [round(moment, 3) for moment in EVEN]).is_variable


def test_uneven_frames_are_put_on_a_grid() -> None:
    master = describe({"r_frame_rate": "60/1"}, [*EVEN[:120], *(5 + number / 12 for number in range(60))])
    assert master.is_variable
    assert master.duration == pytest.approx(10, abs=0.2)


def test_of_uneven_frames_as_much_is_read_before_a_part_as_one_of_them_stands() -> None:
    assert describe({}).lead_in == 1
    still = describe({}, [*EVEN[:120], *(7 + number / 24 for number in range(120))])
    assert still.longest_frame == pytest.approx(2 + 1 / 24)
    assert still.longest_frame * still.frames_a_second < still.lead_in - 1 < 2.2 * still.frames_a_second
    standing = describe({}, [0, *(60 + number / 24 for number in range(2000))])
    assert standing.lead_in == MOST_LEAD_IN * standing.frames_a_second + 1


def test_key_frames_are_those_that_chunks_begin_after() -> None:
    master = describe_master({**PICTURE}, (), {}, EVEN, [0, 1, 47 / 24, 95 / 24, 4, 5, 191 / 24])
    assert master.key_frames == (95, 191)


def test_fast_pictures_are_halved() -> None:
    master = describe({"r_frame_rate": "120/1"}, [number / 120 for number in range(1200)])
    assert (master.rate, master.frame_count) == ((60, 1), 600)
    assert master.is_variable


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_bright_pictures_are_known(transfer: str) -> None:
    assert describe({"color_transfer": transfer}).is_hdr
    assert not describe({"color_transfer": "bt709"}).is_hdr


def test_sound_is_told_with_its_place() -> None:
    streams = [
        PICTURE,
        {"codec_type": "audio", "codec_name": "aac", "channels": 6, "start_time": "0.5", "tags": {"language": "ger"}},
        {"codec_type": "audio", "codec_name": "aac", "channels": 2, "disposition": {"visual_impaired": 1}},
    ]
    assert describe({}, streams=streams).audio == (
        MasterAudio(index=0, channels=6, start=0.5, language="de"),
        MasterAudio(index=1, channels=2, start=0.0, is_description=True),
    )


@pytest.mark.parametrize("promised", [{"duration": "20.0"}, {"tags": {"DURATION": "00:00:20.000000000"}}])
def test_a_picture_that_ends_too_early_is_refused(promised: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"cut short: it says that its picture lasts 20.0 s, and ends after 10.0 s"):
        describe(promised)


@pytest.mark.parametrize("times", [[*EVEN[:-1], 86401.0], [0.0, 1e12]])
def test_a_picture_of_more_than_a_day_is_refused(times: list[float]) -> None:
    """Two frames far apart would be millions of chunks."""
    with pytest.raises(Refused, match="longer than a day"):
        describe({}, times)


@pytest.mark.parametrize(("said", "tag"), [("eng", "en"), ("GER", "de"), ("und", None), ("", None), ("fr", "fr")])
def test_languages_of_files(said: str, tag: str | None) -> None:
    assert read_language(said) == tag
