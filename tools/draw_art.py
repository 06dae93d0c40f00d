# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws resources/icon.png and resources/fanart.jpg. Needs Pillow (python3-pil) and Noto Sans (fonts-noto-core).

usage: python3 tools/draw_art.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
BOLD = "/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf"
NIGHT, DUSK, SCREEN, PAPER, LEAF = (12, 18, 32), (24, 52, 84), (8, 12, 22), (244, 247, 250), (46, 204, 143)


def backdrop(width: int, height: int) -> Image.Image:
    """Draw a background that goes from NIGHT at the top to DUSK at the bottom."""
    column = Image.new("RGB", (1, height))
    for y in range(height):
        position = y / height
        column.putpixel((0, y), tuple(int(a + (b - a) * position) for a, b in zip(NIGHT, DUSK)))
    return column.resize((width, height))


def television(draw: ImageDraw.ImageDraw, x: int, y: int, size: int) -> None:
    """Draw a television with a code and a tick. x, y: its centre; size: its width."""

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
        return (x + left * size, y + top * size, x + right * size, y + bottom * size)

    draw.rounded_rectangle(box(-0.50, -0.34, 0.50, 0.26), 0.06 * size, fill=PAPER)
    draw.rounded_rectangle(box(-0.46, -0.30, 0.46, 0.22), 0.035 * size, fill=SCREEN)
    draw.rounded_rectangle(box(-0.20, 0.31, 0.20, 0.35), 0.02 * size, fill=PAPER)
    font = ImageFont.truetype(BOLD, int(0.2 * size))
    for place, character in enumerate("S1MKL"):
        draw.text((x + (place - 2) * 0.165 * size, y - 0.05 * size), character, PAPER, font, anchor="mm")
    draw.ellipse(box(0.27, 0.06, 0.57, 0.36), fill=LEAF, outline=NIGHT, width=int(0.02 * size))
    tick = [(0.345, 0.215), (0.40, 0.27), (0.495, 0.145)]
    draw.line([(x + a * size, y + b * size) for a, b in tick], NIGHT, int(0.04 * size), joint="curve")


def main() -> None:
    """Draw both pictures larger than they are saved, for smooth edges."""
    icon = backdrop(2048, 2048)
    television(ImageDraw.Draw(icon), 1000, 1030, 1560)
    icon.resize((512, 512), Image.Resampling.LANCZOS).save(RESOURCES / "icon.png", optimize=True)
    fanart = backdrop(3840, 2160)
    television(ImageDraw.Draw(fanart), 2760, 1180, 1300)
    fanart.resize((1920, 1080), Image.Resampling.LANCZOS).save(RESOURCES / "fanart.jpg", quality=88)


if __name__ == "__main__":
    main()
