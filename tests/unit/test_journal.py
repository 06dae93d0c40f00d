# SPDX-License-Identifier: GPL-2.0-or-later
"""A crash or a power cut at every step of every change: a new start finds the old account or the new one, whole."""

from __future__ import annotations

import itertools
from typing import Callable, Iterable, Mapping, NamedTuple

import pytest

from lib.simkl_account.account.journal import Journal
from lib.simkl_account.account.store import AccountStore
from lib.simkl_account.errors import NotSaved
from lib.simkl_account.models import Account, Credentials, User
from lib.simkl_account.setting import Setting

from .fakes import ADA, TODAY, FakeCopy, FakeSettings

OLD = Credentials("old-token", "an-id", "r-token", 1.0, 2.0, "media:read media:write")
NEW = Credentials("new-token", "other-id")
GRACE = User("Grace", 2, "vip")

File = Mapping[str, str]


class State(NamedTuple):
    """What is on the disk. A file that is empty or in pieces is {}."""

    settings: File
    copy: File
    new_copy: File


class Disk(FakeCopy):
    """settings.xml and the copy, as a disk keeps them. It notes what a crash would leave at every step."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.settings = FakeSettings(**state.settings)
        self.committed, self.prepared = dict(state.copy), dict(state.new_copy) or None
        self.left_by_kill: list[State] = []
        self.left_by_power_cut: list[State] = []
        self._versions: list[File] = [{}, dict(state.settings)]
        """Kodi does not wait until settings.xml is on the disk, so a power cut leaves any version of it."""
        self._set = self.settings.set
        self.settings.set = self._set_in_two_steps  # type: ignore[method-assign]

    @property
    def state(self) -> State:
        return State(dict(self.settings.values), dict(self.committed), dict(self.prepared or {}))

    @property
    def store(self) -> AccountStore:
        return AccountStore(Journal(self.settings, self, lambda line: None), today=lambda: TODAY)

    def prepare(self, values: Mapping[str, str]) -> None:
        self.prepared = {}
        self._note()
        super().prepare(values)
        self._note()

    def read(self) -> dict[str, str]:
        return dict(self.prepared or self.committed)

    def commit(self) -> None:
        super().commit()
        self._note()

    def _set_in_two_steps(self, setting: str, value: str) -> None:
        whole = self.state
        self._note(whole._replace(settings={}))
        self._set(setting, value)
        self._versions.append(dict(self.settings.values))
        self._note()

    def _note(self, state: State | None = None) -> None:
        state = state or self.state
        self.left_by_kill.append(state)
        for settings, new_copy in itertools.product(self._versions, ({}, state.new_copy)):
            self.left_by_power_cut.append(State(settings, state.copy, new_copy))


def signed_in() -> Disk:
    """Return a disk on which Ada is signed in with OLD. The user has entered a client id."""
    disk = Disk(State({"client_id": "mine"}, {}, {}))
    disk.store.replace(OLD)
    disk.store.set_user(OLD, ADA)
    return Disk(disk.state)


def found(state: State) -> tuple[str, str]:
    """Return the token and the name that a new start finds. They must be the same after one repair() and after two."""
    disk = Disk(state)
    results = []
    for repairs in range(3):
        if repairs:
            disk.store.repair()
        credentials, account = disk.store.credentials(), disk.store.load()
        assert (credentials is None) == (account is None)
        results.append((credentials.access_token, account.name) if credentials and account else ("", ""))
    assert len(set(results)) == 1
    values = disk.settings.values
    assert (values.get("access_token", ""), values.get("user_name", "")) == results[0], (
        "what repeats the account is right"
    )
    return results[0]


ADA_OLD, ADA_REFRESHED, SIGNED_OUT = ("old-token", "Ada"), ("refreshed-token", "Ada"), ("", "")


def renamed(disk: Disk) -> None:
    disk.store.set_user(OLD, User("Ada L.", 7, "pro"))


def signed_in_again(disk: Disk) -> None:
    disk.store.replace(NEW)
    disk.store.set_user(NEW, GRACE)


CHANGES: list[tuple[Callable[[Disk], object], set[tuple[str, str]]]] = [
    (signed_in_again, {ADA_OLD, ("new-token", ""), ("new-token", "Grace")}),
    (renamed, {ADA_OLD, ("old-token", "Ada L.")}),
    (
        lambda disk: disk.store.set_refreshed(OLD, OLD._replace(access_token="refreshed-token")),
        {ADA_OLD, ADA_REFRESHED},
    ),
    (lambda disk: disk.store.set_needs_sign_in(OLD), {ADA_OLD}),
    (lambda disk: disk.store.set_outdated(OLD), {ADA_OLD}),
    (lambda disk: disk.store.remove(), {ADA_OLD, SIGNED_OUT}),
    (lambda disk: disk.store.repair(), {ADA_OLD}),
]
"""Each change while Ada is signed in, and what a new start may find after a crash in it."""


@pytest.mark.parametrize(("change", "allowed"), CHANGES)
def test_killed(change: Callable[[Disk], object], allowed: set[tuple[str, str]]) -> None:
    """Kodi is killed at every step of a change."""
    disk = signed_in()
    change(disk)
    assert {found(state) for state in disk.left_by_kill} <= allowed
    for state in disk.left_by_kill:
        later = Disk(state)
        later.store.repair()
        assert later.settings.get("client_id") == "mine"


@pytest.mark.parametrize(("change", "allowed"), CHANGES)
def test_power_cut(change: Callable[[Disk], object], allowed: set[tuple[str, str]]) -> None:
    """The power goes at every step of a change, and any version of settings.xml is left, or an empty file."""
    disk = signed_in()
    change(disk)
    assert {found(state) for state in disk.left_by_power_cut} <= allowed


def test_first_sign_in() -> None:
    """A crash during the first sign-in leaves nobody or the new account, and the client id that the user entered."""
    disk = Disk(State({"client_id": "mine"}, {}, {}))
    disk.store.replace(NEW)
    disk.store.set_user(NEW, GRACE)
    allowed = {SIGNED_OUT, ("new-token", ""), ("new-token", "Grace")}
    assert {found(state) for state in disk.left_by_kill} <= allowed
    assert {found(state) for state in disk.left_by_power_cut} <= allowed
    assert found(disk.left_by_kill[-1]) == ("new-token", "Grace")


def test_sign_out_is_not_undone() -> None:
    """Once the first setting is cleared, neither a crash nor the loss of settings.xml brings the account back."""
    disk = signed_in()
    disk.store.remove()
    assert found(disk.state) == SIGNED_OUT
    assert found(disk.state._replace(settings={})) == SIGNED_OUT
    emptied = [state for state in disk.left_by_kill if not state.settings]
    assert emptied
    assert {found(state) for state in emptied} == {SIGNED_OUT}
    assert {found(state._replace(new_copy={})) for state in emptied} == {SIGNED_OUT}, "after a power cut, too"
    assert "old-token" not in str(disk.state)


def test_defaults_is_not_undone() -> None:
    """What Kodi's Defaults button clears is not put back, and repair() removes the account from the copy, too."""
    disk = signed_in()
    for setting in (Setting.SIGNED_IN, Setting.USER_NAME, Setting.SIGNED_IN_SINCE, Setting.CLIENT_ID):
        disk.settings.values[setting] = ""
    assert disk.store.load() is None
    disk.store.repair()
    assert disk.store.load() is None
    assert "old-token" not in str(disk.state)
    assert disk.settings.get("client_id") == ""


def test_settings_of_another_device() -> None:
    """settings.xml alone, copied to another device, is enough; and so is one of a version without a copy."""
    assert found(signed_in().state._replace(copy={}, new_copy={})) == ADA_OLD
    other = Disk(State({}, {"client_id": "other", "account": ""}, {}))
    assert found(other.state._replace(settings=signed_in().state.settings)) == ADA_OLD


def test_copy_follows_settings() -> None:
    """repair() brings the copy up to date: after an update of the add-on, or if the user changes the client id."""
    disk = Disk(signed_in().state._replace(copy={}))
    disk.settings.values["client_id"] = "another"
    disk.store.repair()
    assert disk.committed["client_id"] == "another"
    assert found(disk.state._replace(settings={})) == ADA_OLD


def test_put_back_once() -> None:
    """What was lost is put back once, with one line in the log."""
    disk = Disk(signed_in().state._replace(settings={}))
    log: list[str] = []
    store = AccountStore(Journal(disk.settings, disk, log.append), log.append)
    for _ in range(3):
        assert store.load() == Account("Ada", 7, "pro", TODAY.isoformat(), needs_sign_in=False)
    assert log == ["the settings were lost: put back"]
    assert disk.settings.get("client_id") == "mine"


def test_sign_in_on_lost_settings() -> None:
    """If settings.xml was lost before a new sign-in, the client id that the user entered is kept."""
    disk = Disk(signed_in().state._replace(settings={}))
    disk.store.replace(NEW)
    assert disk.settings.get("client_id") == "mine"
    assert found(disk.state) == ("new-token", "")


def test_torn_read() -> None:
    """A reader that sees the settings empty, because Kodi is writing them, looks again with the lock held."""
    disk = signed_in()
    read, seen = disk.settings.read, []

    def torn_once(settings: Iterable[str]) -> dict[str, str]:
        seen.append(disk.settings.is_exclusive)
        return dict.fromkeys(settings, "") if len(seen) == 1 else read(settings)

    disk.settings.read = torn_once  # type: ignore[method-assign]
    assert disk.store.valid_credentials() == OLD
    assert seen == [False, True]
    assert disk.settings.written == []


def test_lock_is_held() -> None:
    """If another interpreter keeps the lock for seconds, what a second look without it shows counts."""
    disk = Disk(State({}, {}, {}))

    class Held:
        def __enter__(self) -> None:
            raise NotSaved("held")

        def __exit__(self, *exception: object) -> None: ...

    disk.settings.exclusive = Held  # type: ignore[method-assign,assignment]
    assert disk.store.load() is None
