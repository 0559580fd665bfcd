# shellcheck shell=bash
# Our trees against mmdebstrap's from the same archive, path by path.

part_trees() {
    local tree
    check "comparer sees every change" python3 -B "$HERE/trees/selftest.py"
    check "bookworm's reference has usr-is-merged and no usrmerge" reference_is_merged
    : >"$WORK/used"
    for tree in "${TREES[@]}"; do
        check "$tree: our tree is mmdebstrap's" python3 -B "$HERE/trees/compare.py" "$tree" \
            "$(ours "$tree")" "$(theirs "$tree")" --used "$WORK/used"
    done
    check "every tolerance is needed" python3 -B "$HERE/trees/compare.py" --stale "$WORK/used"
}

reference_is_merged() {
    local packages
    packages=$(tar --extract --to-stdout --file "$(theirs bookworm)" ./var/lib/dpkg/status |
        sed -n 's/^Package: \(usrmerge\|usr-is-merged\)$/\1/p')
    echo "$packages"
    [ "$packages" = usr-is-merged ]
}
