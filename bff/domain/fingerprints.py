"""Recognises the same picture in another encoding: a hash of each second that brightness and coding leave alone."""

import numpy as np
from numpy.typing import NDArray

SIDE = 32
"""Lines and columns of the grey picture that is hashed."""
_KEPT = 8
SAME = 0.2
"""Share of bits that may differ; other films differ by 0.45."""
_MOST_SHIFT = 20
_FEWEST = 8
_FLAT = 4.0
"""Deviation of grey below which a second shows nothing, like black."""

Hashes = NDArray[np.uint64]


def hash_seconds(frames: bytes) -> bytes:
    """64 bits for each grey frame of `SIDE` × `SIDE`, one a second; 0 for one that shows nothing."""
    count = len(frames) // SIDE**2
    grey = np.frombuffer(frames, np.uint8, count * SIDE**2).reshape(count, SIDE, SIDE).astype(np.float64)
    basis = _make_basis()
    low = (basis @ grey @ basis.T)[:, :_KEPT, :_KEPT].reshape(count, -1)
    bits = low > np.median(low[:, 1:], axis=1, keepdims=True) if count else low > 0
    hashes = np.packbits(bits, axis=1).reshape(-1).view(np.uint64).copy()
    hashes[grey.std(axis=(1, 2)) < _FLAT] = 0
    return hashes.tobytes()


def measure_difference(one: bytes, other: bytes) -> float:
    """Share of bits that differ at the shift that fits best, 0..1; 1.0 where too little shows to be told."""
    first, second = np.frombuffer(one, np.uint64), np.frombuffer(other, np.uint64)
    needed = max(_FEWEST, int(0.6 * min(len(first), len(second))))
    best = 1.0
    for shift in range(-_MOST_SHIFT, _MOST_SHIFT + 1):
        left, right = first[max(0, shift) :], second[max(0, -shift) :]
        length = min(len(left), len(right))
        if length < needed:
            continue
        left, right = left[:length], right[:length]
        shown = (left != 0) & (right != 0)
        if int(shown.sum()) >= min(needed, _FEWEST):
            differing = np.unpackbits((left[shown] ^ right[shown]).view(np.uint8)).mean()
            best = min(best, float(differing))
    return best


def is_same_picture(one: bytes, other: bytes) -> bool:
    """Whether both are one film, up to coding, brightness, small crops and a few seconds at an end."""
    return measure_difference(one, other) <= SAME


def _make_basis() -> NDArray[np.float64]:
    """Of the discrete cosine transform."""
    places = np.arange(SIDE)
    return np.cos(np.pi * (2 * places[None, :] + 1) * places[:, None] / (2 * SIDE))
