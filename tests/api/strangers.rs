//! What people really write, found in strangers' clients, product files and bug reports, by its kind.

mod finding;
mod forms;
mod people;
mod prices;
mod skus;
mod text;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::client::Client;
use crate::paging::ids_of;

/// A text as it stands in a query.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The ids of a list that is asked for this text.
fn found(client: &Client, path: &str, parameter: &str, text: &str) -> Vec<u64> {
    ids_of(&client.get(&format!("{path}?{parameter}={}", encoded(text))).expect(200))
}
