# shellcheck shell=bash
# Finished layers: whatever was made before, the image is the same bytes, and nothing is made twice.

part_layers() {
    LAYERS=$WORK/layers
    mkdir "$LAYERS"
    check "minbase: cold" layers_cold minbase
    two_at_a_time layers_of ceph -- layers_of minbase nginx-light python3
    check "the images share the base layer" layers_are_shared minbase nginx-light python3 ceph
    if overlay_in "$LAYERS/overlay"; then
        local image
        for image in minbase python3 ceph; do
            check "$image: cache and staging on an overlay, cold or on the base, then warm" layers_on_overlay "$image"
        done
        umount "$LAYERS/overlay/merged"
    else
        skip "images made on an overlay" "none can be mounted on $WORK"
    fi
    if in_namespace true; then
        check "minbase: as a normal user, on an overlay in a user namespace, cold and warm" layers_in_namespace
    else
        skip "minbase made on an overlay in a user namespace" "none can be mounted there"
    fi
    check "the second build is faster" second_is_faster
    note "$(cat "$LAYERS/faster")"
    rm -rf "$LAYERS"
}

# layers_of IMAGE…: the same image on every way to it.
layers_of() {
    local image
    for image in "$@"; do
        if [ "$image" != minbase ]; then
            check "$image: cold" layers_cold "$image"
            check "$image: partly warm, as a tar" layers_partly_warm_tar "$image"
            check "$image: partly warm, as OCI, staged on disk" layers_partly_warm "$image"
        fi
        check "$image: warm, as a tar and as OCI" layers_warm "$image"
        check "$image: without layers of before, staged on tmpfs" layers_unused "$image"
        check "$image: without layers of before, as OCI, staged on disk" layers_unused_oci "$image"
    done
}

# layered IMAGE FORM ARGUMENT…: makes it with the cache CACHE, through the command WITHIN if that is set; leaves its SHA-256, the digests of an OCI image's layers
# and the events in files beside it.
layered() {
    local image=$1 form=$2 include=() at
    shift 2
    at=$LAYERS/$image
    [ "$image" = minbase ] || include=(--include "$image")
    # shellcheck disable=SC2153 # the callers' CACHE
    ${WITHIN:-} "$BOOT" debian --release trixie --mirror "$MIRROR" --prune none --cache-dir "$CACHE" --progress json \
        -o "$at/image.$form" "${include[@]}" "$@" 2>"$at/events" || {
        tail -n 3 "$at/events"
        return 1
    }
    sha256sum <"$at/image.$form" >"$at/sha256"
    if [ "$form" = oci.tar ]; then
        tar --extract --to-stdout --file "$at/image.$form" manifest.json |
            python3 -c 'import json, sys; print(*json.load(sys.stdin)[0]["Layers"], sep="\n")' >"$at/digests"
    fi
    rm "$at/image.$form"
}

# What the build in DIRECTORY did, one thing a line: what it unpacked, which scripts it ran, which layers it found or made.
unpacked() { told "$1" 'unpacked' 'it["name"]'; }
scripts() { told "$1" 'script' 'it["label"]'; }
layers() { told "$1" 'layer' 'it["name"] + " " + ("found" if it["stored"] else "made")'; }
told() {
    python3 -c '
import json, sys
events = [json.loads(line) for line in sys.stdin]
print("".join(sorted('"$3"' + "\n" for it in events if it["event"] == sys.argv[1])), end="")
' "$2" <"$LAYERS/$1/events"
}

# layers_with IMAGE made|found: what is told if all its layers were.
layers_with() {
    echo "base $2"
    [ "$1" = minbase ] || echo "include $2"
}

# is EXPECTED-FILE: its lines are those of stdin.
is() {
    diff "$1" -
}

# new_cache DIRECTORY: all that the suite has downloaded, and no layer.
new_cache() {
    mkdir -p "$1"
    cp --archive --link "$WORK"/cache/{blobs,notes} "$1"
}

layers_cold() {
    local image=$1 at=$LAYERS/$1
    new_cache "$at/cache"
    CACHE=$at/cache layered "$image" tar
    mv "$at/sha256" "$at/tar"
    case $image in
    minbase) sha256sum <"$(ours trixie)" | is "$at/tar" ;;
    ceph) sha256sum <"$(ours ceph)" | is "$at/tar" ;;
    esac
    unpacked "$image" >"$at/packages"
    grep -Fx dpkg "$at/packages"
    scripts "$image" | grep -q .
    layers "$image" | is <(layers_with "$image" made)
}

# With the base layer and no other.
layers_partly_warm_tar() {
    local image=$1 at=$LAYERS/$1
    mkdir "$at/partly"
    cp --archive --link "$LAYERS"/minbase/cache/{blobs,notes,labels,layers} "$at/partly"
    CACHE=$at/partly layered "$image" tar
    layers "$image" | is <(printf '%s\n' "base found" "include made")
    is_as_ever "$image" tar
    rm -r "$at/partly"
}

# In the cache that minbase was made with: nothing of its layer is unpacked, and all the rest is.
layers_partly_warm() {
    local image=$1 at=$LAYERS/$1
    CACHE=$LAYERS/minbase/cache layered "$image" oci.tar --staging "$(staging_on_disk)"
    layers "$image" | is <(printf '%s\n' "base found" "include made")
    [ "$(unpacked "$image" | comm -12 - "$LAYERS/minbase/packages" | wc -l)" -eq 0 ]
    unpacked "$image" | is <(comm -23 "$at/packages" "$LAYERS/minbase/packages")
    unpacked "$image" | grep -q .
    scripts "$image" | grep -q .
    mv "$at/sha256" "$at/oci"
    mv "$at/digests" "$at/layers"
    [ "$(wc -l <"$at/layers")" -eq 2 ]
}

layers_warm() {
    local image=$1 at=$LAYERS/$1 form
    for form in tar oci.tar; do
        CACHE=$at/cache layered "$image" "$form"
        layers "$image" | is <(layers_with "$image" found)
        unpacked "$image" | is /dev/null
        scripts "$image" | is /dev/null
        is_as_ever "$image" "$form"
    done
}

layers_unused() {
    CACHE=$LAYERS/$1/cache layered "$1" tar --no-cache --staging tmpfs
    is_all_made "$1"
    is_as_ever "$1" tar
}

layers_unused_oci() {
    CACHE=$LAYERS/$1/cache layered "$1" oci.tar --no-cache --staging "$(staging_on_disk)"
    is_all_made "$1"
    is_as_ever "$1" oci.tar
}

is_all_made() {
    layers "$1" >"$LAYERS/$1/made"
    lacks found "$LAYERS/$1/made"
    unpacked "$1" | is "$LAYERS/$1/packages"
}

# is_as_ever IMAGE FORM: the image and its layers are those that were made first.
is_as_ever() {
    local at=$LAYERS/$1
    if [ "$2" = tar ]; then
        is "$at/tar" <"$at/sha256"
        return
    fi
    # Whoever made it first.
    [ -e "$at/oci" ] || cp "$at/sha256" "$at/oci"
    [ -e "$at/layers" ] || cp "$at/digests" "$at/layers"
    is "$at/oci" <"$at/sha256"
    is "$at/layers" <"$at/digests"
}

# overlay_in DIRECTORY: mounts one as containers have it, with all that was downloaded in its lower layer.
overlay_in() {
    mkdir -p "$1"/{lower,upper,work,merged}
    new_cache "$1/lower/cache"
    mkdir "$1/lower/staging"
    mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/merged"
}

# One cache for all images: it is cold for the first, and has the base for the others.
layers_on_overlay() {
    local image=$1 on=$LAYERS/overlay/merged
    [ "$(stat --file-system --format %T "$on/staging")" = overlayfs ]
    CACHE=$on/cache layered "$image" tar --staging "$on/staging"
    layers "$image" | is <([ "$image" != minbase ] || echo "base made"
        [ "$image" = minbase ] || printf '%s\n' "base found" "include made")
    is_as_ever "$image" tar
    CACHE=$on/cache layered "$image" oci.tar --staging "$on/staging"
    layers "$image" | is <(layers_with "$image" found)
    is_as_ever "$image" oci.tar
    CACHE=$on/cache layered "$image" oci.tar --no-cache --staging "$on/staging"
    is_all_made "$image"
    is_as_ever "$image" oci.tar
    [ -z "$(ls -A "$on/staging")" ]
}

# in_namespace COMMAND…: runs it as a normal user's root of a user namespace, on an overlay that only it can see.
in_namespace() {
    local at=$PERSON_HOME/overlay
    # shellcheck disable=SC2016 # expanded by the inner shell
    runuser --user "$PERSON" -- env --chdir="$PERSON_HOME" -i HOME="$PERSON_HOME" PATH="$PATH" \
        unshare --map-root-user --map-auto --mount bash -euc '
            at=$1
            shift
            mkdir -p "$at"/{lower/staging,upper,work,merged}
            mount -t overlay overlay -o "userxattr,lowerdir=$at/lower,upperdir=$at/upper,workdir=$at/work" "$at/merged"
            exec "$@"
        ' bash "$at" "$@"
}

layers_in_namespace() {
    local on=$PERSON_HOME/overlay/merged
    chmod 777 "$LAYERS/minbase"
    export WITHIN=in_namespace
    [ "$(in_namespace stat --file-system --format %T "$on/staging")" = overlayfs ]
    CACHE=$on/cache layered minbase tar --staging "$on/staging"
    layers minbase | is <(layers_with minbase made)
    is_as_ever minbase tar
    CACHE=$on/cache layered minbase oci.tar --staging "$on/staging"
    layers minbase | is <(layers_with minbase found)
    is_as_ever minbase oci.tar
    CACHE=$on/cache layered minbase oci.tar --no-cache --staging "$on/staging"
    is_all_made minbase
    is_as_ever minbase oci.tar
    rm -rf "$PERSON_HOME/overlay"
}

layers_are_shared() {
    local image
    for image in "$@"; do
        echo "$image" "$(cat "$LAYERS/$image/tar")"
        cat "$LAYERS/$image/layers"
    done
    [ "$(for image in "$@"; do head -n 1 "$LAYERS/$image/layers"; done | sort -u | wc -l)" -eq 1 ]
    [ "$(for image in "$@"; do sed 1d "$LAYERS/$image/layers"; done | sort -u | wc -l)" -eq 3 ]
}

# Asserts CPU time, and less than an idle machine shows: other work makes wall times of anything. tests/bench/run measures.
second_is_faster() {
    local first second cache=$LAYERS/empty
    first=$(seconds_of "$cache")
    for _ in 1 2 3; do
        seconds_of "$cache"
    done | sort --numeric-sort >"$LAYERS/again"
    second=$(head -n 1 "$LAYERS/again")
    awk -v first="$first" -v second="$second" 'BEGIN {
        split(first, a, " "); split(second, b, " ")
        printf "first %.2f CPU-s, %.2f s; second %.2f CPU-s, %.2f s; %.1f and %.1f times\n",
            a[1], a[2], b[1], b[2], a[1] / b[1], a[2] / b[2]
        exit !(a[1] >= 5 * b[1])
    }' | tee "$LAYERS/faster"
}

# seconds_of CACHE: makes minbase; prints CPU and wall seconds.
seconds_of() {
    local TIMEFORMAT='%U %S %R' times
    times=$({ time CACHE=$1 boot_debian "$WORK/memory/faster.tar" trixie --quiet --force; } 2>&1)
    rm "$WORK/memory/faster.tar"
    awk '{ print $1 + $2, $3 }' <<<"$times"
}
