# SPDX-License-Identifier: GPL-2.0-or-later
"""The entry script: the actions of RunScript(script.simkl.account,action=...).

The user waits for imports between the press of a button and the first dialog. So the modules that are imported at the
top import only Kodi's own modules and a few small ones (typing alone takes as long as all of them), and everything else
is imported where it is used. A test holds the list: tests/unit/test_imports.py.
"""

from __future__ import annotations

from .errors import AddonRemoved, NotSaved
from .kodi import addon, broker, dialogs, qr, window
from .kodi.lock import SIGN_IN, Lock, LockHeld
from .kodi.runtime import KodiRuntime
from .kodi.settings import KodiSettings
from .kodi.strings import Text, message
from .setting import Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    from .account.store import AccountStore
    from .models import Credentials
    from .outcome import Outcome
    from .simkl.background import BackgroundClient
    from .simkl.client import Simkl

    AnyScreen = Union[dialogs.ProgressScreen, window.WindowScreen]

_LOCK_TIMEOUT = 0.2
"""Seconds. Lock.is_free() takes the lock for an instant, which must not look like an open sign-in."""


def run(argv: list[str]) -> None:
    """Run the action that the arguments after the script's name ask for.

    action: sign_in, sign_out or check; none if the add-on was opened from Programs.
    from: "settings" for a button of the settings window, which is opened again afterwards; "add-on" for another add-on
    that waits for a sign-in (see kodi/broker.py).
    after: the number of the newest run of that action when that add-on asked.
    """
    try:
        _run(KodiRuntime(), dict(argument.partition("=")[::2] for argument in argv[1:]))
    except AddonRemoved:
        addon.log("disabled or uninstalled")  # somebody did that on purpose, so the user is told nothing


def _run(runtime: KodiRuntime, arguments: dict[str, str]) -> None:
    action = _ACTIONS.get(arguments.get("action", ""))
    source = arguments.get("from", "")
    if not action:
        return addon.warn("unknown action")
    try:
        action(runtime, arguments.get("after", ""))
    except LockHeld:
        if source != "add-on":
            dialogs.show_notification(addon.text(Text.ALREADY_OPEN))
        return
    if source == "settings" and not runtime.is_shutting_down():
        addon.open_settings()


def open_from_programs(runtime: KodiRuntime, after: str = "") -> None:
    """Sign in if nobody is signed in; else open the settings, which show the account."""
    if _repaired_accounts().load():
        addon.open_settings()
    else:
        sign_in(runtime)


def sign_in(runtime: KodiRuntime, after: str = "") -> None:
    """Sign in with a code, and say how it ended.

    Raises LockHeld, as sign_out() and check() do, if one of the three runs already.

    after: see run(); "" if the user asked for the sign-in.
    """
    with Lock(SIGN_IN, _LOCK_TIMEOUT):
        if _has_ended(broker.SIGN_IN, after):
            return
        broker.begin(broker.SIGN_IN)
        try:
            screen, outcome = _sign_in_with_accepted_client_id(runtime)
            if outcome.is_success:
                _forget_refusals()
                addon.notify_signed_in(outcome.is_same_account, can_write=not outcome.read_only)
            broker.end(broker.SIGN_IN, outcome.result.name)
        finally:
            qr.remove_all()
    if outcome.is_success:
        _show_signed_in(runtime, screen, outcome)


def sign_out(runtime: KodiRuntime, after: str = "") -> None:
    """Ask, then end the access at Simkl if possible, and remove the account from this device. after: see sign_in()."""
    question, yes = addon.text(Text.SIGN_OUT_QUESTION), addon.text(Text.SIGN_OUT)
    with Lock(SIGN_IN, _LOCK_TIMEOUT):
        if _has_ended(broker.SIGN_OUT, after):
            return
        broker.begin(broker.SIGN_OUT)
        result = _sign_out(runtime) if dialogs.confirm(runtime, question, yes, careful=True) else None
        is_signed_out = result not in (None, Text.NOT_REMOVED)
        broker.end(broker.SIGN_OUT, broker.SIGNED_OUT if is_signed_out else broker.CANCELLED)
    if result:
        dialogs.show_message(runtime, addon.text(result))


def check(runtime: KodiRuntime, after: str = "") -> None:
    """Ask Simkl whether it still accepts the sign-in, and say the answer. If not, offer to sign in again."""
    with Lock(SIGN_IN, _LOCK_TIMEOUT):
        credentials = _repaired_accounts().credentials()
        outcome = _check(runtime, credentials) if credentials else None
    if not credentials:
        dialogs.show_message(runtime, addon.text(Text.NOT_SIGNED_IN))
    elif outcome:
        _show_checked(runtime, outcome)


def _has_ended(action: str, after: str) -> bool:
    """Return True if another run has ended since an add-on asked for one: then that add-on already has the result."""
    return bool(after) and after != str(broker.state(action)[0])


_ACTIONS = {"": open_from_programs, "sign_in": sign_in, "sign_out": sign_out, "check": check}


def _sign_in_with_accepted_client_id(runtime: KodiRuntime) -> tuple[AnyScreen | None, Outcome]:
    """Sign in. If Simkl refuses the client id, ask for another one and try again. CANCELLED if the user has none."""
    has_client_id = _has_client_id() or _ask_for_client_id(runtime, Text.NO_CLIENT_ID)
    while has_client_id:
        screen = _open_screen(runtime, addon.text(Text.SIGN_IN_TITLE))
        outcome = _sign_in_once(screen, runtime)
        if not outcome.wants_other_client_id:
            return screen, outcome
        has_client_id = _ask_for_client_id(runtime, Text.REFUSED)
    from .outcome import Outcome, SignInResult

    return None, Outcome(SignInResult.CANCELLED)


def _open_screen(runtime: KodiRuntime, title: str) -> AnyScreen:
    """Open the window, or Kodi's plain dialog if the window cannot be opened."""
    try:
        return window.WindowScreen(runtime, title)
    except RuntimeError as error:
        addon.warn(f"no window for the sign-in: {error}")
        return dialogs.ProgressScreen(runtime, title)


def _sign_in_once(screen: AnyScreen, runtime: KodiRuntime) -> Outcome:
    qr.remove_all()  # those that a killed Kodi has left
    from . import wiring
    from .account.client_id import current_client_id
    from .auth.sign_in import SignIn

    def connect() -> Simkl:
        """Runs in the background: while Kodi updates the add-on, reading a setting can take a minute."""
        _repaired_accounts()
        return wiring.connect(current_client_id(KodiSettings()))

    return SignIn(connect, screen, wiring.accounts(notify=False), runtime, addon.log).run()


def _forget_refusals() -> None:
    """Forget that Simkl refused the token earlier: a new sign-in by the PIN flow gives the same token."""
    from .wiring import accounts, cooldown

    credentials = accounts().credentials()
    for name in ("refused", "marked"):
        if credentials:
            cooldown(name, credentials).clear()


def _show_signed_in(runtime: KodiRuntime, screen: AnyScreen | None, outcome: Outcome) -> None:
    if outcome.read_only:
        _offer_sign_in(runtime, message(outcome))
    elif screen and outcome.user_name and not outcome.replaced_name:
        screen.show_message(message(outcome))
    else:
        dialogs.show_message(runtime, message(outcome))


def _sign_out(runtime: KodiRuntime) -> int:
    """Sign out, and return the id of the text that says how it went."""
    from .wiring import accounts

    is_revoked = _revoke(accounts(), runtime)
    try:
        accounts().remove()
    except NotSaved:
        return Text.NOT_REMOVED
    addon.notify_signed_out()
    return Text.SIGNED_OUT_AT_SIMKL if is_revoked else Text.SIGNED_OUT


def _revoke(accounts: AccountStore, runtime: KodiRuntime) -> bool:
    """End the grant at Simkl, and return True if that worked; False for the PIN flow, which cannot end a grant."""
    credentials = accounts.credentials()
    if not credentials or not credentials.refresh_token:
        return False
    screen = dialogs.ProgressScreen(runtime, addon.name())
    from .auth.sign_out import revoke_on_screen
    from .wiring import connect

    client_id = credentials.client_id
    return revoke_on_screen(lambda: connect(client_id), credentials, screen, runtime, addon.log)


def _check(runtime: KodiRuntime, credentials: Credentials) -> Outcome | None:
    """Check the credentials. Returns None if there is no client id to send with them."""
    if not (credentials.client_id or _has_client_id() or _ask_for_client_id(runtime, Text.NO_CLIENT_ID)):
        return None
    screen = dialogs.ProgressScreen(runtime, addon.name())
    from . import wiring
    from .account.client_id import current_client_id, known_flow
    from .account.pin_retirement import is_outdated
    from .auth.check import Check
    from .simkl.background import BackgroundClient

    accounts, settings = wiring.accounts(), KodiSettings()
    current = current_client_id(settings)

    def refresh(simkl: BackgroundClient, credentials: Credentials) -> Credentials:
        return wiring.refresh_in_this_kodi(simkl, credentials, accounts, runtime)

    def connect() -> Simkl:
        return wiring.connect(credentials.client_id or current)

    def look_up_flow() -> BackgroundClient:
        return BackgroundClient(lambda: wiring.connect(current), runtime, screen.is_cancelled, screen.look)

    def is_for_old_flow(credentials: Credentials) -> bool:
        return is_outdated(credentials, current, known_flow(settings, current), look_up_flow)

    return Check(connect, screen, accounts, runtime, refresh, wiring.cooldown, is_for_old_flow, addon.log).run()


def _show_checked(runtime: KodiRuntime, outcome: Outcome) -> None:
    from .outcome import SignInResult
    from .wiring import accounts

    account = accounts().load()
    if outcome.is_success and account and account.is_outdated:
        _offer_sign_in(runtime, addon.text(Text.OUTDATED))
    elif outcome.is_success and outcome.read_only:
        _offer_sign_in(runtime, message(outcome))
    elif outcome.is_success:
        answer = Text.SIGNED_IN_NAMELESS if outcome.is_nameless else Text.STILL_SIGNED_IN
        dialogs.show_message(runtime, addon.text(answer, outcome.user_name))
    elif outcome.result is SignInResult.NEEDS_SIGN_IN and account and account.is_client_id_refused:
        _offer_sign_in(runtime, addon.text(Text.CLIENT_ID_NO_LONGER_ACCEPTED))
    elif outcome.result in (SignInResult.NEEDS_SIGN_IN, SignInResult.TOKEN_REFUSED):
        _offer_sign_in(runtime, message(outcome))
    elif not outcome.is_silent:
        dialogs.show_message(runtime, message(outcome))


def _offer_sign_in(runtime: KodiRuntime, reason: str) -> None:
    if dialogs.confirm(runtime, reason, yes=addon.text(Text.SIGN_IN_AGAIN)):
        sign_in(runtime)


def _repaired_accounts() -> AccountStore:
    from .wiring import accounts

    try:
        accounts().repair()
    except NotSaved:
        pass  # go on with what is stored
    return accounts()


def _has_client_id() -> bool:
    """Return True if there is a client id. The setting is looked at first, because the rest is slow to import."""
    if KodiSettings().get(Setting.CLIENT_ID).strip():
        return True
    from .account.client_id import current_client_id

    return bool(current_client_id(KodiSettings()))


def _ask_for_client_id(runtime: KodiRuntime, reason: int) -> bool:
    """Say why a client id is needed, and store the one that the user enters. Returns False if none is stored."""
    if not dialogs.confirm(runtime, addon.text(reason), yes=addon.text(Text.ENTER_CLIENT_ID)):
        return False
    client_id = dialogs.ask_text(addon.text(Text.CLIENT_ID))
    if not client_id:
        return False
    from .wiring import journal

    try:
        with journal().exclusive():
            journal().change({Setting.CLIENT_ID: client_id}, [Setting.CLIENT_ID])
    except NotSaved:
        dialogs.show_message(runtime, addon.text(Text.CLIENT_ID_NOT_SAVED))
        return False
    return True
