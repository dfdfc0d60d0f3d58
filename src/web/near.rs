//! What an unknown field may have been meant for: other programs' names for the same thing, and slips of the pen.

use strsim::osa_distance;

use crate::problem::{NAME_MAX, REMOVE_IT};
use crate::web::shown::Shown;

/// What shops elsewhere call ours; the first that is known where the field stands is meant. Folded, without the
/// name of the thing before it, so that `product_title` is a title.
#[rustfmt::skip]
const SYNONYMS: &[(&str, &[&str])] = &[
    ("name", &["title", "label", "fullname", "firstname", "lastname", "surname", "displayname"]),
    ("username", &["login", "loginname", "nick", "user", "email", "mail", "emailaddress"]),
    ("email", &["mail", "emailaddress", "mailaddress", "contactemail"]),
    ("phone", &["mobile", "cell", "cellphone", "telephone", "tel", "contact", "contactno", "phoneno", "phonenumber", "mobilenumber", "contactnumber", "msisdn"]),
    ("current_password", &["oldpassword", "previouspassword", "passwordold", "passwordcurrent"]),
    ("password", &["pass", "passwd", "pwd", "secret", "newpassword", "passwordnew", "passwordconfirmation"]),
    ("shipping_address", &["street", "zip", "zipcode", "postcode", "postalcode", "city", "town", "country", "addressline", "addressline1", "deliveryaddress", "shipto", "destination"]),
    ("counted", &["count", "onhand", "stock", "inventory", "newquantity"]),
    ("delta", &["quantity", "qty", "change", "amount", "units", "adjustment", "difference"]),
    ("quantity", &["qty", "amount", "count", "units", "pieces", "number"]),
    ("stock", &["quantity", "qty", "amount", "count", "units", "pieces", "inventory", "stocklevel", "stockquantity", "stockqty", "onhand", "quantityinstock", "initialstock"]),
    ("expected_total", &["amount", "sum", "totalamount", "totalprice", "grandtotal", "price"]),
    ("cost", &["price", "unitcost", "unitprice", "purchaseprice", "costprice", "buyprice", "amount", "value"]),
    ("supplier_sku", &["sku", "suppliercode", "vendorsku", "vendorcode", "articlenumber", "partnumber", "code", "reference"]),
    ("pack_size", &["casesize", "packsize", "unitsperpack", "pack", "multiple", "packagesize"]),
    ("minimum_quantity", &["moq", "minquantity", "minqty", "minimumorderquantity", "minorderqty", "minimum", "min"]),
    ("price_breaks", &["tier", "pricetier", "quantitybreak", "discount", "scale", "tierprice"]),
    ("from_quantity", &["quantity", "qty", "minquantity", "from", "minimum", "min"]),
    ("minimum_order_value", &["minimumorder", "minorder", "minordervalue", "ordervalue", "minorderamount", "minimumorderamount"]),
    ("order_days", &["weekdays", "weekday", "days", "orderingdays"]),
    ("price", &["cost", "amount", "unitprice", "retailprice", "saleprice", "rate", "value"]),
    ("sku", &["code", "articlenumber", "articleno", "number", "partnumber", "stockcode"]),
    ("barcode", &["ean", "gtin", "upc", "isbn", "ean13"]),
    ("barcodes", &["ean", "gtin", "upc", "isbn", "ean13"]),
    ("code", &["barcode", "ean", "gtin", "upc", "isbn", "ean13", "sku"]),
    ("description", &["details", "text", "body", "about", "longdescription", "summary"]),
    ("image_urls", &["image", "images", "imageurl", "imgurl", "picture", "pictures", "photo", "photos", "thumbnail"]),
    ("shelf", &["location", "bin", "place"]),
    ("items", &["lines", "products", "lineitems", "cart", "cartitems", "basket", "positions", "details"]),
    ("product_id", &["product", "productid", "article", "articleid", "item", "itemid", "id"]),
    ("customer_id", &["user", "userid", "buyer", "buyerid", "client", "clientid", "accountid"]),
    ("carrier", &["courier", "shipper", "shippingmethod", "shippedby", "provider"]),
    ("tracking_number", &["trackingcode", "trackingid", "trackingno", "parcel", "parcelnumber", "waybill", "consignment"]),
    ("expected_delivery_date", &["eta", "duedate", "expecteddate", "estimateddelivery"]),
    ("note", &["comment", "remark", "message", "memo", "description", "text", "instructions"]),
    ("reason", &["type", "movementtype", "cause", "kind"]),
    ("reorder_point", &["minstock", "minimumstock", "threshold", "lowstockthreshold", "reorderlevel", "minimum", "min"]),
    ("reorder_target", &["maxstock", "maximumstock", "maximum", "max", "orderupto"]),
    ("order_max", &["maxorder", "maximumorder", "maxorderquantity", "maxqty", "orderlimit"]),
    ("snoozed_until", &["snooze", "snoozeuntil", "snoozed", "pauseuntil", "pauseduntil"]),
    ("reorder_multiple", &["packsize", "casesize", "multiple", "batchsize"]),
    ("lead_time_days", &["leadtime", "deliverydays", "deliverytime"]),
    ("service_level", &["servicelevel", "fillrate"]),
    ("url", &["endpoint", "callback", "callbackurl", "webhookurl", "targeturl", "hook", "uri", "link", "address"]),
    ("event_types", &["event", "type", "topic", "filter", "kind", "subscription"]),
    ("scopes", &["permission", "right", "privilege"]),
    ("expires_at", &["expiry", "expire", "expiration", "expirationdate", "validuntil"]),
    ("disabled", &["active", "enabled", "locked", "blocked"]),
    ("role", &["group", "position", "rank"]),
    ("min_price", &["pricemin", "minimumprice", "pricefrom", "pricegte", "pricegt", "min"]),
    ("max_price", &["pricemax", "maximumprice", "priceto", "pricelte", "pricelt", "max"]),
    ("in_stock", &["available", "availability", "isavailable", "stock"]),
    ("category", &["type", "group", "department", "collection", "tag"]),
    ("status", &["state"]),
    ("sort", &["sortby", "orderby", "ordering", "order", "sorting", "direction", "dir"]),
    ("from", &["since", "start", "begin", "startdate", "fromdate", "datefrom", "createdafter", "after", "date"]),
    ("to", &["until", "till", "end", "enddate", "todate", "dateto", "createdbefore", "before"]),
    ("q", &["query", "search", "searchterm", "term", "keyword", "text", "filter", "name", "title", "email", "mail", "phone", "mobile", "username", "find"]),
];

/// What other lists are paged with.
#[rustfmt::skip]
const PAGING: &[&str] = &[
    "page", "perpage", "pagesize", "pagenumber", "pageno", "pagetoken", "size", "offset", "skip", "start", "take", "top", "cursor", "next",
    "limits", "startingafter", "maxresults", "count", "first", "last",
];

/// What stands before a name elsewhere, and only says what it is a name of.
#[rustfmt::skip]
const THINGS: &[&str] =
    &["product", "customer", "account", "order", "user", "item", "client", "article", "staff", "line", "stock", "new", "supplier", "vendor"];

/// What no request sets anywhere.
const SET_BY_THE_SHOP: &[&str] =
    &["id", "createdat", "updatedat", "currency", "archivedat", "orderdate", "confirmedat", "instock"];

/// A shorter name is another one when a letter is.
const SLIP_MIN: usize = 4;

/// What to do about a field that was not asked for: `asked` are those that were, `others` what is shown or set elsewhere.
pub fn advice(name: &str, asked: &[&'static str], others: &[Shown]) -> String {
    if name.len() > NAME_MAX {
        return REMOVE_IT.to_owned();
    }
    let name = folded(name);
    let known: Vec<&str> = asked.iter().copied().chain(others.iter().map(|other| other.name)).collect();
    let meant = meant(&name, &known);
    let elsewhere = others.iter().find(|other| !other.is_shown() && meant == Some(other.name));
    match (elsewhere, meant) {
        (Some(other), _) => format!("is not set here; {}", other.changed_by),
        _ if known.contains(&"after") && PAGING.contains(&name.as_str()) => {
            "is not known here; lists are paged with limit, and with after: what the answer before names as next"
                .to_owned()
        }
        (None, Some(meant)) => format!("is not known here; did you mean {meant}?"),
        (None, None) if SET_BY_THE_SHOP.contains(&name.as_str()) => "is set by the shop; leave it out".to_owned(),
        (None, None) => REMOVE_IT.to_owned(),
    }
}

/// The one of these that a folded name is near to; the surer ways come first.
fn meant<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let bare = THINGS.iter().find_map(|thing| name.strip_prefix(thing)).filter(|bare| bare.len() > 1);
    let forms: Vec<&str> = [Some(name), bare].into_iter().flatten().collect();
    let same = |form: &&str| known.iter().copied().find(|known| singular(&folded(known)) == singular(form));
    let synonym = |form: &&str| {
        let names = |synonyms: &[&str]| synonyms.iter().any(|synonym| singular(synonym) == singular(form));
        let mut all = SYNONYMS.iter().filter(|(_, synonyms)| names(synonyms));
        all.find_map(|(ours, _)| known.iter().copied().find(|known| known == ours))
    };
    forms
        .iter()
        .find_map(same)
        .or_else(|| forms.iter().find_map(synonym))
        .or_else(|| part_of_one(name, known))
        .or_else(|| slip_of_one(name, known))
}

/// The only one of which the name is the first or the last word: `address`, `tracking`.
fn part_of_one<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    only(known, |known| {
        known.split_once('_').is_some_and(|(first, rest)| first == name || folded(rest) == name)
    })
}

/// The only one that is one slip away, or two where the name is long.
fn slip_of_one<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let slips = |most| only(known, |known| is_within(most, name, &folded(known)));
    match name.len() {
        ..SLIP_MIN => None,
        length if length < 2 * SLIP_MIN => slips(1),
        _ => slips(1).or_else(|| slips(2)),
    }
}

fn only<'a>(known: &[&'a str], is_it: impl Fn(&str) -> bool) -> Option<&'a str> {
    let mut found = known.iter().copied().filter(|known| is_it(known));
    found.next().filter(|_| found.next().is_none())
}

/// Whether so few letters are left out, too many, wrong, or two of them in the wrong order.
fn is_within(most: usize, one: &str, other: &str) -> bool {
    other.len() >= SLIP_MIN && one.len().abs_diff(other.len()) <= most && osa_distance(one, other) <= most
}

/// Without what other styles of writing names differ in: `customerId`, `customer-id` and `Customer ID` are one.
fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a word and its plural have in common.
fn singular(name: &str) -> &str {
    ["ies", "y", "s"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hint(name: &str, asked: &[&'static str]) -> Option<String> {
        let advice = advice(name, asked, &[]);
        advice.strip_prefix("is not known here; did you mean ")?.strip_suffix('?').map(str::to_owned)
    }

    const PRODUCT: &[&str] = &[
        "sku",
        "name",
        "description",
        "category",
        "price",
        "barcodes",
        "shelf",
        "image_urls",
        "slug",
        "stock",
    ];
    const ORDER: &[&str] = &["items", "shipping_address", "note", "expected_total", "customer_id"];
    const PERSON: &[&str] = &["name", "email", "phone", "account"];
    const ORDERS: &[&str] =
        &["limit", "after", "sort", "status", "from", "to", "customer_id", "product_id", "q"];

    #[test]
    fn other_names_of_the_same_thing_are_understood() {
        for (name, asked, meant) in [
            ("product_name", PRODUCT, "name"),
            ("productName", PRODUCT, "name"),
            ("title", PRODUCT, "name"),
            ("product-title", PRODUCT, "name"),
            ("qty", PRODUCT, "stock"),
            ("quantity", PRODUCT, "stock"),
            ("stockQuantity", PRODUCT, "stock"),
            ("unit_price", PRODUCT, "price"),
            ("Price", PRODUCT, "price"),
            ("prise", PRODUCT, "price"),
            ("catgeory", PRODUCT, "category"),
            ("categories", PRODUCT, "category"),
            ("imageUrl", PRODUCT, "image_urls"),
            ("ean", PRODUCT, "barcodes"),
            ("bar code", PRODUCT, "barcodes"),
            ("customerId", ORDER, "customer_id"),
            ("customerID", ORDER, "customer_id"),
            ("customer", ORDER, "customer_id"),
            ("user_id", ORDER, "customer_id"),
            ("order_items", ORDER, "items"),
            ("products", ORDER, "items"),
            ("address", ORDER, "shipping_address"),
            ("shippingAddress", ORDER, "shipping_address"),
            ("zip", ORDER, "shipping_address"),
            ("total", ORDER, "expected_total"),
            ("comments", ORDER, "note"),
            ("e-mail", PERSON, "email"),
            ("customer_email", PERSON, "email"),
            ("Mobile", PERSON, "phone"),
            ("phone_number", PERSON, "phone"),
            ("fullName", PERSON, "name"),
            ("emial", PERSON, "email"),
            ("customer_id", &["username", "customer_id"], "customer_id"),
            ("email", &["username", "password"], "username"),
            ("pass", &["username", "password"], "password"),
            ("Product", ORDERS, "product_id"),
            ("orderStatus", ORDERS, "status"),
            ("since", ORDERS, "from"),
            ("search", ORDERS, "q"),
        ] {
            assert_eq!(hint(name, asked).as_deref(), Some(meant), "{name}");
        }
    }

    #[test]
    fn what_is_near_to_nothing_is_to_be_removed() {
        for (name, asked) in [
            ("colour", PRODUCT),
            ("vip", PERSON),
            ("x", ORDER),
            ("id", PRODUCT),
            ("weight", PRODUCT),
            ("", PRODUCT),
        ] {
            assert_eq!(hint(name, asked), None, "{name}");
        }
        assert_eq!(advice("id", PRODUCT, &[]), "is set by the shop; leave it out");
        assert!(
            advice("per_page", ORDERS, &[]).contains("limit")
                && advice("Page", ORDERS, &[]).contains("after")
        );
        assert_eq!(advice("page", PRODUCT, &[]), REMOVE_IT);
    }

    proptest! {
        #[test]
        fn any_name_is_answered_and_briefly(name in ".{0,200}") {
            prop_assert!(advice(&name, PRODUCT, &[]).len() < 150);
        }

        #[test]
        fn one_slip_is_seen_wherever_it_is(at in 0_usize..7, letter in "[a-z]") {
            let mut slip = "customer".to_owned();
            slip.replace_range(at..=at, &letter);
            prop_assert!(is_within(1, &slip, "customer"));
        }
    }
}
