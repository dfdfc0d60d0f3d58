//! Files that are taken over.

use super::{field, words};

pub const IMPORTS: &str = "Imports";
pub const WHAT_AN_IMPORT_DOES: &str = "A CSV file of another shop or a spreadsheet: it is read first, and you see what each row would do. Nothing is changed \
     before you press again.";
pub const FILES_READ: &str = "Files that were read";
pub const NO_IMPORTS: &str = "No file was read in the last 30 days.";
pub const IMPORT_COLUMNS: &[&str] = &["Import", "About", "Read", "By", "State", "New", "Changed", "Refused"];
pub const BACK_TO_IMPORTS: &str = "All imports";

// ---- The form
pub const ABOUT: &str = "What it is about";
pub const TYPES: &[(&str, &str)] = &[
    ("products", "Products"),
    ("stock", "Stock: counts and restocking rules of products that are there"),
    ("customers", "Customers"),
    ("suppliers", "Suppliers"),
];
pub const FILE: &str = "The file";
pub const FILE_HINT: &str = "CSV, up to 20 MiB and 100,000 rows; its first line names the columns. A workbook is first saved as CSV. Choose it again whenever this page is shown anew.";
pub const CHOOSE_A_FILE: &str = "is missing: choose one";
pub const IS_A_WORKBOOK: &str =
    "is a workbook. Open it in the program that it is of, save the sheet as CSV, and choose that";
pub const TOO_LARGE: &str = "is longer than 20 MiB. Take it apart, and send each part with the first line";
pub const SELDOM: &str = "Where the file is not understood by itself";
pub const COLUMNS: &str = "Columns";
pub const MAP_HINT: &str = "Which column is what, where its name does not say so: its name or number, a colon and the field, or a hyphen to leave it \
     out. Artikelnr:sku,4:price,Notiz:-";
pub const BLANK: &str = "An empty cell";
pub const BLANKS: &[(&str, &str)] = &[("keep", "leaves what is there"), ("clear", "clears what is there")];
pub const COUNTED_ON: &str = "Stock counted on";
pub const COUNTED_HINT: &str = "The evening of that day. Empty: now. What was sold since then stays sold.";
pub const DECIMAL: &str = "Decimals of numbers";
pub const DECIMALS: &[(&str, &str)] =
    &[("", "as each number shows"), ("point", "with a point: 1,299.50"), ("comma", "with a comma: 1.299,50")];
pub const DELIMITER: &str = "Between the columns";
pub const DELIMITERS: &[(&str, &str)] = &[
    ("", "as the file shows"),
    ("comma", "commas"),
    ("semicolon", "semicolons"),
    ("tab", "tabs"),
    ("pipe", "bars"),
];
pub const ENCODING: &str = "Encoding";
pub const ENCODINGS: &[(&str, &str)] = &[
    ("", "as the file shows"),
    ("utf-8", "UTF-8"),
    ("utf-16le", "UTF-16, little-endian"),
    ("utf-16be", "UTF-16, big-endian"),
    ("windows-1252", "Windows-1252, as older Excel"),
];
pub const READ_FILE: &str = "Read the file";

// ---- A file that was read
pub const STATE: &str = "State";
pub const READ: &str = "Read";
pub const LAST_WORKED_ON: &str = "Last worked on";
pub const READ_AS: &str = "Read as";
pub const TO_CREATE: &str = "New";
pub const TO_CHANGE: &str = "Changed";
pub const THE_SAME: &str = "The same already";
pub const REFUSED: &str = "Refused";
pub const JOINED: &str = "Part of another row";
pub const APPLIED: &str = "Taken over";
pub const NOT_APPLIED: &str = "Left as they were";
pub const UNDONE: &str = "Set back";
pub const NOT_UNDONE: &str = "Not set back";
pub const ROWS: &str = "Rows";
pub const SOME_NOT_READ: &str = "some are not read";
pub const NOT_READ: &str = "not read";
pub const COLUMN_COLUMNS: &[&str] = &["In the file", "Read as"];
pub const REFUSED_COLUMNS: &[&str] = &["Line", "What is wrong"];
pub const PLANNED_COLUMNS: &[&str] = &["Line", "About", "What is set", "State"];
pub const IS_NEW: &str = "new";
pub const IS_READ: &str = "The file is still being read, or its reading was cut off.";
pub const NOTHING_TO_DO: &str = "No row of it changes anything, so there is nothing to take over.";
pub const WHAT_APPLYING_DOES: &str = "What was refused is left out. What somebody has changed since the file was read is left as it is, and listed here.";
pub const GO_ON: &str = "Go on";
pub const WHAT_UNDOING_DOES: &str = "Everything is set back as it was before, but for what somebody has changed since, which is listed here. Counts are set \
     back with lines of their own in the ledger.";
pub const UNDO: &str = "Undo the import";
pub const GO_ON_UNDOING: &str = "Go on undoing";

pub fn import(id: u64) -> String {
    format!("Import {id}")
}

pub fn apply(rows: &str, is_one: bool) -> String {
    if is_one { "Import 1 row".to_owned() } else { format!("Import {rows} rows") }
}

pub fn so_far(done: &str, of: &str) -> String {
    format!("{done} of {of} rows are done. Go on until all are; what is done stays done.")
}

/// What a file is about.
pub fn about(about: &str) -> &str {
    match about {
        "products" => "Products",
        "stock" => "Stock",
        "customers" => "Customers",
        "suppliers" => "Suppliers",
        other => other,
    }
}

pub fn thing(about: &str, id: u64) -> String {
    let one = match about {
        "products" | "stock" => "Product",
        "customers" => "Customer",
        "suppliers" => "Supplier",
        other => other,
    };
    format!("{one} {id}")
}

pub fn status(status: &str) -> &str {
    match status {
        "reading" => "being read",
        "ready" => "read; nothing is done yet",
        "applying" => "being taken over",
        "applied" => "taken over",
        "undoing" => "being set back",
        "undone" => "set back",
        other => other,
    }
}

/// What has become of a row.
pub fn state(state: &str) -> &str {
    match state {
        "waiting" => "waits",
        "applied" => "taken over",
        "not_applied" => "left as it was",
        "undone" => "set back",
        "not_undone" => "not set back",
        other => other,
    }
}

pub fn read_as(source: &str, delimiter: &str, encoding: &str, blank: &str) -> String {
    let source = match source {
        "shopify" => "Shopify’s file",
        "woocommerce" => "WooCommerce’s file",
        "square" => "Square’s file",
        _ => "a file",
    };
    let said = |choices: &[(&str, &'static str)], of: &str| {
        choices
            .iter()
            .find(|(known, _)| *known == of)
            .map_or_else(|| of.to_owned(), |(_, words)| (*words).to_owned())
    };
    let (delimiter, encoding) = (said(DELIMITERS, delimiter), said(ENCODINGS, encoding));
    let blank = if blank == "clear" { "clears" } else { "leaves" };
    format!("{source} with {delimiter}, {encoding}; an empty cell {blank} what is there")
}

/// What a column was taken for. Those of other shops that say how rows belong together begin with a sign.
pub fn meaning(name: &str) -> String {
    name.strip_prefix('=').map_or_else(|| field(name), words)
}

/// What the API says of a header, without its parameters.
pub fn of_header(message: &str) -> String {
    message
        .replace(", or say which is which with map=", ", or say below under “Columns” which is which")
        .replace("such as map=", "under “Columns”, such as ")
}
