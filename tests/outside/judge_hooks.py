"""What schemathesis must know beyond openapi.json to judge the service fairly.

A schema says which values are well formed. It cannot say which ids exist, that a cursor must come from the
service, or that one field must not be smaller than another. Where the service refuses a request for such a reason,
the refusal is looked at here: it must be exactly the documented one, and each is counted and printed at the end, so
nothing is passed over in silence.
"""

import atexit
import collections
import json
import os
import re
import unicodedata
import urllib.request

import schemathesis
from jsonschema_rs import Draft202012Validator

BASE = os.environ["BASE_URL"]
ROLE = os.environ["JUDGE_ROLE"]

# (field, code) of a refused field -> why a schema cannot rule it out.
EXPLAINED_FIELDS = [
    (r"after", "invalid_cursor", "a cursor is what the service has written, for this list and sort"),
    (r"as_of|counted_at", "in_the_future", "a moment is in the future or not depending on when it is asked"),
    (r"current_password", "wrong_password", "which password an account has is nobody's to know"),
    (r"current_password", "without_password", "it depends on another field"),
    (r"current_password", "required", "it depends on another field and on who asks"),
    (r"barcode|barcodes\[\d+\]\.code", "wrong_check_digit", "the last digit follows from the others"),
    (r"barcodes\[\d+\]\.code", "appears_twice", "the same number has forms of different lengths"),
    (r"after", "not_with_at_end", "it depends on another parameter"),
    (r"barcode|sku|slug", "not_with_archived", "it depends on another parameter"),
    (r"category|shelf", "(category_or_shelf|no_products)", "it depends on the other field, and on the shop"),
    (r"counts\[\d+\]\.(counted|add)", "(counted_or_add|too_large)", "it depends on another field, and on what was counted so far"),
    (r"counts\[\d+\]\.(product_id|code)", "(product_id_or_code|unknown_product|unknown_code|required)", "it depends on another field, and on the shop"),
    (r"counts\[\d+\]\.counted_at", "(before_opening|in_the_future)", "it depends on when it is sent, and on the stock take"),
    (r"counts\[\d+\]\.last_counted_at", "counted_meanwhile", "it depends on what was counted so far"),
    (r"expected_on", "out_of_range", "it depends on the order, and on when it is sent"),
    (r"sort|unit_cost", "not_yours", "it depends on who asks"),
    (r"pack_size|minimum_quantity", "never_fits", "it depends on another field"),
    (r"customer_id", "required", "staff must name the customer, a customer need not; the schema is for both"),
    (r"expected_delivery_date", "before_order_date", "it depends on the order"),
    (r"expected_total", "too_large", "the largest total is not one of a number of digits"),
    (r"expires_at", "invalid_expiry", "a moment is in the future or not depending on when it is asked"),
    (r"items\[\d+\]\.product_id", "unknown_product", "which products are active depends on the shop"),
    (r"items\[\d+\]\.quantity", "too_large", "repeated products are added up"),
    (r"(account\.)?password", "common_password", "the passwords that are tried first are a list of their own"),
    (r"(account\.)?username", "reserved", "the names that pass for the shop are a list of their own"),
    (r"url", "(invalid_url|private_address)", "what an address may be is more than a pattern says, and depends on the settings"),
    (r"map|file", "[a-z_]+", "which columns there are depends on the file"),
    (r"(account\.)?password", "password_is_username", "it depends on another field"),
    (r"lines\[\d+\]\.product_id", "unknown_product", "which products are active depends on the shop"),
    (r"lines\[\d+\]\.product_id", "appears_twice", "the same product may come in two lines of different quantities"),
    (r"lines\[\d+\]\.product_id", "not_on_order", "which products are on a purchase order depends on the shop"),
    (r"lines\[\d+\]\.quantity", "nothing_came", "it depends on another field"),
    (r"lines\[\d+\]\.quantity", "required", "what is outstanding depends on the shop"),
    (r"lines\[\d+\]\.quantity", "too_large", "how many units a line has depends on the shop"),
    (r"lines", "leaves_nothing", "which lines a draft has depends on the shop"),
    (r"purchase_order_id", "(same_order|other_cost|unknown_purchase_order|not_a_draft|other_supplier|too_many_lines|too_large)", "which drafts there are, and of whom, depends on the shop"),
    (r"supplier_id", "unknown_supplier", "which suppliers are active depends on the shop"),
    (r"unit_cost", "only_with_units_that_came", "it depends on other fields"),
    (r"(lines\[\d+\]\.)?unit_cost", "too_many_decimals", "the schema of a number leaves it open, since binary fractions are no multiples of 0.000001"),
    (r"note", "customer_erased", "whether the customer of an order is erased depends on the shop"),
    (r"object", "required", "an id is one of a kind of object, which is another field"),
    (r".*", "private_character", "a pattern that excludes two planes of Unicode takes a generator minutes"),
    (r"(.*\.)?email", "invalid_email", "a pattern that knows each invisible character takes a generator minutes"),
    (r"q", "too_many_words", "how many words a text has is not how long it is"),
    (r"sort", "not_with_updated", "it depends on another parameter"),
    (r"slug", "invalid_slug", "a pattern that excludes two planes of Unicode takes a generator minutes"),
    (r"q", "blank", "an accent by itself is nothing to look for"),
    (r"(price_breaks\[\d+\]\.)?cost", "too_many_decimals", "the schema of a number leaves it open, since binary fractions are no multiples of 0.000001"),
    (r"price_breaks\[\d+\]\.from_quantity", "not_rising", "each quantity is more than the one before"),
    (r"order_max", "below_reorder_point", "it depends on another field, sent or kept"),
    (r"service_level", "invalid_service_level", "multipleOf says how many decimals a number has, and validators miss it"),
    (r"reorder_point", "required", "it depends on whether the product is watched"),
    (r"reorder_target", "below_reorder_point", "it depends on another field, sent or kept"),
    (r"reorder_target", "never_fits", "it depends on another field, sent or kept"),
    (r"reorder_target", "required", "it depends on another field, sent or kept"),
]

DIGITS = re.compile(r"\s*-?[0-9]+\s*", re.ASCII)

explained = collections.Counter()


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps every failure but those that are explained."""
    reason = explanation(failure, case, response)
    if reason is not None:
        explained[reason] += 1
    return reason is None


def explanation(failure, case, response):
    if type(failure).__name__ == "RejectedPositiveData":
        return explained_refusal(case, response)
    operation = case.operation.definition.raw["operationId"]
    if type(failure).__name__ == "EnsureResourceAvailability" and ROLE == "customer":
        if failure.created_with == "POST /customers":
            return "signing up makes somebody else, whose session is in the answer and not the caller's"
    replayed = any(name.lower() == "idempotency-replayed" for name in response.headers)
    if type(failure).__name__ == "AcceptedNegativeData":
        if replayed:
            return "a retry under a key gets its answer, whatever password it holds"
        return explained_leniency(case)
    if type(failure).__name__ == "UseAfterFree" and operation in ("readStock", "listMovements"):
        return "an archived product keeps its books"
    if type(failure).__name__ == "UseAfterFree" and operation in ("restoreProduct", "restoreSupplier"):
        return "what is archived can be restored"
    if type(failure).__name__ == "UseAfterFree" and operation == "readApiKey":
        return "a revoked key is kept, and says when it was revoked"
    return None


def explained_leniency(case):
    """What forms send is understood, which a schema could say only by making the types of generated clients worse."""
    raw = case.operation.definition.raw
    document = case.operation.schema.raw_schema
    if any(map(is_blank, (case.query or {}).values())):
        return "an empty filter is as if it were not given"
    content = raw.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None or not isinstance(case.body, dict):
        return None
    if not fits(document, content["schema"], case.body):
        if fits(document, content["schema"], understood(document, content["schema"], case.body)):
            return "digits in quotes are the number, and an empty text is none"
    return None


def fits(document, schema, value):
    return Draft202012Validator(schema | {"components": document["components"]}).is_valid(value)


def understood(document, schema, value):
    """What the service takes a value for: see Requests in the description."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    for form in schema.get("oneOf", []) + schema.get("anyOf", []):
        taken = understood(document, form, value)
        if fits(document, form, taken):
            return taken
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        members = {name: member for name, member in value.items() if not is_blank(member)}
        return {name: understood(document, properties.get(name, {}), member) for name, member in members.items()}
    if isinstance(value, list):
        return [understood(document, schema.get("items", {}), item) for item in value]
    types = schema.get("type", [])
    if "integer" in types and isinstance(value, str) and DIGITS.fullmatch(value):
        return int(value)
    if "boolean" in types and value in ("true", "false"):
        return value == "true"
    return value


def is_blank(value):
    def shows_nothing(c):
        return c.isspace() or unicodedata.category(c) == "Cf" or c in "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"

    return isinstance(value, str) and all(map(shows_nothing, value))


def explained_refusal(case, response):
    try:
        problem = json.loads(response.content)
    except ValueError:
        return None
    sent = {name.lower() for name in (case.headers or {})}
    code = problem.get("code")
    if code == "precondition_failed" and sent & {"if-match", "if-none-match"}:
        return "which ETag is current depends on the resource"
    if code == "idempotency_key_needs_login" and "idempotency-key" in sent and ROLE != "staff":
        return "the sign-up of a stranger takes no key, as its description says"
    if code == "idempotency_key_reused" and "idempotency-key" in sent:
        return "whether a key was used before depends on what was sent before"
    if code == "answer_erased" and "idempotency-key" in sent:
        return "whether what an answer said was erased depends on what was sent since"
    if code == "events_gone":
        return "which positions the feed knows depends on the shop's history"
    if code == "invalid_fields" and problem["errors"]:
        body = response.request.body or b""
        reasons = {field_explanation(error["field"], error["code"], body) for error in problem["errors"]}
        if None not in reasons:
            return "; ".join(sorted(reasons))
    return None


def field_explanation(field, code, body):
    if code in ("invalid_number", "invalid_price") and re.search(rb"\de[+-]?\d", body):
        return f"{code}: numbers are written without an exponent, which JSON Schema cannot demand"
    for pattern, known, reason in EXPLAINED_FIELDS:
        if re.fullmatch(pattern, field) and re.fullmatch(known, code):
            return f"{code}: {reason}"
    return None


class Session:
    """The caller's session. Who ends one has another, or everything after it would be answered 401."""

    def get(self, case, context):
        if case.operation.definition.raw["operationId"] in ("logOut", "endSession"):
            return another_session()
        return os.environ["JUDGE_TOKEN"]

    def set(self, case, token, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {token}"


if ROLE != "anyone":
    schemathesis.auth(refresh_interval=None)(Session)


def another_session():
    body = {"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 20 123456"}
    request = urllib.request.Request(
        f"{BASE}/customers", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["session"]["token"]


@atexit.register
def tell():
    for reason, count in sorted(explained.items()):
        print(f"  explained {count:5} times: {reason}")
