#!/bin/bash
# Compares the packages we choose with those apt chooses, from the same lists and the same minbase.
#
#   tests/conformance/solver.sh [SINGLES [GROUPS [FOREIGN]]]
#
# Packages of trixie (main, amd64, with updates and security) are drawn by a hash of their names, the same number from
# every section: SINGLES requests of one package (default 308), GROUPS of three (default 24); those of solver.requests,
# known to be hard, come on top. FOREIGN requests (default 12) are for i386 packages on amd64. For each,
# `apt-get install --no-install-recommends --simulate` runs on a private configuration whose dpkg status says that our
# minbase is installed. The score is printed, and every difference; solver.expected explains the known ones. Fails if
# less than 98 % are equal, or if a difference is not explained.
#
# Needs apt, python3, cargo, and the Debian mirror that the host's own apt uses. KEEP=DIR keeps lists and results there.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
[ -n "${KEEP:-}" ] || trap 'rm -rf "$work"' EXIT

# The mirror is where the host's apt gets Debian from; its name stays out of this file.
uris() {
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null || true; } |
        sed -nE 's/^URIs:[[:space:]]*//p; s/^deb[[:space:]]+(\[[^]]*\][[:space:]]*)?([^[:space:]]+).*/\2/p' |
        tr ' ' '\n' | grep -E "/$1/?$" | head -n1
}
mirror=$(uris debian) || {
    echo "no Debian mirror found in the host's apt sources" >&2
    exit 1
}
security=$(uris debian-security) || true
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
cargo build --quiet --manifest-path "$root/Cargo.toml" --package boot-deb --example solve
solve=${CARGO_TARGET_DIR:-$root/target}/debug/examples/solve

# compare NAME SUITES ARCHITECTURES [OPTION OF solver.py]…
compare() {
    local name=$1 suites=$2 architectures=$3 suite at
    shift 3
    at=$work/$name
    mkdir -p "$at"/{lists,cache/archives}/partial
    : >"$at/status"
    # The order of this file is that in which apt reads the lists; it decides between equal providers.
    for suite in $suites; do
        case $suite in
        *-security) [ -z "$security" ] || echo "deb [signed-by=$keyring] $security $suite main" ;;
        *) echo "deb [signed-by=$keyring] $mirror $suite main" ;;
        esac
    done >"$at/sources.list"
    # shellcheck disable=SC2086 # several words
    cat >"$at/apt.conf" <<END
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::SourceList "$at/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$at";
Dir::State::Lists "$at/lists";
Dir::State::Status "$at/status";
Dir::Cache "$at/cache";
APT::Architecture "${architectures%% *}";
APT::Architectures { $(printf '"%s"; ' $architectures) };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "5";
pkgCacheGen::ForceEssential ",";
END
    export APT_CONFIG=$at/apt.conf LC_ALL=C.UTF-8
    apt-get update --quiet=2
    echo "== $name ($suites; $architectures)"
    python3 "$here/solver.py" --status "$at/status" --solve "$solve" --expected "$here/solver.expected" "$@"
}

failed=0
compare native "trixie trixie-updates trixie-security" amd64 \
    --singles "${1:-308}" --groups "${2:-24}" --requests "$here/solver.requests" || failed=1
# Suites with different versions for two architectures, as mirrors have at times, make most of i386 uninstallable.
compare foreign trixie "amd64 i386" \
    --foreign i386 --singles "${3:-12}" --requests "$here/solver.requests" || failed=1
exit $failed
