//! What the desk says, all of it, in English.

mod counting;
pub mod imports;
pub mod products;
mod refusals;
pub mod restock;
pub mod webhooks;

pub use counting::*;
pub use refusals::*;

pub const TODAY: &str = "Today";
pub const ORDERS: &str = "Orders";
pub const PRODUCTS: &str = "Products";
pub const RESTOCK: &str = "Restock";
pub const STOCK_TAKES: &str = "Stock takes";
pub const CUSTOMERS: &str = "Customers";
pub const HOUSE: &str = "House";

// ---- Around every page
pub const SKIP: &str = "Skip to what the page is about";
pub const WAY_AROUND: &str = "Around the shop";
pub const SEARCH_THE_SHOP: &str = "The whole shop";
pub const SEARCH: &str = "Search";
pub const SEARCH_HINT: &str = "Order, SKU, barcode, name, parcel";
pub const YOUR_ACCOUNT: &str = "Your account";
pub const LOG_OUT: &str = "Log out";
pub const BACK_TO_TODAY: &str = "Back to today's page";
pub const OPEN_ITS_PAGE: &str = "Open its page again";
pub const PAGES: &str = "Pages";
pub const FIRST_PAGE: &str = "First page";
pub const NEXT_PAGE: &str = "Next page";
pub const AS_FILE: &str = "The whole list as a file (CSV)";
pub const FIRST_PART: &str = "The first of them";
pub const NEXT_PART: &str = "The next of them";
pub const OPTIONAL: &str = "(optional)";
pub const NOW_IT_IS: &str = "Now it is:";
pub const NOTHING: &str = "nothing";
pub const IN_THE_LOG: &str = "If it goes on, tell whoever runs the shop's server. In its log it is";
pub const NO_FORM: &str =
    "This is no form as a page of the desk sends it. Open the page again and press its button there.";
pub const NO_SUCH_METHOD: &str = "A page is opened, and a form is sent with its button.";
pub const ANOTHER_ORIGIN: &str = "This was not sent from a page of the desk, so nothing was done. Open the page again and press its button there.";

pub const KEYS: &str = "Keys";
pub const KEYS_OFF: &str = "Switch the keys off";
pub const KEYS_ON: &str = "Switch the keys on";
pub const CLOSE: &str = "Close";
pub const KEYS_DO: &[(&str, &str)] = &[
    ("/", "search: a number is an order, a SKU or barcode a product"),
    ("g t", "today"),
    ("g o", "orders"),
    ("g s", "products and stock"),
    ("g r", "restock"),
    ("g d", "stock takes"),
    ("g c", "customers"),
    ("j k", "next row, row before"),
    ("x", "tick the row"),
    ("?", "these keys"),
];

// ---- Logging in
pub const LOG_IN: &str = "Log in";
pub const LOG_IN_TO: &str = "Log in to";
pub const USERNAME: &str = "Username";
pub const PASSWORD: &str = "Password";
pub const OPENING: &str = "Opening the desk";
pub const LOGGED_OUT: &str = "You are logged out.";
pub const NOT_SENT: &str = "Your login had ended, so nothing was done. What you typed is kept: log in, look at it, and send it again.";
pub const STAFF_ONLY: &str = "That is a customer's account. The desk is for staff.";
pub const NEEDS_HTTPS: &str = "This address begins with http:// and is on another machine, so what you type could be read on the way, and your \
     browser will not keep you logged in. Open the desk with https://, or on the shop's own machine.";

// ---- Orders
pub const TO_PICK: &str = "To pick";
pub const TO_CONFIRM: &str = "To confirm";
pub const SHIPPED: &str = "Shipped";
pub const ALL: &str = "All";
pub const PLACE_AN_ORDER: &str = "New order";
pub const SEARCH_ORDERS: &str = "Number, name, e-mail, phone, SKU, barcode or tracking number";
pub const SOUGHT_AMONG_ALL: &str = "Looked for among all orders, wherever they stand.";
pub const TRACKING_NUMBER: &str = "Tracking number";
pub const NO_ORDERS: &str = "No orders here.";
pub const ORDER_COLUMNS: &[&str] =
    &["Tick", "Order", "Placed", "Customer", "State", "Expected", "Units", "Total"];
pub const PICK_LIST_OF_TICKED: &str = "Pick list of what is ticked";
pub const ERASED: &str = "(erased)";
pub const NOT_CONFIRMED: &str = "not confirmed";
pub const ALL_THERE: &str = "All there";
pub const PART_THERE: &str = "Part there";
pub const NONE_THERE: &str = "Not there";

pub const ORDER: &str = "Order";
pub const PACK: &str = "Pack";
pub const PICK_LIST: &str = "Pick list";
pub const PACKING_SLIP: &str = "Packing slip";
pub const PACKING_SLIP_WITH_PRICES: &str = "Packing slip with prices";
pub const CUSTOMER: &str = "Customer";
pub const PLACED: &str = "Placed";
pub const CONFIRMED: &str = "confirmed";
pub const EXPECTED: &str = "Expected";
pub const SHIPPING_ADDRESS: &str = "Shipping address";
pub const NOTE: &str = "Note";
pub const CARRIER: &str = "Carrier";
pub const TOTAL: &str = "Total";
pub const MARGIN: &str = "Margin";
pub const LINES: &str = "Lines";
pub const LINE_COLUMNS: &[&str] = &["Product", "SKU", "Shelf", "Units", "On the shelf", "Price", "Total"];
pub const PACK_COLUMNS: &[&str] = &["State", "Shelf", "SKU", "Product", "Packed", "By hand"];
pub const PICK_COLUMNS: &[&str] = &["Fetched", "Shelf", "SKU", "Product", "Units", "For the orders"];
pub const SLIP_COLUMNS: &[&str] = &["Units", "SKU", "Product"];
pub const SLIP_COLUMNS_WITH_PRICES: &[&str] = &["Units", "SKU", "Product", "Price", "Total"];
pub const HISTORY: &str = "History";
pub const HISTORY_COLUMNS: &[&str] = &["When", "What", "Who"];
pub const CONFIRM: &str = "Confirm: it is meant";
pub const SHIP: &str = "Ship";
pub const DELIVER: &str = "It has arrived";
pub const LOST: &str = "The parcel is lost";
pub const RETURNED: &str = "The parcel came back";
pub const REOPEN: &str = "Take that back: it is under way";
pub const CANCEL_ORDER: &str = "Cancel the order";
pub const WHAT_LOST_MEANS: &str =
    "The order is noted as lost. No stock moves: its goods left the shelf when it was sent.";
pub const WHAT_RETURNED_MEANS: &str = "The order is noted as returned. No stock moves by itself: book what can be sold again as a return in the \
     product's ledger, line by line, after you have looked at it.";
pub const WHAT_CANCEL_MEANS: &str = "What it reserves can be sold again. A cancelled order stays cancelled.";
pub const CORRECT: &str = "Correct address, note, date or parcel";
pub const SAVE: &str = "Save";
pub const BECAUSE_UNCONFIRMED: &str = "nobody confirmed it in time";
pub const THE_CUSTOMER: &str = "the customer";
pub const THE_SHOP: &str = "the shop";
pub const BACK_TO_ORDER: &str = "Back to the order";
pub const BACK_TO_ORDERS: &str = "Back to the orders";
pub const PRINT: &str = "Print";
pub const HOW_TO_PRINT: &str = "Print this page with Ctrl+P.";
pub const NOTHING_TICKED: &str = "No order that is to be picked was ticked.";

pub const WHO: &str = "Who is it for?";
pub const WHAT: &str = "What do they want?";
pub const SEARCH_CUSTOMERS: &str = "Name, e-mail or phone";
pub const NO_CUSTOMERS: &str = "Nobody is called so.";
pub const CUSTOMER_COLUMNS: &[&str] = &["Name", "E-mail", "Phone"];
pub const NEW_CUSTOMER: &str = "Somebody new";
pub const NAME: &str = "Name";
pub const EMAIL: &str = "E-mail";
pub const PHONE: &str = "Phone";
pub const ADD_CUSTOMER: &str = "Add the customer";
pub const ADD_CUSTOMER_ALL_THE_SAME: &str = "Add one more customer all the same";
pub const CUSTOMER_IS_KNOWN: &str = "Nobody was added yet. Somebody has this e-mail or phone already: take them, or press again if it is somebody else.";

/// Who is known, for whoever was about to add them.
pub fn take_customer(name: &str, id: u64) -> String {
    format!("{name} (customer {id})")
}
pub const SOMEBODY_ELSE: &str = "somebody else";
pub const ADD: &str = "Add";
pub const LAST_DONE: &str = "What was done last:";
pub const CONFIRMED_STEP: &str = "Confirmed";
pub const REMOVE: &str = "Remove";
pub const UNITS: &str = "Units";
pub const NEW_LINE_COLUMNS: &[&str] = &["Product", "SKU", "Units", "Available", "Price", "Total", "Take out"];
pub const PLACE_ORDER: &str = "Place the order";

pub fn parts_of(list: &str) -> String {
    format!("More of: {list}")
}

pub fn and_more(count: usize) -> String {
    format!("and {count} more")
}

pub fn order(id: u64) -> String {
    format!("Order {id}")
}

pub fn not_to_pick(id: u64, status: &str) -> String {
    format!("Order {id} is not to be picked: it is {}.", status.to_lowercase())
}

pub fn orders_on_list(count: usize) -> String {
    if count == 1 { "For one order".to_owned() } else { format!("For {count} orders") }
}

pub fn corrected(field: &str) -> &str {
    match field {
        "shipping_address" => "Another shipping address",
        "note" => "Another note",
        "expected_delivery_date" => "Another expected day",
        "carrier" => "Another carrier",
        "tracking_number" => "Another tracking number",
        other => other,
    }
}

pub fn tick_order(id: u64) -> String {
    format!("Tick order {id}")
}

/// Where an order, or a purchase order, stands.
pub fn status(status: &str) -> &str {
    match status {
        "placed" => "Placed",
        "shipped" => "Shipped",
        "delivered" => "Delivered",
        "cancelled" => "Cancelled",
        "lost" => "Lost",
        "returned" => "Returned",
        "draft" => "Draft",
        "ordered" => "Ordered",
        "received" => "Received",
        "open" => "Open",
        "booked" => "Booked",
        other => other,
    }
}

pub const NOTHING_FOUND: &str = "Nothing was found.";

// ---- Stock takes
pub const OPEN: &str = "Open";
pub const BOOKED: &str = "Booked";
pub const CANCELLED: &str = "Cancelled";
pub const OVER_ALL: &str = "the whole shop";
pub const NO_TAKES: &str = "No stock take here.";
pub const TAKE_COLUMNS: &[&str] = &["Stock take", "Over", "State", "Opened", "Note"];
pub const NEW_TAKE: &str = "A new stock take";
pub const WHAT_A_TAKE_DOES: &str = "The shop goes on meanwhile: a count is compared with what the ledger said at the moment of that count. Choose a \
     category or a shelf, or neither for everything.";
pub const CATEGORY: &str = "Category";
pub const SHELF: &str = "Shelf";
pub const SHELF_BEGINS: &str = "A counts A1, A2 and so on";
pub const BEGIN_COUNTING: &str = "Begin counting";
pub const TO_COUNT: &str = "To count";
pub const COUNTED: &str = "Counted";
pub const DIFFERENT: &str = "Different";
pub const OPENED: &str = "Opened";
pub const CLOSED: &str = "Closed";
pub const REVIEW: &str = "Review and book";
pub const SEARCH_PRODUCTS: &str = "Name, SKU or barcode";
pub const NOTHING_LEFT_TO_COUNT: &str = "Nothing here.";
pub const COUNT_COLUMNS: &[&str] = &["Shelf", "SKU", "Product", "Counted", "When, by"];
pub const SAVE_COUNTS: &str = "Save these counts";
pub const CANCEL_TAKE: &str = "Call it off";
pub const WHAT_CANCEL_TAKE_MEANS: &str = "Nothing of it is booked, and the counts are put aside.";
pub const NO_DIFFERENCES: &str = "Nothing that was counted differs from the ledger.";
pub const REVIEW_COLUMNS: &[&str] =
    &["Shelf", "Product", "Counted", "Ledger", "Difference", "Worth", "When, by", "Booking"];
pub const WHAT_BOOKING_DOES: &str =
    "Each difference becomes a line of the ledger, once. What nobody counted stays as it is.";
pub const BOOK_COUNTS: &str = "Book the differences";
pub const BACK_TO_COUNTING: &str = "Back to counting";
pub const COUNT_AGAIN: &str = "▲ more has left since than was counted: count again";
pub const FORGET_COUNT: &str = "Take back";

pub fn take(id: u64) -> String {
    format!("Stock take {id}")
}

pub fn over_category(category: &str) -> String {
    format!("category {category}")
}

pub fn over_shelf(shelf: &str) -> String {
    format!("shelf {shelf}")
}

pub fn units_of(name: &str) -> String {
    format!("Units of {name}")
}

pub fn forget_count(name: &str) -> String {
    format!("Take back the count of {name}")
}

// ---- Today
pub const OLDEST_FROM: &str = "the oldest from";
pub const LATE_TO_CUSTOMERS: &str = "Late to customers";
pub const DELIVERIES: &str = "Deliveries";
pub const EXPECTED_TODAY: &str = "Expected today";
pub const EXPECTED_THIS_WEEK: &str = "Expected within 7 days";
pub const OLD_DRAFTS: &str = "Drafts older than a day";
pub const STOCK: &str = "Stock";
pub const BELOW_POINT: &str = "Below the reorder point";
pub const SOLD_OUT: &str = "Sold out";
pub const SOLD_OUT_SOON: &str = "Sold out within 7 days";
pub const LOOK: &str = "▲ look";
pub const KEEPING: &str = "How the shop is kept";
pub const LAST_RUN: &str = "Last restock run";
pub const BOOKS_PROVED: &str = "Books proved";
pub const LAST_BACKUP: &str = "Last backup";
pub const LAST_DRILL: &str = "Last restore drill";
pub const FAILED: &str = "✗ failed";
pub const NOT_KNOWN: &str = "not known";
pub const HELD: &str = "✓ they hold";
pub const DID_NOT_HOLD: &str = "✗ they do not hold";

// ---- Proving the books
pub const VERIFY: &str = "Prove the books";
pub const VERIFY_NOW: &str = "Prove them now";
pub const WHAT_VERIFY_DOES: &str = "Every rule of the books is looked at: that the ledger adds up, that what is promised is what orders wait for, and so \
     on. It changes nothing, and the shop goes on meanwhile.";
pub const IS_RUNNING: &str = "One is at work.";
pub const LOOK_AGAIN: &str = "Look again";
pub const VERIFY_COLUMNS: &[&str] = &["Begun", "By", "Outcome", "Took"];
pub const AT_WORK: &str = "at work";
pub const CUT_OFF: &str = "cut off";

// ---- Customers
pub const SINCE: &str = "Since";
pub const ACCOUNT: &str = "Account";
pub const HAS_ACCOUNT: &str = "has an account";
pub const IS_GUEST: &str = "guest";
pub const ORDER_COLUMNS_OF_CUSTOMER: &[&str] = &["Order", "Placed", "State", "Total"];
pub const CHANGE_CUSTOMER: &str = "Change name, e-mail or phone";
pub const ERASE: &str = "Erase this customer";
pub const WHAT_ERASE_MEANS: &str = "Name, e-mail, phone, account and every address and note of theirs are gone for good, here and in the books; orders keep \
     what was sold. Somebody without orders is removed altogether. With an order under way it is refused. Nobody can undo it.";

// ---- One's own account
pub const NEW_PASSWORD: &str = "New password";
pub const CURRENT_PASSWORD: &str = "Current password";
pub const WHAT_NEW_PASSWORD_MEANS: &str = "Everywhere else you are logged out.";
pub const WHERE_LOGGED_IN: &str = "Where you are logged in";
pub const SESSION_COLUMNS: &[&str] = &["Since", "Last used", "Until", "End it"];
pub const THIS_ONE: &str = "this one";
pub const END_SESSION: &str = "End it";

// ---- The house
pub const ROOMS_OF_HOUSE: &[(&str, &str, &str)] = &[
    ("/desk/house/staff", "Staff", "Who works here, and what they may do."),
    ("/desk/suppliers", "Suppliers", "Whom the shop buys from, and what they ask."),
    ("/desk/imports", "Imports", "Files of another shop or a spreadsheet, taken over."),
    ("/desk/house/keys", "API keys", "Which programs call, and what each may do."),
    ("/desk/webhooks", "Webhooks", "Which programs are told what happens, and how far each is."),
    ("/desk/house/audit", "Audit log", "Who changed what."),
    ("/desk/house/notes", "Notes to review", "What may still name somebody who was erased."),
    ("/desk/house/verify", "Prove the books", "Whether every rule of the books holds."),
    ("/desk/house/settings", "Settings", "How the service is set."),
];
pub const STAFF: &str = "Staff";
pub const HOW_TO_ADD_STAFF: &str = "Somebody new is added on the shop's own machine:";
pub const STAFF_COLUMNS: &[&str] = &["Username", "Since", "Role", "Password", "Login"];
pub const DISABLED: &str = "(cannot log in)";
pub const ROLE: &str = "Role";
pub const ROLES: &[(&str, &str)] = &[("manager", "Manager"), ("clerk", "Clerk")];
pub const ENABLE: &str = "Let in again";
pub const DISABLE: &str = "Disable";
pub const API_KEYS: &str = "API keys";
pub const NO_KEYS: &str = "No program has a key yet.";
pub const KEY_COLUMNS: &[&str] = &["Name", "May", "Made", "Last used", "Until"];
pub const KEY_SHOWN_ONCE: &str = "This is the key. Copy it now: it is shown this once.";
pub const KEY_WAS_SHOWN: &str =
    "The key is made, and was shown when it was. If you do not have it, revoke it and make another.";
pub const NEVER: &str = "never";
pub const REVOKED: &str = "Revoked";
pub const REVOKE: &str = "Revoke";
pub const NEW_KEY: &str = "A new key";
pub const KEY_NAME: &str = "Name of the program";
pub const SCOPES: &str = "What it may do";
pub const NEEDS_A_TICK: &str = "needs a tick at least";
pub const MAKE_KEY: &str = "Make the key";
pub const AUDIT: &str = "Audit log";
pub const AUDIT_WHO: &str = "Who";
pub const AUDIT_PROGRAM: &str = "Program";
pub const AUDIT_NUMBER: &str = "Its number";
pub const AUDIT_WHAT: &str = "What";
pub const AUDIT_FILTERS: &[(&str, &str, &str)] =
    &[("object_id", AUDIT_NUMBER, "text"), ("from", "From", "date"), ("to", "To", "date")];
pub const AUDIT_COLUMNS: &[&str] = &["When", "Who", "Did", "What", "Fields"];
pub const SETTINGS: &str = "Settings";
pub const SETTING_COLUMNS: &[&str] = &["Variable", "Value", "From", "Meaning"];
pub const A_SECRET: &str = "(a secret)";
pub const WAS_SET: &str = "set";
pub const IS_DEFAULT: &str = "default";
pub const NOTES_TO_REVIEW: &str = "Notes to review";
pub const WHY_NOTES: &str = "Somebody was erased, and these notes may name them. Read each: leave it as it is, or write it anew without them.";
pub const NOTE_OF_ORDER: &str =
    "Change the note on the purchase order’s page; saved as it is, it has been looked at too.";
pub const NO_NOTES: &str = "None is left to look at.";
pub const REVIEWED: &str = "Looked at";

pub fn how_settings_change(version: &str) -> String {
    format!(
        "Storekeeper {version}. Settings are changed in the environment of the service, which is then started again."
    )
}

pub fn revoke(name: &str) -> String {
    format!("Revoke {name}")
}

pub fn movement_of(product_id: u64) -> String {
    format!("Ledger of product {product_id}")
}

pub fn found_by(found: &[String]) -> String {
    format!("found by: {}", found.join(", ").replace('_', " "))
}

pub fn action(action: &str) -> String {
    words(action)
}

pub fn object(object: &str) -> String {
    words(object)
}

pub fn product(id: u64) -> String {
    format!("Product {id}")
}

/// A field of a line of the ledger.
pub fn of_movement(field: &str, number: u64) -> String {
    format!("{field} of line {number} of the ledger")
}

/// What a key may do, without the name that programs have for it.
pub fn scope(scope: &str) -> String {
    let what = match scope.split(':').next().unwrap_or(scope) {
        "catalogue" => "the catalogue",
        "customers" => "customers",
        "orders" => "orders",
        "stock" => "stock",
        "restock" => "restocking, suppliers and purchase orders",
        "events" => "what happens",
        other => other,
    };
    if scope.ends_with(":write") { format!("Change {what}") } else { format!("Read {what}") }
}

pub fn scopes(scopes: &[String]) -> String {
    scopes.iter().map(|of| scope(of)).collect::<Vec<_>>().join("; ")
}

pub fn logged_in(username: &str) -> String {
    format!("Logged in as {username}")
}

/// What was done, by the name of its form.
pub fn done(form: &str) -> Option<&'static str> {
    Some(match form {
        "confirm" => "Confirmed.",
        "ship" => "Shipped.",
        "deliver" => "Noted as delivered.",
        "lost" => "Noted as lost.",
        "returned" => "Noted as returned.",
        "reopen" => "Taken back: it is under way.",
        "cancel" => "Cancelled.",
        "correct" => "Saved.",
        "place" => "The order is placed.",
        "new_customer" => "The customer is added.",
        "open" => "The stock take is open. Nothing is blocked meanwhile.",
        "count" => "Counted.",
        "book" => "Booked.",
        "forget" => "That count is taken back.",
        "verify" => "The proof has begun. It goes on by itself.",
        "log_out" => LOGGED_OUT,
        "new_product" => "The product is in the catalogue.",
        "edit_product" => "Saved.",
        "archive_product" => "It is out of the catalogue.",
        "restore_product" => "It is in the catalogue again.",
        "count_shelf" => "The count is booked.",
        "move_stock" => "Booked.",
        "stock_rule" => "The rule is saved.",
        "snooze_product" => "Noted.",
        "change" | "role" | "review" => "Saved.",
        "erase" => "Erased. Notes that may name them are up for review in the house.",
        "password" => "You have a new password. Everywhere else you are logged out.",
        "end_session" => "Ended.",
        "disable" => "They are logged out everywhere, and cannot log in any more.",
        "enable" => "They can log in again.",
        "unchanged" => "Nothing was changed: it was as you sent it already.",
        "reset_password" => "They have a new password, and are logged out.",
        "revoke" => "Revoked. Nothing can call with it any more.",
        "restock" => "The run is done. What came of it, and why, stands below.",
        "draft" => "The draft is made. It waits to be ordered.",
        "put_line" | "put_line_at" => "The line is set. Restock runs leave it alone from now on.",
        "take_out" => "The line is taken out.",
        "snooze" => "Saved.",
        "order" => "Ordered.",
        "split" => "Split: this is the new draft.",
        "merge" => "Merged: the other draft is closed.",
        "annotate" | "expect" => "Saved.",
        "receive" | "receive_all" => "Booked: what came is on the shelf.",
        "add_supplier" => "The supplier is added.",
        "archive_supplier" => "The supplier is archived.",
        "restore_supplier" => "The supplier is there again.",
        "read_file" => "The file is read, and nothing is changed yet. Below is what it would do.",
        "apply_import" => "It is taken over as far as stands below.",
        "undo_import" => "It is set back as far as stands below.",
        "pause_webhook" => "Paused. What happens waits until it goes on.",
        "resume_webhook" => "It goes on, and is tried at once.",
        "change_webhook" => "Saved.",
        "replay_webhook" => "It is sent again.",
        "remove_webhook" => "Removed. It is told nothing any more.",
        "put_offer" => "Saved.",
        "remove_offer" => "Noted: it is not sold there any more.",
        _ => return None,
    })
}

/// A name of the API with spaces and a capital.
fn words(name: &str) -> String {
    let text = name.replace(['_', '.'], " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub const BACK_TO: &str = "Back to";
