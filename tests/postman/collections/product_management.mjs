import {
    allow,
    begin,
    emptyList,
    end,
    etag,
    etagAndNoBody,
    etagIs,
    etagIsNot,
    firstPage,
    hasEtag,
    header,
    idIs,
    lastPage,
    located,
    noBody,
    replayed,
    rows,
} from "../shared.mjs";

export const collection = {
    id: "46635d3a-2dec-5454-8528-ce97291bf70a",
    name: "Product Management",
    description: `Staff add products, change them and archive them; anyone browses the catalogue.

The prices here have two decimals, so the shop's currency must have them too (EUR, USD and most \
others).`,
    variables: {
        customer_id: "A customer, to see what customers may not do.",
        customer_token: "That customer's session.",
        mug_id: "A product with everything filled in.",
        mug_etag: "The mug's ETag as last read.",
        old_etag: "An ETag from before a change.",
        jug_id: "A cheaper product.",
        tray_id: "A product that is out of stock.",
        heir_id: "The product that takes over the SKU of the mug.",
        next_cursor: "Where the next page of a list starts.",
        idempotency_key: "The key of the request that is retried.",
    },
};

export const requests = [
    { folder: "Before", description: "Begins the run." },
    begin,
    {
        name: "A customer signs up",
        description: "Somebody to whom the shop says no below, and who browses.",
        POST: "/customers",
        as: "nobody",
        body: { name: "Ada Lovelace {{run}}", email: "ada.{{run}}@example.com", phone: "+44 20 123456" },
        status: 201,
        keep: { customer_id: "id", customer_token: "session.token" },
    },
    {
        folder: "Adding products",
        description: "For staff. Prices are decimal strings; numbers are taken too when they are exact.",
    },
    {
        name: "Add a product",
        description: "`stock` is the number of units on the shelf; they get the first line of the ledger.",
        POST: "/products",
        idempotency_key: "new",
        body: {
            sku: "MUG-{{run}}",
            name: "Stoneware mug {{run}}",
            description: "A heavy mug that keeps tea warm.\nDishwasher safe.",
            category: "Kitchen {{run}}",
            price: "14.50",
            stock: 40,
        },
        status: 201,
        tests: {
            ...located("/products"),
            ...hasEtag,
            "The product is as sent": (mug) => {
                pm.expect(mug.sku).to.eql(`MUG-${pm.collectionVariables.get("run")}`);
                pm.expect(mug.price).to.eql("14.50");
                pm.expect(mug.currency).to.match(/^[A-Z]{3}$/);
                pm.expect(mug.description).to.eql("A heavy mug that keeps tea warm.\nDishwasher safe.");
                pm.expect(mug.in_stock).to.be.true;
            },
        },
        keep: { mug_id: "id" },
    },
    {
        name: "The same request again adds nothing",
        description: "A retry with the same `Idempotency-Key` gets the first answer.",
        POST: "/products",
        idempotency_key: "same",
        body: {
            sku: "MUG-{{run}}",
            name: "Stoneware mug {{run}}",
            description: "A heavy mug that keeps tea warm.\nDishwasher safe.",
            category: "Kitchen {{run}}",
            price: "14.50",
            stock: 40,
        },
        status: 201,
        tests: {
            ...replayed,
            "It is the same product": idIs("mug_id"),
        },
    },
    {
        name: "The key of another request",
        description: "A new request needs a new key.",
        POST: "/products",
        idempotency_key: "same",
        body: { name: "Something else {{run}}", price: "1.00" },
        status: 422,
        code: "idempotency_key_reused",
    },
    {
        name: "A price written as a number",
        description: "`9.9` is exact, so it is taken, and reads back with the currency's decimals.",
        POST: "/products",
        body: { sku: "JUG-{{run}}", name: "Milk jug {{run}}", category: "Kitchen {{run}}", price: 9.9, stock: 3 },
        status: 201,
        tests: { "It costs 9.90": () => pm.expect(pm.response.json().price).to.eql("9.90") },
        keep: { jug_id: "id" },
    },
    {
        name: "The least that a product needs",
        description: "A name and a price. Nothing is on the shelf yet.",
        POST: "/products",
        body: { name: "Tea tray {{run}}", price: "27" },
        status: 201,
        tests: {
            "The rest is empty, and it is out of stock": (tray) => {
                pm.expect(tray).to.include({ sku: null, description: null, category: null, in_stock: false });
            },
        },
        keep: { tray_id: "id" },
    },
    {
        name: "A SKU that is taken, in other letters",
        description: "SKUs are unique among the active products, whatever the case of their letters.",
        POST: "/products",
        body: { sku: "mug-{{run}}", name: "Another mug {{run}}", price: "12.00" },
        status: 409,
        code: "sku_taken",
        tests: {
            "The field is named, and the product that has it": () => {
                pm.expect(pm.response.json().errors[0]).to.include({ field: "sku", code: "taken" });
                pm.expect(pm.response.json().product.id).to.eql(Number(pm.collectionVariables.get("mug_id")));
            },
        },
    },
    {
        name: "Every bad field is named at once",
        description: "Missing, malformed, out of range, and unknown.",
        POST: "/products",
        body: { sku: "no\nbreaks", stock: -1, colour: "blue" },
        status: 422,
        fields: [
            "name: required",
            "price: required",
            "sku: line_break",
            "stock: invalid_number",
            "colour: unknown_field",
        ],
    },
    {
        name: "More decimals than the currency has",
        description: "A price is refused rather than rounded.",
        POST: "/products",
        body: { name: "Stoneware mug {{run}}", price: "14.505" },
        status: 422,
        fields: ["price: too_many_decimals"],
    },
    {
        name: "A negative price",
        description: "No sign and no exponent, and nothing over the limit.",
        POST: "/products",
        body: { name: "Stoneware mug {{run}}", price: -1 },
        status: 422,
        fields: ["price: invalid_price"],
    },
    {
        name: "A body that is not JSON",
        description: "The detail says where the JSON breaks.",
        POST: "/products",
        body: '{"name": "Stoneware mug", "price": 14,50}',
        status: 400,
        code: "malformed_json",
    },
    {
        name: "A body of another type than JSON",
        description: "Bodies are `application/json`.",
        POST: "/products",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: "name=Mug&price=14.50",
        status: 415,
        code: "unsupported_media_type",
    },
    {
        name: "Adding without a session",
        description: "Log in first.",
        POST: "/products",
        as: "nobody",
        body: { name: "Stoneware mug {{run}}", price: "14.50" },
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "Adding as a customer",
        description: "The catalogue is the staff's.",
        POST: "/products",
        as: "customer",
        body: { name: "Stoneware mug {{run}}", price: "14.50" },
        status: 403,
        code: "forbidden",
    },
    { folder: "Browsing the catalogue", description: "Open to anyone, without a session." },
    {
        name: "Read a product",
        description: "Catalogue reads may be cached, and are checked with their `ETag` before each use.",
        GET: "/products/{{mug_id}}",
        as: "nobody",
        status: 200,
        tests: {
            "A cache may keep it, and asks before each use": header("Cache-Control", "no-cache"),
            "It is the mug": (mug) => {
                pm.expect(mug.id).to.eql(Number(pm.collectionVariables.get("mug_id")));
                const texts = ["sku", "name", "description", "category", "price", "currency"];
                const more = ["barcodes", "shelf", "image_urls", "slug"];
                const dates = ["created_at", "updated_at", "archived_at"];
                pm.expect(mug).to.have.all.keys("id", ...texts, ...more, "in_stock", ...dates);
            },
        },
        keep: { mug_etag: etag },
    },
    {
        name: "Nothing has changed since",
        description: "With `If-None-Match` an unchanged product is not sent again.",
        GET: "/products/{{mug_id}}",
        as: "nobody",
        headers: { "If-None-Match": "{{mug_etag}}" },
        status: 304,
        tests: etagAndNoBody("mug_etag"),
    },
    {
        name: "The list",
        description: "Twenty at a time unless `limit` says otherwise.",
        GET: "/products",
        as: "nobody",
        status: 200,
        tests: {
            "A cache may keep it, and asks before each use": header("Cache-Control", "no-cache"),
            "There are products and perhaps a next page": (page) => {
                pm.expect(page.data).to.be.an("array").with.lengthOf.within(1, 20);
                pm.expect(page).to.have.all.keys("data", "next");
            },
        },
    },
    {
        name: "The headers of the list",
        description: "`HEAD` works wherever `GET` does.",
        HEAD: "/products",
        as: "nobody",
        status: 200,
        tests: noBody,
    },
    {
        name: "Search by name, the dearest first",
        description: "`q` is looked for in name and SKU.",
        GET: "/products?q={{run}}&sort=-price",
        as: "nobody",
        status: 200,
        tests: {
            "All three are there, by price": () =>
                pm.expect(pm.response.json().data.map((product) => product.price)).to.eql(["27.00", "14.50", "9.90"]),
        },
    },
    {
        name: "One category, by name, page by page",
        description: "`next` is the cursor of the next page.",
        GET: "/products?category=Kitchen {{run}}&sort=name&limit=1",
        as: "nobody",
        status: 200,
        tests: { "The jug comes first, and there is more": firstPage("jug_id") },
        keep: { next_cursor: "next" },
    },
    {
        name: "The next page",
        description: "The last page has `next: null`.",
        GET: "/products?category=Kitchen {{run}}&sort=name&limit=1&after={{next_cursor}}",
        as: "nobody",
        status: 200,
        tests: { "The mug is the last": lastPage("mug_id") },
    },
    {
        name: "Between two prices",
        description: "Both ends belong to the range.",
        GET: "/products?q={{run}}&min_price=9.90&max_price=14.49",
        as: "nobody",
        status: 200,
        tests: { "Only the jug is there": rows("jug_id") },
    },
    {
        name: "What is out of stock",
        description: "`in_stock=true` is the other way round.",
        GET: "/products?q={{run}}&in_stock=false",
        as: "nobody",
        status: 200,
        tests: { "Only the tray is there": rows("tray_id") },
    },
    {
        name: "The product with a SKU",
        description: "Exactly, whatever the case of its letters.",
        GET: "/products?sku=mug-{{run}}",
        as: "nobody",
        status: 200,
        tests: {
            "It is the mug": (page) =>
                pm.expect(page.data.map((one) => one.id)).to.eql([Number(pm.collectionVariables.get("mug_id"))]),
        },
    },
    {
        name: "A basket",
        description: "Up to a hundred ids, all on one page; what is not in the catalogue is left out.",
        GET: "/products?ids={{mug_id}},{{tray_id}},9223372036854775807",
        as: "nobody",
        status: 200,
        tests: { "Two are there": (page) => pm.expect(page.data).to.have.lengthOf(2) },
    },
    {
        name: "The categories",
        description: "Those of the active products, with how many each has.",
        GET: "/categories?limit=100",
        as: "nobody",
        status: 200,
        tests: {
            "Each has a product at least": (page) =>
                page.data.forEach((one) => pm.expect(one.products).to.be.at.least(1)),
        },
    },
    {
        name: "Nothing fits",
        description: "An empty list is no error.",
        GET: "/products?q=no such thing {{run}}",
        as: "nobody",
        status: 200,
        tests: emptyList,
    },
    {
        name: "Parameters that cannot be",
        description: "All of them are named at once.",
        GET: "/products?sort=colour&limit=101&min_price=cheap&in_stock=maybe&page=2",
        as: "nobody",
        status: 422,
        fields: [
            "sort: invalid_sort",
            "limit: invalid_number",
            "min_price: invalid_price",
            "in_stock: invalid_boolean",
            "page: unknown_field",
        ],
    },
    {
        name: "The cursor of another sort",
        description: "A cursor belongs to the list and the sort that gave it.",
        GET: "/products?sort=id&after={{next_cursor}}",
        as: "nobody",
        status: 422,
        fields: ["after: invalid_cursor"],
    },
    {
        name: "No such product",
        description: "There is nothing with that id.",
        GET: "/products/9223372036854775807",
        as: "nobody",
        status: 404,
        code: "not_found",
    },
    {
        name: "An id that is no number",
        description: "The same.",
        GET: "/products/mug",
        as: "nobody",
        status: 404,
        code: "not_found",
    },
    {
        folder: "Changing products",
        description:
            "For staff. A price that changes leaves orders alone: they keep the price at which they were placed.",
    },
    {
        name: "Replace a product that nobody else has changed",
        description:
            "`PUT` clears the optional fields that it leaves out. With `If-Match` it is refused when somebody else " +
            "was faster.",
        PUT: "/products/{{mug_id}}",
        headers: { "If-Match": "{{mug_etag}}" },
        body: { sku: "MUG-{{run}}", name: "Large mug {{run}}", category: "Kitchen {{run}}", price: "16.00" },
        status: 200,
        tests: {
            "Name and price are new, and the description is cleared": (mug) => {
                pm.expect(mug.name).to.eql(`Large mug ${pm.collectionVariables.get("run")}`);
                pm.expect(mug.price).to.eql("16.00");
                pm.expect(mug.description).to.be.null;
                pm.expect(mug.sku).to.eql(`MUG-${pm.collectionVariables.get("run")}`);
            },
            "The ETag is new": etagIsNot("mug_etag"),
        },
        keep: { old_etag: () => pm.collectionVariables.get("mug_etag"), mug_etag: etag },
    },
    {
        name: "A change to a product that has changed since",
        description: "The `ETag` is the one from before the change above.",
        PATCH: "/products/{{mug_id}}",
        headers: { "If-Match": "{{old_etag}}" },
        body: { price: "1.00" },
        status: 412,
        code: "precondition_failed",
        tests: { "The current ETag is told": etagIs("mug_etag") },
    },
    {
        name: "Change the price alone",
        description: "`PATCH` keeps what is not named.",
        PATCH: "/products/{{mug_id}}",
        body: { price: "15.25" },
        status: 200,
        tests: {
            "Only the price is new": (mug) => {
                pm.expect(mug.price).to.eql("15.25");
                pm.expect(mug.name).to.eql(`Large mug ${pm.collectionVariables.get("run")}`);
            },
        },
    },
    {
        name: "Clear a field",
        description: "Null clears an optional field.",
        PATCH: "/products/{{mug_id}}",
        body: { category: null },
        status: 200,
        tests: {
            "The category is gone, the rest is not": (mug) => {
                pm.expect(mug.category).to.be.null;
                pm.expect(mug.price).to.eql("15.25");
            },
        },
    },
    {
        name: "A field that cannot be cleared",
        description: "Every product has a name and a price.",
        PATCH: "/products/{{mug_id}}",
        body: { name: null, price: null },
        status: 422,
        fields: ["name: required", "price: required"],
    },
    {
        name: "Write back what was read",
        description: "What a product shows and nobody sets may come back with a change, unchanged. An empty text is none.",
        PATCH: "/products/{{mug_id}}",
        body: { id: "{{mug_id}}", currency: "EUR", archived_at: null, category: "", price: "15.50" },
        status: 200,
        tests: { "The price is new": (mug) => pm.expect(mug.price).to.eql("15.50") },
    },
    {
        name: "What nobody sets is not changed",
        description: "A difference is refused, with what changes it.",
        PATCH: "/products/{{mug_id}}",
        body: { id: 1, archived_at: "2026-01-01T00:00:00Z" },
        status: 422,
        fields: ["id: read_only", "archived_at: read_only"],
    },
    {
        name: "Units are not changed here",
        description: "Stock changes by movements in the ledger only; see Bonus Features.",
        PATCH: "/products/{{mug_id}}",
        body: { stock: 100 },
        status: 422,
        fields: ["stock: unknown_field"],
    },
    {
        name: "A barcode that was misread",
        description: "The last digit checks the others. An address must be one of the web.",
        PATCH: "/products/{{tray_id}}",
        body: { barcodes: [{ code: "4006381333932" }], image_urls: ["tray.jpg"], slug: "tea tray" },
        status: 422,
        fields: ["barcodes[0].code: wrong_check_digit", "image_urls[0]: invalid_url", "slug: invalid_slug"],
    },
    {
        name: "Where it stands and what it looks like",
        description: "For the people at the counter and the shop in front.",
        PATCH: "/products/{{tray_id}}",
        body: { shelf: "A3", image_urls: ["https://shop.example/tray.jpg"], slug: "tea-tray-{{run}}" },
        status: 200,
        tests: { "It is kept": (tray) => pm.expect(tray.shelf).to.eql("A3") },
    },
    {
        name: "Replacing needs a name and a price",
        description: "What `PUT` leaves out is missing, not kept.",
        PUT: "/products/{{mug_id}}",
        body: {},
        status: 422,
        fields: ["name: required", "price: required"],
    },
    {
        name: "A SKU that another product has",
        description: "The mug's.",
        PATCH: "/products/{{jug_id}}",
        body: { sku: "MUG-{{run}}" },
        status: 409,
        code: "sku_taken",
    },
    {
        name: "Changing as a customer",
        description: "Customers do not make prices.",
        PATCH: "/products/{{mug_id}}",
        as: "customer",
        body: { price: "0.01" },
        status: 403,
        code: "forbidden",
    },
    {
        name: "Changing without a session",
        description: "Log in first.",
        PUT: "/products/{{mug_id}}",
        as: "nobody",
        body: { name: "Free mug {{run}}", price: "0.01" },
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "Changing what does not exist",
        description: "There is nothing with that id.",
        PATCH: "/products/9223372036854775807",
        body: { price: "1.00" },
        status: 404,
        code: "not_found",
    },
    {
        name: "A method that products do not have",
        description: "`Allow` names the methods that there are.",
        POST: "/products/{{mug_id}}",
        body: {},
        status: 405,
        code: "method_not_allowed",
        tests: { "Allow names the others": allow("GET, PUT, PATCH, DELETE, HEAD, OPTIONS") },
    },
    {
        folder: "Archiving products",
        description:
            "Deleting a product archives it: it is gone from the catalogue, and orders that hold it still read and " +
            "still ship. This also removes what the run has made.",
    },
    {
        name: "Deleting as a customer",
        description: "For staff only.",
        DELETE: "/products/{{mug_id}}",
        as: "customer",
        status: 403,
        code: "forbidden",
    },
    {
        name: "Deleting with an old ETag",
        description: "`If-Match` works for `DELETE` too.",
        DELETE: "/products/{{mug_id}}",
        headers: { "If-Match": "{{old_etag}}" },
        status: 412,
        code: "precondition_failed",
    },
    {
        name: "Archive the mug",
        description: "There is nothing to answer.",
        DELETE: "/products/{{mug_id}}",
        status: 204,
        tests: noBody,
    },
    {
        name: "It is gone from the catalogue",
        description: "For staff too.",
        GET: "/products/{{mug_id}}",
        status: 404,
        code: "not_found",
    },
    {
        name: "It cannot be changed any more",
        description: "Nor deleted again.",
        PATCH: "/products/{{mug_id}}",
        body: { price: "1.00" },
        status: 404,
        code: "not_found",
    },
    {
        name: "Its SKU is free again",
        description: "The next product takes it over.",
        POST: "/products",
        body: { sku: "MUG-{{run}}", name: "New mug {{run}}", price: "18.00" },
        status: 201,
        tests: {
            "The SKU is the mug's": () =>
                pm.expect(pm.response.json().sku).to.eql(`MUG-${pm.collectionVariables.get("run")}`),
        },
        keep: { heir_id: "id" },
    },
    {
        name: "What is archived",
        description: "Staff list it; its SKU belongs to another product by now.",
        GET: "/products?archived=true&ids={{mug_id}}",
        status: 200,
        tests: {
            "The mug is there, with the time": (page) => pm.expect(page.data[0].archived_at).to.be.a("string"),
        },
    },
    {
        name: "Restoring with a SKU that is taken",
        description: "The refusal names the product that has it.",
        POST: "/products/{{mug_id}}/restore",
        status: 409,
        code: "sku_taken",
    },
    {
        name: "Archive the new mug",
        description: "Cleans up.",
        DELETE: "/products/{{heir_id}}",
        status: 204,
    },
    {
        name: "Restore the mug",
        description: "It is in the catalogue again, with its SKU.",
        POST: "/products/{{mug_id}}/restore",
        status: 200,
        tests: { "It is active": (mug) => pm.expect(mug.archived_at).to.eql(null) },
    },
    {
        name: "Archive the mug again",
        description: "The run leaves nothing behind.",
        DELETE: "/products/{{mug_id}}",
        status: 204,
        tests: noBody,
    },
    {
        name: "Archive the jug",
        description: "Cleans up.",
        DELETE: "/products/{{jug_id}}",
        status: 204,
    },
    {
        name: "Archive the tray",
        description: "Cleans up.",
        DELETE: "/products/{{tray_id}}",
        status: 204,
    },
    {
        name: "Deleting again",
        description: "There is nothing left to delete.",
        DELETE: "/products/{{tray_id}}",
        status: 404,
        code: "not_found",
    },
    {
        name: "The customer leaves",
        description: "Cleans up.",
        DELETE: "/customers/{{customer_id}}",
        as: "customer",
        status: 204,
    },
    {
        name: "Nothing of this run is left",
        description: "The catalogue is as it was.",
        GET: "/products?q={{run}}",
        as: "nobody",
        status: 200,
        tests: emptyList,
    },
    end,
];
