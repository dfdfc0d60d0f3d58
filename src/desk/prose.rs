//! Sentences of the API as people read them: its days, moments and money are written as the shop's country does, and
//! what is said to programs is left out.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::config::Config;
use crate::desk::page::DECIMALS;
use crate::desk::texts as t;
use crate::problem::{FieldError, Problem};
use crate::values::{Day, Input, Timestamp};

static WRITTEN: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = "(?-u:\\b)(?:(?<at>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+Z)?)|(?<sum>[0-9]+\\.[0-9]{1,6}|[0-9]+) (?<currency>[A-Z]{3}))(?-u:\\b)";
    Regex::new(pattern).expect("a pattern of ours")
});

/// What only a program can do: call a route, send a header, read a member of the answer.
static OF_PROGRAMS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        "(GET|POST|PUT|PATCH|DELETE) /|Idempotency-Key|If-Match|If-None-Match|\"errors\"|request_id|JSON",
    )
    .expect("a pattern of ours")
});

/// Sentences with their days, moments and sums in the shop's way.
pub fn of_people(config: &Config, sentences: &str) -> String {
    let written = |found: &Captures| -> Option<String> {
        if let Some(sum) = found.name("sum") {
            let currency = config.currency.code();
            return (&found["currency"] == currency).then(|| config.locale.money(sum.as_str(), currency));
        }
        at(config, &found["at"])
    };
    let said: Vec<&str> = sentences.split_inclusive(". ").filter(|one| !OF_PROGRAMS.is_match(one)).collect();
    WRITTEN
        .replace_all(said.concat().trim_end(), |found: &Captures| {
            written(found).unwrap_or_else(|| found[0].to_owned())
        })
        .into_owned()
}

/// A problem whose words are for people.
pub fn problem_of_people(config: &Config, mut problem: Problem) -> Problem {
    problem.detail = match t::detail(&problem) {
        Some(detail) => detail,
        None => of_people(config, &problem.detail),
    };
    let owner = problem.extra.get("product").and_then(|product| product["name"].as_str());
    for error in &mut problem.errors {
        error.message = message(config, error, owner).unwrap_or_else(|| of_people(config, &error.message));
    }
    problem
}

/// What is wrong with a field, where the API says it to programs: with names of its own, or as JSON has days and numbers.
fn message(config: &Config, error: &FieldError, owner: Option<&str>) -> Option<String> {
    let (locale, decimals) = (config.locale, config.currency.decimals);
    let number = |plain: &str| locale.number(plain);
    Some(match (error.code, error.field.as_str()) {
        (_, "scopes") => t::NEEDS_A_TICK.to_owned(),
        ("invalid_date" | "invalid_time", _) => t::NEEDS_A_DAY.to_owned(),
        ("invalid_price", _) => t::needs_number(&number(if decimals == 0 { "1234" } else { "1234.50" })),
        ("invalid_service_level", _) => t::needs_share(&number("0.5"), &number("0.999"), &number("0.95")),
        ("too_large", field) if DECIMALS.contains(&field.rsplit('.').next().unwrap_or(field)) => {
            let most = error.message.strip_prefix("must be at most ")?;
            t::at_most(&locale.money(most, config.currency.code()))
        }
        ("taken", _) => t::is_of(owner?),
        ("no_known_column" | "column_appears_twice", _) => t::imports::of_header(&error.message),
        (code, _) => t::message(code)?.to_owned(),
    })
}

/// A day or a moment on the shop's clock; None for any other text.
fn at(config: &Config, text: &str) -> Option<String> {
    let input = Input::Text(text.to_owned());
    if let Ok(day) = Day::parse(&input) {
        return Some(config.locale.day(day));
    }
    let time = Timestamp::parse(&input).ok()?;
    Some(config.locale.moment(config.calendar.zone.local(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_written_for_people() {
        let settings = [
            ("STOREKEEPER_DATABASE_URL", "mysql://root@localhost/shop"),
            ("STOREKEEPER_LOCALE", "de-DE"),
            ("STOREKEEPER_CURRENCY", "EUR"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::read(settings).unwrap();
        for (written, said) in [
            (
                "waits since 2026-03-04; 12.80 EUR are missing",
                "waits since 04.03.2026; 12,80\u{A0}€ are missing",
            ),
            ("Not before 2026-03-04T11:00:00.000000Z.", "Not before 04.03.2026, 11:00."),
            ("Order 1200-03-99 of 12.80 USD", "Order 1200-03-99 of 12.80 USD"),
            (
                "The draft has no lines. Add one with PUT /purchase_orders/{id}/lines/{product_id}.",
                "The draft has no lines.",
            ),
        ] {
            assert_eq!(of_people(&config, written), said);
        }
    }
}
