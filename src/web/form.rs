//! The fields of a body or a query, read one by one; every bad one is remembered and named.
//!
//! ```text
//! let mut form = request.json()?;
//! let name = form.required("name", Line::parse);
//! let note = form.optional("note", Paragraph::parse);
//! let new = form.finish(|| Some(New { name: name?, note: note? }))?;
//! ```

use crate::problem::{FieldError, Problem, REMOVE_IT, UNKNOWN_FIELD, UNKNOWN_MAX, shortened};
use crate::values::{Bad, Input, is_blank_text};
use crate::web::near;
use crate::web::shown::{Echo, Shown};

#[derive(Debug, Default)]
pub struct Form {
    /// Where these fields stand inside the body, for example `items[2].`
    path: String,
    members: Vec<(String, Input)>,
    errors: Vec<FieldError>,
    /// What was asked for, whether it was there or not: what an unknown field may have been meant for.
    asked: Vec<&'static str>,
    /// What is shown or set elsewhere.
    others: &'static [Shown],
}

impl Form {
    pub fn new(members: Vec<(String, Input)>) -> Form {
        Form { members, ..Form::default() }
    }

    /// Whether a field has a value that was not read yet.
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(key, input)| key == name && !is_nothing(input))
    }

    /// Whether a field was sent as null, and not read yet.
    pub fn is_null(&self, name: &str) -> bool {
        self.members.iter().any(|(key, input)| key == name && *input == Input::Null)
    }

    fn take(&mut self, name: &'static str) -> Option<Input> {
        self.asked.push(name);
        let at = self.members.iter().position(|(key, _)| key == name)?;
        // The others stay in the order of the body.
        Some(self.members.remove(at).1)
    }

    /// Forgets these fields where they are an empty text: but in PATCH that is as if they were left out.
    pub fn forget_empty(&mut self, names: &[&str]) {
        self.members.retain(|(name, input)| {
            !(names.contains(&name.as_str()) && matches!(input, Input::Text(text) if text.is_empty()))
        });
    }

    /// What came back of what the resource shows beside the fields that were read before; [`Echo`] compares it with what
    /// is there.
    pub fn shown(&mut self, others: &'static [Shown]) -> Echo {
        self.others = others;
        Echo::new(others, |name| {
            let at = self.members.iter().position(|(key, _)| key == name)?;
            Some(self.members.remove(at).1)
        })
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
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<T> {
        match self.changed(name, parse)? {
            Some(value) => Some(value),
            None => {
                self.reject(name, Bad::new("required", "is required"));
                None
            }
        }
    }

    /// A field that may be left out or empty, which means `default`.
    pub fn with_default<T>(
        &mut self,
        name: &'static str,
        default: T,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<T> {
        match self.take(name) {
            None => Some(default),
            Some(Input::Null) => self.reject_null(name),
            Some(input) => Some(self.parsed_unless_blank(name, &input, parse)?.unwrap_or(default)),
        }
    }

    /// A field that may be left out, null or an empty text, which all mean that there is none.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<Option<T>> {
        Some(self.changed_or_cleared(name, parse)?.flatten())
    }

    /// A field that PATCH may name, and that cannot be cleared: `Some(None)` when it is not named.
    pub fn changed<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<Option<T>> {
        match self.take(name) {
            None => Some(None),
            Some(Input::Null) => self.reject_null(name),
            Some(input) => self.parsed(name, parse(&input)).map(Some),
        }
    }

    /// A field that PATCH may name: `Some(None)` when it is not named, `Some(Some(None))` when it is
    /// null or an empty text, as forms send it, and so to be cleared.
    pub fn changed_or_cleared<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<Option<Option<T>>> {
        match self.take(name) {
            None => Some(None),
            Some(Input::Null) => Some(Some(None)),
            Some(input) => self.parsed_unless_blank(name, &input, parse).map(Some),
        }
    }

    /// None inside when the text is empty, or shows nothing and is no value: a password may be of blanks.
    fn parsed_unless_blank<T>(
        &mut self,
        name: &str,
        input: &Input,
        parse: impl FnOnce(&Input) -> Result<T, Bad>,
    ) -> Option<Option<T>> {
        if is_nothing(input) {
            return Some(None);
        }
        let is_blank = matches!(input, Input::Text(text) if is_blank_text(text));
        match parse(input) {
            Err(_) if is_blank && !name.ends_with("password") => Some(None),
            parsed => self.parsed(name, parsed).map(Some),
        }
    }

    fn reject_null<T>(&mut self, name: &str) -> Option<T> {
        self.reject(name, Bad::new("required", "must not be null"));
        None
    }

    /// A nested object that may be absent or null, read by `read`.
    pub fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Form) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.take(name) {
            None => Some(None),
            Some(input) if is_nothing(&input) => Some(None),
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
        name: &'static str,
        max: usize,
        mut read: impl FnMut(&mut Form, &str, Input) -> Option<T>,
    ) -> Option<Option<Vec<T>>> {
        let items = match self.take(name) {
            None => return Some(None),
            Some(input) if is_nothing(&input) => Vec::new(),
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
        name: &'static str,
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

    /// A list as of [`Form::objects`] that may be left out or null.
    pub fn optional_objects<T>(
        &mut self,
        name: &'static str,
        max: usize,
        read: impl FnMut(&mut Form) -> Option<T>,
    ) -> Option<Option<Vec<T>>> {
        if self.has(name) {
            return self.objects(name, max, read).map(Some);
        }
        self.take(name);
        Some(None)
    }

    fn nested<T>(
        &mut self,
        below: &str,
        members: Vec<(String, Input)>,
        read: impl FnOnce(&mut Form) -> Option<T>,
    ) -> Option<T> {
        let mut nested = Form { path: format!("{}{below}", self.path), members, ..Form::default() };
        let value = read(&mut nested);
        nested.reject_unknown();
        let sound = nested.errors.is_empty();
        self.errors.append(&mut nested.errors);
        value.filter(|_| sound)
    }

    fn reject_unknown(&mut self) {
        let given: Vec<String> =
            std::mem::take(&mut self.members).into_iter().map(|(name, _)| name).collect();
        for (index, name) in given.iter().enumerate() {
            // Of more than are listed nobody reads what they may have been meant for.
            let message = if index < UNKNOWN_MAX {
                near::advice(name, &self.asked, self.others)
            } else {
                REMOVE_IT.to_owned()
            };
            self.reject(&shortened(name), Bad::new(UNKNOWN_FIELD, message));
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

/// Null, or the empty text that a form sends for a field that nobody has filled in.
fn is_nothing(input: &Input) -> bool {
    match input {
        Input::Null => true,
        Input::Text(text) => text.is_empty(),
        _ => false,
    }
}
