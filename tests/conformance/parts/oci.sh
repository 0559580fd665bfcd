# shellcheck shell=bash
# OCI images in the hands of those who load, push and run them.

part_oci() {
    check "boot makes an OCI archive and layout, and the flat tar" make_images
    check "skopeo reads the archive as OCI's and as docker's" skopeo_inspects
    check "skopeo copies it, and digests stay" skopeo_copies
    local compression
    for compression in none gzip; do
        check "umoci unpacks the flat tar's tree, layers: $compression" umoci_unpacks "$compression"
    done
    check "podman unpacks the flat tar's tree, layers: zstd" podman_unpacks zstd
    with_dockerd docker_oci_checks
    check "podman loads and runs it" podman_loads
    check "podman pulls the layout" podman_pulls
    check "buildah works from it" buildah_works
    check "containerd imports it under docker's name" containerd_imports
    check "the same image is the same bytes, with any number of jobs" oci_same_bytes
    check "layers compressed before are not compressed again" oci_compressed_once
}

# What the image is to say, and what every engine is asked about below.
OCI_SAYS=(--name team/image:1 --env "GREETING=say \"hi\" to \$USER" --label team=ours --workdir /srv
    --stop-signal SIGQUIT --expose 80 --volume /data --user 65534:65534
    --annotation org.example.note=kept --cmd "echo \"\$GREETING\" from \"\$PWD\" as \$(id -u)")
OCI_NAME=team/image:1
# shellcheck disable=SC2016 # it is said as it stands
OCI_GREETING='say "hi" to $USER from /srv as 65534'

# oci_image FORM: where it is. The tree has capabilities, links, setuid programs and other owners.
oci_image() {
    case $1 in
    none) echo "$WORK/oci/none.oci.tar" ;;
    gzip) echo "$WORK/oci/gzip.oci" ;;
    zstd) echo "$WORK/oci/zstd.oci" ;;
    flat) echo "$WORK/oci/flat.tar" ;;
    esac
}

make_images() {
    mkdir -p "$WORK/oci"
    local include
    include=$(include_of capabilities)
    boot_debian "$(oci_image flat)" trixie --include "$include"
    boot_debian "$(oci_image none)" trixie --include "$include" "${OCI_SAYS[@]}"
    boot_debian "$(oci_image gzip)/" trixie --include "$include" "${OCI_SAYS[@]}"
    boot_debian "$(oci_image zstd)" trixie --include "$include" "${OCI_SAYS[@]}" --layer-compression zstd
    [ "$(tar --list --file "$(oci_image none)" | grep -c '^blobs/sha256/.')" -eq $(($(oci_layers) + 2)) ]
}

# How many layers the image has.
oci_layers() {
    tar --extract --to-stdout --file "$(oci_image none)" manifest.json |
        python3 -c 'import json, sys; print(len(json.load(sys.stdin)[0]["Layers"]))'
}

skopeo_inspects() {
    local archive source
    archive=$(oci_image none)
    for source in "oci-archive:$archive" "docker-archive:$archive" "oci:$(oci_image gzip)" \
        "oci:$(oci_image gzip):$OCI_NAME" "oci:$(oci_image zstd)"; do
        echo "$source"
        skopeo inspect "$source" >"$WORK/oci/inspected"
        skopeo inspect --config "$source" >"$WORK/oci/configured"
        python3 -B - "$WORK/oci/inspected" "$WORK/oci/configured" "$(oci_layers)" "$(epoch_of trixie)" <<'PYTHON'
import datetime
import json
import sys

inspected, configured = (json.load(open(name)) for name in sys.argv[1:3])
layers, epoch = map(int, sys.argv[3:])
created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
assert len(inspected["Layers"]) == layers, inspected
assert (inspected["Created"], configured["created"]) == (created, created), (inspected, configured)
assert configured["config"] == {
    "User": "65534:65534",
    "ExposedPorts": {"80/tcp": {}},
    "Env": [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        'GREETING=say "hi" to $USER',
    ],
    "Cmd": ["/bin/sh", "-c", 'echo "$GREETING" from "$PWD" as $(id -u)'],
    "Volumes": {"/data": {}},
    "WorkingDir": "/srv",
    "Labels": {"team": "ours"},
    "StopSignal": "SIGQUIT",
}, configured
PYTHON
    done
    skopeo inspect --raw "oci-archive:$archive" | grep -F '"org.example.note":"kept"'
}

skopeo_copies() {
    local form source digest
    for form in none gzip zstd; do
        source=oci:$(oci_image "$form")
        [ "$form" != none ] || source=oci-archive:$(oci_image none)
        rm -rf "$WORK/oci/copy"
        digest=$(skopeo inspect --format '{{.Digest}}' "$source")
        skopeo copy --quiet --preserve-digests "$source" "dir:$WORK/oci/copy"
        [ "sha256:$(sha256sum <"$WORK/oci/copy/manifest.json" | cut -d ' ' -f 1)" = "$digest" ]
    done
    rm -rf "$WORK/oci/copy"
}

# umoci reads directories only.
oci_layout_of() {
    local image
    image=$(oci_image "$1")
    if [ -f "$image" ]; then
        mkdir -p "$WORK/oci/layout-$1"
        tar --extract --file "$image" --directory "$WORK/oci/layout-$1"
        image=$WORK/oci/layout-$1
    fi
    echo "$image"
}

umoci_unpacks() {
    umoci unpack --image "$(oci_layout_of "$1"):$OCI_NAME" "$WORK/oci/bundle"
    is_flat_tree "$WORK/oci/bundle/rootfs"
    rm -rf "$WORK/oci/bundle"
}

# Old versions name the image after the path, which must do for a name.
podman_pull_layout() {
    local image
    image=$(oci_image "$1")
    cd "${image%/*}" || return
    podman_engine pull --quiet "oci:${image##*/}:$OCI_NAME"
}

podman_unpacks() {
    local image mount
    image=$(podman_pull_layout "$1")
    mount=$(podman_engine image mount "$image")
    is_flat_tree "$mount"
    podman_engine image unmount "$image"
    podman_engine rmi --force "$image"
}

# is_flat_tree DIRECTORY: it is what the flat tar describes, in every respect; a layer says nothing of the root itself.
is_flat_tree() {
    tree_as_tar "$1" >"$WORK/oci/tree.tar"
    python3 -B "$HERE/trees/compare.py" oci "$WORK/oci/tree.tar" "$(oci_image flat)" \
        --tolerated /dev/stdin <<<'tolerated = [
            { path = ".", aspect = "mtime", reason = "a layer has no root" },
            { path = ".", aspect = "mode", reason = "a layer has no root, podman makes it 0555" },
        ]'
    rm "$WORK/oci/tree.tar"
}

docker_oci_checks() {
    check "docker loads and runs it" docker_loads
    check "docker and podman import the flat tar with the same settings" imports_say_the_same
}

docker_loads() {
    docker_engine load --input "$(oci_image none)" | tee /dev/stderr | grep -Fx "Loaded image: $OCI_NAME"
    [ "$(docker_engine run --rm --network none "$OCI_NAME")" = "$OCI_GREETING" ]
    docker_engine run --rm --network none --user 0 "$OCI_NAME" dpkg --audit
    docker_engine run --rm --network none --user 0 "$OCI_NAME" getcap -r /usr/bin | tee /dev/stderr | grep -q cap_net
    docker_engine inspect --format '{{json .Config}}' "$OCI_NAME" >"$WORK/oci/docker-config"
    docker_engine rmi "$OCI_NAME"
}

# The flags that the closing lines have in place of a configuration.
imports_say_the_same() {
    local engine command
    boot_debian "$WORK/oci/said.tar" trixie "${OCI_SAYS[@]}" 2>"$WORK/oci/closing"
    for engine in docker podman; do
        command=$(sed -n "s/^  $engine import/${engine}_engine import/p" "$WORK/oci/closing")
        # Docker knows the instruction since 23.
        case $engine:$(docker_engine version --format '{{.Server.Version}}') in
        docker:1?.* | docker:20.*) command=${command/" --change 'STOPSIGNAL SIGQUIT'"/} ;;
        esac
        echo "$command"
        eval "$command"
        "${engine}_engine" inspect --format '{{json .Config}}' "$OCI_NAME" >"$WORK/oci/$engine-imported"
        python3 -B - "$WORK/oci/$engine-imported" "$WORK/oci/docker-config" "$command" <<'PYTHON'
import json
import sys

KEYS = ["User", "ExposedPorts", "Env", "Cmd", "Entrypoint", "Volumes", "WorkingDir", "Labels", "StopSignal"]
imported, loaded = (json.load(open(name)) for name in sys.argv[1:3])
keys = [key for key in KEYS if key != "StopSignal" or "STOPSIGNAL" in sys.argv[3]]
imported, loaded = ({key: config.get(key) for key in keys} for config in (imported, loaded))
if imported.get("StopSignal") == "3":
    imported["StopSignal"] = "SIGQUIT"  # podman keeps the number
assert imported == loaded, (imported, loaded)
PYTHON
        "${engine}_engine" rmi --force "$OCI_NAME"
    done
    rm "$WORK/oci/said.tar"
}

podman_run() {
    podman_engine --runtime runc --cgroup-manager cgroupfs run --rm --network none \
        --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "$@"
}

podman_loads() {
    podman_engine load --input "$(oci_image none)"
    podman_engine image exists "docker.io/$OCI_NAME"
    [ "$(podman_run "$OCI_NAME")" = "$OCI_GREETING" ]
    podman_run --user 0 "$OCI_NAME" dpkg --audit
    podman_engine rmi --force "$OCI_NAME"
}

podman_pulls() {
    local image
    image=$(podman_pull_layout gzip)
    [ "$(podman_run "$image")" = "$OCI_GREETING" ]
    podman_engine rmi --force "$image"
}

buildah_works() {
    local engine=(buildah --root "$WORK/buildah/root" --runroot "$WORK/buildah/run") container
    local source gzip
    gzip=$(oci_image gzip)
    # As with podman: the path must do for a name.
    cd "${gzip%/*}" || return
    for source in "oci-archive:$(oci_image none)" "oci:${gzip##*/}:$OCI_NAME"; do
        container=$("${engine[@]}" from --quiet "$source")
        "${engine[@]}" run --isolation chroot --user 0 "$container" -- dpkg --audit
        "${engine[@]}" rm "$container"
    done
}

containerd_imports() {
    local base=$WORK/containerd pid form
    mkdir -p "$base"
    containerd --root "$base/root" --state "$base/state" --address "$base/sock" >"$base/log" 2>&1 &
    pid=$!
    # shellcheck disable=SC2064 # this pid
    trap "kill $pid" EXIT
    local i
    for ((i = 0; i < 100; i++)); do
        ! ctr --address "$base/sock" version >/dev/null 2>&1 || break
        sleep 0.1
    done
    for form in none gzip zstd; do
        tar --create --directory "$(oci_layout_of "$form")" . | ctr --address "$base/sock" image import -
        [ "$(ctr --address "$base/sock" image list --quiet)" = "docker.io/$OCI_NAME" ]
        ctr --address "$base/sock" image rm --sync "docker.io/$OCI_NAME"
    done
}

oci_same_bytes() {
    local include
    include=$(include_of capabilities)
    boot_debian "$WORK/oci/again.oci.tar" trixie --include "$include" "${OCI_SAYS[@]}" --no-cache --jobs 1
    cmp "$WORK/oci/again.oci.tar" "$(oci_image none)"
    CACHE=$WORK/oci/cache boot_debian "$WORK/oci/again.oci" trixie --include "$include" "${OCI_SAYS[@]}" --jobs 7
    diff --recursive "$WORK/oci/again.oci" "$(oci_image gzip)"
    as_person "$PERSON_HOME/again.oci" trixie --include "$include" "${OCI_SAYS[@]}"
    diff --recursive "$PERSON_HOME/again.oci" "$(oci_image gzip)"
    rm -rf "$WORK"/oci/{again.oci.tar,again.oci,cache} "$PERSON_HOME/again.oci"
}

# The blob in the cache is as old as it was.
oci_compressed_once() {
    local before after include layer
    include=$(include_of capabilities)
    layer=$(find "$(oci_image gzip)/blobs" -type f -size +1M -printf '%f\n' | head -n 1)
    # Its time is that of its last use, whoever made it.
    before=$(stat --format %i "$WORK/cache/blobs/sha256/$layer")
    boot_debian "$WORK/oci/once.oci" trixie --include "$include" "${OCI_SAYS[@]}"
    after=$(stat --format %i "$WORK/cache/blobs/sha256/$layer")
    [ "$before" = "$after" ]
    rm -rf "$WORK/oci/once.oci"
}
