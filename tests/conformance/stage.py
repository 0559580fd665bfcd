#!/usr/bin/env python3
"""What the part `stage` needs besides programs.

    stage.py whole-seconds DIRECTORY         takes the fractions off every time
    stage.py shadowed LAYOUT DIRECTORY       what the layers of an image hold that is not in the tree they come to
    stage.py archive MIB [--dull]            writes a tar to stdout: words and noise, or the same block over and over
    stage.py layout TAR DIRECTORY            makes an image layout of one layer, which is that tar
    stage.py race RUNS LIMIT NAME COMMAND…   medians of commands run in turns; fails if the first takes more than LIMIT
                                             times as long as the fastest of the others
    stage.py peak MIB COMMAND…               fails if a command takes more memory than that
"""

import hashlib
import io
import json
import os
import random
import resource
import shutil
import statistics
import stat
import subprocess
import sys
import tarfile
import time

BLOCK = 1 << 20


def whole_seconds(directory):
    """Takes the fractions off every time below a directory, and its own."""
    for folder, folders, files in os.walk(directory, topdown=False):
        for path in (os.path.join(folder, name) for name in files + folders + ["."]):
            # Not of what a link leads to; rounded down, as negative times are, too.
            seconds = int(os.lstat(path).st_mtime_ns // 1_000_000_000)
            os.utime(path, (seconds, seconds), follow_symlinks=False)


def shadowed(layout, directory):
    """Counts files and bytes that layers hold and the tree does not: by addition, not by following whiteouts."""
    files = size = layers = 0
    for path in _layers(layout):
        layers += 1
        with tarfile.open(path) as tar:
            for member in tar:
                name = os.path.basename(member.name)
                if not member.isdir() and not member.islnk() and not name.startswith(".wh."):
                    files += 1
                    size += member.size
    seen = set()
    for folder, folders, names in os.walk(directory):
        for path in (os.path.join(folder, name) for name in names + folders):
            found = os.lstat(path)
            if stat.S_ISDIR(found.st_mode) or found.st_ino in seen:
                continue
            seen.add(found.st_ino)
            files -= 1
            size -= found.st_size if stat.S_ISREG(found.st_mode) else 0
    print(json.dumps({"layers": layers, "shadowed_bytes": size, "shadowed_files": files}, sort_keys=True))


def _layers(layout):
    def blob(digest):
        return os.path.join(layout, "blobs", *digest.split(":"))

    with open(os.path.join(layout, "index.json"), encoding="utf-8") as file:
        manifest = json.load(file)["manifests"][0]["digest"]
    with open(blob(manifest), encoding="utf-8") as file:
        return [blob(layer["digest"]) for layer in json.load(file)["layers"]]


def archive(mib, dull=False):
    """Writes a tar of so many MiB, always the same one."""
    draw = random.Random(mib)
    dull_block = (b"the same block over and over. \n" * (BLOCK // 31 + 1))[:BLOCK]
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(5000)]
    text = " ".join(draw.choices(words, k=2_000_000)).encode()

    def block():
        if dull:
            return dull_block
        # Text from anywhere, farther apart than compressors look back, and noise.
        start = draw.randrange(len(text) - BLOCK)
        return draw.randbytes(BLOCK // 8) + text[start : start + BLOCK - BLOCK // 8]

    left, number = mib, 0
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", bufsize=BLOCK) as tar:
        while left > 0:
            # Small files and large ones.
            count = min(left, draw.choice([1, 1, 1, 2, 8]))
            left -= count
            content = b"".join(block() for _ in range(count))
            pieces = draw.choice([1, 1, 200])
            for piece in range(pieces):
                number += 1
                part = content[piece * len(content) // pieces : (piece + 1) * len(content) // pieces]
                header = tarfile.TarInfo(f"usr/share/d{number % 97}/f{number}")
                header.size, header.mtime = len(part), 1_700_000_000
                tar.addfile(header, io.BytesIO(part))


def layout(tar, directory):
    """Makes an image layout whose one layer is a tar."""
    blobs = os.path.join(directory, "blobs", "sha256")
    os.makedirs(blobs)

    def add(name, size):
        return {"mediaType": f"application/vnd.oci.image.{name}", "digest": f"sha256:{digest}", "size": size}

    digest = _sha256(tar)
    shutil.move(tar, os.path.join(blobs, digest))
    layer = add("layer.v1.tar", os.path.getsize(os.path.join(blobs, digest)))
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}
    for name, document in (("config.v1+json", config), ("manifest.v1+json", None)):
        if document is None:
            document = {"schemaVersion": 2, "config": described, "layers": [layer]}
        text = json.dumps(document).encode()
        digest = hashlib.sha256(text).hexdigest()
        with open(os.path.join(blobs, digest), "wb") as file:
            file.write(text)
        described = add(name, len(text))
    for name, document in (
        ("index.json", {"schemaVersion": 2, "manifests": [described]}),
        ("oci-layout", {"imageLayoutVersion": "1.0.0"}),
    ):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            json.dump(document, file)


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def race(runs, limit, contestants):
    """Runs commands in turns; the first must not be slower than the fastest of the others, within `limit`."""
    names, commands = contestants[::2], contestants[1::2]
    times = {name: [] for name in names}
    for _ in range(runs):
        for name, command in zip(names, commands):
            began = time.monotonic()
            subprocess.run(["bash", "-euo", "pipefail", "-c", command], check=True)
            times[name].append(time.monotonic() - began)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    best = min(medians[name] for name in names[1:])
    shown = ", ".join(f"{name} {medians[name]:.2f} s ({min(times[name]):.2f}…{max(times[name]):.2f})" for name in names)
    print(f"medians of {runs} runs in turns: {shown}")
    return 0 if medians[names[0]] <= best * limit else 1


def peak(mib, command):
    """Runs a command and looks at the most memory it or a child of it took."""
    status = subprocess.run(command, check=False).returncode
    taken = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{taken:.1f} MiB at most")
    return status or (0 if taken < mib else 1)


def main(arguments):
    """Runs the command line."""
    command, *rest = arguments
    if command == "whole-seconds":
        return whole_seconds(*rest)
    if command == "shadowed":
        return shadowed(*rest)
    if command == "archive":
        return archive(int(rest[0]), "--dull" in rest)
    if command == "layout":
        return layout(*rest)
    if command == "race":
        return race(int(rest[0]), float(rest[1]), rest[2:])
    if command == "peak":
        return peak(float(rest[0]), rest[1:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
