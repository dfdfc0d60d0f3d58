//! The catalogue. Anyone reads it; staff change it. Stock is kept apart, in `stock`.

use std::sync::Arc;

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Filter, Transaction, column, in_list, unless_taken};
use crate::error::Result;
use crate::ledger;
use crate::problem::{self, FieldError, Problem};
use crate::values::{
    Bad, Currency, Id, Input, Line, PRICE_MINOR_MAX, Paragraph, Price, Search, Sku, Timestamp, nfc,
    query_boolean, search_text, whole_number,
};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Clone, Serialize)]
pub struct Product {
    pub id: Id,
    #[serde(flatten)]
    pub details: Details,
    pub currency: String,
    /// Whether at least one unit can be ordered now.
    pub in_stock: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What people set.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    pub sku: Option<Sku>,
    pub name: Line<200>,
    pub description: Option<Paragraph<32_000>>,
    pub category: Option<Line<255>>,
    pub price: Price,
}

/// The longest body: a description with each character in two escapes, `\ud83d\ude00`, as some programs write
/// all that is not ASCII, and room for the other fields written so.
pub const BODY_BYTES_MAX: usize = 512 * 1024;

/// What PATCH names; the inner None clears.
struct Changes {
    sku: Option<Option<Sku>>,
    name: Option<Line<200>>,
    description: Option<Option<Paragraph<32_000>>>,
    category: Option<Option<Line<255>>>,
    price: Option<Price>,
}

const COLUMNS: &str =
    "p.id, p.sku, p.name, p.description, p.category, p.price_minor, p.created_at, p.updated_at,
    s.on_hand > s.reserved AS in_stock";

/// What INSERT and UPDATE write; [`Details::written`] has the values. An archived product is never
/// written again.
const WRITTEN: &str = "active = ?, sku = ?, sku_key = ?, name = ?, description = ?, category = ?, price_minor = ?, search_text = ?, updated_at = ?";

impl Product {
    fn from_row(row: &Row, currency: &Currency) -> Product {
        Product {
            id: column(row, "id"),
            details: Details {
                sku: column::<Option<String>>(row, "sku").map(Sku),
                name: Line(column(row, "name")),
                description: column::<Option<String>>(row, "description").map(Paragraph),
                category: column::<Option<String>>(row, "category").map(Line),
                price: currency.price(column(row, "price_minor")),
            },
            currency: currency.code().to_owned(),
            in_stock: column(row, "in_stock"),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
        }
    }
}

impl Details {
    pub fn read(form: &mut Form, currency: &Currency) -> Option<Details> {
        let sku = form.optional("sku", Sku::parse);
        let name = form.required("name", Line::parse);
        let description = form.optional("description", Paragraph::parse);
        let category = form.optional("category", Line::parse);
        let price = form.required("price", |input| currency.parse(input));
        Some(Details {
            sku: sku?,
            name: name?,
            description: description?,
            category: category?,
            price: price?,
        })
    }

    fn written(&self, now: Timestamp) -> [Value; 9] {
        [
            true.into(),
            self.sku.as_ref().map(|sku| &sku.0).into(),
            self.sku.as_ref().map(Sku::key).into(),
            (&self.name).into(),
            self.description.as_ref().into(),
            self.category.as_ref().into(),
            self.price.minor.into(),
            self.search_text().into(),
            now.into(),
        ]
    }

    /// What `q` looks through.
    fn search_text(&self) -> String {
        let sku = self.sku.as_ref().map(|Sku(sku)| &**sku);
        search_text([&*self.name.0].into_iter().chain(sku))
    }
}

impl Changes {
    fn read(form: &mut Form, currency: &Currency) -> Option<Changes> {
        let sku = form.changed_or_cleared("sku", Sku::parse);
        let name = form.changed("name", Line::parse);
        let description = form.changed_or_cleared("description", Paragraph::parse);
        let category = form.changed_or_cleared("category", Line::parse);
        let price = form.changed("price", |input| currency.parse(input));
        Some(Changes {
            sku: sku?,
            name: name?,
            description: description?,
            category: category?,
            price: price?,
        })
    }

    fn merged(&self, old: &Details) -> Details {
        Details {
            sku: self.sku.as_ref().unwrap_or(&old.sku).clone(),
            name: self.name.as_ref().unwrap_or(&old.name).clone(),
            description: self.description.as_ref().unwrap_or(&old.description).clone(),
            category: self.category.as_ref().unwrap_or(&old.category).clone(),
            price: self.price.unwrap_or(old.price),
        }
    }
}

/// `POST /products`: `{name, price, sku?, description?, category?, stock?}`; `stock` is the number of
/// units on the shelf, 0 when it is left out. 201; 409 `sku_taken`.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = Details::read(&mut form, &app.config.currency);
    let on_hand = form.with_default("stock", 0, |input| whole_number(input, 0, ledger::ON_HAND_MAX));
    let (details, on_hand) = form.finish(|| Some((details?, on_hand?)))?;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let product = insert(app, tx, &request.caller, details.clone(), on_hand)?;
        claim.keep(tx, Answer::created(format!("/products/{}", product.id), &product))
    })?;
    Ok(answered.into_response())
}

/// What an INSERT or UPDATE came to; a 409 that names the product that has the SKU, when one has.
fn unless_sku_taken<T>(tx: &mut Transaction, written: Result<T>, details: &Details) -> Result<T> {
    unless_taken(written, "products_sku", || match holder(tx, details) {
        Ok(holder) => sku_taken(holder).into(),
        Err(error) => error,
    })
}

/// The id and the name of the product that has this SKU. None when it has been given up since.
fn holder(db: &mut Connection, details: &Details) -> Result<Option<(Id, String)>> {
    let key = details.sku.as_ref().map(Sku::key);
    let sql = "SELECT id, name FROM products WHERE sku_key = ?";
    db.row(sql, (key,), |row| (column(row, "id"), column(row, "name")))
}

fn sku_taken(holder: Option<(Id, String)>) -> Problem {
    let bad = Bad::new("taken", "belongs to another product");
    let named = holder
        .as_ref()
        .map_or_else(String::new, |(id, name)| format!("{name} (product {id}) has this SKU. "));
    let detail = format!("{named}Choose another, or archive the product that has it.");
    let problem = Problem::new(problem::SKU_TAKEN, detail).with_errors(vec![FieldError::new("sku", bad)]);
    match holder {
        Some((id, name)) => problem.with_extra("product", json!({"id": id, "name": name})),
        None => problem,
    }
}

/// How a list of products is sorted; ties are in the order of the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Id,
    IdDescending,
    Name,
    NameDescending,
    Price,
    PriceDescending,
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

    /// Unless a filter has an index of its own, the index that gives the order is named.
    fn keyset(self, filters: Filters) -> Keyset {
        let forced = match (filters, self) {
            (Filters::Narrow, _) => None,
            // All that it looks at is in the key, so none of the rows is read that lack the words.
            (Filters::Words, _) => Some("products_by_search"),
            (_, Sort::Price | Sort::PriceDescending) => Some("products_by_price"),
            (Filters::Price, _) => None,
            (_, Sort::Id | Sort::IdDescending) => Some("products_by_id"),
            (_, Sort::Name | Sort::NameDescending) => Some("products_by_name"),
        };
        let keyset = match self {
            Sort::Id => Keyset::by_id(filters.id(self)),
            Sort::IdDescending => Keyset::by_id(filters.id(self)).descending(),
            Sort::Name => Keyset::by_text("p.name", "p.id"),
            Sort::NameDescending => Keyset::by_text("p.name", "p.id").descending(),
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
        };
        Cursor { value, id: product.id }
    }
}

/// What is asked of a list, as far as it decides which index is read.
#[derive(Clone, Copy)]
enum Filters {
    /// One SKU or one category, each with an index of its own.
    Narrow,
    Words,
    Price,
    Wide,
}

impl Filters {
    /// Whether the key that holds the words gives the order too. Then it is a table of its own, `w`: asked for the
    /// rows behind it, MariaDB reads every one when it goes backwards.
    fn by_key_alone(self, sort: Sort) -> bool {
        matches!((self, sort), (Filters::Words, Sort::Id | Sort::IdDescending))
    }

    fn id(self, sort: Sort) -> &'static str {
        if self.by_key_alone(sort) { "w.id" } else { "p.id" }
    }
}

/// `GET /products?q=&sku=&category=&min_price=&max_price=&in_stock=&sort=&limit=&after=`.
/// Every word of `q` is looked for in name and SKU.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let currency = &app.config.currency;
    let mut form = request.query()?;
    let sort = form.with_default("sort", Sort::Id, Sort::parse);
    let page = Page::read(&mut form, &sort.unwrap_or(Sort::Id).keyset(Filters::Wide));
    let q = form.optional("q", Search::parse);
    let sku = form.optional("sku", Sku::parse);
    let category = form.optional("category", Line::<255>::parse);
    let min_price = form.optional("min_price", |input| currency.parse(input));
    let max_price = form.optional("max_price", |input| currency.parse(input));
    let in_stock = form.optional("in_stock", query_boolean);
    let (sort, page, q, sku, category, min_price, max_price, in_stock) =
        form.finish(|| Some((sort?, page?, q?, sku?, category?, min_price?, max_price?, in_stock?)))?;

    let filters = match (&sku, &category, &q, min_price.or(max_price)) {
        (None, None, None, None) => Filters::Wide,
        (None, None, None, Some(_)) => Filters::Price,
        (None, None, Some(_), _) => Filters::Words,
        _ => Filters::Narrow,
    };
    let keyset = sort.keyset(filters);
    let (key, rows) =
        if filters.by_key_alone(sort) { ("w", "STRAIGHT_JOIN products p ON p.id = w.id") } else { ("p", "") };
    let mut filter = Filter::default();
    filter.add(format!("{key}.active = 1"), []);
    page.restrict(&keyset, &mut filter);
    if let Some(sku) = sku {
        filter.add("p.sku_key = ?", [sku.key().into()]);
    }
    if let Some(category) = category {
        filter.add("p.category = ?", [category.into()]);
    }
    if min_price.or(max_price).is_some() {
        let min = min_price.map_or(0, |price| price.minor);
        let max = max_price.map_or(PRICE_MINOR_MAX, |price| price.minor);
        filter.add("p.price_minor BETWEEN ? AND ?", [min.into(), max.into()]);
    }
    if let Some(q) = q {
        filter.add_words(&format!("{key}.search_text"), &q.words, None);
    }
    filter.add_if_given("(s.on_hand > s.reserved) = ?", in_stock.map(Value::from));
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
        Ok(response::to_text(&page.list(products, |product| sort.cursor(product))).into_bytes().into())
    })?;
    Ok(response::from_shared_text(200, Arc::clone(&text)))
}

/// `GET /products/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let id = request.path_id;
    let found = app.products.read("", id, |ids| {
        let (list, values) = in_list(ids.iter().copied());
        let sql = format!("{} ({list})", select_by_id());
        let rows = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Row::clone))?;
        Ok(rows.into_iter().map(|row| (column(&row, "id"), row)).collect())
    })?;
    let product = found.get(&id).map(|row| Product::from_row(row, &app.config.currency));
    let product = product.ok_or_else(Problem::not_found)?;
    Ok(response::resource(request, &product))
}

/// `PUT /products/{id}`: `{name, price, sku?, description?, category?}`; what is left out is cleared.
pub fn replace(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = Details::read(&mut form, &app.config.currency);
    let details = form.finish(|| details)?;
    write(app, request, |_| details.clone())
}

/// `PATCH /products/{id}`: any of `{name, price, sku, description, category}`; null clears.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let changes = Changes::read(&mut form, &app.config.currency);
    let changes = form.finish(|| changes)?;
    write(app, request, |old| changes.merged(old))
}

fn write(app: &App, request: &Request, details: impl Fn(&Details) -> Details) -> Result<Response> {
    let product = db::transaction(&app.pool, |tx| {
        let old = lock(app, tx, request.path_id)?;
        response::check_if_match(request, &old)?;
        let details = details(&old.details);
        update(app, tx, &request.caller, old, details)
    })?;
    Ok(response::resource(request, &product))
}

/// `DELETE /products/{id}`: archives it. It is gone from the catalogue and its SKU is free again;
/// orders that hold it still read and still ship. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    db::transaction(&app.pool, |tx| {
        let product = lock(app, tx, request.path_id)?;
        response::check_if_match(request, &product)?;
        archive(app, tx, &request.caller, &product)
    })?;
    Ok(response::no_content())
}

/// Up to where the list of ids follows.
fn select_by_id() -> String {
    format!(
        "SELECT {COLUMNS} FROM products p JOIN stock s ON s.product_id = p.id WHERE p.archived_at IS NULL AND p.id IN"
    )
}

fn find(db: &mut Connection, currency: &Currency, id: Id) -> Result<Product> {
    let sql = format!("{} (?)", select_by_id());
    let product = db.row(&sql, (id,), |row| Product::from_row(row, currency))?;
    Ok(product.ok_or_else(Problem::not_found)?)
}

/// Locks the product's row, and no row of stock, until the transaction ends.
pub fn lock(app: &App, tx: &mut Transaction, id: Id) -> Result<Product> {
    tx.row("SELECT id FROM products WHERE id = ? FOR UPDATE", (id,), |_| ())?;
    find(tx, &app.config.currency, id)
}

/// Writes the search text of these products again where it is not what their details say. Returns of how many.
pub fn write_search_text(app: &App, tx: &mut Transaction, ids: &[Id]) -> Result<u64> {
    let (marks, ids) = db::in_list(ids.iter().copied());
    let sql = format!(
        "SELECT {COLUMNS}, p.search_text FROM products p JOIN stock s ON s.product_id = p.id
         WHERE p.id IN ({marks}) ORDER BY p.id"
    );
    let currency = &app.config.currency;
    let products = tx.rows(&sql, ids, |row| {
        (Product::from_row(row, currency), column::<Option<String>>(row, "search_text"))
    })?;
    let mut written = 0;
    for (Product { id, details, .. }, old) in products {
        let search_text = details.search_text();
        if old.as_ref() != Some(&search_text) {
            // A category is compared as it is kept. Nothing is written when somebody has changed the product since.
            let category = details.category.map(|Line(category)| nfc(&category));
            let sql = "UPDATE products SET search_text = ?, category = ? WHERE id = ? AND search_text <=> ?";
            written += tx.execute(sql, (search_text, category, id, old))?;
        }
    }
    Ok(written)
}

/// Adds a product to the catalogue, with what is on the shelf.
pub fn insert(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    details: Details,
    on_hand: i64,
) -> Result<Product> {
    let now = app.clock.now();
    let sql = format!("INSERT INTO products SET {WRITTEN}, created_at = ?");
    let inserted = tx.insert(&sql, [&details.written(now)[..], &[now.into()]].concat());
    let id = unless_sku_taken(tx, inserted, &details)?;
    let mut fields = audit::differences(&(), &details);
    fields.extend((on_hand > 0).then(|| "stock".to_owned()));
    audit::record(app, tx, caller.actor(), Action::Created, (Object::Product, id), &fields)?;
    ledger::open(tx, id, on_hand, caller.actor(), now)?;
    Ok(Product {
        id,
        details,
        currency: app.config.currency.code().to_owned(),
        in_stock: on_hand > 0,
        created_at: now,
        updated_at: now,
    })
}

/// Gives a locked product other details.
pub fn update(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    old: Product,
    details: Details,
) -> Result<Product> {
    let now = app.clock.now();
    let sql = format!("UPDATE products SET {WRITTEN} WHERE id = ?");
    let updated = tx.execute(&sql, [&details.written(now)[..], &[old.id.into()]].concat());
    unless_sku_taken(tx, updated, &details)?;
    let fields = audit::differences(&old.details, &details);
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Product, old.id), &fields)?;
    Ok(Product { details, updated_at: now, ..old })
}

/// Takes a locked product out of the catalogue.
pub fn archive(app: &App, tx: &mut Transaction, caller: &Caller, product: &Product) -> Result<()> {
    let archived = (Object::Product, product.id);
    audit::record(app, tx, caller.actor(), Action::Archived, archived, audit::NO_FIELDS)?;
    let now = app.clock.now();
    tx.execute(
        "UPDATE products SET active = 0, archived_at = ?, updated_at = ?, sku_key = NULL WHERE id = ?",
        (now, now, product.id),
    )?;
    Ok(())
}
