//! The document while it is put together.

use std::collections::BTreeMap;
use std::iter;

use crate::web::description::parts::{Common, Json, reference};

pub struct Building {
    pub common: Common,
    /// By name; the same refusals of many operations appear once.
    pub responses: BTreeMap<String, Json>,
    /// The schemas of pages and of the refusals of an operation, by name.
    pub schemas: BTreeMap<String, Json>,
}

impl Building {
    pub fn new(common: Common) -> Building {
        Building { common, responses: BTreeMap::new(), schemas: BTreeMap::new() }
    }

    /// The response under its name, with a number where that belongs to one with other examples.
    pub fn shared(&mut self, name: String, response: Json) -> Json {
        let numbered = (2..).map(|number| format!("{name}{number}"));
        let is_free =
            |name: &String| self.responses.get(name).is_none_or(|known| known.get() == response.get());
        let name = iter::once(name.clone()).chain(numbered).find(is_free).expect("numbers do not end");
        let reference = reference("responses", &name);
        self.responses.insert(name, response);
        reference
    }
}
