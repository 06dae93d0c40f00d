# SPDX-License-Identifier: GPL-2.0-or-later
"""`make bench`: measures the add-on in a real Kodi, and prints each figure beside one to compare it with.

Both figures of a row are from the same run. No test depends on them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable, Iterator

from tools.package import ADDON_ID

from . import namespace
from .consumer import Consumer
from .crash import TWENTY
from .faults import silence, trickle_body
from .kodi import ENTER_CODE, HOME, PROGRESS, SIGN_IN, Kodi, make_home, wait_for, xvfb
from .standin import CLIENT_ID, HOSTS, StandIn
from .watch import SettingsWatch

ROUNDS = 11
QUITS = 3
SLOW_ROUNDS = 3
SLOW_SHARE = 0.15
"""How much of a core a slow box has."""

HOLD_PERIOD = 0.02
"""Seconds."""

IDLE_TIME = 60.0
"""Seconds over which CPU and memory are measured."""

BARE, NONE = "a bare script with a dialog", "Kodi without the add-on running"
"""What a figure is compared with."""


class Bench:
    """The measurements, with the stand-in for Simkl and the home folders that they need."""

    def __init__(self, folder: Path, display: str) -> None:
        self.simkl = StandIn(interval=5)
        self.simkl.serve_tls()
        self.home = folder / "home"
        self.display = display
        make_home(self.home, display, self.simkl.authority, CLIENT_ID)
        self.consumers = folder / "consumers"
        make_home(self.consumers, display, self.simkl.authority, CLIENT_ID, consumers=True)

    @contextlib.contextmanager
    def kodi(self, home: Path | None = None) -> Iterator[Kodi]:
        """Start a Kodi, and kill it afterwards. home: another home folder than the one with the add-on alone."""
        kodi = Kodi(home or self.home, self.display)
        kodi.start()
        try:
            wait_for("the end of the first script", lambda: scripts_ended(kodi))
            yield kodi
        finally:
            kodi.kill()

    def run(self) -> None:
        """Measure everything, and print the table row by row."""
        print("| what | here | to compare with |")
        print("| --- | --- | --- |", flush=True)
        with self.kodi() as kodi:
            self.press_to_dialog(kodi)
            self.cancel(kodi)
            self.one_sign_in(kodi)
        with self.kodi(self.consumers) as kodi:
            self.press_to_code(kodi)
            self.stored(kodi)
            self.module(kodi)
        self.quit()
        self.idle()
        self.simkl.close()

    def press_to_dialog(self, kodi: Kodi) -> None:
        """Measure from RunScript to the window, to the plain dialog, and to the dialog of the bare script, in turn."""
        ours: list[float] = []
        plain: list[float] = []
        bare: list[float] = []
        skins, moved = kodi.home / ".kodi/addons" / ADDON_ID / "resources/skins", kodi.home / "skins"
        for _ in range(ROUNDS):
            with open_dialog(kodi, start_ours) as seconds:
                ours.append(seconds)
            skins.rename(moved)
            with open_dialog(kodi, start_ours) as seconds:
                plain.append(seconds)
            moved.rename(skins)
            with open_dialog(kodi, start_bare) as seconds:
                bare.append(seconds)
        row("press to window", milliseconds(ours), BARE, milliseconds(bare))
        row("press to plain dialog", milliseconds(plain), BARE, milliseconds(bare))

    def press_to_code(self, kodi: Kodi) -> None:
        """Measure from the press to the request of a code, in turn with twenty lines; then the same on a slow box."""
        for slow, rounds in ((False, ROUNDS), (True, SLOW_ROUNDS)):
            ours: list[float] = []
            windows: list[float] = []
            twenty: list[float] = []
            with held(kodi, SLOW_SHARE) if slow else contextlib.nullcontext():
                for _ in range(rounds):
                    ours.append(self._ask_for_code(kodi, start_ours))
                    twenty.append(self._ask_for_code(kodi, start_twenty))
                    with open_dialog(kodi, start_ours) as seconds:
                        windows.append(seconds)
            where = f", at {SLOW_SHARE:.0%} of a core" if slow else ""
            row(f"press to the request of a code{where}", milliseconds(ours), TWENTY, milliseconds(twenty))
            row(f"press to window{where}", milliseconds(windows), "our request of a code", milliseconds(ours))

    def _ask_for_code(self, kodi: Kodi, start: Callable[[Kodi], None]) -> float:
        """Return the seconds until the first request has come, and cancel. Kodi is asked nothing in that time."""
        count = len(self.simkl.requests)
        pressed_at = time.monotonic()

        def start_and_wait(kodi: Kodi) -> None:
            start(kodi)
            wait_for("a request", lambda: len(self.simkl.requests) > count, 60)

        with open_dialog(kodi, start_and_wait):
            return self.simkl.requests[count].at - pressed_at

    def cancel(self, kodi: Kodi) -> None:
        """Measure from Back to the end of the dialog and of the script, while a poll hangs, and for the bare script."""
        closed: list[float] = []
        ended: list[float] = []
        bare: list[float] = []
        self.simkl.interval = 1
        for _ in range(ROUNDS):
            self.simkl.fault("poll", silence)
            polls = len(self.simkl.of_kind("poll"))
            start_ours(kodi)
            wait_for("the poll", lambda: len(self.simkl.of_kind("poll")) > polls)  # noqa: B023
            before = scripts_ended(kodi)
            pressed = time.perf_counter()
            kodi.key("Back")
            wait_for("no dialog", lambda: kodi.window() == HOME, interval=0.002)
            closed.append(time.perf_counter() - pressed)
            wait_for("no script", lambda: scripts_ended(kodi) > before, interval=0.002)  # noqa: B023
            ended.append(time.perf_counter() - pressed)
            with open_dialog(kodi, start_bare):
                pressed = time.perf_counter()
                kodi.key("Back")
                wait_for("no dialog", lambda: kodi.window() == HOME, interval=0.002)
                bare.append(time.perf_counter() - pressed)
        self.simkl.interval = 5
        self.simkl.clear_faults()
        row("Cancel to no dialog, a poll hanging", milliseconds(closed), BARE, milliseconds(bare))
        row("Cancel to no script, a poll hanging", milliseconds(ended), "the same, no dialog", milliseconds(closed))

    def one_sign_in(self, kodi: Kodi) -> None:
        """Count the requests of a sign-in that is approved after 12 seconds, with 5 seconds between polls."""
        first = len(self.simkl.requests)
        start_ours(kodi)
        wait_for("a code", lambda: ENTER_CODE in kodi.message())
        time.sleep(12)
        self.simkl.approve(self.simkl.newest_code() or "", "Ada Lovelace")
        approved = time.perf_counter()
        wait_for("the token", lambda: kodi.settings_file().get("access_token"), interval=0.01)
        stored = time.perf_counter() - approved
        kodi.wait_for_message("Signed in as")
        wait_for("the window to close", lambda: kodi.window() == HOME)
        requests = self.simkl.requests[first:]
        kinds = [request.kind for request in requests]
        connections = len({request.connection for request in requests})
        row("connections in a sign-in", str(connections), "requests", str(len(requests)))
        row("polls in a sign-in", str(kinds.count("poll")), "12 s at an interval of 5 s, and the approval", "3")
        row("approval to the token on the disk", f"{stored:.1f} s", "at the most, an interval and a tenth", "5.5 s")

    def stored(self, kodi: Kodi) -> None:
        """Measure from the answer with the token to the token in settings.xml, in first sign-ins and in later ones."""
        self.simkl.interval = 1
        first: list[float] = []
        later: list[float] = []
        twenty: list[float] = []
        writes: dict[str, int] = {}
        for _ in range(ROUNDS):
            for seconds in (first, later):
                seconds.append(self._store_once(kodi, ADDON_ID, start_ours, writes))
                kodi.wait_for_message("Signed in as")
                kodi.press("OK", "")
                wait_for("the message to close", lambda: kodi.window() == HOME)
            shutil.rmtree(kodi.home / ".kodi/userdata/addon_data" / ADDON_ID)
            twenty.append(self._store_once(kodi, TWENTY, start_twenty, writes))
            wait_for("the dialog to close", lambda: kodi.window() == HOME)
        self.simkl.interval = 5
        row("answer to the token in settings.xml, first sign-in", milliseconds(first), TWENTY, milliseconds(twenty))
        row("the same, somebody is signed in", milliseconds(later), TWENTY, milliseconds(twenty))
        row("writes of settings.xml in a sign-in", str(writes[ADDON_ID]), TWENTY, str(writes[TWENTY]))

    def _store_once(self, kodi: Kodi, addon_id: str, start: Callable[[Kodi], None], writes: dict[str, int]) -> float:
        """Sign a new user in, and return the seconds from the answer with the token to the token in settings.xml."""
        codes, tokens = len(self.simkl.of_kind("code")), len(self.simkl.tokens)
        start(kodi)
        wait_for("a code", lambda: len(self.simkl.of_kind("code")) > codes)
        with SettingsWatch(kodi.home, addon_id) as watch:
            wait_for("an approval", lambda: self.simkl.approve(self.simkl.newest_code() or "", f"User {tokens}"))
            token = wait_for("a token", lambda: list(self.simkl.tokens)[tokens:], interval=0.0005)[0]
            stored_at = watch.wait_for(token)
            list(watch.follow(1))
            writes[addon_id] = watch.writes
        return stored_at - self.simkl.of_kind("poll")[-1].answered_at

    def module(self, kodi: Kodi) -> None:
        """Measure how long another add-on needs to import simkl_account and to read the account."""
        sign_in(kodi, self.simkl)
        consumer = Consumer(kodi)
        costs = [consumer.do("import_cost") for _ in range(ROUNDS)]
        requests, ours = [cost[0] for cost in costs], [cost[1] for cost in costs]
        row("importing simkl_account.Session", milliseconds(ours), "before it, requests", milliseconds(requests))
        read = statistics.median(consumer.do("read") for _ in range(ROUNDS))
        row("who is signed in, once loaded", f"{1e6 * read:.0f} µs", "what is promised", "1000 µs")

    def quit(self) -> None:
        """Measure from Quit to the end of the process, in turn while a poll hangs and without the add-on running."""
        self.simkl.interval = 1
        silent: list[float] = []
        trickling: list[float] = []
        without: list[float] = []
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
        requests = [self._quit_during_request() for _ in range(QUITS)]
        self.simkl.interval = 5
        self.simkl.clear_faults()
        row("Quit, a service's request hanging in silence", milliseconds(requests), NONE, milliseconds(without))
        row("Quit, a poll hanging in silence", milliseconds(silent), NONE, milliseconds(without))
        row("Quit, a poll trickling in", milliseconds(trickling), NONE, milliseconds(without))

    def _quit_during_request(self) -> float:
        """Return the seconds from Quit to the end of the process while a request of another add-on's service hangs."""
        with self.kodi(self.consumers) as kodi:
            consumer = Consumer(kodi)
            if not consumer.do("account"):
                sign_in(kodi, self.simkl)
            self.simkl.fault("activities", silence)
            count = len(self.simkl.of_kind("activities"))
            consumer.begin("request", "service")
            wait_for("the request", lambda: len(self.simkl.of_kind("activities")) > count)
            time.sleep(0.3)
            return kodi.quit(60)

    def idle(self) -> None:
        """Measure CPU and memory with the code on the screen, in twenty lines, and the CPU at the home screen."""
        with self.kodi(self.consumers) as kodi:
            time.sleep(10)  # until Kodi has finished starting
            cpu_home, _ = measure_idle(kodi)
        cpu_twenty, memory_twenty = self._idle_with(start_twenty)
        cpu, memory = self._idle_with(start_ours)
        row(
            "CPU while the code is shown", f"{cpu:.1f} %", f"{TWENTY}; at home", f"{cpu_twenty:.1f} %; {cpu_home:.1f} %"
        )
        row("memory that a sign-in adds", f"{memory:.1f} MB", TWENTY, f"{memory_twenty:.1f} MB")

    def _idle_with(self, start: Callable[[Kodi], None]) -> tuple[float, float]:
        """Return the CPU use with the code on the screen, and the memory that this has added, in a new Kodi each."""
        with self.kodi(self.consumers) as kodi:
            time.sleep(10)  # until Kodi has finished starting
            before = memory(kodi)
            count = len(self.simkl.of_kind("poll"))
            start(kodi)
            wait_for("a poll", lambda: len(self.simkl.of_kind("poll")) > count, 30)
            cpu, with_code = measure_idle(kodi)
        return cpu, with_code - before


def start_ours(kodi: Kodi) -> None:
    """Start a sign-in."""
    kodi.rpc("Addons.ExecuteAddon", addonid=ADDON_ID, params=["action=sign_in"])


def sign_in(kodi: Kodi, simkl: StandIn) -> None:
    """Sign Ada in, and wait for the home screen."""
    start_ours(kodi)
    wait_for("a code", lambda: ENTER_CODE in kodi.message())
    simkl.approve(simkl.newest_code() or "", "Ada Lovelace")
    kodi.wait_for_message("Signed in as")
    wait_for("the window to close", lambda: kodi.window() == HOME)


def start_twenty(kodi: Kodi) -> None:
    """Start the sign-in in twenty lines."""
    kodi.rpc("Addons.ExecuteAddon", addonid=TWENTY)


def start_bare(kodi: Kodi) -> None:
    """Start the bare script, which only opens a dialog."""
    kodi.rpc("Addons.ExecuteAddon", addonid="script.test.bare")


@contextlib.contextmanager
def open_dialog(kodi: Kodi, start: Callable[[Kodi], None]) -> Iterator[float]:
    """Open a dialog, and yield the seconds that took. Afterwards, cancel it and wait for the end of its script."""
    before = scripts_ended(kodi)
    started = time.perf_counter()
    start(kodi)
    wait_for("the dialog", lambda: kodi.window() in (PROGRESS, SIGN_IN), 60, interval=0.002)
    yield time.perf_counter() - started
    if kodi.window() in (PROGRESS, SIGN_IN):
        kodi.key("Back")
    wait_for("the end", lambda: kodi.window() == HOME and scripts_ended(kodi) > before, 60)


@contextlib.contextmanager
def held(kodi: Kodi, share: float) -> Iterator[None]:
    """Within the with block, hold Kodi to this share of one core, as on a slow box, by stopping it in between."""
    ended = threading.Event()

    def hold() -> None:
        while not ended.wait(HOLD_PERIOD * share):
            os.kill(kodi.pid, signal.SIGSTOP)
            time.sleep(HOLD_PERIOD * (1 - share))
            os.kill(kodi.pid, signal.SIGCONT)

    cores = os.sched_getaffinity(kodi.pid)
    _pin(kodi, {min(cores)})
    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _pin(kodi, cores)


def _pin(kodi: Kodi, cores: set[int]) -> None:
    for thread in Path(f"/proc/{kodi.pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), cores)


def scripts_ended(kodi: Kodi) -> int:
    """Return how many scripts have ended, with all their threads."""
    return kodi.log().count("onExecutionDone(")  # Kodi logs "successfully run" before the threads have ended


def measure_idle(kodi: Kodi) -> tuple[float, float]:
    """Return the CPU use in percent of one core, and the memory in MB at the beginning."""
    memory_before, cpu_before = memory(kodi), kodi.cpu_seconds()
    time.sleep(IDLE_TIME)
    return 100 * (kodi.cpu_seconds() - cpu_before) / IDLE_TIME, memory_before


def memory(kodi: Kodi) -> float:
    """Return Kodi's resident memory in MB."""
    pages = int(Path(f"/proc/{kodi.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def milliseconds(seconds: list[float]) -> str:
    """Return the median, formatted."""
    return f"{1000 * statistics.median(seconds):.0f} ms"


def row(name: str, figure: str, other_name: str, other_figure: str) -> None:
    """Print a row of the table. other_name: what the figure is compared with; "" for nothing."""
    comparison = f"{other_figure} ({other_name}) " if other_name else ""
    print(f"| {name} | {figure} | {comparison}|", flush=True)


def main() -> None:
    """Measure in a network where Simkl is the stand-in."""
    namespace.enter(HOSTS)
    with tempfile.TemporaryDirectory(prefix="kodi-") as folder, xvfb() as display:
        Bench(Path(folder), display).run()


if __name__ == "__main__":
    main()
