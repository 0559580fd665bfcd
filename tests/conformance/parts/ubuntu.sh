# shellcheck shell=bash
# Ubuntu from its own archive, whose address is that which mmdebstrap uses: our trees against mmdebstrap's, path by path.

part_ubuntu() {
    local release
    UBUNTU=$WORK/ubuntu
    UBUNTU_DATE=$(date +%s)
    mkdir "$UBUNTU"
    # Not every machine that has a mirror of Debian reaches Ubuntu's.
    if ! ubuntu_mmdebstrap --dry-run resolute - >"$UBUNTU/log" 2>&1; then
        note "mmdebstrap does not reach Ubuntu's archive from here: $(grep --max-count 1 '^E: ' "$UBUNTU/log")"
        return 0
    fi
    # Of the last one all digests are SHA-512.
    for release in noble resolute stonking; do
        check "mmdebstrap makes ubuntu $release" ubuntu_theirs "$release"
        check "ubuntu $release: our tree is mmdebstrap's" ubuntu_tree "$release"
    done
}

# In Debian apt is of priority required, in Ubuntu it is not: our minbase and that of debootstrap have it all the same.
ubuntu_mmdebstrap() {
    SOURCE_DATE_EPOCH=$UBUNTU_DATE TMPDIR=$WORK/memory PYTHONDONTWRITEBYTECODE=1 \
        mmdebstrap --variant=minbase --include=apt --quiet \
        --keyring="$HERE/../../configs/keys/ubuntu/archive-2018.asc" "$@"
}

# ubuntu_theirs RELEASE: its tar, and the sources it is made from.
ubuntu_theirs() {
    local sources=/dev/null mirror=()
    if [ "$1" = stonking ]; then
        # An mmdebstrap that does not know the name takes it for one of Debian's.
        sources=$UBUNTU/$1.sources mirror=(-)
        sed "s/resolute/$1/" "$UBUNTU/resolute.list" >"$sources"
    fi
    ubuntu_mmdebstrap "$1" "$UBUNTU/$1.theirs.tar" "${mirror[@]}" <"$sources"
    tar --extract --to-stdout --file "$UBUNTU/$1.theirs.tar" ./etc/apt/sources.list >"$UBUNTU/$1.list"
}

ubuntu_tree() {
    "$BOOT" ubuntu --release "$1" --mirror "$UBUNTU/$1.list" --epoch "$UBUNTU_DATE" --prune none \
        --cache-dir "$WORK/cache" --progress none -o "$UBUNTU/$1.ours.tar"
    python3 -B "$HERE/trees/compare.py" ubuntu "$UBUNTU/$1.ours.tar" "$UBUNTU/$1.theirs.tar"
    rm "$UBUNTU/$1".*.tar
}
