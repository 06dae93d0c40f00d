# SPDX-License-Identifier: GPL-2.0-or-later
"""A simkl_account for the unit tests of other add-ons: the same names, without Kodi, without a network.

docs/for-add-ons.md, "Testing your add-on", has an example.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime, timedelta, timezone
from importlib.util import find_spec
from io import BytesIO
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

if TYPE_CHECKING:
    from simkl_account import Account, SignInResult

__all__ = ["Fake", "install"]

_SIMKL = "https://api.simkl.com/"

_TITLE = re.compile(r"/(movies|tv|anime|tv/episodes|anime/episodes)/(\d+|tt\d+)")
"""The paths that need nobody to be signed in."""


class Fake:
    """What a test sets, and what the add-on has done."""

    account: Account | None
    """Who is signed in."""
    next_sign_in: str
    """How sign_in() ends: the name of a SignInResult. After SIGNED_IN, Ada is signed in."""
    answers: dict[tuple[str, str], tuple[int, Any]]
    """Simkl's answers: a status and a value to encode as JSON, by method and path. To the rest, it answers 404."""
    error: Exception | None
    """What each request raises; None for nothing."""
    sent: list[requests.PreparedRequest]
    """The requests to Simkl, as the add-on made them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Sign out, and forget answers and requests."""
        self.account, self.next_sign_in = None, "SIGNED_IN"
        self.answers, self.error, self.sent = {}, None, []

    def sign_in(
        self, name: str = "Ada", id: int | None = 1, type: str = "free", can_write: bool = True, **fields: Any
    ) -> None:
        """Sign somebody in. fields: other fields of Account, such as needs_sign_in=True."""
        from simkl_account.models import Account

        fields = {"since": "2026-11-23", "needs_sign_in": False, **fields}
        self.account = Account(name=name, id=id, type=type, can_write=can_write, **fields)

    def sign_out(self) -> None:
        """Sign out."""
        self.account = None


def install() -> Fake:
    """Let `import simkl_account` import a fake from now on, and return what controls it.

    Call it before the modules that you test are imported. A second call returns the same Fake, after a reset().
    """
    installed = getattr(sys.modules.get("simkl_account"), "fake", None)
    if isinstance(installed, Fake):
        installed.reset()
        return installed
    spec = find_spec("simkl_account")
    if spec is None:
        raise ImportError("simkl_account is not installed")
    fake = Fake()
    module = ModuleType("simkl_account")
    module.__path__ = spec.submodule_search_locations or []  # for the modules that do without Kodi
    module.fake = fake  # type: ignore[attr-defined]
    sys.modules["simkl_account"] = module
    _fill(module, fake)
    return fake


def _fill(module: Any, fake: Fake) -> None:
    from simkl_account import errors
    from simkl_account.models import Account
    from simkl_account.outcome import SignInResult
    from simkl_account.simkl.watched import ShuttingDown

    module.Account, module.SignInResult, module.ShuttingDown = Account, SignInResult, ShuttingDown
    for error in ("SimklAccountError", "AddonRemoved", "SignInNeeded"):
        setattr(module, error, getattr(errors, error))
    for error in ("LimitExceeded", "UserLimitExceeded", "AppLimitExceeded"):
        setattr(module, error, getattr(errors, error))
    module.__version__ = "fake"

    def get_account() -> Account | None:
        return fake.account

    def is_signed_in() -> bool:
        return fake.account is not None and not fake.account.needs_sign_in

    def sign_in() -> SignInResult:
        if fake.next_sign_in == "SIGNED_IN":
            fake.sign_in()
        return SignInResult[fake.next_sign_in]

    def sign_out() -> bool:
        fake.sign_out()
        return True

    class Session(requests.Session):
        def __init__(self) -> None:
            super().__init__()
            self.deadline = 60.0
            for scheme in ("https://", "http://"):
                self.mount(scheme, _NoNetwork())
            self.mount(_SIMKL, _Adapter(fake, is_signed_in))

    for public in (get_account, is_signed_in, sign_in, sign_out, Session):
        setattr(module, public.__name__, public)


class _NoNetwork(BaseAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        raise requests.ConnectionError("the fake has no network", request=request)

    def close(self) -> None:
        """There is nothing to close."""


class _Adapter(_NoNetwork):
    """Answers in place of Simkl."""

    def __init__(self, fake: Fake, is_signed_in: Callable[[], bool]) -> None:
        super().__init__()
        self._fake = fake
        self._is_signed_in = is_signed_in

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        from simkl_account.errors import AppLimitExceeded, SignInNeeded, UserLimitExceeded

        path = urlsplit(request.url or "").path
        if request.method == "GET" and request.body:
            raise ValueError("a GET to Simkl has no body: put the values into params")
        if not self._is_signed_in() and not (request.method == "GET" and _TITLE.fullmatch(path)):
            raise SignInNeeded("the fake is signed out")
        if self._fake.error:
            raise self._fake.error
        self._fake.sent.append(request)
        status, value = self._fake.answers.get((request.method or "", path), (404, {"error": "url_failed"}))
        limits = {"user_limit_exceeded": UserLimitExceeded, "app_limit_exceeded": AppLimitExceeded}
        if status == 429 and isinstance(value, dict) and value.get("error") in limits:
            raise limits[value["error"]](datetime.now(timezone.utc) + timedelta(hours=1))
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url or "", request
        response.headers["Content-Type"] = "application/json"
        response.raw = HTTPResponse(BytesIO(json.dumps(value).encode()), preload_content=False)
        return response
