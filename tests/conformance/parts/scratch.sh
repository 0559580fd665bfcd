# shellcheck shell=bash
# Images of a program and nothing else: real programs, whose libraries are those that ldd names, in real engines; and the
# variant `extract`, against mmdebstrap's.

# Alpine's own root; see shared/data/alpine.
SCRATCH_MUSL=$HERE/../../../shared/data/alpine/alpine-minirootfs-3.19.4-x86_64.tar.gz

part_scratch() {
    mkdir -p "$WORK/scratch"
    local program
    for program in $(scratch_programs); do
        check "$program: libraries and loader are those that ldd names" scratch_is_ldd "$program"
    done
    check "a program and its libraries run alone" scratch_runs_alone
    if [ -e "$SCRATCH_MUSL" ]; then
        check "musl: libraries and loader are those that it names, and programs run alone" scratch_musl
    else
        skip "musl" "there is no root at $SCRATCH_MUSL"
    fi
    check "libraries of Debian, built for it, run a program" scratch_from_debian
    check "as root, as a normal user, with one job: the same bytes" scratch_same_bytes
    check "extract: the files are those of mmdebstrap" extract_is_mmdebstraps
    check "extract: with dependencies, the files are those of mmdebstrap" extract_is_mmdebstraps hello base-files
    check "extract: a lock and the layers give the same bytes" extract_same_bytes
    check "scratch and extract make images for the engines" scratch_images
    with_dockerd scratch_in_docker
    check "podman loads and runs a static program" scratch_in_podman static hello
    check "podman loads and runs a dynamic program" scratch_in_podman dynamic /usr/bin/ls
    check "podman loads and runs busybox" scratch_in_podman busybox BusyBox
}

# Programs with few libraries and with many, as far as they are here.
scratch_programs() {
    local program
    for program in /usr/bin/ls /usr/bin/perl /usr/bin/python3 /usr/bin/curl /usr/bin/gpg /usr/bin/podman /usr/bin/umoci; do
        [ ! -e "$program" ] || echo "$program"
    done
}

boot_scratch() {
    "$BOOT" scratch --progress none --cache-dir "$WORK/cache" --force "$@"
}

# Every file behind what ldd names, but for the one the kernel brings.
ldd_files() {
    ldd "$1" | grep -o '/[^ ]*' | xargs --max-args 1 readlink --canonicalize | sort --unique
}

scratch_is_ldd() {
    local at
    at=$(mktemp -d "$WORK/scratch/ldd.XXXXXX")
    boot_scratch --add "$1:/program" --libs auto -o "$at/root/"
    (cd "$at/root" && find . -type f ! -path ./program) | cut -c 2- | sort >"$at/ours"
    if ldd "$1" >/dev/null 2>&1; then ldd_files "$1" >"$at/theirs"; else : >"$at/theirs"; fi
    diff --unified "$at/theirs" "$at/ours"
    [ -s "$at/ours" ] || ! ldd "$1" >/dev/null 2>&1
    # The loader finds them there, each where it was put.
    (cd "$at/root" && find . -xtype l) | tee /dev/stderr | lacks .
    rm -rf "$at"
}

scratch_runs_alone() {
    local at=$WORK/scratch/alone
    boot_scratch --add /usr/bin/python3:/opt/python --libs auto --tzdata -o "$at/"
    # Its own modules are not there: that it says so shows that it runs.
    { chroot "$at" /opt/python -S -I -c '' 2>&1 || true; } | tee /dev/stderr | grep "No module named 'encodings'"
    boot_scratch --add /usr/bin/ls:/usr/bin/ls --libs auto -o "$at/"
    chroot "$at" /usr/bin/ls /usr/bin | grep -x ls
    rm -rf "$at"
}

# Needs nothing of this machine: programs, loader and libraries come from the root, whose own loader is asked.
scratch_musl() {
    local at=$WORK/scratch/musl program
    mkdir "$at"
    extract "$SCRATCH_MUSL" "$at/from"
    for program in /bin/busybox /sbin/apk; do
        boot_scratch --add "$at/from$program:$program" --libs auto --from "$SCRATCH_MUSL" -o "$at/root/"
        (cd "$at/root" && find . -type f ! -path ".$program") | cut -c 3- | sort >"$at/ours"
        chroot "$at/from" /lib/ld-musl-x86_64.so.1 --list "$program" | grep -o '/[^ ]*' | sort --unique |
            while read -r file; do realpath --relative-to "$at/from" "$at/from$file"; done | sort --unique >"$at/theirs"
        diff --unified "$at/theirs" "$at/ours"
        { chroot "$at/root" "$program" --help 2>&1 || true; } | tee /dev/stderr | grep -E '^(BusyBox|apk-tools) '
    done
    rm -rf "$at"
}

scratch_from_debian() {
    local at=$WORK/scratch/debian
    boot_scratch --add /usr/bin/ls:/usr/bin/ls --libs auto --from debian --ca-certificates --tzdata --user 65532 -o "$at/"
    chroot --userspec 65532:65532 "$at" /usr/bin/ls -l /etc/ssl/certs | grep ca-certificates.crt
    [ -s "$at/etc/ssl/certs/ca-certificates.crt" ] && [ -s "$at/usr/share/zoneinfo/Europe/Berlin" ]
    rm -rf "$at"
}

scratch_same_bytes() {
    local at=$WORK/scratch/same arguments
    arguments=(--add /usr/bin/ls:/usr/bin/ls --libs auto --tzdata --user 65532 --epoch 1000000000)
    mkdir "$at"
    chmod 777 "$at"
    boot_scratch "${arguments[@]}" -o "$at/root.oci.tar"
    boot_scratch "${arguments[@]}" --jobs 1 -o "$at/one.oci.tar"
    runuser -u "$PERSON" -- env HOME="$PERSON_HOME" "$BOOT" scratch --progress none "${arguments[@]}" -o "$at/person.oci.tar"
    cmp "$at/root.oci.tar" "$at/one.oci.tar"
    cmp "$at/root.oci.tar" "$at/person.oci.tar"
    rm -rf "$at"
}

# What mmdebstrap sets up for apt and dpkg, copies from the host, or makes for its own use. Times of directories it
# takes from what it makes in them.
extract_is_mmdebstraps() {
    local at packages=(busybox-static) list
    at=$(mktemp -d "$WORK/scratch/extract.XXXXXX")
    [ $# -eq 0 ] || packages=("$@")
    list=$(IFS=, && echo "${packages[*]}")
    boot_debian "$at/ours.tar" trixie --variant extract --include "$list"
    SOURCE_DATE_EPOCH=$(epoch_of trixie) TMPDIR=$WORK/memory \
        mmdebstrap --quiet --variant=extract --include="$list" trixie "$at/theirs.tar" "$MIRROR"
    extract "$at/ours.tar" "$at/ours"
    extract "$at/theirs.tar" "$at/theirs"
    extract_listing "$at/ours" >"$at/ours.list"
    extract_listing "$at/theirs" | grep -vE "$(extract_skeleton "$at/ours")" >"$at/theirs.list"
    wc -l "$at"/*.list
    diff --unified=0 "$at/theirs.list" "$at/ours.list"
    rm -rf "$at"
}

# Path, kind, mode, owner, time (of what is no directory), target and content of all.
extract_listing() {
    (
        cd "$1" || exit
        find . -mindepth 1 -type d -printf '%p d %m %U:%G\n' -o -type l -printf '%p l %l %Ts\n' \
            -o ! -type f -printf '%p %y %m %U:%G\n' | sed 's/^\.//'
        find . -type f -printf '%p %m %U:%G %Ts ' -exec sha256sum {} \; | sed 's/^\.//'
    ) | LC_ALL=C sort
}

# extract_skeleton OURS: a pattern of what mmdebstrap makes besides packages; what packages ship is compared.
extract_skeleton() {
    local path pattern='^/dev/'
    for path in dev etc etc/apt etc/apt/apt.conf.d etc/apt/preferences.d etc/apt/sources.list etc/apt/sources.list.d \
        etc/dpkg etc/dpkg/dpkg.cfg.d etc/fstab etc/hostname etc/resolv.conf var var/cache var/cache/apt \
        var/cache/apt/archives var/cache/apt/archives/lock var/cache/apt/archives/partial var/lib var/lib/apt \
        var/lib/apt/lists var/lib/apt/lists/lock var/lib/apt/lists/partial var/lib/dpkg var/lib/dpkg/alternatives \
        var/lib/dpkg/arch var/lib/dpkg/info var/lib/dpkg/status var/lib/dpkg/triggers var/lib/dpkg/updates var/log \
        var/log/apt; do
        [ -e "$1/$path" ] || [ -L "$1/$path" ] || pattern+="|^/${path//./\\.} "
    done
    echo "$pattern"
}

extract_same_bytes() {
    local at=$WORK/scratch/lock arguments
    arguments=(--variant extract --include hello)
    mkdir "$at"
    (
        cd "$at" || exit
        "$BOOT" lock debian --release trixie --mirror "$MIRROR" --cache-dir "$WORK/cache" --progress none --prune none \
            "${arguments[@]}"
        boot_debian first.oci.tar trixie "${arguments[@]}"
        boot_debian second.oci.tar trixie "${arguments[@]}" --locked
        boot_debian third.oci.tar trixie "${arguments[@]}" --no-cache
        cmp first.oci.tar second.oci.tar
        cmp first.oci.tar third.oci.tar
    )
    rm -rf "$at"
}

# One of each kind: static, dynamic, and the small image of busybox.
scratch_images() {
    cd "$WORK/scratch" || exit
    if command -v gcc >/dev/null; then
        printf '#include <stdio.h>\nint main(void) { puts("hello"); }\n' | gcc -static -x c -o hello -
    else
        scratch_hello >hello
    fi
    chmod 755 hello
    boot_scratch --add hello:/usr/bin/hello --name scratch:static -o static.oci.tar
    boot_scratch --add /usr/bin/ls:/usr/bin/ls --libs auto --name scratch:dynamic --user 65532 \
        --cmd '["-d", "/usr/bin/ls"]' -o dynamic.oci.tar
    boot_debian busybox.oci.tar trixie --variant extract --include busybox-static --name scratch:busybox \
        --entrypoint '["/usr/bin/busybox"]' --cmd '["sh", "-c", "busybox | head -n 1"]'
}

# A static program for amd64 where there is no compiler: write(1, "hello\n", 6), exit(0).
scratch_hello() {
    python3 -c '
import struct, sys
code = bytes.fromhex("b801000000bf01000000488d3510000000ba060000000f05b83c00000031ff0f05") + b"hello\n"
header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 120 + len(code), 120 + len(code), 4096)
sys.stdout.buffer.write(header + segment + code)'
}

scratch_in_docker() {
    check "docker loads and runs a static program" scratch_docker_runs static hello
    check "docker loads and runs a dynamic program" scratch_docker_runs dynamic /usr/bin/ls
    check "docker loads and runs busybox" scratch_docker_runs busybox BusyBox
    check "docker imports a static program by the closing line" scratch_docker_imports
}

scratch_docker_runs() {
    docker_engine load -i "$WORK/scratch/$1.oci.tar"
    docker_engine run --rm --network none "scratch:$1" | tee /dev/stderr | grep "^$2"
    docker_engine rmi "scratch:$1"
}

# The command that is printed, word for word.
scratch_docker_imports() {
    cd "$WORK/scratch" || exit
    boot_scratch --add hello:/usr/bin/hello --name scratch:tar -o static.tar 2>said
    sed -n 's/^  docker import/docker_engine import/p' said >import
    # shellcheck source=/dev/null
    . ./import
    docker_engine run --rm --network none scratch:tar | grep -x hello
    docker_engine rmi scratch:tar
}

scratch_in_podman() {
    podman_engine load -i "$WORK/scratch/$1.oci.tar"
    podman_engine --runtime runc --cgroup-manager cgroupfs run --rm --network none \
        --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "scratch:$1" | tee /dev/stderr | grep "^$2"
}
