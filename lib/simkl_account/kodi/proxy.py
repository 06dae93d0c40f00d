# SPDX-License-Identifier: GPL-2.0-or-later
"""The proxy that is set in Kodi (Settings > System > Internet access). Kodi does not pass it to Python by itself."""

from __future__ import annotations

from urllib.parse import quote

from .addon import kodi_setting

_SCHEMES = {0: "http", 1: "socks4", 2: "socks4a", 3: "socks5", 4: "socks5h", 5: "https"}
"""Kodi's values of network.httpproxytype, and the URL schemes that requests has for them."""


def proxy_url() -> str | None:
    """Return Kodi's proxy as a URL for requests; None if Kodi uses none. It may hold a password: never log it."""
    if not kodi_setting("network.usehttpproxy"):
        return None
    server = kodi_setting("network.httpproxyserver")
    scheme = _SCHEMES.get(kodi_setting("network.httpproxytype"))
    if not server or not scheme:
        return None
    user = quote(kodi_setting("network.httpproxyusername") or "", safe="")
    password = quote(kodi_setting("network.httpproxypassword") or "", safe="")
    if ":" in server:
        server = f"[{server}]"  # an IPv6 address
    login = f"{user}:{password}@" if user else ""
    return f"{scheme}://{login}{server}:{kodi_setting('network.httpproxyport')}"
