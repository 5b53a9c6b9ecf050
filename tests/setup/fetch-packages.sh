#!/bin/sh
# Fetches Debian packages into a folder without installing anything on this machine.
#
#   fetch-packages.sh binary DIR PACKAGE...   DIR/*.deb: the packages and what they need and this machine does not have
#   fetch-packages.sh source DIR PACKAGE      DIR/PACKAGE.orig.tar.*: the original source; a link to the file
#
# Both from the Debian archive that this machine's apt uses; for sources apt works with lists of its own. What is
# there already is not fetched again.
set -eu

die() { echo "fetch-packages: $*" >&2; exit 1; }

[ $# -ge 3 ] || die "usage: fetch-packages.sh binary|source DIR PACKAGE..."
kind=$1 dir=$2
shift 2
[ "$(id -u)" = 0 ] || die "fetching packages needs root (apt's locks); run it with sudo"
command -v apt-get >/dev/null || die "no apt here; what is missing: $*"
mkdir -p "$dir"
exec 9>"$dir/.lock"
flock 9

binary() {
    [ ! -e "$dir/.complete" ] || return 0
    mkdir -p "$dir/partial"
    fetch="apt-get install --download-only -y -q --no-install-recommends -o Dir::Cache::archives=$dir"
    $fetch "$@" >"$dir/log" 2>&1 || { apt-get update -q >>"$dir/log" 2>&1 && $fetch "$@" >>"$dir/log" 2>&1; } ||
        { tail -n 5 "$dir/log" >&2; die "could not fetch $*"; }
    : >"$dir/.complete"
}

archive() { # URI|codename of the main archive of this machine
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)|$(CODENAME)' 'Created-By: Packages' 2>/dev/null |
        awk -F'|' '$1 == "Debian" && $2 == "Debian" && $4 !~ /-/ { print $3 "|" $4; exit }'
}

source_of() {
    [ ! -e "$dir/$1.orig.tar" ] || return 0
    found=$(archive)
    [ -n "$found" ] || { apt-get update -q >/dev/null 2>&1 || true; found=$(archive); }
    [ -n "$found" ] || die "found no Debian archive among this machine's apt sources"
    work=$(mktemp -d "$dir/.work.XXXXXX")
    trap 'rm -rf "$work"' EXIT INT TERM
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/empty"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${found%|*} ${found#*|} main" >"$work/sources.list"
    for step in update "source --download-only $1"; do
        (cd "$work" && apt-get -q -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" \
            -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/empty" \
            -o APT::Sandbox::User=root -o Acquire::Languages=none $step) >"$work/log" 2>&1 ||
            { tail -n 5 "$work/log" >&2; die "could not fetch the source of $1 from ${found%|*}"; }
    done
    for file in "$work"/*.orig.tar.*z "$work"/*.orig.tar.bz2; do
        [ -e "$file" ] || continue
        mv "$file" "$dir/"
        ln -sfn "${file##*/}" "$dir/$1.orig.tar"
        return 0
    done
    die "the source package $1 holds no original source"
}

case $kind in
    binary) binary "$@" ;;
    source) source_of "$1" ;;
    *) die "binary or source? not $kind" ;;
esac
