# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws what the sign-in window is made of: the characters of a code, and a white dot to colour surfaces with.

A skin's fonts end at a few sizes, and no window of an add-on can bring its own, so the code is shown as pictures.
Needs Pillow (python3-pil) and DejaVu Sans Mono (fonts-dejavu-core), in which no two of the characters look alike.

usage: python3 tools/draw_code.py
"""

import string
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

MEDIA = Path(__file__).resolve().parent.parent / "resources/skins/default/media"
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf"
WIDTH, HEIGHT = 136, 216
"""Pixels: as large as a character gets on a screen of 2160 lines; white, to be coloured by the window."""


def main() -> None:
    """Draw them all, named by code points (some file systems know no capitals) and apart from what skins have."""
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
