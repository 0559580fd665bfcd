"""The comparison behind solver.sh: draws requests, asks both sides, tells the differences."""

import argparse
import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

SEED = "boot"
# What the variant `minbase` is; the same goes to our side.
BASE = ["--essential", "--priority", "required", "--name", "apt"]


def stanzas(path):
    with open(path, encoding="utf-8") as file:
        for text in file.read().split("\n\n"):
            if text.strip():
                yield text.strip("\n") + "\n"


def field(text, name):
    found = re.search(rf"^{name}: *(.*)$", text, re.MULTILINE)
    return found.group(1) if found else None


def rank(*words):
    return hashlib.sha256(" ".join((SEED, *words)).encode()).hexdigest()


def draw(path, arch, singles, groups, suffix):
    """Draws requests: the names whose hashes come first, the same number from every section."""
    sections = {}
    architectures = [arch] if suffix else [arch, "all"]
    for text in stanzas(path):
        if field(text, "Architecture") in architectures:
            section = field(text, "Section").split("/")[-1]
            sections.setdefault(section, set()).add(field(text, "Package") + suffix)
    queues = [sorted(sections[section], key=rank) for section in sorted(sections)]
    queues.sort(key=lambda queue: rank(queue[0]))
    drawn, depth = [], 0
    while len(drawn) < singles:
        drawn += [queue[depth] for queue in queues if depth < len(queue)]
        depth += 1
    rest = sorted({name for queue in queues for name in queue[depth:]}, key=rank)
    # Groups of distant names: what collides is found here.
    return [[name] for name in drawn[:singles]] + [rest[3 * i : 3 * i + 3] for i in range(groups)]


def known(path, suffix):
    """Reads the requests of a file that are for the architecture at hand."""
    with open(path, encoding="utf-8") as file:
        requests = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return [request for request in requests if (":" in " ".join(request)) == bool(suffix)]


def ours(solve, lists, foreign, requests):
    """Lets our solver choose the base, and for each request what it adds."""
    command = [solve, *BASE]
    if foreign:
        command += ["--foreign", foreign]
    for path in lists:
        command += ["--base-list", path]
    text = "\n" + "".join(" ".join(request) + "\n" for request in requests)
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, check=True)
    base, _, *lines = done.stdout.splitlines()
    return parse_ours(base), [line if line.startswith("error:") else parse_ours(line) for line in lines]


def parse_ours(line):
    return {word.rstrip("*") for word in line.split()}


def apts(arguments):
    """Lets apt simulate; returns what it would install, or its complaint."""
    command = ["apt-get", "install", "--simulate", "--no-install-recommends", "--yes", *arguments]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        return "error: " + " ".join(lines)
    found = set()
    for line in done.stdout.splitlines():
        if line.startswith("Remv "):
            found.add("-" + line.split()[1])
        if match := re.match(r"Inst (\S+) (?:\[\S+\] )?\((\S+) .*\[(\w+)\]\)", line):
            found.add(f"{match[1].split(':')[0]}:{match[3]}={match[2]}")
    return found


def write_status(path, lists, base):
    """Writes a dpkg status that says `base` is installed."""
    with open(path, "w", encoding="utf-8") as file:
        for text in (text for path in lists for text in stanzas(path)):
            key = f"{field(text, 'Package')}:{field(text, 'Architecture')}={field(text, 'Version')}"
            if key in base:
                base = base - {key}
                file.write(text.replace("\n", "\nStatus: install ok installed\n", 1) + "\n")


def expectations(path):
    """Reads lines of `request: pattern: reason`."""
    with open(path, encoding="utf-8") as file:
        lines = [line.split(":", 2) for line in file if line.strip() and not line.startswith("#")]
    return [(request.strip(), change.strip(), reason.strip()) for request, change, reason in lines]


def difference(our, apt):
    """Shows what only one side has; names without versions unless the versions are the difference."""
    if isinstance(our, str) or isinstance(apt, str):
        if isinstance(our, str) and isinstance(apt, str):
            return None
        return f"ours: {our}" if isinstance(our, str) else f"apt: {apt}"
    if our == apt:
        return None
    return " ".join(sorted(["+" + it for it in our - apt] + ["-" + it for it in apt - our]))


def is_expected(request, change, expected):
    for wanted, text, reason in expected:
        if wanted in ("*", " ".join(request)) and re.search(text, change):
            return reason
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--status", required=True)
    parser.add_argument("--solve", required=True)
    parser.add_argument("--expected", required=True)
    parser.add_argument("--requests", required=True)
    parser.add_argument("--foreign")
    parser.add_argument("--singles", type=int, required=True)
    parser.add_argument("--groups", type=int, default=0)
    options = parser.parse_args()

    command = ["apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages"]
    lists = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout.split()
    suffix = f":{options.foreign}" if options.foreign else ""
    drawn_from = [path for path in lists if f"_binary-{options.foreign or 'amd64'}_" in path][0]
    requests = draw(drawn_from, options.foreign or "amd64", options.singles, options.groups, suffix)
    requests += known(options.requests, suffix)
    base, our_sets = ours(options.solve, lists, options.foreign, requests)

    # minbase itself, in mmdebstrap's two steps.
    native = "?codename(^trixie$),?architecture(amd64)"
    essential = apts([f"?narrow({native},?essential)"])
    write_status(options.status, lists, essential)
    required = apts(["apt", f"?narrow({native},?priority(required))"])
    change = difference(base, essential | required)
    print(f"minbase: {len(base)} packages, {'equal' if not change else 'different: ' + change}")
    bad = bool(change)

    write_status(options.status, lists, base)
    apts(["apt"])  # builds the caches before several share them
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        apt_sets = list(pool.map(apts, requests))
    expected = expectations(options.expected)
    equal = both_refuse = 0
    for request, our, apt in zip(requests, our_sets, apt_sets):
        change = difference(our, apt)
        if change is None:
            equal += 1
            both_refuse += isinstance(our, str)
            continue
        reason = is_expected(request, change, expected)
        bad |= reason is None
        print(f"{' '.join(request)}: {change}\n    {reason or 'NOT EXPLAINED'}")
    share = 100 * equal / len(requests)
    packages = sum(len(our) for our in our_sets if not isinstance(our, str))
    print(
        f"{equal} of {len(requests)} requests equal ({share:.1f} %): {packages} packages chosen, "
        f"{both_refuse} requests refused by both"
    )
    sys.exit(bad or share < 98)


main()
