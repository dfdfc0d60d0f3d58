//! The text that routes take: what of it can name a person.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use storekeeper::routes::{DESCRIPTION, ROUTES};

use crate::schema::resolved;

/// Text that a route takes about a customer.
pub const OF_PERSON: &[(&str, &[&str])] = &[
    ("POST /customers", &["name", "email", "phone", "account.username", "account.password"]),
    ("PUT /customers/{id}", &["name", "email", "phone"]),
    ("PATCH /customers/{id}", &["name", "email", "phone"]),
    ("POST /customer_accounts", &["username", "password"]),
    ("PUT /customer_accounts/{id}", &["username", "password", "current_password"]),
    ("PATCH /customer_accounts/{id}", &["username", "password", "current_password"]),
    ("POST /sessions", &["username", "password"]),
    ("POST /orders", &["shipping_address", "note"]),
    ("PATCH /orders/{id}", &["shipping_address", "note", "carrier", "tracking_number"]),
    ("POST /orders/{id}/ship", &["carrier", "tracking_number"]),
    ("POST /orders/{id}/lost", &["note"]),
    ("POST /orders/{id}/returned", &["note"]),
    ("POST /products/{id}/stock/movements", &["note"]),
    ("POST /purchase_orders", &["note"]),
    ("PATCH /purchase_orders/{id}", &["note"]),
    ("POST /purchase_orders/{id}/receive", &["note"]),
    ("PATCH /stock/movements/{id}", &["note"]),
];

/// Text that is about the shop, those who work there and those whom it buys from: the catalogue, which anybody may read,
/// staff, keys, webhooks and suppliers.
const OF_SHOP: &[&str] = &[
    "PATCH /staff/current",
    "PATCH /staff/{id}",
    "POST /api_keys",
    "POST /webhooks",
    "PATCH /webhooks/{id}",
    "POST /stock_takes",
    "PATCH /stock_takes/{id}",
    "POST /products",
    "PUT /products/{id}",
    "PATCH /products/{id}",
    "POST /suppliers",
    "PUT /suppliers/{id}",
    "PATCH /suppliers/{id}",
    "PUT /suppliers/{id}/products/{product_id}",
    "PATCH /suppliers/{id}/products/{product_id}",
];

/// Text of a form of its own, in which nobody can be named.
const OTHERS: &[(&str, &[&str])] = &[
    ("PATCH /orders/{id}", &["expected_delivery_date"]),
    ("PATCH /products/{id}/stock", &["snoozed_until"]),
    ("POST /stock_takes/{id}/counts", &["counts.code", "counts.counted_at", "counts.last_counted_at"]),
    ("PATCH /purchase_orders/{id}", &["expected_on"]),
];

/// The text fields of a body, by their paths.
fn text_fields(document: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    let schema = resolved(document, schema);
    for key in ["anyOf", "oneOf", "allOf"] {
        for part in schema[key].as_array().into_iter().flatten() {
            text_fields(document, part, path, found);
        }
    }
    let is = |kind: &str| {
        schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&json!(kind)))
    };
    if is("string") && schema["enum"].is_null() {
        found.insert(path.to_owned());
    }
    if is("array") {
        text_fields(document, &schema["items"], path, found);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        text_fields(document, member, &below, found);
    }
}

#[test]
fn every_text_that_a_route_takes_is_about_a_person_or_known_not_to_be() {
    let document: Value = serde_json::from_str(&DESCRIPTION.text).unwrap();
    for route in ROUTES.iter().filter(|route| route.method != "GET") {
        let name = format!("{} {}", route.method, route.path);
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let mut fields = BTreeSet::new();
        if !body.is_null() {
            text_fields(&document, body, "", &mut fields);
        }
        if OF_SHOP.contains(&name.as_str()) {
            continue;
        }
        let listed = OF_PERSON.iter().chain(OTHERS).filter(|(route, _)| *route == name);
        let listed: BTreeSet<String> =
            listed.flat_map(|(_, fields)| fields.iter().map(std::string::ToString::to_string)).collect();
        // A price is a number that may be written as text.
        fields.retain(|field| !["expected_total", "unit_cost", "lines.unit_cost"].contains(&field.as_str()));
        assert_eq!(
            fields, listed,
            "{name}: say which of these can name a person, and write markers into them"
        );
    }
}
