"""What the QR codes of the account are for: a scene stands for words, as if the person who scans had written them."""

from __future__ import annotations

import re
from collections.abc import Mapping

# As the vendor limits `scene_str`; what is a number is sent as its digits.
_MOST_LETTERS = 64
_MOST_WORDS = 200
_PAIR = re.compile(r"([^=;\s]+)\s*=\s*([^;]*\S)")


def read_scenes(text: str) -> Mapping[str, str]:
    """Scene -> words, from `hall-gas=企业用气报装怎么办;hall-person=转人工`. Raises `ValueError`."""
    found: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        pair = _PAIR.fullmatch(part)
        if pair is None:
            raise ValueError(f"{part!r} is no scene=words")
        scene, words = pair[1], pair[2]
        if len(scene) > _MOST_LETTERS or len(words) > _MOST_WORDS:
            raise ValueError(f"{part[:80]!r} is too long")
        if scene in found:
            raise ValueError(f"the scene {scene!r} is there twice")
        found[scene] = words
    return found
