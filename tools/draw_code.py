# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws the pictures of the sign-in window: the characters of a code, a tick, and a white square for coloured areas.

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
TICK = 400
"""Width and height of the tick, in the same way."""


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
    draw_tick().save(MEDIA / "simkl-account-tick.png", optimize=True)
    Image.new("L", (8, 8), 255).save(MEDIA / "simkl-account-white.png", optimize=True)


def draw_tick() -> Image.Image:
    """Return a tick in a circle, which says that the sign-in has worked."""
    mask = Image.new("L", (4 * TICK, 4 * TICK), 0)
    drawing = ImageDraw.Draw(mask)
    drawing.ellipse((20, 20, 4 * TICK - 20, 4 * TICK - 20), outline=255, width=90)
    points = [(4 * TICK * x, 4 * TICK * y) for x, y in ((0.28, 0.53), (0.44, 0.68), (0.73, 0.36))]
    drawing.line(points, fill=255, width=130, joint="curve")
    for x, y in (points[0], points[-1]):
        drawing.ellipse((x - 65, y - 65, x + 65, y + 65), fill=255)
    picture = Image.new("LA", (TICK, TICK), (255, 0))
    picture.putalpha(mask.resize((TICK, TICK), Image.Resampling.LANCZOS))
    return picture


if __name__ == "__main__":
    main()
