# shellcheck shell=bash
# Roots that somebody else packed: held against GNU tar, umoci and real engines, and raced against two tars.
#
# Real ones are beside the checkout: STAGE=DIRECTORY names another place.

STAGE=${STAGE:-$HERE/../../../shared/data/stage}

part_stage() {
    mkdir -p "$WORK/stage"
    local archive name form
    if [ -d "$STAGE/buildroot" ]; then
        for archive in "$STAGE"/buildroot/*.tar.*; do
            name=${archive##*/}
            check "${name%.tar.*}: out as GNU tar sees it, from a normal user, too" root_is_as_tar_sees "$archive"
        done
    else
        skip "real Buildroot roots are taken and run" "\`$STAGE/buildroot\` is not there"
    fi
    check "buildah makes an image of three layers" make_three_layers
    for form in layout oci-archive docker-archive podman-archive stdin; do
        check "squashed, it is the tree umoci unpacks, from: $form" squashed_is_unpacked "$form"
    done
    check "a normal user squashes it to the same bytes" squashed_as_person
    check "it says how much the layers had hidden" shadowed_is_said
    check "of 60 odd images, it makes what umoci makes of those it can unpack" odd_images_are_unpacked
    with_dockerd stage_runs docker
    stage_runs podman
    check "an archive of 2 GiB takes less than 100 MiB of memory" memory_is_flat archive
    check "an image with a layer of 2 GiB takes less than 100 MiB of memory" memory_is_flat layout
    check "archive to tar is no slower than two tars" no_slower
    note "$(cat "$WORK/stage/memory" "$WORK/stage/race")"
    buildah_engine rm --all >"$WORK/logs/buildah"
    rm -rf "$WORK/stage"
}

stage_runs() {
    [ ! -d "$STAGE/buildroot" ] || check "$1 imports, loads and runs a real Buildroot root" root_runs "$1"
    check "$1 runs the squashed image as it does the one of layers" squashed_runs "$1"
}

stage() {
    "$BOOT" stage --progress none --cache-dir "$WORK/stage/cache" "$@"
}

stage_as_person() {
    runuser --user "$PERSON" -- env --chdir="$PERSON_HOME" -i HOME="$PERSON_HOME" USER="$PERSON" \
        PATH=/usr/local/bin:/usr/bin:/bin "$BOOT" stage --progress none "$@"
}

# is_tree TAR DIRECTORY: the tar describes what is in the directory; only times of directories are the image's.
is_tree() {
    python3 -B "$HERE/stage.py" whole-seconds "$2"
    tree_as_tar "$2" >"$WORK/stage/tree.tar"
    python3 -B "$HERE/trees/compare.py" stage "$1" "$WORK/stage/tree.tar" --tolerated /dev/stdin <<<'tolerated = [
        { path = "**", aspect = "mtime", kind = "directory", reason = "the date of the image" },
        { path = ".", aspect = "mode", reason = "always 0755" },
        { path = ".", aspect = "owner", reason = "always root" },
    ]'
    rm "$WORK/stage/tree.tar"
}

root_is_as_tar_sees() {
    local at=$WORK/stage/root
    rm -rf "$at"
    mkdir "$at"
    tar --extract --file "$1" --directory "$at" --numeric-owner --same-permissions --same-owner \
        --xattrs --xattrs-include='*'
    stage "$1" -o "$WORK/stage/root.tar" --force
    is_tree "$WORK/stage/root.tar" "$at"
    stage_as_person - -o - <"$1" | cmp - "$WORK/stage/root.tar"
    rm -rf "$at"
}

# root_runs ENGINE: by the very command that the closing lines say, and from an OCI archive.
root_runs() {
    local engine=$1 root=$STAGE/buildroot/buildroot-2025.11.2-x86_64-musl.tar.xz command said
    local name=made/buildroot:$engine
    "$BOOT" stage "$root" --name "$name" -o "$WORK/stage/$engine.tar" 2>"$WORK/stage/closing"
    cat "$WORK/stage/closing"
    command=$(sed -n "s/^  $engine import/${engine}_engine import/p" "$WORK/stage/closing")
    eval "$command"
    # shellcheck disable=SC2016 # expanded in the container
    said=$("${engine}_starts" "$name" /bin/sh -c '. /etc/os-release; echo "$ID $VERSION_ID $(id -u)"')
    [ "$said" = "buildroot 2025.11.2 0" ]
    "${engine}_engine" rmi --force "$name"
    stage "$root" --name "$name" -o "$WORK/stage/$engine.oci.tar" --cmd '["/bin/busybox", "uname", "-m"]'
    "${engine}_engine" load --input "$WORK/stage/$engine.oci.tar"
    said=$("${engine}_starts" "$name")
    [ "$said" = x86_64 ]
    "${engine}_engine" rmi --force "$name"
    rm "$WORK/stage/$engine".*
}

docker_starts() {
    docker_engine run --rm --network none "$@"
}

podman_starts() {
    podman_run "$@"
}

buildah_engine() {
    buildah --root "$WORK/stage/buildah/root" --runroot "$WORK/stage/buildah/run" "$@"
}

# three_layers FORM: where the image is; `layout` is what umoci reads.
three_layers() {
    case $1 in
    layout) echo "$WORK/stage/three.oci" ;;
    stdin) echo "$WORK/stage/oci-archive.tar" ;;
    *) echo "$WORK/stage/$1.tar" ;;
    esac
}

make_three_layers() {
    local container mount layer base=scratch
    for layer in 1 2 3; do
        container=$(buildah_engine from --quiet "$base")
        mount=$(buildah_engine mount "$container")
        "fill_layer_$layer" "$mount"
        [ "$layer" -ne 3 ] || configure_image "$container"
        buildah_engine commit --quiet --format oci "$container" "three:$layer"
        base=localhost/three:$layer
    done
    buildah_engine push --quiet "$base" "oci:$(three_layers layout):three:3"
    buildah_engine push --quiet "$base" "oci-archive:$(three_layers oci-archive):three:3"
    skopeo copy --quiet "oci:$(three_layers layout):three:3" "docker-archive:$(three_layers docker-archive):three:3"
    # As an engine saves it, from its own storage.
    podman --root "$WORK/stage/buildah/root" --runroot "$WORK/stage/buildah/run" --tmpdir "$WORK/stage/buildah/tmp" \
        save --format docker-archive --output "$(three_layers podman-archive)" "$base"
    # The layers hold what is to be tested.
    local layers=()
    mapfile -t layers < <(skopeo inspect "oci:$(three_layers layout):three:3" |
        python3 -c 'import json, sys; print(*json.load(sys.stdin)["Layers"], sep="\n")')
    [ ${#layers[@]} -eq 3 ]
    for layer in "${layers[@]}"; do
        tar --list --gzip --file "$(three_layers layout)/blobs/sha256/${layer#sha256:}"
    done >"$WORK/stage/names"
    grep -x 'opt/app/.wh..wh..opq' "$WORK/stage/names"
    grep -x 'etc/.wh.gone' "$WORK/stage/names"
}

fill_layer_1() {
    mkdir -p "$1"/{etc/conf,opt/app/deep,bin,var/big,srv/was-directory/below,lib,tmp,home/user}
    if [ -d "$STAGE/buildroot" ]; then
        tar --extract --directory "$1" --file "$STAGE/buildroot/buildroot-2025.11.2-x86_64-musl.tar.xz"
    else
        install -m 755 /bin/true "$1/bin/"
    fi
    echo gone >"$1/etc/gone"
    echo kept >"$1/etc/kept"
    echo old >"$1/etc/conf/changed"
    echo old >"$1/opt/app/old"
    echo old >"$1/opt/app/deep/old"
    head -c 3000000 /dev/urandom >"$1/var/big/replaced"
    head -c 2000000 /dev/urandom >"$1/var/big/linked"
    ln "$1/var/big/linked" "$1/var/big/linked-too"
    echo x >"$1/srv/was-directory/below/x"
    echo x >"$1/srv/was-file"
    ln -s nowhere "$1/srv/was-link"
    cp /bin/true "$1/bin/capable"
    setcap cap_net_raw,cap_net_admin+ep "$1/bin/capable"
    cp /bin/true "$1/bin/setuid"
    chmod 4755 "$1/bin/setuid"
    chmod 1777 "$1/tmp"
    mkfifo "$1/var/fifo"
    mknod "$1/var/null" c 1 3
    chown -R 1000:100 "$1/home/user"
    setfattr -n user.note -v kept "$1/etc/kept"
    printf 'long' >"$1/var/$(printf 'n%.0s' {1..150})"
}

fill_layer_2() {
    rm -rf "$1/opt/app" "$1/etc/gone" "$1/srv"/was-*
    mkdir -p "$1/opt/app/deep" "$1/srv/was-file" "$1/srv/was-link"
    echo new >"$1/opt/app/deep/new"
    echo x >"$1/srv/was-directory"
    echo x >"$1/srv/was-file/x"
    echo x >"$1/srv/was-link/x"
    echo new >"$1/etc/conf/changed"
    head -c 1000000 /dev/urandom >"$1/var/big/replaced"
    # The same file by another name, across layers.
    ln "$1/var/big/linked" "$1/var/big/linked-later"
    rm "$1/var/big/linked"
}

fill_layer_3() {
    rm -rf "$1/var/fifo" "$1/opt/app/deep"
    echo newest >"$1/etc/conf/changed"
    cp /bin/true "$1/bin/capable-later"
    setcap cap_chown+ep "$1/bin/capable-later"
    chown 5000000:6000000 "$1/etc/kept"
    chmod 0700 "$1/home"
}

configure_image() {
    # shellcheck disable=SC2016 # expanded in the container
    buildah_engine config --env GREETING='say "hi"' --env PATH=/bin:/usr/bin:/sbin --workingdir /srv --user 1000:100 \
        --label team=ours --port 80/tcp --volume /data --stop-signal SIGQUIT \
        --cmd '/bin/sh -c "echo $GREETING from $PWD as $(id -u)"' "$1"
}

# umoci's tree, once.
umoci_tree() {
    [ -d "$WORK/stage/bundle" ] || umoci unpack --image "$(three_layers layout):three:3" "$WORK/stage/bundle" >&2
    echo "$WORK/stage/bundle/rootfs"
}

squashed() {
    echo "$WORK/stage/squashed.tar"
}

squashed_is_unpacked() {
    local source
    source=$(three_layers "$1")
    if [ "$1" = stdin ]; then
        gzip --fast --to-stdout "$source" | stage - -o - | cmp - "$(squashed)"
    elif [ -e "$(squashed)" ]; then
        stage "$source" -o - | cmp - "$(squashed)"
    else
        stage "$source" -o "$(squashed)"
        is_tree "$(squashed)" "$(umoci_tree)"
    fi
}

squashed_as_person() {
    stage_as_person - -o - <"$(three_layers docker-archive)" | cmp - "$(squashed)"
    stage_as_person "$(three_layers layout)" -o - | cmp - "$(squashed)"
    stage_as_person - -o "$PERSON_HOME/squashed.oci.tar" --layer-compression zstd <"$(three_layers oci-archive)"
    stage "$(three_layers layout)" -o "$WORK/stage/squashed.oci.tar" --layer-compression zstd --jobs 1
    cmp "$PERSON_HOME/squashed.oci.tar" "$WORK/stage/squashed.oci.tar"
    rm "$PERSON_HOME/squashed.oci.tar" "$WORK/stage/squashed.oci.tar"
}

shadowed_is_said() {
    local said counted
    said=$("$BOOT" stage "$(three_layers layout)" -o - --progress json 2>&1 >/dev/null | tail -n 1 |
        python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["squashed"], sort_keys=True))')
    counted=$(python3 -B "$HERE/stage.py" shadowed "$(three_layers layout)" "$(umoci_tree)")
    printf '%s\n' "said    $said" "counted $counted"
    [ "$said" = "$counted" ]
    "$BOOT" stage "$(three_layers layout)" -o - 2>&1 >/dev/null | grep -E '^squashed 3 layers, .* files were shadowed$'
}

# umoci wants the files of hard links to be there before them, and gives up more often. Where a layer does not describe
# a directory that it empties the parent of, umoci goes by the order of entries in the layer: no layer of a tool is like
# that.
odd_images_are_unpacked() {
    local at=$WORK/stage/odd seed compared=0
    for seed in {1..60}; do
        rm -rf "$at"
        mkdir "$at"
        python3 -B "$HERE/random-layers.py" "$seed" "$at/image"
        if umoci unpack --image "$at/image:it:1" "$at/bundle" >/dev/null 2>&1; then
            stage "$at/image" -o "$at/image.tar"
            tree_as_tar "$at/bundle/rootfs" >"$at/unpacked.tar"
            python3 -B "$HERE/trees/compare.py" "$seed" "$at/image.tar" "$at/unpacked.tar" --tolerated /dev/stdin <<<'tolerated = [
                { path = "**", aspect = "mtime", kind = "directory", reason = "the date of the image" },
                { path = "**", aspect = "mtime", kind = "symlink", reason = "umoci does not set it" },
                { path = "**", aspect = "mode", kind = "directory", reason = "see above" },
                { path = "**", aspect = "owner", kind = "directory", reason = "see above" },
            ]'
            compared=$((compared + 1))
        fi
    done
    echo "$compared compared"
    [ "$compared" -ge 25 ]
    rm -rf "$at"
}

# squashed_runs ENGINE: what it says of both images, and what the programs in them do.
squashed_runs() {
    local engine=$1 which
    stage "$(three_layers layout)" -o "$WORK/stage/squashed.oci.tar" --name made/squashed:1
    "${engine}_engine" load --input "$(three_layers podman-archive)"
    "${engine}_engine" load --input "$WORK/stage/squashed.oci.tar"
    for which in localhost/three:3 made/squashed:1; do
        "${engine}_engine" inspect --format '{{json .Config}}' "$which" | config_in_short >"$WORK/stage/${which%%/*}.config"
        [ ! -d "$STAGE/buildroot" ] || [ "$("${engine}_starts" "$which")" = 'say "hi" from /srv as 1000' ]
    done
    diff "$WORK/stage"/{localhost,made}.config
    "${engine}_engine" rmi --force localhost/three:3 made/squashed:1
    rm "$WORK/stage/squashed.oci.tar"
}

# The order of variables is of no consequence.
config_in_short() {
    python3 -c '
import json, sys
KEYS = ["User", "ExposedPorts", "Cmd", "Entrypoint", "Volumes", "WorkingDir", "Labels", "StopSignal"]
config = json.load(sys.stdin)
said = {key: config.get(key) or None for key in KEYS}
said["Env"] = sorted(config["Env"])
assert said["Labels"]["team"] == "ours", said
print(json.dumps(said, sort_keys=True, indent=1))'
}

# memory_is_flat archive|layout: compressed with blocks, which several threads unpack, or as the layer of an image.
memory_is_flat() {
    local source=$WORK/stage/large.$1
    if [ "$1" = archive ]; then
        python3 -B "$HERE/stage.py" archive 2048 --dull | xz -0 --threads=2 >"$source"
    else
        python3 -B "$HERE/stage.py" archive 2048 --dull >"$WORK/stage/large"
        python3 -B "$HERE/stage.py" layout "$WORK/stage/large" "$source"
    fi
    python3 -B "$HERE/stage.py" peak 100 "$BOOT" stage --quiet "$source" --prune slim -o "$WORK/stage/out.tar" --force |
        sed "s/^/2 GiB as $1: /" | tee -a "$WORK/stage/memory"
    [ "$(stat --format %s "$WORK/stage/out.tar")" -gt $((2 << 30)) ]
    rm -rf "$source" "$WORK/stage/out.tar"
}

# The same job for all: from the archive to a tar without some of the names. GNU tar has no way past a directory.
no_slower() {
    local at=$WORK/memory/race archive=$WORK/memory/race.tar.xz
    mkdir -p "$at"
    python3 -B "$HERE/stage.py" archive 384 | xz -1 --threads=2 >"$archive"
    python3 -B "$HERE/stage.py" race 5 1.2 \
        boot "TMPDIR=$at '$BOOT' stage -q '$archive' --prune slim -o - >'$at/ours.tar'" \
        "xz | tar" "xz -dc '$archive' | tar -x -C '$at' -f - && tar -c -C '$at' -f '$at.gnu.tar' usr && rm -r '$at/usr'" \
        bsdtar "bsdtar -cf '$at/bsd.tar' --exclude 'usr/share/man/*' '@$archive'" | tee "$WORK/stage/race"
    rm -rf "$at" "$at.gnu.tar" "$archive"
}
