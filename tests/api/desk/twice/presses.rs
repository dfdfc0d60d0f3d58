//! The forms of the desk, each with how it is made ready to be sent and what comes of it from another page.

use serde_json::{Value, json};
use storekeeper::web::caller::Role;

use crate::browser::{Browser, Form, Page};
use crate::client::Client;
use crate::fixtures::{Guest, unique};
use crate::harness::{STAFF_PASSWORD, Shop};
use crate::shelves::Rule;

/// Where a scanner types in a stock take.
pub const SCAN: &str = "counts[900].scan";

/// A form of a page, and how it is made ready to be sent.
pub struct Press {
    pub page: &'static str,
    pub form: &'static str,
    pub elsewhere: Elsewhere,
    pub ready: fn(&House) -> Ready,
}

/// What comes of the form on another page, which was open before the first one was sent.
#[derive(Clone, Copy)]
pub enum Elsewhere {
    /// It showed another version than there is now: nothing is done, and both versions are shown.
    Stale,
    /// It is refused for another reason, which these words give.
    Refused(u16, &'static str),
    /// It is as they want it already, and nothing is done.
    Done,
    /// They do something else that only looks the same: another customer, another scan.
    Another,
}

use Elsewhere::{Another, Done, Refused, Stale};

/// A form that waits to be sent.
pub struct Ready {
    /// Where it is.
    pub address: String,
    /// What it is about, where the page has several.
    pub about: Option<u64>,
    pub typed: Vec<(&'static str, String)>,
    /// What somebody else has typed on their page; the same where it is empty.
    pub others: Vec<(&'static str, String)>,
    /// The cookie of whoever sends it from either page; None for a manager here and another one there.
    pub own: Option<String>,
}

pub fn at(address: impl Into<String>) -> Ready {
    Ready { address: address.into(), about: None, typed: Vec::new(), others: Vec::new(), own: None }
}

impl Ready {
    pub fn about(self, id: u64) -> Ready {
        Ready { about: Some(id), ..self }
    }

    pub fn typed<const N: usize>(self, values: [(&'static str, &str); N]) -> Ready {
        Ready { typed: values.map(|(name, value)| (name, value.to_owned())).into(), ..self }
    }

    pub fn others<const N: usize>(self, values: [(&'static str, &str); N]) -> Ready {
        Ready { others: values.map(|(name, value)| (name, value.to_owned())).into(), ..self }
    }

    pub fn by(self, cookie: &str) -> Ready {
        Ready { own: Some(cookie.to_owned()), ..self }
    }

    /// The form as it stands on the page, read by this browser.
    pub fn form(&self, press: &Press, browser: &mut Browser) -> Form {
        let page = browser.open(&self.address).expect(200);
        self.form_of(press, &page).unwrap_or_else(|| panic!("{}: {}", press.form, page.html))
    }

    /// The form on a page; None where it is not there, or no longer.
    pub fn form_of(&self, press: &Press, page: &Page) -> Option<Form> {
        page.forms().into_iter().find(|form| {
            let is_about = |name: &str| form.get(name) == self.about.map(|id| id.to_string()).as_deref();
            form.get("do") == Some(press.form)
                && (self.about.is_none() || is_about("of") || is_about("of_product"))
        })
    }
}

/// A shop with what forms are about.
pub struct House {
    pub shop: Shop,
    pub staff: Client,
    pub guest: Guest,
    pub product: u64,
    pub manager: String,
    pub colleague: String,
    /// Who has no page open.
    pub stranger: String,
}

pub const RULE: Rule = Rule { point: 10, target: 40, multiple: 6, lead_days: 7 };

impl House {
    pub fn open() -> House {
        let shop = Shop::open_with(&[
            ("STOREKEEPER_RESTOCK_APPROVAL", "draft"),
            ("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "24"),
        ]);
        let (staff, guest) = (shop.staff(), shop.guest());
        let product = shop.product(&staff, 100_000);
        let manager = shop.at_desk("staff").cookie().expect("a session").to_owned();
        shop.add_staff("colleague", Role::Manager);
        let colleague = shop.at_desk("colleague").cookie().expect("a session").to_owned();
        shop.add_staff("stranger", Role::Manager);
        let stranger = shop.at_desk("stranger").cookie().expect("a session").to_owned();
        House { shop, staff, guest, product, manager, colleague, stranger }
    }

    /// A browser of whoever has this cookie.
    pub fn browser(&self, cookie: &str) -> Browser {
        let mut browser = self.shop.stranger_at_desk();
        browser.set_cookie(Some(cookie));
        browser
    }

    pub fn order(&self) -> u64 {
        self.guest.client.order(&[(self.product, 2)]).expect(201).id()
    }

    pub fn shipped(&self) -> u64 {
        let order = self.order();
        self.staff.ship(order).expect(200);
        order
    }

    /// The page of a new product.
    pub fn product(&self) -> String {
        format!("/desk/products/{}", self.shop.product(&self.staff, 5))
    }

    /// A stock take of one new product with this SKU, of which one less is counted than there is.
    pub fn stock_take(&self, sku: &str) -> (u64, u64) {
        let category = unique("Category");
        let body = json!({"name": "Mug", "price": "9.50", "sku": sku, "stock": 5, "category": category});
        let product = self.staff.post("/products", body).expect(201).id();
        (self.staff.post("/stock_takes", json!({"category": category})).expect(201).id(), product)
    }

    pub fn counted(&self) -> (u64, u64) {
        let (take, product) = self.stock_take(&unique("sku"));
        let counts = json!({"counts": [{"product_id": product, "counted": 4}]});
        self.staff.post(&format!("/stock_takes/{take}/counts"), counts).expect(200);
        (take, product)
    }

    /// A supplier with a product that is due there.
    pub fn due(&self) -> (u64, u64) {
        let supplier = self.shop.supplier(&self.staff, 7);
        let product = self.shop.watched(&self.staff, 5, RULE);
        self.staff.offer(supplier, product, json!({"cost": "7.95", "preferred": true})).expect(201);
        (supplier, product)
    }

    /// A draft for a new supplier, with five of two products.
    pub fn draft(&self) -> (u64, [u64; 2]) {
        let supplier = self.shop.supplier(&self.staff, 7);
        let products = [(); 2].map(|()| self.shop.product(&self.staff, 1));
        (self.draft_of(supplier, &products), products)
    }

    pub fn draft_of(&self, supplier: u64, products: &[u64]) -> u64 {
        let line = |product: &u64| json!({"product_id": product, "quantity": 5});
        let lines: Vec<Value> = products.iter().map(line).collect();
        let body = json!({"supplier_id": supplier, "lines": lines});
        self.staff.post("/purchase_orders", body).expect(201).id()
    }

    pub fn ordered(&self) -> u64 {
        let (draft, _) = self.draft();
        self.staff.post(&format!("/purchase_orders/{draft}/order"), json!({})).expect(200);
        draft
    }

    /// The page of what a new supplier asks for a new product, with what it asks already.
    pub fn offer(&self) -> String {
        let (supplier, product) = self.due();
        format!("/desk/suppliers/{supplier}/products/{product}")
    }

    /// The account of somebody new.
    pub fn clerk(&self) -> u64 {
        let name = unique("clerk");
        self.shop.add_staff(&name, Role::Clerk);
        let staff = self.staff.all_pages("/staff?limit=100");
        let of_clerk = staff.iter().find(|member| member["username"] == name).expect("the clerk");
        of_clerk["id"].as_u64().expect("an id")
    }

    /// A program that is told what happens, or is paused.
    pub fn webhook(&self, is_active: bool) -> String {
        let body = json!({"url": "https://till.example/hooks", "active": is_active});
        format!("/desk/webhooks/{}", self.staff.post("/webhooks", body).expect(201).id())
    }

    /// A file that was read, of two new products.
    pub fn import(&self) -> String {
        let file = format!("sku,name,price\n{},Plate,4\n{},Bowl,5\n", unique("sku"), unique("sku"));
        let request = self.staff.request("POST", "/imports?type=products").header("Content-Type", "text/csv");
        format!("/desk/imports/{}", request.bytes(file.into_bytes()).send().expect(201).id())
    }

    /// The movement with a note that names somebody who is erased.
    pub fn noted(&self) -> u64 {
        let (customer, username) = self.shop.customer_with_account();
        let path = format!("/products/{}/stock/movements", self.product);
        let note = json!({"delta": -1, "reason": "damaged", "note": format!("told {username}")});
        let movement = self.staff.post(&path, note).expect(201).id();
        self.staff.delete(&format!("/customers/{}", customer.id)).expect(204);
        movement
    }
}

pub const fn press(
    page: &'static str,
    form: &'static str,
    elsewhere: Elsewhere,
    ready: fn(&House) -> Ready,
) -> Press {
    Press { page, form, elsewhere, ready }
}

/// Somebody whom nobody knows yet.
fn somebody_new(address: &str) -> Ready {
    let number = unique("");
    let (email, phone) = (format!("ada{number}@example.com"), format!("+44 20 {:0>8}", &number[1..]));
    at(address).typed([("name", "Ada"), ("email", &email), ("phone", &phone)])
}

pub const PRESSES: &[Press] = &[
    press("/desk/account", "password", Refused(422, "is not the account's password"), |house| {
        let name = unique("manager");
        house.shop.add_staff(&name, Role::Manager);
        let browser = house.shop.at_desk(&name);
        let passwords = [("current_password", STAFF_PASSWORD), ("password", "another long password 7")];
        at("/desk/account").by(browser.cookie().expect("a session")).typed(passwords)
    }),
    press("/desk/account", "end_session", Refused(404, "no longer"), |house| {
        let token = house.shop.log_in("staff", STAFF_PASSWORD);
        let session = house.shop.with_token(&token).get("/sessions/current").expect(200).id();
        at("/desk/account").by(&house.manager).about(session)
    }),
    press(
        "/desk/orders/new",
        "new_customer",
        Refused(409, "Somebody has this e-mail or phone already"),
        |_| somebody_new("/desk/orders/new"),
    ),
    press("/desk/orders/new", "place", Another, |house| {
        let House { guest, product, .. } = house;
        at(format!("/desk/orders/new?customer_id={}&lines={product}.2", guest.id)).typed([("note", "By van")])
    }),
    press("/desk/orders/{id}", "confirm", Stale, |house| at(format!("/desk/orders/{}", house.order()))),
    press("/desk/orders/{id}", "ship", Stale, |house| {
        at(format!("/desk/orders/{}", house.order())).typed([("carrier", "Van"), ("tracking_number", "RR1")])
    }),
    press("/desk/orders/{id}", "deliver", Stale, |house| at(format!("/desk/orders/{}", house.shipped()))),
    press("/desk/orders/{id}", "lost", Stale, |house| {
        at(format!("/desk/orders/{}", house.shipped())).typed([("note", "Not at the depot")])
    }),
    press("/desk/orders/{id}", "returned", Stale, |house| {
        at(format!("/desk/orders/{}", house.shipped())).typed([("note", "Address unknown")])
    }),
    press("/desk/orders/{id}", "reopen", Stale, |house| {
        let order = house.shipped();
        house.staff.post(&format!("/orders/{order}/deliver"), json!({})).expect(200);
        at(format!("/desk/orders/{order}"))
    }),
    press("/desk/orders/{id}", "cancel", Stale, |house| at(format!("/desk/orders/{}", house.order()))),
    press("/desk/orders/{id}", "correct", Stale, |house| {
        at(format!("/desk/orders/{}", house.order()))
            .typed([("shipping_address", "1 Analytical Street")])
            .others([("shipping_address", "2 Difference Lane")])
    }),
    press("/desk/orders/{id}/pack", "ship", Stale, |house| {
        at(format!("/desk/orders/{}/pack", house.order())).typed([("tracking_number", "RR1")])
    }),
    press("/desk/products/new", "new_product", Refused(409, "SKU"), |_| {
        at("/desk/products/new").typed([
            ("name", "Jug"),
            ("price", "4"),
            ("sku", &unique("sku")),
            ("stock", "3"),
        ])
    }),
    press("/desk/products/{id}", "count_shelf", Refused(409, "Count again"), |house| {
        at(house.product()).typed([("counted", "4"), ("note", "One was missing")])
    }),
    press("/desk/products/{id}", "move_stock", Another, |house| {
        at(house.product()).typed([("reason", "damaged"), ("delta", "-1")])
    }),
    press("/desk/products/{id}", "archive_product", Refused(404, "no longer"), |house| at(house.product())),
    press("/desk/products/{id}", "restore_product", Done, |house| {
        let product = house.product();
        house.staff.delete(product.trim_start_matches("/desk")).expect(204);
        at(product)
    }),
    press("/desk/products/{id}/edit", "edit_product", Stale, |house| {
        at(house.product() + "/edit").typed([("shelf", "A2")]).others([("shelf", "B7")])
    }),
    press("/desk/products/{id}/rule", "stock_rule", Stale, |house| {
        at(house.product() + "/rule")
            .typed([("reorder_point", "5"), ("reorder_target", "20")])
            .others([("reorder_point", "6"), ("reorder_target", "30")])
    }),
    press("/desk/products/{id}/rule", "snooze_product", Stale, |house| {
        at(house.product() + "/rule")
            .typed([("snoozed_until", "2999-01-31")])
            .others([("snoozed_until", "2999-02-28")])
    }),
    press("/desk/stock_takes", "open", Another, |_| at("/desk/stock_takes").typed([("note", "By two")])),
    press("/desk/stock_takes/{id}", "count", Another, |house| {
        let sku = unique("sku");
        at(format!("/desk/stock_takes/{}", house.stock_take(&sku).0)).typed([(SCAN, &sku)])
    }),
    press("/desk/stock_takes/{id}", "count", Refused(422, "3 were counted by staff"), |house| {
        at(format!("/desk/stock_takes/{}?view=all", house.stock_take(&unique("sku")).0))
            .typed([("counts[0].counted", "3")])
            .others([("counts[0].counted", "4")])
    }),
    press("/desk/stock_takes/{id}", "cancel", Stale, |house| {
        at(format!("/desk/stock_takes/{}", house.counted().0))
    }),
    press("/desk/stock_takes/{id}/review", "book", Stale, |house| {
        at(format!("/desk/stock_takes/{}/review", house.counted().0))
    }),
    press("/desk/stock_takes/{id}/review", "forget", Refused(404, "no longer"), |house| {
        let (take, product) = house.counted();
        at(format!("/desk/stock_takes/{take}/review")).about(product)
    }),
    press(
        "/desk/customers",
        "new_customer",
        Refused(409, "Somebody has this e-mail or phone already"),
        |_| somebody_new("/desk/customers"),
    ),
    press("/desk/customers/{id}", "change", Stale, |house| {
        at(format!("/desk/customers/{}", house.shop.guest().id))
            .typed([("name", "Ada King")])
            .others([("name", "Ada Byron")])
    }),
    press("/desk/customers/{id}", "erase", Refused(404, "no longer"), |house| {
        at(format!("/desk/customers/{}", house.shop.guest().id))
    }),
    press("/desk/house/staff", "role", Stale, |house| {
        at("/desk/house/staff").about(house.clerk()).typed([("role", "manager")])
    }),
    press("/desk/house/staff", "disable", Stale, |house| at("/desk/house/staff").about(house.clerk())),
    press("/desk/house/staff", "enable", Stale, |house| {
        let clerk = house.clerk();
        house.staff.patch(&format!("/staff/{clerk}"), json!({"disabled": true})).expect(200);
        at("/desk/house/staff").about(clerk)
    }),
    press("/desk/house/staff", "reset_password", Stale, |house| {
        at("/desk/house/staff").about(house.clerk()).typed([("password", "another long password 7")])
    }),
    press("/desk/house/keys", "new_key", Another, |_| {
        at("/desk/house/keys").typed([("name", "Till"), ("scopes[]", "orders:read")])
    }),
    press("/desk/house/keys", "revoke", Done, |house| {
        let key = json!({"name": "Till", "scopes": ["orders:read"]});
        at("/desk/house/keys").about(house.staff.post("/api_keys", key).expect(201).id())
    }),
    press("/desk/house/notes", "review", Stale, |house| {
        at("/desk/house/notes").about(house.noted()).typed([("note", "told somebody")])
    }),
    press("/desk/house/verify", "verify", Another, |_| at("/desk/house/verify")),
    press("/desk/restock", "restock", Another, |house| {
        // Nothing else is watched, and runs have seen to what was: one run is like another.
        for line in house.staff.all_pages("/restock/plan?limit=100") {
            let product = line["product_id"].as_u64().expect("an id");
            let unwatched = json!({"reorder_point": null, "reorder_target": null});
            house.staff.set_policy(product, unwatched).expect(200);
        }
        house.staff.restock();
        house.due();
        at("/desk/restock")
    }),
    press("/desk/restock/{id}", "restock", Another, |house| at(format!("/desk/restock/{}", house.due().1))),
    press("/desk/restock/{id}", "draft", Refused(409, "bought it: draft"), |house| {
        at(format!("/desk/restock/{}", house.due().1))
    }),
    press("/desk/restock/{id}", "put_line", Stale, |house| {
        let (_, product) = house.due();
        house.staff.post("/restock/runs", json!({"product_id": product})).expect(201);
        at(format!("/desk/restock/{product}")).typed([("quantity", "48")]).others([("quantity", "54")])
    }),
    // On a draft that has no line of it yet.
    press("/desk/restock/{id}", "put_line", Stale, |house| {
        let (supplier, first) = house.due();
        house.staff.post("/restock/runs", json!({"product_id": first})).expect(201);
        let product = house.shop.watched(&house.staff, 5, RULE);
        house.staff.offer(supplier, product, json!({"cost": "2", "preferred": true})).expect(201);
        at(format!("/desk/restock/{product}")).typed([("quantity", "42")]).others([("quantity", "48")])
    }),
    press("/desk/restock/{id}", "snooze", Stale, |house| {
        at(format!("/desk/restock/{}", house.due().1))
            .typed([("snoozed_until", "2999-01-31")])
            .others([("snoozed_until", "2999-02-28")])
    }),
    press("/desk/purchase_orders", "draft", Another, |house| {
        let supplier = house.shop.supplier(&house.staff, 7).to_string();
        at("/desk/purchase_orders").typed([("supplier_id", &supplier), ("note", "By Friday")])
    }),
    press("/desk/purchase_orders/{id}", "order", Stale, |house| {
        at(format!("/desk/purchase_orders/{}", house.draft().0))
    }),
    press("/desk/purchase_orders/{id}", "cancel", Stale, |house| {
        at(format!("/desk/purchase_orders/{}", house.ordered()))
    }),
    press("/desk/purchase_orders/{id}", "split", Stale, |house| {
        at(format!("/desk/purchase_orders/{}", house.draft().0)).typed([("lines[0].quantity", "2")])
    }),
    press("/desk/purchase_orders/{id}", "merge", Stale, |house| {
        let (draft, products) = house.draft();
        let supplier = house.staff.purchase_order(draft)["supplier_id"].as_u64().expect("a supplier");
        house.draft_of(supplier, &products);
        at(format!("/desk/purchase_orders/{draft}"))
    }),
    press("/desk/purchase_orders/{id}", "annotate", Stale, |house| {
        at(format!("/desk/purchase_orders/{}", house.draft().0))
            .typed([("note", "By Monday")])
            .others([("note", "By Friday")])
    }),
    press("/desk/purchase_orders/{id}", "expect", Stale, |house| {
        let app = &house.shop.app;
        let day = app.config.calendar.day_of(app.clock.now() + chrono::Duration::days(20)).to_string();
        at(format!("/desk/purchase_orders/{}", house.ordered())).typed([("expected_on", &day)])
    }),
    press("/desk/purchase_orders/{id}/lines/{product_id}", "put_line", Stale, |house| {
        let (draft, [product, _]) = house.draft();
        at(format!("/desk/purchase_orders/{draft}/lines/{product}"))
            .typed([("quantity", "7")])
            .others([("quantity", "8")])
    }),
    // A line that is not there yet.
    press("/desk/purchase_orders/{id}/lines/{product_id}", "put_line", Stale, |house| {
        at(format!("/desk/purchase_orders/{}/lines/{}", house.draft().0, house.product))
            .typed([("quantity", "7")])
            .others([("quantity", "8")])
    }),
    press("/desk/purchase_orders/{id}/lines/{product_id}", "put_line_at", Stale, |house| {
        let (draft, [product, _]) = house.draft();
        at(format!("/desk/purchase_orders/{draft}/lines/{product}"))
            .typed([("quantity", "7"), ("unit_cost", "1.25")])
            .others([("quantity", "8"), ("unit_cost", "1.50")])
    }),
    press("/desk/purchase_orders/{id}/lines/{product_id}", "put_line_at", Stale, |house| {
        at(format!("/desk/purchase_orders/{}/lines/{}", house.draft().0, house.product))
            .typed([("quantity", "7"), ("unit_cost", "1.25")])
            .others([("quantity", "8"), ("unit_cost", "1.50")])
    }),
    press("/desk/purchase_orders/{id}/lines/{product_id}", "take_out", Refused(404, "no longer"), |house| {
        let (draft, [product, _]) = house.draft();
        at(format!("/desk/purchase_orders/{draft}/lines/{product}"))
    }),
    press("/desk/purchase_orders/{id}/receive", "receive", Stale, |house| {
        at(format!("/desk/purchase_orders/{}/receive", house.ordered())).typed([("lines[0].quantity", "2")])
    }),
    press("/desk/purchase_orders/{id}/receive", "receive_all", Stale, |house| {
        at(format!("/desk/purchase_orders/{}/receive", house.ordered()))
    }),
    press("/desk/suppliers/{id}", "restore_supplier", Done, |house| {
        let body = json!({"name": unique("Gone"), "lead_time_days": 7});
        let supplier = house.staff.post("/suppliers", body).expect(201).id();
        house.staff.delete(&format!("/suppliers/{supplier}")).expect(204);
        at(format!("/desk/suppliers/{supplier}"))
    }),
    press("/desk/suppliers", "restore_supplier", Done, |house| {
        let name = unique("Gone");
        let body = json!({"name": name, "lead_time_days": 7});
        let supplier = house.staff.post("/suppliers", body).expect(201).id();
        house.staff.delete(&format!("/suppliers/{supplier}")).expect(204);
        at(format!("/desk/suppliers?archived=true&q={name}")).about(supplier)
    }),
    press("/desk/suppliers/new", "add_supplier", Another, |_| {
        at("/desk/suppliers/new").typed([("name", &unique("Potters")), ("lead_time_days", "7")])
    }),
    press("/desk/suppliers/{id}", "correct", Stale, |house| {
        at(format!("/desk/suppliers/{}", house.shop.supplier(&house.staff, 7)))
            .typed([("phone", "5550100")])
            .others([("phone", "5550199")])
    }),
    press("/desk/suppliers/{id}", "archive_supplier", Refused(404, "no longer"), |house| {
        at(format!("/desk/suppliers/{}", house.shop.supplier(&house.staff, 7)))
    }),
    press("/desk/suppliers/{id}/products/{product_id}", "put_offer", Stale, |house| {
        at(house.offer()).typed([("cost", "3.25")]).others([("cost", "3.50")])
    }),
    // What nobody has said before.
    press("/desk/suppliers/{id}/products/{product_id}", "put_offer", Stale, |house| {
        let supplier = house.shop.supplier(&house.staff, 7);
        at(format!("/desk/suppliers/{supplier}/products/{}", house.product))
            .typed([("cost", "3.25")])
            .others([("cost", "3.50")])
    }),
    press("/desk/suppliers/{id}/products/{product_id}", "remove_offer", Refused(404, "no longer"), |house| {
        at(house.offer())
    }),
    press("/desk/imports", "read_file", Another, |_| {
        let file = format!("sku,name,price\n{},Plate,4\n", unique("sku"));
        at("/desk/imports").typed([("file", file.as_str())])
    }),
    press("/desk/imports/{id}", "apply_import", Stale, |house| at(house.import())),
    press("/desk/imports/{id}", "undo_import", Stale, |house| {
        let import = house.import();
        house.staff.post(&format!("{}/apply", import.trim_start_matches("/desk")), json!({})).expect(200);
        at(import)
    }),
    press("/desk/webhooks", "new_webhook", Another, |house| {
        // What has happened before has its number already.
        house.staff.get("/events").expect(200);
        at("/desk/webhooks").typed([("url", "https://till.example/hooks"), ("description", "Till")])
    }),
    press("/desk/webhooks/{id}", "pause_webhook", Stale, |house| at(house.webhook(true))),
    press("/desk/webhooks/{id}", "resume_webhook", Stale, |house| at(house.webhook(false))),
    press("/desk/webhooks/{id}", "change_webhook", Stale, |house| {
        at(house.webhook(true)).typed([("description", "Till")]).others([("description", "Mails")])
    }),
    press("/desk/webhooks/{id}", "rotate_webhook", Stale, |house| at(house.webhook(true))),
    press("/desk/webhooks/{id}", "replay_webhook", Another, |house| {
        at(house.webhook(true)).typed([("after", "0")])
    }),
    press(
        "/desk/webhooks/{id}",
        "remove_webhook",
        Refused(404, "no longer"),
        |house| at(house.webhook(true)),
    ),
];
