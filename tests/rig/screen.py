# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a screenshot: the QR code, as a phone reads it, the characters of the code, and how well a text can be read."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageStat

from tools.package import ROOT

MEDIA = ROOT / "resources/skins/default/media"

_COLUMN_WIDTH, _CODE_TOP, _CODE_HEIGHT, _CELL_WIDTH, _CELL_RATIO = 1120, 340, 260, 150, 216 / 136
"""Where the window shows the code, in the pixels of its 1920 by 1080: see kodi/window.py."""

_COLUMN_LEFT = {"ltr": 700, "rtl": 100, "": 400}
"""The left edge of the column with the code, by the window's property "layout"."""


def read_qr(screenshot: Path) -> str:
    """Return the text of the one QR code in the picture; "" if there is none."""
    command = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(screenshot)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def seen_by_phone(screenshot: Path, file: Path) -> None:
    """Write what the camera of a phone sees of the screen of a small TV, 32 inches wide, at a distance of three metres.

    The camera is that of most phones, 26 mm on a film of 36 mm, with a frame of 1920 pixels. So three metres away it
    sees 3 * 36 / 26 = 4.15 m, and the TV, which is 0.708 m wide, has 327 of these pixels.
    """
    frame = Image.new("L", (1920, 1080), 90)
    width = round(1920 * 0.708 / (3 * 36 / 26))
    screen = Image.open(screenshot).convert("L").resize((width, width * 9 // 16), Image.Resampling.BOX)
    frame.paste(screen, (700, 400))
    frame.filter(ImageFilter.GaussianBlur(0.6)).save(file)


def legibility(screenshot: Path, box: tuple[int, int, int, int]) -> tuple[float, float]:
    """Return the height of the only line of text in a part of the screenshot, and its contrast as WCAG defines it.

    box: left, top, right and bottom on a screen of 1920 by 1080, of which the height is also a part.
    """
    picture = Image.open(screenshot).convert("RGB")
    scale = picture.size[0] / 1920
    left, top, right, bottom = (int(edge * scale) for edge in box)
    part = picture.crop((left, top, right, bottom))
    counts = sorted((count, colour) for count, colour in part.getcolors(part.size[0] * part.size[1]) or [])
    background = _luminance(counts[-1][1])
    # The edges of the letters are mixed with the background, so only the text's own colour counts.
    ink = max((_luminance(colour) for _, colour in counts), key=lambda value: abs(value - background))
    middle = (ink + background) / 2
    is_ink = [
        any((_luminance(part.getpixel((x, y))) > middle) == (ink > background) for x in range(part.size[0]))
        for y in range(part.size[1])
    ]
    return is_ink.count(True) / scale, (max(ink, background) + 0.05) / (min(ink, background) + 0.05)


def qr_box(screenshot: Path) -> tuple[int, int, int, int]:
    """Return the left, top, right and bottom of the light square behind the QR code."""
    picture = Image.open(screenshot).convert("L")
    columns, rows = picture.size
    light = picture.point(lambda value: 255 if value > 250 else 0)
    for x in range(0, columns, 4):
        for y in range(0, rows, 4):
            if light.getpixel((x, y)) == 255 and _is_light(light, x, y, rows // 40):
                return _grow(light, x, y)
    raise AssertionError("the screenshot has no light square")


def read_code(screenshot: Path, length: int, layout: str, has_hyphen: bool = False) -> str:
    """Return the characters of the code: for each cell, the character whose picture is most like it.

    layout: the window's property. has_hyphen: a long code without one is shown with a gap in the middle.
    """
    picture = Image.open(screenshot).convert("L")
    scale = picture.size[0] / 1920
    gap = 0.5 if length >= 7 and not has_hyphen else 0.0
    width = min(_CELL_WIDTH, int(_COLUMN_WIDTH / (length + gap)))
    height = int(width * _CELL_RATIO)
    left = _COLUMN_LEFT[layout] + int(_COLUMN_WIDTH - width * (length + gap)) // 2
    top = _CODE_TOP + (_CODE_HEIGHT - height) // 2
    glyphs = _glyphs((int(width * scale), int(height * scale)))
    code = ""
    for place in range(length):
        cells = place + gap * (place >= (length + 1) // 2)
        x, y = int((left + int(cells * width)) * scale), int(top * scale)
        cell = picture.crop((x, y, x + int(width * scale), y + int(height * scale)))
        code += min(glyphs, key=lambda character: _difference(cell, glyphs[character]))
    return code


def _luminance(colour: Any) -> float:
    """Return the relative luminance of a colour: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    red, green, blue = (
        value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in colour
    )
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def _glyphs(size: tuple[int, int]) -> dict[str, Image.Image]:
    found: dict[str, Image.Image] = {}
    for file in MEDIA.glob("simkl-account-code-*.png"):
        mask = Image.open(file).convert("LA").getchannel("A").resize(size, Image.Resampling.BILINEAR)
        glyph = Image.new("L", size, 18)  # the window's background
        glyph.paste(255, mask=mask)
        found[chr(int(file.stem[len("simkl-account-code-") :], 16))] = glyph
    return found


def _difference(one: Image.Image, other: Image.Image) -> float:
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])


def _is_light(picture: Image.Image, x: int, y: int, size: int) -> bool:
    corners: list[tuple[int, int]] = [(x + dx, y + dy) for dx in (0, size) for dy in (0, size)]
    columns, rows = picture.size
    return all(a < columns and b < rows and picture.getpixel((a, b)) == 255 for a, b in corners)


def _grow(picture: Image.Image, x: int, y: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = x, y, x, y
    while left > 0 and picture.getpixel((left - 1, y)) == 255:
        left -= 1
    while top > 0 and picture.getpixel((x, top - 1)) == 255:
        top -= 1
    while right + 1 < picture.size[0] and picture.getpixel((right + 1, y)) == 255:
        right += 1
    while bottom + 1 < picture.size[1] and picture.getpixel((x, bottom + 1)) == 255:
        bottom += 1
    return left, top, right, bottom
