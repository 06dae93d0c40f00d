# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws the pictures of the sign-in window: the characters of a code, and a white square for coloured areas.

A skin has fonts in only a few sizes, and the window of an add-on cannot bring a font. So the window shows each
character of the code as a picture. The font is DejaVu Sans Mono, whose characters are easy to tell apart.

Needs Pillow (python3-pil) and DejaVu Sans Mono (fonts-dejavu-core).

usage: python3 tools/draw_code.py
"""

from __future__ import annotations

import string
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

MEDIA = Path(__file__).resolve().parent.parent / "resources/skins/default/media"
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf"
WIDTH, HEIGHT = 136, 216
"""The size of a picture in pixels: the largest size of a character on a screen with 2160 lines."""


def main() -> None:
    """Draw all pictures. They are white, and the window can colour them.

    A file has the code point in its name, because some file systems do not distinguish capital from small letters. The
    prefix of the name keeps it apart from a skin's pictures.
    """
    MEDIA.mkdir(parents=True, exist_ok=True)
    font = ImageFont.truetype(FONT, 200)
    for character in string.ascii_letters + string.digits + "-":
        picture = Image.new("LA", (WIDTH, HEIGHT), (255, 0))
        mask = Image.new("L", (WIDTH, HEIGHT), 0)
        ImageDraw.Draw(mask).text((WIDTH / 2, 165), character, 255, font, anchor="ms")
        picture.putalpha(mask)
        picture.save(MEDIA / f"simkl-account-code-{ord(character):02x}.png", optimize=True)
    Image.new("L", (8, 8), 255).save(MEDIA / "simkl-account-white.png", optimize=True)


if __name__ == "__main__":
    main()
