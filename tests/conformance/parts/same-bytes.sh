# shellcheck shell=bash
# One command, one SHA-256: whoever runs it, wherever it stages, with however many jobs.

part_same-bytes() {
    local tree
    for tree in trixie ceph; do
        check "$tree: again, as root" same_bytes "$tree" as_root
    done
    # Among them one with file capabilities, which a user namespace marks with its owner.
    for tree in "${TREES[@]}"; do
        check "$tree: as a normal user" same_bytes "$tree" as_person
    done
    check "trixie: staged on ext4" same_bytes trixie as_root --staging "$(staging_on_disk)"
    check "trixie: staged on tmpfs" same_bytes trixie as_root --staging tmpfs
    check "trixie: as a normal user, staged on ext4" same_bytes trixie as_person --staging "$PERSON_HOME"
    check "trixie: one job" same_bytes trixie as_root --jobs 1
    check "trixie: eight jobs" same_bytes trixie as_root --jobs 8
    check "trixie: eight jobs and an empty cache" same_bytes_cold trixie
    check "trixie: the epoch is the Release file's date" same_bytes_with_epoch trixie
    check "trixie: another umask, time zone and locale" same_bytes trixie as_odd
    check "trixie: the cache alone is enough" same_bytes trixie as_root --offline
}

# same_bytes TREE RUNNER ARGUMENT…: makes TREE once more through RUNNER, all of it, and compares the bytes.
same_bytes() {
    local tree=$1 runner=$2 directory include
    shift 2
    include=$(include_of "$tree")
    directory=$(mktemp -d "$WORK/again.XXXXXX")
    chmod 777 "$directory"
    "$runner" "$directory/$tree.tar" "$(suite_of "$tree")" --no-cache "$@" \
        ${include:+--include "$include"}
    ls -l "$directory"
    [ "$(ls -A "$directory")" = "$tree.tar" ]
    if ! cmp "$directory/$tree.tar" "$(ours "$tree")"; then
        python3 -B "$HERE/trees/compare.py" "$tree" "$directory/$tree.tar" "$(ours "$tree")" \
            --tolerated /dev/stdin <<<'tolerated = []'
        rm -rf "$directory"
        return 1
    fi
    sha256sum "$directory/$tree.tar"
    rm -rf "$directory"
}

same_bytes_cold() {
    CACHE=$(mktemp -d "$WORK/cold.XXXXXX") same_bytes "$1" as_root --jobs 8
}

same_bytes_with_epoch() {
    SOURCE_DATE_EPOCH=$(epoch_of "$(suite_of "$1")") same_bytes "$1" as_root
}

staging_on_disk() {
    mkdir -p "$WORK/staging"
    echo "$WORK/staging"
}

as_root() {
    boot_debian "$@"
}

as_odd() (
    umask 077
    export TZ=Pacific/Chatham LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 HOSTNAME=odd
    boot_debian "$@"
)

# A normal user's run: own home, own cache, nothing of root's environment.
as_person() {
    local output=$1 suite=$2
    shift 2
    runuser --user "$PERSON" -- env --chdir="$PERSON_HOME" -i HOME="$PERSON_HOME" USER="$PERSON" \
        PATH=/usr/local/bin:/usr/bin:/bin "$BOOT" debian --release "$suite" --variant minbase \
        --mirror "$MIRROR" --prune none --progress none -o "$output" "$@"
}
