"""Serves a directory, answers every request late, and writes down when it did.

    alpine-server.py DIRECTORY PORT-FILE LOG [DELAY-SECONDS]

Writes the port it listens on to PORT-FILE, and to LOG a line per answer: seconds when it was asked, seconds when the
answer was out, path.
"""

import functools
import http.server
import os
import sys
import threading
import time

directory, port_file, log_file, *rest = sys.argv[1:]
DELAY = float(rest[0]) if rest else 0.03
lock = threading.Lock()


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked = time.monotonic()
        time.sleep(DELAY)
        super().do_GET()
        self.wfile.flush()
        with lock, open(log_file, "a", encoding="utf-8") as log:
            log.write(f"{asked:.6f} {time.monotonic():.6f} {self.path}\n")

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), functools.partial(Handler, directory=directory))
with open(port_file + ".new", "w", encoding="utf-8") as file:
    file.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
