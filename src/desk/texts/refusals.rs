//! What went wrong, and what to do about it, for people who press buttons.

use serde_json::Value;

use super::{COUNTED, CUSTOMER, EMAIL, EXPECTED, SCOPES, UNITS, imports, products, restock, webhooks, words};
use crate::problem::{self, Problem};

/// Of a form that was sent a second time.
pub const DONE_BEFORE: &str = "That was done when the form was sent before, and not again now. Whoever opens the form anew can do it once more.";

/// Of a form that the page has no longer, since what it was for is done or no longer to be done.
pub const NOT_ANY_MORE: &str =
    "Nothing of yours was saved, and it cannot be done any more as things stand now, which is shown below.";

/// Whose page it was, where they have no account any more.
pub const SOMEBODY: &str = "somebody";

pub fn opened_by(other: &str, own: &str) -> String {
    format!(
        "This page was opened by {other}, and you are logged in as {own}. Nothing was done: look at it, then send it \
         again to do it as {own}."
    )
}

pub fn done_by(other: &str, own: &str) -> String {
    format!(
        "This form was sent by {other}, and it did its work then; nothing was done again. You are logged in as {own}: look \
         at what it did, and send it only if it is to be done once more."
    )
}

/// Of a form without fields, which is there still.
pub const LOOK_AT_IT_NOW: &str = "Nothing of yours was done. Look at it as it is now, which is shown below, and press again if you still want it.";

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

/// What a refusal says, where the API says it to programs.
pub fn detail(problem: &Problem) -> Option<String> {
    let taken = |what: &str| {
        let owner = problem.extra.get("product").and_then(|product| product["name"].as_str())?;
        Some(format!("{what} is that of {owner}. Choose another, or take it away there first."))
    };
    match problem.kind {
        problem::SKU_TAKEN => taken("This SKU"),
        problem::BARCODE_TAKEN => taken("A barcode of these"),
        problem::SLUG_TAKEN => taken("This part of its address"),
        problem::STOCK_CHANGED => {
            let on_hand = problem.extra.get("on_hand")?;
            Some(format!(
                "Something was sold or booked while you counted: by the books there are {on_hand} now. Nothing was booked. \
                 Count again, and send what you count then."
            ))
        }
        problem::CUSTOMER_HAS_OPEN_ORDERS => Some(
            "Cancel the orders that are listed here, or note what became of them: delivered, lost or returned."
                .to_owned(),
        ),
        _ => None,
    }
}

/// Where nobody is logged in, and so there is no search.
pub const NOT_FOUND_HERE: &str = "There is nothing here, or no longer. Begin at today's page.";

/// Of what was refused before it was read: whatever was sent is in the browser still.
pub const SEND_IT_AGAIN: &str = "Nothing was done, and nothing is lost: wait, and then load this page again. Your browser sends once more what you \
     typed or pressed, and it is done once. Who was logging out is logged in until then.";

pub const LEFT_OUT: &str = "This was left out, since it cannot be looked for";

pub const NEEDS_A_DAY: &str = "must be a day: choose one in the calendar";

pub fn needs_number(example: &str) -> String {
    format!("must be a number as it is written here, such as {example}")
}

pub fn needs_share(least: &str, most: &str, example: &str) -> String {
    format!("must be from {least} to {most}, with at most three decimals, such as {example}")
}

pub fn at_most(most: &str) -> String {
    format!("must be at most {most}")
}

/// Whose a name is that may stand once.
pub fn is_of(owner: &str) -> String {
    format!("is that of {owner}")
}

/// What is wrong with a field, by the API's code for it.
pub fn message(code: &str) -> Option<&'static str> {
    Some(match code {
        "invalid_cursor" => "is not there any more; this is the first one",
        "wrong_sign" => {
            "goes the other way: what is damaged or lost went (-2), and what is found or returned came (2)"
        }
        "zero" => "must not be 0; if it is right as it is, count the shelf instead",
        "count_expected" | "delta_expected" | "delta_or_counted" => {
            "does not go with what happened; open the page again, and choose anew"
        }
        "only_with_units_that_came" => "is only for units that came; leave it empty for those that went",
        "category_or_shelf" => "goes without the other: choose a category or a shelf, and not both",
        "no_products" => "has no product that is in the catalogue",
        "unknown_supplier" => "is not there any more; choose another",
        "unknown_product" => "is not in the catalogue any more",
        "not_on_order" => "is not on this purchase order",
        "not_yours" => "is for managers; leave it empty",
        "wrong_type" => "cannot be read; open the page again",
        _ => return None,
    })
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
        problem::BODY_TOO_LARGE => {
            "Shorten the longest text, or send less at a time; a file is 20 MiB at most. Nothing was done."
        }
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
        "receipts[as_well]" => "“Book it as well”",
        "email" => EMAIL,
        "slug" => products::SLUG,
        "image_urls" => products::IMAGE_URLS,
        "stock" => products::ON_THE_SHELF,
        "quantity" | "delta" => UNITS,
        "counted" => COUNTED,
        "code" => "Barcode",
        "object" => super::AUDIT_WHAT,
        "object_id" => super::AUDIT_NUMBER,
        "account_id" => super::AUDIT_WHO,
        "api_key_id" => super::AUDIT_PROGRAM,
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
        "file" => imports::FILE,
        "map" => imports::COLUMNS,
        "counted_at" => imports::COUNTED_ON,
        "url" => webhooks::URL,
        "event_types" => webhooks::TYPES,
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
