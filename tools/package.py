# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists the files that ship, and makes the zip that Kodi installs.

usage: python tools/package.py OUTPUT_FOLDER [CLIENT_ID]
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path
from typing import Iterator
from xml.etree import ElementTree
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("addon.xml", "changelog.txt", "default.py", "LICENSE.txt", "lib", "resources")
NOT_SHIPPED = ("__pycache__", "py.typed")
"""py.typed is for type checkers, which read the source. Kodi's repository does not accept such a file."""
ADDON_ID = "script.simkl.account"
VERSION = ElementTree.parse(ROOT / "addon.xml").getroot().attrib["version"]

_CLIENT_ID_DEFAULT = re.compile(r'(<setting id="client_id".*?)<default/>', re.DOTALL)


def shipped_files() -> Iterator[Path]:
    """Yield the paths of the files that ship, relative to the project, in a fixed order."""
    for name in SHIPPED:
        top = ROOT / name
        files: list[Path] = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
        yield from (path.relative_to(ROOT) for path in files if not {*NOT_SHIPPED} & {*path.parts})


def read_shipped(path: Path, client_id: str = "") -> bytes:
    """Return the content of a file as it ships. client_id: becomes the default of the setting client_id."""
    content = (ROOT / path).read_bytes()
    if not client_id or path != Path("resources/settings.xml"):
        return content
    default = f"<default>{escape(client_id)}</default>"
    filled_in, count = _CLIENT_ID_DEFAULT.subn(lambda match: match.group(1) + default, content.decode())
    assert count == 1, "settings.xml has no empty default for client_id"
    return filled_in.encode()


def write_zip(folder: Path, client_id: str = "") -> Path:
    """Write the zip, and return its path. The same files always make the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{ADDON_ID}-{VERSION}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in shipped_files():
            entry = zipfile.ZipInfo(
                f"{ADDON_ID}/{path.as_posix()}"
            )  # with the date 1980-01-01, so that the bytes do not depend on the day
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, on every system
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, read_shipped(path, client_id))
    return target


if __name__ == "__main__":
    print(write_zip(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
