#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs those of the named Debian or Ubuntu packages that are missing.
set -eu
missing=
for package in "$@"; do
    dpkg-query --show --showformat='${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "Installing$missing"
[ "$(id -u)" = 0 ] && sudo= || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -qq update
# shellcheck disable=SC2086
$sudo apt-get -qq install --yes --no-install-recommends $missing >/dev/null
