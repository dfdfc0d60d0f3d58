//! Restocking, purchase orders and suppliers; with the words that all pages share.

pub use super::*;

// ---- Restock
pub const PLAN: &str = "Plan";
pub const PURCHASE_ORDERS: &str = "Purchase orders";
pub const RUNS: &str = "Restock runs";
pub const SUPPLIERS: &str = "Suppliers";
pub const SUPPLIER: &str = "Supplier";
pub const OWN_LIST: &str = "The shop’s own list";
pub const TO_BUY: &str = "To buy";
pub const LATE: &str = "Late";
pub const ALL_WATCHED: &str = "All that is watched";
pub const ALL_SUPPLIERS: &str = "All suppliers";
pub const DELIVERIES_LATE: &str = "Deliveries are late";
pub const DRAFTS_WAITING: &str = "Drafts wait for more than a day";
pub const RUN_NOW: &str = "Restock now";
pub const RUN_DRAFTS: &str = "Every watched product is looked at, and what is due is put on the draft of its supplier. Nothing is ordered before \
     somebody orders a draft.";
pub const RUN_ORDERS: &str = "Every watched product is looked at, and what is due is ordered at once, where it is the supplier’s day and comes to \
     its minimum. What has no lead time is put on the shelf.";
pub const PLAN_COLUMNS: &[&str] =
    &["Product", "To do", "Why", "Position", "Sold out by", "Suggestions that lasted"];
pub const NOTHING_TO_DO: &str = "nothing to do";
pub const ON_A_DRAFT: &str = "On a draft";
pub const SNOOZED: &str = "not before";
pub const SNOOZED_TILL_TODAY: &str = "from today on";
pub const NOT_JUDGED: &str = "not judged yet";
pub const BUY: &str = "Buy";
pub const PRODUCT: &str = "Product";
pub const POSITION: &str = "Position";
pub const RULE: &str = "Rule";
pub const PACKING: &str = "Packs";
pub const LEAD_TIME: &str = "Lead time";
pub const STOCK_OUT: &str = "Sold out by";
pub const HIT_RATE: &str = "Suggestions that lasted";
pub const WHO_SELLS_IT: &str = "who sells it";
pub const CHANGE_OR_TAKE_OUT: &str = "another number, or take it out";
pub const ON_NEW_DRAFT: &str = "Put it on a new draft";
pub const SNOOZE: &str = "Snooze";
pub const WHAT_SNOOZE_MEANS: &str =
    "Until that day no run buys it, whatever the rule says. Empty: it is bought again.";
pub const NOT_BEFORE: &str = "Not before";
pub const NO_RUNS: &str = "Restocking was never run.";
pub const RUN_COLUMNS: &[&str] = &["Run", "Started", "By", "What it did", "Products", "Units"];
pub const RUN_LINE_COLUMNS: &[&str] =
    &["Product", "What was done", "Units", "Purchase order", "Position", "Why"];
pub const RUN_NOT_FINISHED: &str = "at work, or cut off";
pub const STARTED: &str = "Started";
pub const WHAT_IT_DID: &str = "What it did";

pub fn purchase_order(id: u64) -> String {
    format!("Purchase order {id}")
}

pub fn run(id: u64) -> String {
    format!("Restock run {id}")
}

pub fn run_source(source: &str) -> &str {
    match source {
        "api" => "staff",
        "program" => "the timer",
        other => other,
    }
}

pub fn outcome(outcome: &str) -> &str {
    match outcome {
        "drafted" => "on a draft",
        "ordered" => "ordered",
        "received" => "on the shelf",
        "nothing" => "nothing to do",
        "failed" => "failed",
        other => other,
    }
}

pub fn nothing_planned(view: &str) -> &'static str {
    match view {
        "due" => "Nothing is to be bought now.",
        "late" => "Nothing is late.",
        _ => "No product is watched. Give one a reorder point on its page.",
    }
}

pub fn to_do(action: &str, units: i64) -> String {
    match action {
        "order" => format!("order {units}"),
        "receive" => format!("put {units} on the shelf"),
        _ => format!("draft {units}"),
    }
}

pub fn on_draft(id: u64) -> String {
    format!("On draft {id}")
}

/// What stands against buying it now, with the drafts that have it.
pub fn bought_meanwhile(drafts: &[u64]) -> String {
    let since = "Since you opened this page, somebody has";
    let Some((first, rest)) = drafts.split_first() else {
        return format!("{since} ordered it. Nothing more was bought: send it again if it is to be more.");
    };
    let others: String = rest.iter().map(|id| format!(" and {id}")).collect();
    format!(
        "{since} bought it: draft {first}{others} has it. Nothing more was bought; change the number there."
    )
}

pub fn put_on_draft(id: u64) -> String {
    format!("Put it on draft {id}")
}

/// What a button does that restocks one product.
pub fn do_now(action: &str, units: i64, seller: &str) -> String {
    match action {
        "order" => format!("Order {units} now: {seller}"),
        "receive" => format!("Put {units} on the shelf now: {seller}"),
        _ => format!("Put {units} on the draft: {seller}"),
    }
}

pub fn what_do_means(action: &str) -> &'static str {
    match action {
        "order" => {
            "It is ordered at once, with what else is on the supplier’s draft, unless it is not their day or comes to less \
             than they take; then it waits on their draft. To order more than the rule says, choose the number below: that \
             is ordered when you order the draft."
        }
        "receive" => "It has no lead time, so it counts as there at once.",
        _ => {
            "The draft is ordered when somebody orders it. For more than the rule says, choose the number below."
        }
    }
}

pub fn hit_rate(looks: i64, reached: &str, wanted: &str) -> String {
    format!("{reached} % of {looks}, wanted {wanted} %")
}

pub fn units_late(units: i64) -> String {
    format!("{units} late, expected")
}

pub fn position(position: i64, on_hand: i64, reserved: i64, incoming: i64, drafted: i64) -> String {
    format!(
        "{position} = {on_hand} on the shelf − {reserved} reserved + {incoming} on their way + {drafted} on drafts"
    )
}

pub fn rule(point: i64, target: i64, multiple: i64) -> String {
    let multiples = if multiple > 1 { format!(", in multiples of {multiple}") } else { String::new() };
    format!("below {point} buy up to {target}{multiples}")
}

pub fn packing(pack_size: i64, minimum: i64) -> String {
    let packs = if pack_size > 1 { format!("packs of {pack_size}") } else { "single units".to_owned() };
    if minimum > 1 { format!("{packs}, at least {minimum}") } else { packs }
}

pub fn days(days: i64) -> String {
    match days {
        0 => "none".to_owned(),
        1 => "1 day".to_owned(),
        _ => format!("{days} days"),
    }
}

// ---- Purchase orders
pub const DRAFTS: &str = "Drafts";
pub const ON_THEIR_WAY: &str = "On their way";
pub const ARE_OVERDUE: &str = "Overdue";
pub const OVERDUE: &str = "overdue";
pub const RECEIVED: &str = "Received";
pub const NO_PURCHASE_ORDERS: &str = "No purchase orders here.";
pub const PURCHASE_ORDER_COLUMNS: &[&str] = &[
    "Purchase order",
    "State",
    "Supplier",
    "Units / lines",
    "Received",
    "Ordered or made",
    "Expected",
    "Total",
    "Do",
];
pub const WITH_PRODUCT: &str = "With a product (SKU or barcode)";
pub const ALL_PRODUCTS: &str = "All products";
pub const OF_ANY_AGE: &str = "However old";
pub const EXPECTED_ON: &str = "Something is expected on";
pub const EXPECTED_IN: &str = "Something is expected";
pub const FROM: &str = "from";
pub const UP_TO: &str = "up to";
pub const EXPECTED_ANY_DAY: &str = "On any day";
pub const NEW_DRAFT: &str = "New draft by hand";
pub const ONLY_OWN_LIST: &str = "You can make a draft of what the shop buys without a supplier. Those of a supplier are made by managers, and by \
     restock runs: look under “Plan” and put the product on its supplier’s draft there, or ask a manager.";
pub const MAKE_DRAFT: &str = "Make the draft";
pub const RECEIVE: &str = "Receive";
pub const PRINT_VIEW: &str = "To print";
pub const MAIL: &str = "Mail";
pub const CSV: &str = "CSV";
pub const WAITS: &str = "Waits:";
pub const MADE: &str = "Made";
pub const ORDERED: &str = "Ordered";
pub const RUNS_ADD_TO_IT: &str = "restock runs add to it";
pub const MINIMUM_ORDER: &str = "Order at least for";
pub const ADD_LINE: &str = "Add a line";
pub const NO_LINES: &str = "Nothing is on it yet.";
pub const PURCHASE_LINE_COLUMNS: &[&str] = &["Product", "Supplier’s SKU", "Units", "Why"];
pub const COST_EACH: &str = "Cost of one";
pub const CHANGE: &str = "Change";
pub const WHAT_CAME: &str = "What came";
pub const SET_BY_PERSON: &str = "set by hand";
pub const ORDER_IT: &str = "Order it";
pub const WHAT_ORDER_MEANS: &str =
    "Its lines are fixed then and count as incoming. Storekeeper sends nothing: mail it, print it, or call.";
pub const ACCEPT_BELOW_MINIMUM: &str = "Order it although it comes to less than they take at least";
pub const DROP_DRAFT: &str = "Drop the draft";
pub const WHAT_DROP_MEANS: &str =
    "Nothing of it is ordered. A restock run may put what is due on another one.";
pub const CANCEL_OUTSTANDING: &str = "Cancel what has not come";
pub const WHAT_CANCEL_OUTSTANDING_MEANS: &str = "What is outstanding counts as incoming no more, and restocking may buy it again. Tell the supplier yourself. What came stays.";
pub const SPLIT: &str = "Split";
pub const WHAT_SPLIT_MEANS: &str =
    "So many units go to a draft of their own, to which no run adds. Of what is left empty all stay here.";
pub const MERGE: &str = "Merge";
pub const WHAT_MERGE_MEANS: &str =
    "The lines of the other draft come to this one, and the other one is closed.";
pub const OTHER_DRAFT: &str = "The other draft";
pub const CHANGE_NOTE: &str = "Change the note";
pub const NOTE_GOES_OUT: &str = "The supplier reads it: it stands in the letter and on the printed order.";
pub const CHANGED_SINCE: &str = "What has changed since you opened the page:";
pub const EXPECT: &str = "Expect it on another day";
pub const WHAT_EXPECT_MEANS: &str = "All that is outstanding of it is expected on that day.";
pub const DELIVERY_COLUMNS: &[&str] = &["Delivery", "When", "What", "Who"];
pub const SKU: &str = "SKU";
pub const SUPPLIER_SKU: &str = "Supplier’s SKU";
pub const WHY: &str = "Why";
pub const TAKE_OUT: &str = "Take it out";
pub const WHAT_TAKE_OUT_MEANS: &str =
    "The product leaves the draft. A restock run may put it there again, unless it is snoozed.";
pub const BACK_TO_PURCHASE_ORDER: &str = "Back to the purchase order";
pub const COST_AS_ASKED: &str =
    "It costs what the supplier asks for so many, unless somebody has written another cost.";
pub const AT_ANOTHER_COST: &str = "At another cost";
pub const PAPER_COLUMNS: &[&str] = &["Units", "Your SKU", "Our SKU", "Product"];
pub const DATE: &str = "Date";
pub const NOT_ORDERED_YET: &str = "This is a draft. Order it here first, and then mail it.";
pub const LETTER: &str = "The letter, to copy";
pub const LONG_LETTER: &str = "It is too long to copy from here. Keep it as a file, and send that.";
pub const KEEP_LETTER: &str = "Keep it as a file";
pub const SCAN_DELIVERY: &str = "Scan what came (SKU, barcode or the supplier’s SKU; 24*code for 24)";
pub const RECEIVE_COLUMNS: &[&str] =
    &["Product", "Outstanding / ordered", "Accepted", "Rejected", "Count by hand"];
pub const ACCEPTED: &str = "Accepted";
pub const REJECTED: &str = "Rejected";
pub const ALL_OF_IT: &str = "All of it";
pub const NONE_OF_IT: &str = "None";
pub const SHOW_ALL_LINES: &str = "Show all lines";
pub const DELIVERY_NOTE_HINT: &str = "It stands in the ledger with what goes on the shelf.";
pub const KEEP_SURPLUS: &str = "Keep what is more than was ordered";
pub const BOOK_DELIVERY: &str = "Book what came";
pub const ALL_AS_ORDERED: &str = "All as ordered";
pub const NOTHING_TO_RECEIVE: &str = "It is a draft. Order it first.";
pub const NOTHING_CAME: &str = "are all at 0. Scan what came or type how many, then book it.";
pub const TOO_MANY_COUNTED: &str = "That is more than fits here. Book what is counted, and go on.";

pub fn waiting(waits: bool) -> &'static str {
    if waits { OLD_DRAFTS } else { "No drafts older than a day" }
}

pub fn with_product(name: &str) -> String {
    format!("With {name}")
}

pub fn units_so_far(units: i64, received: i64, outstanding: i64) -> String {
    format!("{units}, {received} received, {outstanding} outstanding")
}

pub fn missing(money: &str) -> String {
    format!("{money} are missing")
}

pub fn units_to_split(name: &str, of: i64) -> String {
    format!("{name}, units of {of}")
}

pub fn draft_of(id: u64, lines: i64) -> String {
    let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
    format!("Draft {id}, {lines}")
}

/// What became of the units of a line; none is no line.
pub fn units_were(name: &str, before: i64, now: i64) -> String {
    match (before, now) {
        (0, now) => format!("{name}: {now}, new"),
        (before, 0) => format!("{name}: taken out, was {before}"),
        (before, now) => format!("{name}: {now}, was {before}"),
    }
}

pub fn change_line(name: &str) -> String {
    format!("Change {name}")
}

pub fn came(received: i64, rejected: i64, outstanding: i64) -> String {
    let rejected = if rejected > 0 { format!(", {rejected} rejected") } else { String::new() };
    let outstanding = if outstanding > 0 { format!(", {outstanding} outstanding") } else { String::new() };
    format!("{received} received{rejected}{outstanding}")
}

pub fn delivered(name: &str, accepted: i64, rejected: i64) -> String {
    let rejected = if rejected > 0 { format!(", {rejected} rejected") } else { String::new() };
    format!("{name}: {accepted}{rejected}")
}

pub fn mail_to(address: &str) -> String {
    format!("Write to {address}")
}

pub fn received_late(status: &str) -> &'static str {
    match status {
        "received" => "All of it has come. What comes beyond it is kept with a tick below.",
        "cancelled" => "What comes nonetheless is booked here.",
        _ => "",
    }
}

pub fn counted(name: &str, units: i64, of: i64) -> String {
    format!("{name}: {units} of {of} counted.")
}

pub fn more_than_ordered(units: i64) -> String {
    format!("{units} more than was ordered.")
}

pub fn not_on_purchase_order(name: &str) -> String {
    format!("Wrong item: {name} is not on this purchase order. Put it aside.")
}

pub fn lines_hidden(lines: usize) -> String {
    format!("Of {lines} lines nothing is counted yet, and they are not shown.")
}

pub fn all_as_ordered(units: i64) -> String {
    format!("All {units} outstanding units go on the shelf, without counting them here.")
}

// ---- Suppliers
pub const ACTIVE: &str = "Active";
pub const ARCHIVED: &str = "Archived";
pub const ARCHIVE: &str = "Archive";
pub const RESTORE: &str = "Restore";
pub const ANOTHER_SUPPLIER: &str = "Another supplier: look for it, and go on from its page";
pub const NEW_SUPPLIER: &str = "New supplier";
pub const SEARCH_SUPPLIERS: &str = "Name, e-mail or phone";
pub const NO_SUPPLIERS: &str = "No suppliers here.";
pub const SUPPLIER_COLUMNS: &[&str] =
    &["Name", "E-mail and phone", "Lead time", "Order days", "Order at least for", "More"];
pub const ANY_DAY: &str = "any day";
pub const ITS_OFFERS: &str = "What it sells";
pub const LEAD_TIME_IN_DAYS: &str = "Days from ordering to receiving";
pub const ORDER_DAYS: &str = "Days on which the shop orders there (none: any day)";
pub const WHAT_ARCHIVING_SUPPLIER_MEANS: &str = "Nothing is bought there any more, and it is no product’s preferred supplier. What it asks is kept until it is restored.";
pub const HOW_LONG_IT_TOOK: &str = "How long it took";
pub const NOTHING_CAME_YET: &str = "Nothing of it has come yet.";
pub const TAKEN_COLUMNS: &[&str] = &["Product", "Lines received", "Days on average", "Spread in days"];
pub const SCAN_TO_OFFER: &str = "Add or change: SKU, barcode or words";
pub const NO_OFFERS: &str = "It sells nothing that the shop knows of.";
pub const OFFER_COLUMNS: &[&str] = &["Product", "SKU", "Its SKU", "Cost of one", "Packs", "Preferred"];
pub const SELLER_COLUMNS: &[&str] = &["Supplier", "Its SKU", "Cost of one", "Packs", "Preferred"];
pub const PREFERRED: &str = "Preferred";
pub const WHAT_PREFERRED_MEANS: &str = "Restocking buys the product here, and no longer where it did.";
pub const PACK_SIZE: &str = "Units in a pack";
pub const MINIMUM_QUANTITY: &str = "Units at least";
pub const PRICE_BREAKS: &str = "Cheaper from so many units on";
pub const FROM_UNITS: &str = "From units";
pub const NOT_SOLD_YET: &str = "It is not known to sell this. Say what it asks for it.";
pub const REMOVE_OFFER: &str = "It does not sell this any more";
pub const WHAT_REMOVE_OFFER_MEANS: &str = "What it asked is deleted. If it was preferred, the product is on the shop’s own list until another supplier is.";
pub const NOBODY_SELLS_IT: &str = "Nobody is known to sell it to the shop.";
pub const SOMEBODY_ELSE_SELLS_IT: &str = "Another supplier sells it";

pub fn weekday(day: &str) -> &str {
    match day {
        "mon" => "Monday",
        "tue" => "Tuesday",
        "wed" => "Wednesday",
        "thu" => "Thursday",
        "fri" => "Friday",
        "sat" => "Saturday",
        "sun" => "Sunday",
        other => other,
    }
}

pub fn restore(name: &str) -> String {
    format!("Restore {name}")
}

pub fn it_says(lead_time_days: i64) -> String {
    format!(
        "It says {}. This is how long it was from ordering until all of a line had come.",
        days(lead_time_days)
    )
}

pub fn from_units(units: i64, cost: &str) -> String {
    format!("from {units}: {cost}")
}

pub fn offers_of(name: &str) -> String {
    format!("What {name} sells")
}

pub fn who_sells(name: &str) -> String {
    format!("Who sells {name}")
}
