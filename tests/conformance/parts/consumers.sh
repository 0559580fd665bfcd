# shellcheck shell=bash
# The programs people hand the result to: real engines, and two tars.

part_consumers() {
    check "GNU tar lists it without a word" silent tar --list --verbose --file "$(ours ceph)"
    check "bsdtar lists it without a word" silent bsdtar -tvf "$(ours ceph)"
    check "bsdtar extracts it without a word" bsdtar_extracts trixie
    check "systemd-nspawn runs a command in the directory output" nspawn_runs
    check "the directory output is the tar's tree" directory_is_the_tar
    with_dockerd docker_checks
    check "podman imports and runs minbase" podman_runs trixie dpkg-query --show dpkg
}

# silent COMMAND…: fails if COMMAND says anything on stderr.
silent() {
    local said
    said=$("$@" 2>&1 >/dev/null)
    printf '%s' "$said"
    [ -z "$said" ]
}

bsdtar_extracts() {
    mkdir "$WORK/memory/bsdtar"
    silent bsdtar -xpf "$(ours "$1")" -C "$WORK/memory/bsdtar" --numeric-owner --xattrs --acls
    tree_as_tar "$WORK/memory/bsdtar" >"$WORK/memory/bsdtar.tar"
    # It does not date a directory that was there before.
    python3 -B "$HERE/trees/compare.py" bsdtar "$WORK/memory/bsdtar.tar" "$(ours "$1")" \
        --tolerated /dev/stdin <<<'tolerated = [{ path = ".", aspect = "mtime", reason = "made before" }]'
    rm -rf "$WORK/memory/bsdtar" "$WORK/memory/bsdtar.tar"
}

# On disk, where people put it.
make_directory() {
    [ -d "$WORK/directory" ] || boot_debian "$WORK/directory/" trixie
}

nspawn_runs() {
    make_directory
    systemd-nspawn -D "$WORK/directory" --register=no --keep-unit -q \
        dpkg-query --show dpkg | tee /dev/stderr | grep -q '^dpkg'
}

directory_is_the_tar() {
    # nspawn leaves what it mounts on; a fresh one has to be judged.
    boot_debian "$WORK/directory2/" trixie
    tree_as_tar "$WORK/directory2" >"$WORK/memory/directory.tar"
    python3 -B "$HERE/trees/compare.py" directory "$WORK/memory/directory.tar" "$(ours trixie)" \
        --tolerated /dev/stdin <<<'tolerated = []'
    rm -rf "$WORK/directory2" "$WORK/memory/directory.tar"
}

tree_as_tar() {
    tar --create --directory "$1" --numeric-owner --sort=name --format=pax \
        --pax-option=delete=atime,delete=ctime --xattrs --xattrs-include='*' .
}

# The daemon has its own directory, socket and no network, and is ended by its pid.
with_dockerd() {
    local base=$WORK/docker pid
    mkdir -p "$base"
    dockerd --data-root "$base/data" --exec-root "$base/exec" -p "$base/pid" \
        -H "unix://$base/sock" --iptables=false --ip6tables=false --bridge=none >"$base/log" 2>&1 &
    pid=$!
    check "a docker daemon answers" docker_answers
    "$@"
    kill "$pid"
    wait "$pid" || true
}

docker_engine() {
    /usr/bin/docker -H "unix://$WORK/docker/sock" "$@"
}

docker_answers() {
    local i
    for ((i = 0; i < 100; i++)); do
        if docker_engine version >/dev/null 2>&1; then
            docker_engine version
            return 0
        fi
        sleep 0.3
    done
    tail -n 20 "$WORK/docker/log"
    return 1
}

docker_checks() {
    check "docker imports and runs minbase" docker_runs trixie dpkg-query --show dpkg
    check "docker imports and runs minbase with ceph" docker_runs ceph ceph --version
    check "docker import reads our stdout" docker_reads_stdout
}

docker_runs() {
    local tree=$1
    shift
    docker_engine import "$(ours "$tree")" "$tree:1"
    docker_engine run --rm --network none "$tree:1" "$@" | tee /dev/stderr | grep -q .
    docker_engine rmi "$tree:1"
}

docker_reads_stdout() {
    boot_debian - trixie | docker_engine import - stdout:1
    docker_engine run --rm --network none stdout:1 dpkg --audit
}

# Debian's podman and its crun do not know this kernel's control groups: runc does.
podman_runs() {
    local tree=$1
    shift
    podman_engine import "$(ours "$tree")" "$tree:1"
    podman_engine --runtime runc --cgroup-manager cgroupfs run --rm --network none \
        --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "$tree:1" "$@" | tee /dev/stderr | grep -q .
}

podman_engine() {
    podman --root "$WORK/podman/root" --runroot "$WORK/podman/run" --tmpdir "$WORK/podman/tmp" "$@"
}
