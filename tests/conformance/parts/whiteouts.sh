# shellcheck shell=bash
# A layer that takes away and replaces what lower ones hold, in the hands of every engine: the tree is the flat tar's.

part_whiteouts() {
    check "boot makes an image whose top layer takes away and replaces, and the flat tar" make_whiteouts
    check "umoci unpacks what skopeo copied" whiteouts_in_umoci
    with_dockerd check "docker loads, exports and runs it" whiteouts_in_docker
    check "podman loads, mounts and runs it" whiteouts_in_podman
    check "buildah works from it" whiteouts_in_buildah
    rm -rf "$WORK/whiteouts"
}

# Of the base and of the layer between: files, directories, links and names of one file go or become another kind of thing.
# shellcheck disable=SC2016 # the image's own shell
WHITEOUTS_RUN='
rm /etc/issue
rm -r /usr/share/doc/bash /usr/share/doc/mtr-tiny /srv /usr/sbin/getcap
rm -r /usr/share/doc/dash; echo file >/usr/share/doc/dash
rm /etc/issue.net; mkdir -p /etc/issue.net/inner; echo new >/etc/issue.net/inner/file
rm -r /usr/share/doc/apt; mkdir /usr/share/doc/apt; echo new >/usr/share/doc/apt/only
rm /etc/os-release; cp /usr/lib/os-release /etc/os-release
rm /usr/lib/os-release; ln -s ../../etc/os-release /usr/lib/os-release
rm -r /usr/share/doc/gzip; ln -s bash /usr/share/doc/gzip
echo replaced >/etc/debian_version; ln /etc/debian_version /etc/again
rm /usr/bin/perl
chmod 700 /usr/share/doc/base-files; chown 7:8 /usr/share/doc/sed'

# What a container must see of it.
# shellcheck disable=SC2016 # the container's own shell
WHITEOUTS_SEEN='
for gone in /etc/issue /usr/share/doc/bash /usr/share/doc/mtr-tiny /srv /usr/sbin/getcap /usr/bin/perl; do
    [ ! -e "$gone" ]
done
[ -f /usr/share/doc/dash ]
[ "$(ls -A /etc/issue.net)" = inner ]
[ "$(ls -A /usr/share/doc/apt)" = only ]
[ ! -L /etc/os-release ]
[ -L /usr/lib/os-release ]
[ -L /usr/share/doc/gzip ]
[ "$(cat /etc/again)" = replaced ]
[ "$(stat -c %a /usr/share/doc/base-files)" = 700 ]
[ "$(stat -c %u:%g /usr/share/doc/sed)" = 7:8 ]'

WHITEOUTS_NAME=team/whiteouts:1

make_whiteouts() {
    local at=$WORK/whiteouts include layer
    mkdir "$at"
    include=$(include_of capabilities)
    boot_debian "$at/flat.tar" trixie --include "$include" --run "$WHITEOUTS_RUN"
    boot_debian "$at/image.oci.tar" trixie --include "$include" --run "$WHITEOUTS_RUN" --name "$WHITEOUTS_NAME"
    # As a flat tar has no whiteouts, what is gone was never there.
    tar --list --file "$at/flat.tar" >"$at/names"
    lacks -F .wh. "$at/names"
    lacks -E '^(\./)?(etc/issue|usr/share/doc/bash/)$' "$at/names"
    tar --extract --file "$at/image.oci.tar" --directory "$at" manifest.json
    layer=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[0]["Layers"][-1])' "$at/manifest.json")
    tar --extract --to-stdout --file "$at/image.oci.tar" "$layer" | tar --list >"$at/top"
    cat "$at/top"
    local gone
    for gone in etc/.wh.issue usr/share/doc/.wh.bash usr/share/doc/.wh.mtr-tiny .wh.srv; do
        grep -Fx -e "$gone" -e "./$gone" "$at/top"
    done
}

# is_whiteouts_tree TAR [TOLERATED]: it is what the flat tar describes, but for what a layer does not say.
is_whiteouts_tree() {
    python3 -B "$HERE/trees/compare.py" whiteouts "$1" "$WORK/whiteouts/flat.tar" --tolerated /dev/stdin <<<'tolerated = [
        { path = ".", aspect = "mtime", reason = "a layer has no root" },
        { path = ".", aspect = "mode", reason = "a layer has no root, podman makes it 0555" },
        '"${2:-}"'
    ]'
}

whiteouts_in_umoci() {
    local at=$WORK/whiteouts
    skopeo copy --quiet "oci-archive:$at/image.oci.tar" "oci:$at/layout:one"
    umoci unpack --image "$at/layout:one" "$at/bundle"
    tree_as_tar "$at/bundle/rootfs" >"$at/tree.tar"
    is_whiteouts_tree "$at/tree.tar"
    rm -rf "$at/bundle" "$at/layout" "$at/tree.tar"
}

# The daemon makes some files in every container.
whiteouts_in_docker() {
    local at=$WORK/whiteouts container
    docker_engine load --input "$at/image.oci.tar"
    container=$(docker_engine create "$WHITEOUTS_NAME")
    docker_engine export --output "$at/exported.tar" "$container"
    docker_engine rm "$container"
    # Its own tar has the kind of file among the mode.
    extract "$at/exported.tar" "$at/tree"
    tree_as_tar "$at/tree" >"$at/tree.tar"
    is_whiteouts_tree "$at/tree.tar" '
        { path = "{.dockerenv,etc/hosts,etc/hostname,etc/resolv.conf,etc/mtab}", aspect = "only in ours", reason = "docker" },
        { path = "dev/**", aspect = "only in ours", reason = "docker" },
        { path = "{dev,etc,proc,sys}", aspect = "mtime", reason = "docker" },
        { path = "{dev,proc,sys}", aspect = "mode", reason = "docker" },'
    docker_engine run --rm --network none "$WHITEOUTS_NAME" sh -euc "$WHITEOUTS_SEEN"
    docker_engine rmi "$WHITEOUTS_NAME"
    rm -r "$at/exported.tar" "$at/tree" "$at/tree.tar"
}

whiteouts_in_podman() {
    local at=$WORK/whiteouts mount
    podman_engine load --input "$at/image.oci.tar"
    mount=$(podman_engine image mount "$WHITEOUTS_NAME")
    tree_as_tar "$mount" >"$at/tree.tar"
    is_whiteouts_tree "$at/tree.tar"
    podman_engine image unmount "$WHITEOUTS_NAME"
    podman_run "$WHITEOUTS_NAME" sh -euc "$WHITEOUTS_SEEN"
    podman_engine rmi --force "$WHITEOUTS_NAME"
    rm "$at/tree.tar"
}

whiteouts_in_buildah() {
    local at=$WORK/whiteouts container mount engine=(buildah --root "$WORK/buildah/root" --runroot "$WORK/buildah/run")
    container=$("${engine[@]}" from "docker-archive:$at/image.oci.tar")
    mount=$("${engine[@]}" mount "$container")
    tree_as_tar "$mount" >"$at/tree.tar"
    is_whiteouts_tree "$at/tree.tar"
    "${engine[@]}" umount "$container"
    "${engine[@]}" rm "$container"
    rm "$at/tree.tar"
}
