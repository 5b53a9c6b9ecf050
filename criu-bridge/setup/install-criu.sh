#!/bin/sh
# Gives this machine a CRIU that mig can use (>= 4.2) at /opt/mig/criu/criu.
#
#   install-criu.sh            install when missing, otherwise say so and end at once
#   install-criu.sh --force    install again
#
# Where the distribution offers CRIU >= 4.2, its package is installed and the path becomes a link to it. Elsewhere
# the package `criu` of Debian's unstable release is unpacked privately below /opt/mig/criu, together with the loader,
# C library and other libraries it was built for. Nothing of this touches the system's own packages: apt works on
# lists, cache and an (empty) package status of its own in a temporary folder, so the system's apt never hears of
# unstable, and the packages are unpacked with dpkg-deb, never installed. patchelf then ties the program to its own
# loader and libraries, so that it runs directly, without a wrapper, from any mount namespace that has /opt/mig.
#
# Environment: MIG_DEBIAN_MIRROR  mirror to use instead of the one in the machine's own apt sources.
set -eu

home=/opt/mig/criu
oldest=4.2

say() { echo "install-criu: $*"; }
die() { echo "install-criu: $*" >&2; exit 1; }

# version_of PROGRAM: prints e.g. 4.2.1, nothing when it cannot run
version_of() { "$1" --version 2>/dev/null | sed -n 's/^Version: *\([0-9][0-9.]*\).*/\1/p'; }
new_enough() { [ -n "$1" ] && dpkg --compare-versions "$1" ge "$oldest"; }

have=$(version_of $home/criu || true)
if [ "${1:-}" != --force ] && new_enough "$have"; then
    say "CRIU $have is already at $home/criu"
    exit 0
fi

[ "$(id -u)" = 0 ] || die "installing CRIU needs root; run: sudo $0"
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    die "no apt here; install CRIU >= $oldest yourself and run: ln -s \$(command -v criu) $home/criu"
mkdir -p /opt/mig
exec 9>/opt/mig/.criu.lock
flock 9 # two installations at once: the second one finds the work done
have=$(version_of $home/criu || true)
if [ "${1:-}" != --force ] && new_enough "$have"; then say "CRIU $have is already at $home/criu"; exit 0; fi

work=$(mktemp -d /opt/mig/.criu-setup.XXXXXX)
trap 'rm -rf "$work"' EXIT INT TERM

# put FOLDER in place of $home; programs that run from the old folder keep their files open
put_in_place() {
    rm -rf $home.old
    [ ! -e $home ] || mv $home $home.old
    mv "$1" $home
    rm -rf $home.old
}

# --- the distribution's own package, when it is new enough -----------------------------------------------------------
candidate=$(apt-cache policy criu 2>/dev/null | sed -n 's/^ *Candidate: *//p')
if [ "$candidate" != "(none)" ] && new_enough "$candidate"; then
    say "installing the distribution's package criu $candidate"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends criu >/dev/null
    mkdir "$work/criu"
    ln -s "$(command -v criu)" "$work/criu/criu"
    chmod 755 "$work/criu"
    put_in_place "$work/criu"
    say "CRIU $(version_of $home/criu) is at $home/criu"
    exit 0
fi

# --- private copy from Debian's unstable release ---------------------------------------------------------------------
if ! command -v patchelf >/dev/null; then
    say "installing the package patchelf"
    apt-get install -y -q --no-install-recommends patchelf >/dev/null 2>&1 || {
        apt-get update -q >/dev/null
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends patchelf >/dev/null
    }
fi

# The mirror is the one this machine already uses for Debian's main archive (not the security archive).
debian_mirror() {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk -F'|' '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}
mirror=${MIG_DEBIAN_MIRROR:-$(debian_mirror)}
if [ -z "$mirror" ]; then # apt learns the origin of an archive only by fetching its lists once
    say "fetching the package lists of this machine (apt-get update)"
    apt-get update -q >/dev/null
    mirror=$(debian_mirror)
fi
[ -n "$mirror" ] || die "found no Debian archive among this machine's apt sources; set MIG_DEBIAN_MIRROR=<uri of one>"

keyring=
for k in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
    [ -e $k ] && keyring=$k && break
done
[ -n "$keyring" ] || die "no Debian archive keys here; run: apt-get install debian-archive-keyring"

arch=$(dpkg --print-architecture)
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/empty" "$work/root" "$work/criu/lib"
: >"$work/status"
echo "deb [arch=$arch signed-by=$keyring] $mirror sid main" >"$work/sources.list"

own_apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status" \
        -o Dir::Cache="$work/cache" -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/empty" \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts="$work/empty" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none "$@" >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; return 1; }
}
say "reading the package lists of Debian unstable from $mirror (apart from the system's)"
own_apt update || die "could not read the package lists of $mirror"
say "downloading criu and the libraries it was built for"
own_apt install --download-only --no-install-recommends -y criu || die "could not download criu from $mirror"

for deb in "$work"/cache/archives/*.deb; do
    dpkg-deb -x "$deb" "$work/root"
done
program=$(find "$work/root/usr" -path '*bin/criu' -type f | head -n 1)
[ -n "$program" ] || die "the package criu of $mirror holds no program called criu"
cp "$program" "$work/criu/criu"
find "$work/root" -name '*.so*' \( -path '*/lib/*-linux-*/*.so*' -o -path '*/lib64/*' \) \
    ! -path '*/gconv/*' ! -path '*/audit/*' -exec cp -P {} "$work/criu/lib/" \;
loader=$(basename "$(patchelf --print-interpreter "$program")")
if [ ! -e "$work/criu/lib/$loader" ] || [ -L "$work/criu/lib/$loader" ]; then # the link may lead out of the folder
    found=$(find "$work/root" -name "$loader" -type f | head -n 1)
    [ -n "$found" ] || die "the loader $loader is in none of the downloaded packages"
    rm -f "$work/criu/lib/$loader"
    cp "$found" "$work/criu/lib/$loader"
fi
# RPATH, not RUNPATH: it counts for the libraries of the libraries, too
patchelf --set-interpreter "$home/lib/$loader" --force-rpath --set-rpath "$home/lib" "$work/criu/criu"
mkdir -p "$work/criu/doc"
for deb in "$work"/cache/archives/*.deb; do dpkg-deb -W "$deb"; done >"$work/criu/doc/packages"
for c in "$work"/root/usr/share/doc/*/copyright; do
    p=${c%/copyright}
    cp "$c" "$work/criu/doc/${p##*/}.copyright"
done
chmod -R u+rwX,go+rX "$work/criu"
put_in_place "$work/criu"

have=$(version_of $home/criu || true)
new_enough "$have" || die "the copy at $home/criu does not run: $($home/criu --version 2>&1 | head -n 1)"
say "CRIU $have is at $home/criu"
