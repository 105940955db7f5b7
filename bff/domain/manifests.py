"""Cuts manifests down to what a session may show. Pure: bytes in, bytes out; segments are never touched."""

import re
from collections.abc import Collection
from xml.etree import ElementTree as ET

_DASH = "urn:mpeg:dash:schema:mpd:2011"
_PREFIXES = {
    "": _DASH,
    "cenc": "urn:mpeg:cenc:2013",
    "mspr": "urn:microsoft:playready",
    "xlink": "http://www.w3.org/1999/xlink",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_PICTURE = re.compile(r"(?:h264|hevc|vp9|av1)-(?P<lines>[0-9]{3,4})")
_URI = re.compile(r'URI="([^"]*)"')

for _prefix, _uri in _PREFIXES.items():
    ET.register_namespace(_prefix, _uri)


def find_lines(path: str) -> int | None:
    """The lines of the picture that a path below an asset's folder belongs to; None for all that is no picture."""
    found = _PICTURE.match(path)
    return int(found["lines"]) if found is not None else None


def cut_dash(manifest: bytes, folders: Collection[str]) -> bytes:
    """Leave the pictures of these folders in an MPD, with all that is no picture."""
    root = ET.fromstring(manifest)  # noqa: S314 -- the packager's own file, out of our store
    for period in root.iter(f"{{{_DASH}}}Period"):
        for adaptation in list(period.iterfind(f"{{{_DASH}}}AdaptationSet")):
            representations = adaptation.findall(f"{{{_DASH}}}Representation")
            for representation in representations:
                if not _may_stay(_find_source(adaptation, representation), folders):
                    adaptation.remove(representation)
            if representations and adaptation.find(f"{{{_DASH}}}Representation") is None:
                period.remove(adaptation)
            else:
                _fit_bounds(adaptation)
    cut: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return cut


def cut_hls(playlist: bytes, folders: Collection[str]) -> bytes:
    """Leave the pictures of these folders in a multivariant playlist (RFC 8216, 4.3.4)."""
    lines: list[str] = []
    waiting: str | None = None
    for line in playlist.decode().splitlines():
        if line.startswith("#EXT-X-STREAM-INF"):
            waiting = line
        elif waiting is not None and line and not line.startswith("#"):
            if _may_stay(line, folders):
                lines += [waiting, line]
            waiting = None
        elif line.startswith("#EXT-X-I-FRAME-STREAM-INF"):
            source = _URI.search(line)
            if source is not None and _may_stay(source[1], folders):
                lines.append(line)
        else:
            lines.append(line)
    return ("\n".join(lines) + "\n").encode()


def _may_stay(source: str, folders: Collection[str]) -> bool:
    found = _PICTURE.match(source)
    return found is None or found[0] in folders


def _find_source(adaptation: ET.Element, representation: ET.Element) -> str:
    for element in (representation, adaptation):
        template = element.find(f"{{{_DASH}}}SegmentTemplate")
        if template is not None:
            return template.get("initialization") or template.get("media") or ""
    return ""


def _fit_bounds(adaptation: ET.Element) -> None:
    """What an adaptation set says of all its representations must hold for those that stayed."""
    for bound, name in (("maxWidth", "width"), ("maxHeight", "height")):
        if adaptation.get(bound) is not None:
            sizes = [int(found.get(name) or 0) for found in adaptation.iterfind(f"{{{_DASH}}}Representation")]
            adaptation.set(bound, str(max(sizes)))
