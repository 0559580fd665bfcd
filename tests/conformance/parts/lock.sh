# shellcheck shell=bash
# A lock of the real archive: the same bytes from an empty store and from a full one, or a failure that names the package.

part_lock() {
    LOCK=$WORK/lock
    mkdir "$LOCK"
    check "minbase is locked" lock_minbase
    check "an empty store and the archive give the same bytes" locked_from_archive
    check "a full store and no network give the same bytes" locked_offline
    check "the lock is up to date, and says nothing of the machine" lock_is_clean
    check "a flipped bit in the store" flipped_in_store
    check "a flipped bit in the lock" flipped_in_lock
}

# locked OUTPUT ARGUMENT…: builds the lock from a store of its own.
locked() {
    local output=$1
    shift
    "$BOOT" debian --locked --lockfile "$LOCK/boot.lock" --mirror "$MIRROR" --prune none \
        --cache-dir "$LOCK/cache" --progress none -q -o "$output" "$@"
}

lock_minbase() {
    "$BOOT" lock debian --release trixie --lockfile "$LOCK/boot.lock" --mirror "$MIRROR" --prune none \
        --cache-dir "$WORK/cache" --progress none
}

locked_from_archive() {
    local note
    locked "$LOCK/a.tar"
    cmp "$LOCK/a.tar" "$(ours trixie)"
    # No index was kept, because none was read; what the layers come to was.
    for note in "$LOCK"/cache/notes/*; do
        grep --quiet '"tar of layer ' "$note"
    done
    [ "$(find "$LOCK/cache/blobs/sha256" -type f | wc -l)" -ge "$(grep -c 'proof = ' "$LOCK/boot.lock")" ]
}

locked_offline() {
    local cache
    # From finished layers, and from packages.
    for cache in '' --no-cache; do
        locked "$LOCK/b.tar" --offline $cache
        cmp "$LOCK/b.tar" "$(ours trixie)"
        rm "$LOCK/b.tar"
    done
}

lock_is_clean() {
    "$BOOT" lock debian --release trixie --lockfile "$LOCK/boot.lock" --mirror "$MIRROR" --prune none \
        --cache-dir "$WORK/cache" --progress none --check
    # Without --mirror, the host's own is used and not told.
    (cd "$LOCK" && "$BOOT" lock debian --release trixie --lockfile official.lock --cache-dir "$WORK/cache" --progress none)
    grep -o 'http[^" ]*' "$LOCK/official.lock" | cut -d/ -f3 | sort -u >"$LOCK/hosts"
    printf '%s\n' ftp.debian.org security.debian.org | diff - <(sed 's/\\n.*//' "$LOCK/hosts" | sort -u)
}

# names_it WORDS ARGUMENT…: a locked build must fail with the words and leave no output.
names_it() {
    local said status=0 words=$1
    shift
    said=$(locked "$LOCK/none.tar" "$@" 2>&1) || status=$?
    printf '%s\n' "status $status" "$said"
    [ "$status" -eq 1 ]
    [ ! -e "$LOCK/none.tar" ]
    grep --fixed-strings -e "$words" <<<"$said"
}

dash() {
    sed -n 's/.*{ name = "dash".*proof = "sha256:\([0-9a-f]*\)".*/\1/p' "$LOCK/boot.lock"
}

flipped_in_store() {
    local blob
    blob=$LOCK/cache/blobs/sha256/$(dash)
    printf '\377' | dd of="$blob" bs=1 seek=4096 conv=notrunc status=none
    # shellcheck disable=SC2016 # a name in backticks
    names_it 'error: `dash` is not in the store' --offline --no-cache
    locked "$LOCK/c.tar" --no-cache
    cmp "$LOCK/c.tar" "$(ours trixie)"
    rm "$LOCK/c.tar"
}

flipped_in_lock() {
    local digest first
    digest=$(dash)
    first=0
    [ "${digest:0:1}" != 0 ] || first=1
    sed -i "s/$digest/$first${digest:1}/" "$LOCK/boot.lock"
    # shellcheck disable=SC2016 # a name in backticks
    names_it 'cannot get `dash`'
}
