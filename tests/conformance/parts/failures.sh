# shellcheck shell=bash
# Ends badly, leaves nothing: against the real mirror, real signals and a disk that is really full.
# (Faulty mirrors, altered indexes and wrong keys are `cargo test`'s.)

part_failures() {
    check "an unknown package is refused with near matches" refuses ceph --include cehp
    check "an unknown suite is refused" refuses trixie --release trixei
    check "an unknown archive is refused" unknown_archive
    check "an existing output is kept" keeps_existing
    check "a directory that is not empty is kept" keeps_directory
    check "sid past its Valid-Until" sid_expires
    check "a failing maintainer script is named and quoted" failing_script
    check "SIGINT at any moment leaves nothing" leaves_nothing_on SIGINT tar
    check "SIGTERM at any moment leaves nothing" leaves_nothing_on SIGTERM tar
    check "SIGKILL at any moment leaves nothing" leaves_nothing_on SIGKILL tar
    check "SIGINT at any moment leaves no half directory" leaves_nothing_on SIGINT directory/
    check "SIGINT at any moment leaves nothing of a normal user's run" as_person_leaves_nothing
    check "SIGINT while downloading leaves nothing" leaves_nothing_while_downloading
    check "SIGINT is answered soon, whatever is going on" answers_soon
    check "a full disk under the output" full_disk output
    check "a full disk under the cache" full_disk cache
    check "a full disk under the staging tree" full_disk staging
    check "the cache works after all that" cache_still_works
}

# trial DIRECTORY BOOT-ARGUMENT…: runs boot with output and TMPDIR below DIRECTORY, which must stay as it is.
# Options for trial.py stand in TRIAL, what runs boot in RUNNER, another archive or cache in ARCHIVE and CACHE.
# Its own cache, because other parts run beside it: files still arriving must be gone too.
TRIAL=()
RUNNER=()
trial() {
    local directory=$1 cache=${CACHE:-$WORK/failures-cache}
    shift
    mkdir -p "$directory/tmp" "$directory/out" "$cache/runs"
    [ ${#RUNNER[@]} -eq 0 ] || chown "$PERSON:" "$directory/tmp" "$directory/out" "$cache" "$cache/runs"
    TMPDIR=$directory/tmp python3 -B "$HERE/failures/trial.py" "${TRIAL[@]}" \
        --watch "$directory" --watch "$cache/runs" -- \
        "${RUNNER[@]}" "$BOOT" debian --mirror "${ARCHIVE:-$MIRROR}" --prune none --progress plain --cache-dir "$cache" "$@"
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
    grep -q '^error: ' <<<"$said" || return 1
    lacks 'panicked' <<<"$said"
}

# refuses WORDS ARGUMENT…: the trial fails, and what it says has the words.
refuses() {
    local directory words=$1
    shift
    directory=$(mktemp -d "$WORK/refuse.XXXXXX")
    fails "$directory" -o "$directory/out/x.tar" "$@" | tee "$directory/../said" >&2
    grep --fixed-strings -e "$words" "$directory/../said"
}

unknown_archive() {
    ARCHIVE=$MIRROR/nothing-here refuses nothing-here
}

keeps_existing() {
    local directory said
    directory=$(mktemp -d "$WORK/keep.XXXXXX")
    mkdir "$directory/out"
    echo precious >"$directory/out/x.tar"
    said=$(fails "$directory" -o "$directory/out/x.tar")
    printf '%s\n' "$said"
    grep -q -e --force <<<"$said"
    [ "$(cat "$directory/out/x.tar")" = precious ]
}

keeps_directory() {
    local directory said
    directory=$(mktemp -d "$WORK/keep.XXXXXX")
    mkdir -p "$directory/out/root"
    echo precious >"$directory/out/root/file"
    said=$(fails "$directory" -o "$directory/out/root/")
    printf '%s\n' "$said"
    grep -q "$directory/out/root" <<<"$said"
    [ "$(ls -A "$directory/out/root")" = file ]
    [ "$(cat "$directory/out/root/file")" = precious ]
}

# The mirror's sid may or may not be past its end: each way has one right answer.
sid_expires() {
    local until directory said
    until=$(release_field sid Valid-Until)
    directory=$(mktemp -d "$WORK/sid.XXXXXX")
    if [ "$(date -u -d "$until" +%s)" -gt "$(date +%s)" ]; then
        echo "sid is valid until $until"
        said=$(trial "$directory" --release sid --dry-run 2>&1)
        grep -x 'status 0' <<<"$said"
        return
    fi
    echo "sid was valid until $until"
    said=$(fails "$directory" --release sid --dry-run)
    printf '%s\n' "$said"
    grep -q -e --allow-expired <<<"$said"
    said=$(trial "$directory" --release sid --dry-run --allow-expired 2>&1)
    grep -x 'status 0' <<<"$said"
}

# An archive of one package, which cannot be configured, beside the real one.
failing_script() {
    local directory said
    directory=$(mktemp -d "$WORK/script.XXXXXX")
    bash "$HERE/failures/sulky-archive.sh" "$directory/archive"
    # Only now is it watched.
    said=$(fails "$directory/run" --mirror "deb file:$directory/archive broken main" \
        --keyring "$directory/archive/keys.gpg" --include sulky -o "$directory/run/out/x.tar")
    printf '%s\n' "$said"
    grep '^error: .*package .sulky. failed' <<<"$said"
    grep 'sulky sees no moon' <<<"$said"
}

# Sends the signal after fixed parts of the time that a whole run takes, all phases but the download. No layers are
# used: a run that has them is over too soon. (The part `kill` has runs that keep some.) With other work on the machine
# one run may take twice as long as the next: one that was done before its signal tells what a run takes by then, and
# its moment is tried again.
leaves_nothing_on() {
    local signal=$1 output=$2 elsewhere directory whole part try hit=0 said
    elsewhere=$(mktemp -d "$WORK/whole.XXXXXX")
    directory=$(mktemp -d "$WORK/signal.XXXXXX")
    chmod 1777 "$elsewhere" "$directory"
    whole=$(trial "$directory" --no-cache -o "$elsewhere/x.tar" 2>&1 | awk '$1 == "seconds" { print $2 }')
    echo "a whole run takes $whole s"
    for part in 0.02 0.1 0.25 0.4 0.5 0.6 0.7 0.8 0.9 0.97; do
        for try in 1 2 3; do
            TRIAL=(--signal "$signal" --after "$(awk "BEGIN { print $whole * $part }")")
            said=$(trial "$directory" --no-cache -o "$directory/out/x.$output" 2>&1) || true
            printf '%s\n' "== after $part of $whole s, try $try" "$(tail -n 8 <<<"$said")"
            if ! grep -qx 'missed\|status 0' <<<"$said"; then
                hit=$((hit + 1))
                is_gone_after "$signal" "$directory" "$said" "$elsewhere/x.tar"
                break
            fi
            # It was done before it heard of the signal: then wholly.
            [ "$output" != tar ] || cmp "$directory/out/x.tar" "$elsewhere/x.tar"
            rm -rf "$directory/out/x.$output"
            whole=$(awk '$1 == "seconds" { print $2 }' <<<"$said")
        done
    done
    echo "$hit moments"
    [ "$hit" -ge 6 ]
    # What the killed ones left, the next run removes.
    TRIAL=()
    said=$(trial "$directory" -o "$elsewhere/y.tar" 2>&1)
    cmp "$elsewhere/x.tar" "$elsewhere/y.tar"
    find "$directory" "${CACHE:-$WORK/failures-cache}/runs" -mindepth 1 | tee "$elsewhere/left"
    [ "$(wc -l <"$elsewhere/left")" -eq 2 ]
    rm -r "$elsewhere"
}

# is_gone_after SIGNAL DIRECTORY SAID WHOLE: what a trial there said of a run that the signal ended.
is_gone_after() {
    case $1 in
    SIGKILL)
        # It could not tidy its scratch files. But no part of a result, and nothing alive.
        grep -qx 'status -9' <<<"$3"
        lacks '^left \(process\|mount\)' <<<"$3"
        nothing_or_all "$2/out" "$4"
        ;;
    *)
        grep -qx 'status 1\(30\|43\)' <<<"$3"
        lacks '^left' <<<"$3"
        ;;
    esac
}

# nothing_or_all DIRECTORY WHOLE: a killed run left no output there, or it was killed when its output was there: then
# that is the image WHOLE, and is removed.
nothing_or_all() {
    if [ -e "$1/x.tar" ]; then
        cmp "$1/x.tar" "$2"
        rm "$1/x.tar"
    fi
    [ -z "$(ls -A "$1")" ]
}

as_person_leaves_nothing() {
    CACHE=$PERSON_HOME/failures-cache
    # It becomes the program itself, so that signals meet no one else.
    RUNNER=(setpriv --reuid "$PERSON" --regid "$PERSON" --init-groups env HOME="$PERSON_HOME")
    leaves_nothing_on SIGINT tar
}

leaves_nothing_while_downloading() {
    local directory after said arrived=0
    directory=$(mktemp -d "$WORK/signal.XXXXXX")
    for after in 0.2 0.6 1 1.5 2; do
        mkdir "$directory/cache"
        TRIAL=(--signal SIGINT --after "$after")
        said=$(CACHE=$directory/cache trial "$directory/run" --include ceph -o "$directory/run/out/x.tar" 2>&1)
        printf '%s\n' "== after $after s" "$said"
        grep -qx 'status 130' <<<"$said"
        [ -z "$(find "$directory/cache/runs" -mindepth 1)" ]
        blobs_are_whole "$directory/cache"
        arrived=$((arrived + $(wc -l <"$directory/cache.sums")))
        rm -rf "$directory/cache"
    done
    # Some came after the first file.
    [ "$arrived" -gt 0 ]
}

# Every blob hashes to its name.
blobs_are_whole() {
    [ -d "$1/blobs/sha256" ] || mkdir -p "$1/blobs/sha256"
    find "$1/blobs/sha256" -type f -printf '%f  %p\n' >"$1.sums"
    wc -l <"$1.sums"
    [ ! -s "$1.sums" ] || sha256sum --check --quiet "$1.sums"
}

# With everything in the cache, 260 packages keep it busy with something else at each of these moments.
answers_soon() {
    local directory after said
    directory=$(mktemp -d "$WORK/signal.XXXXXX")
    CACHE=$WORK/cache
    for after in 0.3 1.5 3 6 12; do
        TRIAL=(--signal SIGINT --after "$after")
        said=$(trial "$directory" --no-cache --include ceph -o "$directory/out/x.tar" 2>&1) || true
        printf '%s\n' "== after $after s" "$said"
        # Two cores with other work on them, and one package may have 20 MB of xz.
        awk '$1 == "answered" { exit !($2 <= 3) }' <<<"$said"
    done
}

cache_still_works() {
    CACHE=$WORK/failures-cache boot_debian "$WORK/after-failures.tar" trixie --offline
    cmp "$WORK/after-failures.tar" "$(ours trixie)"
}

full_disk() {
    local directory=$WORK/full-$1 said status=0
    mkdir "$directory" "$directory-run"
    mount -t tmpfs -o size=12m tmpfs "$directory"
    case $1 in
    output) said=$(fails "$directory-run" -o "$directory/x.tar") || status=$? ;;
    cache) said=$(CACHE=$directory fails "$directory-run" -o "$directory-run/out/x.tar") || status=$? ;;
    staging) said=$(fails "$directory-run" --no-cache --staging "$directory" -o "$directory-run/out/x.tar") || status=$? ;;
    esac
    printf '%s\n' "$said"
    find "$directory" "$directory-run" | tee "$directory-run.left"
    umount "$directory"
    [ "$status" -eq 0 ]
    grep -i 'space' <<<"$said"
    # A cache may keep what has wholly arrived.
    [ "$1" = cache ] || [ "$(grep -c "^$directory/" "$directory-run.left")" -eq 0 ]
}
