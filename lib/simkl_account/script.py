# SPDX-License-Identifier: GPL-2.0-or-later
"""The actions of RunScript(script.simkl.account,action=...), one short function each.

From the press of a button to the dialog, a person waits for imports. So the modules imported here at the top import
nothing but Kodi's own (typing alone costs as much as all of them), and the rest is imported when its turn comes.
"""

from .kodi import addon, dialogs, qr, window
from .kodi import broker as handover
from .kodi import strings as words
from .kodi.lock import SIGN_IN, Lock
from .kodi.runtime import KodiRuntime
from .kodi.settings import KodiSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Tuple, Union

    from .account.refresh import Client
    from .account.store import AccountStore, Grant
    from .outcome import Outcome
    from .simkl.background import Asking

    AnyScreen = Union[dialogs.ProgressScreen, window.WindowScreen]

CLIENT_ID = "client_id"  # as account.CLIENT_ID, which takes too long to import here

_LOCK_PATIENCE = 0.2
"""Seconds. Who only looks whether a sign-in is open has the lock for an instant: see Lock.is_free."""


def run(argv: "List[str]") -> None:
    """Do what the arguments after the script's name ask for.

    action: sign_in, sign_out or check; none when opened from Programs. from: "settings" for the buttons there, and
    "add-on" for who waits for the end of a sign-in, with after: how many there were by then (see kodi/handover.py).
    """
    try:
        _run(KodiRuntime(), argv)
    except addon.Gone:
        addon.log("disabled or uninstalled")  # by somebody at another remote: nobody is to be told of it


def _run(runtime: KodiRuntime, argv: "List[str]") -> None:
    arguments = dict(argument.partition("=")[::2] for argument in argv[1:])
    action, asked_from = arguments.get("action", ""), arguments.get("from", "")
    done = True
    if action == "sign_in":
        done = sign_in(runtime, arguments.get("after", ""))
    elif action == "sign_out":
        sign_out(runtime)
    elif action == "check":
        check(runtime)
    elif action == "":
        open_from_programs(runtime)
    else:
        addon.warn("unknown action")
    if done and asked_from == "settings" and not runtime.is_shutting_down():
        addon.open_settings()


def open_from_programs(runtime: KodiRuntime) -> None:
    """Signed out: sign in. Signed in: the settings say who it is and what can be done."""
    if _tidy_accounts().load():
        addon.open_settings()
    else:
        sign_in(runtime)


def sign_in(runtime: KodiRuntime, after: str = "") -> bool:
    """Sign in with a code, and say how it ended. False when a sign-in is already open: it stays as it is.

    after: the number of the sign-in after which another add-on wants this one; "" for a person.
    """
    lock = Lock(SIGN_IN)
    if not lock.acquire(_LOCK_PATIENCE):
        if not after:
            dialogs.notify(addon.text(words.ALREADY_OPEN))
        return False
    end = "CANCELLED"
    try:
        if after and after != str(handover.state()[0]):
            return False  # another has begun and ended since: who asked has its end
        handover.begin()
        screen, outcome = _sign_in_until_accepted(runtime)
        if outcome:
            end = outcome.end.name
            if end == "SIGNED_IN":
                addon.notify_all(addon.SIGNED_IN)
        handover.end(end)
    finally:
        qr.remove_all()
        lock.release()
    if outcome and end == "SIGNED_IN":
        message = addon.text(words.what_happened(outcome), outcome.user_name, outcome.replaced)
        if outcome.read_only:
            _offer_sign_in(runtime, message)
        elif screen and outcome.user_name and not outcome.replaced:
            screen.tell(message)
        else:
            dialogs.tell(runtime, message)
    return True


def sign_out(runtime: KodiRuntime) -> None:
    """Ask, then remove the account from this device."""
    if not dialogs.ask(runtime, addon.text(words.SIGN_OUT_QUESTION), yes=addon.text(words.SIGN_OUT), careful=True):
        return
    lock = Lock(SIGN_IN)
    if not lock.acquire(_LOCK_PATIENCE):
        dialogs.notify(addon.text(words.ALREADY_OPEN))
        return
    from .errors import NotSaved
    from .wiring import accounts

    revoked = _revoke(accounts(), runtime)
    try:
        accounts().remove()
    except NotSaved:
        outcome = words.NOT_REMOVED
    else:
        outcome = words.SIGNED_OUT_AT_SIMKL if revoked else words.SIGNED_OUT
        addon.notify_all(addon.SIGNED_OUT)
    lock.release()
    dialogs.tell(runtime, addon.text(outcome))


def check(runtime: KodiRuntime) -> None:
    """Ask Simkl whether the sign-in is good, and say the answer; where it is not, offer to sign in again."""
    lock = Lock(SIGN_IN)
    if not lock.acquire(_LOCK_PATIENCE):
        return dialogs.notify(addon.text(words.ALREADY_OPEN))
    accounts = _tidy_accounts()
    grant = accounts.last_grant()
    if not grant:
        lock.release()
        return dialogs.tell(runtime, addon.text(words.NOT_SIGNED_IN))
    client_id = grant.client_id or _client_id(runtime)
    if not client_id:
        return
    screen = dialogs.ProgressScreen(runtime, addon.name())
    from . import wiring
    from .auth.check import Check

    def refresh(simkl: "Asking[Client]", grant: "Grant") -> "Grant":
        return wiring.refresh_in_this_kodi(simkl, grant, runtime)

    outcome = Check(lambda: wiring.connect(client_id), screen, accounts, runtime, refresh, addon.log).run(grant)
    lock.release()
    account = accounts.load()
    if outcome.end.name == "SIGNED_IN" and account and account.is_outdated:
        _offer_sign_in(runtime, addon.text(words.OUTDATED))
    elif outcome.end.name == "SIGNED_IN" and outcome.read_only:
        _offer_sign_in(runtime, addon.text(words.READ_ONLY, outcome.user_name))
    elif outcome.end.name == "SIGNED_IN":
        dialogs.tell(runtime, addon.text(words.STILL_SIGNED_IN, outcome.user_name))
    elif outcome.end.name == "NEEDS_SIGN_IN":
        _offer_sign_in(runtime, addon.text(words.NEEDS_SIGN_IN))
    elif outcome.end.name not in ("CANCELLED", "SHUTTING_DOWN"):
        dialogs.tell(runtime, addon.text(words.what_happened(outcome)))


def _sign_in_until_accepted(runtime: KodiRuntime) -> "Tuple[Optional[AnyScreen], Optional[Outcome]]":
    """Sign in, with another client id where Simkl refuses one; None when the person has none to enter."""
    client_id = _client_id(runtime)
    while client_id:
        screen = _open_screen(runtime, addon.text(words.SIGN_IN_TITLE))
        outcome = _sign_in_once(screen, runtime)
        if outcome.end.name != "REFUSED":
            return screen, outcome
        client_id = _ask_for_client_id(runtime, words.REFUSED)
    return None, None


def _open_screen(runtime: KodiRuntime, title: str) -> "AnyScreen":
    """The window for a television; where that cannot be opened, Kodi's plain dialog: nobody ever sees nothing."""
    try:
        return window.WindowScreen(runtime, title)
    except RuntimeError as error:
        addon.warn(f"no window for the sign-in: {error}")
        return dialogs.ProgressScreen(runtime, title)


def _sign_in_once(screen: "AnyScreen", runtime: KodiRuntime) -> "Outcome":
    qr.remove_all()  # of a Kodi that was killed
    from . import wiring
    from .auth.sign_in import SignIn

    client_id = wiring.client_id()
    return SignIn(lambda: wiring.connect(client_id), screen, _tidy_accounts(), runtime, addon.log).run()


def _offer_sign_in(runtime: KodiRuntime, why: str) -> None:
    if dialogs.ask(runtime, why, yes=addon.text(words.SIGN_IN_AGAIN)):
        sign_in(runtime)


def _revoke(accounts: "AccountStore", runtime: KodiRuntime) -> bool:
    """End the grant at Simkl, where it is of a kind that can be. Returns whether that is done."""
    grant = accounts.last_grant()
    if not grant or not grant.refresh_token:
        return False
    screen = dialogs.ProgressScreen(runtime, addon.name())
    from .auth.sign_out import revoke
    from .wiring import connect

    client_id = grant.client_id
    return revoke(lambda: connect(client_id), grant, screen, runtime, addon.log)


def _tidy_accounts() -> "AccountStore":
    from contextlib import suppress

    from .errors import NotSaved
    from .wiring import accounts

    with suppress(NotSaved):
        accounts().tidy()
    return accounts()


def _client_id(runtime: KodiRuntime) -> str:
    """Some client id, see wiring.client_id; "" when there is none and nobody has one to enter."""
    known = KodiSettings().get(CLIENT_ID).strip()
    if not known:
        from .wiring import client_id

        known = client_id()
    return known or _ask_for_client_id(runtime, words.NO_CLIENT_ID)


def _ask_for_client_id(runtime: KodiRuntime, why: int) -> str:
    """Say why one is needed, and store what is entered; "" when the person would rather not."""
    if not dialogs.ask(runtime, addon.text(why), yes=addon.text(words.ENTER_CLIENT_ID)):
        return ""
    client_id = dialogs.type_in(addon.text(words.CLIENT_ID))
    if client_id:
        from .errors import NotSaved

        try:
            with KodiSettings().alone():
                KodiSettings().set(CLIENT_ID, client_id)
        except NotSaved:
            dialogs.tell(runtime, addon.text(words.CLIENT_ID_NOT_SAVED))
            return ""
    return client_id
