//! Read, change, write back: what a resource shows and a request does not set may come back with it, unchanged.
//!
//! A handler names these fields once, with what changes each. What came back of them is compared with the resource
//! inside the transaction that changes it, so nothing can come between; a difference is refused, since whoever sent it
//! believes that it was done.

use serde::Serialize;
use serde_json::Value;

use crate::error::Result;
use crate::problem::{FieldError, Problem, REMOVE_IT, UNKNOWN_FIELD, shortened};
use crate::values::{Bad, Input, Timestamp, nfc};

/// A field that a request does not set.
#[derive(Debug)]
pub struct Shown {
    pub name: &'static str,
    kind: Kind,
    /// A clause: what changes it.
    pub changed_by: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Fixed,
    /// When the resource was changed last. A copy that was read before that is no attempt to set it; whoever wants to
    /// be told of changes since sends `If-Match`.
    Version,
    /// A figure that others move while somebody edits the rest.
    Books,
    /// Not shown here at all.
    Elsewhere,
}

impl Shown {
    pub const fn fixed(name: &'static str, changed_by: &'static str) -> Shown {
        Shown { name, kind: Kind::Fixed, changed_by }
    }

    pub const fn version(name: &'static str) -> Shown {
        Shown { name, kind: Kind::Version, changed_by: "the shop notes it with each change" }
    }

    pub const fn books(name: &'static str, changed_by: &'static str) -> Shown {
        Shown { name, kind: Kind::Books, changed_by }
    }

    /// What is not shown here and may be looked for.
    pub const fn elsewhere(name: &'static str, changed_by: &'static str) -> Shown {
        Shown { name, kind: Kind::Elsewhere, changed_by }
    }

    pub fn is_shown(&self) -> bool {
        self.kind != Kind::Elsewhere
    }
}

/// What came back of the fields that are shown.
#[derive(Debug)]
pub struct Echo {
    members: Vec<(&'static Shown, Input)>,
    /// Whether all of them came back, as of a resource that was read.
    is_whole: bool,
}

impl Echo {
    pub fn new(all: &'static [Shown], mut take: impl FnMut(&str) -> Option<Input>) -> Echo {
        let shown = || all.iter().filter(|shown| shown.is_shown());
        let members: Vec<_> = shown().filter_map(|shown| Some((shown, take(shown.name)?))).collect();
        Echo { is_whole: members.len() == shown().count(), members }
    }

    pub fn get(&self, name: &str) -> Option<&Input> {
        self.members.iter().find(|(shown, _)| shown.name == name).map(|(_, input)| input)
    }

    /// Refuses what is not as the resource shows it. Call it inside the transaction that has locked the row.
    pub fn check(&self, now: &impl Serialize) -> Result<()> {
        self.check_or(now, || Ok(Vec::<()>::new()))
    }

    /// Like [`Echo::check`], but in a whole that was read figures of the books may also be as in one of `earlier`.
    pub fn check_or<T: Serialize>(
        &self,
        now: &impl Serialize,
        earlier: impl FnOnce() -> Result<Vec<T>>,
    ) -> Result<()> {
        if self.members.is_empty() {
            return Ok(());
        }
        let (errors, only_books) = self.differences(now, |_| true);
        if errors.is_empty() {
            return Ok(());
        }
        let of_books = |kind| kind == Kind::Books;
        let fits = |earlier: &T| self.differences(earlier, of_books).0.is_empty();
        if only_books && self.is_whole && earlier()?.iter().any(fits) {
            return Ok(());
        }
        Err(Problem::invalid_fields(errors).into())
    }

    /// What is wrong in the members of some kinds, and whether it is figures of the books alone.
    fn differences(&self, now: &impl Serialize, counts: impl Fn(Kind) -> bool) -> (Vec<FieldError>, bool) {
        let now = serde_json::to_value(now).expect("our own types have string keys and serialise");
        let mut errors = Vec::new();
        let mut only_books = true;
        for (shown, input) in self.members.iter().filter(|(shown, _)| counts(shown.kind)) {
            let known = errors.len();
            compare(shown, shown.name, now.get(shown.name).unwrap_or(&Value::Null), input, &mut errors);
            only_books &= shown.kind == Kind::Books || errors.len() == known;
        }
        (errors, only_books)
    }
}

/// Compares what is there with what came back, down to the member that differs.
fn compare(shown: &Shown, place: &str, now: &Value, came: &Input, errors: &mut Vec<FieldError>) {
    match (now, came) {
        (Value::Object(members), Input::Object(came)) => {
            for (name, input) in came {
                let place = format!("{place}.{}", shortened(name));
                match members.get(name) {
                    Some(now) => compare(shown, &place, now, input, errors),
                    None => errors.push(FieldError::new(place, Bad::new(UNKNOWN_FIELD, REMOVE_IT))),
                }
            }
        }
        (Value::Array(items), Input::List(came)) if items.len() == came.len() => {
            for (index, (now, input)) in items.iter().zip(came).enumerate() {
                compare(shown, &format!("{place}[{index}]"), now, input, errors);
            }
        }
        _ if is_same(now, came) || is_earlier(shown, place, now, came) => {}
        _ => {
            let value = match now {
                Value::Object(_) | Value::Array(_) => "something else".to_owned(),
                Value::String(text) => shortened(text),
                plain => plain.to_string(),
            };
            let message = format!(
                "is {value} and not set here; {}. Leave it out, or send it as it is",
                shown.changed_by
            );
            errors.push(FieldError::new(place, Bad::new("read_only", message)));
        }
    }
}

/// Whether a text or a number means what is there, however the caller's language writes it.
fn is_same(now: &Value, came: &Input) -> bool {
    match (now, came) {
        (Value::Null, Input::Null) => true,
        (Value::Null, Input::Text(came)) => came.is_empty(),
        (Value::Bool(now), Input::Bool(came)) => now == came,
        (Value::Bool(now), Input::Text(came)) => now.to_string() == *came,
        (Value::Number(now), Input::Number(came)) => is_same_number(&now.to_string(), came),
        (Value::Number(now), Input::Text(came)) => is_same_number(&now.to_string(), came.trim()),
        // A price is a decimal in a string; as a number it has lost its zeros.
        (Value::String(now), Input::Number(came)) => is_same_number(now, came),
        (Value::String(now), Input::Text(came)) => {
            now == came
                || *now == nfc(came.trim())
                || is_same_time(now, came)
                || is_same_number(now, came.trim())
        }
        _ => false,
    }
}

/// Whether two decimals are one number; what is written with an exponent is only what it is written as.
fn is_same_number(one: &str, other: &str) -> bool {
    let bare = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let sound = digits(whole.strip_prefix('-').unwrap_or(whole)) && digits(fraction);
        sound.then(|| (whole.to_owned(), fraction.trim_end_matches('0').to_owned()))
    };
    one == other || bare(one).is_some_and(|one| bare(other) == Some(one))
}

fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(&Input::Text(text.to_owned())).ok()
}

/// Some languages keep milliseconds of a time, or whole seconds.
fn is_same_time(now: &str, came: &str) -> bool {
    let (Some(now), Some(came)) = (time(now), time(came)) else {
        return false;
    };
    [6, 3, 0].iter().any(|digits| now.truncated_to(*digits) == came)
}

/// Whether it is when the resource, or one that is shown within it, was changed before.
fn is_earlier(shown: &Shown, place: &str, now: &Value, came: &Input) -> bool {
    let is_version = shown.kind == Kind::Version || place.ends_with(".updated_at");
    match (now, came) {
        (Value::String(now), Input::Text(came)) if is_version => {
            matches!((time(now), time(came)), (Some(now), Some(came)) if came <= now)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_means_the_same_is_the_same() {
        let parsed = |text: &str| Input::parse(text).unwrap();
        for (now, came) in [
            (json!("19.90"), "19.9"),
            (json!("19.90"), "\"19.9\""),
            (json!("20.00"), "20"),
            (json!("0.00"), "0.0"),
            (json!(5), "5.0"),
            (json!(5), "\"5\""),
            (json!(0.25), "0.250"),
            (json!(-3), "-3"),
            (json!(null), "\"\""),
            (json!(true), "\"true\""),
            (json!("Café"), "\"Cafe\\u0301 \""),
            (json!("2026-03-02T09:30:00.123456Z"), "\"2026-03-02T09:30:00.123456+00:00\""),
            (json!("2026-03-02T09:30:00.123456Z"), "\"2026-03-02T10:30:00.123456+01:00\""),
            (json!("2026-03-02T09:30:00.123456Z"), "\"2026-03-02T09:30:00.123Z\""),
            (json!("2026-03-02T09:30:00.123456Z"), "\"2026-03-02T09:30:00Z\""),
            (json!("2026-03-02T09:30:00.000000Z"), "\"2026-03-02T09:30:00.000Z\""),
        ] {
            assert!(is_same(&now, &parsed(came)), "{now} {came}");
        }
        for (now, came) in [
            (json!("19.90"), "19.09"),
            (json!("19.90"), "1990"),
            (json!("19.90"), "-19.9"),
            (json!(5), "50"),
            (json!(5), "6"),
            (json!(5), "null"),
            (json!(null), "0"),
            (json!(null), "\"null\""),
            (json!(true), "1"),
            (json!("Mug"), "\"mug\""),
            (json!("2026-03-02T09:30:00.123456Z"), "\"2026-03-02T09:30:00.124Z\""),
            (json!("2026-03-02T09:30:00.123456Z"), "\"2026-03-02T09:30:01Z\""),
        ] {
            assert!(!is_same(&now, &parsed(came)), "{now} {came}");
        }
    }

    const ORDER: &[Shown] = &[
        Shown::fixed("id", "it never changes"),
        Shown::version("updated_at"),
        Shown::books("units", "movements change it"),
        Shown::fixed("lines", "they never change"),
    ];

    fn errors(body: &str, earlier: Option<Value>) -> Vec<(String, &'static str)> {
        let Ok(Input::Object(members)) = Input::parse(body) else { panic!("{body}") };
        let echo = Echo::new(ORDER, |name| {
            members.iter().find(|(known, _)| known == name).map(|(_, input)| input.clone())
        });
        let now = json!({"id": 7, "updated_at": "2026-03-02T09:30:00Z", "units": 3, "lines": [{"id": 1, "total": "5.00"}]});
        match echo.check_or(&now, || Ok(Vec::from_iter(earlier))) {
            Err(crate::error::Error::Refused(problem)) => {
                problem.errors.into_iter().map(|error| (error.field, error.code)).collect()
            }
            checked => checked.map(|()| Vec::new()).unwrap(),
        }
    }

    #[test]
    fn what_differs_is_named_where_it_does() {
        assert_eq!(errors(r#"{"id": 7, "units": 3, "lines": [{"total": 5}]}"#, None), []);
        assert_eq!(
            errors(r#"{"updated_at": "2026-03-01T09:30:00Z"}"#, None),
            [],
            "read before the last change"
        );
        assert_eq!(
            errors(r#"{"updated_at": "2026-03-03T09:30:00Z"}"#, None),
            [("updated_at".to_owned(), "read_only")]
        );
        assert_eq!(
            errors(r#"{"id": 8, "lines": [{"id": 1, "total": 6, "x": 1}]}"#, None),
            [
                ("id".to_owned(), "read_only"),
                ("lines[0].total".to_owned(), "read_only"),
                ("lines[0].x".to_owned(), "unknown_field")
            ]
        );
        assert_eq!(errors(r#"{"lines": []}"#, None), [("lines".to_owned(), "read_only")]);
        assert_eq!(errors(r#"{"lines": "x"}"#, None), [("lines".to_owned(), "read_only")]);
    }

    #[test]
    fn figures_may_have_moved_since_and_nothing_else() {
        let earlier = || Some(json!({"units": 4}));
        let whole = |id, units| {
            format!(
                r#"{{"id": {id}, "updated_at": "2026-03-02T09:30:00Z", "units": {units}, "lines": [{{"id": 1}}]}}"#
            )
        };
        let named = |name: &str| (name.to_owned(), "read_only");
        assert_eq!(errors(&whole(7, 4), earlier()), []);
        assert_eq!(errors(&whole(7, 5), earlier()), [named("units")]);
        assert_eq!(errors(&whole(7, 4), None), [named("units")]);
        assert_eq!(errors(&whole(8, 4), earlier()), [named("id"), named("units")]);
        assert_eq!(
            errors(r#"{"units": 4}"#, earlier()),
            [named("units")],
            "a wish, and nothing that was read"
        );
    }
}
