//! The settings as they are, for managers to look at. They are changed where the service is started, not here.

use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::config::SettingShown;
use crate::error::Result;
use crate::web::request::Request;
use crate::web::response;

#[derive(Serialize)]
struct Settings<'a> {
    /// The program that runs.
    version: &'static str,
    settings: &'a [SettingShown],
}

/// `GET /settings`: each with its value, whether somebody has set it, and what it means. Secrets have no value.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let settings = Settings { version: env!("CARGO_PKG_VERSION"), settings: &app.config.settings };
    Ok(response::resource(request, &settings))
}
