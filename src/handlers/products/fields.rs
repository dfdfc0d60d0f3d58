//! A product: its fields, as they are asked for, kept and shown.

use mysql::{Row, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::db::column;
use crate::handlers::products::barcodes::{self, Barcode};
use crate::values::{Currency, Id, ImageUrl, Line, Paragraph, Price, Sku, Slug, Timestamp, nfc, search_text};
use crate::web::form::Form;
use crate::web::response;
use crate::web::shown::Shown;

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

/// What else of it comes back when it is read, changed and written back.
#[rustfmt::skip]
pub const SHOWN: &[Shown] = &[
    Shown::fixed("id", "it never changes"),
    Shown::fixed("currency", "the setting STOREKEEPER_CURRENCY decides"),
    Shown::books("in_stock", "it follows from the stock, which POST /products/{id}/stock/movements changes"),
    Shown::fixed("created_at", "it never changes"),
    Shown::version("updated_at"),
    Shown::fixed("archived_at", "DELETE /products/{id} and POST /products/{id}/restore change it"),
    Shown::elsewhere("stock", "POST /products/{id}/stock/movements changes the stock"),
    Shown::elsewhere("on_hand", "POST /products/{id}/stock/movements changes the stock"),
    Shown::elsewhere("reorder_point", "PATCH /products/{id}/stock sets the rule for restocking"),
    Shown::elsewhere("reorder_target", "PATCH /products/{id}/stock sets the rule for restocking"),
    Shown::elsewhere("reorder_multiple", "PATCH /products/{id}/stock sets the rule for restocking"),
    Shown::elsewhere("lead_time_days", "PATCH /products/{id}/stock sets the rule for restocking"),
    Shown::elsewhere("cost", "PUT /suppliers/{supplier_id}/products/{id} says what a supplier asks for it"),
    Shown::elsewhere("suppliers", "PUT /suppliers/{supplier_id}/products/{id} says what a supplier asks for it"),
];

/// What people set.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    pub sku: Option<Sku>,
    pub name: Line<200>,
    pub description: Option<Paragraph<32_000>>,
    pub category: Option<Line<255>>,
    pub price: Price,
    pub barcodes: Vec<Barcode>,
    /// Where in the shop it stands.
    pub shelf: Option<Line<100>>,
    pub image_urls: Vec<ImageUrl>,
    pub slug: Option<Slug>,
}

/// What PATCH names; the inner None clears.
pub struct Changes {
    sku: Option<Option<Sku>>,
    name: Option<Line<200>>,
    description: Option<Option<Paragraph<32_000>>>,
    category: Option<Option<Line<255>>>,
    price: Option<Price>,
    barcodes: Option<Vec<Barcode>>,
    shelf: Option<Option<Line<100>>>,
    image_urls: Option<Vec<ImageUrl>>,
    slug: Option<Option<Slug>>,
}

/// Enough for a carousel.
const IMAGE_URLS_MAX: usize = 10;

pub const COLUMNS: &str =
    "p.id, p.sku, p.name, p.description, p.category, p.price_minor, p.barcodes, p.shelf, p.image_urls, p.slug,
    p.created_at, p.updated_at, p.archived_at, s.on_hand > s.reserved AS in_stock";

/// What INSERT and UPDATE write; [`Details::written`] has the values. What is written is
/// active.
pub const WRITTEN: &str = "active = ?, archived_at = ?, sku = ?, sku_key = ?, name = ?, description = ?, category = ?, price_minor = ?,
    barcodes = ?, shelf = ?, image_urls = ?, slug = ?, slug_key = ?, search_text = ?, updated_at = ?";

impl Product {
    /// About how long it is in JSON: what of it can be long, and the rest.
    pub fn bytes(&self) -> usize {
        const THE_REST: usize = 700;
        let description = self.details.description.as_ref().map_or(0, |text| text.0.len());
        let images: usize = self.details.image_urls.iter().map(|url| url.0.len()).sum();
        THE_REST + description + images
    }

    pub fn from_row(row: &Row, currency: &Currency) -> Product {
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
pub fn from_json<T: DeserializeOwned>(row: &Row, name: &str) -> Vec<T> {
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

    pub fn written(&self, now: Timestamp) -> [Value; 15] {
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
            self.search_text().into(),
            now.into(),
        ]
    }

    /// What `q` looks through: the name, the SKU and the barcodes. A slug repeats the name.
    pub fn search_text(&self) -> String {
        let barcodes: Vec<String> = self.barcodes.iter().map(|barcode| barcode.code.key()).collect();
        let sku = self.sku.as_ref().map(|Sku(sku)| &**sku);
        let parts = [&*self.name.0].into_iter().chain(sku).chain(barcodes.iter().map(|key| &**key));
        search_text(parts)
    }

    /// The category as it is compared; an older release may have kept another form of it.
    pub fn category_kept(&self) -> Option<String> {
        self.category.as_ref().map(|Line(category)| nfc(category))
    }
}

impl Changes {
    pub fn read(form: &mut Form, currency: &Currency) -> Option<Changes> {
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

    /// Keeps SKU, slug and barcodes as they are written where others name the same, and with `adds_barcodes` those that are
    /// not named.
    pub fn keep_names(&mut self, old: &Details, adds_barcodes: bool) {
        let is_same_sku = |sku: &Option<Sku>| sku.as_ref().map(Sku::key) == old.sku.as_ref().map(Sku::key);
        self.sku = self.sku.take().filter(|sku| !is_same_sku(sku));
        let is_same_slug =
            |slug: &Option<Slug>| slug.as_ref().map(Slug::key) == old.slug.as_ref().map(Slug::key);
        self.slug = self.slug.take().filter(|slug| !is_same_slug(slug));
        let Some(barcodes) = self.barcodes.take() else { return };
        let key = |barcode: &Barcode| (barcode.code.key(), barcode.units);
        let is_known =
            |barcode: &Barcode| old.barcodes.iter().any(|known| known.code.key() == barcode.code.key());
        if adds_barcodes && !barcodes.is_empty() {
            let new = barcodes.into_iter().filter(|barcode| !is_known(barcode));
            self.barcodes = Some(old.barcodes.iter().cloned().chain(new).collect());
        } else if !barcodes.iter().map(key).eq(old.barcodes.iter().map(key)) {
            self.barcodes = Some(barcodes);
        }
    }

    pub fn merged(&self, old: &Details) -> Details {
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
