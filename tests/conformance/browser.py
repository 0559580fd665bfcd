"""A headless browser, driven through a pair of pipes: nothing but Python's own library is needed.

The protocol: https://chromedevtools.github.io/devtools-protocol/ (messages are JSON, each ended by a NUL).
"""

import base64
import fcntl
import itertools
import json
import os
import select
import subprocess
import tempfile
import time

PROGRAM = "chromium-headless-shell"
# Root has no sandbox in this browser, and needs none for pages of our own.
ARGUMENTS = [
    "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
]


class Browser:
    """One page in one browser. Use it in a `with`: the browser ends with it."""

    def __init__(self, width=1280, height=900):
        self.size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.numbers = itertools.count(1)
        self.events = []
        self.buffer = b""
        self.session = None

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="boot-browser.")
        commands, self.to = os.pipe()
        self.back, answers = os.pipe()
        # The browser reads from descriptor 3 and writes to 4, which pipes may have as well.
        theirs = [fcntl.fcntl(pipe, fcntl.F_DUPFD, 10) for pipe in (commands, answers)]
        shell = 'exec "${@:3}" 3<&"$1" 4>&"$2"'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *map(str, theirs), PROGRAM, *ARGUMENTS, f"--user-data-dir={self.profile.name}", "about:blank"],
            pass_fds=theirs, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "HOME": self.profile.name},
        )
        for pipe in (commands, answers, *theirs):
            os.close(pipe)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", **self.size)
        return self

    def __exit__(self, *_):
        os.close(self.to)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.back)
        # What its children have not let go of yet.
        for _ in range(50):
            try:
                self.profile.cleanup()
                return
            except OSError:
                time.sleep(0.1)

    def call(self, method, **parameters):
        """Calls a method and returns its result; keeps the events that come before it."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        text = json.dumps(message).encode() + b"\0"
        while text:
            text = text[os.write(self.to, text):]
        while True:
            answer = self.receive(60)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self, seconds):
        while b"\0" not in self.buffer:
            if not select.select([self.back], [], [], seconds)[0]:
                raise TimeoutError("the browser does not answer")
            read = os.read(self.back, 1 << 20)
            if not read:
                raise EOFError("the browser has ended")
            self.buffer += read
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def open(self, path):
        """Opens a file, until its script has run to its end."""
        self.call("Page.navigate", url=f"file://{os.path.abspath(path)}")
        self.wait("document.documentElement?.dataset.ready === 'yes'")

    def run(self, script):
        """Evaluates an expression in the page and returns its value."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def wait(self, condition):
        for _ in range(200):
            if self.run(condition):
                return
            time.sleep(0.05)
        raise TimeoutError(f"never: {condition}; events: {self.complaints()}")

    def complaints(self):
        """What the page logged as an error or a warning, threw, or was refused by its policy."""
        self.run("0")
        found = []
        for event in self.events:
            about = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                details = about["exceptionDetails"]
                found.append(details.get("exception", {}).get("description", details["text"]))
            elif event["method"] == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
                found.append(str([it.get("value") for it in about["args"]]))
            elif event["method"] == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
                found.append(about["entry"]["text"])
        return found

    def requests(self):
        """Every address that the page asked for."""
        self.run("0")
        return [it["params"]["request"]["url"] for it in self.events if it["method"] == "Network.requestWillBeSent"]

    def click(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def click_on(self, script):
        """Clicks into the middle of the element that an expression gives."""
        place = self.run(
            f"(() => {{ const it = {script}; it.scrollIntoView({{ block: 'center', behavior: 'instant' }});"
            " const box = it.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        self.click(*place)

    def press(self, key):
        """Presses a key by its name: `Enter`, `ArrowRight`, `Tab`."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
                 "Home": 36, "End": 35}
        more = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key], **more)
            more = {}

    def type(self, text):
        """Types into what has the focus."""
        self.call("Input.insertText", text=text)

    def media(self, medium="", **features):
        """Pretends another medium (`print`) or other wishes of the reader (`prefers_color_scheme="dark"`)."""
        wishes = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", media=medium, features=wishes)

    def screenshot(self, path):
        picture = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])
