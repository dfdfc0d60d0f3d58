//! What is said of scans, and of what is counted by them: an order that is packed or placed, a delivery, a stock take.

use crate::values::is_invisible;

pub const ENDED: &str = "You are logged out. Leave this page open and log in here, in another tab: what was scanned is sent then, and counts once.";
pub const SEEN: &str = "Seen";
pub const UNANSWERED: &str = "The shop does not answer. Leave this page open: what was scanned is sent as soon as it does, and counts once.";
pub const ENTER: &str = "Enter";
pub const SCAN_ITEM: &str = "Scan an item (SKU or barcode; 3*code for three)";
pub const TICKED: &str = "☑ packed";
pub const NOT_TICKED: &str = "☐ to pack";
pub const COUNTED_AND_HIDDEN: &str = "What is counted on other lines is booked with these.";
pub const ORDERED_AND_HIDDEN: &str = "What stands on other lines is ordered with these.";
pub const ONE_MORE: &str = "One more";
pub const NOT_ALL_PACKED: &str =
    "Not every line is ticked. It can be shipped all the same: all of its units leave the stock.";
pub const SCAN_PARCEL: &str = "All is packed. Scan the label of the parcel, or type its number below";
pub const PARCEL_SCANNED: &str = "That is no code of this shop, so it stands as the tracking number. Press “Ship” when the parcel is closed.";
pub const NO_CARRIER: &str = "no carrier";
pub const NO_TRACKING_NUMBER: &str = "no tracking number";
pub const ONE_LESS: &str = "One less";
pub const NOTHING_ORDERED: &str = "are none yet: scan or look for what they want.";
pub const TOO_MANY_ORDERED: &str = "That is more than one order holds.";
pub const SCAN_OR_SEARCH: &str = "SKU, barcode (3*code for three) or words to look for";
pub const COUNT_IT_HERE_TOO: &str = "Count it here too";
pub const NOTHING_TO_COUNT: &str = "are missing. Scan what stands there, or type how many.";
pub const COUNTED_ANEW: &str = "It was counted anew meanwhile.";
pub const SCAN_TO_COUNT: &str =
    "Scan (SKU or barcode; 24*code for twenty-four; a pack's code counts all in it)";

pub const BOOKED_MEANWHILE: &str = "Since you began to count, this was booked:";
pub const BOOK_AS_WELL: &str =
    "Book it as well: these goods are others than those that were booked meanwhile";
pub const IS_IT_OTHER_GOODS: &str = "is not ticked, so nothing was booked. Tick it if yours are other goods; if they are the same ones, they are booked already.";

pub fn only_available(units: &str) -> String {
    format!("only {units}")
}

pub fn price_and_available(price: &str, units: &str) -> String {
    format!("{price}, {units} available")
}

pub fn total(total: &str) -> String {
    format!("Total: {total}")
}

pub fn first_of_more(shown: usize) -> String {
    format!("{shown} of them")
}

pub fn booked_by(who: &str) -> String {
    format!("{who} booked")
}

pub fn is_a_code(code: &str, name: &str, what: &str) -> String {
    format!("is {what}: {code} is the code of {name}. Nothing was sent. Take it out, and go on.")
}

/// As many characters of a code say which it was.
const LEGIBLE: usize = 60;

/// What was typed or scanned, as it can be shown in a sentence: signs that steer machines or turn what is beside them are
/// marked, and what is long is cut.
pub fn legible(text: &str) -> String {
    let seen = |c: char| if c.is_control() || is_invisible(c) { '\u{fffd}' } else { c };
    let cut = if text.chars().nth(LEGIBLE).is_some() { "…" } else { "" };
    text.chars().take(LEGIBLE).map(seen).chain(cut.chars()).collect()
}

pub fn only_a_number(text: &str) -> String {
    let text = legible(text);
    format!(
        "“{text}” is no code. For several of one, type 24* and scan it behind that, without Enter between."
    )
}

pub fn no_number(text: &str) -> String {
    format!("must be a whole number, and is “{text}”. Correct it, and scan again.")
}

pub fn no_units(name: &str) -> String {
    format!("of {name} are missing. Type how many, or press “Remove” beside it.")
}

pub fn packed(name: &str, units: i64, of: i64) -> String {
    format!("{name}: {units} of {of}")
}

pub fn lines_packed(ready: usize, of: usize) -> String {
    format!("{ready} of {of} lines packed")
}

pub fn not_in_order(name: &str) -> String {
    format!("Wrong item: {name} is not in this order. Put it back.")
}

pub fn unknown_code(code: &str) -> String {
    let code = legible(code);
    format!("Nothing here has the code {code}. Scan it again, or type its SKU.")
}

pub fn too_many_packed(name: &str, packed: i64, of: i64) -> String {
    format!("Too many of {name}: {packed} of {of} are packed already.")
}

pub fn belongs_elsewhere(name: &str, place: Option<&str>, over: &str) -> String {
    let belongs = place.map_or_else(String::new, |place| format!(" It belongs to {place}."));
    format!(
        "is of {name}, which is not part of this stock take over {over}.{belongs} Put it aside, or press “{COUNT_IT_HERE_TOO}”: then its stock is set by this count too."
    )
}

pub fn counted_so_far(name: &str, units: i64) -> String {
    format!("{name}: {units} counted so far")
}

pub fn not_counted(code: &str) -> String {
    format!("Not counted: {}", legible(code))
}
