"""Makes clean WebVTT of subtitles in SRT or WebVTT, whatever their encoding and line ends."""

import codecs
import html
import io

import pysubs2
from charset_normalizer import from_bytes

from bff.domain.ingest import MOST_SUBTITLE_BYTES
from bff.media.commands import Refused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


_WESTERN = ("da", "de", "en", "es", "fi", "fr", "id", "it", "ms", "nb", "nl", "nn", "no", "pt", "sv")
_USUAL = {
    **dict.fromkeys(_WESTERN, ("cp1252",)),
    **dict.fromkeys(("cs", "hu", "pl", "ro", "sk", "sl", "hr"), ("cp1250", "iso8859_2")),
    **dict.fromkeys(("ru", "uk", "bg", "sr"), ("cp1251", "koi8_r")),
    "el": ("cp1253",),
    "tr": ("cp1254",),
    "he": ("cp1255",),
    "ar": ("cp1256",),
    "th": ("cp874",),
    "vi": ("cp1258",),
    "ja": ("shift_jis", "euc_jp"),
    "ko": ("cp949",),
    "zh": ("gb18030", "big5"),
}
"""What is used for a language beside Unicode: a short file alone seldom tells."""


def convert_subtitles(content: bytes, name: str, duration: float, language: str = "") -> str:
    """WebVTT in UTF-8 of all cues that begin within `duration` seconds. Raises Refused, naming the file."""
    if len(content) > MOST_SUBTITLE_BYTES:
        raise Refused(f"{name} is larger than subtitles are, which have {MOST_SUBTITLE_BYTES} bytes at most.")
    text = decode_text(content, name, language).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    is_webvtt = text.lstrip("\ufeff \n").startswith("WEBVTT")
    try:
        read = pysubs2.SSAFile.from_string(text.lstrip("\ufeff \n"), format_="vtt" if is_webvtt else "srt")
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError) as error:
        raise Refused(f"{name} is neither SRT nor WebVTT: {error}") from error
    cues = [cue for cue in read if cue.plaintext.strip() and 0 <= cue.start < duration * 1000 and cue.end > cue.start]
    if not len(read):
        raise Refused(
            f"{name} holds no cue of SRT or WebVTT: begin each with a line like 00:00:01,000 --> 00:00:02,500."
        )
    if not cues:
        raise Refused(f"{name} holds no cue within the {duration:.0f} s of the picture: it belongs to another cut.")
    written = io.StringIO("WEBVTT\n")
    written.seek(0, io.SEEK_END)
    for cue in sorted(cues, key=lambda cue: (cue.start, cue.end)):
        end = min(cue.end, round(duration * 1000))
        said = html.unescape(cue.plaintext) if is_webvtt else cue.plaintext
        written.write(f"\n{_write_time(cue.start)} --> {_write_time(end)}\n{_write_text(said)}\n")
    return written.getvalue()


def decode_text(content: bytes, name: str, language: str) -> str:
    """By its byte order mark, as UTF-8, else by what is usual for the language, or its bytes look like.

    `language` is a BCP 47 tag. Raises Refused.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        usual = _USUAL.get(language.partition("-")[0].lower(), ())
    if len(usual) == 1 and b"\0" not in content:
        return content.decode(usual[0], errors="replace")
    found = (from_bytes(content, cp_isolation=list(usual)).best() if usual else None) or from_bytes(content).best()
    if found is None:
        raise Refused(f"The encoding of {name} cannot be told. Save it as UTF-8.")
    return str(found)


def _write_time(milliseconds: int) -> str:
    seconds, thousandths = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{thousandths:03}"


def _write_text(text: str) -> str:
    """An empty line would end the cue, an arrow begin another, and `<` or `&` markup."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
