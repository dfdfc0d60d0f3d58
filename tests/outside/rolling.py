"""Restarts services behind the site of nginx under load, and counts who was not served.

    scripts/private-shop python3 tests/outside/rolling.py [TRIALS] [REQUESTS]

Two instances, one after the other, and then one instance whose socket stays open, as storekeeper.socket keeps it. A third of
the load places orders, each of which must be there once; what is not answered 2xx has failed. Of each trial, 0 may.
"""

import http.client
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time

from nginx_site import ROOT, Site, free_port

PROGRAM = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug/storekeeper"
CALLERS = 8


class Service:
    """`storekeeper serve` on the shop's database, on a port of its own or a socket that was made for it."""

    def __init__(self, listener=None):
        self.listener = listener
        self.port = None if listener else free_port()
        self.start()

    def start(self):
        settings = {**os.environ, "STOREKEEPER_DATABASE_URL": os.environ["DATABASE_URL"], "STOREKEEPER_LOG": "warn"}
        command = [PROGRAM, "serve"]
        if self.listener:
            # systemd hands a socket over as the descriptor 3.
            script = 'exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve'
            command = ["sh", "-c", script, PROGRAM]
        else:
            settings["STOREKEEPER_LISTEN"] = f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen(command, env=settings, stdin=self.listener or subprocess.DEVNULL)

    def wait_until_ready(self):
        for _ in range(200):
            try:
                client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                client.request("GET", "/readyz")
                if client.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        sys.exit("rolling.py: the service does not start")

    def stop(self):
        self.process.terminate()
        if self.process.wait() != 0:
            sys.exit("rolling.py: the service did not end in order")

    def restart(self):
        """As systemctl restart does it: it returns when the service is ready."""
        self.stop()
        self.start()
        if self.port:
            self.wait_until_ready()


def tokens():
    """A guest who may order, and the product."""
    shop = http.client.HTTPConnection(os.environ["BASE_URL"].removeprefix("http://"))

    def ask(method, path, body=None, token=None):
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        shop.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = shop.getresponse()
        return json.loads(answer.read())

    password = pathlib.Path(os.environ["STAFF_PASSWORD_FILE"]).read_text().strip()
    staff = ask("POST", "/sessions", {"username": os.environ["STAFF_USERNAME"], "password": password})["token"]
    product = ask("POST", "/products", {"sku": f"ROLL-{random.random()}", "name": "Roll", "price": "1.00", "stock": 90_000}, staff)["id"]
    guest = ask("POST", "/customers", {"name": "Ada", "email": "ada@example.com", "phone": "555-0100"})
    return guest["session"]["token"], product


def load(site, requests, during):
    """So many requests from several callers on connections that they keep; what happens meanwhile. Returns what failed."""
    token, product = tokens()
    left = iter(range(requests))
    failed, waits, placed = [], [], []
    lock = threading.Lock()

    def call():
        client = http.client.HTTPConnection("127.0.0.1", site.port, timeout=70)
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            begun = time.monotonic()
            # The site bounds what one network does.
            headers = {"X-Test-Address": f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}"}
            try:
                if number % 3 == 0:
                    headers |= {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
                    order = json.dumps({"items": [{"product_id": product, "quantity": 1}]})
                    client.request("POST", "/orders", order, headers)
                else:
                    client.request("GET", "/products", headers=headers)
                answer = client.getresponse()
                body = answer.read()
                if answer.status not in (200, 201):
                    failed.append(f"{'GET' if number % 3 else 'POST'} {answer.status} {body[:300]}")
                elif number % 3 == 0:
                    placed.append(json.loads(body)["id"])
            except (OSError, http.client.HTTPException) as error:
                failed.append(repr(error))
                client.close()
            waits.append(time.monotonic() - begun)

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    during()
    if not all(caller.is_alive() for caller in callers):
        sys.exit("rolling.py: the load ended before the restart; ask for more requests")
    for caller in callers:
        caller.join()
    if len(set(placed)) != len(placed):
        failed.append("an order was placed twice")
    return failed, max(waits)


def rolling(requests):
    services = [Service(), Service()]
    for service in services:
        service.wait_until_ready()
    site = Site(*(f"127.0.0.1:{service.port}" for service in services))

    def restart_each():
        for service in services:
            time.sleep(0.5)
            service.restart()

    outcome = load(site, requests, restart_each)
    site.stop()
    for service in services:
        service.stop()
    return outcome


def one_with_a_socket(requests):
    with tempfile.TemporaryDirectory(prefix="storekeeper-rolling-") as folder:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{folder}/socket")
        listener.listen(4096)
        os.chmod(folder, 0o755)
        os.chmod(f"{folder}/socket", 0o666)
        service = Service(listener)
        site = Site(f"unix:{folder}/socket")

        def restart():
            time.sleep(0.7)
            service.restart()

        outcome = load(site, requests, restart)
        site.stop()
        service.stop()
        listener.close()
        return outcome


numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
trials, requests = numbers[0] if numbers else 1, numbers[1] if len(numbers) > 1 else 3000
bad = 0
for what, trial in (("two instances, one after the other", rolling), ("one instance behind its open socket", one_with_a_socket)):
    for number in range(1, trials + 1):
        failed, longest = trial(requests)
        bad += len(failed)
        print(f"rolling.py: {what}, trial {number}: {len(failed)} of {requests} failed, the longest wait {longest * 1000:.0f} ms", flush=True)
        for line in failed[:5]:
            print(f"  {line}")
sys.exit(bool(bad))
