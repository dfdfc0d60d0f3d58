"""Lets schemathesis judge a running service as anyone, as a customer or as staff.

scripts/private-shop PYTHON tests/outside/judge.py SEED anyone|customer|staff, with schemathesis beside that Python.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

SEED, ROLE = sys.argv[1:]
BASE = os.environ["BASE_URL"]
HERE = pathlib.Path(__file__).parent


def call(method, path, token=None, body=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(BASE + path, data, headers, method=method)) as answer:
        return json.load(answer) if answer.status != 204 else None


def upload(about, token, file):
    headers = {"Content-Type": "text/csv", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{BASE}/imports?type={about}", file.encode(), headers, method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["id"]


def prepare():
    """A shop in the middle of its day; answers the tokens of a customer and of staff."""
    password = pathlib.Path(os.environ["STAFF_PASSWORD_FILE"]).read_text().strip()
    login = {"username": os.environ["STAFF_USERNAME"], "password": password}
    staff = call("POST", "/sessions", body=login)["token"]
    # What a stranger to the shop cannot succeed at: it takes the password, or a session that may end.
    call("DELETE", f"/sessions/{call('POST', '/sessions', body=login)['id']}", staff)
    call("PATCH", "/staff/current", staff, {"password": password, "current_password": password})
    customers = []
    for number in (1, 2, 3):
        body = {"name": f"Customer {number}", "email": "ada@example.com", "phone": "+44 20 123456"}
        # The first one is a guest, so that the session survives whatever happens to an account.
        if number > 1:
            body["account"] = {"username": f"customer-{number}", "password": "a long walk by the sea"}
        customers.append(call("POST", "/customers", body=body)["session"]["token"])
    orders = [call("POST", "/orders", token, {"items": [{"product_id": product, "quantity": 1}]})["id"]
              for token in customers for product in (1, 2)]
    for order in (orders[2], orders[4], orders[5]):
        call("POST", f"/orders/{order}/ship", staff, {"carrier": "Post"})
    # Whoever tries everything on a shipped order seldom comes to what ends its way first.
    for order, step in ((0, "confirm"), (4, "lost"), (4, "returned"), (5, "deliver"), (5, "reopen"), (3, "cancel")):
        call("POST", f"/orders/{orders[order]}/{step}", staff)
    # The ids that are tried first are the sample shop's, where hardly anything may still be corrected.
    call("PATCH", f"/orders/{orders[0]}", staff, {"note": "Ring twice"})
    gone = call("POST", "/customers", body={"name": "Gone", "email": "gone@example.com", "phone": "+44 20 654321"})
    call("DELETE", f"/customers/{gone['id']}", staff)
    for product in range(1, 7):
        policy = {"reorder_point": 500, "reorder_target": 500, "lead_time_days": 7}
        call("PATCH", f"/products/{product}/stock", staff, policy)
    call("POST", "/restock/runs", staff)
    call("POST", "/products/1/stock/what-if", staff, {"service_level": 0.98})
    # Of whom each product is bought; the first supplier is the sample shop's.
    first, second, third = [1] + [
        call("POST", "/suppliers", staff, {"name": f"Supplier {number}", "lead_time_days": 7})["id"] for number in (2, 3)
    ]
    for pack_size, supplier in enumerate((first, second, third), 1):
        for product in range(1, 7):
            offer = {"cost": "0.0035", "pack_size": pack_size, "preferred": supplier == first}
            call("PUT", f"/suppliers/{supplier}/products/{product}", staff, offer)
    # Hardly any id of a product that is tried is one that the supplier sells.
    for product in (6, 5):
        call("GET", f"/suppliers/{second}/products/{product}", staff)
        call("PATCH", f"/suppliers/{second}/products/{product}", staff, {"cost": "1.10"})
        call("DELETE", f"/suppliers/{second}/products/{product}", staff)
    call("PUT", f"/suppliers/{second}/products/6", staff, {"cost": "1.20"})
    call("DELETE", f"/suppliers/{third}", staff)
    call("POST", f"/suppliers/{third}/restore", staff)
    # Hardly any purchase order that is tried is a draft with what is asked of it. The run above has ordered one.
    lines = [{"product_id": product, "quantity": 10 * product} for product in (1, 2)]
    drafts = [call("POST", "/purchase_orders", staff, {"supplier_id": second, "lines": lines})["id"] for _ in range(4)]
    call("DELETE", f"/purchase_orders/{drafts[0]}/lines/1", staff)
    call("PUT", f"/purchase_orders/{drafts[0]}/lines/3", staff, {"quantity": 6})
    call("POST", f"/purchase_orders/{drafts[0]}/split", staff, {"lines": [{"product_id": 3}]})
    call("POST", f"/purchase_orders/{drafts[0]}/merge", staff, {"purchase_order_id": drafts[1]})
    call("POST", f"/purchase_orders/{drafts[2]}/order", staff)
    call("POST", f"/purchase_orders/{drafts[2]}/receive", staff, {"lines": [{"product_id": 1, "rejected": 1}]})
    # Hardly any stock take that is tried is open, and has a count to take back or to book.
    takes = [call("POST", "/stock_takes", staff, {"note": "by two"})["id"] for _ in range(3)]
    for take in takes[:2]:
        call("POST", f"/stock_takes/{take}/counts", staff, {"counts": [{"product_id": n, "add": 1} for n in (1, 2)]})
    call("DELETE", f"/stock_takes/{takes[0]}/counts/1", staff)
    call("POST", f"/stock_takes/{takes[0]}/book", staff)
    call("POST", f"/stock_takes/{takes[2]}/cancel", staff)
    # No text that is made up names its columns.
    imports = [upload("suppliers", staff, f"name,lead_time_days\nPotters {n},5\n,1\n") for n in range(4)]
    call("POST", f"/imports/{imports[0]}/apply", staff)
    call("POST", f"/imports/{imports[1]}/apply", staff)
    call("POST", f"/imports/{imports[1]}/undo", staff)
    # The usernames that a schema allows are hardly ever a whole account's.
    account = call("GET", "/customer_accounts", staff)["data"][0]["id"]
    call("PUT", f"/customer_accounts/{account}", staff, {"username": "customer-account"})
    webhook = call("POST", "/webhooks", staff, {"url": "https://shop.example/hooks"})["id"]
    call("POST", f"/webhooks/{webhook}/replay", staff, {"after": 0})
    # There is one proof at a time, so hardly any that is tried by its id is there.
    call("GET", f"/verifications/{call('POST', '/verifications', staff)['id']}", staff)
    return customers[0], staff


def judge(role, token):
    command = [
        str(pathlib.Path(sys.executable).with_name("schemathesis")),
        "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"{BASE}/openapi.json", "--seed", SEED, "--no-color",
    ]
    environment = os.environ | {"JUDGE_ROLE": role, "JUDGE_TOKEN": token}
    started = time.monotonic()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout)
    explained = re.findall(r"^  explained .*$", done.stdout, re.M) if done.returncode == 0 else []
    phases = re.findall(r"(Examples|Coverage|Fuzzing|Stateful) \(in ([0-9.]+)s\)", done.stdout)
    cases = re.search(r"Test cases:\n *(.*)", done.stdout)
    print(f"schemathesis as {role}, seed {SEED}: {cases[1] if cases else 'no test cases'} "
          f"({', '.join(f'{phase.lower()} {float(seconds):.0f} s' for phase, seconds in phases)}; "
          f"{time.monotonic() - started:.0f} s in all)")
    for line in explained:
        print(line, flush=True)
    return done.returncode == 0


def never_granted():
    """The operations of the description that no run has brought to a success, as the service has counted."""
    with urllib.request.urlopen(os.environ["INTERNAL_URL"] + "/metrics") as answer:
        metrics = answer.read().decode()
    granted = set(re.findall(r'requests_total\{method="(\w+)",route="([^"]+)",status="2\d\d"\}', metrics))
    paths = call("GET", "/openapi.json")["paths"]
    operations = {(method.upper(), path) for path, item in paths.items() for method in item}
    return sorted(operations - granted)


customer, staff = prepare()
passed = judge(ROLE, {"anyone": "", "customer": customer, "staff": staff}[ROLE])
# A run that is refused everywhere finds nothing and looks like a success.
for method, path in never_granted() if ROLE == "staff" else []:
    print(f"judge.py: {method} {path} was never answered with a success")
    passed = False
sys.exit(not passed)
