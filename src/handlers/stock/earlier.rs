//! What somebody may have read before the books moved on, and writes back now.

use crate::app::App;
use crate::db::Connection;
use crate::error::Result;
use crate::handlers::stock::{Stock, View};
use crate::ledger::{self, Figures};
use crate::restock::outlook::{self, Forecast, Known};
use crate::restock::supply::{self, LEAD_TIME_DAYS_MAX, Waiting};
use crate::values::{Input, Timestamp, whole_number};
use crate::web::shown::Echo;

/// The resource as somebody may have read it: with the figures that came back, if the books have moved since, with the
/// lead time that counted then, and before midnight, when the forecast was another. Figures must go together, so that one which is changed by hand is
/// not taken for an earlier one.
pub(super) fn earlier(
    app: &App,
    db: &mut Connection,
    echo: &Echo,
    stock: &Stock,
    now: Timestamp,
) -> Result<Vec<View>> {
    let calendar = &app.config.calendar;
    let mut stock = stock.clone();
    if ledger::has_moved_lately(db, stock.product_id, now)? {
        let came = |name| echo.get(name).and_then(|input| whole_number(input, 0, i64::MAX).ok());
        let Figures { on_hand, reserved, incoming, drafted } = stock.figures;
        stock.figures = Figures {
            on_hand: came("on_hand").unwrap_or(on_hand),
            reserved: came("reserved").unwrap_or(reserved),
            incoming: came("incoming").unwrap_or(incoming),
            drafted: came("drafted").unwrap_or(drafted),
        };
        // Who knows no costs was shown none.
        let worth = |input| app.config.currency.parse_worth(input).ok();
        stock.is_cost_unknown = match echo.get("average_cost") {
            Some(came) => *came == Input::Null,
            None => stock.is_cost_unknown,
        };
        let value = stock.value.map(|value| echo.get("value").and_then(worth).unwrap_or(value));
        stock = stock.with_value(value);
    }
    // So may the times that count, in a copy of before the rule was changed, or the supplier.
    if let Some(version) = echo.get("updated_at").and_then(|version| Timestamp::parse(version).ok())
        && (version < stock.updated_at
            || supply::has_changed_since(db, stock.product_id, now - ledger::LATELY)?)
    {
        let came = |name, min, max| echo.get(name).and_then(|input| whole_number(input, min, max).ok());
        let Waiting { effective_lead_time_days, review_days, .. } = stock.waiting;
        stock.waiting = Waiting {
            effective_lead_time_days: came("effective_lead_time_days", 0, LEAD_TIME_DAYS_MAX)
                .unwrap_or(effective_lead_time_days),
            review_days: came("review_days", 1, 7).unwrap_or(review_days),
            ..stock.waiting
        };
    }
    let stock = stock.with_threshold();
    let days = [now, now - ledger::LATELY].map(|time| calendar.day_of(time));
    // A run since then may have added a day to what the forecast rests on, or the first ones.
    let mut known = vec![Known::default()];
    for until in days {
        known.push(outlook::known_of_one(db, calendar, stock.product_id, until)?);
    }
    let on = |day| known.iter().map(move |known| (known, day));
    let mut views: Vec<View> =
        days.into_iter().flat_map(on).map(|(known, day)| View::new(stock.clone(), known, day)).collect();
    views.iter_mut().for_each(|view| take_hit_rate(&mut view.forecast, echo));
    Ok(views)
}

/// A run may have judged suggestions since then.
fn take_hit_rate(forecast: &mut Forecast, echo: &Echo) {
    let Some(Input::Object(members)) = echo.get("forecast") else {
        return;
    };
    for (name, input) in members {
        match (name.as_str(), input) {
            ("looks_judged", looks) => {
                forecast.looks_judged = whole_number(looks, 0, i64::MAX).unwrap_or(forecast.looks_judged);
            }
            ("wanted", Input::Number(text)) => forecast.wanted = text.parse().ok(),
            ("wanted", Input::Null) => forecast.wanted = None,
            ("reached", Input::Number(text)) => forecast.reached = text.parse().ok(),
            ("reached", Input::Null) => forecast.reached = None,
            _ => {}
        }
    }
}
