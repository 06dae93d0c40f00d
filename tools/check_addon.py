# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks what ships as Kodi's own repository would (kodi-addon-checker), for each branch, without a network.

Fails on a warning, too.
"""

import shutil
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Dict, List, Optional
from xml.etree import ElementTree

from kodi_addon_checker import ValidKodiVersions, check_addon, check_dependencies
from kodi_addon_checker.addons.Addon import Addon
from kodi_addon_checker.config import Config
from kodi_addon_checker.record import INFORMATION, Record
from kodi_addon_checker.reporter import ReportManager

from tools.package import ADDON_ID, ROOT, write_zip

BRANCHES = {"matrix": "19", "nexus": "20", "omega": "21"}
"""The names of Kodi's releases in its repository."""


class Complaints:
    """Prints what is a problem or a warning."""

    def report(self, report: Record) -> None:
        """Called by the checker for everything that it finds, good or bad."""
        if report.log_level != INFORMATION:
            print(report)


ReportManager.register(Complaints, "complaints", True)
check_addon.check_url.check_url = lambda *_: None  # the only check that takes a network
for branch in BRANCHES:
    # It advises to ask for the newest API of a branch. One zip for three branches has to ask for the oldest.
    check_dependencies.VERSION_ATTRB["xbmc.python"][branch]["advised"] = "3.0.0"


class Repository:
    """In place of the checker's own, which it downloads: the modules that the tests run with."""

    def __init__(self, branch: str) -> None:
        modules = ROOT / f"tests/rig/kodi-{BRANCHES[branch]}.txt" if branch in BRANCHES else None
        pins = [line.split("==") for line in modules.read_text().splitlines() if "==" in line] if modules else []
        self._addons: Dict[str, Addon] = {}
        for name, version in pins:
            addon_id = f"script.module.{name.lower()}"
            self._addons[addon_id] = Addon(ElementTree.Element("addon", id=addon_id, version=version))

    def __contains__(self, addon_id: str) -> bool:
        return addon_id in self._addons

    def find(self, addon_id: str) -> Optional[Addon]:
        """The add-on, if it is there."""
        return self._addons.get(addon_id)

    def rdepends(self, _: str) -> List[Addon]:
        """The add-ons that need it: none that we know of."""
        return []


def check(branch: str, addon: Path) -> bool:
    """Whether there is nothing to complain of."""
    arguments = Namespace(
        branch=branch, PR=True, allow_folder_id_mismatch=False, skip_dependency_checks=False, reporter=None
    )
    config = Config(None, arguments)
    config.configs.update(check_license_file_exists=True, check_kodi_leia_deprecations=True)
    repositories = {each: Repository(each) for each in ValidKodiVersions}
    report = check_addon.start(str(addon), arguments, repositories, config)
    print(f"{branch}: {report.problem_count} problems, {report.warning_count} warnings")
    return not report.problem_count and not report.warning_count


def main() -> None:
    """Check what is in the zip."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(write_zip(Path(folder)), folder)
        sound = [check(branch, Path(folder) / ADDON_ID) for branch in BRANCHES]
    if not all(sound):
        sys.exit(1)


if __name__ == "__main__":
    main()
