//! The catalogue. Anyone reads it; staff change it. Stock is kept apart, in `stock`.

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Connection, Filter, column, unless_taken};
use crate::error::{Error, Result};
use crate::ledger;
use crate::problem::{self, FieldError, Problem};
use crate::values::{
    Bad, Currency, Id, Input, Line, Paragraph, Price, Sku, Timestamp, query_boolean, whole_number,
};
use crate::web::form::Form;
use crate::web::idempotency::{self, Created};
use crate::web::paging::{Cursor, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Clone, Serialize)]
pub struct Product {
    pub id: Id,
    pub sku: Option<Sku>,
    pub name: Line<200>,
    pub description: Option<Paragraph<5000>>,
    pub category: Option<Line<100>>,
    pub price: Price,
    pub currency: String,
    /// Whether at least one unit can be ordered now.
    pub in_stock: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

const COLUMNS: &str =
    "p.id, p.sku, p.name, p.description, p.category, p.price_minor, p.created_at, p.updated_at,
    s.on_hand > s.reserved AS in_stock";

struct Details {
    sku: Option<Sku>,
    name: Line<200>,
    description: Option<Paragraph<5000>>,
    category: Option<Line<100>>,
    price: Price,
}

impl Product {
    fn from_row(row: &Row, currency: &Currency) -> Product {
        Product {
            id: column(row, "id"),
            sku: column::<Option<String>>(row, "sku").map(Sku),
            name: Line(column(row, "name")),
            description: column::<Option<String>>(row, "description").map(Paragraph),
            category: column::<Option<String>>(row, "category").map(Line),
            price: currency.price(column(row, "price_minor")),
            currency: currency.code().to_owned(),
            in_stock: column(row, "in_stock"),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
        }
    }
}

impl Details {
    /// `old` is what PATCH keeps where a field is not named.
    fn read(form: &mut Form, old: Option<&Product>, currency: &Currency) -> Option<Details> {
        let sku = form.optional("sku", old.and_then(|old| old.sku.as_ref()), Sku::parse);
        let name = form.required("name", old.map(|old| &old.name), Line::parse);
        let description =
            form.optional("description", old.and_then(|old| old.description.as_ref()), Paragraph::parse);
        let category = form.optional("category", old.and_then(|old| old.category.as_ref()), Line::parse);
        let price = form.required("price", old.map(|old| &old.price), |input| currency.parse(input));
        Some(Details {
            sku: sku?,
            name: name?,
            description: description?,
            category: category?,
            price: price?,
        })
    }
}

/// `POST /products`: `{name, price, sku?, description?, category?, stock?}`; `stock` is the number of
/// units on the shelf, 0 when it is left out. 201; 409 `sku_taken`.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let currency = &app.config.currency;
    let mut form = request.json()?;
    let details = Details::read(&mut form, None, currency);
    let on_hand = form.required("stock", Some(&0), |input| whole_number(input, 0, ledger::ON_HAND_MAX));
    let (details, on_hand) = form.finish((|| Some((details?, on_hand?)))())?;
    let now = app.clock.now();
    idempotency::once(app, request, |db, claim| {
        let id = insert(db, &details, now)?;
        ledger::open(db, id, on_hand, request.caller.staff_account(), now)?;
        let product = find(db, currency, id)?;
        let created = Created {
            status: 201,
            location: format!("/products/{id}"),
            body: response::to_text(&product),
            order_id: None,
            customer_id: None,
        };
        claim.keep(db, &created)?;
        Ok(created)
    })
}

fn insert(db: &mut Connection, details: &Details, now: Timestamp) -> Result<Id> {
    let inserted = db.insert(
        "INSERT INTO products (sku, sku_key, name, description, category, price_minor, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            details.sku.as_ref().map(|sku| &sku.0),
            details.sku.as_ref().map(Sku::key),
            &details.name,
            details.description.as_ref(),
            details.category.as_ref(),
            details.price.minor,
            now,
            now,
        ),
    );
    unless_taken(inserted, "products_sku", sku_taken)
}

fn sku_taken() -> Error {
    let bad = Bad::new("taken", "belongs to another product");
    let problem = Problem::new(problem::SKU_TAKEN, "Choose another SKU, or archive the product that has it.");
    problem.with_errors(vec![FieldError::new("sku", bad)]).into()
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

    fn order(self) -> &'static str {
        match self {
            Sort::Id => "p.id",
            Sort::IdDescending => "p.id DESC",
            Sort::Name => "p.name, p.id",
            Sort::NameDescending => "p.name DESC, p.id DESC",
            Sort::Price => "p.price_minor, p.id",
            Sort::PriceDescending => "p.price_minor DESC, p.id DESC",
        }
    }

    /// Names the index that gives this order, unless a filter has an index of its own. Left alone,
    /// MariaDB starts a descending list at its top and reads past every row before the cursor.
    fn index_hint(self, by_category: bool, by_price: bool) -> &'static str {
        match self {
            Sort::Id | Sort::IdDescending if !by_category && !by_price => "FORCE INDEX (products_by_id)",
            Sort::Name | Sort::NameDescending if !by_category && !by_price => {
                "FORCE INDEX (products_by_name)"
            }
            Sort::Price | Sort::PriceDescending if !by_category => "FORCE INDEX (products_by_price)",
            _ => "",
        }
    }

    /// The condition for the rows after a cursor. The first comparison looks redundant; it is what
    /// lets the database start in the middle of the index.
    fn after(self, cursor: &Cursor) -> (&'static str, Vec<Value>) {
        let (value, id) = (Value::from(&cursor.value), Value::from(cursor.id));
        let keyed = vec![value.clone(), value.clone(), value, id.clone()];
        match self {
            Sort::Id => ("p.id > ?", vec![id]),
            Sort::IdDescending => ("p.id < ?", vec![id]),
            Sort::Name => ("p.name >= ? AND (p.name > ? OR (p.name = ? AND p.id > ?))", keyed),
            Sort::NameDescending => ("p.name <= ? AND (p.name < ? OR (p.name = ? AND p.id < ?))", keyed),
            Sort::Price => {
                ("p.price_minor >= ? AND (p.price_minor > ? OR (p.price_minor = ? AND p.id > ?))", keyed)
            }
            Sort::PriceDescending => {
                ("p.price_minor <= ? AND (p.price_minor < ? OR (p.price_minor = ? AND p.id < ?))", keyed)
            }
        }
    }

    fn cursor(self, product: &Product) -> Cursor {
        let value = match self {
            Sort::Id | Sort::IdDescending => String::new(),
            Sort::Name | Sort::NameDescending => product.name.0.clone(),
            Sort::Price | Sort::PriceDescending => product.price.minor.to_string(),
        };
        Cursor { value, id: product.id }
    }

    fn fits(self, cursor_value: &str) -> bool {
        match self {
            Sort::Id | Sort::IdDescending => cursor_value.is_empty(),
            Sort::Name | Sort::NameDescending => !cursor_value.is_empty(),
            Sort::Price | Sort::PriceDescending => cursor_value.parse::<i64>().is_ok(),
        }
    }
}

/// `GET /products?q=&category=&min_price=&max_price=&in_stock=&sort=&limit=&after=`.
/// `q` is looked for in name and SKU.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let currency = &app.config.currency;
    let mut form = request.query()?;
    let sort = form.required("sort", Some(&Sort::Id), Sort::parse);
    let page = Page::read(&mut form, |value| sort.is_none_or(|sort| sort.fits(value)));
    let q = form.optional("q", None, Line::<100>::parse);
    let category = form.optional("category", None, Line::<100>::parse);
    let min_price = form.optional("min_price", None, |input| currency.parse(input));
    let max_price = form.optional("max_price", None, |input| currency.parse(input));
    let in_stock = form.optional("in_stock", None, query_boolean);
    let filters = (|| Some((sort?, page?, q?, category?, min_price?, max_price?, in_stock?)))();
    let (sort, page, q, category, min_price, max_price, in_stock) = form.finish(filters)?;

    let hint = sort.index_hint(category.is_some(), min_price.or(max_price).is_some());
    let mut filter = Filter::default();
    filter.add("p.active = 1", []);
    if let Some(after) = &page.after {
        let (condition, values) = sort.after(after);
        filter.add(condition, values);
    }
    if let Some(Line(q)) = q {
        let pattern = db::contains(&q);
        filter.add("(p.name LIKE ? OR p.sku LIKE ?)", [pattern.clone().into(), pattern.into()]);
    }
    if let Some(category) = category {
        filter.add("p.category = ?", [category.into()]);
    }
    if let Some(price) = min_price {
        filter.add("p.price_minor >= ?", [price.minor.into()]);
    }
    if let Some(price) = max_price {
        filter.add("p.price_minor <= ?", [price.minor.into()]);
    }
    match in_stock {
        Some(true) => filter.add("s.on_hand > s.reserved", []),
        Some(false) => filter.add("s.on_hand <= s.reserved", []),
        None => {}
    }
    // STRAIGHT_JOIN: the products' index gives the order, whatever the optimizer thinks of stock.
    let sql = format!(
        "SELECT {COLUMNS} FROM products p {hint} STRAIGHT_JOIN stock s ON s.product_id = p.id {} ORDER BY {} LIMIT ?",
        filter.sql(),
        sort.order(),
    );
    let values = filter.values(page.rows_to_read());
    let products =
        db::read(&app.pool, |db| db.rows(&sql, values.clone(), |row| Product::from_row(row, currency)))?;
    Ok(response::json(200, &page.list(products, |product| sort.cursor(product))))
}

/// `GET /products/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let product = db::read(&app.pool, |db| find(db, &app.config.currency, request.path_id))?;
    Ok(response::resource(request, &product))
}

fn find(db: &mut Connection, currency: &Currency, id: Id) -> Result<Product> {
    let sql = format!(
        "SELECT {COLUMNS} FROM products p JOIN stock s ON s.product_id = p.id WHERE p.id = ? AND p.archived_at IS NULL"
    );
    let product = db.row(&sql, (id,), |row| Product::from_row(row, currency))?;
    Ok(product.ok_or_else(Problem::not_found)?)
}

/// Locks the product's row, and no row of stock, until the transaction ends.
fn lock(db: &mut Connection, currency: &Currency, id: Id) -> Result<Product> {
    db.row("SELECT id FROM products WHERE id = ? FOR UPDATE", (id,), |_| ())?;
    find(db, currency, id)
}

/// `PUT /products/{id}`: `{name, price, sku?, description?, category?}`; what is left out is cleared.
pub fn replace(app: &App, request: &Request) -> Result<Response> {
    update(app, request, false)
}

/// `PATCH /products/{id}`: any of `{name, price, sku, description, category}`; null clears.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    update(app, request, true)
}

fn update(app: &App, request: &Request, keep_old: bool) -> Result<Response> {
    let currency = &app.config.currency;
    let form = request.json()?;
    let now = app.clock.now();
    let product = db::transaction(&app.pool, |db| {
        let old = lock(db, currency, request.path_id)?;
        response::check_if_match(request, &old)?;
        let mut form = form.clone();
        let details = Details::read(&mut form, keep_old.then_some(&old), currency);
        let details = form.finish(details)?;
        let updated = db.execute(
            "UPDATE products SET sku = ?, sku_key = ?, name = ?, description = ?, category = ?, price_minor = ?, updated_at = ?
             WHERE id = ?",
            (
                details.sku.as_ref().map(|sku| &sku.0),
                details.sku.as_ref().map(Sku::key),
                &details.name,
                details.description.as_ref(),
                details.category.as_ref(),
                details.price.minor,
                now,
                old.id,
            ),
        );
        unless_taken(updated, "products_sku", sku_taken)?;
        Ok(Product {
            sku: details.sku,
            name: details.name,
            description: details.description,
            category: details.category,
            price: details.price,
            updated_at: now,
            ..old
        })
    })?;
    Ok(response::resource(request, &product))
}

/// `DELETE /products/{id}`: archives it. It is gone from the catalogue and its SKU is free again;
/// orders that hold it still read and still ship. 204.
pub fn archive(app: &App, request: &Request) -> Result<Response> {
    let now = app.clock.now();
    db::transaction(&app.pool, |db| {
        let product = lock(db, &app.config.currency, request.path_id)?;
        response::check_if_match(request, &product)?;
        db.execute(
            "UPDATE products SET archived_at = ?, updated_at = ?, sku_key = NULL WHERE id = ?",
            (now, now, product.id),
        )
    })?;
    Ok(response::no_content())
}
