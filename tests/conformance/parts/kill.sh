# shellcheck shell=bash
# Several builds in one cache, real ones from the real mirror: side by side, and killed.

part_kill() {
    check "two builds at once download every package once" two_builds_at_once
    check "a build goes on whose neighbour is killed while downloading" neighbour_is_killed
    check "a build goes on whose neighbour is stopped while making a layer" neighbour_is_stopped
    check "SIGKILL at 20 random moments leaves a store that verifies and a build that succeeds" kill_at_random
}

# beside NAME: begins minbase as NAME.tar, with its events in NAME.json.
beside() {
    "$BOOT" debian --release trixie --mirror "$MIRROR" --prune none --cache-dir "$CACHE" \
        --progress json -o "$DIRECTORY/$1.tar" 2>"$DIRECTORY/$1.json" &
}

# How many packages came over the network, by the events of some builds.
downloaded() {
    cat "$@" | grep '"event":"fetched"' | grep -c '"cached":false'
}

two_builds_at_once() {
    local first second planned
    DIRECTORY=$(mktemp -d "$WORK/kill.XXXXXX")
    CACHE=$DIRECTORY/cache
    beside first
    first=$!
    beside second
    second=$!
    wait "$first"
    wait "$second"
    cmp "$DIRECTORY/first.tar" "$(ours trixie)"
    cmp "$DIRECTORY/second.tar" "$(ours trixie)"
    planned=$(sed -n '/"event":"planned"/ s/.*"artifacts":\([0-9]*\).*/\1/p' "$DIRECTORY/first.json")
    echo "$planned packages"
    [ "$(downloaded "$DIRECTORY"/*.json)" -eq "$planned" ]
    rm -r "$DIRECTORY"
}

# One of the two downloads, while the other waits for what it makes.
neighbour_is_killed() {
    local first second killed='' other i
    DIRECTORY=$(mktemp -d "$WORK/kill.XXXXXX")
    CACHE=$DIRECTORY/cache
    beside first
    first=$!
    beside second
    second=$!
    for ((i = 0; i < 400; i++)); do
        if grep -qs '"event":"received"' "$DIRECTORY/first.json"; then
            killed=$first other=second
            break
        elif grep -qs '"event":"received"' "$DIRECTORY/second.json"; then
            killed=$second other=first
            break
        fi
        sleep 0.02
    done
    kill -KILL "$killed"
    wait "$killed" || true
    wait "${!other}"
    cmp "$DIRECTORY/$other.tar" "$(ours trixie)"
    "$BOOT" cache verify --cache-dir "$CACHE"
    rm -r "$DIRECTORY"
}

# Stopped, not killed: its locks stay. Once it goes on, what it makes is the same.
neighbour_is_stopped() {
    local first i
    DIRECTORY=$(mktemp -d "$WORK/kill.XXXXXX")
    CACHE=$DIRECTORY/cache
    new_cache "$CACHE"
    beside first
    first=$!
    for ((i = 0; i < 1000; i++)); do
        if grep -qs '"event":"unpacked"' "$DIRECTORY/first.json"; then
            break
        fi
        sleep 0.02
    done
    kill -STOP "$first"
    beside second
    wait "$!"
    cmp "$DIRECTORY/second.tar" "$(ours trixie)"
    grep -F 'has stood still for 20 s' "$DIRECTORY/second.json"
    [ ! -e "$DIRECTORY/first.tar" ]
    kill -CONT "$first"
    wait "$first"
    cmp "$DIRECTORY/first.tar" "$(ours trixie)"
    "$BOOT" cache verify --cache-dir "$CACHE"
    rm -r "$DIRECTORY"
}

kill_at_random() {
    local directory whole i hit=0 said options
    directory=$(mktemp -d "$WORK/kill.XXXXXX")
    CACHE=$WORK/kill-cache
    mkdir "$directory/staging"
    said=$(trial "$directory" -o "$directory/out/x.tar" 2>&1) || true
    whole=$(awk '$1 == "seconds" { print $2 }' <<<"$said")
    cmp "$directory/out/x.tar" "$(ours trixie)"
    rm "$directory/out/x.tar"
    echo "a whole run takes $whole s"
    RANDOM=20
    # Twenty, and some more where other work on the machine made the first run slow, so that signals come too late.
    for ((i = 1; i <= 20 || (hit < 10 && i <= 40); i++)); do
        # Less and less is kept from before, so that the moments fall into different phases.
        "$BOOT" cache clean --cache-dir "$CACHE" --max-size $((RANDOM % 60))MB
        options=()
        [ $((i % 2)) -eq 0 ] || options=(--staging "$directory/staging")
        TRIAL=(--signal SIGKILL --after "$(awk "BEGIN { print $whole * $RANDOM / 32768 }")")
        said=$(trial "$directory" -o "$directory/out/x.tar" "${options[@]}" 2>&1) || true
        printf '%s\n' "== ${TRIAL[*]}" "$said"
        if grep -qx 'missed\|status 0' <<<"$said"; then
            cmp "$directory/out/x.tar" "$(ours trixie)"
            rm "$directory/out/x.tar"
        else
            hit=$((hit + 1))
            grep -qx 'status -9' <<<"$said"
            nothing_or_all "$directory/out" "$(ours trixie)"
        fi
        lacks '^left \(process\|mount\)' <<<"$said"
        "$BOOT" cache verify --cache-dir "$CACHE"
    done
    echo "$hit were killed"
    [ "$hit" -ge 10 ]
    # Without its layers, so that it stages a root, and tidies where it does.
    "$BOOT" cache clean --cache-dir "$CACHE" --max-size 0MB
    TRIAL=()
    said=$(trial "$directory" -o "$directory/out/x.tar" --staging "$directory/staging" 2>&1) || true
    printf '%s\n' "$said"
    grep -qx 'status 0' <<<"$said"
    lacks '^left \(process\|mount\)' <<<"$said"
    cmp "$directory/out/x.tar" "$(ours trixie)"
    rm "$directory/out/x.tar"
    # What the killed ones left, this one has removed: the directories given to them are empty.
    find "$directory" "$CACHE/runs" "$CACHE/locks" -mindepth 1 | sort | tee "$directory.left"
    cmp "$directory.left" <(printf '%s\n' "$directory"/{out,staging,tmp})
    rm -r "$directory" "$CACHE"
}
