//! A form that was sent: its route is asked, and whoever has sent it is led on.

use rouille::Response;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::desk::api::{self, Api, Call};
use crate::desk::login;
use crate::desk::multipart::FILE;
use crate::desk::page::DECIMALS;
use crate::desk::products;
use crate::desk::texts as t;
use crate::desk::visit::After::{At, Here, Once, There, With};
use crate::desk::visit::{Posted, Visit};
use crate::error::{Error, Result};
use crate::http::no_room;
use crate::problem::{self, Problem};
use crate::values::{Bad, hex};
use crate::web::upload::Upload;

/// What a form came to.
pub enum Done {
    Goto(String),
    /// Nothing was sent yet: the same visit goes on here.
    Counted(String),
    Made(Value),
}

/// What is said to have been done when nothing was.
const UNCHANGED: &str = "unchanged";

/// The forms of notes, which have been looked at when they are saved as they are.
const LOOKED_AT: [&str; 2] = ["review", "annotate"];

/// Sends a form to its route, and says where to go on.
pub fn send(visit: &Visit, posted: &Posted) -> Result<Done> {
    (posted.form.check)(visit, posted)?;
    let locale = visit.app().config.locale;
    let written = |name: &str, value: &str| match name {
        _ if DECIMALS.contains(&name) => locale.typed_decimal(value),
        _ => value.to_owned(),
    };
    let body = posted.fields.to_json(written);
    let call = posted.call(&body);
    let sent = match visit.api.file_bytes_max(posted.form.method, posted.form.path) {
        Some(bytes_max) => send_file(visit, posted, &call, bytes_max).map(Some),
        None => visit.api.send_once(&call, login::token(visit.api.http).unwrap_or("")),
    };
    let response = match sent {
        Err(Error::Refused(problem))
            if problem.kind == problem::IDEMPOTENCY_KEY_REUSED && products::is_booked(visit, posted)? =>
        {
            None
        }
        response => response?,
    };
    let header = |name| response.as_ref().and_then(|response| api::header(response, name));
    let (location, is_replayed) =
        (header("Location"), response.is_none() || header("Idempotency-Replayed").is_some());
    let to = match (&posted.form.after, location) {
        (Once, _) => {
            let text = response.map(api::body_of).transpose()?.map(|(text, _)| text).unwrap_or_default();
            return Ok(Done::Made(serde_json::from_str(&text).unwrap_or_default()));
        }
        (There, Some(location)) => format!("/desk{location}"),
        (With(address), Some(location)) => format!("{address}{}", location.rsplit('/').next().unwrap_or("")),
        (At(path), _) => api::target(path, posted.of.id, posted.of.product_id),
        (Here | There | With(_), _) => visit.here_anew(),
    };
    // The version stays as it was where the change made no difference.
    let stays = response.as_ref().and_then(|response| api::header(response, "ETag"));
    let is_correction =
        matches!(posted.form.method, "PATCH" | "PUT") && !LOOKED_AT.contains(&posted.form.name);
    let is_unchanged = is_correction && stays.is_some_and(|etag| etag == posted.version);
    let done = if is_unchanged { UNCHANGED } else { posted.form.name };
    // So that the page can say what has become of a scan, and of a form that had done its work before.
    let last = posted.fields.scanned().map_or("", |(_, text)| text);
    let before = if is_replayed { "true" } else { "" };
    let path = to.split('?').next().unwrap_or("");
    let proof = proof_of(&visit.api, path, done, before);
    let said = [("done", done), ("before", before), ("proof", &proof), ("last", last)];
    Ok(Done::Goto(api::with_query(&to, &said)))
}

/// Sends a form with a file to its route: the file is the body, and what else was filled in stands in the query.
fn send_file(visit: &Visit, posted: &Posted, call: &Call, bytes_max: usize) -> Result<Response> {
    let refused = |code, message: &str| Problem::invalid_field(FILE, Bad::new(code, message));
    let file = posted.file.as_ref().ok_or_else(|| refused("required", t::imports::CHOOSE_A_FILE))?;
    let file = file.try_clone().map_err(no_room)?;
    let upload = Upload::of_file(file, bytes_max).map_err(|problem| {
        let is_too_long = problem.kind == problem::BODY_TOO_LARGE;
        if is_too_long { refused("too_large", t::imports::TOO_LARGE) } else { problem }
    })?;
    visit.api.send_file(call, &posted.fields.iter().collect::<Vec<_>>(), upload)
}

/// The form that whoever is here has just sent, and whether it had done its work before.
pub fn done_before_this(visit: &Visit) -> Option<(String, bool)> {
    let (form, before) = (visit.param("done")?, visit.param("before").unwrap_or(""));
    let proof = proof_of(&visit.api, visit.path, form, before);
    (visit.param("proof") == Some(proof.as_str())).then(|| (form.to_owned(), !before.is_empty()))
}

/// That a form has done its work, for whoever has sent it: an address that only says so proves nothing.
fn proof_of(api: &Api, path: &str, form: &str, before: &str) -> String {
    let session = login::token(api.http).unwrap_or("");
    hex(&Sha256::digest(format!("done {session} {path} {form} {before}"))[..8])
}
