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


def draw(lists, singles, groups):
    """Draws requests: the names whose hashes come first, the same number from every section."""
    sections = {}
    for text in (text for path in lists[:1] for text in stanzas(path)):
        section = field(text, "Section").split("/")[-1]
        sections.setdefault(section, set()).add(field(text, "Package"))
    queues = [sorted(sections[section], key=rank) for section in sorted(sections)]
    drawn, depth = [], 0
    while len(drawn) < singles:
        drawn += [queue[depth] for queue in queues if depth < len(queue)]
        depth += 1
    rest = sorted({name for queue in queues for name in queue[depth:]}, key=rank)
    # Groups of distant names: what collides is found here.
    return [[name] for name in drawn[:singles]] + [rest[3 * i : 3 * i + 3] for i in range(groups)]


def ours(solve, lists, requests):
    command = [solve, *BASE]
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
    """Reads lines of `request: difference: reason`; a `*` as request stands for any."""
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
    parser.add_argument("--work", required=True)
    parser.add_argument("--solve", required=True)
    parser.add_argument("--expected", required=True)
    parser.add_argument("--singles", type=int, required=True)
    parser.add_argument("--groups", type=int, required=True)
    parser.add_argument("lists", nargs="+")
    options = parser.parse_args()
    requests = draw(options.lists, options.singles, options.groups)
    base, our_sets = ours(options.solve, options.lists, requests)

    # minbase itself, in mmdebstrap's two steps.
    status = os.path.join(options.work, "apt", "status")
    essential = apts(["?narrow(?codename(^trixie$),?architecture(amd64),?essential)"])
    write_status(status, options.lists, essential)
    required = apts(["apt", "?narrow(?codename(^trixie$),?architecture(amd64),?priority(required))"])
    change = difference(base, essential | required)
    print(f"minbase: {len(base)} packages, {'equal' if not change else 'different: ' + change}")
    bad = bool(change)

    write_status(status, options.lists, base)
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
    print(f"{equal} of {len(requests)} requests equal ({share:.1f} %), of which both refuse {both_refuse}")
    sys.exit(bad or share < 98)


main()
