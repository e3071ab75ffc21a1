# Shared by the scripts beside it; sourced by bash, never run.
# shellcheck shell=bash disable=SC2034

set -euo pipefail
export LC_ALL=C.UTF-8

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build
nginx=/usr/sbin/nginx
rtmp_module=/usr/lib/nginx/modules/ngx_rtmp_module.so

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
    say "$*"
    exit 1
}


# nginx's build and configuration take a path as it is

case $top in
    *[!A-Za-z0-9._/@%+=:,~-]*)
        die "move the checkout to a path of plain letters, digits and ._-: $top" ;;
esac


# the comment at the head of the script that runs

usage() {
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
}


as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "\"$*\" needs root; run this once as root, or install sudo"
    fi
}


pkg_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}


# Install the named Debian packages that are missing.
#
# A fresh nginx package starts itself on port 80, and redis-server on 6379.  A
# runtime mask (in /run, lifted right after) holds them back under systemd;
# RUNLEVEL does so under sysvinit.  What the machine already had is not touched.

need_packages() {
    local pkg rc=0
    local -a missing=() apt_get mask=()

    command -v apt-get >/dev/null || die "no apt-get here: these scripts set up Debian 12"

    for pkg; do
        pkg_installed "$pkg" || missing+=("$pkg")
    done

    [ ${#missing[@]} -gt 0 ] || return 0

    say "installing ${missing[*]}"

    if [ -d /run/systemd/system ]; then
        pkg_installed nginx-common || mask+=(nginx.service)
        pkg_installed redis-server || mask+=(redis-server.service)
        [ ${#mask[@]} = 0 ] || as_root systemctl --runtime mask "${mask[@]}"
    fi

    apt_get=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
             apt-get -y -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)

    as_root "${apt_get[@]}" install --no-install-recommends "${missing[@]}" </dev/null >&2 || {
        say "trying again with fresh package lists"
        as_root "${apt_get[@]}" update </dev/null >&2
        as_root "${apt_get[@]}" install --no-install-recommends "${missing[@]}" </dev/null >&2
    } || rc=$?

    if [ ${#mask[@]} -gt 0 ]; then
        as_root systemctl --runtime unmask "${mask[@]}"
    fi

    [ $rc = 0 ] || die "apt-get could not install ${missing[*]}"
}


# What scripts/pages needs and, with "all", the tools of the tests, from npm; any
# nodejs will do, Debian's included.

npm_packages() {
    local what=$1 want omit=()

    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        need_packages nodejs npm
    fi

    [ "$what" = all ] || omit=(--omit=dev)
    want=$(sha256sum <"$top/package-lock.json")

    mkdir -p "$build/npm"

    if [ "$(cat "$build/npm/all" 2>/dev/null)" != "$want" ] \
        && [ "$(cat "$build/npm/$what" 2>/dev/null)" != "$want" ] \
        || [ ! -d "$top/node_modules/hls.js" ]
    then
        say "npm ci"
        rm -f "$build/npm/all" "$build/npm/run"

        (cd "$top" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
            --cache "$build/npm/cache" "${omit[@]}") </dev/null >&2 \
            || die "npm could not install the packages of package-lock.json"

        echo "$want" >"$build/npm/$what"
    fi
}
