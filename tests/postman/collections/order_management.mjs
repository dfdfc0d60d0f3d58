import {
    allow,
    begin,
    end,
    etag,
    firstPage,
    hasEtag,
    idIs,
    lastPage,
    located,
    noBody,
    replayed,
    rows,
    statusIs,
} from "../shared.mjs";

export const collection = {
    id: "fcd93e72-3fb1-507e-be78-5b0070e98444",
    name: "Order Management",
    description: `Customers order, follow and cancel; staff ship and deliver. Stock is reserved when an order is \
placed and leaves the shelf when it is shipped.

Orders cannot be deleted: those of this run stay behind, finished and without personal data. The \
prices here have two decimals, so the shop's currency must have them too (EUR, USD and most others).`,
    variables: {
        ada_id: "The customer who orders.",
        ada_token: "Ada's session.",
        other_id: "Another customer.",
        other_token: "The other customer's session.",
        mug_id: "A product at 14.50 with 5 on the shelf.",
        jug_id: "A product at 9.90 with 2 on the shelf.",
        order_id: "Ada's first order, which is delivered in the end.",
        order_etag: "That order's ETag as last read.",
        second_order_id: "Ada's second order, which is cancelled.",
        counter_order_id: "An order that staff place for the other customer.",
        new_delivery_date: "A week from now.",
        next_cursor: "Where the next page of a list starts.",
        idempotency_key: "The key of the request that is retried.",
    },
};

export const requests = [
    { folder: "Before", description: "Begins the run: two products and two customers." },
    begin,
    {
        name: "Staff add a mug",
        description: "Five on the shelf.",
        POST: "/products",
        body: { name: "Mug {{run}}", price: "14.50", stock: 5 },
        status: 201,
        keep: { mug_id: "id" },
    },
    {
        name: "Staff add a jug",
        description: "Two on the shelf.",
        POST: "/products",
        body: { name: "Jug {{run}}", price: "9.90", stock: 2 },
        status: 201,
        keep: { jug_id: "id" },
    },
    {
        name: "Ada signs up",
        description: "As a guest: the session of the sign-up is enough to order.",
        POST: "/customers",
        as: "nobody",
        body: { name: "Ada Lovelace {{run}}", email: "ada.{{run}}@example.com", phone: "+44 20 123456" },
        status: 201,
        keep: { ada_id: "id", ada_token: "session.token" },
    },
    {
        name: "Somebody else signs up",
        description: "Who must see nothing of Ada's orders.",
        POST: "/customers",
        as: "nobody",
        body: { name: "Grace Hopper {{run}}", email: "grace.{{run}}@example.com", phone: "555-0100" },
        status: 201,
        keep: { other_id: "id", other_token: "session.token" },
    },
    { folder: "Placing orders", description: "All of an order is kept or nothing of it, and once." },
    {
        name: "Ada orders",
        description:
            "A product that is named twice is one line. The `Idempotency-Key` makes it safe to send the order again " +
            "when the answer is lost.",
        POST: "/orders",
        as: "ada",
        idempotency_key: "new",
        body: {
            items: [
                { product_id: "{{mug_id}}", quantity: 2 },
                { product_id: "{{jug_id}}", quantity: 1 },
                { product_id: "{{mug_id}}", quantity: 1 },
            ],
            shipping_address: "1 Analytical Street\nLondon",
            note: "Please ring twice.",
        },
        status: 201,
        tests: {
            ...located("/orders"),
            ...hasEtag,
            "It is Ada's, placed, and can be cancelled": (order) => {
                pm.expect(order.customer_id).to.eql(Number(pm.collectionVariables.get("ada_id")));
                pm.expect(order.status).to.eql("placed");
                pm.expect(order.allowed_actions).to.eql(["cancel"]);
                pm.expect(order.shipping_address).to.eql("1 Analytical Street\nLondon");
                pm.expect(order.note).to.eql("Please ring twice.");
            },
            "The lines add up to the total": (order) => {
                const [mugs, jugs] = order.items;
                pm.expect(mugs).to.include({ quantity: 3, unit_price: "14.50", total: "43.50" });
                pm.expect(jugs).to.include({ quantity: 1, unit_price: "9.90", total: "9.90" });
                pm.expect(order.items).to.have.lengthOf(2);
                pm.expect(order.total).to.eql("53.40");
            },
            "It is expected on a day that is not before the order": (order) => {
                pm.expect(order.order_date).to.match(/Z$/);
                pm.expect(order.expected_delivery_date).to.match(/^\d{4}-\d\d-\d\d$/);
                pm.expect(order.expected_delivery_date >= order.order_date.slice(0, 10)).to.be.true;
            },
        },
        keep: { order_id: "id" },
    },
    {
        name: "The same request again orders nothing",
        description: "The same key and the same request: one order.",
        POST: "/orders",
        as: "ada",
        idempotency_key: "same",
        body: {
            items: [
                { product_id: "{{mug_id}}", quantity: 2 },
                { product_id: "{{jug_id}}", quantity: 1 },
                { product_id: "{{mug_id}}", quantity: 1 },
            ],
            shipping_address: "1 Analytical Street\nLondon",
            note: "Please ring twice.",
        },
        status: 201,
        tests: {
            ...replayed,
            "It is the same order": idIs("order_id"),
        },
    },
    {
        name: "The key of another order",
        description: "A key names one request.",
        POST: "/orders",
        as: "ada",
        idempotency_key: "same",
        body: { items: [{ product_id: "{{jug_id}}", quantity: 1 }] },
        status: 422,
        code: "idempotency_key_reused",
    },
    {
        name: "More than there is",
        description:
            "Three of the five mugs and one of the two jugs are promised already. Each product that is short is " +
            "named, with what was asked and what is available.",
        POST: "/orders",
        as: "ada",
        body: { items: [{ product_id: "{{mug_id}}", quantity: 3 }, { product_id: "{{jug_id}}", quantity: 2 }] },
        status: 409,
        code: "out_of_stock",
        tests: {
            "Both products are named with their figures": () => {
                const run = pm.collectionVariables.get("run");
                const mug_id = Number(pm.collectionVariables.get("mug_id"));
                const jug_id = Number(pm.collectionVariables.get("jug_id"));
                pm.expect(pm.response.json().products).to.eql([
                    { product_id: mug_id, name: `Mug ${run}`, requested: 3, available: 2 },
                    { product_id: jug_id, name: `Jug ${run}`, requested: 2, available: 1 },
                ]);
            },
        },
    },
    {
        name: "An order at another price than the customer has seen",
        description: "Whoever names what they expect to pay is never charged something else.",
        POST: "/orders",
        as: "ada",
        body: { items: [{ product_id: "{{mug_id}}", quantity: 1 }], expected_total: "0.01" },
        status: 409,
        code: "price_changed",
        tests: {
            "Both totals are named": () => {
                const problem = pm.response.json();
                pm.expect(problem.expected_total).to.eql("0.01");
                pm.expect(Number(problem.total)).to.be.above(0.01);
            },
        },
    },
    {
        name: "Nothing was kept of it",
        description: "Staff see that only Ada's first order has reserved anything.",
        GET: "/products/{{mug_id}}/stock",
        status: 200,
        tests: {
            "Three are reserved and two are available": () =>
                pm.expect(pm.response.json()).to.include({ on_hand: 5, reserved: 3, available: 2 }),
        },
    },
    {
        name: "Ada orders once more",
        description: "Without a key, which is allowed and less safe.",
        POST: "/orders",
        as: "ada",
        body: { items: [{ product_id: "{{jug_id}}", quantity: 1 }] },
        status: 201,
        tests: {
            "It is another order": () =>
                pm.expect(pm.response.json().id).to.not.eql(Number(pm.collectionVariables.get("order_id"))),
        },
        keep: { second_order_id: "id" },
    },
    {
        name: "Every bad field is named at once",
        description: "With its place in the list.",
        POST: "/orders",
        as: "ada",
        body: { items: [{ product_id: "{{mug_id}}", quantity: 0 }, { quantity: 1, colour: "blue" }], note: 7 },
        status: 422,
        fields: [
            "items[0].quantity: invalid_number",
            "items[1].product_id: required",
            "items[1].colour: unknown_field",
            "note: wrong_type",
        ],
    },
    {
        name: "An order of nothing",
        description: "An order has 1 to 100 items.",
        POST: "/orders",
        as: "ada",
        body: { items: [] },
        status: 422,
        fields: ["items: invalid_length"],
    },
    {
        name: "A product that is archived",
        description: "Unknown and archived products are the same here.",
        POST: "/orders",
        as: "ada",
        body: { items: [{ product_id: "{{mug_id}}", quantity: 1 }, { product_id: 9007199254740991, quantity: 1 }] },
        status: 422,
        fields: ["items[1].product_id: unknown_product"],
    },
    {
        name: "An order for somebody else",
        description: "Customers order for themselves.",
        POST: "/orders",
        as: "ada",
        body: { customer_id: "{{other_id}}", items: [{ product_id: "{{mug_id}}", quantity: 1 }] },
        status: 404,
        code: "not_found",
    },
    {
        name: "Ordering without a session",
        description: "Sign up first; `POST /customers` opens a session at once.",
        POST: "/orders",
        as: "nobody",
        body: { items: [{ product_id: "{{mug_id}}", quantity: 1 }] },
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "Staff must say for whom",
        description: "Staff have no customer of their own.",
        POST: "/orders",
        body: { items: [{ product_id: "{{mug_id}}", quantity: 1 }] },
        status: 422,
        fields: ["customer_id: required"],
    },
    {
        name: "Staff order for a customer",
        description: "At the counter or on the telephone.",
        POST: "/orders",
        body: { customer_id: "{{other_id}}", items: [{ product_id: "{{mug_id}}", quantity: 1 }] },
        status: 201,
        tests: {
            "It is that customer's, and staff may ship it": (order) => {
                pm.expect(order.customer_id).to.eql(Number(pm.collectionVariables.get("other_id")));
                pm.expect(order.allowed_actions).to.eql(["cancel", "ship"]);
            },
            "Who takes it down says that it is meant": (order) => pm.expect(order.confirmed_at).to.eql(order.order_date),
        },
        keep: { counter_order_id: "id" },
    },
    {
        name: "Staff confirm an order",
        description: "Somebody behind the counter says that it is meant. Again is the same.",
        POST: "/orders/{{order_id}}/confirm",
        status: 200,
        tests: {
            "It says since when": (order) => pm.expect(order.confirmed_at).to.be.a("string"),
            "What is left is to ship it, or not": (order) => pm.expect(order.allowed_actions).to.eql(["cancel", "ship"]),
        },
    },
    {
        name: "Whom to telephone",
        description: "Guests' orders that nobody has confirmed; `confirmed=false` lists those of accounts too.",
        GET: "/orders?to_confirm=true&customer_id={{other_id}}",
        status: 200,
        tests: {
            "The order from the counter is confirmed": () => pm.expect(pm.response.json().data).to.eql([]),
        },
    },
    {
        name: "A body of another type than JSON",
        description: "Bodies are `application/json`.",
        POST: "/orders",
        as: "ada",
        headers: { "Content-Type": "text/plain" },
        body: "two mugs, please",
        status: 415,
        code: "unsupported_media_type",
    },
    { folder: "Reading orders", description: "Customers see their own orders; staff see all." },
    {
        name: "Ada reads her order",
        description: "The same as the answer to placing it.",
        GET: "/orders/{{order_id}}",
        as: "ada",
        status: 200,
        tests: {
            ...hasEtag,
            "It is the order": (order) => {
                pm.expect(order.id).to.eql(Number(pm.collectionVariables.get("order_id")));
                pm.expect(order.total).to.eql("53.40");
            },
        },
        keep: { order_etag: etag },
    },
    {
        name: "Nothing has changed since",
        description: "With `If-None-Match` an unchanged order is not sent again.",
        GET: "/orders/{{order_id}}",
        as: "ada",
        headers: { "If-None-Match": "{{order_etag}}" },
        status: 304,
        tests: noBody,
    },
    {
        name: "Somebody else's order",
        description: "Not found, as if it did not exist.",
        GET: "/orders/{{order_id}}",
        as: "other",
        status: 404,
        code: "not_found",
    },
    {
        name: "Without a session",
        description: "Nobody reads an order without logging in.",
        GET: "/orders/{{order_id}}",
        as: "nobody",
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "Ada's orders, the newest first, page by page",
        description: "`next` is the cursor of the next page.",
        GET: "/orders?limit=1",
        as: "ada",
        status: 200,
        tests: { "The second order comes first, and there is more": firstPage("second_order_id") },
        keep: { next_cursor: "next" },
    },
    {
        name: "The next page",
        description: "The last page has `next: null`.",
        GET: "/orders?limit=1&after={{next_cursor}}",
        as: "ada",
        status: 200,
        tests: { "The first order is the last": lastPage("order_id") },
    },
    {
        name: "The oldest first",
        description: "Sorted the other way round, and only those that are placed.",
        GET: "/orders?sort=order_date&status=placed",
        as: "ada",
        status: 200,
        tests: {
            "Both orders are there, with their lines": () => {
                const orders = pm.response.json().data;
                pm.expect(orders.map((order) => order.id)).to.eql([
                    Number(pm.collectionVariables.get("order_id")),
                    Number(pm.collectionVariables.get("second_order_id")),
                ]);
                pm.expect(orders[0].items).to.have.lengthOf(2);
            },
        },
    },
    {
        name: "Parameters that cannot be",
        description: "All of them are named at once.",
        GET: "/orders?status=stolen&from=yesterday&limit=1000&sort=total",
        as: "ada",
        status: 422,
        fields: ["status: invalid_status", "from: invalid_time", "limit: invalid_number", "sort: invalid_sort"],
    },
    {
        name: "Staff list one customer's orders",
        description: "Or all of them, without `customer_id`.",
        GET: "/orders?customer_id={{other_id}}",
        status: 200,
        tests: {
            "The order from the counter is there": rows("counter_order_id"),
            "Staff may ship it": () =>
                pm.expect(pm.response.json().data[0].allowed_actions).to.eql(["cancel", "ship"]),
        },
    },
    {
        name: "The orders of a day",
        description: "`from` and `to` take times, or days of the shop's zone: from the start of one to the end of the other.",
        GET: "/orders?customer_id={{ada_id}}&from=2020-01-01&to=2020-12-31",
        status: 200,
        tests: { "There were none yet": () => pm.expect(pm.response.json().data).to.eql([]) },
    },
    {
        name: "Staff find an order by a name",
        description: "`q` is looked for in the customer's name and e-mail address, or is the order's number.",
        GET: "/orders?q=grace.{{run}}&status=placed",
        status: 200,
        tests: { "The order from the counter is there": rows("counter_order_id") },
    },
    {
        name: "Who bought the mug",
        description: "Only orders that hold this product.",
        GET: "/orders?product_id={{mug_id}}&customer_id={{ada_id}}",
        status: 200,
        tests: { "Ada did, twice at most": (page) => pm.expect(page.data.length).to.be.within(1, 2) },
    },
    {
        name: "A customer's orders",
        description: "The same list, by way of the customer.",
        GET: "/customers/{{ada_id}}/orders",
        status: 200,
        tests: { "Ada has two": () => pm.expect(pm.response.json().data).to.have.lengthOf(2) },
    },
    {
        name: "Track an order",
        description: "Status, dates and the dated events.",
        GET: "/orders/{{order_id}}/track",
        as: "ada",
        status: 200,
        tests: {
            "It is placed and nothing else": (tracking) => {
                pm.expect(tracking.order_id).to.eql(Number(pm.collectionVariables.get("order_id")));
                pm.expect(tracking.status).to.eql("placed");
                pm.expect(tracking.carrier).to.be.null;
                pm.expect(tracking.events.map((event) => event.status)).to.eql(["placed"]);
                pm.expect(tracking.events[0].at).to.eql(tracking.order_date);
            },
        },
    },
    {
        name: "Tracking somebody else's order",
        description: "Not found.",
        GET: "/orders/{{order_id}}/track",
        as: "other",
        status: 404,
        code: "not_found",
    },
    {
        name: "No such order",
        description: "For staff, who could see all.",
        GET: "/orders/9223372036854775807",
        status: 404,
        code: "not_found",
    },
    {
        name: "Orders are not deleted",
        description: "They are cancelled. `Allow` names the methods that there are.",
        DELETE: "/orders/{{order_id}}",
        status: 405,
        code: "method_not_allowed",
        tests: { "Allow names the others": allow("GET, PATCH, HEAD, OPTIONS") },
    },
    {
        folder: "Shipping and delivering",
        description:
            "For staff: placed → shipped → delivered; a parcel may also be lost or returned. Asking again for a step " +
            "that was taken answers with the order as it is.",
    },
    {
        name: "A later delivery",
        description:
            "Staff expect it a week from now. `If-Match` makes sure that they have seen the order as it is; staff " +
            "see who confirmed it, which Ada does not, so their `ETag` is another one too, and `*` stands for any.",
        PATCH: "/orders/{{order_id}}",
        headers: { "If-Match": "*" },
        body: { expected_delivery_date: "{{new_delivery_date}}" },
        before: () => {
            const week = new Date(Date.now() + 7 * 24 * 3600 * 1000);
            pm.collectionVariables.set("new_delivery_date", week.toISOString().slice(0, 10));
        },
        status: 200,
        tests: {
            "The date is new": (order) => {
                pm.expect(order.expected_delivery_date).to.eql(pm.collectionVariables.get("new_delivery_date"));
            },
        },
    },
    {
        name: "A delivery before the order",
        description: "Nothing arrives before it is ordered.",
        PATCH: "/orders/{{order_id}}",
        body: { expected_delivery_date: "2020-01-01" },
        status: 422,
        fields: ["expected_delivery_date: before_order_date"],
    },
    {
        name: "A date with an old ETag",
        description: "The order has changed since.",
        PATCH: "/orders/{{order_id}}",
        headers: { "If-Match": "{{order_etag}}" },
        body: { expected_delivery_date: "{{new_delivery_date}}" },
        status: 412,
        code: "precondition_failed",
    },
    {
        name: "Customers do not set dates",
        description: "For staff only.",
        PATCH: "/orders/{{order_id}}",
        as: "ada",
        body: { expected_delivery_date: "2999-12-31" },
        status: 403,
        code: "forbidden",
    },
    {
        name: "Ada corrects her address",
        description: "While it is placed; the history says that it was corrected, and never what stood there.",
        PATCH: "/orders/{{order_id}}",
        as: "ada",
        body: { shipping_address: "14 St James's Square\nLondon SW1Y 4JH", note: "Ring twice." },
        status: 200,
        tests: {
            "It is the new one": (order) => {
                pm.expect(order.shipping_address).to.contain("14 St James's Square");
                pm.expect(order.note).to.eql("Ring twice.");
            },
        },
    },
    {
        name: "Customers do not ship",
        description: "For staff only.",
        POST: "/orders/{{order_id}}/ship",
        as: "ada",
        body: {},
        status: 403,
        code: "forbidden",
    },
    {
        name: "Shipping an order that was read before a change",
        description: "`If-Match` works with every step: nothing is done to another version than the one that was seen.",
        POST: "/orders/{{order_id}}/ship",
        headers: { "If-Match": "{{order_etag}}" },
        body: {},
        status: 412,
        code: "precondition_failed",
    },
    {
        name: "Delivering what is not shipped",
        description: "One step after the other.",
        POST: "/orders/{{order_id}}/deliver",
        status: 409,
        code: "order_state",
    },
    {
        name: "Ship it",
        description: "The goods leave the shelf. Carrier and tracking number are optional.",
        POST: "/orders/{{order_id}}/ship",
        body: { carrier: "Royal Mail", tracking_number: "RR123456798GB" },
        status: 200,
        tests: {
            "It is shipped and can be delivered": (order) => {
                pm.expect(order.status).to.eql("shipped");
                pm.expect(order.carrier).to.eql("Royal Mail");
                pm.expect(order.tracking_number).to.eql("RR123456798GB");
                pm.expect(order.allowed_actions).to.eql(["deliver", "lost", "returned"]);
            },
        },
    },
    {
        name: "Correct the tracking number",
        description: "Two digits were swapped. The history keeps the old number.",
        PATCH: "/orders/{{order_id}}",
        body: { tracking_number: "RR123456789GB" },
        status: 200,
        tests: {
            "It is the new one": (order) => pm.expect(order.tracking_number).to.eql("RR123456789GB"),
        },
    },
    {
        name: "Too late for another address",
        description: "The answer says what can still be changed, and by whom.",
        PATCH: "/orders/{{order_id}}",
        as: "ada",
        body: { shipping_address: "16 St James's Square" },
        status: 409,
        code: "order_state",
    },
    {
        name: "Find it by its parcel",
        description: "Exactly by the carrier's number.",
        GET: "/orders?tracking_number=RR123456789GB&customer_id={{ada_id}}",
        status: 200,
        tests: { "It is the one": rows("order_id") },
    },
    {
        name: "Ship it again",
        description: "The same request changes nothing: a retry is safe.",
        POST: "/orders/{{order_id}}/ship",
        body: { carrier: "Royal Mail", tracking_number: "RR123456789GB" },
        status: 200,
        tests: { "It is shipped": statusIs("shipped") },
    },
    {
        name: "Ship it with somebody else",
        description: "A parcel is sent once.",
        POST: "/orders/{{order_id}}/ship",
        body: { carrier: "Another Mail" },
        status: 409,
        code: "order_state",
    },
    {
        name: "The goods have left the shelf",
        description:
            "On hand and reserved have gone down together. The other mug that is reserved is for the order from the " +
            "counter.",
        GET: "/products/{{mug_id}}/stock",
        status: 200,
        tests: {
            "Two are on hand, one of them reserved": () =>
                pm.expect(pm.response.json()).to.include({ on_hand: 2, reserved: 1, available: 1 }),
        },
    },
    {
        name: "Too late to cancel",
        description: "It is on its way.",
        POST: "/orders/{{order_id}}/cancel",
        as: "ada",
        status: 409,
        code: "order_state",
    },
    {
        name: "Ada cannot leave while orders are under way",
        description: "They are named, so that they can be delivered or cancelled first.",
        DELETE: "/customers/{{ada_id}}",
        as: "ada",
        status: 409,
        code: "customer_has_open_orders",
        tests: {
            "Both orders are named": () => {
                pm.expect(pm.response.json().order_ids).to.have.members([
                    Number(pm.collectionVariables.get("order_id")),
                    Number(pm.collectionVariables.get("second_order_id")),
                ]);
            },
        },
    },
    {
        name: "Deliver it",
        description: "The end of the way.",
        POST: "/orders/{{order_id}}/deliver",
        status: 200,
        tests: {
            "It is delivered and can be taken back for a day": () => {
                pm.expect(pm.response.json().status).to.eql("delivered");
                pm.expect(pm.response.json().allowed_actions).to.eql(["reopen"]);
            },
        },
    },
    {
        name: "Deliver it again",
        description: "Changes nothing.",
        POST: "/orders/{{order_id}}/deliver",
        status: 200,
        tests: { "It is delivered": statusIs("delivered") },
    },
    {
        name: "Take the delivery back",
        description: "A manager, within 24 hours: it was another parcel.",
        POST: "/orders/{{order_id}}/reopen",
        status: 200,
        tests: { "It is under way again": statusIs("shipped") },
    },
    {
        name: "Customers take nothing back",
        description: "For managers only.",
        POST: "/orders/{{order_id}}/reopen",
        as: "ada",
        status: 403,
        code: "forbidden",
    },
    {
        name: "It is lost",
        description: "No stock moves, and the order is open no longer. The note is for staff.",
        POST: "/orders/{{order_id}}/lost",
        body: { note: "Not at the depot, says the carrier." },
        status: 200,
        tests: {
            "It may still turn up": (order) => {
                pm.expect(order.status).to.eql("lost");
                pm.expect(order.allowed_actions).to.eql(["deliver", "reopen", "returned"]);
            },
        },
    },
    {
        name: "It came back",
        description: "What can be sold again is booked as a movement with the reason `return`.",
        POST: "/orders/{{order_id}}/returned",
        body: {},
        status: 200,
        tests: { "It is returned": statusIs("returned") },
    },
    {
        name: "What came back is not lost",
        description: "Only the parcel of a shipped order can be lost.",
        POST: "/orders/{{order_id}}/lost",
        body: {},
        status: 409,
        code: "order_state",
    },
    {
        name: "It was another parcel after all",
        description: "What was said is taken back once more, and the right one delivered.",
        POST: "/orders/{{order_id}}/reopen",
        status: 200,
        tests: { "It is under way again": statusIs("shipped") },
    },
    {
        name: "Now it is delivered",
        description: "The end of the way.",
        POST: "/orders/{{order_id}}/deliver",
        status: 200,
        tests: { "It is delivered": statusIs("delivered") },
    },
    {
        name: "Track the whole way",
        description: "Each step and each correction has its time; staff alone see the note.",
        GET: "/orders/{{order_id}}/track",
        as: "ada",
        status: 200,
        tests: {
            "It was placed, shipped and delivered, and more, in that order": (tracking) => {
                const steps = tracking.events.filter((event) => !event.correction);
                pm.expect(steps.map((event) => event.status)).to.eql([
                    "placed", "shipped", "delivered", "shipped", "lost", "returned", "shipped", "delivered",
                ]);
                const correction = tracking.events.find((event) => event.correction?.field === "tracking_number");
                pm.expect(correction.correction).to.include({ old: "RR123456798GB", new: "RR123456789GB" });
                const times = tracking.events.map((event) => event.at);
                pm.expect(times).to.eql([...times].sort());
                pm.expect(tracking.carrier).to.eql("Royal Mail");
                pm.expect(tracking.tracking_number).to.eql("RR123456789GB");
            },
        },
    },
    {
        name: "No date for what has arrived",
        description: "Only an order under way has a delivery to expect.",
        PATCH: "/orders/{{order_id}}",
        body: { expected_delivery_date: "2999-12-31" },
        status: 409,
        code: "order_state",
    },
    {
        folder: "Cancelling",
        description: "Before shipping only. Bonus Features shows what cancelling does to the stock.",
    },
    {
        name: "Somebody else cannot cancel it",
        description: "Not found.",
        POST: "/orders/{{second_order_id}}/cancel",
        as: "other",
        status: 404,
        code: "not_found",
    },
    {
        name: "Ada cancels her second order",
        description: "No body is needed.",
        POST: "/orders/{{second_order_id}}/cancel",
        as: "ada",
        status: 200,
        tests: {
            "It is cancelled and nothing is left to do": () => {
                pm.expect(pm.response.json().status).to.eql("cancelled");
                pm.expect(pm.response.json().allowed_actions).to.eql([]);
            },
        },
    },
    {
        name: "Cancel it again",
        description: "Changes nothing: a retry is safe.",
        POST: "/orders/{{second_order_id}}/cancel",
        as: "ada",
        status: 200,
        tests: { "It is cancelled": statusIs("cancelled") },
    },
    {
        name: "A cancelled order is not shipped",
        description: "It has nothing reserved any more.",
        POST: "/orders/{{second_order_id}}/ship",
        status: 409,
        code: "order_state",
    },
    {
        name: "Staff cancel the order from the counter",
        description: "Staff may cancel any placed order.",
        POST: "/orders/{{counter_order_id}}/cancel",
        status: 200,
        tests: { "It is cancelled": statusIs("cancelled") },
    },
    {
        folder: "What orders keep",
        description:
            "Names and prices are frozen in the lines. Products can be archived and customers can leave; the orders " +
            "still add up. This also removes what the run has made.",
    },
    {
        name: "The mug gets dearer",
        description: "After it was ordered.",
        PATCH: "/products/{{mug_id}}",
        body: { name: "Golden mug {{run}}", price: "99.00" },
        status: 200,
        tests: { "It costs 99.00": () => pm.expect(pm.response.json().price).to.eql("99.00") },
    },
    {
        name: "The mug is archived",
        description: "Cleans up.",
        DELETE: "/products/{{mug_id}}",
        status: 204,
    },
    {
        name: "The jug is archived",
        description: "Cleans up.",
        DELETE: "/products/{{jug_id}}",
        status: 204,
    },
    {
        name: "What is archived cannot be ordered",
        description: "As if it did not exist.",
        POST: "/orders",
        as: "ada",
        body: { items: [{ product_id: "{{mug_id}}", quantity: 1 }] },
        status: 422,
        fields: ["items[0].product_id: unknown_product"],
    },
    {
        name: "Ada's order is as it was",
        description: "With the name and the price of the day on which it was placed.",
        GET: "/orders/{{order_id}}",
        as: "ada",
        status: 200,
        tests: {
            "The lines have not changed": () => {
                const [mugs] = pm.response.json().items;
                pm.expect(mugs).to.include({ name: `Mug ${pm.collectionVariables.get("run")}`, unit_price: "14.50" });
                pm.expect(pm.response.json().total).to.eql("53.40");
            },
        },
    },
    {
        name: "Ada leaves",
        description: "All her orders are finished, so her personal data can go.",
        DELETE: "/customers/{{ada_id}}",
        as: "ada",
        status: 204,
    },
    {
        name: "The other customer leaves",
        description: "Cleans up.",
        DELETE: "/customers/{{other_id}}",
        as: "other",
        status: 204,
    },
    {
        name: "The order stays, without personal data",
        description: "The shop's books need it.",
        GET: "/orders/{{order_id}}",
        status: 200,
        tests: {
            "It still adds up, and nobody can be told from it": (order) => {
                pm.expect(order.total).to.eql("53.40");
                pm.expect(order).to.include({ shipping_address: null, note: null, tracking_number: null });
            },
        },
    },
    end,
];
