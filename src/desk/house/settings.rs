//! The settings as they are.

use maud::html;
use serde::Deserialize;

use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::table;
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;

#[derive(Deserialize)]
struct Settings {
    version: String,
    settings: Vec<Setting>,
}

#[derive(Deserialize)]
struct Setting {
    name: String,
    value: Option<String>,
    is_set: bool,
    meaning: String,
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let Settings { version, settings } = visit.api.get("/settings")?;
    let body = html! {
        h1 { (t::SETTINGS) }
        p { (t::how_settings_change(&version)) }
        (table(t::SETTINGS, t::SETTING_COLUMNS, html! {
            @for setting in &settings {
                tr {
                    td { code { (setting.name) } }
                    td { (setting.value.as_deref().unwrap_or(t::A_SECRET)) }
                    td { (if setting.is_set { t::WAS_SET } else { t::IS_DEFAULT }) }
                    td { (setting.meaning) }
                }
            }
        }))
    };
    Ok(Answer::Page(Content::new(Room::House, t::SETTINGS, body)))
}
