import {
    allow,
    begin,
    end,
    etag,
    hasEtag,
    header,
    idIs,
    located,
    noBody,
    replayed,
    rows,
    statusIs,
} from "../shared.mjs";

export const collection = {
    id: "01d7f52e-3536-5f0b-aa41-2155b5233d99",
    name: "Bonus Features",
    description: `Stock with its ledger, stock takes, restocking with its reasons, what cancelling does to the stock, and the \
service itself.

Restock runs are started for this run's own products only, never for the whole shop. Orders, \
restock runs and purchase orders cannot be deleted: those of this run stay behind, finished; a supplier stays archived. \
Runs are expected to order by themselves, as they do unless \`STOREKEEPER_RESTOCK_APPROVAL\` says otherwise.`,
    variables: {
        customer_id: "A customer, who orders, and to see what customers may not do.",
        customer_token: "That customer's session.",
        candle_id: "A product with 10 on the shelf and a lead time of a week.",
        soap_id: "A product with nothing on the shelf and no lead time.",
        import_id: "A file with a product.",
        teapot_id: "A product of a category of its own, which is counted.",
        stock_take_id: "A stock take of that category.",
        cancelled_take_id: "One that is called off.",
        earlier: "A moment before the teapots were counted.",
        stock_etag: "The ETag of the candle's stock as last read.",
        before_count: "A moment between two movements.",
        run_id: "A restock run.",
        purchase_order_id: "A purchase order.",
        later_day: "A week from now.",
        other_order_id: "A draft that was split off.",
        order_id: "A customer's order of candles.",
        movement_id: "A movement whose note names the customer.",
        supplier_id: "Of whom the soap is bought for a while.",
        key_id: "A program's key.",
        key_token: "Its secret.",
        webhook_id: "The webhook that the collection makes.",
        webhook_position: "The number of the last event before it.",
        position: "How far the feed of events was read.",
        followed_id: "A product whose addition is read in the feed.",
        verification_id: "A proof of the books.",
        staff_id: "The staff account of the environment.",
        next_cursor: "Where the next page of a list starts.",
        idempotency_key: "The key of the request that is retried.",
    },
};

export const requests = [
    { folder: "Before", description: "Begins the run: two products and a customer." },
    begin,
    {
        name: "Staff add a candle",
        description: "Ten on the shelf.",
        POST: "/products",
        body: { sku: "CND-{{run}}", name: "Beeswax candle {{run}}", price: "7.90", stock: 10 },
        status: 201,
        keep: { candle_id: "id" },
    },
    {
        name: "Staff add a soap",
        description: "None on the shelf.",
        POST: "/products",
        body: { sku: "SOP-{{run}}", name: "Olive soap {{run}}", price: "5.90" },
        status: 201,
        keep: { soap_id: "id" },
    },
    {
        name: "A customer signs up",
        description: "As a guest.",
        POST: "/customers",
        as: "nobody",
        body: { name: "Ada Lovelace {{run}}", email: "ada.{{run}}@example.com", phone: "+44 20 123456" },
        status: 201,
        keep: { customer_id: "id", customer_token: "session.token" },
    },
    {
        folder: "Stock",
        description: "The figures of a shelf, and the ledger in which every unit has a line. For staff.",
    },
    {
        name: "The stock of a product",
        description:
            "On hand, reserved, available and incoming, the rule for restocking, and a forecast from past orders, with what it rests on.",
        GET: "/products/{{candle_id}}/stock",
        status: 200,
        tests: {
            "Ten are on hand and nothing is promised or on its way": (stock) => {
                pm.expect(stock).to.include({ on_hand: 10, reserved: 0, available: 10, incoming: 0 });
                pm.expect(stock).to.include({ reorder_point: null, reorder_multiple: 1, below_threshold: false });
                pm.expect(stock.forecast).to.include({ method: "none", days_of_cover: null });
            },
        },
        keep: { stock_etag: etag },
    },
    {
        name: "Nothing has changed since",
        description: "With `If-None-Match` unchanged figures are not sent again.",
        GET: "/products/{{candle_id}}/stock",
        headers: { "If-None-Match": "{{stock_etag}}" },
        status: 304,
        tests: noBody,
    },
    {
        name: "Two candles break",
        description:
            "A movement is the only way to change the units. `damaged` and `lost` take away, `return` and `found` " +
            "add, `stock_take` is a count, and a `correction` is any of them and needs a note.",
        POST: "/products/{{candle_id}}/stock/movements",
        idempotency_key: "new",
        body: { delta: -2, reason: "damaged", note: "Dropped on the way to the shelf." },
        status: 201,
        tests: {
            "The ledger has a line with the balance and who wrote it": (movement) => {
                pm.expect(movement).to.include({ delta: -2, balance_after: 8, reason: "damaged", sequence: 2 });
                pm.expect(movement.note).to.eql("Dropped on the way to the shelf.");
                const staff = pm.environment.get("staff_username");
                pm.expect(movement.actor.username.toLowerCase()).to.eql(staff.toLowerCase());
                pm.expect(pm.response.headers.get("Location")).to.match(/^\/products\/\d+\/stock\/movements$/);
            },
        },
        keep: { before_count: "at" },
    },
    {
        name: "The same request again breaks no more",
        description: "A retry with the same `Idempotency-Key` writes no second line.",
        POST: "/products/{{candle_id}}/stock/movements",
        idempotency_key: "same",
        body: { delta: -2, reason: "damaged", note: "Dropped on the way to the shelf." },
        status: 201,
        tests: {
            ...replayed,
            "It is the same line": () => pm.expect(pm.response.json()).to.include({ sequence: 2, balance_after: 8 }),
        },
    },
    {
        name: "The key of another movement",
        description: "A key names one request.",
        POST: "/products/{{candle_id}}/stock/movements",
        idempotency_key: "same",
        body: { delta: -1, reason: "damaged" },
        status: 422,
        code: "idempotency_key_reused",
    },
    {
        name: "A stock take",
        description:
            "`counted` is what is there; the shop works out the difference. With `expected_on_hand` it is refused " +
            "when something moved meanwhile.",
        POST: "/products/{{candle_id}}/stock/movements",
        body: { counted: 9, expected_on_hand: 8, reason: "stock_take" },
        status: 201,
        tests: {
            "One more was found": () =>
                pm.expect(pm.response.json()).to.include({ delta: 1, balance_after: 9, reason: "stock_take" }),
        },
    },
    {
        name: "A count of a shelf that has changed",
        description: "Eight were expected, but nine are there by now.",
        POST: "/products/{{candle_id}}/stock/movements",
        body: { counted: 7, expected_on_hand: 8, reason: "stock_take" },
        status: 409,
        code: "stock_changed",
        tests: { "What is there is told": () => pm.expect(pm.response.json().on_hand).to.eql(9) },
    },
    {
        name: "More than the shelf holds",
        description: "Less than nothing cannot be left.",
        POST: "/products/{{candle_id}}/stock/movements",
        body: { delta: -10, reason: "damaged" },
        status: 409,
        code: "stock_limit",
        tests: { "What is there is told": () => pm.expect(pm.response.json().on_hand).to.eql(9) },
    },
    {
        name: "A movement that says too much",
        description: "Either `delta` or `counted`; and `sale` is a reason that only the shop itself writes.",
        POST: "/products/{{candle_id}}/stock/movements",
        body: { delta: -1, counted: 8, reason: "sale" },
        status: 422,
        fields: ["delta: delta_or_counted", "counted: delta_or_counted", "reason: invalid_reason"],
    },
    {
        name: "Damage that adds",
        description: "A reason and its sign belong together.",
        POST: "/products/{{candle_id}}/stock/movements",
        body: { delta: 7, reason: "damaged" },
        status: 422,
        fields: ["delta: wrong_sign"],
    },
    {
        name: "A correction without a word",
        description: "Whoever puts the ledger right says why.",
        POST: "/products/{{candle_id}}/stock/movements",
        body: { delta: 1, reason: "correction" },
        status: 422,
        fields: ["note: required"],
    },
    {
        name: "A movement of nothing",
        description: "A count that confirms the shelf is sent as `counted`.",
        POST: "/products/{{candle_id}}/stock/movements",
        body: { delta: 0, reason: "correction", note: "Nothing." },
        status: 422,
        fields: ["delta: zero"],
    },
    {
        name: "A movement by a customer",
        description: "For staff only.",
        POST: "/products/{{candle_id}}/stock/movements",
        as: "customer",
        body: { delta: 100, reason: "correction" },
        status: 403,
        code: "forbidden",
    },
    {
        name: "The ledger, the newest first, page by page",
        description: "Lines are added and never changed.",
        GET: "/products/{{candle_id}}/stock/movements?limit=2",
        status: 200,
        tests: {
            "The stock take and the damage are there, and there is more": (page) => {
                pm.expect(page.data.map((movement) => movement.reason)).to.eql(["stock_take", "damaged"]);
                pm.expect(page.next).to.be.a("string");
            },
        },
        keep: { next_cursor: "next" },
    },
    {
        name: "The beginning of the ledger",
        description: "The first line is what the product was added with.",
        GET: "/products/{{candle_id}}/stock/movements?limit=2&after={{next_cursor}}",
        status: 200,
        tests: {
            "Ten were there at first": (page) => {
                pm.expect(page.data).to.have.lengthOf(1);
                pm.expect(page.data[0]).to.include({ sequence: 1, delta: 10, balance_after: 10, reason: "initial" });
                pm.expect(page.next).to.be.null;
            },
        },
    },
    {
        name: "The ledger of the whole shop",
        description: "Every change of any product, by who made it, why and when; here of the candle.",
        GET: "/stock/movements?product_id={{candle_id}}&reason=stock_take",
        status: 200,
        tests: {
            "The count is there": (page) => pm.expect(page.data.map((movement) => movement.delta)).to.eql([1]),
        },
    },
    {
        name: "Lines of one reason",
        description: "`from` and `to` narrow it down further.",
        GET: "/products/{{candle_id}}/stock/movements?reason=damaged",
        status: 200,
        tests: {
            "There is one": () => pm.expect(pm.response.json().data.map((movement) => movement.delta)).to.eql([-2]),
        },
    },
    {
        name: "The stock at a past moment",
        description: "Between the damage and the stock take.",
        GET: "/products/{{candle_id}}/stock?as_of={{before_count}}",
        status: 200,
        tests: { "Eight were on hand": () => pm.expect(pm.response.json()).to.include({ on_hand: 8, available: 8 }) },
    },
    {
        name: "The stock at a moment to come",
        description: "Nobody knows.",
        GET: "/products/{{candle_id}}/stock?as_of=9999-01-01T00:00:00Z",
        status: 422,
        fields: ["as_of: in_the_future"],
    },
    {
        name: "What the stock has cost",
        description:
            "By category and in total, at the average of what each product has cost. With `as_of` as it was at a moment. " +
            "For managers.",
        GET: "/stock/value",
        status: 200,
        tests: {
            "The categories come to the total, and the ten that nobody knows the cost of are in it": (value) => {
                const units = value.categories.reduce((sum, category) => sum + category.units, 0);
                pm.expect(units).to.eql(value.total.units);
                pm.expect(value.total.value).to.match(/^\d+\.?\d*$/);
                pm.expect(value.total.units_without_value).to.be.at.least(1);
            },
        },
    },
    {
        name: "What was on hand over time",
        description: "The points of a graph, at most 200 however long the ledger is.",
        GET: "/products/{{candle_id}}/stock/history",
        status: 200,
        tests: {
            "Each movement is one, as long as they are few": (history) => {
                pm.expect(history.every).to.eql(1);
                pm.expect(history.points.length).to.eql(history.movements);
            },
        },
    },
    {
        name: "The days of a forecast",
        description: "Those that the last run has summed up. Of a product that was added today there are none.",
        GET: "/products/{{candle_id}}/stock/demand",
        status: 200,
        tests: { "No day is over yet": (demand) => pm.expect(demand.days).to.eql([]) },
    },
    {
        name: "What is sold out first",
        description: "The stock in the order of how long it lasts, of this run.",
        GET: "/stock?sort=cover&q={{run}}",
        status: 200,
        tests: {
            "Each says for how long": (list) =>
                list.data.forEach((stock) => pm.expect(stock).to.have.property("days_of_cover")),
        },
    },
    {
        name: "What the stock has cost, for a customer",
        description: "What things cost is for managers to know.",
        GET: "/stock/value",
        as: "customer",
        status: 403,
        code: "forbidden",
    },
    {
        name: "A cost of units that went",
        description: "They go at the average. `unit_cost` is what one of those that came has cost.",
        POST: "/products/{{candle_id}}/stock/movements",
        body: { delta: -1, reason: "damaged", unit_cost: "7.95" },
        status: 422,
        fields: ["unit_cost: only_with_units_that_came"],
    },
    {
        name: "The stock of nothing",
        description: "There is no such product.",
        GET: "/products/9223372036854775807/stock",
        status: 404,
        code: "not_found",
    },
    {
        name: "The stock, for a customer",
        description: "Customers see `in_stock` in the catalogue, and no more.",
        GET: "/products/{{candle_id}}/stock",
        as: "customer",
        status: 403,
        code: "forbidden",
    },
    {
        name: "The stock, without a session",
        description: "Log in first.",
        GET: "/stock",
        as: "nobody",
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "Stock is not replaced",
        description: "It moves. `Allow` names the methods that there are.",
        PUT: "/products/{{candle_id}}/stock",
        body: { on_hand: 100 },
        status: 405,
        code: "method_not_allowed",
        tests: { "Allow names the others": allow("GET, PATCH, HEAD, OPTIONS") },
    },
    {
        folder: "Stock takes",
        description:
            "The shelves are counted while the shop goes on, by several people at once. What was counted is booked as " +
            "the difference to what the ledger said at the moment of the count. For staff.",
    },
    {
        name: "Staff add a teapot",
        description: "Five on the shelf, alone in their category.",
        POST: "/products",
        body: { sku: "TPT-{{run}}", name: "Teapot {{run}}", price: "29.00", category: "Teapots {{run}}", shelf: "T {{run}}", stock: 5 },
        status: 201,
        keep: { teapot_id: "id" },
    },
    {
        name: "Open a stock take",
        description: "Over the active products of a category. Without one, and without a shelf, over all of them.",
        POST: "/stock_takes",
        idempotency_key: "new",
        body: { category: "Teapots {{run}}", note: "With the new scanner." },
        status: 201,
        tests: {
            ...located("/stock_takes"),
            "It is open, and nothing is counted": (take) => {
                pm.expect(take).to.include({ status: "open", products: 1, counted: 0 });
                pm.expect(take.allowed_actions).to.eql(["counts", "book", "cancel"]);
            },
        },
        keep: { stock_take_id: "id" },
    },
    {
        name: "Open it again",
        description: "As when the answer did not arrive: under the same key it is the same stock take.",
        POST: "/stock_takes",
        idempotency_key: "same",
        body: { category: "Teapots {{run}}", note: "With the new scanner." },
        status: 201,
        tests: { ...replayed, "It is the same": idIs("stock_take_id") },
    },
    {
        name: "A category that there is not",
        description: "Nothing is opened over no products.",
        POST: "/stock_takes",
        body: { category: "No teapots {{run}}" },
        status: 422,
        fields: ["category: no_products"],
    },
    {
        name: "The stock takes that are open",
        description: "The newest first, without their figures.",
        GET: "/stock_takes?status=open&limit=100",
        status: 200,
        tests: {
            "It is among them": (page) => {
                const id = Number(pm.collectionVariables.get("stock_take_id"));
                pm.expect(page.data.map((take) => take.id)).to.include(id);
            },
        },
    },
    {
        name: "Scan two",
        description: "Each scan is one more, whoever scans. A code is a SKU or a barcode.",
        POST: "/stock_takes/{{stock_take_id}}/counts",
        idempotency_key: "new",
        body: { counts: [{ code: "TPT-{{run}}", add: 1 }, { code: "TPT-{{run}}", add: 1 }] },
        status: 200,
        tests: {
            "Both count": (answer) => {
                pm.expect(answer.counts.map((count) => count.outcome)).to.eql(["counted", "counted"]);
                pm.expect(answer.counts[1].line).to.include({ counted: 2, expected: 5, difference: -3 });
            },
        },
    },
    {
        name: "Take the count back",
        description: "The product is not counted any more.",
        DELETE: "/stock_takes/{{stock_take_id}}/counts/{{teapot_id}}",
        status: 204,
        tests: noBody,
    },
    {
        name: "Count four",
        description: "One is missing.",
        POST: "/stock_takes/{{stock_take_id}}/counts",
        body: { counts: [{ product_id: "{{teapot_id}}", counted: 4 }] },
        status: 200,
        tests: { "It counts": (answer) => pm.expect(answer.counts[0].outcome).to.eql("counted") },
    },
    {
        name: "An earlier count comes late",
        description: "As of a scanner that was out of reach: of two counts the later one stands.",
        POST: "/stock_takes/{{stock_take_id}}/counts",
        before: () => {
            const earlier = new Date(Date.now() - 30000).toISOString();
            pm.collectionVariables.set("earlier", earlier);
        },
        body: { counts: [{ product_id: "{{teapot_id}}", counted: 5, counted_at: "{{earlier}}" }] },
        status: 200,
        tests: {
            "Four are counted": (answer) => {
                pm.expect(answer.counts[0].outcome).to.eql("superseded");
                pm.expect(answer.counts[0].line.counted).to.eql(4);
            },
        },
    },
    {
        name: "A count of tomorrow",
        description: "Refused: nobody has counted that yet.",
        POST: "/stock_takes/{{stock_take_id}}/counts",
        body: { counts: [{ product_id: "{{teapot_id}}", counted: 5, counted_at: "9999-01-01T00:00:00Z" }] },
        status: 422,
        fields: ["counts[0].counted_at: in_the_future"],
    },
    {
        name: "A count of what somebody else has counted",
        description: "Refused: whoever sent it had read that nobody has counted it.",
        POST: "/stock_takes/{{stock_take_id}}/counts",
        body: { counts: [{ product_id: "{{teapot_id}}", counted: 5, last_counted_at: null }] },
        status: 422,
        fields: ["counts[0].last_counted_at: counted_meanwhile"],
    },
    {
        name: "What differs",
        description: "By shelf, then by SKU, with what the ledger says of the moment of the count.",
        GET: "/stock_takes/{{stock_take_id}}/lines?different=true",
        status: 200,
        tests: {
            "One teapot is missing": (page) => {
                pm.expect(page.data.length).to.eql(1);
                pm.expect(page.data[0]).to.include({ counted: 4, expected: 5, difference: -1, obstacle: null });
            },
        },
    },
    {
        name: "A note",
        description: "What is to be known of it.",
        PATCH: "/stock_takes/{{stock_take_id}}",
        body: { note: "One was broken in the window." },
        status: 200,
        tests: { ...hasEtag, "It is there": (take) => pm.expect(take.note).to.eql("One was broken in the window.") },
    },
    {
        name: "How far it is",
        description: "With what the differences are worth, for those who may know it.",
        GET: "/stock_takes/{{stock_take_id}}",
        status: 200,
        tests: {
            ...hasEtag,
            "All is counted": (take) => pm.expect(take).to.include({ products: 1, counted: 1, different: 1, booked: 0 }),
        },
    },
    {
        name: "Book it",
        description: "Each counted line is booked once.",
        POST: "/stock_takes/{{stock_take_id}}/book",
        idempotency_key: "new",
        status: 200,
        tests: {
            "It is booked": statusIs("booked"),
            "Nothing was refused": (take) => pm.expect(take).to.deep.include({ booked: 1, refused: [] }),
        },
    },
    {
        name: "Book it again",
        description: "Under the same key it is booked once.",
        POST: "/stock_takes/{{stock_take_id}}/book",
        idempotency_key: "same",
        status: 200,
        tests: replayed,
    },
    {
        name: "The ledger names the stock take",
        description: "The difference is a movement.",
        GET: "/products/{{teapot_id}}/stock/movements?reason=stock_take",
        status: 200,
        tests: {
            "One left": (page) => {
                const id = Number(pm.collectionVariables.get("stock_take_id"));
                pm.expect(page.data.length).to.eql(1);
                pm.expect(page.data[0]).to.include({ delta: -1, balance_after: 4, stock_take_id: id });
            },
        },
    },
    {
        name: "What is booked is not counted again",
        description: "Another stock take counts again.",
        POST: "/stock_takes/{{stock_take_id}}/counts",
        body: { counts: [{ product_id: "{{teapot_id}}", add: 1 }] },
        status: 409,
        code: "stock_take_state",
    },
    {
        name: "Open one for a shelf",
        description: "Of all products on shelves whose text begins so.",
        POST: "/stock_takes",
        body: { shelf: "T {{run}}" },
        status: 201,
        tests: { "The teapot is in it": (take) => pm.expect(take.products).to.eql(1) },
        keep: { cancelled_take_id: "id" },
    },
    {
        name: "Call it off",
        description: "Nothing of it is booked.",
        POST: "/stock_takes/{{cancelled_take_id}}/cancel",
        status: 200,
        tests: { "It is cancelled": statusIs("cancelled") },
    },
    {
        name: "The stock takes, for a customer",
        description: "For staff only.",
        GET: "/stock_takes",
        as: "customer",
        status: 403,
        code: "forbidden",
    },
    {
        name: "Staff take the teapot off sale",
        description: "What is left of it stays in the books until it is written off.",
        DELETE: "/products/{{teapot_id}}",
        status: 204,
        tests: noBody,
    },
    {
        folder: "The rule for restocking",
        description:
            "When what is available and on its way falls below the reorder point, whole multiples are ordered until " +
            "the target is reached. Without a reorder point a product is not watched.",
    },
    {
        name: "Watch the candle",
        description:
            "Below 20 on the shelf or on the way, order dozens up to 40, which take a week. `If-Match` is left out, " +
            "so whoever comes last wins.",
        PATCH: "/products/{{candle_id}}/stock",
        body: { reorder_point: 20, reorder_target: 40, reorder_multiple: 12, lead_time_days: 7 },
        status: 200,
        tests: {
            "The rule is kept, and the shelf is below it": (stock) => {
                pm.expect(stock).to.include({ reorder_point: 20, reorder_target: 40, reorder_multiple: 12 });
                pm.expect(stock).to.include({ lead_time_days: 7, below_threshold: true });
            },
        },
    },
    {
        name: "Watch the soap",
        description: "With no lead time the goods are on the shelf at once: somebody fetches them from the cellar.",
        PATCH: "/products/{{soap_id}}/stock",
        body: { reorder_point: 5, reorder_target: 30 },
        status: 200,
        tests: {
            "The rule is kept": () =>
                pm
                    .expect(pm.response.json())
                    .to.include({ reorder_point: 5, reorder_target: 30, lead_time_days: null, effective_lead_time_days: 0 }),
        },
    },
    {
        name: "A target below the reorder point",
        description: "Every run would order again.",
        PATCH: "/products/{{candle_id}}/stock",
        body: { reorder_target: 19 },
        status: 422,
        fields: ["reorder_target: below_reorder_point"],
    },
    {
        name: "Orders that would never be enough",
        description: "An order of two dozen at most brings an empty shelf to 24, and one dozen would not reach the point.",
        PATCH: "/products/{{candle_id}}/stock",
        body: { order_max: 23 },
        status: 422,
        fields: ["order_max: below_reorder_point"],
    },
    {
        name: "A multiple of nothing",
        description: "Every bad field is named at once.",
        PATCH: "/products/{{candle_id}}/stock",
        body: { reorder_multiple: 0, lead_time_days: 366, position: 40 },
        status: 422,
        fields: ["reorder_multiple: invalid_number", "lead_time_days: invalid_number", "position: unknown_field"],
    },
    {
        name: "A rule with an old ETag",
        description:
            "The rule has changed since the ETag was given. That units moved meanwhile would be no reason to refuse.",
        PATCH: "/products/{{candle_id}}/stock",
        headers: { "If-Match": "{{stock_etag}}" },
        body: { reorder_point: 1 },
        status: 412,
        code: "precondition_failed",
    },
    {
        name: "A rule by a customer",
        description: "For staff only.",
        PATCH: "/products/{{candle_id}}/stock",
        as: "customer",
        body: { reorder_point: 1 },
        status: 403,
        code: "forbidden",
    },
    {
        name: "What if the point were another",
        description:
            "Replays what was ordered of the candle in the last year through both rules, and through reorder points " +
            "from 0 up. What is not named is as it is. Nothing is written, so no key is needed.",
        POST: "/products/{{candle_id}}/stock/what-if",
        body: { reorder_point: 30, reorder_target: 60, days: 90 },
        status: 200,
        tests: {
            "Of a product that was added today nothing is known yet": (answer) => {
                pm.expect(answer).to.include({ days: 0, now: null, proposal: null });
                pm.expect(answer.reason).to.include("nothing is known of its past");
            },
        },
    },
    {
        name: "What if the target were below the point",
        description: "A proposal must be a rule that the product could be given.",
        POST: "/products/{{candle_id}}/stock/what-if",
        body: { reorder_point: 41 },
        status: 422,
        fields: ["reorder_target: below_reorder_point"],
    },
    {
        name: "What if, for a customer",
        description: "For staff only.",
        POST: "/products/{{candle_id}}/stock/what-if",
        as: "customer",
        body: { reorder_point: 30 },
        status: 403,
        code: "forbidden",
    },
    {
        name: "What is below its threshold",
        description: "Of this run; without `q`, of the whole shop.",
        GET: "/stock?below_threshold=true&q={{run}}",
        status: 200,
        tests: {
            "Both products are": () => {
                const ids = pm.response.json().data.map((stock) => stock.product_id);
                pm.expect(ids).to.eql([
                    Number(pm.collectionVariables.get("candle_id")),
                    Number(pm.collectionVariables.get("soap_id")),
                ]);
            },
        },
    },
    {
        name: "What is out of stock",
        description: "Nothing of it can be ordered.",
        GET: "/stock?out_of_stock=true&q={{run}}",
        status: 200,
        tests: {
            "The soap is": () => {
                const ids = pm.response.json().data.map((stock) => stock.product_id);
                pm.expect(ids).to.eql([Number(pm.collectionVariables.get("soap_id"))]);
            },
        },
    },
    {
        name: "What lasts less than a week",
        description: "By what the last restock run expected to be sold; with `out_of_stock=false` without what is sold out already.",
        GET: "/stock?days_of_cover_below=7&sort=cover",
        status: 200,
        tests: {
            "None of it lasts longer": () =>
                pm.response.json().data.forEach((stock) => pm.expect(stock.days_of_cover).to.be.below(7)),
        },
    },
    {
        name: "Parameters that cannot be",
        description: "All of them are named at once.",
        GET: "/stock?below_threshold=yes&days_of_cover_below=0&limit=ten",
        status: 422,
        fields: ["below_threshold: invalid_boolean", "days_of_cover_below: invalid_number", "limit: invalid_number"],
    },
    {
        folder: "Restocking",
        description:
            "A plan says what a run would do and why; a run does it, and keeps what it saw. A second run changes " +
            "nothing.",
    },
    {
        name: "The plan",
        description: "For one product; without `product_id`, for every watched one.",
        GET: "/restock/plan?product_id={{candle_id}}",
        status: 200,
        tests: {
            "36 are to be ordered, and the reason says why": () => {
                const [line] = pm.response.json().data;
                pm.expect(line).to.include({ position: 9, action: "order", quantity: 36 });
                pm.expect(line.reason).to.include("position 9 is below the reorder point 20");
            },
        },
    },
    {
        name: "The plan is for staff",
        description: "Customers do not see it.",
        GET: "/restock/plan",
        as: "customer",
        status: 403,
        code: "forbidden",
    },
    {
        name: "A run",
        description: "For the candle alone. Without `product_id` it would restock whatever the shop is short of.",
        POST: "/restock/runs",
        idempotency_key: "new",
        body: { product_id: "{{candle_id}}" },
        status: 201,
        tests: {
            ...located("/restock/runs"),
            "It was ordered": (run) => {
                pm.expect(run).to.include({ source: "api", watched: 1, ordered: 1, units: 36 });
                pm.expect(run).to.include({ drafted: 0, received: 0, nothing: 0, failed: 0 });
                pm.expect(run.finished_at).to.be.a("string");
            },
        },
        keep: { run_id: "id" },
    },
    {
        name: "The same request again starts no run",
        description: "A retry gets the answer of the run.",
        POST: "/restock/runs",
        idempotency_key: "same",
        body: { product_id: "{{candle_id}}" },
        status: 201,
        tests: {
            ...replayed,
            "It is the same run": idIs("run_id"),
        },
    },
    {
        name: "What the run saw and did",
        description: "Line by line: the figures, the rule, the quantity, and the reason.",
        GET: "/restock/runs/{{run_id}}",
        status: 200,
        tests: {
            "The candle was ordered, for a reason that is kept": (run) => {
                const [line] = run.lines.data;
                pm.expect(run.lines.data).to.have.lengthOf(1);
                pm.expect(line).to.include({ on_hand: 9, reserved: 0, incoming: 0, position: 9 });
                pm.expect(line).to.include({ outcome: "ordered", quantity: 36 });
                pm.expect(line.reason).to.include("below the reorder point 20");
                pm.expect(line.purchase_order_id).to.be.a("number");
            },
        },
        keep: { purchase_order_id: "lines.data[0].purchase_order_id" },
    },
    {
        name: "A second run",
        description: "What is on its way counts, so there is nothing to do.",
        POST: "/restock/runs",
        body: { product_id: "{{candle_id}}" },
        status: 201,
        tests: {
            "Nothing was ordered": () =>
                pm.expect(pm.response.json()).to.include({ watched: 1, ordered: 0, nothing: 1, units: 0 }),
        },
    },
    {
        name: "The runs, the newest first",
        description: "Of the whole shop.",
        GET: "/restock/runs?limit=2",
        status: 200,
        tests: {
            "There are two with their figures, and the newest is first": () => {
                const runs = pm.response.json().data;
                pm.expect(runs).to.have.lengthOf(2);
                runs.forEach((run) => {
                    pm.expect(run).to.include.all.keys("id", "source", "started_at", "ordered", "units");
                });
                pm.expect(runs[0].started_at >= runs[1].started_at).to.be.true;
            },
        },
    },
    {
        name: "No such run",
        description: "There is nothing with that id.",
        GET: "/restock/runs/9223372036854775807",
        status: 404,
        code: "not_found",
    },
    {
        name: "A run for something that is no id",
        description: "An id is a positive whole number.",
        POST: "/restock/runs",
        body: { product_id: "candle" },
        status: 422,
        fields: ["product_id: invalid_number"],
    },
    {
        name: "Customers do not restock",
        description: "For staff only.",
        POST: "/restock/runs",
        as: "customer",
        body: {},
        status: 403,
        code: "forbidden",
    },
    {
        name: "No lead time",
        description: "The soap is on the shelf at once.",
        POST: "/restock/runs",
        body: { product_id: "{{soap_id}}" },
        status: 201,
        tests: {
            "Thirty were received": () =>
                pm.expect(pm.response.json()).to.include({ watched: 1, ordered: 0, received: 1, units: 30 }),
        },
    },
    {
        name: "The ledger knows",
        description: "The line names the purchase order it came with.",
        GET: "/products/{{soap_id}}/stock/movements",
        status: 200,
        tests: {
            "There is one line, of thirty": () => {
                const movements = pm.response.json().data;
                pm.expect(movements).to.have.lengthOf(1);
                pm.expect(movements[0]).to.include({ delta: 30, balance_after: 30, reason: "restock" });
                pm.expect(movements[0].purchase_order_id).to.be.a("number");
            },
        },
    },
    {
        folder: "Purchase orders",
        description:
            "What is on its way. The candle has no supplier, so it stands on the shop's own list, which a run orders at once.",
    },
    {
        name: "Those of a product that are on their way",
        description: "Without `product_id`, of the whole shop; `overdue=true` lists what is late, `expected_from` and `expected_to` what comes on some days.",
        GET: "/purchase_orders?product_id={{candle_id}}&status=ordered&expected_from=2026-01-01",
        status: 200,
        tests: { "There is one": rows("purchase_order_id") },
    },
    {
        name: "Parameters that cannot be",
        description: "All of them are named at once.",
        GET: "/purchase_orders?status=lost&overdue=perhaps&expected_from=soon",
        status: 422,
        fields: ["status: invalid_status", "overdue: invalid_boolean", "expected_from: invalid_time"],
    },
    {
        name: "Read a purchase order",
        description: "Its lines, what is still to come of them, and when.",
        GET: "/purchase_orders/{{purchase_order_id}}",
        status: 200,
        tests: {
            ...hasEtag,
            "36 are outstanding, in time": (order) => {
                const line = order.lines.find(
                    (one) => one.product_id === Number(pm.collectionVariables.get("candle_id")),
                );
                pm.expect(order).to.include({ status: "ordered", supplier_id: null, overdue: false });
                pm.expect(line).to.include({ quantity: 36, received: 0, outstanding: 36, set_by_person: false });
                pm.expect(line.reason).to.include("below the reorder point 20");
                pm.expect(order.allowed_actions).to.eql(["receive", "cancel"]);
                pm.expect(line.expected_at > order.ordered_at).to.be.true;
            },
        },
    },
    {
        name: "No such purchase order",
        description: "There is nothing with that id.",
        GET: "/purchase_orders/9223372036854775807",
        status: 404,
        code: "not_found",
    },
    {
        name: "Customers do not receive",
        description: "For staff only.",
        POST: "/purchase_orders/{{purchase_order_id}}/receive",
        as: "customer",
        status: 403,
        code: "forbidden",
    },
    {
        name: "Receive a part of it",
        description: "Without `lines`, all that is outstanding. With an `Idempotency-Key` a retry is not a second part.",
        POST: "/purchase_orders/{{purchase_order_id}}/receive",
        idempotency_key: "new",
        body: { lines: [{ product_id: "{{candle_id}}", quantity: 30, rejected: 2 }], note: "Two are broken." },
        status: 200,
        tests: {
            "Six are outstanding, and the receipt is kept": (order) => {
                pm.expect(order).to.include({ status: "ordered", received: 30, outstanding: 6 });
                const [receipt] = order.receipts;
                pm.expect(receipt.number).to.eql(1);
                pm.expect(receipt.lines[0]).to.include({ accepted: 30, rejected: 2 });
            },
        },
    },
    {
        name: "The same request again receives nothing",
        description: "The answer of the first time.",
        POST: "/purchase_orders/{{purchase_order_id}}/receive",
        idempotency_key: "same",
        body: { lines: [{ product_id: "{{candle_id}}", quantity: 30, rejected: 2 }], note: "Two are broken." },
        status: 200,
        tests: {
            ...replayed,
            "Six are outstanding": () =>
                pm.expect(pm.response.json()).to.include({ status: "ordered", received: 30, outstanding: 6 }),
        },
    },
    {
        name: "More than was ordered",
        description: "Somebody may have miscounted.",
        POST: "/purchase_orders/{{purchase_order_id}}/receive",
        body: { lines: [{ product_id: "{{candle_id}}", quantity: 7 }] },
        status: 409,
        code: "surplus",
        tests: {
            "What is outstanding is told": () => pm.expect(pm.response.json().lines[0].outstanding).to.eql(6),
        },
    },
    {
        name: "Nothing received",
        description: "What did not come is left out.",
        POST: "/purchase_orders/{{purchase_order_id}}/receive",
        body: { lines: [{ product_id: "{{candle_id}}", quantity: 0 }], accept_surplus: "perhaps" },
        status: 422,
        fields: ["lines[0].quantity: nothing_came", "accept_surplus: invalid_boolean"],
    },
    {
        name: "What is not on it",
        description: "It is received against the purchase order that it is on.",
        POST: "/purchase_orders/{{purchase_order_id}}/receive",
        body: { lines: [{ product_id: "{{soap_id}}", quantity: 1 }] },
        status: 422,
        fields: ["lines[0].product_id: not_on_order"],
    },
    {
        name: "Keep the surplus",
        description: "They did send one more.",
        POST: "/purchase_orders/{{purchase_order_id}}/receive",
        body: { lines: [{ product_id: "{{candle_id}}", quantity: 7 }], accept_surplus: true },
        status: 200,
        tests: {
            "It is received, with one more than was ordered": (order) => {
                pm.expect(order).to.include({ status: "received", units: 36, received: 37, outstanding: 0 });
                pm.expect(order.closed_at).to.be.a("string");
            },
        },
    },
    {
        name: "It is all on the shelf",
        description: "Nothing is on its way any more.",
        GET: "/products/{{candle_id}}/stock",
        status: 200,
        tests: {
            "46 are on hand": () =>
                pm.expect(pm.response.json()).to.include({ on_hand: 46, incoming: 0, below_threshold: false }),
        },
    },
    {
        name: "Receiving what is received",
        description: "Nothing is outstanding. What came beyond it is received with its `lines` and `accept_surplus`.",
        POST: "/purchase_orders/{{purchase_order_id}}/receive",
        status: 409,
        code: "purchase_order_state",
    },
    {
        name: "Cancelling what is received",
        description: "It has arrived.",
        POST: "/purchase_orders/{{purchase_order_id}}/cancel",
        status: 409,
        code: "purchase_order_state",
    },
    {
        name: "Thirty candles melt",
        description: "So the candle is due again.",
        POST: "/products/{{candle_id}}/stock/movements",
        body: { delta: -30, reason: "damaged", note: "A hot afternoon." },
        status: 201,
        tests: { "Sixteen are left": () => pm.expect(pm.response.json().balance_after).to.eql(16) },
    },
    {
        name: "A run orders again",
        description: "24 bring it up to 40.",
        POST: "/restock/runs",
        body: { product_id: "{{candle_id}}" },
        status: 201,
        tests: { "24 were ordered": () => pm.expect(pm.response.json()).to.include({ ordered: 1, units: 24 }) },
    },
    {
        name: "The new purchase order",
        description: "The newest first, without their lines.",
        GET: "/purchase_orders?product_id={{candle_id}}&limit=1",
        status: 200,
        tests: {
            "It is on its way": () => {
                const [order] = pm.response.json().data;
                pm.expect(order).to.include({ status: "ordered", outstanding: 24 });
            },
        },
        keep: { purchase_order_id: "data[0].id" },
    },
    {
        name: "It comes later",
        description: "As the supplier has said.",
        PATCH: "/purchase_orders/{{purchase_order_id}}",
        body: { expected_on: "{{later_day}}" },
        before: () => {
            const week = new Date(Date.now() + 7 * 24 * 3600 * 1000);
            pm.collectionVariables.set("later_day", week.toISOString().slice(0, 10));
        },
        status: 200,
        tests: {
            "It is expected then": (order) => {
                const day = 24 * 3600 * 1000;
                const off = new Date(order.expected_at) - new Date(pm.collectionVariables.get("later_day"));
                pm.expect(Math.abs(off) <= day).to.be.true;
            },
        },
    },
    {
        name: "It will not come",
        description: "What is outstanding is no longer counted; the next run may order again.",
        POST: "/purchase_orders/{{purchase_order_id}}/cancel",
        status: 200,
        tests: {
            "It is cancelled": () => pm.expect(pm.response.json()).to.include({ status: "cancelled", outstanding: 0 }),
        },
    },
    {
        name: "Cancel it again",
        description: "Changes nothing: a retry is safe.",
        POST: "/purchase_orders/{{purchase_order_id}}/cancel",
        status: 200,
        tests: { "It is cancelled": statusIs("cancelled") },
    },
    {
        folder: "Suppliers",
        description: "Whom the shop buys from, and what they ask for each product. For managers, and keys that restock.",
    },
    {
        name: "A manager adds a supplier",
        description: "They take nine days, and are ordered from on Mondays and Thursdays, for 150 at least.",
        POST: "/suppliers",
        idempotency_key: "new",
        body: {
            name: "Potters {{run}}",
            email: "orders.{{run}}@example.com",
            lead_time_days: 9,
            order_days: ["thu", "mon"],
            minimum_order_value: "150",
        },
        status: 201,
        tests: {
            ...located("/suppliers"),
            ...hasEtag,
            "It is as sent": (supplier) => {
                pm.expect(supplier.order_days).to.eql(["mon", "thu"]);
                pm.expect(supplier).to.include({ lead_time_days: 9, minimum_order_value: "150.00", note: null });
            },
        },
        keep: { supplier_id: "id" },
    },
    {
        name: "The same request again adds no other",
        description: "A retry with the same `Idempotency-Key` gets the first answer.",
        POST: "/suppliers",
        idempotency_key: "same",
        body: {
            name: "Potters {{run}}",
            email: "orders.{{run}}@example.com",
            lead_time_days: 9,
            order_days: ["thu", "mon"],
            minimum_order_value: "150",
        },
        status: 201,
        tests: { ...replayed, "It is the same supplier": idIs("supplier_id") },
    },
    {
        name: "A supplier that says too little",
        description: "A lead time of 0 is nobody's by silence: goods would be on the shelf as soon as they are ordered.",
        POST: "/suppliers",
        body: { name: "Potters {{run}}", order_days: ["monday"] },
        status: 422,
        fields: ["lead_time_days: required", "order_days[0]: invalid_weekday"],
    },
    {
        name: "Find it",
        description: "By words of its name, its e-mail address or its telephone number.",
        GET: "/suppliers?q=potters+{{run}}",
        status: 200,
        tests: { "It is the only one": rows("supplier_id") },
    },
    {
        name: "Read it",
        description: "With an `ETag` for `If-Match`.",
        GET: "/suppliers/{{supplier_id}}",
        status: 200,
        tests: { ...hasEtag, "It is the supplier": idIs("supplier_id") },
    },
    {
        name: "Replace it",
        description: "What is left out is cleared.",
        PUT: "/suppliers/{{supplier_id}}",
        body: { name: "Potters {{run}}", lead_time_days: 8 },
        status: 200,
        tests: { "Any day will do": (supplier) => pm.expect(supplier.order_days).to.eql([]) },
    },
    {
        name: "It takes longer than that",
        description: "What is named is changed.",
        PATCH: "/suppliers/{{supplier_id}}",
        body: { lead_time_days: 10 },
        status: 200,
        tests: { "It takes ten days": (supplier) => pm.expect(supplier.lead_time_days).to.eql(10) },
    },
    {
        name: "What it asks for the soap",
        description: "The first time it is made, 201; after that it is replaced. All quantities are in units.",
        PUT: "/suppliers/{{supplier_id}}/products/{{soap_id}}",
        body: {
            cost: "2.15",
            supplier_sku: "SO-7",
            pack_size: 10,
            minimum_quantity: 20,
            price_breaks: [{ from_quantity: 100, cost: "1.985" }],
            preferred: true,
        },
        status: 201,
        tests: {
            ...hasEtag,
            "It is as sent": (offer) => {
                pm.expect(offer).to.include({ cost: "2.15", pack_size: 10, minimum_quantity: 20, preferred: true });
                pm.expect(offer.price_breaks).to.eql([{ from_quantity: 100, cost: "1.985" }]);
            },
        },
    },
    {
        name: "The soap has the supplier's lead time",
        description: "It has none of its own.",
        GET: "/products/{{soap_id}}/stock",
        status: 200,
        tests: {
            "Ten days count": (stock) =>
                pm.expect(stock).to.include({ lead_time_days: null, effective_lead_time_days: 10 }),
        },
    },
    {
        name: "Price breaks that fall",
        description: "Each counts from a larger quantity on than the one before.",
        PATCH: "/suppliers/{{supplier_id}}/products/{{soap_id}}",
        body: { price_breaks: [{ from_quantity: 100, cost: "2" }, { from_quantity: 50, cost: "1.9" }] },
        status: 422,
        fields: ["price_breaks[1].from_quantity: not_rising"],
    },
    {
        name: "A new price",
        description: "A unit may cost less than a cent: up to four decimals more than the currency has.",
        PATCH: "/suppliers/{{supplier_id}}/products/{{soap_id}}",
        body: { cost: "0.0035" },
        status: 200,
        tests: { "It is kept exactly": (offer) => pm.expect(offer.cost).to.eql("0.0035") },
    },
    {
        name: "Read the offer",
        description: "With the names of both.",
        GET: "/suppliers/{{supplier_id}}/products/{{soap_id}}",
        status: 200,
        tests: { ...hasEtag, "It is of the soap": idIs("soap_id", "product_id") },
    },
    {
        name: "How long it took",
        description: "From ordering until all of a line had come, beside what the supplier says.",
        GET: "/suppliers/{{supplier_id}}/lead_times",
        status: 200,
        tests: { "By product too": (taken) => pm.expect(taken.products.data).to.be.an("array") },
    },
    {
        name: "What it asks for all products",
        description: "In the order of their ids.",
        GET: "/suppliers/{{supplier_id}}/products",
        status: 200,
        tests: {
            "There is the soap": (page) =>
                pm
                    .expect(page.data.map((offer) => offer.product_id))
                    .to.eql([Number(pm.collectionVariables.get("soap_id"))]),
        },
    },
    {
        name: "Who sells the soap",
        description: "In the order of the suppliers' ids.",
        GET: "/products/{{soap_id}}/suppliers",
        status: 200,
        tests: {
            "The supplier does": (page) =>
                pm
                    .expect(page.data.map((offer) => offer.supplier_id))
                    .to.eql([Number(pm.collectionVariables.get("supplier_id"))]),
        },
    },
    {
        name: "Suppliers are none of a customer's business",
        description: "Nor of a clerk's, who gets the same answer.",
        GET: "/suppliers",
        as: "customer",
        status: 403,
        code: "forbidden",
    },
    {
        folder: "Drafts of purchase orders",
        description:
            "A purchase order is a draft until it is ordered: lines are set, taken off, split off and merged. Costs are " +
            "shown to managers.",
    },
    {
        name: "The supplier takes no small orders",
        description: "What an order there comes to at least.",
        PATCH: "/suppliers/{{supplier_id}}",
        body: { minimum_order_value: "150" },
        status: 200,
        tests: { "150 at least": (supplier) => pm.expect(supplier.minimum_order_value).to.eql("150.00") },
    },
    {
        name: "Begin a draft",
        description: "No run adds to it. Without `unit_cost` a line has what the supplier asks for so many.",
        POST: "/purchase_orders",
        idempotency_key: "new",
        body: {
            supplier_id: "{{supplier_id}}",
            note: "For the spring fair.",
            lines: [{ product_id: "{{soap_id}}", quantity: 20, unit_cost: "2.15" }],
        },
        status: 201,
        tests: {
            ...located("/purchase_orders"),
            ...hasEtag,
            "It says what is missing to what the supplier takes": (draft) => {
                pm.expect(draft).to.include({ status: "draft", for_runs: false, units: 20, outstanding: 0 });
                pm.expect(draft).to.include({ total: "43.00", minimum_order_value: "150.00", missing_value: "107.00" });
                pm.expect(draft.allowed_actions).to.eql(["order", "split", "merge", "cancel"]);
                pm.expect(draft.lines[0]).to.include({ supplier_sku: "SO-7", unit_cost: "2.15", set_by_person: true });
            },
        },
        keep: { purchase_order_id: "id" },
    },
    {
        name: "The same request again begins no other",
        description: "A retry with the same `Idempotency-Key` gets the first answer.",
        POST: "/purchase_orders",
        idempotency_key: "same",
        body: {
            supplier_id: "{{supplier_id}}",
            note: "For the spring fair.",
            lines: [{ product_id: "{{soap_id}}", quantity: 20, unit_cost: "2.15" }],
        },
        status: 201,
        tests: { ...replayed, "It is the same draft": idIs("purchase_order_id") },
    },
    {
        name: "Lines that cannot be",
        description: "Every bad field of every line is named.",
        POST: "/purchase_orders",
        body: { lines: [{ product_id: "soap", quantity: 20 }, { product_id: "{{soap_id}}", quantity: 0, price: "2" }] },
        status: 422,
        fields: ["lines[0].product_id: invalid_number", "lines[1].quantity: invalid_number", "lines[1].price: unknown_field"],
    },
    {
        name: "A product twice",
        description: "It is one line.",
        POST: "/purchase_orders",
        body: { lines: [{ product_id: "{{soap_id}}", quantity: 1 }, { product_id: "{{soap_id}}", quantity: 2 }] },
        status: 422,
        fields: ["lines[1].product_id: appears_twice"],
    },
    {
        name: "The drafts of the supplier",
        description: "`for_runs=true` lists those that restock runs add to, `waiting=true` those that are older than a day.",
        GET: "/purchase_orders?supplier_id={{supplier_id}}&status=draft&for_runs=false&waiting=false",
        status: 200,
        tests: { "There is one": rows("purchase_order_id") },
    },
    {
        name: "What is on a draft is not incoming",
        description: "But it counts, so that no run buys it again.",
        GET: "/products/{{soap_id}}/stock",
        status: 200,
        tests: { "20 are drafted": () => pm.expect(pm.response.json()).to.include({ drafted: 20, incoming: 0 }) },
    },
    {
        name: "Another line",
        description: "Sets or adds the line of a product. The supplier's offer says nothing of candles, so the cost is given.",
        PUT: "/purchase_orders/{{purchase_order_id}}/lines/{{candle_id}}",
        body: { quantity: 12, unit_cost: "5" },
        status: 200,
        tests: {
            "It is a person's": (line) =>
                pm.expect(line).to.include({ quantity: 12, unit_cost: "5.00", set_by_person: true }),
        },
    },
    {
        name: "The line",
        description: "It can be changed and sent back whole.",
        GET: "/purchase_orders/{{purchase_order_id}}/lines/{{candle_id}}",
        status: 200,
        tests: { "There are 12": (line) => pm.expect(line).to.include({ quantity: 12, received: 0 }) },
    },
    {
        name: "Two lines",
        description: "What the draft comes to, and what is missing to the supplier's order value.",
        GET: "/purchase_orders/{{purchase_order_id}}",
        status: 200,
        tests: {
            "There are two": (draft) =>
                pm.expect(draft).to.include({ line_count: 2, units: 32, total: "103.00", missing_value: "47.00" }),
        },
    },
    {
        name: "Too small an order",
        description: "The supplier takes it at 150 only, unless somebody says so.",
        POST: "/purchase_orders/{{purchase_order_id}}/order",
        status: 409,
        code: "below_minimum_order",
        tests: { "It says what is missing": (problem) => pm.expect(problem.detail).to.include("47.00") },
    },
    {
        name: "Split it",
        description: "A part of a line, or a whole one, goes to a draft of its own.",
        POST: "/purchase_orders/{{purchase_order_id}}/split",
        body: { lines: [{ product_id: "{{candle_id}}", quantity: 2 }] },
        status: 201,
        tests: {
            ...located("/purchase_orders"),
            "Two are on it": (draft) => pm.expect(draft).to.include({ status: "draft", units: 2, total: "10.00" }),
        },
        keep: { other_order_id: "id" },
    },
    {
        name: "Split off too much",
        description: "Ten candles are left on the line.",
        POST: "/purchase_orders/{{purchase_order_id}}/split",
        body: { lines: [{ product_id: "{{candle_id}}", quantity: 11 }] },
        status: 422,
        fields: ["lines[0].quantity: too_large"],
    },
    {
        name: "Merge it again",
        description: "The other draft is cancelled.",
        POST: "/purchase_orders/{{purchase_order_id}}/merge",
        body: { purchase_order_id: "{{other_order_id}}" },
        status: 200,
        tests: { "All are on it": (draft) => pm.expect(draft).to.include({ line_count: 2, units: 32 }) },
    },
    {
        name: "Merge what is none",
        description: "What is cancelled is no draft.",
        POST: "/purchase_orders/{{purchase_order_id}}/merge",
        body: { purchase_order_id: "{{other_order_id}}" },
        status: 422,
        fields: ["purchase_order_id: not_a_draft"],
    },
    {
        name: "No candles after all",
        description: "The line is taken off.",
        DELETE: "/purchase_orders/{{purchase_order_id}}/lines/{{candle_id}}",
        status: 204,
        tests: noBody,
    },
    {
        name: "Another note",
        description: "It stands in the text for the e-mail. `null` clears it.",
        PATCH: "/purchase_orders/{{purchase_order_id}}",
        body: { note: "Ring before ten." },
        status: 200,
        tests: {
            "It is kept, and there is one line": (draft) => {
                pm.expect(draft.note).to.eql("Ring before ten.");
                pm.expect(draft.lines).to.have.lengthOf(1);
            },
        },
    },
    {
        name: "Order it nonetheless",
        description: "Its lines are frozen. Nothing is sent to the supplier.",
        POST: "/purchase_orders/{{purchase_order_id}}/order",
        idempotency_key: "new",
        body: { accept_below_minimum: true },
        status: 200,
        tests: {
            "It is on its way": (order) => {
                pm.expect(order).to.include({ status: "ordered", outstanding: 20, missing_value: null });
                pm.expect(order.lines[0]).to.include({ lead_time_days: 10, unit_cost: "2.15" });
            },
        },
    },
    {
        name: "For the supplier's system",
        description: "Its lines as CSV.",
        GET: "/purchase_orders/{{purchase_order_id}}/csv",
        status: 200,
        tests: {
            "It is a file with a line for the soap": () => {
                pm.expect(pm.response.headers.get("Content-Type")).to.eql("text/csv; charset=utf-8; header=present");
                pm.expect(pm.response.headers.get("Content-Disposition")).to.match(
                    /^attachment; filename="purchase-order-\d+\.csv"$/,
                );
                pm.expect(pm.response.text().split("\r\n")).to.have.lengthOf(3);
                pm.expect(pm.response.text()).to.include('"SO-7"').and.to.include('"20","2.15"');
            },
        },
    },
    {
        name: "For an e-mail",
        description: "To whom, a subject, the lines, and the note.",
        GET: "/purchase_orders/{{purchase_order_id}}/mail",
        status: 200,
        tests: {
            "It says what is wanted": () => {
                pm.expect(pm.response.headers.get("Content-Type")).to.eql("text/plain; charset=utf-8");
                pm.expect(pm.response.text()).to.include("SO-7").and.to.include("Ring before ten.");
            },
        },
    },
    {
        name: "Its lines are frozen",
        description: "What was ordered was ordered.",
        PUT: "/purchase_orders/{{purchase_order_id}}/lines/{{soap_id}}",
        body: { quantity: 40 },
        status: 409,
        code: "purchase_order_state",
    },
    {
        name: "All of it comes",
        description: "Without `lines`, all that is outstanding.",
        POST: "/purchase_orders/{{purchase_order_id}}/receive",
        idempotency_key: "new",
        status: 200,
        tests: { "It is received": statusIs("received") },
    },
    {
        name: "An empty draft",
        description: "Of the shop's own list, since it has no supplier.",
        POST: "/purchase_orders",
        body: {},
        status: 201,
        tests: { "There is nothing on it": (draft) => pm.expect(draft).to.include({ supplier_id: null, line_count: 0 }) },
        keep: { other_order_id: "id" },
    },
    {
        name: "Nothing is to be ordered",
        description: "It has no lines.",
        POST: "/purchase_orders/{{other_order_id}}/order",
        status: 409,
        code: "purchase_order_state",
    },
    {
        name: "The empty draft is dropped",
        description: "As whatever is not wanted.",
        POST: "/purchase_orders/{{other_order_id}}/cancel",
        status: 200,
        tests: { "It is cancelled": statusIs("cancelled") },
    },
    { folder: "A supplier goes", description: "Suppliers are archived, and never deleted: the books name them." },
    {
        name: "The supplier is archived",
        description: "It is no product's preferred supplier any more, and its offers are kept.",
        DELETE: "/suppliers/{{supplier_id}}",
        status: 204,
        tests: noBody,
    },
    {
        name: "The supplier is gone",
        description: "`GET /suppliers?archived=true` lists it.",
        GET: "/suppliers/{{supplier_id}}",
        status: 404,
        code: "not_found",
    },
    {
        name: "The supplier is restored",
        description: "With its offers, and preferred as before.",
        POST: "/suppliers/{{supplier_id}}/restore",
        status: 200,
        tests: { "It is there": (supplier) => pm.expect(supplier.archived_at).to.be.null },
    },
    {
        name: "It sells the soap no longer",
        description: "The offer is deleted, and nobody is preferred for the soap.",
        DELETE: "/suppliers/{{supplier_id}}/products/{{soap_id}}",
        status: 204,
        tests: noBody,
    },
    {
        name: "The supplier is archived for good",
        description: "Suppliers are never deleted: the books name them.",
        DELETE: "/suppliers/{{supplier_id}}",
        status: 204,
    },
    { folder: "Cancelling orders", description: "Cancelling gives back what was reserved, once." },
    {
        name: "A customer orders six candles",
        description: "They are promised, and still on the shelf.",
        POST: "/orders",
        as: "customer",
        body: { items: [{ product_id: "{{candle_id}}", quantity: 6 }] },
        status: 201,
        tests: { "It may be cancelled": () => pm.expect(pm.response.json().allowed_actions).to.eql(["cancel"]) },
        keep: { order_id: "id" },
    },
    {
        name: "Six are reserved",
        description: "Available is what is on hand less what is reserved.",
        GET: "/products/{{candle_id}}/stock",
        status: 200,
        tests: {
            "Ten of sixteen are available": () =>
                pm.expect(pm.response.json()).to.include({ on_hand: 16, reserved: 6, available: 10 }),
        },
    },
    {
        name: "The customer cancels",
        description: "Before it is shipped.",
        POST: "/orders/{{order_id}}/cancel",
        as: "customer",
        status: 200,
        tests: { "It is cancelled": statusIs("cancelled") },
    },
    {
        name: "The customer cancels twice",
        description: "The second time changes nothing.",
        POST: "/orders/{{order_id}}/cancel",
        as: "customer",
        status: 200,
        tests: { "It is cancelled": statusIs("cancelled") },
    },
    {
        name: "All are available again",
        description: "Given back once, and nothing in the ledger, since nothing left the shelf.",
        GET: "/products/{{candle_id}}/stock",
        status: 200,
        tests: {
            "Sixteen of sixteen are available": () =>
                pm.expect(pm.response.json()).to.include({ on_hand: 16, reserved: 0, available: 16 }),
        },
    },
    {
        name: "Tracking shows it",
        description: "With the time.",
        GET: "/orders/{{order_id}}/track",
        as: "customer",
        status: 200,
        tests: {
            "It was placed and cancelled": () =>
                pm.expect(pm.response.json().events.map((event) => event.status)).to.eql(["placed", "cancelled"]),
        },
    },
    {
        name: "Cancelling without a session",
        description: "Log in first.",
        POST: "/orders/{{order_id}}/cancel",
        as: "nobody",
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "Cancelling nothing",
        description: "There is no such order.",
        POST: "/orders/9223372036854775807/cancel",
        as: "customer",
        status: 404,
        code: "not_found",
    },
    {
        name: "Cancelling with fields that mean nothing",
        description: "The body may be left out, or be an empty object.",
        POST: "/orders/{{order_id}}/cancel",
        as: "customer",
        body: { reason: "changed my mind" },
        status: 422,
        fields: ["reason: unknown_field"],
    },
    { folder: "Staff", description: "Who works behind the counter. For managers." },
    {
        name: "The staff accounts",
        description: "`storekeeper add-staff` makes them. Disabled ones are listed too, since the books name them.",
        GET: "/staff?limit=100",
        status: 200,
        tests: {
            "The account of the environment is there, as a manager": (page) => {
                const name = pm.environment.get("staff_username").toLowerCase();
                const own = page.data.find((member) => member.username.toLowerCase() === name);
                pm.expect(own, "not among the first hundred").to.be.an("object");
                pm.expect(own).to.include({ role: "manager", disabled: false });
                pm.collectionVariables.set("staff_id", own.id);
            },
        },
    },
    {
        name: "One staff account",
        description: "The password is never shown.",
        GET: "/staff/{{staff_id}}",
        status: 200,
        tests: { ...hasEtag, "It is the one": idIs("staff_id") },
    },
    {
        name: "A role is given",
        description:
            "Here the one that the account has. `disabled: true` ends its sessions at once; one manager who can log " +
            "in always stays.",
        PATCH: "/staff/{{staff_id}}",
        body: { role: "manager" },
        status: 200,
        tests: { "It is a manager": (member) => pm.expect(member.role).to.eql("manager") },
    },
    {
        name: "One's own password",
        description:
            "Here the same one again, so that the environment stays right. It asks for the old one and ends one's " +
            "other sessions.",
        PATCH: "/staff/current",
        body: { password: "{{staff_password}}", current_password: "{{staff_password}}" },
        status: 200,
        tests: { ...hasEtag, "It is one's own account": idIs("staff_id") },
    },
    {
        name: "A role that does not exist",
        description: "There are managers and clerks.",
        PATCH: "/staff/{{staff_id}}",
        body: { role: "owner" },
        status: 422,
        fields: ["role: invalid_role"],
    },
    {
        name: "A customer asks who works here",
        description: "For managers only; a clerk gets the same answer.",
        GET: "/staff",
        as: "customer",
        status: 403,
        code: "forbidden",
    },
    { folder: "Keys for programs", description: "What a program may do, and how it calls. For managers." },
    {
        name: "A manager makes a key",
        description: "It may read orders, until it is revoked or a year is over. The secret is shown this once.",
        POST: "/api_keys",
        body: { name: "Till {{run}}", scopes: ["orders:read"] },
        status: 201,
        tests: {
            ...located("/api_keys"),
            "The secret can be recognised": (made) => {
                pm.expect(made.key).to.match(/^storekeeper_[0-9a-f]{64}$/);
                pm.expect(made.scopes).to.eql(["orders:read"]);
            },
        },
        keep: { key_id: "id", key_token: "key" },
    },
    {
        name: "A scope that does not exist",
        description: "The message lists those that do.",
        POST: "/api_keys",
        body: { name: "Till {{run}}", scopes: ["staff:write"] },
        status: 422,
        fields: ["scopes: invalid_scope"],
    },
    {
        name: "The key reads orders",
        description: "A program is behind the counter: it sees those of all customers.",
        GET: "/orders?limit=1",
        as: "key",
        status: 200,
    },
    {
        name: "The key reads no stock",
        description: "The detail names the scope that it would need.",
        GET: "/stock",
        as: "key",
        status: 403,
        code: "forbidden",
    },
    {
        name: "The keys",
        description: "Also those that have ended.",
        GET: "/api_keys?limit=1",
        status: 200,
        tests: { "No secret is shown": () => pm.expect(pm.response.text()).not.to.include("storekeeper_") },
    },
    {
        name: "One key",
        description: "With when it was last used.",
        GET: "/api_keys/{{key_id}}",
        status: 200,
        tests: { ...hasEtag, "It was used": () => pm.expect(pm.response.json().last_used_at).to.be.a("string") },
    },
    {
        name: "How the service is set",
        description: "The settings as they are, with what each means; secrets have no value.",
        GET: "/settings",
        status: 200,
        tests: {
            "The currency is among them": (page) => {
                const names = page.settings.map((setting) => setting.name);
                pm.expect(names).to.include("STOREKEEPER_CURRENCY");
            },
            "No secret is": (page) => {
                const url = page.settings.find((setting) => setting.name === "STOREKEEPER_DATABASE_URL");
                pm.expect(url.value).to.eql(null);
            },
        },
    },
    {
        name: "Who made the key",
        description: "The audit log has what staff, keys and operators' commands changed, with names of fields only.",
        GET: "/audit?object=api_key&object_id={{key_id}}",
        status: 200,
        tests: {
            "The account of the environment did": (page) => {
                pm.expect(page.data).to.have.lengthOf(1);
                pm.expect(page.data[0]).to.include({ action: "created", command: null });
                pm.expect(page.data[0].account_id).to.eql(Number(pm.collectionVariables.get("staff_id")));
                pm.expect(page.data[0].fields).to.eql(["name", "scopes", "expires_at"]);
            },
        },
    },
    {
        name: "The key is revoked",
        description: "At once.",
        DELETE: "/api_keys/{{key_id}}",
        status: 204,
        tests: noBody,
    },
    {
        name: "It is worth nothing",
        description: "The program must get another one.",
        GET: "/orders",
        as: "key",
        status: 401,
        code: "unauthenticated",
    },
    { folder: "Events", description: "The feed that misses nothing, for programs that copy the shop." },
    {
        name: "Where the feed is now",
        description: "A position to begin from: then copy what you follow with the lists, and go on from here.",
        GET: "/events?at_end=true",
        status: 200,
        keep: { position: "next" },
        tests: { "It is a position and nothing else": (page) => pm.expect(page.data).to.eql([]) },
    },
    {
        name: "Something happens",
        description: "A product is added.",
        POST: "/products",
        body: { name: "Followed {{run}}", price: "1.00" },
        status: 201,
        keep: { followed_id: "id" },
    },
    {
        name: "What happened since",
        description: "Ask with `next` again, also behind an empty page.",
        GET: "/events?after={{position}}&type=product.created&limit=100",
        status: 200,
        tests: {
            "The new product is among it": (page) => {
                const id = Number(pm.collectionVariables.get("followed_id"));
                pm.expect(page.data.map((entry) => entry.object_id)).to.include(id);
                pm.expect(page.next).to.be.a("string");
            },
        },
    },
    {
        name: "A type that does not exist",
        description: "The message lists those that do.",
        GET: "/events?type=order.eaten",
        status: 422,
        fields: ["type: invalid_type"],
    },
    {
        name: "What was changed since",
        description: "The oldest change first; begin 15 seconds before the last one that was seen.",
        GET: "/products?updated_from=2026-01-01T00:00:00Z&ids={{followed_id}}",
        status: 200,
        tests: {
            "The product is there": (page) =>
                pm.expect(page.data[0].id).to.eql(Number(pm.collectionVariables.get("followed_id"))),
        },
    },
    {
        name: "It goes again",
        description: "The catalogue is as it was.",
        DELETE: "/products/{{followed_id}}",
        status: 204,
        tests: noBody,
    },
    { folder: "Exports", description: "Lists as files, and all that is kept of a customer." },
    {
        name: "The catalogue as a file",
        description: "All of it, and safe in a spreadsheet.",
        GET: "/products?sort=name",
        headers: { Accept: "text/csv" },
        status: 200,
        tests: {
            "It is CSV with a name": () => {
                pm.expect(pm.response.headers.get("Content-Type")).to.contain("text/csv");
                pm.expect(pm.response.headers.get("Content-Disposition")).to.contain("products-");
            },
            "Its first line names the columns": () => pm.expect(pm.response.text()).to.contain('"id","sku","name"'),
        },
    },
    {
        name: "A page of it as a file",
        description: "A file holds all rows.",
        GET: "/products?limit=5",
        headers: { Accept: "text/csv" },
        status: 422,
        fields: ["limit: not_with_csv"],
    },
    { folder: "Imports", description: "A CSV file is tried before anything is changed, and what it has done can be undone." },
    {
        name: "A file of two products, tried",
        description: "One is new and the other cannot be taken; nothing is changed yet.",
        POST: "/imports?type=products",
        headers: { "Content-Type": "text/csv" },
        idempotency_key: "new",
        body: "sku,name,price,stock\nPLATE-{{$guid}},Plate,12.50,8\nBOWL-{{$guid}},Bowl,free,4\n",
        status: 201,
        tests: {
            ...located("/imports"),
            "One would be created, and one is refused": (dry_run) => {
                pm.expect(dry_run.rows.create).to.eql(1);
                pm.expect(dry_run.rows.refused).to.eql(1);
            },
            "It says where and why": (dry_run) => {
                const [row] = dry_run.refused_rows;
                pm.expect(row.line).to.eql(3);
                pm.expect(row.errors[0].column).to.eql("price");
                pm.expect(row.errors[0].code).to.eql("invalid_price");
            },
        },
        keep: { import_id: "id" },
    },
    {
        name: "The rows that were refused",
        description: "All of them, page by page.",
        GET: "/imports/{{import_id}}/rows?outcome=refused",
        status: 200,
        tests: { "The one": (page) => pm.expect(page.data).to.have.lengthOf(1) },
    },
    {
        name: "It is applied",
        description: "Each row once, however often this is sent.",
        POST: "/imports/{{import_id}}/apply",
        idempotency_key: "new",
        status: 200,
        tests: {
            "The plate is there": (applied) => {
                pm.expect(applied.status).to.eql("applied");
                pm.expect(applied.applied).to.eql(1);
            },
        },
    },
    {
        name: "How far it is",
        description: "And what may be done with it.",
        GET: "/imports/{{import_id}}",
        status: 200,
        tests: {
            ...hasEtag,
            "It may be undone": (read) => pm.expect(read.allowed_actions).to.eql(["undo"]),
        },
    },
    {
        name: "It is undone",
        description: "Nobody has bought the plate, so it is archived.",
        POST: "/imports/{{import_id}}/undo",
        idempotency_key: "new",
        status: 200,
        tests: { "The plate is gone": (undone) => pm.expect(undone.undone).to.eql(1) },
    },
    {
        name: "Applied once",
        description: "What was undone is sent again as a file of its own.",
        POST: "/imports/{{import_id}}/apply",
        status: 409,
        code: "import_state",
    },
    {
        name: "Imports of this shop",
        description: "The newest first.",
        GET: "/imports?type=products&limit=1",
        status: 200,
        tests: { "One of them": (page) => pm.expect(page.data).to.have.lengthOf(1) },
    },
    { folder: "Webhooks", description: "Other programs are told what happens, instead of asking. For managers." },
    {
        name: "A program is to be told of orders",
        description: "The secret is shown this once; every message is signed with it.",
        POST: "/webhooks",
        body: { url: "https://shop.example/hooks/{{run}}", event_types: ["order.shipped", "order.placed"] },
        status: 201,
        tests: {
            ...located("/webhooks"),
            "The secret can be recognised": (made) => pm.expect(made.secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/),
            "Nothing was sent yet": (made) => pm.expect(made).to.include({ state: "active", behind: 0, delivered: 0 }),
        },
        keep: { webhook_id: "id", webhook_position: "position" },
    },
    {
        name: "An address of a private network",
        description: "STOREKEEPER_WEBHOOK_PRIVATE_ADDRESSES=allow lets receivers on the shop's own machines in.",
        POST: "/webhooks",
        body: { url: "https://192.168.1.7/hooks", event_types: ["order.eaten"] },
        status: 422,
        fields: ["url: private_address", "event_types: invalid_type"],
    },
    {
        name: "The webhooks",
        description: "How far each is, and never a secret.",
        GET: "/webhooks?limit=1",
        status: 200,
        tests: { "No secret is shown": () => pm.expect(pm.response.text()).not.to.include("whsec_") },
    },
    {
        name: "One webhook",
        description: "Where it goes, and how the last attempt went.",
        GET: "/webhooks/{{webhook_id}}",
        status: 200,
        tests: hasEtag,
    },
    {
        name: "It is paused",
        description: "Nothing is lost meanwhile.",
        PATCH: "/webhooks/{{webhook_id}}",
        body: { active: false },
        status: 200,
        tests: { "It is": (webhook) => pm.expect(webhook.state).to.eql("paused") },
    },
    {
        name: "Another secret",
        description: "For a day the old one signs too.",
        POST: "/webhooks/{{webhook_id}}/rotate_secret",
        body: {},
        status: 200,
        tests: { "The old one goes on for a while": (webhook) => pm.expect(webhook.old_secret_until).to.be.a("string") },
    },
    {
        name: "Once more from there",
        description: "Everything after an event is sent again, and the webhook is active.",
        POST: "/webhooks/{{webhook_id}}/replay",
        body: { after: "{{webhook_position}}" },
        status: 200,
        tests: { "It goes on": (webhook) => pm.expect(webhook.state).to.eql("active") },
    },
    {
        name: "An event that is not there yet",
        description: "The detail says which are kept.",
        POST: "/webhooks/{{webhook_id}}/replay",
        body: { after: 999999999 },
        status: 409,
        code: "event_not_kept",
    },
    {
        name: "How the attempts went",
        description: "None was made: the receiver does not exist.",
        GET: "/webhooks/{{webhook_id}}/attempts?outcome=failed",
        status: 200,
        tests: { "It is a list": (page) => pm.expect(page.data).to.be.an("array") },
    },
    {
        name: "It is deleted",
        description: "Nothing more is sent.",
        DELETE: "/webhooks/{{webhook_id}}",
        status: 204,
        tests: noBody,
    },
    { folder: "Today", description: "What waits behind the counter, and whether the books are right." },
    {
        name: "What waits today",
        description: "The figures with which a day begins; `or_more` where more than 10,000 were not counted.",
        GET: "/today",
        status: 200,
        tests: {
            "Orders are counted": (today) => {
                pm.expect(today.orders.to_pick.count).to.be.a("number").that.is.at.least(0);
                pm.expect(today.orders.overdue.or_more).to.be.a("boolean");
            },
            "What the last restock run did is there": (today) =>
                pm.expect(today.last_restock_run.watched).to.be.a("number"),
        },
    },
    {
        name: "A manager has the books proved",
        description: "It goes on by itself, and what it finds stands at its Location. There is one at a time.",
        POST: "/verifications",
        idempotency_key: "new",
        status: 201,
        tests: { ...located("/verifications"), "It has begun": (proof) => pm.expect(proof.running).to.eql(true) },
        keep: { verification_id: "id" },
    },
    {
        name: "What it has found",
        description: "`held` is null while it is running; read it again then.",
        GET: "/verifications/{{verification_id}}",
        status: 200,
        tests: {
            ...hasEtag,
            "No rule is broken": (proof) => {
                pm.expect(proof.held).to.eql(proof.running ? null : true);
                pm.expect(proof.broken).to.eql([]);
            },
        },
    },
    {
        name: "When the books were proved",
        description: "By managers, and by `storekeeper verify` on the shop's machine.",
        GET: "/verifications?limit=1",
        status: 200,
        tests: { "The newest first": (page) => pm.expect(page.data).to.have.lengthOf(1) },
    },
    {
        name: "Customers prove nothing",
        description: "Neither do clerks.",
        POST: "/verifications",
        as: "customer",
        status: 403,
        code: "forbidden",
    },
    { folder: "The service", description: "How it is, for whoever runs it." },
    {
        name: "What is here",
        description: "Where to go on, for programs; a browser gets a page.",
        GET: "/",
        as: "nobody",
        status: 200,
        tests: {
            "It leads to the description": (here) => pm.expect(here.openapi).to.eql("/openapi.json"),
        },
    },
    {
        name: "It is alive",
        description: "The process answers. The database is not asked.",
        GET: "/healthz",
        as: "nobody",
        status: 200,
        tests: { "It is well": () => pm.expect(pm.response.json()).to.eql({ status: "ok" }) },
    },
    {
        name: "It is ready",
        description: "The database answers and has the right tables. 503 otherwise.",
        GET: "/readyz",
        as: "nobody",
        status: 200,
        tests: { "It is ready": () => pm.expect(pm.response.json()).to.eql({ status: "ready" }) },
    },
    {
        name: "A request id of the caller's own",
        description: "It is given back and appears in the log, so one request can be followed through all of them.",
        GET: "/healthz",
        as: "nobody",
        headers: { "X-Request-Id": "postman-{{run}}" },
        status: 200,
        tests: {
            "The id is given back": () => {
                const run = pm.collectionVariables.get("run");
                pm.expect(pm.response.headers.get("X-Request-Id")).to.eql(`postman-${run}`);
            },
        },
    },
    {
        name: "Its description",
        description: "The OpenAPI 3.1 document, for generated clients.",
        GET: "/openapi.json",
        as: "nobody",
        status: 200,
        tests: {
            "It describes this API": (description) => {
                pm.expect(description.openapi).to.match(/^3\.1\./);
                pm.expect(description.paths).to.have.property("/orders/{id}/track");
            },
        },
    },
    {
        name: "Its reference page",
        description:
            "To read in a browser and to try things out. It loads nothing from elsewhere. A build without the " +
            "feature `docs` answers 404 here and below.",
        GET: "/docs",
        as: "nobody",
        status: 200,
        tests: {
            "It is a page that is held to this server": () => {
                pm.expect(pm.response.headers.get("Content-Type")).to.eql("text/html; charset=utf-8");
                pm.expect(pm.response.headers.get("Content-Security-Policy")).to.include("default-src 'none'");
            },
        },
    },
    {
        name: "The page's script",
        description: "Some megabytes that browsers keep and check with their `ETag`.",
        GET: "/docs/scalar.js",
        as: "nobody",
        status: 200,
        tests: {
            ...hasEtag,
            "It is a script": header("Content-Type", "text/javascript; charset=utf-8"),
        },
    },
    { folder: "After", description: "Removes what the run has made, as far as the shop's books allow." },
    {
        name: "A note that names somebody",
        description: "What staff write to a movement may be about a person, which only a person can tell.",
        POST: "/products/{{candle_id}}/stock/movements",
        idempotency_key: "new",
        body: { delta: 1, reason: "return", note: "From ada.{{run}}@example.com, in one piece." },
        status: 201,
        keep: { movement_id: "id" },
    },
    {
        name: "The candle is archived",
        description: "Its ledger stays.",
        DELETE: "/products/{{candle_id}}",
        status: 204,
    },
    {
        name: "The soap is archived",
        description: "Its ledger stays.",
        DELETE: "/products/{{soap_id}}",
        status: 204,
    },
    {
        name: "Archived products are not restocked",
        description: "The rule is still there, but nothing would be ordered.",
        GET: "/restock/plan?product_id={{candle_id}}",
        status: 200,
        tests: {
            "The plan says so": (plan) => {
                pm.expect(plan.data).to.have.lengthOf(1);
                pm.expect(plan.data[0]).to.include({ action: "nothing", quantity: 0 });
                pm.expect(plan.data[0].reason).to.include("archived");
            },
        },
    },
    {
        name: "The customer leaves",
        description: "The cancelled order stays, without personal data.",
        DELETE: "/customers/{{customer_id}}",
        as: "customer",
        status: 204,
    },
    {
        name: "The note is up for review",
        description: "By what it may name the customer is told, and nothing of the customer. For managers.",
        GET: "/mentions?customer_id={{customer_id}}&limit=100",
        status: 200,
        tests: {
            "The movement is there, with what was recognised": (page) => {
                const id = Number(pm.collectionVariables.get("movement_id"));
                const mention = page.data.find((one) => one.movement?.id === id);
                pm.expect(mention, "not among the first hundred").to.be.an("object");
                pm.expect(mention.found).to.include("email");
            },
        },
    },
    {
        name: "Its retry does not tell the note",
        description: "The work was done under this key, and is not done again; the kept answer is erased.",
        POST: "/products/{{candle_id}}/stock/movements",
        idempotency_key: "same",
        body: { delta: 1, reason: "return", note: "From ada.{{run}}@example.com, in one piece." },
        status: 410,
        code: "answer_erased",
        tests: { "What it was is told": () => pm.expect(pm.response.json().answered.status).to.eql(201) },
    },
    {
        name: "A manager writes another note",
        description: "Or none, with `null`; with `{}` it stays and has been looked at. The units stay as they are.",
        PATCH: "/stock/movements/{{movement_id}}",
        body: { note: "Came back in one piece." },
        status: 200,
        tests: {
            ...hasEtag,
            "It is the same movement": idIs("movement_id"),
            "With its new note": (movement) => pm.expect(movement.note).to.eql("Came back in one piece."),
        },
    },
    {
        name: "It is no longer up for review",
        description: "A manager has looked at it.",
        GET: "/mentions?customer_id={{customer_id}}&limit=100",
        status: 200,
        tests: {
            "The movement is not there": (page) => {
                const id = Number(pm.collectionVariables.get("movement_id"));
                pm.expect(page.data.map((one) => one.movement?.id)).not.to.include(id);
            },
        },
    },
    {
        name: "The notes, without a session",
        description: "Log in first, as a manager.",
        GET: "/mentions",
        as: "nobody",
        status: 401,
        code: "unauthenticated",
    },
    end,
];
