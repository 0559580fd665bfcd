# shellcheck shell=bash
# Images side by side: the figures against du and dpkg inside, what advice promises against what it saves.

SHARED_DATA=${SHARED_DATA:-$HERE/../../../shared/data}

part_compare() {
    COMPARE=$WORK/compare
    mkdir "$COMPARE"
    check "compare: bookworm, trixie, with and without ceph, and others" compare_all
    check "compare: the figures are those of du, find and dpkg-query" compare_figures
    check "compare: the reasons add up, and packages are known under other names" compare_reasons
    compare_plain
    check "compare: bookworm without its settings is told of usr-is-merged, and it saves what was said" \
        compare_advice "$COMPARE/plain/bookworm.toml" "--exclude usrmerge"
    check "compare: trixie with ceph is told of systemd-standalone-sysusers, and it saves what was said" \
        compare_advice debian:trixie+ceph "--include systemd-standalone-sysusers"
    check "compare: a budget ends with 3" compare_budget
    check "compare: an update of the same image fetches nothing" compare_update
    check "why: ceph leads to systemd, slim leaves manuals out" compare_why
    note "$(cat "$COMPARE/table" 2>/dev/null)"
    rm -rf "$COMPARE"
}

# compared X… ARGUMENT…: with the suite's own cache.
compared() {
    "$BOOT" compare --cache-dir "$WORK/cache" -q "$@"
}

# What is there of images that others packed.
others() {
    local path
    for path in alpine/alpine-minirootfs-3.19.4-x86_64.tar.gz stage/buildroot/buildroot-2025.02.13-arm-glibc.tar.xz \
        stage/gentoo/synthetic-mirror/mirror/releases/amd64/autobuilds/20260811T083102Z/stage3-amd64-openrc-20260811T083102Z.tar.xz; do
        [ ! -e "$SHARED_DATA/$path" ] || echo "$SHARED_DATA/$path"
    done
}

compare_all() {
    local others
    mapfile -t others < <(others)
    compared debian:bookworm debian:trixie debian:bookworm+ceph debian:trixie+ceph "${others[@]}" \
        --by package -o "$COMPARE/all.json"
    COLUMNS=160 compared "$COMPARE/all.json" >"$COMPARE/table"
    compared "$COMPARE/all.json" -o "$COMPARE/all.md"
    compared "$COMPARE/all.json" -o "$COMPARE/all.csv"
    [ "$(head -n 1 "$COMPARE/all.csv" | tr -d '\r')" = \
        "section,name,unit,$(python3 -c '
import json, sys
images = json.load(open(sys.argv[1]))["images"]
print(",".join(image["image"]["name"] for image in images))' "$COMPARE/all.json")" ]
}

compare_figures() {
    local place=0 suite include root
    for tree in bookworm: trixie: bookworm:ceph trixie:ceph; do
        suite=${tree%:*} include=${tree#*:} root=$COMPARE/root
        "$BOOT" debian --release "$suite" ${include:+--include "$include"} --cache-dir "$WORK/cache" -q \
            -o "$COMPARE/image.tar" --force
        extract "$COMPARE/image.tar" "$root"
        rm "$COMPARE/image.tar"
        {
            echo "files $(find "$root" -type f -printf '%i\n' | sort -u | wc -l)"
            # A file with several names counts once.
            echo "size $(find "$root" -type f -printf '%i %s\n' | sort -u | awk '{ sum += $2 } END { print sum }')"
            echo "packages $(inside "$root" dpkg-query --show | wc -l)"
            echo "setuid $(find "$root" -type f -perm /6000 | wc -l)"
            echo "symlinks $(find "$root" -type l | wc -l)"
        } >"$COMPARE/theirs"
        python3 - "$COMPARE/all.json" "$place" >"$COMPARE/ours" <<'PYTHON'
import json
import sys

comparison, place = json.load(open(sys.argv[1])), int(sys.argv[2])
values = {metric["name"]: metric["values"][place] for metric in comparison["metrics"]}
for name in ("files", "size", "packages", "setuid", "symlinks"):
    print(name, values[name])
PYTHON
        rm -rf --one-file-system "$root"
        diff "$COMPARE/theirs" "$COMPARE/ours" || return 1
        place=$((place + 1))
    done
}

compare_reasons() {
    python3 - "$COMPARE/all.json" <<'PYTHON'
import json
import sys

comparison = json.load(open(sys.argv[1]))
contents = [image["sizes"]["content"] for image in comparison["images"]]
for breakdown in comparison["breakdowns"]:
    for place, content in enumerate(contents):
        total = sum(row["bytes"][place] or 0 for row in breakdown["rows"])
        assert total == content, (breakdown["by"], place, total, content)
for place, content in enumerate(contents):
    sharing = comparison["sharing"]
    assert sharing["shared_bytes"][place] + sharing["unique_bytes"][place] == content
for difference in comparison["differences"]:
    grown = sum(it["bytes_after"] - it["bytes_before"] for it in difference["contributors"])
    assert grown == difference["bytes"] == contents[difference["image"]] - contents[0]
packages = next(it for it in comparison["breakdowns"] if it["by"] == "package")
rows = {row["name"]: row["bytes"] for row in packages["rows"]}
# libboost-thread1.74.0 and 1.83.0, libpython3.11-stdlib and 3.13, in the images with ceph: one row each.
for family in ("libboost-thread", "libpython-stdlib", "libc6"):
    assert rows[family][2] and rows[family][3], (family, rows.get(family))
assert rows["systemd"][2] is None and rows["systemd"][3], rows["systemd"]
PYTHON
}

# Debian's file without what makes usr-is-merged the choice.
compare_plain() {
    mkdir "$COMPARE/plain"
    cp -r "$HERE/../../configs/keys/debian" "$COMPARE/plain/"
    sed -e 's/^prefer = \["mawk", "usr-is-merged"\]$/prefer = ["mawk"]/' -e 's/^exclude = \["usrmerge"\]$/exclude = []/' \
        "$HERE/../../configs/debian.toml" >"$COMPARE/plain/debian.toml"
    printf 'distribution = "debian.toml"\nrelease = "bookworm"\n' >"$COMPARE/plain/bookworm.toml"
}

# compare_advice X FLAGS: the flags are advised, and what they save is within a tenth of what was predicted.
compare_advice() {
    compared "$1" --advise -o "$COMPARE/advice.json"
    python3 - "$COMPARE/advice.json" "$2" >"$COMPARE/gain" <<'PYTHON'
import json
import sys

comparison, flags = json.load(open(sys.argv[1])), sys.argv[2].split()
found = [advice for advice in comparison["advice"] if advice["flags"] == flags]
assert len(found) == 1, [advice["flags"] for advice in comparison["advice"]]
for advice in comparison["advice"]:
    if not advice["measured"]:
        continue
    predicted, measured = advice["predicted"]["bytes"], advice["measured"]["bytes"]
    print(*advice["flags"], "predicted", predicted, "measured", measured)
    assert abs(predicted - measured) <= measured / 10, advice
assert found[0]["measured"]["bytes"] > 10_000_000, found[0]
PYTHON
    note "$(cat "$COMPARE/gain")"
}

compare_budget() {
    local status=0
    compared debian:trixie --budget size=10MB,setuid=2 >/dev/null 2>"$COMPARE/broken" || status=$?
    [ "$status" -eq 3 ]
    grep -q '^over budget: .*: content .* 9.5 MiB allowed' "$COMPARE/broken"
    grep -q '^over budget: .*: setuid or setgid .*usr/bin/su' "$COMPARE/broken"
    compared debian:trixie --budget size=200MB,setuid=20 >/dev/null
}

compare_update() {
    "$BOOT" inspect debian:trixie --cache-dir "$WORK/cache" -q --format json --files -o "$COMPARE/last.json"
    compared debian:trixie --against "$COMPARE/last.json" -o "$COMPARE/update.json"
    python3 - "$COMPARE/update.json" <<'PYTHON'
import json
import sys

[update] = json.load(open(sys.argv[1]))["updates"]
assert (update["basis"], update["fetched"], update["fetch_bytes"]) == ("files", 0, 0), update
assert update["total"] > 1000, update
PYTHON
}

compare_why() {
    local why=("$BOOT" why --cache-dir "$WORK/cache" -q)
    "${why[@]}" debian:trixie+ceph systemd >"$COMPARE/systemd"
    grep -q '^  ceph (asked for)$' "$COMPARE/systemd"
    grep -Eq 'needs systemd \| systemd-standalone-sysusers \| systemd-sysusers \(systemd\)$' "$COMPARE/systemd"
    "${why[@]}" debian:trixie --prune slim /usr/share/man/man1/ls.1.gz >"$COMPARE/manual"
    # shellcheck disable=SC2016 # no expansion is meant
    [ "$(cat "$COMPARE/manual")" = \
        '/usr/share/man/man1/ls.1.gz is not there: coreutils has it, --prune slim leaves it out (`/usr/share/man/*`)' ]
}
