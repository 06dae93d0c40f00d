# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a screenshot: the QR code, as a phone reads it, and the characters of the code."""

from __future__ import annotations

import subprocess
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

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
