# shellcheck shell=bash
# A root that `boot buildroot` has make build, from the stub tree of the tests with Debian's static busybox: in an engine,
# and as a normal user.

part_buildroot() {
    mkdir -p "$WORK/buildroot"
    check "boot has make build a root, and makes an OCI image of it" buildroot_makes
    check "podman loads and runs it" buildroot_runs
    check "a normal user gets the same bytes from a tree of their own" buildroot_same_bytes
}

# buildroot_tree DIRECTORY: a tree with a configuration `real`.
buildroot_tree() {
    local busybox
    busybox=$(dpkg --listfiles busybox-static | grep '/bin/busybox$')
    cp -r "$HERE/../buildroot/tree" "$1"
    printf 'BR2_ARCH="x86_64"\nBR2_PACKAGE_HELLO=y\nBR2_STUB_BUSYBOX="%s"\n' "$busybox" >"$1/configs/real_defconfig"
}

buildroot_makes() {
    buildroot_tree "$WORK/buildroot/tree"
    "$BOOT" buildroot --source "$WORK/buildroot/tree" --defconfig real --cache-dir "$WORK/buildroot/cache" \
        --packages-json "$WORK/buildroot/packages.json" --progress plain -o "$WORK/buildroot/real.oci.tar"
    # What the list says of busybox is what is there.
    local busybox bytes
    busybox=$(dpkg --listfiles busybox-static | grep '/bin/busybox$')
    bytes=$(python3 -c 'import json, sys
print(*[it["size_bytes"] for it in json.load(open(sys.argv[1]))["packages"] if it["name"] == "busybox"])' \
        "$WORK/buildroot/packages.json")
    [ "$bytes" = "$(stat --dereference --format %s "$busybox")" ]
}

buildroot_runs() {
    podman_engine load --input "$WORK/buildroot/real.oci.tar"
    local image=buildroot:2025.02.7
    [ "$(podman_run "$image" /bin/hello)" = hello ]
    podman_run "$image" /bin/busybox cat /etc/os-release | grep -Fx VERSION_ID=2025.02.7
    podman_engine rmi --force "$image"
}

buildroot_same_bytes() {
    buildroot_tree "$PERSON_HOME/tree"
    chown -R "$PERSON:" "$PERSON_HOME/tree"
    runuser --user "$PERSON" -- env --chdir="$PERSON_HOME" -i HOME="$PERSON_HOME" USER="$PERSON" \
        PATH=/usr/local/bin:/usr/bin:/bin "$BOOT" buildroot --source tree --defconfig real --progress none -o real.oci.tar
    cmp "$PERSON_HOME/real.oci.tar" "$WORK/buildroot/real.oci.tar"
    # Make ran as the user and nobody else.
    [ -z "$(find "$PERSON_HOME/.cache/boot/buildroot" ! -user "$PERSON")" ]
    rm -rf "$PERSON_HOME/tree" "$PERSON_HOME/real.oci.tar" "$PERSON_HOME/.cache/boot/buildroot"
}
