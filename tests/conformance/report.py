"""Checks of a report's page in a real browser: `report.py CHECK PAGE [ARGUMENT]`. See parts/html.sh."""

import http.server
import os
import sys
import threading

from browser import Browser

MAPS = "[...document.querySelectorAll('.maps svg')]"
# Every map's own cells by their keys.
CELLS = f"{MAPS}.map((map) => [...map.querySelectorAll('.cell')].map((cell) => cell.dataset.key))"
CAPTIONS = "[...document.querySelectorAll('.maps figcaption')].map((it) => it.textContent)"
FOCUS = "document.activeElement.dataset.key ?? null"
PAPER = "getComputedStyle(document.body).backgroundColor"


def same(what, found, expected):
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, not {expected!r}")


def holds(what, condition, found=""):
    if not condition:
        raise AssertionError(f"{what}: {found!r}")


def radio(page, label):
    """Chooses what a switch offers, as a person does: by clicking on its words."""
    words = f"[...document.querySelectorAll('.switch span')].find((it) => it.textContent === {label!r})"
    page.click_on(words)


def check_quiet(page, path):
    """Nothing is asked for but the page itself, and nothing is complained of, whatever is clicked."""
    for label in ("Dark", "by class", "by directory", "compressed", "System"):
        radio(page, label)
    for button in range(page.run("document.querySelectorAll('main button').length")):
        page.run(f"document.querySelectorAll('main button')[{button}]?.click()")
    same("requests", page.requests(), [f"file://{os.path.abspath(path)}"])
    same("complaints", page.complaints(), [])


def check_policy(page, _):
    """Were there something in the page that asks for something, nothing would be asked."""
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    # By themselves these ask: the server is there.
    page.call("Page.setBypassCSP", enabled=True)
    page.call("Page.reload")
    page.wait("document.documentElement?.dataset.ready === 'yes'")
    page.run(f"fetch('{base}/bypassed', {{ mode: 'no-cors' }}).then(() => 0)")
    same("asked without a policy", asked, ["/bypassed"])
    page.call("Page.setBypassCSP", enabled=False)
    page.call("Page.reload")
    page.wait("document.documentElement?.dataset.ready === 'yes'")
    asked.clear()
    page.run(
        "(async () => {"
        f" await fetch('{base}/fetch', {{ mode: 'no-cors' }}).catch(() => 0);"
        f" document.body.insertAdjacentHTML('beforeend', `<img src='{base}/image' onerror='window.ran = 1'>"
        f" <iframe src='{base}/frame'></iframe><link rel='stylesheet' href='{base}/style'>`);"
        f" const script = document.createElement('script'); script.src = '{base}/script'; document.body.append(script);"
        " const inline = document.createElement('script'); inline.textContent = 'window.ran = 1'; document.body.append(inline);"
        " await new Promise((done) => setTimeout(done, 500)); })()"
    )
    server.shutdown()
    same("asked", asked, [])
    same("what was put in and ran", page.run("window.ran ?? null"), None)
    holds("refusals are told", len(page.complaints()) >= 5, page.complaints())


def check_treemap(page, _):
    """Cells fill each map, do not overlap, and there are many of them."""
    for label, least in (("by package", 50), ("by class", 10), ("by directory", 3)):
        radio(page, label)
        for measure in ("raw", "compressed"):
            radio(page, measure)
            maps = page.run(
                f"{MAPS}.map((map) => ({{ canvas: map.viewBox.baseVal.width * map.viewBox.baseVal.height,"
                " cells: [...map.querySelectorAll('.cell > rect:not(.edge)')].map((it) => ['x', 'y', 'width', 'height']"
                ".map((name) => it[name].baseVal.value)) }))"
            )
            same("maps", len(maps), page.run("JSON.parse(document.getElementById('data').textContent).images.length"))
            for drawn in maps:
                areas = sum(w * h for _, _, w, h in drawn["cells"])
                holds(f"{label}: cells", len(drawn["cells"]) >= least, len(drawn["cells"]))
                holds(f"{label}: areas", abs(areas - drawn["canvas"]) < drawn["canvas"] / 1e4, (areas, drawn["canvas"]))
                overlap = max(overlaps(drawn["cells"]))
                holds(f"{label}: nothing overlaps", overlap < 1, overlap)


def overlaps(cells):
    yield 0
    for i, (x, y, w, h) in enumerate(cells):
        for left, top, width, height in cells[:i]:
            across = min(x + w, left + width) - max(x, left)
            down = min(y + h, top + height) - max(y, top)
            if across > 0 and down > 0:
                yield across * down


def check_zoom(page, _):
    """A click on a cell of one map zooms all of them to the same part; the trail leads back."""
    radio(page, "by directory")
    before = page.run(CELLS)
    key = before[0][0]
    page.click_on(f"{MAPS}[0].querySelector('.cell text')")
    after = page.run(CELLS)
    parts = page.run(
        "JSON.parse(document.getElementById('data').textContent).maps.find((map) => map.by === 'directory').roots"
        f".map((root) => root.k.find((node) => node.n === {key!r}).k.map((node) => node.o == null ? node.n : '\\u0000'))"
    )
    same("cells", [sorted(keys) for keys in after], [sorted(keys) for keys in parts])
    for caption in page.run(CAPTIONS):
        holds("the caption says where", f" › {key} " in caption, caption)
    page.click_on("document.querySelector('.crumbs button')")
    same("cells", page.run(CELLS), before)


def check_keyboard(page, _):
    """Tab comes to the map, arrows move in it, Enter opens, Escape goes back to where one was."""
    radio(page, "by directory")
    same("stops", page.run(f"{MAPS}.map((map) => map.querySelectorAll('[tabindex=\"0\"]').length)"), [1] * len(page.run(CELLS)))
    page.run("document.querySelector('#maps input[type=search]').focus()")
    for _ in range(5):
        page.press("Tab")
        if page.run(FOCUS):
            break
    before = page.run(CELLS)
    first = page.run(FOCUS)
    same("the first stop", first, before[0][0])
    page.press("ArrowRight")
    second = page.run(FOCUS)
    holds("an arrow moves", second not in (None, first), second)
    page.press("ArrowLeft")
    same("an arrow moves back", page.run(FOCUS), first)
    page.press("End")
    same("the last", page.run(FOCUS), before[0][-1])
    page.press("Home")
    page.press("Enter")
    holds("Enter opens all", all(now != was for now, was in zip(page.run(CELLS), before)))
    holds("the focus goes along", page.run(FOCUS) in page.run(CELLS)[0], page.run(FOCUS))
    page.press("Escape")
    same("Escape goes back", (page.run(CELLS), page.run(FOCUS)), (before, first))
    page.press("Tab")
    holds("one stop for each map", page.run(f"{MAPS}[1].contains(document.activeElement)"))
    unnamed = page.run(
        "[...document.querySelectorAll('button, input, select, svg, [role], table, nav')].filter((it) => !(it.textContent.trim()"
        " || it.getAttribute('aria-label') || it.labels?.length)).map((it) => it.outerHTML.slice(0, 80))"
    )
    same("elements without a name", unnamed, [])


def check_search(page, _, package):
    """The filter of the packages finds one; the maps show where it is; a heading sorts."""
    rows = "[...document.querySelectorAll('#packages tbody th')].map((it) => it.firstChild.textContent)"
    page.click_on("document.querySelector('#packages input')")
    page.type(package)
    found = page.run(rows)
    texts = page.run("[...document.querySelectorAll('#packages tbody tr')].map((it) => it.textContent)")
    holds("packages", package in found and all(package in text for text in texts), texts)
    page.run("document.querySelector('#packages input').value = ''")
    page.type("no such package at all")
    same("packages", page.run(rows), [])
    page.run("(() => { const it = document.querySelector('#packages input'); it.value = ''; it.dispatchEvent(new Event('input')); })()")
    page.click_on("document.querySelector('#packages thead button')")
    names = page.run(rows)
    same("sorted", names, page.run(f"{rows}.sort((a, b) => a.localeCompare(b, 'en'))"))
    page.click_on("document.querySelector('#packages thead button')")
    holds("and the other way", page.run(rows) != names)
    radio(page, "by package")
    page.click_on("document.querySelector('#maps input[type=search]')")
    page.type(package)
    bright = page.run(f"{MAPS}.map((map) => [...map.querySelectorAll('.cell:not(.dim)')].map((it) => it.dataset.key))")
    holds("bright cells", any(package in keys for keys in bright), bright)
    holds("only these", all(package in key for keys in bright for key in keys), bright)


def check_differences(page, _):
    """The bars are as long as the differences, the largest first."""
    largest = page.run(
        "(() => { const { packages } = JSON.parse(document.getElementById('data').textContent);"
        " const changes = packages.map((it) => [it.n, (it.i.at(-1)?.r ?? 0) - (it.i[0]?.r ?? 0)]);"
        " return changes.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))[0]; })()"
    )
    rows = page.run(
        "[...document.querySelectorAll('#differences tbody tr')].map((row) => ({ width: row.querySelector('i')"
        ".getBoundingClientRect().width, text: row.lastChild.textContent, name: row.firstChild.firstChild.textContent }))"
    )
    same("the largest", rows[0]["name"], largest[0])
    same("its direction", rows[0]["text"][0], "+" if largest[1] > 0 else "−")
    holds("bars", len(rows) >= 5, len(rows))
    widths = [row["width"] for row in rows]
    same("the largest first", widths, sorted(widths, reverse=True))
    pickers = "document.querySelectorAll('#differences select')"
    page.run(f"(() => {{ const [from, to] = {pickers}; [from.value, to.value] = [to.value, from.value];"
             " for (const it of [from, to]) it.dispatchEvent(new Event('change')); })()")
    turned = page.run("document.querySelector('#differences tbody tr').lastChild.textContent")
    same("the other way", turned, rows[0]["text"].translate(str.maketrans("+−", "−+")))


def check_dark(page, _):
    """The page follows the system until it is told otherwise; its text can be read either way."""
    light = page.run(PAPER)
    holds("text on light", contrasts(page) >= 4.5, contrasts(page))
    page.media(prefers_color_scheme="dark")
    dark = page.run(PAPER)
    holds("darkness", dark != light, dark)
    holds("text on dark", contrasts(page) >= 4.5, contrasts(page))
    radio(page, "Light")
    same("light by the switch", page.run(PAPER), light)
    page.media(prefers_color_scheme="light")
    radio(page, "Dark")
    same("dark by the switch", page.run(PAPER), dark)
    radio(page, "System")
    same("as the system says", page.run(PAPER), light)


def contrasts(page):
    """The least contrast of text with what is behind it: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    return page.run(
        "(() => {"
        " const draw = document.createElement('canvas').getContext('2d', { willReadFrequently: true });"
        " const light = (colour) => { draw.clearRect(0, 0, 1, 1); draw.fillStyle = colour; draw.fillRect(0, 0, 1, 1);"
        "  const [r, g, b] = [...draw.getImageData(0, 0, 1, 1).data].map((it) => it / 255)"
        "   .map((it) => it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4);"
        "  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };"
        " const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);"
        " const paper = light(getComputedStyle(document.body).backgroundColor);"
        " const words = [...document.querySelectorAll('p, th, td, small, a, h1, h2, li, td.more, td.less')]"
        "  .map((it) => ratio(light(getComputedStyle(it).color), paper));"
        " const cells = [...document.querySelectorAll('.cell')].filter((it) => it.querySelector('text')).map((it) =>"
        "  ratio(light(getComputedStyle(it.querySelector('text')).fill), light(getComputedStyle(it.querySelector('rect')).fill)));"
        " return Math.min(...words, ...cells); })()"
    )


def check_print(page, _):
    """On paper there are no controls, and it is light."""
    light = page.run(PAPER)
    radio(page, "Dark")
    page.media("print")
    same("paper", page.run(PAPER), light)
    seen = page.run(
        "[...document.querySelectorAll('button, input, select, nav, .switch')].filter((it) => it.offsetParent"
        " && !it.closest('thead')).map((it) => it.outerHTML.slice(0, 80))"
    )
    same("controls on paper", seen, [])
    page.media("")
    pdf = page.pdf()
    holds("a document", pdf.startswith(b"%PDF-") and len(pdf) > 50_000, len(pdf))


def check_narrow(page, _):
    """Nothing is wider than a telephone but what scrolls by itself."""
    page.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=False)
    page.wait("document.documentElement.clientWidth === 390")
    same("width", page.run("document.documentElement.scrollWidth"), 390)


def check_hostile(page, _, name):
    """A name that tries to be markup is shown as it is, and does nothing."""
    same("what it did", page.run("window.ran ?? null"), None)
    shown = page.run("document.body.innerText")
    holds("it is shown as text", name in shown)
    same("elements it made", page.run("document.querySelectorAll('img, iframe').length"), 0)


def check_screenshot(page, _, picture):
    """Takes the picture of docs/: the head of the page and the maps."""
    page.call("Emulation.setDeviceMetricsOverride", width=1240, height=1450, deviceScaleFactor=1, mobile=False)
    page.wait("document.documentElement.clientWidth === 1240")
    # Until the maps are as wide as they get.
    page.run("new Promise((done) => setTimeout(done, 300))")
    page.screenshot(picture)
    with open(picture, "rb") as file:
        holds("a picture", file.read(8) == b"\x89PNG\r\n\x1a\n")
    holds("its size", 20_000 < os.path.getsize(picture) < 500_000, os.path.getsize(picture))


def main():
    check, path, *arguments = sys.argv[1:]
    with Browser() as page:
        page.open(path)
        globals()[f"check_{check}"](page, path, *arguments)
        if check != "policy":
            same("complaints", page.complaints(), [])


main()
