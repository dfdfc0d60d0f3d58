//! What went wrong, and what to do about it, for people who press buttons.

use serde_json::Value;

use super::{COUNTED, CUSTOMER, EMAIL, EXPECTED, SCOPES, UNITS, products, restock, words};
use crate::problem::{self, Problem};

/// Of a form that was sent a second time.
pub const DONE_BEFORE: &str = "That was done when the form was sent before, and not again now. Whoever opens the form anew can do it once more.";

/// Of a form that the page has no longer, since what it was for is done or no longer to be done.
pub const NOT_ANY_MORE: &str =
    "Nothing of yours was saved, and it cannot be done any more as things stand now, which is shown below.";

pub const YOU_TYPED: &str = "You had typed:";

pub const WHAT_IT_DID: &str = "What it did then";

/// What went wrong, for people who press buttons.
pub fn title(kind: &problem::Kind) -> &'static str {
    match kind.code {
        "not_found" => "There is no such page",
        "malformed_request"
        | "malformed_json"
        | "duplicate_key"
        | "invalid_utf8"
        | "unsupported_media_type" => "What was sent cannot be read",
        "method_not_allowed" => "That is not done here",
        "forbidden" => "You may not do that",
        "unauthenticated" => "Your login had ended",
        "request_timeout" => "It took too long to arrive",
        "body_too_large" => "That is too much at once",
        "headers_too_large" => "Your browser sends too much beside the page's address",
        "precondition_failed" => "Somebody has changed this meanwhile",
        "idempotency_key_reused" => "This form was sent before",
        "idempotency_key_in_use" => "It is being done",
        "too_many_idempotency_keys" => "Too much was done in a short time",
        "answer_erased" => "It was done, and is erased since",
        _ => kind.title,
    }
}

/// What to do about a refusal, for people who press buttons.
pub fn advice(problem: &Problem) -> &str {
    match problem.kind {
        problem::PRECONDITION_FAILED => {
            "Nothing of yours was saved. What you typed is still in the fields, and where it differs what stands there now \
             is beside it. Send it again to have it your way, or open the page anew to leave it as it is."
        }
        problem::IDEMPOTENCY_KEY_REUSED => {
            "This form was sent before, with other values, and did its work then. Look at what it did; to do it once \
             more, send it again."
        }
        problem::IDEMPOTENCY_KEY_IN_USE => {
            "Wait a moment, and send it again: it is done once, and never twice."
        }
        problem::TOO_MANY_KEYS => "Wait a little, and send it again.",
        problem::ANSWER_ERASED => "Nothing more is to be done.",
        problem::UNAUTHENTICATED => "Nothing was done. Look at it, and send it again.",
        problem::BODY_TOO_LARGE => "Shorten the longest text, or send less at a time. Nothing was done.",
        problem::URI_TOO_LONG => "Look for less, or begin at today's page.",
        problem::INVALID_UTF8 | problem::MALFORMED_JSON | problem::DUPLICATE_KEY => {
            "Open the page again, and send its form from there."
        }
        problem::INTERNAL => "Nothing was changed.",
        problem::INVALID_FIELDS => "Correct what is listed here, and send it again.",
        problem::NOT_FOUND => "There is nothing here, or no longer. Look for it with the search above.",
        problem::OUTCOME_UNKNOWN => {
            "The connection to the database broke at the last step, so nobody knows yet whether it was done. Send it \
             again: it is done once, and never twice."
        }
        problem::SURPLUS => {
            "More came than was ordered, so nothing is booked yet. Count again. If it is right and you keep it, tick \
             “Keep what is more than was ordered” and book it."
        }
        problem::BELOW_MINIMUM_ORDER => {
            "The supplier takes no order that comes to so little. Add to the draft; or, if they will take it all the \
             same, tick the box below and order."
        }
        _ => &problem.detail,
    }
}

/// A field in words: `items[2].quantity` is the units of line 3.
pub fn field(name: &str) -> String {
    let (list, rest) = name.split_once('[').unwrap_or((name, ""));
    let (index, member) = rest.split_once(']').unwrap_or(("", ""));
    match (index.parse::<u32>(), member.strip_prefix('.')) {
        // There is one field to scan into.
        (Ok(_), Some("scan")) => "What was scanned".to_owned(),
        (Ok(index), Some(member)) => format!("Line {}, {}", index + 1, label(member)),
        (Ok(index), None) => format!("{}, line {}", label(list), index + 1),
        _ => label(name),
    }
}

/// What pages call a field of the API.
fn label(field: &str) -> String {
    let known = match field.rsplit('.').next().unwrap_or(field) {
        "sku" => products::SKU,
        "supplier_sku" => restock::SUPPLIER_SKU,
        "email" => EMAIL,
        "slug" => products::SLUG,
        "image_urls" => products::IMAGE_URLS,
        "stock" => products::ON_THE_SHELF,
        "quantity" | "delta" => UNITS,
        "counted" => COUNTED,
        "code" => "Barcode",
        "product_id" => products::PRODUCT,
        "customer_id" => CUSTOMER,
        "supplier_id" => restock::SUPPLIER,
        "unit_cost" | "cost" => restock::COST_EACH,
        "expected_delivery_date" | "expected_on" => EXPECTED,
        "reorder_target" => products::REORDER_TARGET,
        "reorder_multiple" => products::REORDER_MULTIPLE,
        "order_max" => products::ORDER_MAX,
        "lead_time_days" => products::LEAD_TIME,
        "snoozed_until" => restock::NOT_BEFORE,
        "minimum_order_value" => restock::MINIMUM_ORDER,
        "minimum_quantity" => restock::MINIMUM_QUANTITY,
        "pack_size" => restock::PACK_SIZE,
        "from_quantity" => restock::FROM_UNITS,
        "scopes" => SCOPES,
        "ids" | "orders" => "What was ticked",
        "after" => "The page of the list",
        "q" => "What was looked for",
        _ => return words(field),
    };
    known.to_owned()
}

/// What of a product is not there.
pub fn shortage(product: &Value) -> String {
    let text = |name: &str| product[name].as_str().unwrap_or("a product").to_owned();
    let number = |name: &str| product[name].as_i64().unwrap_or(0);
    format!("{}: {} wanted, {} there", text("name"), number("requested"), number("available"))
}
