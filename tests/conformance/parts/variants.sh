# shellcheck shell=bash
# Every variant, and a second architecture: our choice of packages is what mmdebstrap has apt choose, and it installs.
# (minbase is what the trees are made of.)

part_variants() {
    local variant
    for variant in essential apt buildd important standard; do
        check "$variant: the packages are those of mmdebstrap" same_packages --variant="$variant"
    done
    check "i386: the packages are those of mmdebstrap" same_packages --variant=minbase --arch i386
    check "libc6:i386: the packages are those of mmdebstrap" same_packages --variant=minbase --include=libc6:i386
    check "buildd is built and compiles" buildd_compiles
    check "foreign: a library of the other architecture runs" foreign_library_runs
}

# same_packages --variant=NAME [--arch NAME] [--include=NAME]: name, architecture and version of all.
same_packages() {
    local at
    at=$(mktemp -d "$WORK/variant.XXXXXX")
    "$BOOT" debian --release trixie --mirror "$MIRROR" --cache-dir "$WORK/cache" --dry-run --json "$@" |
        packages_of_plan >"$at/ours"
    theirs_simulated "$@" >"$at/simulation"
    packages_of_simulation "$at/simulation" >"$at/theirs"
    wc -l "$at/theirs"
    diff --unified=0 "$at/theirs" "$at/ours"
    [ "$(wc -l <"$at/theirs")" -gt 50 ]
}

# What apt says to mmdebstrap when it is asked for the same.
theirs_simulated() {
    local arguments=()
    case "$*" in
    *--arch\ i386*) arguments=(--architectures=i386) ;;
    *:i386*) arguments=("--architectures=amd64,i386") ;;
    esac
    while [ $# -gt 0 ]; do
        case $1 in
        --arch) shift ;;
        *) arguments+=("$1") ;;
        esac
        shift
    done
    mmdebstrap --dry-run --verbose "${arguments[@]}" trixie "$WORK/never.tar" "$MIRROR" 2>&1
}

packages_of_plan() {
    python3 -c '
import json, sys
plan = json.load(sys.stdin)
found = {
    "{name}:{arch} {version}".format(**artifact)
    for layer in plan["layers"] for step in layer["steps"] for artifact in step["artifacts"]
}
print("\n".join(sorted(found)))'
}

# Two simulations, first of the essential packages, then of all: both print `Inst NAME[:ARCH] (VERSION SUITE… [ARCH])`.
packages_of_simulation() {
    python3 -c '
import re, sys
with open(sys.argv[1], encoding="utf-8") as file:
    lines = [line for line in file if line.startswith("Inst ")]
found = set()
for line in lines:
    name, version, arch = re.match(r"Inst ([^ :]+)\S* (?:\[\S+\] )?\((\S+) .*\[(\w+)\]\)", line).groups()
    found.add(f"{name}:{arch} {version}")
print("\n".join(sorted(found)))' "$1"
}

buildd_compiles() {
    local root=$WORK/memory/buildd
    boot_debian "$root.tar" trixie --variant buildd
    extract "$root.tar" "$root"
    rm "$root.tar"
    every_package_installed "$root"
    prints_nothing inside "$root" dpkg --audit
    prints_nothing inside "$root" dpkg -V
    # shellcheck disable=SC2016 # expanded inside
    inside "$root" sh -euc '
        echo "int main(void) { return 23; }" | gcc -x c -o /tmp/program -
        /tmp/program || test $? -eq 23
        ! /tmp/program'
    inside "$root" dpkg-architecture --query DEB_HOST_MULTIARCH
    rm -rf "$root"
}

foreign_library_runs() {
    local root=$WORK/memory/foreign
    extract "$(ours foreign)" "$root"
    every_package_installed "$root"
    prints_nothing inside "$root" dpkg --audit
    prints_nothing inside "$root" dpkg -V
    [ "$(inside "$root" dpkg --print-foreign-architectures)" = i386 ]
    # The library is a program, too.
    inside "$root" /usr/lib/i386-linux-gnu/libc.so.6 | grep 'GNU C Library'
    inside "$root" ldconfig --print-cache | grep 'libc.so.6.*i386-linux-gnu'
    rm -rf "$root"
}
