# shellcheck shell=bash
# What the packages say of themselves inside our result.

part_root-checks() {
    local tree
    for tree in trixie ceph; do
        roots_of "$tree"
    done
    check "ceph: \`ceph --version\` runs" ceph_answers
    for tree in "${TREES[@]}"; do
        check "$tree: setuid, setgid, sticky bits and xattrs are mmdebstrap's" same_privileges "$tree"
    done
    check "capabilities: there are some to compare" tree_has_capabilities
}

roots_of() {
    local tree=$1 root=$WORK/memory/root-$1
    check "$tree: GNU tar extracts it" extract "$(ours "$tree")" "$root"
    check "$tree: every package is \`ii\`" every_package_installed "$root"
    check "$tree: \`dpkg --audit\` is empty" prints_nothing inside "$root" dpkg --audit
    check "$tree: \`dpkg -V\` is clean" prints_nothing inside "$root" dpkg -V
    check "$tree: md5sums of all packages match" md5sums_match "$root"
    check "$tree: the sources name the mirror and nothing else" sources_name_the_mirror "$root"
    # Last: it changes the root.
    check "$tree: apt installs \`hello\`" apt_installs_hello "$root"
}

every_package_installed() {
    local states
    # shellcheck disable=SC2016 # dpkg's own variable
    states=$(inside "$1" dpkg-query --show --showformat '${db:Status-Abbrev}|${Package}\n')
    wc -l <<<"$states"
    [ "$(wc -l <<<"$states")" -gt 50 ]
    lacks -v '^ii |' <<<"$states"
}

prints_nothing() {
    local printed
    printed=$("$@" 2>&1)
    printf '%s' "$printed"
    [ -z "$printed" ]
}

# What debsums does, without it. A diverted file has another name than its md5sums line.
md5sums_match() (
    cd "$1" || return
    awk 'FNR == NR { if (FNR % 3 == 1) diverted[substr($0, 2)]; next }
         !(substr($0, 35) in diverted)' var/lib/dpkg/diversions <(cat var/lib/dpkg/info/*.md5sums) >"$1.md5sums"
    wc -l <"$1.md5sums"
    [ "$(wc -l <"$1.md5sums")" -gt 1000 ]
    md5sum --check --quiet "$1.md5sums"
)

sources_name_the_mirror() {
    local found
    found=$(find "$1"/etc/apt/sources.list* -type f -exec grep -ho 'https\?://[^ ]*' {} + | sort -u)
    echo "$found"
    [ "${found%/}" = "$MIRROR" ]
}

apt_installs_hello() {
    # What a container engine provides.
    cp /etc/resolv.conf /etc/hosts "$1/etc/"
    inside "$1" apt-get update
    inside "$1" apt-get install --yes hello
    [ "$(inside "$1" hello)" = "Hello, world!" ]
}

ceph_answers() {
    inside "$WORK/memory/root-ceph" ceph --version | tee /dev/stderr | grep -q '^ceph version '
}

same_privileges() {
    diff <(privileges "$(theirs "$1")") <(privileges "$(ours "$1")")
}

# The paths that give a right: mode, owner, path, xattrs.
privileges() {
    PYTHONPATH=$HERE/trees python3 -B - "$1" <<'PYTHON'
import sys

import tartree

tree = tartree.read(sys.argv[1], lambda path: path in ("etc/passwd", "etc/group"))
for path, entry in sorted(tree.entries.items()):
    if entry.mode & 0o7000 or entry.xattrs:
        print(f"{entry.mode:04o} {tree.owner(entry)} {path} {sorted(entry.xattrs.items())}")
PYTHON
}

tree_has_capabilities() {
    privileges "$(ours capabilities)" | grep security.capability
}
