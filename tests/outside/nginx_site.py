"""Starts nginx with the site of scripts/deploy before the private shop, and before services that fail in every way.

A page of another origin, in a browser, calls through it. Its own refusals must be problem documents like the service's, a request that was sent must never be sent again when it
changes something, and clients must be counted by their network.
"""

import atexit
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).parents[2]
SITE = ROOT / "scripts/deploy/nginx.conf"
SHOP = os.environ["BASE_URL"].removeprefix("http://")
FRONT = os.environ["ALLOWED_ORIGIN"]
wrong = []


def check(what, holds, seen):
    if not holds:
        wrong.append(what)
        print(f"nginx_site.py: {what}: {seen}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site:
    """nginx with the site, before these services."""

    def __init__(self, *upstreams):
        self.folder = tempfile.TemporaryDirectory(prefix="storekeeper-nginx-")
        self.port = free_port()
        folder = self.folder.name
        site = SITE.read_text()
        site = re.sub(r"    server unix:\S+ (.*);", lambda line: "\n".join(f"    server {at} {line[1]};" for at in upstreams), site)
        site = site.replace("# https://shop.example $http_origin;", f"{FRONT} $http_origin;")
        site = site.replace("/var/log/nginx", folder)
        # Plain HTTP, since TLS changes nothing here; clients name their addresses.
        site = re.sub(r"    (listen|ssl_\w+|http2_\w+) .*;\n", "", site)
        site = site.replace("server {\n", f"server {{\n    listen 127.0.0.1:{self.port};\n"
                            "    set_real_ip_from 127.0.0.1;\n    real_ip_header X-Test-Address;\n", 1)
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        pathlib.Path(folder, "nginx.conf").write_text(
            f"pid {folder}/pid;\nerror_log {folder}/error.log;\nworker_processes 1;\ndaemon off;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{site}\n}}\n")
        # A server of root's would drop to a user that cannot read the folder.
        user = ["-g", "user root;"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf", "-p", folder, *user],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)
        print(subprocess.run(["nginx", "-t", "-c", f"{folder}/nginx.conf"], capture_output=True, text=True).stderr)
        sys.exit("nginx_site.py: nginx did not start")

    def send(self, request):
        """The answer to these bytes: status, headers, body."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(request)
            received = b""
            while True:
                try:
                    more = client.recv(65536)
                except ConnectionResetError:
                    break
                received += more
                head, _, body = received.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                if not more or head and length and len(body) >= int(length[1]):
                    break
        if not received:
            return 0, {}, b""
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        return int(lines[0].split()[1]), headers, body

    def ask(self, method, path, headers="", body=b"", address="192.0.2.1"):
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: shop\r\nX-Test-Address: {address}\r\nConnection: close\r\n{length}{headers}\r\n"
        return self.send(head.encode() + body)

    def log(self):
        return "".join(path.read_text() for path in pathlib.Path(self.folder.name).glob("storekeeper.*.log"))

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class Failing:
    """A service that reads requests and then fails: says nothing and hangs up, or gives this answer."""

    def __init__(self, answer=b""):
        self.seen = []
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.at = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            request = b""
            while b"\r\n\r\n" not in request:
                more = client.recv(65536)
                if not more:
                    break
                request += more
            self.seen.append(request.split(b" ", 1)[0].decode())
            client.sendall(self.answer)
            client.close()


def is_problem(answer, status, code):
    got, headers, body = answer
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {}
    return (got == status and headers.get("content-type") == "application/problem+json"
            and problem.get("code") == code and problem.get("status") == status
            and problem.get("request_id") == headers.get("x-request-id")
            and headers.get("x-content-type-options") == "nosniff" and headers.get("cache-control") == "no-store"
            and set(problem) >= {"type", "title", "detail", "errors"})


def is_readable(answer, origin=FRONT):
    """Whether a page of this origin may read the answer, status, headers and body."""
    headers = answer[1]
    exposed = headers.get("access-control-expose-headers", "").split(", ")
    return (headers.get("access-control-allow-origin") == origin and headers.get("vary") == "Origin"
            and {"Retry-After", "X-Request-Id"} <= set(exposed) and "access-control-allow-credentials" not in headers)


def says_nothing_to_pages(answer):
    return not [name for name in answer[1] if name.startswith("access-control-")]


def words():
    """Each refusal of the site is one that the service has, by its status, its code and its title."""
    kinds = {code: (int(status), title) for status, code, title in
             re.findall(r' = (\d+) "(\w+)" "([^"]+)";', (ROOT / "src/problem.rs").read_text())}
    refusals = re.findall(r"location = /\.problem/(\w+) \{\s+internal;\s+return (\d+) '(.*)';", SITE.read_text())
    check("the site has refusals", len(refusals) > 10, refusals)
    for code, status, body in refusals:
        problem = json.loads(body.replace("\\'", "'"))
        said = problem["code"], (problem["status"], problem["title"])
        check(f"{code} is said as the service says it",
              said == (code, kinds.get(code)) and int(status) == problem["status"]
              and problem["type"] == f"urn:storekeeper:problem:{code}", body)
    named = set(re.findall(r"/\.problem/(\w+)", SITE.read_text()))
    answered = {code for code, _, _ in refusals} | {"outcome_unknown"}
    check("every refusal that is named is there", named <= answered, named - answered)


def own_refusals(site):
    get = "GET /healthz HTTP/1.1\r\nHost: shop\r\n"
    for what, request, status, code in [
        ("a path of its own", get.replace("/healthz", "/.problem/rate_limited"), 404, "not_found"),
        ("TRACE", get.replace("GET", "TRACE"), 405, "method_not_allowed"),
        ("a transfer encoding", get.replace("GET", "POST") + "Transfer-Encoding: gzip\r\n", 501,
         "unsupported_transfer_encoding"),
        ("another version", get.replace("1.1", "3.0"), 505, "http_version_not_supported"),
        ("no host", "GET / HTTP/1.1\r\n", 400, "malformed_request"),
        ("two lengths", get + "Content-Length: 1\r\nContent-Length: 2\r\n", 400, "malformed_request"),
        ("an odd header", get + "Authorization: \u00e9\r\n", 400, "malformed_request"),
        ("a large body", get.replace("GET", "POST") + "Content-Length: 600000\r\n", 413, "body_too_large"),
        ("a long address", get.replace("/healthz", "/" + "x" * 9000), 414, "uri_too_long"),
        ("a long header", get + "X-Long: " + "x" * 9000 + "\r\n", 431, "headers_too_large"),
        ("many headers", get + "".join(f"X-{n}: {'x' * 200}\r\n" for n in range(300)), 431, "headers_too_large"),
        ("CONNECT", get.replace("GET", "CONNECT"), 405, "method_not_allowed"),
        ("a method in small letters", get.replace("GET", "get"), 400, "malformed_request"),
        ("a length and a transfer encoding", get.replace("GET", "POST") + "Content-Length: 5\r\n"
         "Transfer-Encoding: chunked\r\n", 400, "malformed_request"),
        ("a chunk of no size", get.replace("GET", "POST") + "Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 400,
         "malformed_request"),
        ("chunks that are too large", get.replace("GET", "POST") + "Transfer-Encoding: chunked\r\n\r\n11170\r\n"
         + "x" * 70000 + "\r\n0\r\n", 413, "body_too_large"),
        ("bytes that are no HTTP", "\x16\x03\x01\x02", 400, "malformed_request"),
        ("a path out of the site", get.replace("/healthz", "/../healthz"), 400, "malformed_request"),
        ("a query that holds a path", get.replace("/healthz", "http://shop/nowhere?x=/healthz"), 404, "not_found"),
    ]:
        answer = site.send(request.encode() + b"\r\n")
        check(f"{what} is {status} {code}", is_problem(answer, status, code), answer)
    # The service's own answers pass as they are.
    for method, path, status, code in [("GET", "/nowhere", 404, "not_found"), ("PUT", "/products", 405, "method_not_allowed"),
                                       ("GET", "/customers", 401, "unauthenticated"), ("GET", "/metrics", 404, "not_found")]:
        answer = site.ask(method, path)
        check(f"{method} {path} is the service's {status}", is_problem(answer, status, code), answer)
    answer = site.ask("PUT", "/products")
    check("the service's Allow passes", answer[1].get("allow") == "GET, POST, HEAD, OPTIONS", answer)
    answer = site.ask("POST", "/customers", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", b"{}")
    check("an encoded body is the service's 415", is_problem(answer, 415, "unsupported_media_type"), answer)
    many = b"{" + b",".join(b'"%d":1' % number for number in range(7000)) + b"}"
    answer = site.ask("POST", "/customers", "Content-Type: application/json\r\n", many)
    small = is_problem(answer, 422, "invalid_fields") and len(answer[2]) < len(many)
    check("many unknown fields make a small answer", small, (answer[0], len(answer[2])))
    answer = site.ask("POST", "/customers", "Content-Type: application/json; charset=latin1\r\n", b"{}")
    check("a foreign charset is the service's 415", is_problem(answer, 415, "unsupported_media_type"), answer)
    answer = site.send((get.replace("GET", "POST") + "Content-Length: 9\r\n\r\n{").encode())
    check("who does not go on sending is hung up on", answer == (0, {}, b""), answer)
    answer = site.ask("GET", "http://shop?x=/healthz")
    check("a query without a path is that of /", answer[0] == 200 and b'"Storekeeper"' in answer[2], answer)
    answer = site.ask("GET", "/healthz")
    check("/healthz passes", answer[0] == 200 and answer[2] == b'{"status":"ok"}', answer)


def other_origins(site):
    """A page of an allowed origin reads every answer, the service's and nginx's own; any other page reads none."""
    front, evil = f"Origin: {FRONT}\r\n", "Origin: https://evil.example\r\n"
    preflight = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n"
    asked = site.ask("OPTIONS", "/orders", front + preflight)
    check("the service's preflight passes", asked[0] == 204 and asked[1].get("access-control-allow-origin") == FRONT
          and "POST" in asked[1].get("access-control-allow-methods", "")
          and "Idempotency-Key" in asked[1].get("access-control-allow-headers", ""), asked)
    asked = site.ask("OPTIONS", "/orders", evil + preflight)
    check("and says no to others", asked[0] == 204 and says_nothing_to_pages(asked), asked)
    asked = site.ask("OPTIONS", "/orders", front + "Access-Control-Request-Method: P\u00d6ST\r\n")
    check("an odd preflight is none", asked[0] == 204 and "access-control-allow-methods" not in asked[1], asked)
    for what, method, path, headers, status in [
        ("a list", "GET", "/products", "", 200), ("a 404", "GET", "/nowhere", "", 404),
        ("a 401", "GET", "/orders", "", 401), ("a 405", "PUT", "/products", "", 405),
        ("nginx's 413", "POST", "/orders", "Content-Length: 600000\r\n", 413),
        ("nginx's 414", "GET", "/" + "x" * 9000, "", 414), ("nginx's 404", "GET", "/.problem/rate_limited", "", 404),
        ("nginx's 405", "TRACE", "/orders", "", 405), ("nginx's 400", "GET", "/orders", "Authorization: \u00e9\r\n", 400),
        ("nginx's 431", "GET", "/orders", "X-Long: " + "x" * 9000 + "\r\n", 431),
        ("nginx's 501", "POST", "/orders", "Transfer-Encoding: gzip\r\n", 501),
    ]:
        answer = site.ask(method, path, front + headers)
        # nginx may refuse a request line before it has read any header.
        unread = status == 414 and says_nothing_to_pages(answer)
        check(f"an allowed page reads {what}", answer[0] == status and (is_readable(answer) or unread), answer)
        check(f"{what} is said once", len(answer[2]) > 0 and answer[1].get("vary", "Origin") == "Origin", answer)
        for origin in (evil, "Origin: null\r\n", f"Origin: {FRONT}.evil.example\r\n", "Origin: \u00e9\r\n", ""):
            answer = site.ask(method, path, origin + headers)
            check(f"{origin!r} reads no {what}", answer[0] == status and says_nothing_to_pages(answer), answer)
    browser = subprocess.run(["node", ROOT / "tests/outside/other_origin.mjs", "--until-limited"],
                             env={**os.environ, "BASE_URL": f"http://127.0.0.1:{site.port}"})
    check("a page in a browser calls through the site", browser.returncode == 0, browser)


def logs(site):
    """The log has the id that the service logs, and nobody's search."""
    answer = site.ask("GET", "/products?q=zebulon%40example.com", "Referer: https://shop/?q=zebulon\r\n")
    site.ask("GET", "/metrics?q=zebulon")
    asked = [line for line in site.log().splitlines() if f"id={answer[1].get('x-request-id')} " in line]
    check("a request is logged with its id", len(asked) == 1 and "path=/products " in asked[0] and "status=200" in asked[0], asked)
    check("no query is logged", "zebulon" not in site.log(), [line for line in site.log().splitlines() if "zebulon" in line])


def limits(site):
    sign_up = b'{"name": "Ada", "email": "ada@example.com", "phone": "555-0100"}'
    json_body = "Content-Type: application/json\r\n"

    def signed_up(addresses):
        return [site.ask("POST", "/customers", json_body, sign_up, address) for address in addresses]

    # 21 at once, whatever the second half of an address of IPv6 is.
    answers = signed_up(f"2001:db8:a:b:{n:x}::{n:x}" for n in range(1, 31))
    served = [answer[0] for answer in answers].count(201)
    check("a /64 signs up some 21 times at once", 21 <= served < 30, served)
    last = answers[-1]
    paged = site.ask("POST", "/customers", json_body + f"Origin: {FRONT}\r\n", sign_up, "2001:db8:a:b::1")
    check("a page reads that it must wait", is_problem(paged, 429, "rate_limited") and is_readable(paged), paged)
    check("the rest is told to wait", is_problem(last, 429, "rate_limited") and last[1].get("retry-after") == "1", last)
    others = ["2001:db8:a:c::1", "2001:db8::1", "2001:db8:0:1::1", "192.0.2.7"]
    check("others sign up meanwhile", [answer[0] for answer in signed_up(others)] == [201] * 4, others)
    check("who has signed up reads on", site.ask("GET", "/products", address="2001:db8:a:b::9")[0] == 200, "GET /products")
    held = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(64)]
    for number, client in enumerate(held):
        head = f"POST /orders HTTP/1.1\r\nHost: shop\r\nX-Test-Address: 2001:db8:e:f:{number:x}::1\r\nContent-Length: 9\r\n\r\n{{"
        client.sendall(head.encode())
    # nginx answers in the order in which it reads, so they have all been counted.
    answer = site.ask("GET", "/healthz", address="2001:db8:e:f:ffff::1")
    check("a /64 has 64 requests at once", is_problem(answer, 429, "rate_limited"), answer)
    check("and no more than its own", site.ask("GET", "/healthz", address="2001:db8:e:e::1")[0] == 200, "GET /healthz")
    for client in held:
        client.close()
    answers = [site.ask("POST", "/sessions", address="198.51.100.1") for _ in range(130)]
    served = [answer[0] for answer in answers].count(415)
    check("an address writes some 101 times at once", 101 <= served < 130, served)
    check("and reads on", site.ask("GET", "/products", address="198.51.100.1")[0] == 200, "GET /products")
    site.ask("POST", "/sessions?q=zebulon", address="198.51.100.1")
    check("nor is the query of one that was refused", "zebulon" not in site.log(), site.log()[-500:])
    check("it is logged with its method", "method=POST path=/sessions protocol=HTTP/1.1 status=429" in site.log(), site.log()[-500:])


def desk(site):
    """Staff log in through it, and their cookie goes to the desk and nowhere else."""
    password = pathlib.Path(os.environ["STAFF_PASSWORD_FILE"]).read_text().strip()
    form = urllib.parse.urlencode({"username": os.environ["STAFF_USERNAME"], "password": password}).encode()
    headers = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"
    opened = site.ask("POST", "/desk/login", headers, form)
    cookie = f"Cookie: {opened[1].get('set-cookie', '').split(';')[0]}\r\n"
    check("staff log in at the desk", opened[0] == 303 and "storekeeper=" in cookie, opened)
    today = site.ask("GET", "/desk", cookie)
    check("the desk knows them then", today[0] == 200 and b"Logged in as" in today[2], today)
    check("a page elsewhere sends no form", site.ask("POST", "/desk/logout", f"{cookie}Sec-Fetch-Site: cross-site\r\n")[0] == 403, "403")
    check("the cookie does nothing outside the desk", site.ask("GET", "/orders", cookie)[0] == 401, "401")


def failures():
    stopped = Site(f"127.0.0.1:{free_port()}")
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PATCH", "PUT", "DELETE"):
        answer = stopped.ask(method, "/orders")
        holds = is_problem(answer, 503, "shutting_down") if method != "HEAD" else answer[0] == 503
        paged = stopped.ask(method, "/orders", f"Origin: {FRONT}\r\n")
        check(f"a page reads why {method} failed", paged[0] == 503 and is_readable(paged), paged)
        check(f"{method} to a stopped service changed nothing", holds and answer[1].get("retry-after") == "5", answer)
    stopped.stop()
    unready = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    unreadable = b"HTTP/1.1 200 OK\r\n: x\r\n\r\n"
    for answer_of_service, what, reads in ((b"", "hangs up", 2), (unreadable, "answers nonsense", 1),
                                           (unready, "answers 503", 2)):
        services = [Failing(answer_of_service), Failing(answer_of_service)]
        site = Site(*(service.at for service in services))
        for method, sent in (("GET", reads), ("HEAD", reads), ("POST", 1), ("PATCH", 1)):
            for service in services:
                service.seen.clear()
            answer = site.ask(method, "/orders")
            seen = services[0].seen + services[1].seen
            check(f"{method} is sent {sent} times when a service {what}", seen == [method] * sent, seen)
            if answer_of_service != unready and method != "HEAD":
                code = "shutting_down" if method == "GET" else "outcome_unknown"
                check(f"{method} that was sent says {code}", is_problem(answer, 503, code), answer)
        site.stop()


if __name__ == "__main__":
    words()
    site = Site(SHOP)
    own_refusals(site)
    other_origins(site)
    desk(site)
    logs(site)
    limits(site)
    site.stop()
    failures()
    print(f"nginx_site.py: {'the site of nginx does what it says' if not wrong else f'{len(wrong)} checks failed'}")
    sys.exit(bool(wrong))
