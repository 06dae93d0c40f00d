# SPDX-License-Identifier: GPL-2.0-or-later
"""The URL of the proxy that is set in Kodi."""

from __future__ import annotations

from typing import Any

import pytest

from lib.simkl_account.kodi.proxy import proxy_url

from .stubs import StubbedKodi


def proxy(**changes: Any) -> dict[str, Any]:
    """Return Kodi's settings of a proxy, with changes."""
    settings = {"usehttpproxy": True, "httpproxytype": 0, "httpproxyserver": "proxy.example", "httpproxyport": 3128}
    return {f"network.{name}": value for name, value in {**settings, **changes}.items()}


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, None),
        (proxy(usehttpproxy=False), None),
        (proxy(httpproxyserver=""), None),
        (proxy(httpproxytype=17), None),
        (proxy(), "http://proxy.example:3128"),
        (proxy(httpproxytype=1), "socks4://proxy.example:3128"),
        (proxy(httpproxytype=2), "socks4a://proxy.example:3128"),
        (proxy(httpproxytype=3), "socks5://proxy.example:3128"),
        (proxy(httpproxytype=4), "socks5h://proxy.example:3128"),
        (proxy(httpproxytype=5), "https://proxy.example:3128"),
        (proxy(httpproxyserver="::1"), "http://[::1]:3128"),
        (proxy(httpproxyusername="me"), "http://me:@proxy.example:3128"),
        (
            proxy(httpproxyusername="m@e", httpproxypassword="p:/w d"),
            "http://m%40e:p%3A%2Fw%20d@proxy.example:3128",
        ),
    ],
)
def test_proxy_url(kodi: StubbedKodi, settings: dict[str, Any], url: str | None) -> None:
    """Kodi's settings become a URL for requests; None if no proxy is set, or if its type is unknown."""
    kodi.kodi_settings = settings
    assert proxy_url() == url
