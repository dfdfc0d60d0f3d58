//! How the catalogue is looked through: filters, sorts, pages.

use std::collections::BTreeSet;
use std::sync::Arc;

use mysql::Value;
use rouille::Response;

use crate::app::App;
use crate::db::{self, Filter};
use crate::error::Result;
use crate::handlers::products::fields::{COLUMNS, Product};
use crate::problem::{self, Problem};
use crate::values::{
    Bad, Currency, Gtin, Id, Input, Line, PRICE_MINOR_MAX, Price, Search, Sku, Slug, boolean,
};
use crate::web::form::Form;
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::updated::Updated;

/// How a list of products is sorted; ties are in the order of the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Id,
    IdDescending,
    Name,
    NameDescending,
    Price,
    PriceDescending,
    /// What was changed in a span of time, the oldest change first.
    Updated,
}

impl Sort {
    fn parse(input: &Input) -> std::result::Result<Sort, Bad> {
        let Input::Text(text) = input else {
            return Err(Bad::new("wrong_type", "must be a string"));
        };
        match text.as_str() {
            "id" => Ok(Sort::Id),
            "-id" => Ok(Sort::IdDescending),
            "name" => Ok(Sort::Name),
            "-name" => Ok(Sort::NameDescending),
            "price" => Ok(Sort::Price),
            "-price" => Ok(Sort::PriceDescending),
            _ => Err(Bad::new("invalid_sort", "must be one of id, -id, name, -name, price, -price")),
        }
    }

    /// Unless the way has an index of its own, the index that gives the order is named.
    fn keyset(self, way: Way) -> Keyset {
        let forced = match (way, self) {
            (Way::Few(index), _) => Some(index),
            (Way::Updated, _) => Some("products_by_update"),
            (_, Sort::Updated) => None,
            (Way::Category, _) => None,
            // All that it looks at is in the key, so none of the rows is read that lack the words.
            (Way::Words, _) => Some("products_by_search"),
            (_, Sort::Price | Sort::PriceDescending) => Some("products_by_price"),
            (Way::Price, _) => None,
            (Way::All, Sort::Id | Sort::IdDescending) => Some("products_by_id"),
            (Way::All, Sort::Name | Sort::NameDescending) => Some("products_by_name"),
        };
        let id = if way.by_key_alone(self) { "w.id" } else { "p.id" };
        let keyset = match self {
            Sort::Id => Keyset::by_id(id),
            Sort::IdDescending => Keyset::by_id(id).descending(),
            Sort::Name => Keyset::by_text("p.name", "p.id"),
            Sort::NameDescending => Keyset::by_text("p.name", "p.id").descending(),
            Sort::Updated => Keyset::by_time("p.updated_at", "p.id"),
            Sort::Price => Keyset::by_number("p.price_minor", "p.id"),
            Sort::PriceDescending => Keyset::by_number("p.price_minor", "p.id").descending(),
        };
        match forced {
            Some(index) => keyset.through(index),
            None => keyset,
        }
    }

    fn cursor(self, product: &Product) -> Cursor {
        let value = match self {
            Sort::Id | Sort::IdDescending => String::new(),
            Sort::Name | Sort::NameDescending => product.details.name.0.clone(),
            Sort::Price | Sort::PriceDescending => product.details.price.minor.to_string(),
            Sort::Updated => product.updated_at.to_string(),
        };
        Cursor { value, id: product.id }
    }
}

/// How the products are gone through, which decides the index that is read.
#[derive(Clone, Copy)]
enum Way {
    /// A few rows at most, by this index, which are sorted then.
    Few(&'static str),
    Updated,
    Category,
    Words,
    Price,
    All,
}

impl Way {
    /// Whether the key that holds the words gives the order too. Then it is a table of its own, `w`: asked for the
    /// rows behind it, MariaDB reads every one when it goes backwards.
    fn by_key_alone(self, sort: Sort) -> bool {
        matches!((self, sort), (Way::Words, Sort::Id | Sort::IdDescending))
    }
}

/// Which products are looked for.
struct Filters {
    q: Option<Search>,
    category: Option<Line<255>>,
    shelf: Option<Line<100>>,
    min_price: Option<Price>,
    max_price: Option<Price>,
    in_stock: Option<bool>,
    sku: Option<Sku>,
    slug: Option<Slug>,
    barcode: Option<Gtin>,
    ids: Option<BTreeSet<Id>>,
    archived: bool,
    updated: Option<Updated>,
}

impl Filters {
    fn read(form: &mut Form, currency: &Currency, updated: Option<Option<Updated>>) -> Option<Filters> {
        let q = form.optional("q", Search::parse);
        let category = form.optional("category", Line::parse);
        let shelf = form.optional("shelf", Line::parse);
        let min_price = form.optional("min_price", |input| currency.parse(input));
        let max_price = form.optional("max_price", |input| currency.parse(input));
        let in_stock = form.optional("in_stock", boolean);
        let archived = form.with_default("archived", false, boolean);
        for name in ["sku", "slug", "barcode"] {
            if archived == Some(true) && form.has(name) {
                let message = "names one of the active products; leave it out here, and look with q or ids";
                form.reject(name, Bad::new("not_with_archived", message));
            }
        }
        let sku = form.optional("sku", Sku::parse);
        let slug = form.optional("slug", Slug::parse);
        let barcode = form.optional("barcode", Gtin::parse);
        Some(Filters {
            q: q?,
            category: category?,
            shelf: shelf?,
            min_price: min_price?,
            max_price: max_price?,
            in_stock: in_stock?,
            sku: sku?,
            slug: slug?,
            barcode: barcode?,
            ids: None,
            archived: archived?,
            updated: updated?,
        })
    }

    /// The filter that leaves the fewest goes first.
    fn way(&self) -> Way {
        if self.sku.is_some() {
            Way::Few("products_sku")
        } else if self.slug.is_some() {
            Way::Few("products_slug")
        } else if self.barcode.is_some() || self.ids.is_some() {
            Way::Few("PRIMARY")
        } else if self.updated.is_some() {
            Way::Updated
        } else if self.shelf.is_some() {
            Way::Few("products_by_shelf")
        } else if self.category.is_some() {
            Way::Category
        } else if self.q.is_some() {
            Way::Words
        } else if self.min_price.or(self.max_price).is_some() {
            Way::Price
        } else {
            Way::All
        }
    }

    /// `key` is the table whose index is gone along.
    fn restrict(self, key: &str, filter: &mut Filter) {
        filter.add(format!("{key}.active = ?"), [(!self.archived).into()]);
        if let Some(updated) = self.updated {
            updated.restrict("p.updated_at", filter);
        }
        if let Some(sku) = self.sku {
            filter.add("p.sku_key = ?", [sku.key().into()]);
        }
        if let Some(slug) = self.slug {
            filter.add("p.slug_key = ?", [slug.key().into()]);
        }
        if let Some(barcode) = self.barcode {
            filter.add(
                "p.id = (SELECT b.product_id FROM product_barcodes b WHERE b.gtin = ?)",
                [barcode.key().into()],
            );
        }
        if let Some(ids) = self.ids {
            let (marks, ids) = db::in_list(ids);
            filter.add(format!("p.id IN ({marks})"), ids);
        }
        if let Some(category) = self.category {
            filter.add("p.category = ?", [category.into()]);
        }
        if let Some(shelf) = self.shelf {
            filter.add("p.shelf = ?", [shelf.into()]);
        }
        if self.min_price.or(self.max_price).is_some() {
            let min = self.min_price.map_or(0, |price| price.minor);
            let max = self.max_price.map_or(PRICE_MINOR_MAX, |price| price.minor);
            filter.add("p.price_minor BETWEEN ? AND ?", [min.into(), max.into()]);
        }
        if let Some(q) = self.q {
            filter.add_words(&format!("{key}.search_text"), &q.words, q.barcode.as_deref());
        }
        filter.add_if_given("(s.on_hand > s.reserved) = ?", self.in_stock.map(Value::from));
    }
}

/// `GET /products?q=&category=&shelf=&min_price=&max_price=&in_stock=&sku=&slug=&barcode=&ids=&archived=&updated_from=
/// &updated_to=&sort=&limit=&after=`. Every word of `q` is looked for in name, SKU and barcodes; `sku`, `slug` and `barcode` find the one
/// product that has it. `ids` are up to a hundred with commas between them, all on one page unless `limit` says
/// otherwise; what is not in the catalogue is left out. Only staff see what is archived.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let currency = &app.config.currency;
    let mut form = request.query()?;
    let updated = Updated::read(&mut form, &app.config.calendar);
    let by_id = if matches!(updated, Some(Some(_))) { Sort::Updated } else { Sort::Id };
    let sort = form.with_default("sort", by_id, Sort::parse);
    let page = Page::read_with_ids(&mut form, &sort.unwrap_or(Sort::Id).keyset(Way::All));
    let filters = Filters::read(&mut form, currency, updated);
    let (sort, (page, ids), filters) = form.finish(|| Some((sort?, page?, filters?)))?;
    let filters = Filters { ids, ..filters };
    if filters.archived && !request.caller.is_staff() {
        let detail = "Only staff see archived products. Leave \"archived\" out.";
        return Err(Problem::new(problem::FORBIDDEN, detail).into());
    }
    let way = filters.way();
    let keyset = sort.keyset(way);
    let (key, rows) =
        if way.by_key_alone(sort) { ("w", "STRAIGHT_JOIN products p ON p.id = w.id") } else { ("p", "") };
    let mut filter = Filter::default();
    page.restrict(&keyset, &mut filter);
    filters.restrict(key, &mut filter);
    // STRAIGHT_JOIN: the products' index gives the order, whatever the optimizer thinks of stock.
    let sql = format!(
        "SELECT {COLUMNS} FROM products {key} {} {rows} STRAIGHT_JOIN stock s ON s.product_id = p.id {} {} LIMIT ?",
        keyset.hint(),
        filter.sql(),
        keyset.order_by(),
    );
    let values = filter.values(page.rows_to_read());
    let asked = request.http.raw_query_string();
    let text = app.product_lists.read(asked, (), |_| {
        let products =
            db::read(&app.pool, |db| db.rows(&sql, values.clone(), |row| Product::from_row(row, currency)))?;
        let list = page.list_by_size(products, Product::bytes, |product| sort.cursor(product));
        Ok(response::to_text(&list).into_bytes().into())
    })?;
    Ok(response::from_shared_text(200, Arc::clone(&text)))
}
