//! Which column of a file is which field: those of Shopify, WooCommerce and Square are known by their names, our own by
//! theirs, and any other by what the caller says.

use serde::Serialize;

use crate::problem::{FieldError, Problem, shortened};
use crate::values::{Bad, Input, words};

words! {
    /// What a file is about.
    Type, refused as "invalid_type" {
        Products = "products",
        /// Counts of the shelves and the rule for restocking, of products that are there.
        Stock = "stock",
        Customers = "customers",
        Suppliers = "suppliers",
    }
}

words! {
    /// Where a file comes from, by its header.
    Source, refused as "invalid_source" {
        Shopify = "shopify",
        WooCommerce = "woocommerce",
        Square = "square",
        Other = "other",
    }
}

/// How a cell is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Id,
    Money,
    Count,
    Barcodes,
    List,
}

/// A field that a row can set, or by which its object is found.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// What else strangers call it.
    others: &'static [&'static str],
}

const fn field(name: &'static str, kind: Kind, others: &'static [&'static str]) -> Field {
    Field { name, kind, others }
}

const SKU: Field = field(
    "sku",
    Kind::Text,
    &["article_number", "artikelnummer", "item_number", "part_number", "product_code"],
);
const BARCODES: Field =
    field("barcodes", Kind::Barcodes, &["barcode", "gtin", "ean", "upc", "isbn", "ean13"]);
const EMAIL: Field = field("email", Kind::Text, &["e_mail", "email_address", "mail"]);
const PHONE: Field = field("phone", Kind::Text, &["telephone", "phone_number", "telefon", "tel", "mobile"]);

const PRODUCT_FIELDS: &[Field] = &[
    field("id", Kind::Id, &["product_id"]),
    SKU,
    field("name", Kind::Text, &["title", "product_name", "product", "item_name", "bezeichnung", "artikel"]),
    field("description", Kind::Text, &["body", "details", "beschreibung"]),
    field("category", Kind::Text, &["product_type", "product_category", "department", "kategorie"]),
    field("price", Kind::Money, &["unit_price", "retail_price", "selling_price", "preis"]),
    BARCODES,
    field("shelf", Kind::Text, &["location", "bin", "place", "regal"]),
    field("image_urls", Kind::List, &["image_url", "image", "images", "image_src", "picture"]),
    field("slug", Kind::Text, &["handle", "url_handle", "url_key"]),
    field(
        "stock",
        Kind::Count,
        &["quantity", "qty", "on_hand", "inventory", "stock_quantity", "in_stock_quantity", "bestand"],
    ),
    field(
        "unit_cost",
        Kind::Money,
        &["cost", "cost_price", "purchase_price", "cost_per_item", "einkaufspreis"],
    ),
];

const STOCK_FIELDS: &[Field] = &[
    field("id", Kind::Id, &["product_id"]),
    SKU,
    BARCODES,
    field("stock", Kind::Count, &["on_hand", "quantity", "qty", "counted", "inventory", "count", "bestand"]),
    field("reorder_point", Kind::Count, &["low_stock_amount", "minimum_stock", "min", "reorder_level"]),
    field("reorder_target", Kind::Count, &["maximum_stock", "max", "order_up_to"]),
    field("reorder_multiple", Kind::Count, &["order_multiple", "pack"]),
    field("order_max", Kind::Count, &[]),
    field("lead_time_days", Kind::Count, &["lead_time"]),
    field("service_level", Kind::Text, &[]),
];

const CUSTOMER_FIELDS: &[Field] = &[
    field("id", Kind::Id, &["customer_id"]),
    field("name", Kind::Text, &["full_name", "customer", "customer_name"]),
    EMAIL,
    PHONE,
];

const SUPPLIER_FIELDS: &[Field] = &[
    field("id", Kind::Id, &["supplier_id"]),
    field("name", Kind::Text, &["supplier", "supplier_name", "vendor", "company"]),
    field("lead_time_days", Kind::Count, &["lead_time"]),
    EMAIL,
    PHONE,
    field("order_days", Kind::List, &[]),
    field("minimum_order_value", Kind::Money, &["minimum_order"]),
    field("note", Kind::Text, &["notes", "comment"]),
];

impl Type {
    pub fn fields(self) -> &'static [Field] {
        match self {
            Type::Products => PRODUCT_FIELDS,
            Type::Stock => STOCK_FIELDS,
            Type::Customers => CUSTOMER_FIELDS,
            Type::Suppliers => SUPPLIER_FIELDS,
        }
    }

    pub fn kind_of(self, field: &str) -> Kind {
        self.fields().iter().find(|known| known.name == field).map_or(Kind::Text, |known| known.kind)
    }

    fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name || field.others.contains(&name))
    }
}

/// What a column of another shop's file means beside the fields: it says how its rows belong together.
pub mod meaning {
    pub const GROUP: &str = "=group";
    pub const OPTIONS: [&str; 3] = ["=option1", "=option2", "=option3"];
    pub const VARIANT_IMAGE: &str = "=variant_image";
    pub const FIRST_NAME: &str = "=first_name";
    pub const LAST_NAME: &str = "=last_name";
    /// Whether it can be bought there.
    pub const ON_SALE: &str = "=on_sale";
    /// What a row of WooCommerce is, which row it varies, and its own id there.
    pub const ROW_TYPE: &str = "=row_type";
    pub const PARENT: &str = "=parent";
    pub const FOREIGN_ID: &str = "=foreign_id";
    pub const VARIATION: &str = "=variation";
    pub const ARCHIVED: &str = "=archived";
}

type Known = (&'static str, &'static str);

/// Both generations of Shopify's product file, and its customers. Of two columns for one field the first that has something is
/// taken.
#[rustfmt::skip]
const SHOPIFY: &[Known] = &[
    ("handle", meaning::GROUP), ("url_handle", meaning::GROUP), ("title", "name"),
    ("body_html", "description"), ("description", "description"),
    ("type", "category"), ("product_category", "category"),
    ("option1_value", meaning::OPTIONS[0]), ("option2_value", meaning::OPTIONS[1]), ("option3_value", meaning::OPTIONS[2]),
    ("variant_sku", "sku"), ("sku", "sku"), ("variant_barcode", "barcodes"), ("barcode", "barcodes"),
    ("variant_price", "price"), ("price", "price"), ("cost_per_item", "unit_cost"),
    ("variant_inventory_qty", "stock"), ("inventory_quantity", "stock"),
    ("on_hand_new", "stock"), ("on_hand_current", "stock"), ("on_hand", "stock"),
    ("image_src", "image_urls"), ("product_image_url", "image_urls"),
    ("variant_image", meaning::VARIANT_IMAGE), ("variant_image_url", meaning::VARIANT_IMAGE),
    ("status", meaning::ON_SALE),
    ("first_name", meaning::FIRST_NAME), ("last_name", meaning::LAST_NAME), ("email", "email"), ("phone", "phone"),
];

#[rustfmt::skip]
const WOOCOMMERCE: &[Known] = &[
    ("id", meaning::FOREIGN_ID), ("type", meaning::ROW_TYPE), ("sku", "sku"), ("gtin_upc_ean_or_isbn", "barcodes"),
    ("name", "name"), ("published", meaning::ON_SALE), ("description", "description"),
    ("short_description", "description"), ("stock", "stock"), ("regular_price", "price"),
    ("categories", "category"), ("images", "image_urls"), ("parent", meaning::PARENT), ("cost_of_goods", "unit_cost"),
];

#[rustfmt::skip]
const SQUARE: &[Known] = &[
    ("token", meaning::FOREIGN_ID), ("item_name", "name"), ("variation_name", meaning::VARIATION), ("sku", "sku"),
    ("description", "description"), ("categories", "category"), ("category", "category"), ("reporting_category", "category"),
    ("gtin", "barcodes"), ("price", "price"), ("default_unit_cost", "unit_cost"), ("archived", meaning::ARCHIVED),
];

/// What a column of the file was taken for; `field` is none for one that nothing is read from.
#[derive(Debug, Clone, Serialize)]
pub struct Column {
    pub column: String,
    pub field: Option<&'static str>,
    /// Of two columns for one field that has something which comes first here.
    #[serde(skip)]
    pub rank: usize,
}

/// The header of a file, understood.
pub struct Columns {
    pub source: Source,
    pub columns: Vec<Column>,
}

/// What a caller says of a column: its name or its number from 1, and the field, or none to leave it out.
pub type Mapping = Vec<(String, Option<String>)>;

/// Twenty columns with their names; percent-encoded it still fits into a request's first line.
const MAPPING_MAX: usize = 600;

/// `map=Artikelnr:sku,4:price,Notiz:-`.
pub fn parse_mapping(input: &Input) -> Result<Mapping, Bad> {
    let refused = || {
        Bad::new(
            "invalid_map",
            "must be column:field with commas between, such as Artikelnr:sku,4:price,Notiz:-",
        )
    };
    let Input::Text(text) = input else { return Err(refused()) };
    if text.chars().count() > MAPPING_MAX {
        return Err(Bad::new(
            "too_long",
            format!("must be at most {MAPPING_MAX} characters: number the columns"),
        ));
    }
    let pair = |pair: &str| {
        let (column, field) = pair.rsplit_once(':').ok_or_else(refused)?;
        let (column, field) = (column.trim(), field.trim());
        if column.is_empty() || field.is_empty() {
            return Err(refused());
        }
        Ok((column.to_owned(), (field != "-").then(|| field.to_owned())))
    };
    text.split(',').map(pair).collect()
}

/// Capitals, blanks and signs tell no two columns apart.
fn plain(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

impl Columns {
    /// Takes the header apart; 422 names what cannot be understood of it.
    pub fn of_header(about: Type, header: &[String], mapping: &Mapping) -> Result<Columns, Problem> {
        let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        let source = Source::of(&names);
        let mut columns: Vec<Column> = header
            .iter()
            .zip(&names)
            .map(|(column, name)| {
                let (rank, field) = source.meaning(about, name).unzip();
                Column { column: shortened(column), field, rank: rank.unwrap_or_default() }
            })
            .collect();
        let mut errors = Vec::new();
        for (column, field) in mapping {
            let at = position(&names, column);
            let meant = match field {
                None => Some(None),
                Some(field) => about.field(field).map(|field| Some(field.name)),
            };
            match (at, meant) {
                (Some(at), Some(meant)) => {
                    // What is said of one column leaves no other for the field.
                    if meant.is_some() {
                        columns
                            .iter_mut()
                            .filter(|other| other.field == meant)
                            .for_each(|other| other.field = None);
                    }
                    columns[at].field = meant;
                }
                (None, _) => {
                    let message = format!("the file has no column {:?}", shortened(column));
                    errors.push(FieldError::new("map".to_owned(), Bad::new("unknown_column", message)));
                }
                (_, None) => {
                    let known: Vec<&str> = about.fields().iter().map(|field| field.name).collect();
                    let field = shortened(field.as_deref().unwrap_or_default());
                    let message = format!(
                        "{field:?} is no field of {}: use one of {}, or - for none",
                        about.text(),
                        known.join(", ")
                    );
                    errors.push(FieldError::new("map".to_owned(), Bad::new("unknown_field", message)));
                }
            }
        }
        for (at, name) in names.iter().enumerate() {
            if columns[at].field.is_some() && names[..at].contains(name) {
                let message = format!(
                    "the column {:?} appears twice: map one of them by its number, such as map={}:-",
                    columns[at].column,
                    at + 1
                );
                errors.push(FieldError::new("file".to_owned(), Bad::new("column_appears_twice", message)));
            }
        }
        if errors.is_empty()
            && !about
                .fields()
                .iter()
                .any(|field| columns.iter().any(|column| column.field == Some(field.name)))
        {
            let known: Vec<&str> = about.fields().iter().map(|field| field.name).collect();
            let found: Vec<&str> = columns.iter().take(20).map(|column| &*column.column).collect();
            let message = format!(
                "no column of its first line is known ({}): the first line names the columns; use {}, or say which is which with map=",
                found.join(", "),
                known.join(", ")
            );
            errors.push(FieldError::new("file".to_owned(), Bad::new("no_known_column", message)));
        }
        if errors.is_empty() { Ok(Columns { source, columns }) } else { Err(Problem::invalid_fields(errors)) }
    }
}

/// Where a column stands that was named, or numbered from 1.
fn position(names: &[String], column: &str) -> Option<usize> {
    let named = names.iter().position(|name| *name == plain(column));
    let numbered = || column.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < names.len());
    named.or_else(numbered)
}

impl Source {
    fn of(names: &[String]) -> Source {
        let has = |name: &str| names.iter().any(|known| known == name);
        match () {
            () if (has("handle") || has("url_handle")) && has("title") => Source::Shopify,
            // Its customers.
            () if has("first_name") && has("last_name") && (has("email") || has("phone")) => Source::Shopify,
            () if has("type") && has("sku") && has("regular_price") => Source::WooCommerce,
            () if has("item_name") && has("variation_name") => Source::Square,
            () => Source::Other,
        }
    }

    /// What a column is, and which of several for one field comes first.
    fn meaning(self, about: Type, name: &str) -> Option<(usize, &'static str)> {
        let known = match self {
            Source::Shopify => SHOPIFY,
            Source::WooCommerce => WOOCOMMERCE,
            Source::Square => SQUARE,
            Source::Other => {
                return about.field(name).map(|field| (usize::from(field.name != name), field.name));
            }
        };
        let is_of_type =
            |meant: &str| meant.starts_with('=') || about.fields().iter().any(|field| field.name == meant);
        // Square counts each place by itself.
        if self == Source::Square && name.starts_with("current_quantity") {
            return Some((0, "stock"));
        }
        let found = known.iter().enumerate().find(|(_, (known, meant))| *known == name && is_of_type(meant));
        found.map(|(rank, (_, meant))| (rank, *meant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(
        about: Type,
        header: &[&str],
        map: &str,
    ) -> Result<(Source, Vec<Option<&'static str>>), Vec<&'static str>> {
        let header: Vec<String> = header.iter().map(|&name| name.to_owned()).collect();
        let mapping = if map.is_empty() {
            Vec::new()
        } else {
            parse_mapping(&Input::Text(map.to_owned())).expect("a map")
        };
        match Columns::of_header(about, &header, &mapping) {
            Ok(found) => Ok((found.source, found.columns.iter().map(|column| column.field).collect())),
            Err(problem) => Err(problem.errors.iter().map(|error| error.code).collect()),
        }
    }

    #[test]
    fn known_headers_are_known() {
        let own =
            fields(Type::Products, &["id", "sku", "name", "price", "barcodes", "Mood"], "").expect("known");
        assert_eq!(
            own,
            (
                Source::Other,
                vec![Some("id"), Some("sku"), Some("name"), Some("price"), Some("barcodes"), None]
            )
        );
        let (source, of_shopify) = fields(
            Type::Products,
            &["Handle", "Title", "Body (HTML)", "Variant SKU", "Variant Price", "Status"],
            "",
        )
        .expect("known");
        assert_eq!(source, Source::Shopify);
        assert_eq!(
            of_shopify,
            [Some("=group"), Some("name"), Some("description"), Some("sku"), Some("price"), Some("=on_sale")]
        );
        let (source, of_woo) = fields(
            Type::Products,
            &["ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Regular price"],
            "",
        )
        .expect("known");
        assert_eq!(source, Source::WooCommerce);
        assert_eq!(of_woo[3], Some("barcodes"));
        assert_eq!(of_woo[0], Some("=foreign_id"), "an id of theirs is none of ours");
        let (source, of_square) = fields(
            Type::Products,
            &["Token", "Item Name", "Variation Name", "GTIN", "Current Quantity Main St"],
            "",
        )
        .expect("known");
        assert_eq!((source, of_square[4]), (Source::Square, Some("stock")));
    }

    #[test]
    fn a_caller_says_what_is_what() {
        let (_, mapped) = fields(Type::Products, &["Nr", "Was", "EUR", "price"], "Nr:sku, 2:name,EUR:price")
            .expect("mapped");
        assert_eq!(mapped, [Some("sku"), Some("name"), Some("price"), None]);
        assert_eq!(fields(Type::Products, &["Nr", "Was"], ""), Err(vec!["no_known_column"]));
        assert_eq!(
            fields(Type::Products, &["sku"], "Nr:sku,sku:colour"),
            Err(vec!["unknown_column", "unknown_field"])
        );
        assert_eq!(fields(Type::Products, &["sku", "SKU ", "name"], ""), Err(vec!["column_appears_twice"]));
        assert!(fields(Type::Products, &["sku", "SKU ", "name"], "2:-").is_ok());
        for wrong in ["sku", "a:", ":b", "a:b,,c:d"] {
            assert!(parse_mapping(&Input::Text(wrong.to_owned())).is_err(), "{wrong}");
        }
    }
}
