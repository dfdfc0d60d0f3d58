//! What a page gives to be shown: its content, a way to go on, or something to keep.

use maud::Markup;
use rouille::Response;

/// The rooms of the desk, as the way around names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Today,
    Orders,
    Products,
    Restock,
    StockTakes,
    Customers,
    House,
    Nowhere,
}

pub struct Content {
    pub title: String,
    pub room: Room,
    pub body: Markup,
    /// On what a printed page is to fit, in the words of the style; None for pages to read.
    pub paper: Option<&'static str>,
}

impl Content {
    pub fn new(room: Room, title: impl Into<String>, body: Markup) -> Content {
        Content { title: title.into(), room, body, paper: None }
    }
}

/// What a page answers with.
pub enum Answer {
    Page(Content),
    Goto(String),
    /// Something to keep.
    File {
        content_type: &'static str,
        name: String,
        text: String,
    },
    /// What an endpoint sends, as it is.
    Sent(Response),
}

/// Fields of decimal numbers, which people write with the comma of their country.
pub const DECIMALS: &[&str] = &["price", "unit_cost", "cost", "minimum_order_value", "service_level"];

/// What a list can show: its name in the address, its words, and the parameters of the endpoint that stand for it.
pub type View = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
