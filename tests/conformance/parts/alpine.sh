# shellcheck shell=bash
# Alpine from its genuine packages, through a local server that answers late: judged by the apk inside, by engines, by
# the clock.

# The genuine packages, and what apk made of them; see shared/data/alpine.
ALPINE=${ALPINE:-$HERE/../../../shared/data/alpine}

part_alpine() {
    if [ ! -d "$ALPINE/v3.19" ]; then
        skip "alpine" "there are no packages at $ALPINE"
        return 0
    fi
    mkdir -p "$WORK/alpine"
    python3 -B "$HERE/alpine-server.py" "$ALPINE" "$WORK/alpine/port" "$WORK/alpine/served" 0.03 &
    local server=$! tree
    check "the late server answers" alpine_server_answers
    for tree in minirootfs base services; do
        check "alpine $tree: boot makes it" alpine_makes "$tree"
        check "alpine $tree: apk audit names nothing but accounts" alpine_audits "$tree"
        check "alpine $tree: apk info lists what the plan says" alpine_lists "$tree"
        check "alpine $tree: apk finds nothing to mend" alpine_is_whole "$tree"
        check "alpine $tree: every link to busybox leads to one of its programs" alpine_links "$tree"
        check "alpine $tree: no account is open" alpine_is_locked "$tree"
        check "alpine $tree: the same bytes as a normal user" alpine_same_bytes "$tree"
    done
    check "alpine: apk goes on from there" alpine_goes_on
    check "alpine: fetching is 5 times as fast as one after the other" alpine_is_fast
    note "$(cat "$WORK/alpine/figures" 2>/dev/null)"
    with_dockerd alpine_docker
    check "podman imports and runs alpine" alpine_podman
    kill "$server"
    wait "$server" 2>/dev/null || true
}

alpine_docker() {
    check "docker imports and runs alpine" alpine_docker_runs
}

alpine_server_answers() {
    local i
    for ((i = 0; i < 50; i++)); do
        [ ! -e "$WORK/alpine/port" ] || break
        sleep 0.1
    done
    curl -sf "$(alpine_url)/README.md" | grep -q .
}

alpine_url() {
    echo "http://127.0.0.1:$(cat "$WORK/alpine/port")"
}

alpine_arguments() {
    case $1 in
    base) echo --variant base ;;
    services) echo --variant base --include openssh,chrony ;;
    esac
}

alpine_tar() { echo "$WORK/alpine/$1.tar"; }

# boot_alpine OUTPUT TREE ARGUMENT…
boot_alpine() {
    local output=$1 tree=$2
    shift 2
    # shellcheck disable=SC2046 # several words
    "$BOOT" alpine --release 3.19 --arch x86_64 --components main --mirror "$(alpine_url)" --ignore-host \
        --cache-dir "${CACHE:-$WORK/alpine/cache}" --progress none -o "$output" $(alpine_arguments "$tree") "$@"
}

alpine_makes() {
    boot_alpine "$(alpine_tar "$1")" "$1"
    extract "$(alpine_tar "$1")" "$WORK/memory/alpine-$1"
}

alpine_inside() {
    local tree=$1
    shift
    inside "$WORK/memory/alpine-$tree" "$@"
}

# `apk audit` compares the files of /etc with the database, `--system` all others. root's password is locked, and in one
# tree chrony's account was added, so these files are not as shipped; what is added below etc/apk is apk's own. apk makes
# proc and lib/apk/exec with other modes than packages ship them with, and chrony's script makes its home. dev is mounted over here.
alpine_audits() {
    # In minirootfs files of /etc were borrowed from alpine-release, which is not installed: A, as in Alpine's own.
    local changed='U etc/shadow' modes=$'m lib/apk/exec/\nm proc/' added='etc/apk/'
    if [ "$1" = minirootfs ]; then
        added='etc/(apk/|alpine-release|issue|os-release|secfixes\.d)'
    fi
    if [ "$1" = services ]; then
        changed=$'U etc/group\nU etc/passwd\nU etc/shadow'
        modes+=$'\nm var/log/chrony/'
    fi
    diff <(echo "$changed") <(alpine_inside "$1" apk audit | grep -vE "^[AD] $added" | sort)
    diff /dev/null <(alpine_inside "$1" apk audit --system)
    diff <(echo "$modes") <(alpine_inside "$1" apk audit --system --check-permissions | grep -v '^m dev/' | sort)
}

alpine_lists() {
    # shellcheck disable=SC2046 # several words
    "$BOOT" alpine --release 3.19 --arch x86_64 --components main --mirror "$(alpine_url)" --ignore-host \
        --cache-dir "$WORK/alpine/cache" $(alpine_arguments "$1") --dry-run --json >"$WORK/alpine/plan.json"
    python3 - "$WORK/alpine/plan.json" >"$WORK/alpine/planned" <<'PYTHON'
import json
import sys


def artifacts(value):
    if isinstance(value, dict):
        # What is borrowed from a package is not installed: `alpine-release/etc`.
        if "name" in value and "version" in value and "/" not in value["name"]:
            yield f"{value['name']}-{value['version']}"
        for below in value.values():
            yield from artifacts(below)
    elif isinstance(value, list):
        for below in value:
            yield from artifacts(below)


with open(sys.argv[1], encoding="utf-8") as file:
    print("\n".join(sorted(set(artifacts(json.load(file))))))
PYTHON
    [ -s "$WORK/alpine/planned" ]
    diff "$WORK/alpine/planned" <(alpine_inside "$1" apk info -v 2>/dev/null | LC_ALL=C sort)
}

# The world is satisfied: nothing to add, remove or change, and no package marked broken.
alpine_is_whole() {
    alpine_inside "$1" apk fix --simulate --no-network --repositories-file /dev/null |
        tee /dev/stderr | lacks -E 'Installing|Reinstalling|Purging|ERROR'
    lacks '^f:' "$WORK/memory/alpine-$1/lib/apk/db/installed"
}

alpine_links() {
    # shellcheck disable=SC2016 # expanded inside
    alpine_inside "$1" /bin/sh -euc '
        busybox --list-full | while read -r path; do
            [ -e "/$path" ] || { echo "missing: $path"; exit 1; }
        done
        [ "$(readlink /bin/ls)" = /bin/busybox ]
        echo works | grep -q works
        vi --help 2>&1 | grep -qi busybox
    '
}

alpine_is_locked() {
    lacks '^[^:]*::' "$WORK/memory/alpine-$1/etc/shadow"
}

alpine_same_bytes() {
    local output=$PERSON_HOME/alpine-$1.tar
    # shellcheck disable=SC2046 # several words
    runuser --user "$PERSON" -- env --chdir="$PERSON_HOME" -i HOME="$PERSON_HOME" USER="$PERSON" \
        PATH=/usr/local/bin:/usr/bin:/bin "$BOOT" alpine --release 3.19 --arch x86_64 --components main \
        --mirror "$(alpine_url)" --progress none -o "$output" $(alpine_arguments "$1")
    cmp "$output" "$(alpine_tar "$1")"
    sha256sum "$output"
    rm "$output"
}

# The image's own apk installs, upgrades nothing, and removes again.
alpine_goes_on() {
    cp -a "$WORK/memory/alpine-minirootfs" "$WORK/memory/alpine-more"
    alpine_inside more apk add --repository "$(alpine_url)/v3.19/main" --repositories-file /dev/null chrony
    alpine_inside more chronyd --version
    alpine_inside more apk del chrony
    alpine_inside more apk audit --system | lacks -v 'proc\|lib/apk'
    rm -rf --one-file-system "$WORK/memory/alpine-more"
}

# Seconds from the first request to the last answer, as the server saw it, and how many answers.
alpine_span() {
    awk 'NR == 1 || $1 < first { first = $1 } $2 > last { last = $2 } END { printf "%.3f %d\n", last - first, NR }' \
        "$WORK/alpine/served"
}

alpine_is_fast() {
    local ours theirs begun total serial requests urls
    : >"$WORK/alpine/served"
    begun=$EPOCHREALTIME
    CACHE=$WORK/alpine/cold boot_alpine "$WORK/alpine/cold.tar" services
    total=$(seconds_since "$begun")
    read -r ours requests <<<"$(alpine_span)"
    # The same files, one after the other over one connection.
    mapfile -t urls < <(awk -v url="$(alpine_url)" '{ print "url = \"" url $3 "\"\noutput = /dev/null" }' "$WORK/alpine/served")
    : >"$WORK/alpine/served"
    printf '%s\n' "${urls[@]}" | curl -sf --config -
    read -r serial theirs <<<"$(alpine_span)"
    [ "$requests" -eq "$theirs" ]
    # And apk itself, which fetches so too; its time has the installing in it, as ours in all.
    : >"$WORK/alpine/served"
    cp -a "$WORK/memory/alpine-minirootfs" "$WORK/memory/alpine-apk"
    mkdir -p "$WORK/memory/alpine-apk/new/etc/apk"
    cp -a "$WORK/memory/alpine-apk/etc/apk/keys" "$WORK/memory/alpine-apk/new/etc/apk/"
    begun=$EPOCHREALTIME
    alpine_inside apk apk --root /new --initdb --arch x86_64 --no-cache --repositories-file /dev/null \
        --repository "$(alpine_url)/v3.19/main" add alpine-base openssh chrony >/dev/null
    local peer
    peer=$(seconds_since "$begun")
    rm -rf --one-file-system "$WORK/memory/alpine-apk"
    echo "boot: $requests requests in $ours s, in all $total s; one after the other $serial s; apk in all $peer s" |
        tee "$WORK/alpine/figures"
    awk -v ours="$ours" -v serial="$serial" 'BEGIN { exit !(serial >= 5 * ours) }'
}

alpine_docker_runs() {
    docker_engine import "$(alpine_tar services)" alpine:1
    docker_engine run --rm --network none alpine:1 apk info -v >"$WORK/alpine/docker"
    grep '^openssh-9' "$WORK/alpine/docker"
    # It runs, and has no key that all images would share. (It fails, therefore.)
    docker_engine run --rm --network none alpine:1 sshd -t >"$WORK/alpine/docker" 2>&1 || true
    cat "$WORK/alpine/docker"
    grep -q 'no hostkeys available' "$WORK/alpine/docker"
    docker_engine rmi alpine:1
}

alpine_podman() {
    podman_engine import "$(alpine_tar minirootfs)" alpine:1
    podman_engine --runtime runc --cgroup-manager cgroupfs run --rm --network none \
        --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 alpine:1 busybox >"$WORK/alpine/podman"
    grep BusyBox "$WORK/alpine/podman"
}
