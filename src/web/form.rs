//! The fields of a body or a query, read one by one; every bad one is remembered and named.
//!
//! ```text
//! let mut form = request.json()?;
//! let name = form.required("name", Line::parse);
//! let note = form.optional("note", Paragraph::parse);
//! let new = form.finish(|| Some(New { name: name?, note: note? }))?;
//! ```

use crate::problem::{FieldError, Problem};
use crate::values::{Bad, Input};

#[derive(Debug)]
pub struct Form {
    /// Where these fields stand inside the body, for example `items[2].`
    path: String,
    members: Vec<(String, Input)>,
    errors: Vec<FieldError>,
}

impl Form {
    pub fn new(members: Vec<(String, Input)>) -> Form {
        Form { path: String::new(), members, errors: Vec::new() }
    }

    /// Whether a field has a value that was not read yet.
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(key, input)| key == name && !matches!(input, Input::Null))
    }

    fn take(&mut self, name: &str) -> Option<Input> {
        let at = self.members.iter().position(|(key, _)| key == name)?;
        Some(self.members.swap_remove(at).1)
    }

    pub fn reject(&mut self, name: &str, bad: Bad) {
        let field = format!("{}{name}", self.path);
        self.errors.push(FieldError::new(field, bad));
    }

    fn parsed<T>(&mut self, name: &str, parsed: Result<T, Bad>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(bad) => {
                self.reject(name, bad);
                None
            }
        }
    }

    /// A field that must have a value. None when it was refused, here as everywhere below.
    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(&Input) -> Result<T, Bad>) -> Option<T> {
        match self.changed(name, parse)? {
            Some(value) => Some(value),
            None => {
                self.reject(name, Bad::new("required", "is required"));
                None
            }
        }
    }

    /// A field that may be left out, which means `default`.
    pub fn with_default<T>(
        &mut self,
        name: &str,
        default: T,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<T> {
        Some(self.changed(name, parse)?.unwrap_or(default))
    }

    /// A field that may be left out or null, which both mean that there is none.
    pub fn optional<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<Option<T>> {
        Some(self.changed_or_cleared(name, parse)?.flatten())
    }

    /// A field that PATCH may name, and that cannot be cleared: `Some(None)` when it is not named.
    pub fn changed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<Option<T>> {
        match self.changed_or_cleared(name, parse)? {
            Some(None) => {
                self.reject(name, Bad::new("required", "must not be null"));
                None
            }
            named => Some(named.flatten()),
        }
    }

    /// A field that PATCH may name: `Some(None)` when it is not named, `Some(Some(None))` when it is
    /// null and so to be cleared.
    pub fn changed_or_cleared<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<Option<Option<T>>> {
        match self.take(name) {
            None => Some(None),
            Some(Input::Null) => Some(Some(None)),
            Some(input) => self.parsed(name, parse(&input)).map(|value| Some(Some(value))),
        }
    }

    /// A nested object that may be absent or null, read by `read`.
    pub fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Form) -> Option<T>) -> Option<Option<T>> {
        match self.take(name) {
            None | Some(Input::Null) => Some(None),
            Some(Input::Object(members)) => self.nested(&format!("{name}."), members, read).map(Some),
            Some(_) => {
                self.reject(name, Bad::new("wrong_type", "must be an object"));
                None
            }
        }
    }

    /// A list of at most `max` items that PATCH may name and null clears, each read by `read`, which is
    /// told where it stands. None inside when it is not named.
    pub fn changed_list<T>(
        &mut self,
        name: &str,
        max: usize,
        mut read: impl FnMut(&mut Form, &str, Input) -> Option<T>,
    ) -> Option<Option<Vec<T>>> {
        let items = match self.take(name) {
            None => return Some(None),
            Some(Input::Null) => Vec::new(),
            Some(Input::List(items)) if items.len() <= max => items,
            Some(Input::List(_)) => {
                let message = format!("must hold at most {max} items");
                self.reject(name, Bad::new("invalid_length", message));
                return None;
            }
            Some(_) => {
                self.reject(name, Bad::new("wrong_type", "must be a list"));
                return None;
            }
        };
        let mut read = |(index, item)| read(self, &format!("{name}[{index}]"), item);
        let read_all: Vec<Option<T>> = items.into_iter().enumerate().map(&mut read).collect();
        read_all.into_iter().collect::<Option<Vec<T>>>().map(Some)
    }

    /// An item of a list that is a plain value.
    pub fn item<T>(
        &mut self,
        place: &str,
        item: &Input,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<T> {
        self.parsed(place, parse(item))
    }

    /// An item of a list that is an object.
    pub fn object_item<T>(
        &mut self,
        place: &str,
        item: Input,
        read: impl FnOnce(&mut Form) -> Option<T>,
    ) -> Option<T> {
        match item {
            Input::Object(members) => self.nested(&format!("{place}."), members, read),
            _ => {
                self.reject(place, Bad::new("wrong_type", "must be an object"));
                None
            }
        }
    }

    /// A list of 1 to `max` objects, each read by `read`.
    pub fn objects<T>(
        &mut self,
        name: &str,
        max: usize,
        mut read: impl FnMut(&mut Form) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = match self.take(name) {
            Some(Input::List(items)) if (1..=max).contains(&items.len()) => items,
            Some(Input::List(_)) => {
                self.reject(name, Bad::new("invalid_length", format!("must hold 1 to {max} items")));
                return None;
            }
            Some(_) => {
                self.reject(name, Bad::new("wrong_type", "must be a list of objects"));
                return None;
            }
            None => {
                self.reject(name, Bad::new("required", "is required"));
                return None;
            }
        };
        let read_all: Vec<Option<T>> = items
            .into_iter()
            .enumerate()
            .map(|(index, item)| self.object_item(&format!("{name}[{index}]"), item, &mut read))
            .collect();
        read_all.into_iter().collect()
    }

    fn nested<T>(
        &mut self,
        below: &str,
        members: Vec<(String, Input)>,
        read: impl FnOnce(&mut Form) -> Option<T>,
    ) -> Option<T> {
        let mut nested = Form { path: format!("{}{below}", self.path), members, errors: Vec::new() };
        let value = read(&mut nested);
        nested.reject_unknown();
        let sound = nested.errors.is_empty();
        self.errors.append(&mut nested.errors);
        value.filter(|_| sound)
    }

    fn reject_unknown(&mut self) {
        for (name, _) in std::mem::take(&mut self.members) {
            self.reject(&name, Bad::new("unknown_field", "is not known here; remove it"));
        }
    }

    /// The whole value, or a 422 that names every bad and every unknown field.
    pub fn finish<T>(mut self, value: impl FnOnce() -> Option<T>) -> Result<T, Problem> {
        self.reject_unknown();
        match value() {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(Problem::invalid_fields(self.errors)),
        }
    }
}
