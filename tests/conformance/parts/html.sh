# shellcheck shell=bash
# The report as a page, opened in a real browser: three images side by side, and one alone.

part_html() {
    HTML=$WORK/html
    mkdir "$HTML"
    check "a report of three images" html_compares
    check "the page is at most 1 MB" html_is_small
    check "the page says what the JSON says" html_agrees
    check "nothing is fetched, nothing is complained of" html_check quiet
    check "its policy lets nothing be fetched or run" html_check policy
    check "treemaps are drawn and filled" html_check treemap
    check "a click zooms all treemaps" html_check zoom
    check "a keyboard is enough" html_check keyboard
    check "search finds a package" html_check search nginx
    check "bars show the differences" html_check differences
    check "light, dark and the switch; contrast" html_check dark
    check "the page on paper" html_check print
    check "the page on a telephone" html_check narrow
    check "the picture for docs/" html_check screenshot "$HTML/footprint.png"
    check "a report of one image" html_inspects
    check "names that look like markup stay text" html_is_hostile
    note "$(cat "$HTML/figures" 2>/dev/null)"
    # KEEP=1 keeps the page and the picture.
    [ "${KEEP:-}" = 1 ] || rm -rf "$HTML"
}

html_compares() {
    boot_debian "$HTML/nginx.tar" trixie --include nginx-light --quiet
    # The headings of the page are the names of the files.
    ln -s "$(ours trixie)" "$HTML/minbase.tar"
    ln -s "$(ours ceph)" "$HTML/ceph.tar"
    local images=("$HTML"/{minbase,nginx,ceph}.tar)
    "$BOOT" compare "${images[@]}" --format html -o "$HTML/page.html"
    "$BOOT" compare "${images[@]}" --format html >"$HTML/again.html"
    cmp "$HTML/page.html" "$HTML/again.html"
    "$BOOT" compare "${images[@]}" --format json -o "$HTML/page.json"
}

html_is_small() {
    local bytes
    bytes=$(stat --format %s "$HTML/page.html")
    echo "the page of three images has $bytes bytes" | tee "$HTML/figures"
    [ "$bytes" -le 1000000 ]
}

html_agrees() {
    python3 - "$HTML/page.html" "$HTML/page.json" <<'PYTHON'
import json
import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    data = re.search('<script id="data" type="application/json">(.*?)</script>', file.read(), re.DOTALL)
page = json.loads(data.group(1))
with open(sys.argv[2], encoding="utf-8") as file:
    images = json.load(file)["images"]


def total(node, field):
    parts = node.get("k")
    return sum(total(part, field) for part in parts) if parts else node[field]


assert [kind["by"] for kind in page["maps"]] == ["package", "class", "directory"], page["maps"]
for kind in page["maps"]:
    for root, image in zip(kind["roots"], images, strict=True):
        assert total(root, "r") == image["sizes"]["content"], (kind["by"], image["image"]["name"])
        assert total(root, "z") == image["sizes"]["zstd"], (kind["by"], image["image"]["name"])
for i, image in enumerate(images):
    names = {package["name"] for package in image["packages"]}
    shown = [row["i"][i] for row in page["packages"] if row["i"][i]]
    assert 50 < len(shown) <= len(names), (len(shown), len(names))
    owned = sum(package["bytes"] + package["generated"]["bytes"] for package in image["packages"])
    assert sum(held["r"] for held in shown) == owned, image["image"]["name"]
PYTHON
}

# html_check CHECK ARGUMENT…: see report.py.
html_check() {
    python3 -B "$HERE/report.py" "$1" "$HTML/page.html" "${@:2}"
}

html_inspects() {
    "$BOOT" inspect "$(ours trixie)" --format html -o "$HTML/one.html"
    local check
    for check in quiet treemap zoom dark narrow; do
        python3 -B "$HERE/report.py" "$check" "$HTML/one.html"
    done
    python3 -B "$HERE/report.py" search "$HTML/one.html" coreutils
}

html_is_hostile() {
    local name='<img src=x onerror=window.ran=1>'
    mkdir -p "$HTML/tree/usr/$name"
    head -c 1000000 /dev/urandom >"$HTML/tree/usr/$name/<!--"
    head -c 1000000 /dev/urandom >"$HTML/tree/usr/<script>window.ran=1<"
    "$BOOT" inspect "$HTML/tree" --format html -o "$HTML/hostile.html"
    python3 -B "$HERE/report.py" hostile "$HTML/hostile.html" "$name"
}
