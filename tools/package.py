# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists the files that ship, and makes the zip that Kodi installs.

usage: python tools/package.py OUTPUT_FOLDER [CLIENT_ID SOURCE]

A zip with a client ID is a release, so it needs the address of its source, too.
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
PLACEHOLDER = "https://github.com/simkl-account/script.simkl.account"
"""The website and the source in addon.xml: not a real address. In a release, the publisher's address replaces it."""
VERSION = ElementTree.parse(ROOT / "addon.xml").getroot().attrib["version"]

_CLIENT_ID_DEFAULT = re.compile(r'(<setting id="client_id".*?)<default/>', re.DOTALL)


def shipped_files() -> Iterator[Path]:
    """Yield the paths of the files that ship, relative to the project, in a fixed order."""
    for name in SHIPPED:
        top = ROOT / name
        files: list[Path] = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
        yield from (path.relative_to(ROOT) for path in files if not {*NOT_SHIPPED} & {*path.parts})


def read_shipped(path: Path, client_id: str = "", source: str = "") -> bytes:
    """Return the content of a file as it ships.

    client_id: becomes the default of the setting client_id. source: the address of the source, for addon.xml.
    """
    content = (ROOT / path).read_bytes()
    if source and path == Path("addon.xml"):
        return content.replace(PLACEHOLDER.encode(), escape(source).encode())
    if not client_id or path != Path("resources/settings.xml"):
        return content
    default = f"<default>{escape(client_id)}</default>"
    filled_in, count = _CLIENT_ID_DEFAULT.subn(lambda match: match.group(1) + default, content.decode())
    assert count == 1, "settings.xml has no empty default for client_id"
    return filled_in.encode()


def write_zip(folder: Path, client_id: str = "", source: str = "") -> Path:
    """Write the zip, and return its path. The same files always make the same bytes. See read_shipped()."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{ADDON_ID}-{VERSION}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in shipped_files():
            write_entry(archive, f"{ADDON_ID}/{path.as_posix()}", read_shipped(path, client_id, source))
    return target


def write_entry(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Write a file into a zip, so that the same content always makes the same bytes."""
    entry = zipfile.ZipInfo(name)  # with the date 1980-01-01
    entry.external_attr = 0o644 << 16
    entry.create_system = 3  # Unix, on every system
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def main(folder: str, client_id: str = "", source: str = "") -> None:
    """Write the zip, and print its path. Exits with a message if client_id is given, but not the publisher's source."""
    if client_id and source in ("", PLACEHOLDER):
        sys.exit("A release needs the address of its source: SOURCE=https://...")
    print(write_zip(Path(folder), client_id, source))


if __name__ == "__main__":
    main(*sys.argv[1:])
