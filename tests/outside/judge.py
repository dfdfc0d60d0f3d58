"""Lets schemathesis judge a running service as anyone, as a customer and as staff.

scripts/private-shop PYTHON tests/outside/judge.py SEED [ROLE...], with schemathesis beside that Python.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

SEED, *ROLES = sys.argv[1:]
BASE = os.environ["BASE_URL"]
HERE = pathlib.Path(__file__).parent


def call(method, path, token=None, body=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(BASE + path, data, headers, method=method)) as answer:
        return json.load(answer) if answer.status != 204 else None


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
    for token in customers:
        for product in (1, 2):
            call("POST", "/orders", token, {"items": [{"product_id": product, "quantity": 1}]})
    for order in (3, 5, 6):
        call("POST", f"/orders/{order}/ship", staff, {"carrier": "Post"})
    # Whoever tries everything on a shipped order seldom comes to what ends its way first.
    for step in ("1/confirm", "5/lost", "5/returned", "6/deliver", "6/reopen"):
        call("POST", f"/orders/{step}", staff)
    call("POST", "/orders/4/cancel", staff)
    for product in range(1, 7):
        policy = {"reorder_point": 500, "reorder_target": 500, "lead_time_days": 7}
        call("PATCH", f"/products/{product}/stock", staff, policy)
    call("POST", "/restock/runs", staff)
    call("POST", "/products/1/stock/what-if", staff, {"service_level": 0.98})
    # Of whom each product is bought; the first supplier is the sample shop's.
    for supplier in (2, 3):
        body = {"name": f"Supplier {supplier}", "lead_time_days": 7}
        call("POST", "/suppliers", staff, body)
    for supplier in (1, 2, 3):
        for product in range(1, 7):
            offer = {"cost": "0.0035", "pack_size": supplier, "preferred": supplier == 1}
            call("PUT", f"/suppliers/{supplier}/products/{product}", staff, offer)
    # Hardly any id of a product that is tried is one that the supplier sells.
    for supplier, product in ((2, 6), (2, 5)):
        call("GET", f"/suppliers/{supplier}/products/{product}", staff)
        call("PATCH", f"/suppliers/{supplier}/products/{product}", staff, {"cost": "1.10"})
        call("DELETE", f"/suppliers/{supplier}/products/{product}", staff)
    call("PUT", "/suppliers/2/products/6", staff, {"cost": "1.20"})
    call("DELETE", "/suppliers/3", staff)
    call("POST", "/suppliers/3/restore", staff)
    # Hardly any purchase order that is tried is a draft with what is asked of it. The run above has ordered one.
    lines = [{"product_id": product, "quantity": 10 * product} for product in (1, 2)]
    drafts = [call("POST", "/purchase_orders", staff, {"supplier_id": 2, "lines": lines})["id"] for _ in range(4)]
    call("DELETE", f"/purchase_orders/{drafts[0]}/lines/1", staff)
    call("PUT", f"/purchase_orders/{drafts[0]}/lines/3", staff, {"quantity": 6})
    call("POST", f"/purchase_orders/{drafts[0]}/split", staff, {"lines": [{"product_id": 3}]})
    call("POST", f"/purchase_orders/{drafts[0]}/merge", staff, {"purchase_order_id": drafts[1]})
    call("POST", f"/purchase_orders/{drafts[2]}/order", staff)
    call("POST", f"/purchase_orders/{drafts[2]}/receive", staff, {"lines": [{"product_id": 1, "rejected": 1}]})
    # The usernames that a schema allows are hardly ever a whole account's.
    account = call("GET", "/customer_accounts", staff)["data"][0]["id"]
    call("PUT", f"/customer_accounts/{account}", staff, {"username": "customer-account"})
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
tokens = {"anyone": "", "customer": customer, "staff": staff}
verdicts = [judge(role, tokens[role]) for role in ROLES or tokens]
# A run that is refused everywhere finds nothing and looks like a success.
for method, path in never_granted():
    print(f"judge.py: {method} {path} was never answered with a success")
    verdicts.append(False)
sys.exit(not all(verdicts))
