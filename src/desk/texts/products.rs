//! Products and stock.

pub const PRODUCT: &str = "Product";
pub const LEDGER: &str = "Ledger";
pub const RULE: &str = "Restocking rule";
pub const LABEL: &str = "Label";
pub const LABELS: &str = "Shelf labels";
pub const IN_STOCK: &str = "In stock";
pub const OUT_OF_STOCK: &str = "Out of stock";
pub const BELOW_POINT: &str = "Below reorder point";
pub const ARCHIVED: &str = "Archived";
pub const NOTHING_LEFT: &str = "nothing left";

// The list
pub const NEW_PRODUCT: &str = "New product";
pub const NO_PRODUCTS: &str = "There is no such product.";
pub const NOT_OUT_OF_STOCK: &str = "Not out of stock";
pub const IN_STOCK_OR_NOT: &str = "In stock or not";
pub const HOWEVER_LONG: &str = "However long it lasts";
pub const SEARCH_PRODUCTS: &str = "Name, SKU or barcode";
pub const SORT: &str = "In the order of";
pub const SORTS: &[(&str, &str)] = &[
    ("name", "name"),
    ("cover", "what is sold out first"),
    ("-value", "what has cost most"),
    ("id", "what is oldest"),
];
pub const COLUMNS: &[&str] = &[
    "Tick",
    "Product",
    "SKU",
    "Shelf",
    "On hand",
    "Reserved",
    "Available",
    "Incoming",
    "Drafted",
    "Lasts, days",
];
pub const COLUMNS_WITH_VALUE: &[&str] = &[
    "Tick",
    "Product",
    "SKU",
    "Shelf",
    "On hand",
    "Reserved",
    "Available",
    "Incoming",
    "Drafted",
    "Lasts, days",
    "Value",
    "Average cost",
];
pub const LABELS_OF_TICKED: &str = "Labels of the ticked";

// What it is
pub const WHAT_IT_IS: &str = "What it is";
pub const PRICE: &str = "Price";
pub const SKU: &str = "SKU";
pub const SHELF: &str = "Shelf";
pub const CATEGORY: &str = "Category";
pub const BARCODES: &str = "Barcodes";
pub const BARCODES_HINT: &str =
    "Of the unit, and of each pack with how many units are in it. Empty a row to take it out.";
pub const SLUG: &str = "Part of its address in the web shop";
pub const SLUG_HINT: &str = "Letters, digits and hyphens, such as blue-mug.";
pub const IMAGE_URLS: &str = "Addresses of pictures";
pub const IMAGE_URLS_HINT: &str = "One a line. They are for the web shop; the desk does not load them.";
pub const DESCRIPTION: &str = "Description";
pub const ON_THE_SHELF: &str = "On the shelf now";
pub const ADD_PRODUCT: &str = "Add the product";
pub const EDIT_ELSEWHERE: &str = "It is long, and edited on a page of its own";
pub const EDIT: &str = "Edit";
pub const ARCHIVE: &str = "Take it out of the catalogue";
pub const WHAT_ARCHIVE_MEANS: &str = "Nobody can order it any more, and runs do not restock it. Orders that hold it are shipped all the same, its ledger \
     stays, and its SKU and barcodes are free for another product. It can be brought back.";
pub const WHAT_ARCHIVED_MEANS: &str =
    "It is not in the catalogue: nobody can order it, and it is not restocked. Bring it back to change it.";
pub const RESTORE: &str = "Bring it back into the catalogue";

// Figures
pub const FIGURES: &str = "What is there";
pub const FIGURE_COLUMNS: &[&str] = &["Figure", "Units", "What makes it"];
pub const ON_HAND: &str = "On hand";
pub const RESERVED: &str = "Reserved";
pub const AVAILABLE: &str = "Available";
pub const INCOMING: &str = "Incoming";
pub const DRAFTED: &str = "Drafted";
pub const WHY: &str = "Why?";
pub const VALUE: &str = "Value";
pub const AVERAGE_COST: &str = "Average cost";
pub const FORECAST: &str = "Forecast";
pub const NOTHING_KNOWN: &str =
    "Nothing is known of its sales yet: restock runs sum up each day once it is over.";
pub const SOLD_OUT_ON: &str = "Sold out on";
pub const SUGGESTED_POINT: &str = "Suggested reorder point";
pub const REORDER_POINT: &str = "Reorder point";
pub const UP_TO: &str = "order up to";
pub const NOT_WATCHED: &str = "Not watched: without a reorder point nothing is ordered.";
pub const HIT_RATE: &str = "How often suggestions lasted";

// Booking
pub const COUNT: &str = "Count the shelf";
pub const WHAT_COUNT_MEANS: &str = "What you count becomes what is on hand; the difference is booked. If something was sold since this page was opened, you are asked to count again.";
pub const COUNTED: &str = "Units on the shelf";
pub const BOOK_COUNT: &str = "Book the count";
pub const BOOK: &str = "Book units that came or went";
pub const WHAT_HAPPENED: &str = "What happened?";
pub const REASONS_OF_STAFF: &[(&str, &str)] = &[
    ("damaged", "damaged"),
    ("lost", "lost"),
    ("found", "found"),
    ("return", "returned by a customer"),
    ("correction", "correction of a mistake"),
];
pub const UNITS: &str = "Units";
pub const UNITS_HINT: &str = "-2 for two that went, 2 for two that came.";
pub const NOTE_HINT: &str = "A correction needs one: what was wrong?";
pub const UNIT_COST: &str = "What one of them has cost";
pub const UNIT_COST_HINT: &str = "Only for units that came.";

// Ledger
pub const FROM: &str = "From";
pub const TO: &str = "To";
pub const SHOW: &str = "Show";
pub const NO_MOVEMENTS: &str = "Nothing has moved in these days.";
pub const LEDGER_COLUMNS: &[&str] = &["When", "What", "Change", "On hand then", "Who"];
pub const ON_HAND_OVER_TIME: &str = "On hand over time";

// Rule and what-if
pub const REORDER_TARGET: &str = "Order up to";
pub const REORDER_MULTIPLE: &str = "In multiples of";
pub const ORDER_MAX: &str = "Largest order";
pub const LEAD_TIME: &str = "Lead time, days";
pub const SERVICE_LEVEL: &str = "Service level";
pub const POINT_HINT: &str = "Below it is ordered. Without one the product is not watched.";
pub const TARGET_HINT: &str = "At least the reorder point.";
pub const LEVEL_HINT: &str =
    "How surely the suggested point is to last until the goods come: 0.95 is 19 times of 20.";
pub const TAKEN: &str = "The proposal is in the fields. Nothing is saved yet.";
pub const SNOOZE: &str = "Put it off";
pub const SNOOZED_UNTIL: &str = "Nothing is ordered before";
pub const WHAT_SNOOZE_MEANS: &str =
    "Runs leave it alone until that day. Without a day they look after it again.";
pub const WHAT_IF: &str = "What if?";
pub const WHAT_IF_MEANS: &str = "Tries another rule on what customers ordered of it, day by day. What is left empty is as it is; without a reorder point the suggested one is tried. Nothing is changed.";
pub const LAST_DAYS: &str = "Only the last days";
pub const TRY: &str = "Try it";
pub const TRIAL_COLUMNS: &[&str] = &["Figure", "As it is now", "Proposal"];
pub const DAYS_WITHOUT: &str = "Days without stock";
pub const NOT_SOLD: &str = "Units not sold";
pub const AVERAGE_STOCK: &str = "Average stock";
pub const HIGHEST_STOCK: &str = "Highest stock";
pub const ORDERS_MADE: &str = "Orders";
pub const MONEY_BOUND: &str = "Money bound";
pub const NO_PAST: &str =
    "Nothing is known of its past to try a rule on: restock runs sum up each day once it is over.";
pub const TAKE: &str = "Take the proposal over into the rule";
pub const NOT_SOLD_BY_POINT: &str = "Units not sold, by reorder point";
pub const STOCK_BY_POINT: &str = "Average stock, by reorder point";
pub const CURVE_IN_NUMBERS: &str = "Both curves in numbers";
pub const CURVE_COLUMNS: &[&str] =
    &["Reorder point", "Days without stock", "Units not sold", "Average stock", "Orders"];

// Why
pub const WHY_AVAILABLE: &str = "What is on hand by the last lines of the ledger, less what is promised.";
pub const WHY_RESERVED: &str = "Orders that are placed and not shipped hold these units.";
pub const WHY_INCOMING: &str = "Purchase orders that are on their way still owe these units.";
pub const WHY_DRAFTED: &str = "Drafts of purchase orders hold these units; nothing of it is ordered yet.";
pub const WHY_SUGGESTED: &str =
    "An order that is made today has to last until its goods come, and that surely enough.";
pub const BROUGHT_FORWARD: &str = "Brought forward";
pub const WHOLE_LEDGER: &str = "The whole ledger";
pub const ON_OTHER_PAGES: &str = "On other pages";
pub const RESERVED_COLUMNS: &[&str] = &["Order", "Placed", "Expected", "Units"];
pub const PURCHASE_COLUMNS: &[&str] =
    &["Purchase order", "Supplier", "Expected", "Reason", "Ordered", "Received", "Counts"];
pub const NO_SUPPLIER: &str = "no supplier";
pub const STEP_COLUMNS: &[&str] = &["Step", "Figure", "From what"];
pub const PER_DAY: &str = "Expected a day";
pub const DAYS_TO_LAST: &str = "Days to last";
pub const EXPECTED_THEN: &str = "Expected in these days";
pub const PRODUCT_OF_BOTH: &str = "one times the other";
pub const SPARE: &str = "To spare";
pub const WHOLE_UNITS: &str = "the sum, in whole units";
pub const DAYS_BEHIND_IT: &str = "The days that it rests on";
pub const WEEK_COLUMNS: &[&str] = &["Week", "Days that count", "Left out", "Units ordered"];

// Labels
pub const WHICH_LABELS: &str = "Tick products in their list, or say here of which category or shelf. Each label has a page of 62 × 29 mm.";
pub const LABEL_PAPER: &str =
    "Each label is a page of 62 × 29 mm: choose the label printer, without margins and in its real size.";

pub fn why_of(figure: &str) -> String {
    format!("Why? {figure}")
}

pub fn barcode(at: usize) -> String {
    format!("Barcode {}", at + 1)
}

pub fn units_in(at: usize) -> String {
    format!("Units in {}", at + 1)
}

pub fn pack_of(units: &str) -> String {
    format!("(pack of {units})")
}

pub fn still_on_hand(units: &str) -> String {
    format!("{units} are still on hand. They stay in the books until they are written off.")
}

pub fn rests_on(units: &str, looked_at: i64, left_out: i64) -> String {
    let left_out = match left_out {
        0 => String::new(),
        1 => ", without one on which there was nothing to sell".to_owned(),
        days => format!(", without {days} on which there was nothing to sell"),
    };
    format!("It rests on {units} units that customers ordered in {looked_at} days{left_out}")
}

pub fn sells(rate: &str) -> String {
    format!("About {rate} a day are expected.")
}

pub fn lasts(days: &str) -> String {
    format!("What is available lasts {days} days.")
}

pub fn category_sells(rate: &str) -> String {
    format!("It is new, so it begins with what its category sells: {rate} a day and product.")
}

pub fn hit_rate(wanted: &str, reached: &str, looks: &str) -> String {
    format!("{wanted} wanted, {reached} reached, of {looks} suggestions that could be judged")
}

/// Why units came or went.
pub fn reason(reason: &str) -> &str {
    match reason {
        "initial" => "There when it was added",
        "sale" => "Sale",
        "restock" => "Delivery",
        "stock_take" => "Count",
        "damaged" => "Damaged",
        "lost" => "Lost",
        "return" => "Return",
        "found" => "Found",
        "correction" => "Correction",
        other => other,
    }
}

pub fn purchase_order(id: u64) -> String {
    format!("Purchase order {id}")
}

pub fn stock_take(id: u64) -> String {
    format!("Stock take {id}")
}

pub fn units_on(units: &str, day: &str) -> String {
    format!("{units} on {day}")
}

pub fn graph_words(begin: &str, end: &str, lowest: &str, highest: &str) -> String {
    format!("Begins with {begin}, ends with {end}; lowest {lowest}, highest {highest}.")
}

pub fn drawn(every: i64, movements: &str) -> String {
    format!("Of {movements} movements one of {every} is drawn.")
}

pub fn lead_time_hint(days: i64) -> String {
    format!("Empty: that of the preferred supplier. What counts now is {days}.")
}

pub fn suggested_is(point: &str) -> String {
    format!("The forecast suggests the point {point}.")
}

pub fn wanted(units: &str, estimated: i64) -> String {
    let estimated = match estimated {
        0 => String::new(),
        days => format!(", of which {days} days are estimated"),
    };
    format!("{units} units were wanted{estimated}.")
}

pub fn curve_words(first: &str, from: &str, last: &str, to: &str) -> String {
    format!("From {from} at the reorder point {first} to {to} at {last}.")
}

pub fn days_to_last(lead_time: i64, review: i64) -> String {
    match review {
        1 => format!("{lead_time} days of lead time, and the day of the order"),
        days => format!("{lead_time} days of lead time, and {days} until the shop orders there again"),
    }
}

pub fn spare(level: &str) -> String {
    format!("so that it lasts in {level} of all cases, since days differ.")
}

pub fn lead_time_varies(days: &str) -> String {
    format!("The lead time varies by {days} days, which counts too.")
}

/// How the expected days spread.
pub fn method(method: &str) -> &str {
    match method {
        "negative_binomial" => {
            "followed through the weeks; sales come in bursts (negative binomial distribution)"
        }
        "poisson" => "followed through the weeks; sales come one by one (Poisson distribution)",
        _ => "nothing was ordered, and nothing is known of its like",
    }
}

pub fn lasts_less_than(days: &str) -> String {
    format!("Sells, and lasts less than {days} days")
}
