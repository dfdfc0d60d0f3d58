//! Somebody on a page: who they are, what they look at, and what they have just sent.

use std::cell::{Cell, RefCell};
use std::fs::File;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::desk::api::{Api, Call, with_query};
use crate::desk::fields::Fields;
use crate::desk::page::Answer;
use crate::desk::prose;
use crate::error::{Error, Result};
use crate::problem::{self, FieldError, Kind, Problem};
use crate::random;
use crate::values::{Id, hex};
use crate::web::caller::Caller;
use crate::web::route::Access;

/// A page: where it is, who may open it, what shows it, and its forms.
pub struct Page {
    pub path: &'static str,
    pub access: Access,
    pub show: fn(&Visit) -> Result<Answer>,
    pub forms: &'static [FormOf],
}

/// A form of a page, and the route that it is sent to.
pub struct FormOf {
    /// What its button is called in the address and in `texts::done`.
    pub name: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    pub after: After,
    /// What the desk looks at before it asks the API: what only somebody with a scanner in the hand gets wrong.
    pub check: fn(&Visit, &Posted) -> Result<()>,
}

impl FormOf {
    pub const fn checked_by(self, check: fn(&Visit, &Posted) -> Result<()>) -> FormOf {
        FormOf { check, ..self }
    }
}

/// Where somebody is when a form has done its work.
pub enum After {
    /// On the same page.
    Here,
    /// On the page of what was made.
    There,
    /// On this page.
    At(&'static str),
    /// At this address, with the id of what was made behind it.
    With(&'static str),
    /// On the same page, which shows this once what no other page can: [`Visit::made`].
    Once,
}

const KEY_DIGITS: usize = 32;

/// The first half of a key is random, or made from the key of somebody else; the other one says whose it is.
const OWN_DIGITS: usize = 16;

/// A form of a page that somebody else had opened. The API knows no pages.
pub const ANOTHERS_PAGE: &Kind =
    &Kind { code: "anothers_page", status: 409, title: "Somebody else opened this page" };

/// What stands in an address until it was shown once.
pub const SHOWN_ONCE: [&str; 7] = ["done", "before", "proof", "scan", "step", "wrong", "last"];

/// What is done under a key may be asked for again under it; so an address with a key is one visit to its forms.
pub fn new_key(caller: &Caller) -> String {
    key_of(caller, &random::hex::<{ OWN_DIGITS / 2 }>())
}

/// The key of a form that somebody goes on with whose page it was not: the same each time, so that it does its work once.
pub fn taken_over(caller: &Caller, key: &str) -> String {
    key_of(caller, &hex(&Sha256::digest(key)[..OWN_DIGITS / 2]))
}

fn key_of(caller: &Caller, own: &str) -> String {
    format!("{own}{:0width$x}", caller.staff_account().unwrap_or(0), width = KEY_DIGITS - OWN_DIGITS)
}

fn is_key(key: &str) -> bool {
    key.len() == KEY_DIGITS && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whose page had this key, where that is somebody else.
pub fn other_owner(caller: &Caller, key: &str) -> Option<Id> {
    if !is_key(key) {
        return None;
    }
    let owner = Id::from_str_radix(&key[OWN_DIGITS..], 16).ok()?;
    (caller.staff_account() != Some(owner)).then_some(owner)
}

/// The key in an address, if that is one of ours.
pub fn key_in(query: &Fields) -> Option<&str> {
    query.get("key").filter(|key| is_key(key))
}

pub struct Visit<'a> {
    pub api: Api<'a>,
    pub page: &'static Page,
    /// The id in the address, and that of a product within it; 0 where it has none.
    pub id: Id,
    pub product_id: Id,
    /// Of the page, without its query.
    pub path: &'a str,
    pub query: Fields,
    pub sent: Option<Sent>,
    /// What a form has just made and shows this once.
    pub made: Option<serde_json::Value>,
    /// The form that has just done its work, and whether it had done it before.
    pub done: Option<(String, bool)>,
    /// What the address asks for and no list takes, which was left out of what is shown.
    pub left_out: RefCell<Vec<FieldError>>,
    /// The list that is shown, with its filters; empty where none is.
    pub listed: RefCell<String>,
}

/// A form that was sent and not accepted.
pub struct Sent {
    pub form: &'static FormOf,
    pub of: Of,
    pub fields: Fields,
    pub key: String,
    /// As in [`Posted`].
    pub shown: Option<String>,
    pub problem: Problem,
    /// The page of what the form did when it was sent before, with other values.
    pub did: Option<String>,
    /// Whether the page has the form still, with what was typed in its fields.
    pub is_shown: Cell<bool>,
}

/// What a form of a page is about, where that is not what the page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Of {
    pub id: Id,
    pub product_id: Id,
}

impl Visit<'_> {
    pub fn app(&self) -> &App {
        self.api.app
    }

    pub fn is_manager(&self) -> bool {
        self.api.caller.is_manager()
    }

    /// Whether the shop wants orders of guests confirmed, and cancels those that nobody does.
    pub fn wants_confirmations(&self) -> bool {
        !self.app().config.unconfirmed_order.is_zero()
    }

    /// Whether this form was sent and not accepted.
    pub fn has_sent(&self, form: &str) -> bool {
        self.sent.as_ref().is_some_and(|sent| sent.form.name == form)
    }

    /// Whether whoever is here has just sent this form, and it was done.
    pub fn has_done(&self, form: &str) -> bool {
        self.done.as_ref().is_some_and(|(done, _)| done == form)
    }

    /// A parameter of the address; an empty one is none.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.get(name).filter(|value| !value.is_empty())
    }

    /// What an endpoint shows; of the address these parameters are passed on to it, but for what is fixed. What of them it
    /// refuses is left out and told beside its field, so that whoever mistypes a filter has its form still, and whoever
    /// opens a page of a list that is no more sees the first.
    pub fn get_with<T: DeserializeOwned>(
        &self,
        path: &str,
        fixed: &[(&str, &str)],
        passed_on: &[&str],
    ) -> Result<T> {
        let is_fixed = |name: &str| fixed.iter().any(|(fixed, _)| *fixed == name);
        let passed = passed_on.iter().filter(|name| !is_fixed(name));
        let mut passed: Vec<(&str, &str)> =
            passed.filter_map(|name| Some((*name, self.param(name)?))).collect();
        passed.retain(|(name, _)| self.wrong_in_filter(name).is_none());
        if passed_on.contains(&"after") {
            let of_page = |(name, _): &(&str, &str)| !["after", "limit"].contains(name);
            let filters: Vec<_> =
                fixed.iter().chain(&passed).filter(|member| of_page(member)).copied().collect();
            self.listed.replace(with_query(path, &filters));
        }
        let target = |passed: &[(&str, &str)]| with_query(path, &[fixed, passed].concat());
        match self.api.get(&target(&passed)) {
            Err(Error::Refused(problem))
                if problem.kind == problem::INVALID_FIELDS
                    && !passed.is_empty()
                    && problem.errors.iter().all(|error| !is_fixed(&error.field)) =>
            {
                let problem = prose::problem_of_people(&self.app().config, *problem);
                let is_wrong = |name: &str| problem.errors.iter().any(|error| error.field == name);
                let count = passed.len();
                passed.retain(|(name, _)| !is_wrong(name));
                // What lacks another one beside it is none of them.
                if passed.len() == count {
                    passed.clear();
                }
                self.left_out.borrow_mut().extend(problem.errors);
                self.api.get(&target(&passed))
            }
            answer => answer,
        }
    }

    /// What is wrong with a parameter of the address.
    pub fn wrong_in_filter(&self, name: &str) -> Option<String> {
        self.left_out.borrow().iter().find(|error| error.field == name).map(|error| error.message.clone())
    }

    /// The address of this page with another value of a parameter; of these others the values stay.
    pub fn here_with(&self, name: &str, value: &str, kept: &[&str]) -> String {
        let kept =
            kept.iter().filter(|kept| **kept != name).filter_map(|name| Some((*name, self.param(name)?)));
        let members: Vec<(&str, &str)> = kept.chain([(name, value)]).collect();
        with_query(self.path, &members)
    }

    /// The address of this page without what is over once it was shown.
    pub fn here(&self) -> String {
        self.here_without(&SHOWN_ONCE)
    }

    /// The same for another visit, which has a key of its own.
    pub fn here_anew(&self) -> String {
        self.here_without(&[&SHOWN_ONCE[..], &["key"]].concat())
    }

    fn here_without(&self, names: &[&str]) -> String {
        let lasting = self.query.iter().filter(|(name, _)| !names.contains(name));
        with_query(self.path, &lasting.collect::<Vec<_>>())
    }

    /// Where a form that counts is sent: its state goes with it, since it may be more than fits into an address.
    pub fn here_keyed(&self) -> String {
        with_query(self.path, &[("key", &self.key())])
    }

    /// What the address of a page that counts says, for its form.
    pub fn state(&self) -> String {
        let passing = |name: &str| name == "key" || name.contains('[') || SHOWN_ONCE.contains(&name);
        let lasting: Vec<(&str, &str)> = self.query.iter().filter(|(name, _)| !passing(name)).collect();
        with_query("", &lasting).trim_start_matches('?').to_owned()
    }

    /// What was pressed in a form that counts, and of which product or from which row: `more.7`, or `scan`. None where it
    /// was answered already.
    pub fn step(&self) -> Option<(&str, Id)> {
        let text = self.param("step").filter(|_| self.sent.is_none())?;
        let (word, number) = text.split_once('.').unwrap_or((text, "0"));
        Some((word, number.parse().ok()?))
    }

    /// The key of this visit. It stands in the address, because pages are not kept by browsers: gone back to, the page is
    /// fetched again, and has the key that was sent.
    pub fn key(&self) -> String {
        key_in(&self.query).map_or_else(|| new_key(&self.api.caller), str::to_owned)
    }

    /// What was sent with this form, if it was not accepted.
    pub fn sent_with(&self, form: &str, of: Of) -> Option<&Sent> {
        self.sent.as_ref().filter(|sent| sent.form.name == form && sent.of == of)
    }
}

impl Sent {
    pub fn error(&self, field: &str) -> Option<&FieldError> {
        self.problem.errors.iter().find(|error| error.field == field)
    }

    /// What was typed, where no field shows it any more. A password is typed again, and stands in no page.
    pub fn typed(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_lost = !self.is_shown.get();
        self.fields
            .iter()
            .filter(move |(name, value)| is_lost && !value.is_empty() && !name.ends_with("password"))
            // Nobody types the number of a product.
            .filter(|(name, _)| !name.ends_with("].product_id"))
    }

    /// Whether somebody else has changed meanwhile what the form showed.
    pub fn is_stale(&self) -> bool {
        self.problem.kind == problem::PRECONDITION_FAILED
    }

    /// Whether what is typed stands beside what stands there now: whoever is to look has not seen the one or the other.
    pub fn is_compared(&self) -> bool {
        self.is_stale() || [ANOTHERS_PAGE, problem::UNAUTHENTICATED].contains(&self.problem.kind)
    }
}

/// What a form asks of the API.
pub struct Posted {
    pub form: &'static FormOf,
    pub of: Of,
    /// As the page has it for all its forms.
    pub key: String,
    /// Of this form alone; empty where there is none.
    pub own_key: String,
    pub version: String,
    /// What the address of its page said, of a form that counts.
    pub state: Option<String>,
    /// What its page showed, where that is told apart from what there is now by more than a version.
    pub shown: Option<String>,
    pub fields: Fields,
    /// The file of a form that has one, if one was chosen.
    pub file: Option<File>,
}

impl Posted {
    /// Takes what is the desk's own out of the fields.
    pub fn read(
        page: &'static Page,
        (id, product_id): (Id, Id),
        (mut fields, file): (Fields, Option<File>),
    ) -> Result<Posted, Problem> {
        let name = fields.take("do").unwrap_or_default();
        let Some(form) = page.forms.iter().find(|form| form.name == name) else {
            return Err(Problem::new(
                problem::MALFORMED_REQUEST,
                "No form of this page was sent. Open it again.",
            ));
        };
        let mut number = |name: &str, of_page: Id| match fields.take(name) {
            Some(text) => text.parse().map_err(|_| Problem::not_found()),
            None => Ok(of_page),
        };
        let of = Of { id: number("of", id)?, product_id: number("of_product", product_id)? };
        let (key, version) =
            (fields.take("key").unwrap_or_default(), fields.take("version").unwrap_or_default());
        let own_key = if key.is_empty() { String::new() } else { own_key(&key, form.name, of) };
        let (state, shown) = (fields.take("state"), fields.take("shown"));
        // A code that was left in the field when the whole was sent is no part of it.
        if state.is_some() && fields.get("step").is_none() {
            fields.take("scan");
        }
        Ok(Posted { form, of, key, own_key, version, state, shown, fields, file })
    }

    /// Whether a button was pressed that counts, and sends nothing yet.
    pub fn is_step(&self) -> bool {
        self.state.is_some() && self.fields.get("step").is_some()
    }

    pub fn call<'a>(&'a self, body: &'a serde_json::Value) -> Call<'a> {
        let (FormOf { method, path, .. }, Of { id, product_id }) = (self.form, self.of);
        Call { method, path, id, product_id, body, key: &self.own_key, version: &self.version }
    }
}

/// Of one form of a visit: each of its forms does its work once.
fn own_key(key: &str, form: &str, of: Of) -> String {
    hex(&Sha256::digest(format!("{key} {form} {} {}", of.id, of.product_id)))
}

/// Whether they may come in: staff.
pub fn is_staff(caller: &Caller) -> bool {
    matches!(caller, Caller::Staff { .. })
}
