# shellcheck shell=bash
# `boot inspect` against what an image's own tools say of it, and against the clock.

# What is asked of every tree; see inspect.py.
INSPECTED="content disk kinds modes privilege packages owners unowned needs elf duplicates sums"

part_inspect() {
    INSPECT=$WORK/inspect
    mkdir "$INSPECT"
    local tree fact
    for tree in trixie ceph capabilities; do
        check "inspect $tree: reads it" inspect_reads "$tree"
        check "unpack $tree beside it" extract "$(ours "$tree")" "$WORK/memory/inspect-$tree"
        for fact in $INSPECTED; do
            check "inspect $tree: $fact" inspect_agrees "$tree" "$fact"
        done
        [ "$tree" = capabilities ] || check "inspect $tree: closures" inspect_agrees "$tree" closures
        check "inspect $tree: the same from a directory" inspect_of_directory "$tree"
        rm -rf --one-file-system "$WORK/memory/inspect-$tree"
    done
    check "inspect trixie: the same from an OCI image and a compressed tar" inspect_of_others
    check "inspect trixie: the sizes as zstd, gzip and tar are what these say" inspect_weighs
    check "inspect ceph: about as fast as zstd -3 with all cores, in less than 300 MiB" inspect_is_fast
    note "$(cat "$INSPECT/figures" 2>/dev/null)"
    rm -rf "$INSPECT"
}

# Programs whose libraries are listed.
inspect_programs() {
    case $1 in
    ceph) echo /usr/bin/ceph-osd /usr/bin/python3 /usr/bin/ls ;;
    *) echo /usr/bin/ls /usr/bin/apt-get /usr/bin/perl ;;
    esac
}

inspect_reads() {
    local program closures=()
    for program in $(inspect_programs "$1"); do
        closures+=(--closure "$program")
    done
    "$BOOT" inspect "$(ours "$1")" --format json --files "${closures[@]}" -o "$INSPECT/$1.json"
}

inspect_agrees() {
    python3 -B "$HERE/inspect.py" "$INSPECT/$1.json" "$WORK/memory/inspect-$1" "$2"
}

# Everything but where it was found, its times, and what depends on the order of the files in a tar.
inspect_essence() {
    python3 -c '
import json, sys
found = json.load(sys.stdin)
for file in found["detail"]["files"]:
    del file["zstd_bytes"]
print(json.dumps({key: found[key] for key in ("entries", "detail", "privilege", "accounts", "secrets", "libc", "elf")},
                 indent=1, sort_keys=True))
print(found["sizes"]["content"], found["sizes"]["disk"], found["sizes"]["tar"], sep="\n")
print([[it["name"], it["version"], it["files"], it["bytes"], it["missing_files"]] for it in found["packages"]])
'
}

inspect_as() {
    "$BOOT" inspect "$1" --format json --files "${@:2}" | inspect_essence
}

inspect_of_directory() {
    local program closures=()
    for program in $(inspect_programs "$1"); do
        closures+=(--closure "$program")
    done
    diff <(inspect_essence <"$INSPECT/$1.json") <(inspect_as "$WORK/memory/inspect-$1/" "${closures[@]}")
}

inspect_of_others() {
    local at=$INSPECT/others
    mkdir "$at"
    inspect_as "$(ours trixie)" >"$at/wanted"
    boot_debian "$at/x.oci.tar" trixie
    boot_debian "$at/x.oci/" trixie
    xz -T0 -1 <"$(ours trixie)" >"$at/x.tar.xz"
    local other
    for other in x.oci.tar x.oci/ x.tar.xz; do
        diff "$at/wanted" <(inspect_as "$at/$other")
    done
    # Of a build, nothing is written to disk: its tree goes to who measures it.
    diff "$at/wanted" <(
        "$BOOT" inspect debian --release trixie --mirror "$MIRROR" --prune none --cache-dir "$WORK/cache" \
            --progress none --format json --files | inspect_essence
    )
    rm -r "$at"
}

# As zstd, within one in a hundred; as gzip, what boot itself writes, to the byte.
inspect_weighs() {
    local zstd gzip
    zstd=$(zstd -3 -T0 --stdout "$(ours trixie)" | wc -c)
    boot_debian "$INSPECT/x.tar.gz" trixie
    gzip=$(stat -c %s "$INSPECT/x.tar.gz")
    "$BOOT" inspect "$(ours trixie)" --gzip --format json | python3 -c '
import json, sys
sizes = json.load(sys.stdin)["sizes"]
zstd, gzip, tar = map(int, sys.argv[1:])
print(sizes, zstd, gzip, tar)
assert abs(sizes["zstd"] - zstd) * 100 < zstd
assert sizes["gzip"] == gzip
assert sizes["tar"] == tar
' "$zstd" "$gzip" "$(stat -c %s "$(ours trixie)")"
}

# The least of five times each, taken in turns; and the most memory. Judged by CPU seconds, since other parts run beside
# this one.
inspect_is_fast() {
    python3 - "$BOOT" "$(ours ceph)" >"$INSPECT/figures" <<'PYTHON'
import os, subprocess, sys, time

boot, tar = sys.argv[1:]
commands = {
    "zstd": ["zstd", "-3", "-T0", "-q", "--stdout", tar],
    "boot": [boot, "inspect", tar, "--format", "json"],
}
walls = {name: [] for name in commands}
work = {name: [] for name in commands}
memory = 0
for _ in range(5):
    for name, command in commands.items():
        started = time.monotonic()
        pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        ])
        _, status, usage = os.wait4(pid, 0)
        assert status == 0, name
        walls[name].append(time.monotonic() - started)
        work[name].append(usage.ru_utime + usage.ru_stime)
        if name == "boot":
            memory = max(memory, usage.ru_maxrss)
wall = {name: min(all) for name, all in walls.items()}
cpu = {name: min(all) for name, all in work.items()}
print(
    f"{os.stat(tar).st_size / 1e6:.0f} MB: zstd -3 -T0 {wall['zstd']:.2f} s and {cpu['zstd']:.2f} CPU-s,"
    f" boot inspect {wall['boot']:.2f} s and {cpu['boot']:.2f} CPU-s, {memory / 1024:.0f} MiB"
)
sys.exit(cpu["boot"] > 1.4 * cpu["zstd"] or memory >= 300 << 10)
PYTHON
}
