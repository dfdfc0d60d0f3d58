"""Uses a shop through the Python client that openapi-python-client has made of its description.

scripts/private-shop PYTHON tests/outside/client_flow.py, with the generated storekeeper_client on the PYTHONPATH.
mypy checks it first: every name and type below is the generated client's.
"""

import os
import pathlib
import uuid

from storekeeper_client import AuthenticatedClient, Client
from storekeeper_client.api.customers import sign_up
from storekeeper_client.api.orders import cancel_order, place_order, track_order
from storekeeper_client.api.products import create_product, list_products
from storekeeper_client.api.restocking import start_restock_run
from storekeeper_client.api.sessions import log_in
from storekeeper_client.api.stock import change_stock_policy
from storekeeper_client.models import (
    CustomerCreated,
    InvalidFieldsOrIdempotencyKeyReusedProblem,
    InvalidFieldsOrIdempotencyKeyReusedProblemCode,
    LoggedIn,
    Login,
    NewCredentials,
    NewCustomer,
    NewOrder,
    NewOrderItem,
    NewProduct,
    NewRun,
    OpenedSession,
    Order,
    OrderStatus,
    OutOfStockOrPriceChangedOrTooManyOpenOrdersOrTooManyReservedUnitsOrIdempotencyKeyInUseOrConflictProblem,
    OutOfStockOrPriceChangedOrTooManyOpenOrdersOrTooManyReservedUnitsOrIdempotencyKeyInUseOrConflictProblemCode,
    Product,
    ProductList,
    RestockRun,
    StockPolicyChange,
    StockView,
    Tracking,
)
from storekeeper_client.types import Unset

BASE = os.environ["BASE_URL"]
anyone = Client(base_url=BASE)
# The generator takes a session that may be left out for one that is needed, so a guest has one that nobody looks at.
guest = AuthenticatedClient(base_url=BASE, token="none", auth_header_name="X-No-Session")

# Staff make a product of which there are three, to be restocked at once when it runs low.
password = pathlib.Path(os.environ["STAFF_PASSWORD_FILE"]).read_text().strip()
login = log_in.sync(client=anyone, body=Login(username=os.environ["STAFF_USERNAME"], password=password))
assert isinstance(login, LoggedIn), login
staff = AuthenticatedClient(base_url=BASE, token=login.token)
product = create_product.sync(
    client=staff, idempotency_key=str(uuid.uuid4()), body=NewProduct(name="Teapot", price="24.50", sku="PY-1", stock=3)
)
assert isinstance(product, Product), product
assert (product.price, product.in_stock) == ("24.50", True), product

# A customer signs up, with an account to log in again.
signed_up = sign_up.sync(
    client=guest,
    body=NewCustomer(
        name="Ada Lovelace",
        email="ada@example.com",
        phone="+44 20 123456",
        account=NewCredentials(username="ada-of-python", password="a long walk by the sea"),
    ),
)
assert isinstance(signed_up, CustomerCreated), signed_up
assert isinstance(signed_up.session, OpenedSession), signed_up
customer = AuthenticatedClient(base_url=BASE, token=signed_up.session.token)

# The whole catalogue, page by page.
seen: list[int] = []
page = list_products.sync(client=customer, limit=5)
while isinstance(page, ProductList):
    seen += [one.id for one in page.data]
    page = list_products.sync(client=customer, limit=5, after=page.next_) if page.next_ is not None else None
assert page is None, page
assert len(seen) > 5 and len(set(seen)) == len(seen) and product.id in seen, seen

# An order is placed once, however often it is sent.
key = str(uuid.uuid4())
two = NewOrder(items=[NewOrderItem(product_id=product.id, quantity=2)])
placed = place_order.sync_detailed(client=customer, body=two, idempotency_key=key)
again = place_order.sync_detailed(client=customer, body=two, idempotency_key=key)
order = placed.parsed
assert isinstance(order, Order), order
assert (placed.status_code, order.total, order.status) == (201, "49.00", OrderStatus.PLACED), order
assert (again.status_code, again.parsed) == (201, order), again
assert "Idempotency-Replayed" not in placed.headers and again.headers["Idempotency-Replayed"] == "true"

# One is left, and no order takes two.
refused = place_order.sync(client=customer, body=two, idempotency_key=str(uuid.uuid4()))
assert isinstance(refused, OutOfStockOrPriceChangedOrTooManyOpenOrdersOrTooManyReservedUnitsOrIdempotencyKeyInUseOrConflictProblem), refused
assert refused.status.value == 409, refused
assert refused.code is OutOfStockOrPriceChangedOrTooManyOpenOrdersOrTooManyReservedUnitsOrIdempotencyKeyInUseOrConflictProblemCode.OUT_OF_STOCK, refused
assert not isinstance(refused.products, Unset), refused
assert [short.available for short in refused.products] == [1], refused

# What is wrong with a request is said field by field.
wrong = place_order.sync(
    client=customer, body=NewOrder(items=[NewOrderItem(product_id=product.id, quantity=0)], note="\u0007")
)
assert isinstance(wrong, InvalidFieldsOrIdempotencyKeyReusedProblem), wrong
assert wrong.code is InvalidFieldsOrIdempotencyKeyReusedProblemCode.INVALID_FIELDS, wrong
assert [error.field for error in wrong.errors] == ["items[0].quantity", "note"], wrong

tracking = track_order.sync(order.id, client=customer)
assert isinstance(tracking, Tracking), tracking
assert [event.status for event in tracking.events] == [OrderStatus.PLACED], tracking
cancelled = cancel_order.sync(order.id, client=customer, idempotency_key=str(uuid.uuid4()))
assert isinstance(cancelled, Order), cancelled
assert (cancelled.id, cancelled.status) == (order.id, OrderStatus.CANCELLED), cancelled

# Staff say when it is to be restocked, and a run does it.
policy = StockPolicyChange(reorder_point=5, reorder_target=12, reorder_multiple=4, lead_time_days=0)
stock = change_stock_policy.sync(product.id, client=staff, body=policy)
assert isinstance(stock, StockView), stock
assert (stock.available, stock.below_threshold) == (3, True), stock
run = start_restock_run.sync(client=staff, body=NewRun(product_id=product.id), idempotency_key=str(uuid.uuid4()))
assert isinstance(run, RestockRun), run
assert (run.watched, run.received, run.units) == (1, 1, 12), run
print(f"the Python client: {len(seen)} products, order {order.id}, run {run.id}")
