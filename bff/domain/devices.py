"""What a device is and can do: its class decides layout and picture sizes, its capabilities decide formats."""

from enum import StrEnum

from msgspec import Struct


class DeviceClass(StrEnum):
    TV = "TV"
    WEB = "WEB"
    MOBILE = "MOBILE"
    TABLET = "TABLET"


class VideoCodec(StrEnum):
    H264 = "H264"
    HEVC = "HEVC"
    VP9 = "VP9"
    AV1 = "AV1"


class AudioCodec(StrEnum):
    AAC = "AAC"
    AC3 = "AC3"
    EAC3 = "EAC3"
    OPUS = "OPUS"


class ImageFormat(StrEnum):
    AVIF = "AVIF"
    WEBP = "WEBP"
    JPEG = "JPEG"
    PNG = "PNG"


class DrmSystem(StrEnum):
    WIDEVINE = "WIDEVINE"
    PLAYREADY = "PLAYREADY"
    FAIRPLAY = "FAIRPLAY"
    CLEARKEY = "CLEARKEY"


MOST_DEVICES = 50
"""That an account has registered; of more the one goes that was not in use for longest."""


class DeviceCapabilities(Struct, frozen=True, kw_only=True):
    """What a device said it can show; `max_height` is in pixels, `pixel_ratio` physical pixels a CSS pixel."""

    max_height: int
    pixel_ratio: float
    hdr: bool
    video_codecs: tuple[VideoCodec, ...]
    audio_codecs: tuple[AudioCodec, ...]
    image_formats: tuple[ImageFormat, ...]
    drm: tuple[DrmSystem, ...]


def default_capabilities(device_class: DeviceClass) -> DeviceCapabilities:
    """What every device of a class in use can do: the floor for one that said nothing about itself."""
    return _DEFAULTS[device_class]


_PLAIN_IMAGES = (ImageFormat.WEBP, ImageFormat.JPEG, ImageFormat.PNG)

_DEFAULTS = {
    DeviceClass.TV: DeviceCapabilities(
        max_height=1080,
        pixel_ratio=1.0,
        hdr=False,
        video_codecs=(VideoCodec.H264, VideoCodec.HEVC),
        audio_codecs=(AudioCodec.AAC, AudioCodec.AC3, AudioCodec.EAC3),
        image_formats=_PLAIN_IMAGES,
        drm=(DrmSystem.WIDEVINE, DrmSystem.PLAYREADY, DrmSystem.CLEARKEY),
    ),
    DeviceClass.WEB: DeviceCapabilities(
        max_height=1080,
        pixel_ratio=1.0,
        hdr=False,
        video_codecs=(VideoCodec.H264,),
        audio_codecs=(AudioCodec.AAC,),
        image_formats=_PLAIN_IMAGES,
        drm=(DrmSystem.WIDEVINE, DrmSystem.CLEARKEY),
    ),
    DeviceClass.MOBILE: DeviceCapabilities(
        max_height=720,
        pixel_ratio=2.0,
        hdr=False,
        video_codecs=(VideoCodec.H264,),
        audio_codecs=(AudioCodec.AAC,),
        image_formats=_PLAIN_IMAGES,
        drm=(DrmSystem.WIDEVINE, DrmSystem.CLEARKEY),
    ),
    DeviceClass.TABLET: DeviceCapabilities(
        max_height=1080,
        pixel_ratio=2.0,
        hdr=False,
        video_codecs=(VideoCodec.H264,),
        audio_codecs=(AudioCodec.AAC,),
        image_formats=_PLAIN_IMAGES,
        drm=(DrmSystem.WIDEVINE, DrmSystem.CLEARKEY),
    ),
}
