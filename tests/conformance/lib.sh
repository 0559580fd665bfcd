# shellcheck shell=bash
# What every part shares: checks, the mirror, the peers, the trees under comparison.
#
# A part is sourced after this file. It calls `check NAME COMMAND…`; nothing else prints to stdout.

# check NAME COMMAND…: runs COMMAND in a subshell with errexit and prints one line for it.
# What COMMAND printed is shown only if it failed. Do not call it in a condition.
check() {
    local name=$1 log started status
    shift
    log=$(mktemp "$WORK/logs/XXXXXX")
    started=$EPOCHREALTIME
    set +e
    (
        set -euo pipefail
        "$@"
    ) >"$log" 2>&1 </dev/null
    status=$?
    set -e
    local seconds
    seconds=$(seconds_since "$started")
    if [ $status -eq 0 ]; then
        echo passed >>"$WORK/results"
        printf 'ok      %s (%s s)\n' "$name" "$seconds"
    else
        echo failed >>"$WORK/results"
        # One write, so that parts running side by side do not mix their lines.
        printf '%s\n' "not ok  $name ($seconds s)
$(tail -n "${SHOWN_LINES:-60}" "$log" | sed 's/^/        | /')"
    fi
}

# lacks GREP-ARGUMENT…: fails where grep finds something, and shows it. (`!` is invisible to errexit.)
lacks() {
    if grep "$@"; then return 1; fi
}

# note TEXT: a line that is no check.
note() {
    printf '        %s\n' "$*"
}

# skip NAME REASON: a check that cannot be made here; in CI that is a failure.
skip() {
    if [ "${CI:-}" = true ]; then
        echo failed >>"$WORK/results"
        printf 'not ok  %s: cannot be skipped in CI: %s\n' "$1" "$2"
    else
        echo skipped >>"$WORK/results"
        printf 'skipped %s: %s\n' "$1" "$2"
    fi
}

seconds_since() {
    awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'
}

# The archive the host itself uses, without trailing slash; all trees are made from it.
host_mirror() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" { sub("/$", "", $2); print $2; exit }'
}

# release_field SUITE FIELD: a field of the suite's InRelease, e.g. `Date`.
release_field() {
    python3 - "$MIRROR/dists/$1/InRelease" "$2" <<'PYTHON'
import sys
import urllib.request

url, field = sys.argv[1:]
with urllib.request.urlopen(url, timeout=60) as answer:
    lines = answer.read().decode().splitlines()
print(next((line.partition(":")[2].strip() for line in lines if line.startswith(field + ":")), ""))
PYTHON
}

# epoch_of SUITE: the date of its Release file, in seconds.
epoch_of() {
    date -u -d "$(release_field "$1" Date)" +%s
}

# boot_debian OUTPUT SUITE ARGUMENT…: our minbase (the default) of SUITE, unpruned, from the suite's own mirror.
# CACHE is another cache than the suite's.
boot_debian() {
    local output=$1 suite=$2
    shift 2
    "$BOOT" debian --release "$suite" --mirror "$MIRROR" --prune none \
        --cache-dir "${CACHE:-$WORK/cache}" --progress none -o "$output" "$@"
}

# The trees that are compared.
# shellcheck disable=SC2034 # the parts use it
TREES=(trixie bookworm ceph capabilities foreign)

suite_of() {
    case $1 in
    bookworm) echo bookworm ;;
    *) echo trixie ;;
    esac
}

include_of() {
    case $1 in
    ceph) echo ceph ;;
    # mtr-tiny's postinst gives a file a capability, which none of the others has.
    capabilities) echo libcap2-bin,mtr-tiny ;;
    foreign) echo libc6:i386 ;;
    esac
}

# ours TREE, theirs TREE: where its tar is.
ours() { echo "$WORK/ours/$1.tar"; }
theirs() { echo "$WORK/theirs/$1.tar"; }

make_ours() {
    local include
    include=$(include_of "$1")
    boot_debian "$(ours "$1")" "$(suite_of "$1")" ${include:+--include "$include"}
}

# mmdebstrap keeps xattrs in its tar by itself, and passes its environment on to the scripts of packages. With the last
# variable python writes no bytecode when a script merely imports something, as with `boot`: such files hold the
# source's time in place of its hash, py3compile does not replace them, and which there are depends on the order of
# configuration.
make_theirs() {
    local suite include options=(--variant=minbase --quiet)
    suite=$(suite_of "$1") include=$(include_of "$1")
    [ -z "$include" ] || options+=("--include=$include")
    [ "$1" != foreign ] || options+=("--architectures=amd64,i386")
    # Without the hook it would take usrmerge, and with it 49 MB of perl.
    [ "$suite" != bookworm ] || options+=(--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr)
    SOURCE_DATE_EPOCH=$(epoch_of "$suite") TMPDIR=$WORK/memory PYTHONDONTWRITEBYTECODE=1 \
        mmdebstrap "${options[@]}" "$suite" "$(theirs "$1")" "$MIRROR"
}

# two_at_a_time COMMAND… -- COMMAND…: runs two commands side by side and waits for both.
two_at_a_time() {
    local first=() second=()
    while [ "$1" != -- ]; do
        first+=("$1")
        shift
    done
    shift
    second=("$@")
    "${first[@]}" &
    local job=$!
    "${second[@]}"
    wait "$job"
}

# A normal user with subordinate ids, as adduser makes them, for as long as the suite runs.
PERSON=boot-$$
make_person() {
    PERSON_HOME=$WORK/person
    touch /etc/subuid /etc/subgid
    useradd --home-dir "$PERSON_HOME" --create-home --shell /bin/sh "$PERSON"
    grep -q "^$PERSON:" /etc/subuid || echo "$PERSON:1000000:65536" >>/etc/subuid
    grep -q "^$PERSON:" /etc/subgid || echo "$PERSON:1000000:65536" >>/etc/subgid
}

remove_person() {
    id "$PERSON" >/dev/null 2>&1 || return 0
    # useradd's own lines go with it, ours not.
    userdel "$PERSON"
    sed -i "/^$PERSON:/d" /etc/subuid /etc/subgid
}

# extract TAR DIRECTORY: with all that the tar says, as root.
extract() {
    mkdir -p "$2"
    tar --extract --file "$1" --directory "$2" --numeric-owner --same-permissions \
        --xattrs --xattrs-include='*'
}

# inside ROOT COMMAND…: runs COMMAND in ROOT with proc, four devices, and the host's network.
inside() {
    local root=$1
    shift
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount --pid --ipc --uts --fork --kill-child bash -euc '
        root=$1
        shift
        mount -t proc proc "$root/proc"
        mount -t tmpfs tmpfs "$root/dev"
        for device in null zero random urandom; do
            touch "$root/dev/$device"
            mount --bind "/dev/$device" "$root/dev/$device"
        done
        exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
            LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
    ' bash "$root" "$@"
}
