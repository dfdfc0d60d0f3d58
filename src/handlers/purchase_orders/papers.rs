//! A purchase order on paper: a table for the supplier's system, and a text for an e-mail.

use rouille::Response;

use crate::app::App;
use crate::csv::row;
use crate::db::{self, column};
use crate::error::Result;
use crate::handlers::purchase_orders::allow;
use crate::handlers::purchase_orders::view::{OrderLine, PurchaseOrder, find};
use crate::restock::purchase::OrderStatus;
use crate::web::request::Request;

/// `GET /purchase_orders/{id}/csv`: its lines as CSV, RFC 4180, in UTF-8. Costs are left out for who may not know them. 409
/// `purchase_order_state` when it is cancelled.
pub fn csv(app: &App, request: &Request) -> Result<Response> {
    let order = db::snapshot(&app.pool, |db| find(app, db, request.path_id, &request.caller))?;
    refuse_cancelled(&order)?;
    let mut text = row(&[
        "purchase_order",
        "status",
        "supplier_sku",
        "sku",
        "name",
        "quantity",
        "unit_cost",
        "currency",
    ]);
    for line in &order.lines {
        let unit_cost = line.unit_cost.map(|cost| cost.to_string()).unwrap_or_default();
        text.push_str(&row(&[
            &order.head.id.to_string(),
            order.head.status.text(),
            line.supplier_sku.as_deref().unwrap_or_default(),
            line.sku.as_deref().unwrap_or_default(),
            &line.product_name,
            &line.quantity.to_string(),
            &unit_cost,
            if unit_cost.is_empty() { "" } else { &order.head.currency },
        ]));
    }
    let name = format!("attachment; filename=\"purchase-order-{}.csv\"", order.head.id);
    Ok(Response::text(text)
        .with_unique_header("Content-Type", "text/csv; charset=utf-8; header=present")
        .with_unique_header("Content-Disposition", name))
}

/// Nothing is sent of what is not wanted any more.
fn refuse_cancelled(order: &PurchaseOrder) -> Result<()> {
    allow(
        order.head.status,
        &[OrderStatus::Draft, OrderStatus::Ordered, OrderStatus::Received],
        "Nothing is sent of it.",
    )
}

/// `GET /purchase_orders/{id}/mail`: a text to send to the supplier. 409 `purchase_order_state` when it is cancelled.
pub fn mail(app: &App, request: &Request) -> Result<Response> {
    let (order, email) = db::snapshot(&app.pool, |db| {
        let order = find(app, db, request.path_id, &request.caller)?;
        let sql = "SELECT email FROM suppliers WHERE id = ?";
        let email: Option<Option<String>> =
            db.row(sql, (order.head.supplier_id,), |row| column(row, "email"))?;
        Ok((order, email.flatten()))
    })?;
    refuse_cancelled(&order)?;
    let text = letter(app, &order, email.as_deref());
    Ok(Response::text(text).with_unique_header("Content-Type", "text/plain; charset=utf-8"))
}

/// As one person writes to another: from the shop, with days and money as its country writes them. The columns are for
/// machines in [`csv`].
fn letter(app: &App, order: &PurchaseOrder, email: Option<&str>) -> String {
    let (head, locale) = (&order.head, app.config.locale);
    let day = |time| locale.day(app.config.calendar.day_of(time));
    let money = |plain: String| locale.money(&plain, &head.currency);
    let to = [head.supplier_name.as_deref(), email].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let mut text = if to.is_empty() { String::new() } else { format!("To: {to}\n") };
    let what = match head.ordered_at {
        Some(at) => format!("Purchase order {} of {}", head.id, day(at)),
        None => format!("Purchase order {} (draft, not ordered)", head.id),
    };
    let shop = &app.config.shop_name;
    text.push_str(&format!("Subject: {what}, {shop}\n\n{shop}\n{what}\n\n"));
    let (has_numbers, has_costs) = (
        order.lines.iter().any(|line| line.supplier_sku.is_some() || line.sku.is_some()),
        order.lines.iter().any(|line| line.unit_cost.is_some()),
    );
    let wanted = |cells: [String; 4]| -> Vec<String> {
        let [units, number, name, each] = cells;
        let number = has_numbers.then_some(number);
        [Some(units), number, Some(name), has_costs.then_some(each)].into_iter().flatten().collect()
    };
    let cells = |line: &OrderLine| {
        wanted([
            locale.number(&line.quantity.to_string()),
            line.supplier_sku.clone().or_else(|| line.sku.clone()).unwrap_or_default(),
            line.product_name.clone(),
            line.unit_cost.map(|cost| money(cost.to_string())).unwrap_or_default(),
        ])
    };
    let columns = wanted(["Units", "Number", "Product", "Price of one"].map(str::to_owned));
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    text.push_str(&crate::table::text(&columns, order.lines.iter().map(cells)));
    if let Some(total) = head.total {
        text.push_str(&format!("\nTotal: {}\n", money(total.to_string())));
    }
    if let Some(expected_at) = head.expected_at {
        text.push_str(&format!("\nWe expect it by {}.\n", day(expected_at)));
    }
    if let Some(note) = &head.note {
        text.push_str(&format!("\n{note}\n"));
    }
    text
}
