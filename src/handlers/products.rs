//! The catalogue. Anyone reads it; staff change it. Stock is kept apart, in `stock`.
//!
//! A SKU, a slug and each barcode name one active product, which UNIQUE keys see to. Archiving frees them.

mod barcodes;
mod list;
mod taken;

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Transaction, column, in_list};
use crate::error::Result;
use crate::ledger;
use crate::problem::Problem;
use crate::values::{Currency, Id, ImageUrl, Line, Paragraph, Price, Sku, Slug, Timestamp, whole_number};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::request::Request;
use crate::web::response;

pub use barcodes::Barcode;
pub use list::list;

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
    /// When it was taken out of the catalogue; only staff see such a product.
    pub archived_at: Option<Timestamp>,
}

/// What people set.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    pub sku: Option<Sku>,
    pub name: Line<200>,
    pub description: Option<Paragraph<5000>>,
    pub category: Option<Line<100>>,
    pub price: Price,
    pub barcodes: Vec<Barcode>,
    /// Where in the shop it stands.
    pub shelf: Option<Line<100>>,
    pub image_urls: Vec<ImageUrl>,
    pub slug: Option<Slug>,
}

/// What PATCH names; the inner None clears.
struct Changes {
    sku: Option<Option<Sku>>,
    name: Option<Line<200>>,
    description: Option<Option<Paragraph<5000>>>,
    category: Option<Option<Line<100>>>,
    price: Option<Price>,
    barcodes: Option<Vec<Barcode>>,
    shelf: Option<Option<Line<100>>>,
    image_urls: Option<Vec<ImageUrl>>,
    slug: Option<Option<Slug>>,
}

/// Enough for a carousel.
const IMAGE_URLS_MAX: usize = 10;

const COLUMNS: &str =
    "p.id, p.sku, p.name, p.description, p.category, p.price_minor, p.barcodes, p.shelf, p.image_urls, p.slug,
    p.created_at, p.updated_at, p.archived_at, s.on_hand > s.reserved AS in_stock";

/// What INSERT and UPDATE write; [`Details::written`] has the values. What is written is
/// active.
const WRITTEN: &str = "active = ?, archived_at = ?, sku = ?, sku_key = ?, name = ?, description = ?, category = ?, price_minor = ?,
    barcodes = ?, shelf = ?, image_urls = ?, slug = ?, slug_key = ?, updated_at = ?";

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
                barcodes: from_json(row, "barcodes"),
                shelf: column::<Option<String>>(row, "shelf").map(Line),
                image_urls: from_json(row, "image_urls"),
                slug: column::<Option<String>>(row, "slug").map(Slug),
            },
            currency: currency.code().to_owned(),
            in_stock: column(row, "in_stock"),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
            archived_at: column(row, "archived_at"),
        }
    }
}

/// A list that is kept as JSON; NULL when it is empty, so that a product without costs nothing.
fn from_json<T: DeserializeOwned>(row: &Row, name: &str) -> Vec<T> {
    let text: Option<String> = column(row, name);
    text.map(|text| serde_json::from_str(&text).expect("JSON that was written here")).unwrap_or_default()
}

fn to_json<T: Serialize>(list: &[T]) -> Option<String> {
    (!list.is_empty()).then(|| response::to_text(&list))
}

impl Details {
    pub fn read(form: &mut Form, currency: &Currency) -> Option<Details> {
        let sku = form.optional("sku", Sku::parse);
        let name = form.required("name", Line::parse);
        let description = form.optional("description", Paragraph::parse);
        let category = form.optional("category", Line::parse);
        let price = form.required("price", |input| currency.parse(input));
        let barcodes = barcodes::read(form);
        let shelf = form.optional("shelf", Line::parse);
        let image_urls = read_image_urls(form);
        let slug = form.optional("slug", Slug::parse);
        Some(Details {
            sku: sku?,
            name: name?,
            description: description?,
            category: category?,
            price: price?,
            barcodes: barcodes?.unwrap_or_default(),
            shelf: shelf?,
            image_urls: image_urls?.unwrap_or_default(),
            slug: slug?,
        })
    }

    fn written(&self, now: Timestamp) -> [Value; 14] {
        [
            true.into(),
            Value::NULL,
            self.sku.as_ref().map(|sku| &sku.0).into(),
            self.sku.as_ref().map(Sku::key).into(),
            (&self.name).into(),
            self.description.as_ref().into(),
            self.category.as_ref().into(),
            self.price.minor.into(),
            to_json(&self.barcodes).into(),
            self.shelf.as_ref().into(),
            to_json(&self.image_urls).into(),
            self.slug.as_ref().map(|slug| &slug.0).into(),
            self.slug.as_ref().map(Slug::key).into(),
            now.into(),
        ]
    }
}

impl Changes {
    fn read(form: &mut Form, currency: &Currency) -> Option<Changes> {
        let sku = form.changed_or_cleared("sku", Sku::parse);
        let name = form.changed("name", Line::parse);
        let description = form.changed_or_cleared("description", Paragraph::parse);
        let category = form.changed_or_cleared("category", Line::parse);
        let price = form.changed("price", |input| currency.parse(input));
        let barcodes = barcodes::read(form);
        let shelf = form.changed_or_cleared("shelf", Line::parse);
        let image_urls = read_image_urls(form);
        let slug = form.changed_or_cleared("slug", Slug::parse);
        Some(Changes {
            sku: sku?,
            name: name?,
            description: description?,
            category: category?,
            price: price?,
            barcodes: barcodes?,
            shelf: shelf?,
            image_urls: image_urls?,
            slug: slug?,
        })
    }

    fn merged(&self, old: &Details) -> Details {
        Details {
            sku: self.sku.as_ref().unwrap_or(&old.sku).clone(),
            name: self.name.as_ref().unwrap_or(&old.name).clone(),
            description: self.description.as_ref().unwrap_or(&old.description).clone(),
            category: self.category.as_ref().unwrap_or(&old.category).clone(),
            price: self.price.unwrap_or(old.price),
            barcodes: self.barcodes.as_ref().unwrap_or(&old.barcodes).clone(),
            shelf: self.shelf.as_ref().unwrap_or(&old.shelf).clone(),
            image_urls: self.image_urls.as_ref().unwrap_or(&old.image_urls).clone(),
            slug: self.slug.as_ref().unwrap_or(&old.slug).clone(),
        }
    }
}

fn read_image_urls(form: &mut Form) -> Option<Option<Vec<ImageUrl>>> {
    form.changed_list("image_urls", IMAGE_URLS_MAX, |form, place, item| {
        form.item(place, &item, ImageUrl::parse)
    })
}

/// `POST /products`: `{name, price, sku?, description?, category?, barcodes?, shelf?, image_urls?, slug?,
/// stock?}`; `stock` is the number of units on the shelf, 0 when it is left out. 201; 409 `sku_taken`,
/// `slug_taken` or `barcode_taken`, with the product that has it.
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
    let product = product.filter(|product| product.archived_at.is_none()).ok_or_else(Problem::not_found)?;
    Ok(response::resource(request, &product))
}

/// `PUT /products/{id}`: as for POST, without `stock`; what is left out is cleared.
pub fn replace(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = Details::read(&mut form, &app.config.currency);
    let details = form.finish(|| details)?;
    write(app, request, |_| details.clone())
}

/// `PATCH /products/{id}`: any of them; null clears.
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

/// `DELETE /products/{id}`: archives it. It is gone from the catalogue and its SKU, slug and barcodes are free
/// again; orders that hold it still read and still ship. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    db::transaction(&app.pool, |tx| {
        let product = lock(app, tx, request.path_id)?;
        response::check_if_match(request, &product)?;
        archive(app, tx, &request.caller, &product)
    })?;
    Ok(response::no_content())
}

/// `POST /products/{id}/restore`: an archived product is in the catalogue again, with its SKU, slug and
/// barcodes. 200, also for one that is there already; 409 when another product has one of them by now.
pub fn post_restore(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let product = restore(app, tx, &request.caller, request.path_id)?;
        claim.keep(tx, Answer::changed(format!("/products/{}", product.id), &product))
    })?;
    Ok(answered.into_response())
}

fn find(db: &mut Connection, currency: &Currency, id: Id) -> Result<Product> {
    let product = find_even_archived(db, currency, id)?.filter(|product| product.archived_at.is_none());
    Ok(product.ok_or_else(Problem::not_found)?)
}

fn find_even_archived(db: &mut Connection, currency: &Currency, id: Id) -> Result<Option<Product>> {
    let sql = format!("{} (?)", select_by_id());
    db.row(&sql, (id,), |row| Product::from_row(row, currency))
}

/// Up to where the list of ids follows.
fn select_by_id() -> String {
    format!("SELECT {COLUMNS} FROM products p JOIN stock s ON s.product_id = p.id WHERE p.id IN")
}

/// Locks the product's row, and no row of stock, until the transaction ends.
pub fn lock(app: &App, tx: &mut Transaction, id: Id) -> Result<Product> {
    lock_row(tx, id)?;
    find(tx, &app.config.currency, id)
}

fn lock_row(tx: &mut Transaction, id: Id) -> Result<()> {
    tx.row("SELECT id FROM products WHERE id = ? FOR UPDATE", (id,), |_| ())?;
    Ok(())
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
    let id = taken::named(tx, &details, inserted)?;
    barcodes::write(tx, id, &details.barcodes)?;
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
        archived_at: None,
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
    rewrite(tx, old.id, &details, now)?;
    if details.barcodes != old.details.barcodes {
        barcodes::clear(tx, old.id)?;
        barcodes::write(tx, old.id, &details.barcodes)?;
    }
    let fields = audit::differences(&old.details, &details);
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Product, old.id), &fields)?;
    Ok(Product { details, updated_at: now, ..old })
}

fn rewrite(tx: &mut Transaction, id: Id, details: &Details, now: Timestamp) -> Result<()> {
    let sql = format!("UPDATE products SET {WRITTEN} WHERE id = ?");
    let updated = tx.execute(&sql, [&details.written(now)[..], &[id.into()]].concat());
    taken::named(tx, details, updated)?;
    Ok(())
}

/// Takes a locked product out of the catalogue.
pub fn archive(app: &App, tx: &mut Transaction, caller: &Caller, product: &Product) -> Result<()> {
    let archived = (Object::Product, product.id);
    audit::record(app, tx, caller.actor(), Action::Archived, archived, audit::NO_FIELDS)?;
    let now = app.clock.now();
    tx.execute(
        "UPDATE products SET active = 0, archived_at = ?, updated_at = ?, sku_key = NULL, slug_key = NULL WHERE id = ?",
        (now, now, product.id),
    )?;
    if !product.details.barcodes.is_empty() {
        barcodes::clear(tx, product.id)?;
    }
    Ok(())
}

/// Puts an archived product back into the catalogue. One that is there stays as it is.
pub fn restore(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<Product> {
    lock_row(tx, id)?;
    let product = find_even_archived(tx, &app.config.currency, id)?.ok_or_else(Problem::not_found)?;
    if product.archived_at.is_none() {
        return Ok(product);
    }
    let now = app.clock.now();
    rewrite(tx, id, &product.details, now)?;
    barcodes::write(tx, id, &product.details.barcodes)?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Product, id), &["archived_at"])?;
    Ok(Product { updated_at: now, archived_at: None, ..product })
}
