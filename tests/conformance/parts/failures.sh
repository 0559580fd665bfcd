# shellcheck shell=bash
# Ends badly, leaves nothing: against the real mirror, real signals and a disk that is really full.
# (Faulty mirrors, altered indexes and wrong keys are `cargo test`'s.)

part_failures() {
    check "an unknown package is refused with near matches" refuses 'ceph' --include cehp
    check "an unknown suite is refused" unknown_suite
    check "an unknown archive is refused" unknown_archive
    check "an existing output is kept" keeps_existing
    check "a directory that is not empty is kept" keeps_directory
    check "sid past its Valid-Until" sid_expires
    local signal
    for signal in SIGINT SIGTERM SIGKILL; do
        check "$signal at any moment leaves nothing" leaves_nothing_on "$signal" tar
    done
    check "SIGINT at any moment leaves no half directory" leaves_nothing_on SIGINT directory/
    check "SIGINT while downloading leaves nothing" leaves_nothing_while_downloading
    check "a full disk under the output" full_disk output
    check "a full disk under the cache" full_disk cache
    check "a full disk under the staging tree" full_disk staging
    check "the cache works after all that" boot_debian "$WORK/after-failures.tar" trixie
    check "and the bytes are the same" cmp "$WORK/after-failures.tar" "$(ours trixie)"
}

# trial DIRECTORY BOOT-ARGUMENT…: runs boot with output and TMPDIR below DIRECTORY, which must stay as it is.
# Options for trial.py stand in TRIAL.
# Its own cache, because other parts run beside it: files still arriving must be gone too.
TRIAL=()
trial() {
    local directory=$1 cache=$WORK/failures-cache
    shift
    mkdir -p "$directory/tmp" "$directory/out" "$cache/runs"
    TMPDIR=$directory/tmp python3 "$HERE/failures/trial.py" "${TRIAL[@]}" \
        --watch "$directory" --watch "$cache/runs" -- \
        "$BOOT" debian --mirror "$MIRROR" --prune none --progress plain --cache-dir "$cache" "$@"
}

# fails DIRECTORY ARGUMENT…: the trial must end with 1 or 2 and leave nothing; prints what it said.
fails() {
    local said
    said=$(trial "$@" 2>&1) || {
        printf '%s\n' "$said"
        return 1
    }
    printf '%s\n' "$said"
    grep -qx 'status [12]' <<<"$said" || return 1
    lacks 'panicked' <<<"$said"
}

refuses() {
    local directory word=$1
    shift
    directory=$(mktemp -d "$WORK/refuse.XXXXXX")
    fails "$directory" -o "$directory/out/x.tar" "$@" | tee /dev/stderr | grep -i -e "$word" >/dev/null
}

unknown_suite() {
    refuses 'trixie' --release trixei
}

unknown_archive() {
    local directory
    directory=$(mktemp -d "$WORK/refuse.XXXXXX")
    fails "$directory" -o "$directory/out/x.tar" --mirror "$MIRROR/nothing-here" 2>&1 |
        tee /dev/stderr | grep 'nothing-here' >/dev/null
}

keeps_existing() {
    local directory
    directory=$(mktemp -d "$WORK/keep.XXXXXX")
    mkdir "$directory/out"
    echo precious >"$directory/out/x.tar"
    fails "$directory" -o "$directory/out/x.tar" 2>&1 | tee /dev/stderr | grep -e --force >/dev/null
    [ "$(cat "$directory/out/x.tar")" = precious ]
}

keeps_directory() {
    local directory
    directory=$(mktemp -d "$WORK/keep.XXXXXX")
    mkdir -p "$directory/out/root"
    echo precious >"$directory/out/root/file"
    fails "$directory" -o "$directory/out/root/"
    [ "$(ls -A "$directory/out/root")" = file ]
}

# The mirror's sid may or may not be past its end: each way has one right answer.
sid_expires() {
    local until directory said
    until=$(release_field sid Valid-Until)
    directory=$(mktemp -d "$WORK/sid.XXXXXX")
    if [ "$(date -u -d "$until" +%s)" -gt "$(date +%s)" ]; then
        echo "sid is valid until $until"
        trial "$directory" --release sid --dry-run | grep -x 'status 0'
        return
    fi
    echo "sid was valid until $until"
    said=$(fails "$directory" --release sid --dry-run)
    printf '%s\n' "$said"
    grep -q -e --allow-expired <<<"$said"
    trial "$directory" --release sid --dry-run --allow-expired | grep -x 'status 0'
}

# Sends the signal after fixed parts of the time that a whole run takes, all phases but the download.
leaves_nothing_on() {
    local signal=$1 output=$2 directory whole part hit=0 said
    directory=$(mktemp -d "$WORK/signal.XXXXXX")
    whole=$(trial "$directory" -o "$WORK/whole.tar" 2>&1 | awk '$1 == "seconds" { print $2 }')
    rm "$WORK/whole.tar"
    echo "a whole run takes $whole s"
    for part in 0.02 0.1 0.25 0.4 0.5 0.6 0.7 0.8 0.9 0.97; do
        TRIAL=(--signal "$signal" --after "$(awk "BEGIN { print $whole * $part }")")
        said=$(trial "$directory" -o "$directory/out/x.$output" 2>&1) || true
        if grep -qx missed <<<"$said"; then
            rm -rf "$directory/out/x.$output"
            continue
        fi
        hit=$((hit + 1))
        printf '%s\n' "== after $part of it" "$said"
        if [ "$signal" = SIGKILL ]; then
            # It could not tidy its scratch files: the next run does. But no part of a result, and nothing alive.
            lacks '^left \(process\|mount\)' <<<"$said"
            [ -z "$(ls -A "$directory/out")" ]
            rm -rf "$directory/tmp" "$WORK/failures-cache/runs"
        else
            lacks '^left' <<<"$said"
            lacks -x 'status 0' <<<"$said"
        fi
    done
    echo "$hit moments"
    [ "$hit" -ge 6 ]
}

leaves_nothing_while_downloading() {
    local directory after said
    directory=$(mktemp -d "$WORK/signal.XXXXXX")
    for after in 0.2 0.5 0.9 1.3; do
        mkdir -p "$directory/cache"
        TRIAL=(--signal SIGINT --after "$after")
        said=$(trial "$directory/run" --cache-dir "$directory/cache" -o "$directory/run/out/x.tar" 2>&1)
        printf '%s\n' "== after $after s" "$said"
        lacks -x 'status 0' <<<"$said"
        [ -z "$(find "$directory/cache/runs" -mindepth 1)" ]
        blobs_are_whole "$directory/cache"
        rm -rf "$directory/cache"
    done
}

# Every blob hashes to its name.
blobs_are_whole() {
    find "$1/blobs/sha256" -type f -printf '%f  %p\n' 2>/dev/null >"$1.sums" || true
    wc -l <"$1.sums"
    [ ! -s "$1.sums" ] || sha256sum --check --quiet "$1.sums"
}

full_disk() {
    local directory=$WORK/full-$1 said status=0
    mkdir "$directory" "$directory-run"
    mount -t tmpfs -o size=12m tmpfs "$directory"
    case $1 in
    output) said=$(fails "$directory-run" -o "$directory/x.tar") || status=$? ;;
    cache) said=$(fails "$directory-run" --cache-dir "$directory" -o "$directory-run/out/x.tar") || status=$? ;;
    staging) said=$(fails "$directory-run" --staging "$directory" -o "$directory-run/out/x.tar") || status=$? ;;
    esac
    printf '%s\n' "$said"
    find "$directory" "$directory-run" | tee "$directory-run.left"
    umount "$directory"
    [ "$status" -eq 0 ]
    grep -i 'space' <<<"$said"
    [ "$1" = cache ] || [ "$(grep -c "^$directory/" "$directory-run.left")" -eq 0 ]
}
