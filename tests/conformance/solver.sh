#!/bin/bash
# Compares the packages we choose with those apt chooses, from the same lists and the same minbase.
#
#   tests/conformance/solver.sh [SINGLES [GROUPS]]
#
# Packages of trixie (main, amd64, with updates and security) are drawn by a hash of their names, the same number from
# every section: SINGLES requests of one package (default 336), GROUPS of three (default 64). For each, `apt-get install
# --no-install-recommends --simulate` runs on a private configuration whose dpkg status says that our minbase is
# installed. The score is printed, and every difference; solver.expected explains the known ones. Fails if less than 98 %
# are equal, or if a difference is not explained.
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
        tr ' ' '\n' | grep -E '/debian(-security)?/?$'
}
mirror=$(uris | grep -v security | head -n1)
security=$(uris | grep security | head -n1 || true)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

apt=$work/apt
mkdir -p "$apt"/{lists,cache/archives}/partial
{
    echo "deb [signed-by=$keyring] $mirror trixie main"
    echo "deb [signed-by=$keyring] $mirror trixie-updates main"
    [ -z "$security" ] || echo "deb [signed-by=$keyring] $security trixie-security main"
} >"$apt/sources.list"
cat >"$apt/apt.conf" <<END
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt/cache";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "5";
pkgCacheGen::ForceEssential ",";
END
: >"$apt/status"
export APT_CONFIG=$apt/apt.conf LC_ALL=C.UTF-8
apt-get update --quiet=2

# In the order of sources.list: the order in which apt reads them decides between equal providers.
lists=()
for suite in trixie trixie-updates trixie-security; do
    for file in "$apt"/lists/*_dists_"${suite}"_main_binary-amd64_Packages; do
        [ ! -e "$file" ] || lists+=("$file")
    done
done

cargo build --quiet --manifest-path "$root/Cargo.toml" --package boot-deb --example solve
solve=${CARGO_TARGET_DIR:-$root/target}/debug/examples/solve
python3 "$here/solver.py" --work "$work" --solve "$solve" --expected "$here/solver.expected" \
    --singles "${1:-336}" --groups "${2:-64}" "${lists[@]}"
