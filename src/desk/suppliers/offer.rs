//! What a supplier asks for one product: it is said, changed, or taken back.

use maud::{Markup, html};

use crate::desk::api::{NOT_THERE, Seen};
use crate::desk::page::{Answer, Content, Room};
use crate::desk::pieces::{Field, Kind, Open};
use crate::desk::purchase_orders::ways;
use crate::desk::seen;
use crate::desk::suppliers::{Offer, Supplier};
use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::problem::Problem;

/// So many empty rows for further prices stand below those that are there.
const NEW_BREAKS: usize = 2;

pub fn show(visit: &Visit) -> Result<Answer> {
    let (id, product_id) = (visit.id, visit.product_id);
    let supplier: Supplier = visit.api.get(&format!("/suppliers/{id}"))?;
    let product =
        seen::products(&visit.api, [product_id])?.remove(&product_id).ok_or_else(Problem::not_found)?;
    let there = seen::if_there(visit.api.read::<Offer>(&format!("/suppliers/{id}/products/{product_id}")))?;
    let (offer, version) = match &there {
        Some(Seen { value, version }) => (Some(value), version.as_str()),
        None => (None, NOT_THERE),
    };
    let title = format!("{} · {}", supplier.name, product.name);
    let body = html! {
        h1 { (title) }
        (ways(visit, ""))
        @if offer.is_none() { p { (t::NOT_SOLD_YET) } }
        (visit.form("put_offer", version, |form| html! { (fields(visit, form, offer)) button.main { (t::SAVE) } }))
        @if offer.is_some() {
            details {
                summary { (t::REMOVE_OFFER) }
                p { (t::WHAT_REMOVE_OFFER_MEANS) }
                (visit.form("remove_offer", version, |_| html! { button.grave { (t::REMOVE_OFFER) } }))
            }
        }
        p.row {
            a href={ "/desk/suppliers/" (id) "/products" } { (t::offers_of(&supplier.name)) }
            a href={ "/desk/products/" (product_id) "/suppliers" } { (t::who_sells(&product.name)) }
        }
    };
    Ok(Answer::Page(Content::new(Room::Restock, title.as_str(), body)))
}

fn fields(visit: &Visit, form: &Open, offer: Option<&Offer>) -> Markup {
    let text = |of: fn(&Offer) -> Option<&str>| offer.and_then(of).unwrap_or("");
    let number = |of: fn(&Offer) -> i64| offer.map_or(1, of).to_string();
    let breaks = offer.map_or(&[][..], |offer| &offer.price_breaks);
    let sent = visit.sent.as_ref().map_or(0, |sent| sent.fields.items("price_breaks"));
    let is_preferred = offer.is_some_and(|offer| offer.preferred);
    html! {
        (form.field(&Field::new("cost", t::COST_EACH, Kind::Decimal).required(), text(|offer| Some(&offer.cost))))
        (form.field(&Field::new("supplier_sku", t::SUPPLIER_SKU, Kind::Text), text(|offer| offer.supplier_sku.as_deref())))
        (form.field(&Field::new("pack_size", t::PACK_SIZE, Kind::Whole).required(), &number(|offer| offer.pack_size)))
        (form.field(&Field::new("minimum_quantity", t::MINIMUM_QUANTITY, Kind::Whole).required(), &number(|offer| offer.minimum_quantity)))
        (form.field(&Field::new("preferred", t::PREFERRED, Kind::Tick).hint(t::WHAT_PREFERRED_MEANS), if is_preferred { "true" } else { "false" }))
        fieldset {
            legend { (t::PRICE_BREAKS) }
            input type="hidden" name="price_breaks[]" value="";
            @for at in 0..breaks.len().max(sent) + NEW_BREAKS {
                @let one = breaks.get(at);
                div.row {
                    (form.field(
                        &Field::new(&format!("price_breaks[{at}].from_quantity"), t::FROM_UNITS, Kind::Whole),
                        &one.map(|one| one.from_quantity.to_string()).unwrap_or_default(),
                    ))
                    (form.field(
                        &Field::new(&format!("price_breaks[{at}].cost"), t::COST_EACH, Kind::Decimal),
                        one.map_or("", |one| &one.cost),
                    ))
                }
            }
        }
    }
}
