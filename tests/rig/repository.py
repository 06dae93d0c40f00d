# SPDX-License-Identifier: GPL-2.0-or-later
"""An add-on repository for Kodi in a folder, served on loopback, and a Kodi that has only this repository."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import shutil
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterator
from xml.etree import ElementTree

import trustme

from . import home, releases
from .kodi import free_port, run_once

PORT = 8080
"""The port on loopback, in the private network of the tests."""

_REPOSITORY_ADDON = f"""<addon id="repository.test" name="Test repository" version="1.0.0" provider-name="Tests">
    <requires><import addon="xbmc.addon" version="12.0.0"/></requires>
    <extension point="xbmc.addon.repository" name="Test repository">
        <dir>
            <info>http://127.0.0.1:{PORT}/addons.xml</info>
            <checksum>http://127.0.0.1:{PORT}/addons.xml.md5</checksum>
            <datadir zip="true">http://127.0.0.1:{PORT}/</datadir>
        </dir>
    </extension>
    <extension point="xbmc.addon.metadata"/>
</addon>
"""


class Repository:
    """A folder with the same layout as Kodi's own repository: an index, and a folder with the zip of each add-on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slow_addon = ""
        self._may_download = threading.Event()
        folder.mkdir()

    def add(self, zipped: Path) -> None:
        """Offer this add-on in place of any other version of it."""
        addon_id, _, _ = zipped.name.rpartition("-")
        shutil.rmtree(self._folder / addon_id, ignore_errors=True)
        (self._folder / addon_id).mkdir()
        shutil.copy(zipped, self._folder / addon_id)
        self._write_index()

    def add_modules(self, authority: trustme.CA, release: str) -> None:
        """Offer the module add-ons of a release of Kodi."""
        unpacked = self._folder / "unpacked"
        home.add_modules(unpacked, authority, release)
        for addon in unpacked.iterdir():
            version = ElementTree.parse(addon / "addon.xml").getroot().get("version")
            target = self._folder / f"{addon.name}-{version}"
            self.add(Path(shutil.make_archive(str(target), "zip", unpacked, addon.name)))
        shutil.rmtree(unpacked)

    def _write_index(self) -> None:
        index = ElementTree.Element("addons")
        for zipped in self._folder.glob("*/*.zip"):
            with zipfile.ZipFile(zipped) as archive:
                index.append(ElementTree.fromstring(archive.read(f"{zipped.parent.name}/addon.xml")))
        content = ElementTree.tostring(index, "utf-8")
        for name, text in (("addons.xml", content), ("addons.xml.md5", hashlib.md5(content).hexdigest().encode())):
            new = self._folder / f"{name}.new"
            new.write_bytes(text)
            new.rename(self._folder / name)  # replaced in one step, because Kodi may be reading it

    @contextlib.contextmanager
    def slow(self, addon_id: str) -> Iterator[None]:
        """Within the with block, a download of this add-on does not start."""
        self._slow_addon = addon_id
        self._may_download.clear()
        try:
            yield
        finally:
            self._may_download.set()

    def _wait(self, path: str) -> None:
        if self._slow_addon and self._slow_addon in path and path.endswith(".zip"):
            self._may_download.wait(60)

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        """Serve the repository within the with block."""
        handler = functools.partial(_Handler, directory=str(self._folder), wait=self._wait)
        with ThreadingHTTPServer(("127.0.0.1", PORT), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, wait: Callable[[str], None], **kwargs: Any) -> None:
        self._wait = wait
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        self._wait(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


def make_home_of_a_customer(folder: Path, display: str, release: str = releases.RELEASE) -> None:
    """Make a home folder that has only the repository, and in which Kodi updates add-ons by itself."""
    home.build(folder, free_port(), addon_updates=home.AUTOMATIC)
    repository = folder / ".kodi/addons/repository.test"
    repository.mkdir()
    (repository / "addon.xml").write_text(_REPOSITORY_ADDON)
    run_once(folder, display, release)
