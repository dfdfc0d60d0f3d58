//! A supplier: its fields, as they are asked for, kept and shown.

use mysql::{Row, Value};
use serde::Serialize;

use crate::db::column;
use crate::restock::supply::LEAD_TIME_DAYS_MAX;
use crate::values::{
    Bad, Currency, Email, Id, Line, Paragraph, Phone, Price, Timestamp, Weekday, search_text, whole_number,
};
use crate::web::form::Form;
use crate::web::shown::Shown;

#[derive(Debug, Clone, Serialize)]
pub struct Supplier {
    pub id: Id,
    #[serde(flatten)]
    pub details: Details,
    /// The shop's, in which its costs are too.
    pub currency: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub archived_at: Option<Timestamp>,
}

/// What else of it comes back when it is read, changed and written back.
#[rustfmt::skip]
pub const SHOWN: &[Shown] = &[
    Shown::fixed("id", "it never changes"),
    Shown::fixed("currency", "the setting STOREKEEPER_CURRENCY decides"),
    Shown::fixed("created_at", "it never changes"),
    Shown::version("updated_at"),
    Shown::fixed("archived_at", "DELETE /suppliers/{id} and POST /suppliers/{id}/restore change it"),
    Shown::elsewhere("products", "PUT /suppliers/{id}/products/{product_id} says what it asks for a product"),
    Shown::elsewhere("cost", "PUT /suppliers/{id}/products/{product_id} says what it asks for a product"),
    Shown::elsewhere("pack_size", "PUT /suppliers/{id}/products/{product_id} says what it asks for a product"),
    Shown::elsewhere("minimum_quantity", "PUT /suppliers/{id}/products/{product_id} says what it asks for a product"),
    Shown::elsewhere("preferred", "PUT /suppliers/{id}/products/{product_id} says what it asks for a product"),
];

/// What people set.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    pub name: Line<200>,
    pub email: Option<Email>,
    pub phone: Option<Phone>,
    /// Days from ordering to receiving.
    pub lead_time_days: i64,
    /// On which the shop orders there; none for any day.
    pub order_days: Vec<Weekday>,
    /// What an order there comes to at least.
    pub minimum_order_value: Option<Price>,
    pub note: Option<Paragraph<2000>>,
}

/// What PATCH names; the inner None clears.
pub struct Changes {
    name: Option<Line<200>>,
    email: Option<Option<Email>>,
    phone: Option<Option<Phone>>,
    lead_time_days: Option<i64>,
    order_days: Option<Vec<Weekday>>,
    minimum_order_value: Option<Option<Price>>,
    note: Option<Option<Paragraph<2000>>>,
}

/// The columns of `suppliers v` that [`Supplier::from_row`] reads.
pub const COLUMNS: &str =
    "v.id, v.name, v.email, v.phone, v.lead_time_days, v.order_days, v.minimum_order_minor, v.note,
    v.created_at, v.updated_at, v.archived_at";

/// What INSERT and UPDATE write; [`Details::written`] has the values. What is written is active.
pub const WRITTEN: &str =
    "active = ?, archived_at = ?, name = ?, email = ?, phone = ?, lead_time_days = ?, order_days = ?,
    minimum_order_minor = ?, note = ?, search_text = ?, updated_at = ?";

impl Supplier {
    pub fn from_row(row: &Row, currency: &Currency) -> Supplier {
        let minimum: Option<i64> = column(row, "minimum_order_minor");
        Supplier {
            id: column(row, "id"),
            details: Details {
                name: Line(column(row, "name")),
                email: column::<Option<String>>(row, "email").map(Email),
                phone: column::<Option<String>>(row, "phone").map(Phone),
                lead_time_days: column(row, "lead_time_days"),
                order_days: Weekday::from_bits(column(row, "order_days")),
                minimum_order_value: minimum.map(|minor| currency.price(minor)),
                note: column::<Option<String>>(row, "note").map(Paragraph),
            },
            currency: currency.code().to_owned(),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
            archived_at: column(row, "archived_at"),
        }
    }
}

impl Details {
    pub fn read(form: &mut Form, currency: &Currency) -> Option<Details> {
        let name = form.required("name", Line::parse);
        let email = form.optional("email", Email::parse);
        let phone = form.optional("phone", Phone::parse);
        // Required, since 0 says that goods are there as soon as they are ordered: nobody means that by silence.
        let lead_time_days =
            form.required("lead_time_days", |input| whole_number(input, 0, LEAD_TIME_DAYS_MAX));
        let order_days = read_order_days(form);
        let minimum_order_value = form.optional("minimum_order_value", |input| currency.parse(input));
        let note = form.optional("note", Paragraph::parse);
        Some(Details {
            name: name?,
            email: email?,
            phone: phone?,
            lead_time_days: lead_time_days?,
            order_days: order_days?.unwrap_or_default(),
            minimum_order_value: minimum_order_value?,
            note: note?,
        })
    }

    pub fn written(&self, now: Timestamp) -> [Value; 11] {
        [
            true.into(),
            Value::NULL,
            (&self.name).into(),
            self.email.as_ref().into(),
            self.phone.as_ref().into(),
            self.lead_time_days.into(),
            Weekday::to_bits(&self.order_days).into(),
            self.minimum_order_value.map(|price| price.minor).into(),
            self.note.as_ref().into(),
            self.search_text().into(),
            now.into(),
        ]
    }

    /// What `q` looks through, as with customers.
    pub fn search_text(&self) -> String {
        let email = self.email.as_ref().map(|Email(email)| email.clone());
        let phone = self.phone.as_ref().map(|phone| format!("{} {}", phone.0, phone.digits()));
        search_text(
            [Some(&self.name.0), email.as_ref(), phone.as_ref()].into_iter().flatten().map(String::as_str),
        )
    }
}

impl Changes {
    pub fn read(form: &mut Form, currency: &Currency) -> Option<Changes> {
        let name = form.changed("name", Line::parse);
        let email = form.changed_or_cleared("email", Email::parse);
        let phone = form.changed_or_cleared("phone", Phone::parse);
        let lead_time_days =
            form.changed("lead_time_days", |input| whole_number(input, 0, LEAD_TIME_DAYS_MAX));
        let order_days = read_order_days(form);
        let minimum_order_value =
            form.changed_or_cleared("minimum_order_value", |input| currency.parse(input));
        let note = form.changed_or_cleared("note", Paragraph::parse);
        Some(Changes {
            name: name?,
            email: email?,
            phone: phone?,
            lead_time_days: lead_time_days?,
            order_days: order_days?,
            minimum_order_value: minimum_order_value?,
            note: note?,
        })
    }

    pub fn merged(&self, old: &Details) -> Details {
        Details {
            name: self.name.as_ref().unwrap_or(&old.name).clone(),
            email: self.email.as_ref().unwrap_or(&old.email).clone(),
            phone: self.phone.as_ref().unwrap_or(&old.phone).clone(),
            lead_time_days: self.lead_time_days.unwrap_or(old.lead_time_days),
            order_days: self.order_days.as_ref().unwrap_or(&old.order_days).clone(),
            minimum_order_value: self.minimum_order_value.unwrap_or(old.minimum_order_value),
            note: self.note.as_ref().unwrap_or(&old.note).clone(),
        }
    }
}

/// `order_days`: days of the week, each once and in any order. They are kept in the order of the week.
fn read_order_days(form: &mut Form) -> Option<Option<Vec<Weekday>>> {
    let mut seen = Vec::new();
    let days = form.changed_list("order_days", Weekday::ALL.len(), |form, place, item| {
        let day = form.item(place, &item, |input| Weekday::parse_among(input, Weekday::ALL))?;
        if seen.contains(&day) {
            form.reject(place, Bad::new("appears_twice", "appears twice; name each day once"));
            return None;
        }
        seen.push(day);
        Some(day)
    });
    Some(days?.map(|days| Weekday::from_bits(Weekday::to_bits(&days))))
}
