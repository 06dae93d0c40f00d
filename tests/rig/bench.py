# SPDX-License-Identifier: GPL-2.0-or-later
"""`make bench`: figures from a real Kodi, each beside its comparison from the same run. No test depends on them."""

import contextlib
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Callable, Iterator, List, Optional

from tools.package import ADDON_ID

from . import namespace
from .consumer import Consumer
from .faults import silence, trickle_body
from .kodi import HOME, PROGRESS, SIGN_IN, Kodi, make_home, wait_for, xvfb
from .standin import CLIENT_ID, HOSTS, StandIn

ROUNDS = 11
QUITS = 3
MINUTE = 60.0

OURS, BARE, NONE = "this add-on", "a bare script with a dialog", "Kodi without the add-on running"


class Bench:
    """A template of a home folder, a screen and a stand-in."""

    def __init__(self, folder: Path, display: str) -> None:
        self.simkl = StandIn(interval=5)
        self.simkl.serve_tls()
        self.home = folder / "home"
        self.display = display
        make_home(self.home, display, self.simkl.authority, CLIENT_ID)
        self.consumers = folder / "consumers"
        make_home(self.consumers, display, self.simkl.authority, CLIENT_ID, consumers=True)

    @contextlib.contextmanager
    def kodi(self, home: Optional[Path] = None) -> Iterator[Kodi]:
        """A running Kodi."""
        kodi = Kodi(home or self.home, self.display)
        kodi.start()
        try:
            yield kodi
        finally:
            kodi.kill()

    def run(self) -> None:
        """Everything, a row of the table at a time."""
        print("| what | here | to compare with |")
        print("| --- | --- | --- |", flush=True)
        with self.kodi() as kodi:
            self.press_to_dialog(kodi)
            self.cancel(kodi)
            self.one_sign_in(kodi)
        with self.kodi(self.consumers) as kodi:
            self.module(kodi)
        self.quit()
        self.idle()
        self.simkl.close()

    def press_to_dialog(self, kodi: Kodi) -> None:
        """From RunScript to the window; by turns with the plain dialog, and with a script that does nothing else."""
        ours: List[float] = []
        plain: List[float] = []
        bare: List[float] = []
        skins, away = kodi.home / ".kodi/addons" / ADDON_ID / "resources/skins", kodi.home / "skins"
        for _ in range(ROUNDS):
            with open_dialog(kodi, start_ours) as took:
                ours.append(took)
            skins.rename(away)
            with open_dialog(kodi, start_ours) as took:
                plain.append(took)
            away.rename(skins)
            with open_dialog(kodi, start_bare) as took:
                bare.append(took)
        row("press to window", milliseconds(ours), "the plain dialog", milliseconds(plain))
        row("press to plain dialog", milliseconds(plain), BARE, milliseconds(bare))

    def cancel(self, kodi: Kodi) -> None:
        """From Back to no dialog and to no script, while a poll hangs; by turns with a script that does nothing."""
        gone: List[float] = []
        ended: List[float] = []
        bare: List[float] = []
        self.simkl.interval = 1
        for _ in range(ROUNDS):
            self.simkl.fault("poll", silence)
            polls = len(self.simkl.of_kind("poll"))
            start_ours(kodi)
            wait_for("the poll", lambda: len(self.simkl.of_kind("poll")) > polls)  # noqa: B023
            before = scripts_ended(kodi)
            pressed = time.perf_counter()
            kodi.key("Back")
            wait_for("no dialog", lambda: kodi.window() == HOME, pause=0.002)
            gone.append(time.perf_counter() - pressed)
            wait_for("no script", lambda: scripts_ended(kodi) > before, pause=0.002)  # noqa: B023
            ended.append(time.perf_counter() - pressed)
            with open_dialog(kodi, start_bare):
                pressed = time.perf_counter()
                kodi.key("Back")
                wait_for("no dialog", lambda: kodi.window() == HOME, pause=0.002)
                bare.append(time.perf_counter() - pressed)
        self.simkl.interval = 5
        self.simkl.clear_faults()
        row("Cancel to no dialog, a poll hanging", milliseconds(gone), BARE, milliseconds(bare))
        row("Cancel to no script, a poll hanging", milliseconds(ended), "the same, no dialog", milliseconds(gone))

    def one_sign_in(self, kodi: Kodi) -> None:
        """What a sign-in asks of Simkl, approved after 12 seconds at an interval of 5."""
        first = len(self.simkl.requests)
        start_ours(kodi)
        wait_for("a code", lambda: "enter this code" in kodi.message())
        time.sleep(12)
        self.simkl.approve(self.simkl.newest_code() or "", "Ada Lovelace")
        approved = time.perf_counter()
        wait_for("the token", lambda: kodi.settings_file().get("access_token"), pause=0.01)
        stored = time.perf_counter() - approved
        kodi.wait_for_message("Signed in as")
        wait_for("the window to go", lambda: kodi.window() == HOME)
        requests = self.simkl.requests[first:]
        kinds = [request.kind for request in requests]
        connections = len({request.connection for request in requests})
        row("connections in a sign-in", str(connections), "requests", str(len(requests)))
        row("polls in a sign-in", str(kinds.count("poll")), "12 s at an interval of 5 s, and the approval", "3")
        row("approval to the token on the disk", f"{stored:.1f} s", "at the most, an interval and a tenth", "5.5 s")

    def module(self, kodi: Kodi) -> None:
        """What another add-on pays for the account."""
        start_ours(kodi)
        wait_for("a code", lambda: "enter this code" in kodi.message())
        self.simkl.approve(self.simkl.newest_code() or "", "Ada Lovelace")
        kodi.wait_for_message("Signed in as")
        wait_for("the window to go", lambda: kodi.window() == HOME)
        consumer = Consumer(kodi)
        costs = [consumer.do("import_cost") for _ in range(ROUNDS)]
        requests, ours = [cost[0] for cost in costs], [cost[1] for cost in costs]
        row("importing simkl_account.Session", milliseconds(ours), "before it, requests", milliseconds(requests))
        read = statistics.median(consumer.do("read") for _ in range(ROUNDS))
        row("who is signed in, once loaded", f"{1e6 * read:.0f} µs", "what is promised", "1000 µs")

    def quit(self) -> None:
        """From Quit to the end of the process, while a poll hangs, by turns with nothing running."""
        self.simkl.interval = 1
        silent: List[float] = []
        trickling: List[float] = []
        without: List[float] = []
        for _ in range(QUITS):
            for fault, seconds in ((silence, silent), (trickle_body, trickling), (None, without)):
                with self.kodi() as kodi:
                    if fault:
                        self.simkl.fault("poll", fault)
                        polls = len(self.simkl.of_kind("poll"))
                        start_ours(kodi)
                        wait_for("the poll", lambda: len(self.simkl.of_kind("poll")) > polls)  # noqa: B023
                        time.sleep(0.3)
                    seconds.append(kodi.quit(60))
        self.simkl.interval = 5
        self.simkl.clear_faults()
        row("Quit, a poll hanging in silence", milliseconds(silent), NONE, milliseconds(without))
        row("Quit, a poll trickling in", milliseconds(trickling), NONE, milliseconds(without))

    def idle(self) -> None:
        """A minute of Kodi with the code on the screen, against a minute of it at home."""
        with self.kodi() as kodi:
            time.sleep(10)  # what Kodi does after its start
            cpu_home, memory_home = a_minute_of(kodi)
            with open_dialog(kodi, start_bare):
                cpu_bare, memory_bare = a_minute_of(kodi)
            start_ours(kodi)
            wait_for("a code", lambda: "enter this code" in kodi.message())
            cpu, memory = a_minute_of(kodi)
            grown = memory_of(kodi) - memory
        row("CPU while the code is shown", f"{cpu:.1f} %", f"{BARE}; at home", f"{cpu_bare:.1f} %; {cpu_home:.1f} %")
        row("memory", f"{memory:.0f} MB", f"{BARE}; at home", f"{memory_bare:.0f} MB; {memory_home:.0f} MB")
        row("memory grown in that minute", f"{grown:.1f} MB", "", "")


def start_ours(kodi: Kodi) -> None:
    """Begin a sign-in."""
    kodi.run("action=sign_in")


def start_bare(kodi: Kodi) -> None:
    """Begin what only opens a dialog."""
    kodi.builtin("RunScript(script.test.bare)")


@contextlib.contextmanager
def open_dialog(kodi: Kodi, start: Callable[[Kodi], None]) -> Iterator[float]:
    """A progress dialog; yields the seconds it took. Afterwards it is cancelled, and its script has ended."""
    before = scripts_ended(kodi)
    started = time.perf_counter()
    start(kodi)
    wait_for("the dialog", lambda: kodi.window() in (PROGRESS, SIGN_IN), pause=0.002)
    yield time.perf_counter() - started
    if kodi.window() in (PROGRESS, SIGN_IN):
        kodi.key("Back")
    wait_for("the end", lambda: kodi.window() == HOME and scripts_ended(kodi) == before + 2)  # the helper's and this


def scripts_ended(kodi: Kodi) -> int:
    """How many scripts have ended, their threads included."""
    return kodi.log().count("onExecutionDone(")  # and not "successfully run", which is said before the threads end


def a_minute_of(kodi: Kodi) -> "tuple[float, float]":
    """CPU in percent of one core, and memory in MB at the beginning."""
    memory, cpu = memory_of(kodi), kodi.cpu_seconds()
    time.sleep(MINUTE)
    return 100 * (kodi.cpu_seconds() - cpu) / MINUTE, memory


def memory_of(kodi: Kodi) -> float:
    """Resident memory in MB."""
    pages = int(Path(f"/proc/{kodi.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def milliseconds(seconds: List[float]) -> str:
    """The median."""
    return f"{1000 * statistics.median(seconds):.0f} ms"


def row(what: str, here: str, other: str, there: str) -> None:
    """A line of the table."""
    print(f"| {what} | {here} | {there} ({other}) |" if other else f"| {what} | {here} | |", flush=True)


def main() -> None:
    """Measure and print the table."""
    namespace.enter(HOSTS)
    with tempfile.TemporaryDirectory(prefix="kodi-") as folder, xvfb() as display:
        Bench(Path(folder), display).run()


if __name__ == "__main__":
    main()
