//! What forms and strangers' clients send: numbers in quotes, empty texts, other names, stray parameters.

use serde_json::{Value, json};

use crate::fixtures::items_json;
use crate::harness::Shop;
use crate::paging::ids_of;
use crate::shelves::Rule;
use crate::wire;

/// The message for a field.
fn message(body: &Value, field: &str) -> String {
    let errors = body["errors"].as_array().expect("errors");
    let error =
        errors.iter().find(|error| error["field"] == field).unwrap_or_else(|| panic!("{field} in {body}"));
    error["message"].as_str().unwrap().to_owned()
}

#[test]
fn plain_digits_in_quotes_are_the_number() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let barcodes = json!([{"code": "4006381333931", "units": "12"}]);
    let body = json!({"name": "A", "price": "1", "stock": "10", "barcodes": barcodes});
    let product = staff.post("/products", body).expect(201);
    assert_eq!(product.body["barcodes"][0]["units"], 12);
    let id = product.id();
    let order = json!({"customer_id": guest.id.to_string(), "items": [{"product_id": id.to_string(), "quantity": " 2 "}]});
    assert_eq!(staff.post("/orders", order).expect(201).body["items"][0]["quantity"], 2);
    let stock = format!("/products/{id}/stock");
    let rule = json!({"reorder_point": "5", "reorder_target": "020", "reorder_multiple": "4", "lead_time_days": "0"});
    assert_eq!(staff.patch(&stock, rule).expect(200).body["reorder_target"], 20);
    let moved =
        staff.post(&format!("{stock}/movements"), json!({"delta": "-2", "reason": "damaged"})).expect(201);
    assert_eq!(moved.body["balance_after"], 8);
    let count = json!({"counted": "9", "expected_on_hand": "8", "reason": "stock_take"});
    staff.post(&format!("{stock}/movements"), count).expect(201);
    staff.post("/restock/runs", json!({"product_id": id.to_string()})).expect(201);
    let clerk_id = shop.clerk().get("/sessions/current").body["account_id"].clone();
    assert_eq!(
        staff.patch(&format!("/staff/{clerk_id}"), json!({"disabled": "true"})).expect(200).body["disabled"],
        true
    );

    for bad in [
        "5.0",
        "1e3",
        "+5",
        "٥",
        "５",
        "5 0",
        "0x5",
        "five",
        "5\u{A0}",
        "--5",
        "9223372036854775808",
        "1,000",
    ] {
        let body = json!({"items": [{"product_id": id, "quantity": bad}]});
        guest.client.post("/orders", body).expect_bad_fields(&[("items[0].quantity", "invalid_number")]);
    }
    for bad in ["", " "] {
        let body = json!({"items": [{"product_id": id, "quantity": bad}]});
        let refused = guest.client.post("/orders", body).expect_problem(422, "invalid_fields");
        assert!(message(&refused.body, "items[0].quantity").starts_with("must be a whole number from 1"));
    }
    let words = json!({"disabled": "yes"});
    staff.patch(&format!("/staff/{clerk_id}"), words).expect_bad_fields(&[("disabled", "invalid_boolean")]);
}

#[test]
fn an_empty_text_is_none_where_there_may_be_none() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let empty = json!({
        "name": "A", "price": "1", "sku": "", "description": " ", "category": "\u{200B}", "shelf": "", "slug": " ",
        "barcodes": "", "image_urls": "", "stock": "",
    });
    let product = staff.post("/products", empty.clone()).expect(201);
    for name in ["sku", "description", "category", "shelf", "slug"] {
        assert_eq!(product.body[name], json!(null), "{name}");
    }
    assert_eq!((&product.body["barcodes"], &product.body["in_stock"]), (&json!([]), &json!(false)));
    let path = format!("/products/{}", product.id());
    let full = json!({
        "name": "A", "price": "1", "sku": "S", "description": "d", "category": "c", "shelf": "s", "slug": "s",
        "image_urls": ["https://a.example/b.jpg"],
    });
    let nothing =
        json!({"sku": "", "description": "  ", "category": "", "shelf": "", "slug": "", "image_urls": ""});
    for method in ["PATCH", "PUT"] {
        staff.put(&path, full.clone()).expect(200);
        let mut body = nothing.clone();
        if method == "PUT" {
            (body["name"], body["price"]) = (json!("A"), json!("1"));
        }
        let cleared = staff.call(method, &path, &body).expect(200).body;
        for name in ["sku", "description", "category", "shelf", "slug"] {
            assert_eq!(cleared[name], json!(null), "{method} {name}");
        }
        assert_eq!(cleared["image_urls"], json!([]));
    }
    // Where there must be one, it is said.
    let refused = staff.patch(&path, json!({"name": "", "price": ""}));
    let refused = refused.expect_bad_fields(&[("name", "blank"), ("price", "invalid_price")]);
    assert_eq!(message(&refused.body, "name"), "must not be blank");

    let stocked = shop.product(&staff, 9);
    let order = json!({
        "items": items_json(&[(stocked, 1)]), "note": "", "shipping_address": " ", "expected_total": "", "customer_id": "",
    });
    let order = guest.client.post("/orders", order).expect(201);
    assert_eq!((&order.body["note"], &order.body["shipping_address"]), (&json!(null), &json!(null)));
    let shipped =
        staff.post(&format!("/orders/{}/ship", order.id()), json!({"carrier": "", "tracking_number": " "}));
    assert_eq!(shipped.expect(200).body["carrier"], json!(null));
    let person = json!({"name": "A", "email": "a@b.co", "phone": "555 0100", "account": ""});
    assert_eq!(shop.anyone().post("/customers", person).expect(201).body["account_id"], json!(null));
    let key = json!({"name": "K", "scopes": ["orders:read"], "expires_at": ""});
    staff.post("/api_keys", key).expect(201);
    let rule = json!({"reorder_point": "", "reorder_target": ""});
    staff.patch(&format!("/products/{stocked}/stock"), rule).expect(200);
    staff
        .patch(&format!("/products/{stocked}/stock"), json!({"reorder_multiple": ""}))
        .expect_bad_fields(&[("reorder_multiple", "invalid_number")]);
}

#[test]
fn an_empty_filter_is_as_if_not_given() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.watched(&staff, 9, Rule { point: 20, target: 30, multiple: 1, lead_days: 1 });
    guest.client.order(&[(product, 1)]).expect(201);
    shop.customer_with_account();
    staff.restock();
    let all = |path: &str| ids_of(&staff.get(path).expect(200));
    for query in [
        "q=",
        "q=%20",
        "q=+&category=&sku=&slug=&barcode=",
        "min_price=&max_price=",
        "in_stock=&archived=",
        "sort=&limit=&after=",
        "q",
    ] {
        assert_eq!(all(&format!("/products?{query}")), [product], "{query}");
    }
    for path in [
        "/orders?q=&status=&from=&to=&customer_id=&product_id=&tracking_number=&confirmed=&to_confirm=",
        "/customers?q=",
        "/purchase_orders?status=&overdue=&waiting=&expected_from=&expected_to=&product_id=",
        "/customer_accounts?q=&customer_id=",
        "/audit?account_id=&api_key_id=&command=&object=&object_id=&from=&to=",
    ] {
        let found = all(path);
        assert!(!found.is_empty(), "{path}");
        assert_eq!(found, all(path.split('?').next().unwrap()), "{path}");
    }
    staff.get("/stock?below_threshold=&out_of_stock=&days_of_cover_below=&q=&archived=").expect(200);
    staff.get(&format!("/products/{product}/stock?as_of=")).expect(200);
    staff.get(&format!("/products/{product}/stock/movements?reason=&from=&to=")).expect(200);
    // Whose basket is empty does not mean the whole catalogue.
    staff.get("/products?ids=").expect_bad_fields(&[("ids", "invalid_ids")]);
    staff.get("/products?min_price=x").expect_bad_fields(&[("min_price", "invalid_price")]);
}

#[test]
fn another_name_of_the_same_thing_is_named() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 9);
    let [one, stock] = [format!("/products/{product}"), format!("/products/{product}/stock")];
    let movements = format!("{stock}/movements");
    let order = guest.client.order(&[(product, 1)]).expect(201).id();
    let order = format!("/orders/{order}");
    let customer = format!("/customers/{}", guest.id);
    for (method, path, body, field, hint) in [
        ("POST", "/products", json!({"product_name": "A"}), "product_name", "did you mean name?"),
        ("POST", "/products", json!({"Title": "A"}), "Title", "did you mean name?"),
        ("POST", "/products", json!({"quantity": 5}), "quantity", "did you mean stock?"),
        ("POST", "/products", json!({"qty": 5}), "qty", "did you mean stock?"),
        ("POST", "/products", json!({"unit-price": 5}), "unit-price", "did you mean price?"),
        ("POST", "/products", json!({"barcodes": [{"ean": "1"}]}), "barcodes[0].ean", "did you mean code?"),
        ("POST", "/products", json!({"id": 5}), "id", "is set by the shop; leave it out"),
        ("POST", "/orders", json!({"customerId": 5}), "customerId", "did you mean customer_id?"),
        ("POST", "/orders", json!({"products": []}), "products", "did you mean items?"),
        (
            "POST",
            "/orders",
            json!({"items": [{"productId": 1, "qty": 1}]}),
            "items[0].productId",
            "did you mean product_id?",
        ),
        (
            "POST",
            "/orders",
            json!({"items": [{"productId": 1, "qty": 1}]}),
            "items[0].qty",
            "did you mean quantity?",
        ),
        ("POST", "/orders", json!({"zip_code": "1"}), "zip_code", "did you mean shipping_address?"),
        ("POST", "/customers", json!({"e-mail": "a@b.co"}), "e-mail", "did you mean email?"),
        ("POST", "/customers", json!({"mobile": "1"}), "mobile", "did you mean phone?"),
        (
            "POST",
            "/customers",
            json!({"account": {"user_name": "a"}}),
            "account.user_name",
            "did you mean username?",
        ),
        ("POST", "/sessions", json!({"email": "a@b.co", "password": "x"}), "email", "did you mean username?"),
        ("POST", "/customer_accounts", json!({"customer": 1}), "customer", "did you mean customer_id?"),
        ("PUT", &one, json!({"stock": 5}), "stock", "POST /products/{id}/stock/movements changes the stock"),
        (
            "PATCH",
            &one,
            json!({"quantity": 5}),
            "quantity",
            "POST /products/{id}/stock/movements changes the stock",
        ),
        (
            "PATCH",
            &one,
            json!({"reorderPoint": 5}),
            "reorderPoint",
            "PATCH /products/{id}/stock sets the rule",
        ),
        ("PATCH", &one, json!({"createdAt": "x"}), "createdAt", "did you mean created_at?"),
        ("PATCH", &order, json!({"status": "shipped"}), "status", "POST /orders/{id}/ship"),
        (
            "PATCH",
            &order,
            json!({"deliveryDate": "2999-01-01"}),
            "deliveryDate",
            "did you mean expected_delivery_date?",
        ),
        ("PATCH", &customer, json!({"password": "x"}), "password", "PATCH /customer_accounts/{id}"),
        ("PATCH", &stock, json!({"price": 5}), "price", "PATCH /products/{id}"),
        ("PATCH", &stock, json!({"on_hand": 50}), "on_hand", "POST /products/{id}/stock/movements"),
        ("PATCH", &stock, json!({"min_stock": 5}), "min_stock", "did you mean reorder_point?"),
        ("POST", &movements, json!({"quantity": 5, "reason": "found"}), "quantity", "did you mean delta?"),
        ("POST", &movements, json!({"count": 5, "reason": "stock_take"}), "count", "did you mean counted?"),
        (
            "POST",
            &format!("{order}/ship"),
            json!({"trackingNumber": "1"}),
            "trackingNumber",
            "did you mean tracking_number?",
        ),
    ] {
        let refused = staff.call(method, path, &body).expect_problem(422, "invalid_fields");
        let message = message(&refused.body, field);
        assert!(message.contains(hint), "{method} {path} {field}: {message}");
    }
    for (path, field, hint) in [
        ("/products?page=2&per_page=10", "page", "limit, and with after"),
        ("/products?page=2&per_page=10", "per_page", "limit, and with after"),
        ("/orders?offset=20", "offset", "limit, and with after"),
        ("/customers?size=5", "size", "limit, and with after"),
        ("/products?Limit=5", "Limit", "did you mean limit?"),
        ("/products?minPrice=5", "minPrice", "did you mean min_price?"),
        ("/products?search=mug", "search", "did you mean q?"),
        ("/products?catagory=mug", "catagory", "did you mean category?"),
        ("/products?order_by=name", "order_by", "did you mean sort?"),
        ("/customers?email=a%2Bb@x.org", "email", "did you mean q?"),
        ("/orders?orderStatus=placed", "orderStatus", "did you mean status?"),
        ("/orders?customer=5", "customer", "did you mean customer_id?"),
        ("/orders?since=2026-01-01T00:00:00Z", "since", "did you mean from?"),
        ("/products?colour=red", "colour", "remove it"),
    ] {
        let refused = staff.get(path).expect_problem(422, "invalid_fields");
        let message = message(&refused.body, field);
        assert!(message.contains(hint), "{path} {field}: {message}");
    }
}

#[test]
fn whatever_is_sent_the_answer_is_short() {
    let shop = Shop::open();
    let staff = shop.staff();
    let filled = |member: &dyn Fn(usize) -> String| {
        let mut body = String::from("{");
        for number in 0.. {
            let next = member(number);
            if body.len() + next.len() > 64 * 1024 - 2 {
                break;
            }
            body += &next;
            body.push(',');
        }
        body.pop();
        body + "}"
    };
    let bodies = [
        filled(&|number| format!("\"{number}\":1")),
        filled(&|number| format!("\"customrids{number:05}\":1")),
        filled(&|number| format!("\"\\u0001\\u0002\\u0003{}{number}\":1", "\\u0007".repeat(60))),
        format!("{{\"{}\":1}}", "k".repeat(65_000)),
        format!("{{\"{0}\":1,\"{0}\":1}}", "\\u0001".repeat(5_000)),
        filled(&|number| format!("\"é{}{number}\":\"\"", "ö".repeat(15))),
    ];
    for body in &bodies {
        for (method, path) in
            [("POST", "/products"), ("POST", "/orders"), ("POST", "/customers"), ("PATCH", "/staff/1")]
        {
            let request = staff.request(method, path).header("Content-Type", "application/json");
            let answer = request.bytes(body.clone().into_bytes()).send();
            assert!([400, 422].contains(&answer.status), "{}", answer.text);
            assert!(answer.text.len() < 10 * 1024, "{} bytes of {}", answer.text.len(), &body[..30]);
        }
    }
    let refused = staff.call("PATCH", "/staff/1", &serde_json::from_str(&bodies[0]).unwrap());
    let detail = refused.body["detail"].as_str().unwrap().to_owned();
    let all = bodies[0].matches(':').count();
    assert!(detail.contains(&format!("{} more are wrong", all - 20)), "{detail}");
    let query: Vec<String> = (0..800).map(|number| format!("x{number}=1")).collect();
    for path in ["/products", "/products/1", "/orders"] {
        let answer = staff.get(&format!("{path}?{}", query.join("&"))).expect(422);
        assert!(answer.text.len() < 10 * 1024, "{}", answer.text.len());
    }
}

#[test]
fn parameters_that_nobody_looks_at_are_refused_with_every_method() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 9);
    let one = format!("/products/{product}");
    let items = json!({"items": items_json(&[(product, 1)])});
    let refused = guest
        .client
        .post("/orders?Product=5", items.clone())
        .expect_bad_fields(&[("Product", "unknown_field")]);
    assert!(refused.text.contains("in the body, as JSON"), "{}", refused.text);
    staff
        .put(&format!("{one}?name=x"), json!({"name": "A", "price": "1"}))
        .expect_bad_fields(&[("name", "unknown_field")]);
    staff
        .patch(&format!("{one}?a=1&b"), json!({}))
        .expect_bad_fields(&[("a", "unknown_field"), ("b", "unknown_field")]);
    staff.delete(&format!("{one}?force=true")).expect_bad_fields(&[("force", "unknown_field")]);
    staff.get(&format!("{one}?fields=name")).expect_bad_fields(&[("fields", "unknown_field")]);
    staff.get(&format!("{one}?%ff=1")).expect(422);
    staff.request("HEAD", &format!("{one}?x=1")).send().expect(422);
    shop.anyone().post("/sessions?remember=1", json!({"username": "a", "password": "b"})).expect(422);
    assert_eq!(staff.get("/orders").expect(200).body["data"], json!([]), "nothing was ordered");
    staff.get(&one).expect(200);
    // An empty query is none, and whoever watches the service may ask as they like.
    guest.client.post("/orders?", items.clone()).expect(201);
    guest.client.post("/orders?&", items).expect(201);
    shop.anyone().get("/healthz?now=1").expect(200);
    shop.anyone().get("/openapi.json?v=2").expect(200);
}

#[test]
fn a_parameter_that_stands_twice_is_named_with_everything_else() {
    let shop = Shop::open();
    let anyone = shop.anyone();
    let refused = [("q", "repeated"), ("limit", "invalid_number"), ("sort", "repeated")];
    anyone.get("/products?q=a&limit=0&q=b&sort=id&q=c&sort=id").expect_bad_fields(&refused);
}

#[test]
fn a_plus_that_was_not_encoded_is_understood() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 9);
    let order = guest.client.order(&[(product, 1)]).expect(201).id();
    for from in [
        "2020-11-25T20:00:00+01:00",
        "2020-11-25T20:00:00.5+05:30",
        "2020-11-25T20:00:00%2B01:00",
        "2020-11-25T20:00:00-01:00",
    ] {
        assert_eq!(ids_of(&staff.get(&format!("/orders?from={from}")).expect(200)), [order], "{from}");
        staff.get(&format!("/orders?to={from}&q=a+b")).expect(200);
        staff.get(&format!("/products/{product}/stock?as_of={from}")).expect(200);
    }
    // Half past eight in Berlin is half past seven in London.
    let now = chrono::Utc::now().with_timezone(&chrono::FixedOffset::east_opt(3600).unwrap());
    let hour = |hours| (now + chrono::Duration::hours(hours)).format("%Y-%m-%dT%H:%M:%S+01:00").to_string();
    assert_eq!(ids_of(&staff.get(&format!("/orders?from={}&to={}", hour(-1), hour(1))).expect(200)), [order]);
    assert_eq!(ids_of(&staff.get(&format!("/orders?from={}", hour(1))).expect(200)), crate::fixtures::NONE);

    // The parts of an address before and behind its plus are both in it.
    let person = json!({"name": "A", "email": "ada+shop@example.org", "phone": "555 0100"});
    let ada = shop.anyone().post("/customers", person).expect(201).id();
    for q in ["ada+shop@example.org", "ada%2Bshop@example.org"] {
        assert_eq!(ids_of(&staff.get(&format!("/customers?q={q}")).expect(200)), [ada], "{q}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped_before_every_body() {
    let shop = Shop::open();
    let body = "\u{FEFF}{\"name\": \"A\", \"email\": \"a@b.co\", \"phone\": \"555 0100\"}";
    let request = |key: &str| {
        let length = body.len();
        let token = shop.staff().token().to_owned();
        format!(
            "POST /customers HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{key}Content-Length: {length}\r\n\r\n{body}"
        )
    };
    wire::exchange_one(&shop.base, request("").as_bytes()).expect(201);
    let key = "Idempotency-Key: bom\r\n";
    let [first, again] =
        [(); 2].map(|()| wire::exchange_one(&shop.base, request(key).as_bytes()).expect(201).json());
    assert_eq!(first["id"], again["id"]);
    let anyone = shop.anyone();
    let only = anyone.request("POST", "/customers").header("Content-Type", "application/json");
    only.bytes("\u{FEFF}".into()).send().expect_problem(400, "malformed_json");
}
