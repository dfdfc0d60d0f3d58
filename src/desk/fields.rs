//! The fields of a form as a browser sends them, and the JSON that an endpoint is sent for them.
//!
//! A field is named by where its value belongs: `name`, `account.username`, `items[0].quantity`. `scopes[]` may
//! stand many times and makes a list; `barcodes[lines]` has a value a line; `lines[tally]` has what was counted of products that are
//! on no row of the form; `receipts[seen]` and `receipts[as_well]` are what the desk asks for itself. So an error of the API names the field
//! that is to be corrected. `counts[0].scan` is what a scanner types, `24*4006381333931`: a `code`, and how many to `add`;
//! `counts[0].here_too` is the same of what is counted although it belongs elsewhere.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;
use serde_json::{Map, Value, json};

use crate::desk::scan::{Scan, Tally};
use crate::desk::texts as t;
use crate::problem::{self, FieldError, Problem};
use crate::values::{Bad, Id};
use crate::web::request::read_body;

/// Five hundred lines of a delivery with four fields each, and some more.
const FIELDS_MAX: usize = 4_096;

/// The longest name here is half of that.
const NAME_BYTES_MAX: usize = 64;

/// What was delivered, in which none of a product is no row. A count of none is one, and none that is ordered is a slip.
const DELIVERED: &str = "lines";

/// What is ordered. A row is one that somebody has put there, also with no number in it.
const ORDERED: &str = "items";

/// Whether no number of units stands in a field, or none.
pub fn is_none(value: &str) -> bool {
    value.is_empty() || value.parse() == Ok(0)
}

/// What a scanner has typed, and the same from somebody who was told that it belongs elsewhere.
const SCANNED: &str = "scan";
const MEANT: &str = "here_too";

/// What a row is about, and when it was counted last, which was there before anybody filled it in.
const SHOWN: [&str; 2] = ["product_id", "last_counted_at"];

/// In the order of the form.
#[derive(Debug, Default, Clone)]
pub struct Fields(Vec<(String, String)>);

/// Where a value belongs.
enum Place<'a> {
    Plain(&'a str),
    Member(&'a str, &'a str),
    Item(&'a str, usize, &'a str),
    Repeated(&'a str),
    Lines(&'a str),
    Tally(&'a str),
    /// Of the desk alone, and not sent on.
    Own,
}

impl<'a> Place<'a> {
    fn of(name: &'a str) -> Place<'a> {
        if let Some((list, rest)) = name.split_once('[') {
            return match rest.split_once(']') {
                Some(("", "")) => Place::Repeated(list),
                Some(("lines", "")) => Place::Lines(list),
                Some(("tally", "")) => Place::Tally(list),
                Some(("seen" | "as_well", "")) => Place::Own,
                Some((index, member)) => match (index.parse(), member.strip_prefix('.')) {
                    (Ok(index), Some(member)) => Place::Item(list, index, member),
                    _ => Place::Plain(name),
                },
                None => Place::Plain(name),
            };
        }
        name.split_once('.').map_or(Place::Plain(name), |(object, member)| Place::Member(object, member))
    }
}

impl Fields {
    /// The fields of a form that was sent; browsers send one in this way unless the page asks for another.
    pub fn sent(http: &rouille::Request, bytes_max: usize) -> Result<Fields, Problem> {
        let is_form = |of: &str| {
            let of = of.split(';').next().unwrap_or("").trim();
            of.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        };
        if !http.header("Content-Type").is_none_or(is_form) {
            return Err(Problem::new(problem::UNSUPPORTED_MEDIA_TYPE, t::NO_FORM));
        }
        Fields::read(&read_body(http, bytes_max)?)
    }

    /// Reads `application/x-www-form-urlencoded`, from a body or a query. Of a name that stands twice the last value
    /// counts, as of a box that is ticked behind what it says when it is not.
    pub fn read(text: &[u8]) -> Result<Fields, Problem> {
        let refused = |detail: &str| Problem::new(problem::MALFORMED_REQUEST, detail);
        let mut fields = Fields::default();
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if fields.0.len() == FIELDS_MAX {
                return Err(refused("The form has more fields than any form here."));
            }
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (name, value) = (decoded(&pair[..at])?, decoded(pair.get(at + 1..).unwrap_or_default())?);
            if name.len() > NAME_BYTES_MAX {
                return Err(refused("A field has a longer name than any here."));
            }
            // Browsers send the end of a line in two characters.
            fields.set(name, value.replace("\r\n", "\n"));
        }
        fields.close_up();
        Ok(fields)
    }

    pub fn set(&mut self, name: String, value: String) {
        let known = self.0.iter_mut().find(|(known, _)| *known == name && !name.ends_with("[]"));
        match known {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Rows that nobody has filled in are no rows, and those behind them move up. What product a row is about was there
    /// before.
    fn close_up(&mut self) {
        let mut filled: BTreeMap<(String, usize), usize> = BTreeMap::new();
        for (name, value) in &self.0 {
            if let Place::Item(list, index, member) = Place::of(name)
                && !value.trim().is_empty()
                && (list == ORDERED || !SHOWN.contains(&member))
                && !(list == DELIVERED && value.trim() == "0")
            {
                filled.insert((list.to_owned(), index), 0);
            }
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for ((list, _), index) in &mut filled {
            let count = counts.entry(list.clone()).or_default();
            *index = *count;
            *count += 1;
        }
        self.0.retain_mut(|(name, _)| {
            let Place::Item(list, index, member) = Place::of(name) else { return true };
            let Some(index) = filled.get(&(list.to_owned(), index)) else { return false };
            *name = format!("{list}[{index}].{member}");
            true
        });
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The values of a name that may stand many times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A field that is the desk's own, and not sent on.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The problem with its errors at the fields that people see: what is wrong with a code or a number is so with the scan
    /// that they were made from, and a count stands where they put another one.
    pub fn named_as_sent(&self, mut problem: Problem) -> Problem {
        for error in &mut problem.errors {
            let seen = match error.field.rsplit_once('.') {
                Some((row, "code" | "add")) => format!("{row}.scan"),
                Some((row, "last_counted_at")) => format!("{row}.counted"),
                _ => continue,
            };
            if self.get(&seen).is_some() || self.get(&seen.replace(".scan", ".here_too")).is_some() {
                error.field = seen;
            }
        }
        problem
    }

    /// The rows of a list: how each begins, the product that it is about, and what stands in this field of it.
    pub fn rows<'a>(&'a self, list: &'a str, member: &'a str) -> impl Iterator<Item = (String, Id, &'a str)> {
        (0..self.items(list)).filter_map(move |at| {
            let row = format!("{list}[{at}].");
            let id = self.get(&format!("{row}product_id"))?.parse().ok()?;
            let value = self.get(&format!("{row}{member}")).unwrap_or("").trim();
            Some((row, id, value))
        })
    }

    /// What stands in this field of the rows of a list, with what the form has of other rows; a fault for each number that
    /// is none, unless it `is_none` of the product, or of no account.
    pub fn tally(
        &self,
        (list, member): (&str, &str),
        is_none: impl Fn(Id, &str) -> bool,
    ) -> Result<Tally, Problem> {
        let mut tally = Tally::read(self.get(&format!("{list}[tally]")).unwrap_or(""));
        let mut faults = Vec::new();
        for (row, id, value) in self.rows(list, member) {
            match value.parse().ok().and_then(|units| tally.with(id, units)) {
                Some(with) => tally = with,
                None if is_none(id, value) => tally = tally.without(id),
                None => {
                    let bad = Bad::new("no_number", t::no_number(value));
                    faults.push(FieldError::new(format!("{row}{member}"), bad));
                }
            }
        }
        if faults.is_empty() { Ok(tally) } else { Err(Problem::invalid_fields(faults)) }
    }

    /// What a scanner has typed for the API, with the name of its field.
    pub fn scanned(&self) -> Option<(&str, &str)> {
        let of_row = |name: &str| matches!(Place::of(name), Place::Item(_, _, SCANNED | MEANT));
        self.iter().find(|(name, value)| of_row(name) && !value.trim().is_empty())
    }

    /// As which item of a list a product was sent.
    pub fn item_of(&self, list: &str, product_id: Id) -> Option<usize> {
        let id = product_id.to_string();
        (0..self.items(list)).find(|at| self.get(&format!("{list}[{at}].product_id")) == Some(&id))
    }

    /// How many items were sent of a list.
    pub fn items(&self, list: &str) -> usize {
        let indexes = self.0.iter().filter_map(|(name, _)| match Place::of(name) {
            Place::Item(known, index, _) if known == list => Some(index + 1),
            _ => None,
        });
        indexes.max().unwrap_or(0)
    }

    /// The JSON object that they make; `written` is how people here write a number.
    pub fn to_json(&self, written: impl Fn(&str, &str) -> String) -> Value {
        let mut object = Map::new();
        for (name, value) in &self.0 {
            match Place::of(name) {
                Place::Plain(name) => {
                    object.insert(name.to_owned(), written(name, value).into());
                }
                Place::Member(inner, member) => {
                    members_of(object.entry(inner).or_insert(Value::Null))
                        .insert(member.into(), written(member, value).into());
                }
                Place::Item(list, index, member) => {
                    // They were closed up, so an item is at most one further than those that are there.
                    let items = list_of(&mut object, list);
                    if items.len() <= index {
                        items.resize(index + 1, Value::Null);
                    }
                    let item = members_of(&mut items[index]);
                    match (member, Scan::read(value)) {
                        (SCANNED | MEANT, Some(scan)) => {
                            item.insert("code".into(), scan.code.into());
                            item.insert("add".into(), scan.times.into());
                        }
                        _ => _ = item.insert(member.into(), written(member, value).into()),
                    }
                }
                Place::Repeated(list) => {
                    let items = list_of(&mut object, list);
                    items.extend((!value.is_empty()).then(|| Value::from(value.as_str())));
                }
                Place::Tally(list) => {
                    let rows = Tally::read(value);
                    let row = |(id, units): (Id, i64)| json!({"product_id": id, "quantity": units});
                    list_of(&mut object, list).extend(rows.iter().map(row));
                }
                Place::Own => {}
                Place::Lines(list) => {
                    let lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
                    list_of(&mut object, list).extend(lines.map(Value::from));
                }
            }
        }
        Value::Object(object)
    }
}

/// The members of an object. What another field has put there is none, and gives way.
fn members_of(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was just made one")
}

/// The list of this name. What another field has put there is no list, and gives way.
fn list_of<'a>(object: &'a mut Map<String, Value>, name: &str) -> &'a mut Vec<Value> {
    let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    list.as_array_mut().expect("it was just made one")
}

fn decoded(text: &[u8]) -> Result<String, Problem> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_decode(&spaced).decode_utf8();
    let decoded = decoded.map_err(|_| Problem::new(problem::INVALID_UTF8, "Send the form in UTF-8."))?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json_of(text: &str) -> Value {
        Fields::read(text.as_bytes()).unwrap().to_json(|_, value| value.to_owned())
    }

    #[test]
    fn a_name_says_where_its_value_belongs() {
        assert_eq!(json_of("name=Milk+jug&note=a%0D%0Ab"), json!({"name": "Milk jug", "note": "a\nb"}));
        assert_eq!(
            json_of("account.username=ada&account.password=%26%3D"),
            json!({"account": {"username": "ada", "password": "&="}})
        );
        assert_eq!(json_of("scopes[]=&scopes[]=a&scopes[]=b"), json!({"scopes": ["a", "b"]}));
        assert_eq!(
            json_of("lines[0].product_id=3&lines[0].quantity=4&lines[tally]=7.2-9.1"),
            json!({"lines": [{"product_id": "3", "quantity": "4"}, {"product_id": 7, "quantity": 2}, {"product_id": 9, "quantity": 1}]})
        );
        assert_eq!(json_of("scopes[]="), json!({"scopes": []}));
        assert_eq!(json_of("receipts[seen]=2.ab&receipts[as_well]=true&note=a"), json!({"note": "a"}));
        assert_eq!(json_of("barcodes[lines]=1%0D%0A%0D%0A+2+"), json!({"barcodes": ["1", "2"]}));
        assert_eq!(json_of("archived=false&archived=true"), json!({"archived": "true"}));
    }

    #[test]
    fn rows_that_nobody_filled_in_are_no_rows() {
        assert_eq!(
            json_of("items[0].product_id=3&items[0].quantity=0"),
            json!({"items": [{"product_id": "3", "quantity": "0"}]})
        );
        let text = "items[0].product_id=&items[0].quantity=+&items[7].product_id=3&items[7].quantity=2";
        let fields = Fields::read(text.as_bytes()).unwrap();
        assert_eq!(fields.items("items"), 1);
        assert_eq!(fields.get("items[0].product_id"), Some("3"));
        assert_eq!(json_of(text), json!({"items": [{"product_id": "3", "quantity": "2"}]}));
        assert_eq!(json_of("counts[0].product_id=3&counts[0].counted="), json!({}));
        assert_eq!(json_of("counts[0].scan=24*MUG"), json!({"counts": [{"code": "MUG", "add": 24}]}));
    }

    #[test]
    fn none_of_a_product_is_no_row_of_goods() {
        let text = "lines[]=&lines[0].product_id=3&lines[0].quantity=0&lines[0].rejected=0\
            &lines[1].product_id=4&lines[1].quantity=0&lines[1].rejected=2";
        assert_eq!(json_of(text), json!({"lines": [{"product_id": "4", "quantity": "0", "rejected": "2"}]}));
        assert_eq!(json_of("lines[]=&lines[0].product_id=3&lines[0].quantity="), json!({"lines": []}));
        let count = json!({"counts": [{"quantity": "0"}]});
        assert_eq!(json_of("counts[0].quantity=0"), count);
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let refused = |text: String| Fields::read(text.as_bytes()).unwrap_err().kind.code;
        assert_eq!(
            refused("a=1&".to_owned() + &(0..5000).map(|n| format!("f{n}=&")).collect::<String>()),
            "malformed_request"
        );
        assert_eq!(refused(format!("{}=1", "n".repeat(65))), "malformed_request");
        assert_eq!(refused("name=%FF".to_owned()), "invalid_utf8");
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in r"[a-z\[\]\.0-9=&%+]{0,200}") {
            if let Ok(fields) = Fields::read(text.as_bytes()) {
                fields.to_json(|_, value| value.to_owned());
            }
        }
    }
}
