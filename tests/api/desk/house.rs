//! Customers, the house, one's own account and the search.

use serde_json::json;

use crate::fixtures::gtin;
use crate::harness::{STAFF_PASSWORD, Shop};

#[test]
fn a_customer_is_found_changed_and_erased() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 5);
    let guest = shop.guest();
    let order = guest.client.order(&[(product, 1)]).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    let path = format!("/desk/customers/{}", guest.id);
    assert!(clerk.open("/desk/customers?q=lovelace").links().contains(&path));
    let page = clerk.open(&path).expect(200);
    assert!(page.says("Ada Lovelace") && page.links().contains(&format!("/desk/orders/{order}")));
    assert!(!page.has_form("erase"), "only managers erase");
    let changed = clerk.send(&page.form("change"), &[("name", "Ada King")]).expect(200);
    assert!(changed.says("Saved.") && changed.says("Ada King"));
    // Pressed again after "back", it is the same change; after somebody else's it is not.
    assert!(clerk.send(&page.form("change"), &[("name", "Ada King")]).expect(200).says("Saved."));
    let refused = clerk.send(&changed.form("change"), &[("email", "nowhere")]).expect(422);
    assert_eq!(refused.form("change").get("email"), Some("nowhere"));

    let mut manager = shop.manager_at_desk();
    let erase = manager.open(&path).form("erase");
    let refused = manager.send(&erase, &[]).expect(409);
    assert!(refused.says("orders under way"), "{}", refused.text());
    shop.staff().ship(order).expect(200);
    shop.staff().post(&format!("/orders/{order}/deliver"), json!({})).expect(200);
    let erase = manager.open(&path).form("erase");
    let erased = manager.send(&erase, &[]).expect(200);
    assert!(
        erased.path.starts_with("/desk/customers?done=erase") && erased.says("Erased."),
        "{}",
        erased.text()
    );
    assert_eq!(manager.open(&path).status, 404);
    assert!(manager.open(&format!("/desk/orders/{order}")).says("(erased)"));
}

#[test]
fn a_key_for_a_program_is_shown_once_and_made_once() {
    let shop = Shop::open();
    let mut manager = shop.manager_at_desk();
    let page = manager.open("/desk/house/keys");
    let form = page.form("new_key");
    let nothing = manager.send(&form, &[("name", "Till")]).expect(422);
    assert!(
        nothing.says("Correct what is listed here, and send it again. What it may do needs a tick"),
        "{}",
        nothing.text()
    );
    let values = [("name", "Till"), ("scopes[]", "orders:read")];
    let made = manager.send(&nothing.form("new_key"), &values).expect(200);
    let key = regex::Regex::new("storekeeper_[0-9a-f]{64}")
        .unwrap()
        .find(&made.html)
        .expect("the key")
        .as_str()
        .to_owned();
    shop.with_token(&key).get("/orders").expect(200);
    // The page loaded again sends the form again.
    let again = manager.send(&nothing.form("new_key"), &values).expect(200);
    assert!(!again.html.contains("storekeeper_") && again.says("was shown when it was"), "{}", again.text());
    let list = manager.open("/desk/house/keys");
    assert!(!list.html.contains(&key));
    let revoke = list.form("revoke");
    assert!(manager.send(&revoke, &[]).expect(200).says("Revoked."));
    assert!(manager.send(&revoke, &[]).expect(200).says("Revoked."));
    shop.with_token(&key).get("/orders").expect_problem(401, "unauthenticated");
    assert_eq!(shop.staff().get("/api_keys").expect(200).body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_manager_gives_roles_and_passwords_and_the_last_one_stays() {
    let shop = Shop::open();
    shop.clerk();
    let mut manager = shop.manager_at_desk();
    let page = manager.open("/desk/house/staff").expect(200);
    let staff = shop.staff().get("/staff").expect(200);
    let id_of = |name: &str| {
        staff.body["data"].as_array().unwrap().iter().find(|member| member["username"] == name).unwrap()["id"]
            .as_u64()
            .unwrap()
    };
    let clerk = id_of("clerk");
    let role = page.form_about("role", clerk);
    assert_eq!(role.get("role"), Some("clerk"));
    assert!(manager.send(&role, &[("role", "manager")]).expect(200).says("Saved."));
    let stale = manager.send(&page.form_about("disable", clerk), &[]).expect(412);
    assert!(stale.says("Somebody has changed this meanwhile"));
    let reset = manager.open("/desk/house/staff").form_about("reset_password", clerk);
    let weak = manager.send(&reset, &[("password", "short")]).expect(422);
    assert!(!weak.html.contains("value=\"short\""), "a password stands in no page");
    assert!(
        manager
            .send(&weak.form_about("reset_password", clerk), &[("password", "another long password 7")])
            .expect(200)
            .says("new password")
    );
    shop.log_in("clerk", "another long password 7");
    let disable = manager.open("/desk/house/staff").form_about("disable", clerk);
    assert!(manager.send(&disable, &[]).expect(200).says("cannot log in any more"));
    let own = manager.open("/desk/house/staff").form_about("role", id_of("staff"));
    let last = manager.send(&own, &[("role", "clerk")]).expect(409);
    assert!(last.says("The shop needs a manager who can log in"), "{}", last.text());
    let log = manager.open("/desk/house/audit?object=staff").expect(200);
    assert!(log.says("Changed") && log.says("Role"), "{}", log.text());
}

#[test]
fn ones_own_password_is_changed_once_and_other_sessions_end() {
    let shop = Shop::open();
    let mut manager = shop.manager_at_desk();
    let mut elsewhere = shop.at_desk("staff");
    let form = manager.open("/desk/account").form("password");
    let values = [("current_password", STAFF_PASSWORD), ("password", "another long password 7")];
    let wrong = manager.send(&form, &[("current_password", "not this one"), values[1]]).expect(422);
    assert!(wrong.says("Current password is not the account's password"), "{}", wrong.text());
    assert!(manager.send(&form, &values).expect(200).says("You have a new password."));
    assert!(manager.send(&form, &values).expect(200).says("You have a new password."), "pressed twice");
    let another = manager.send(&form, &[values[0], ("password", "a third long password 9")]).expect(422);
    assert!(another.says("is not the account's password"), "another password is another change");
    assert_eq!(elsewhere.ask("GET", "/desk/orders", None, &[]).status, 303);
    shop.log_in("staff", "another long password 7");
    let page = manager.open("/desk/account");
    let end = page
        .forms()
        .into_iter()
        .find(|form| form.get("do") == Some("end_session"))
        .expect("the other session");
    assert!(manager.send(&end, &[]).expect(200).says("Ended."));
    assert!(manager.send(&end, &[]).expect(200).says("Ended."));
}

#[test]
fn settings_are_shown_without_secrets() {
    let shop = Shop::open_with(&[("STOREKEEPER_CURRENCY", "GBP")]);
    let mut manager = shop.manager_at_desk();
    let page = manager.open("/desk/house/settings").expect(200);
    assert!(
        page.says("STOREKEEPER_CURRENCY GBP set") && page.says("STOREKEEPER_LOCALE en-GB default"),
        "{}",
        page.text()
    );
    assert!(page.says("STOREKEEPER_DATABASE_URL (a secret)") && !page.html.contains("mysql://storekeeper"));
}

#[test]
fn notes_that_may_name_somebody_erased_are_looked_at() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    let guest = shop.guest();
    staff
        .move_stock(product, json!({"delta": -1, "reason": "damaged", "note": "Ada Lovelace dropped it"}))
        .expect(201);
    let draft = json!({"supplier_id": null, "note": "Ada Lovelace wants six"});
    let draft = staff.post("/purchase_orders", draft).expect(201).id();
    staff.delete(&format!("/customers/{}", guest.id)).expect(204);
    let mut manager = shop.manager_at_desk();
    let page = manager.open("/desk/house/notes").expect(200);
    assert!(page.says("Ada Lovelace dropped it") && page.says("Ada Lovelace wants six"), "{}", page.text());
    assert!(page.links().contains(&format!("/desk/purchase_orders/{draft}")));
    let form = page.form("review");
    let left = manager.send(&form, &[("note", "A customer dropped it")]).expect(200);
    assert!(!left.says("dropped it") && left.says("Ada Lovelace wants six"), "{}", left.text());
    staff.patch(&format!("/purchase_orders/{draft}"), json!({"note": "A customer wants six"})).expect(200);
    assert!(manager.open("/desk/house/notes").expect(200).says("None is left to look at."));
    let movements = staff.get(&format!("/products/{product}/stock/movements?reason=damaged")).expect(200);
    assert_eq!(movements.body["data"][0]["note"], "A customer dropped it");
}

#[test]
fn a_number_is_an_order_and_a_code_a_product() {
    let shop = Shop::open();
    let staff = shop.staff();
    let barcode = gtin("400638133393");
    let body =
        json!({"name": "Mug", "price": "9.50", "sku": "MUG-7", "barcodes": [{"code": barcode}], "stock": 5});
    let mug = staff.post("/products", body).expect(201).id();
    let order = shop.guest().client.order(&[(mug, 1)]).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    let mut leads = |q: &str| {
        let found =
            clerk.ask("GET", &format!("/desk/search?q={q}"), None, &[("Sec-Fetch-Site", "same-origin")]);
        found.headers.get("location").cloned().unwrap_or_else(|| found.text())
    };
    assert_eq!(leads(&order.to_string()), format!("/desk/orders/{order}"));
    assert_eq!(leads(&format!("%23{order}")), format!("/desk/orders/{order}"));
    assert_eq!(leads("mug-7"), format!("/desk/products/{mug}"));
    assert_eq!(leads(&barcode), format!("/desk/products/{mug}"));
    assert!(leads("lovelace").contains("Ada Lovelace ada@example.com"));
    assert!(leads("mug").contains("Mug MUG-7"));
    assert!(leads("99999").contains("Nothing was found."));
    assert!(leads("%3Cscript%3E").contains("Nothing was found."));
    assert!(leads("").contains("Order, SKU, barcode, name"));
}

#[test]
fn each_figure_of_today_leads_to_its_list() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    let order = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    staff
        .patch(
            &format!("/products/{product}/stock"),
            json!({"reorder_point": 9, "reorder_target": 20, "lead_time_days": 3}),
        )
        .expect(200);
    let purchase = || {
        let lines = json!([{"product_id": product, "quantity": 3}]);
        staff.post("/purchase_orders", json!({"supplier_id": null, "lines": lines})).expect(201).id()
    };
    let (draft, ordered) = (purchase(), purchase());
    staff.post(&format!("/purchase_orders/{ordered}/order"), json!({})).expect(200);
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open("/desk").expect(200);
    assert!(page.says("1 To pick") && page.says("1 Below the reorder point ▲ look"), "{}", page.text());
    assert!(page.says("Books proved never") && !page.links().contains(&"/desk/house/verify".to_owned()));
    for link in page.links() {
        clerk.open(&link).expect(200);
    }
    assert!(clerk.open("/desk/orders?view=overdue").says("No orders here."));
    shop.hours_pass(24 * 9);
    let mut clerk = shop.at_desk("clerk");
    assert!(clerk.open("/desk").says("1 Late to customers ▲ look"));
    let page = clerk.open("/desk");
    assert!(
        page.says("1 Overdue ▲ look") && page.says("1 Drafts older than a day ▲ look"),
        "{}",
        page.text()
    );
    let leads = page.links();
    for (list, holds, not) in [("overdue", ordered, draft), ("draft&waiting=true", draft, ordered)] {
        let list = format!("/desk/purchase_orders?view={list}");
        assert!(leads.contains(&list), "{leads:?}");
        let shown = clerk.open(&list).links();
        assert!(shown.contains(&format!("/desk/purchase_orders/{holds}")), "{list}: {shown:?}");
        assert!(!shown.contains(&format!("/desk/purchase_orders/{not}")), "{list}: {shown:?}");
    }
    assert!(clerk.open("/desk/orders?view=overdue").links().contains(&format!("/desk/orders/{order}")));
}

#[test]
fn the_books_are_proved_at_the_press_of_a_button() {
    let shop = Shop::open();
    let mut manager = shop.manager_at_desk();
    let form = manager.open("/desk/house/verify").form("verify");
    assert!(manager.send(&form, &[]).expect(200).says("The proof has begun."));
    crate::fixtures::until("the proof does not end", || {
        manager.open("/desk/house/verify").says("✓ they hold")
    });
    // Pressed again after "back", it is the one proof.
    manager.send(&form, &[]).expect(200);
    assert_eq!(shop.staff().get("/verifications").expect(200).body["data"].as_array().unwrap().len(), 1);
    assert!(manager.open("/desk").says("staff ✓ they hold"));
}

#[test]
fn notes_that_may_name_somebody_erased_are_written_anew_and_those_of_orders_where_they_stand() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    let (customer, username) = shop.customer_with_account();
    let note = format!("told {username}");
    let movement = json!({"delta": -1, "reason": "damaged", "note": note});
    let movement = staff.post(&format!("/products/{product}/stock/movements"), movement).expect(201).id();
    let lines = json!([{"product_id": product, "quantity": 2}]);
    let order = staff.post("/purchase_orders", json!({"note": note, "lines": lines})).expect(201).id();
    staff.delete(&format!("/customers/{}", customer.id)).expect(204);
    let mut manager = shop.manager_at_desk();
    let page = manager.open("/desk/house/notes").expect(200);
    assert_eq!(page.form_about("review", movement).get("note"), Some(note.as_str()));
    let path = format!("/desk/purchase_orders/{order}");
    assert!(page.links().contains(&path) && page.text().matches(&note).count() == 2, "{}", page.text());
    let left = manager.send(&page.form_about("review", movement), &[("note", "")]).expect(200);
    assert!(left.says("Saved.") && !left.has_form("review"), "{}", left.text());
    let annotate = manager.open(&path).form("annotate");
    manager.send(&annotate, &[("note", "by van")]).expect(200);
    assert!(manager.open("/desk/house/notes").says("None is left to look at."));
}

#[test]
fn a_refused_filter_keeps_its_form_and_says_beside_the_field_what_is_wrong() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    let words = "a+b+c+d+e+f+g+h+i+j+k+l+m";
    let ledger = format!("/desk/products/{product}/ledger");
    let supplier = staff.post("/suppliers", json!({"name": "Potters", "lead_time_days": 3})).expect(201).id();
    let sellers = format!("/desk/products/{product}/suppliers");
    let mut manager = shop.manager_at_desk();
    for (path, field, value, wrong) in [
        ("/desk/orders", "q", words, "What was looked for must hold at most 12 words"),
        ("/desk/orders?view=pick", "q", words, "What was looked for must hold at most 12 words"),
        ("/desk/products", "q", words, "must hold at most 12 words"),
        ("/desk/products?view=archived", "q", words, "must hold at most 12 words"),
        ("/desk/products", "category", "a%0Ab", "must be one line"),
        ("/desk/products", "sort", "colour", "must be one of id, name, cover, -value"),
        ("/desk/customers", "q", words, "must hold at most 12 words"),
        ("/desk/suppliers", "q", words, "must hold at most 12 words"),
        (&sellers, "q", words, "must hold at most 12 words"),
        ("/desk/labels", "category", "a%0Ab", "must be one line"),
        ("/desk/house/audit", "object", "Purchase+order", "What must be one of"),
        ("/desk/house/audit", "account_id", "ada", "Who must be"),
        ("/desk/house/audit", "object_id", "five", "Its number must be"),
        ("/desk/house/audit", "from", "1+Mar", "From must be a day: choose one in the calendar"),
        ("/desk/house/audit", "to", "01.03.2026", "To must be a day"),
        (&ledger, "from", "yesterday", "From must be a day"),
        (&ledger, "to", "2026-13-01", "To must be a day"),
    ] {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = manager.open(&format!("{path}{sign}{field}={value}")).expect(422);
        assert!(page.says(wrong) && page.says("This was left out"), "{path} {field}: {}", page.text());
        assert!(!page.text().contains("YYYY"), "{}", page.text());
        // The first field of a page is that of the whole shop.
        let form = page.forms().into_iter().rev().find(|form| form.get(field).is_some()).expect("the filter");
        if !matches!(field, "sort" | "object" | "account_id") {
            let typed = value.replace('+', " ").replace("%0A", "\n");
            assert_eq!(form.get(field), Some(typed.as_str()), "{path}");
        }
        assert!(page.html.contains(&format!("{field}-wrong")), "{path} {field} says it beside the field");
    }
    let beside = manager.open("/desk/house/audit?object_id=5").expect(422);
    assert!(
        beside.says("What is required with")
            && beside.form_of_fields(&["object"]).get("object_id") == Some("5")
    );
    // A page of a list that is no more leads to the first.
    for path in [
        "/desk/orders",
        "/desk/products",
        "/desk/customers",
        "/desk/house/audit",
        "/desk/restock",
        "/desk/restock/runs",
        "/desk/purchase_orders",
    ] {
        let page = manager.open(&format!("{path}?after=abcd")).expect(422);
        assert!(
            page.says("The page of the list is not there any more; this is the first one"),
            "{}",
            page.text()
        );
    }
    let _ = supplier;
}

#[test]
fn the_audit_log_is_filtered_by_the_words_and_names_of_its_rows() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    let supplier = staff.post("/suppliers", json!({"name": "Potters", "lead_time_days": 3})).expect(201).id();
    staff.offer(supplier, product, json!({"cost": "2.50"})).expect(201);
    shop.clerk()
        .patch(&format!("/products/{product}/stock"), json!({"reorder_point": 3, "reorder_target": 9}))
        .expect(200);
    let mut manager = shop.manager_at_desk();
    let page = manager.open("/desk/house/audit").expect(200);
    let name =
        staff.get(&format!("/products/{product}")).expect(200).body["name"].as_str().unwrap().to_owned();
    assert!(page.says(&format!("{name} : Cost of one")), "{}", page.text());
    assert!(page.links().contains(&format!("/desk/products/{product}")), "{:?}", page.links());
    let choice = |words: &str| {
        let option = regex::Regex::new(&format!("<option value=\"([^\"]*)\">{words}</option>")).unwrap();
        option.captures(&page.html).unwrap_or_else(|| panic!("no choice {words}"))[1].to_owned()
    };
    let form = page.form_of_fields(&["account_id", "object"]);
    let of_clerk = manager.send(&form, &[("account_id", &choice("clerk"))]).expect(200);
    assert!(of_clerk.says("Reorder point") && !of_clerk.says("Cost of one"), "{}", of_clerk.text());
    for (words, says) in
        [("Supplier", "Cost of one"), ("Stock", "Reorder point"), ("Purchase order", "Nothing was found.")]
    {
        let found = manager.send(&form, &[("object", &choice(words))]).expect(200);
        assert!(found.says(says), "{words}: {}", found.text());
    }
    let one =
        manager.send(&form, &[("object", &choice("Stock")), ("object_id", &product.to_string())]).expect(200);
    assert!(one.says("Reorder point"), "{}", one.text());
}

#[test]
fn a_change_that_changes_nothing_says_so_and_is_written_down_nowhere() {
    let shop = Shop::open();
    let staff = shop.staff();
    shop.clerk();
    let product = shop.product(&staff, 5);
    let guest = shop.guest();
    let order = guest.client.order(&[(product, 1)]).expect(201).id();
    let supplier = staff.post("/suppliers", json!({"name": "Potters", "lead_time_days": 3})).expect(201).id();
    staff.offer(supplier, product, json!({"cost": "2.50"})).expect(201);
    let lines = json!([{"product_id": product, "quantity": 4}]);
    let draft =
        staff.post("/purchase_orders", json!({"supplier_id": supplier, "lines": lines})).expect(201).id();
    let mut manager = shop.manager_at_desk();
    let count = || staff.all_pages("/audit").len();
    for (path, form) in [
        (format!("/desk/customers/{}", guest.id), "change"),
        (format!("/desk/products/{product}/edit"), "edit_product"),
        (format!("/desk/products/{product}/rule"), "stock_rule"),
        (format!("/desk/products/{product}/rule"), "snooze_product"),
        (format!("/desk/restock/{product}"), "snooze"),
        (format!("/desk/suppliers/{supplier}"), "correct"),
        (format!("/desk/suppliers/{supplier}/products/{product}"), "put_offer"),
        (format!("/desk/purchase_orders/{draft}/lines/{product}"), "put_line"),
        (format!("/desk/orders/{order}"), "correct"),
        ("/desk/house/staff".to_owned(), "role"),
    ] {
        if path.starts_with("/desk/restock/") {
            staff
                .patch(
                    &format!("/products/{product}/stock"),
                    json!({"reorder_point": 3, "reorder_target": 9}),
                )
                .expect(200);
        }
        let before = count();
        for _ in 0..2 {
            let page = manager.open(&path).expect(200);
            let sent = manager.send(&page.form(form), &[]).expect(200);
            assert!(sent.says("Nothing was changed"), "{path} {form}: {}", sent.text());
        }
        assert_eq!(count(), before, "{path} {form}");
    }
}
