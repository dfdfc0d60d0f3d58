//! How the desk asks the API: its endpoints are called in this process, as the member of staff who is logged in.
//!
//! So what a page shows and what a form does is what any front end would be shown and could do: the same permissions,
//! checks, versions and keys, and no second way to change anything.

use std::io::Read;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use rouille::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::error::{Error, Result};
use crate::problem::Problem;
use crate::values::{Id, hex};
use crate::web::admission;
use crate::web::caller::Caller;
use crate::web::export;
use crate::web::idempotency;
use crate::web::request::Request;
use crate::web::route::Route;
use crate::web::upload::Upload;

pub struct Api<'a> {
    pub app: &'a App,
    pub routes: &'static [Route],
    /// What the browser sent: where it comes from is where the work is done for.
    pub http: &'a rouille::Request,
    pub caller: Caller,
    /// What the log calls this request.
    pub request_id: &'a str,
}

/// The version of what is not there yet: whoever else makes it meanwhile has made another one. No version looks like it.
pub const NOT_THERE: &str = "*";

/// What an endpoint shows, with its version.
pub struct Seen<T> {
    pub value: T,
    pub version: String,
}

/// A change that is asked for.
pub struct Call<'a> {
    pub method: &'static str,
    pub path: &'static str,
    pub id: Id,
    pub product_id: Id,
    pub body: &'a Value,
    pub key: &'a str,
    /// Empty where the form does not say, and [`NOT_THERE`] where it showed that there is nothing yet.
    pub version: &'a str,
}

impl Api<'_> {
    /// What stands at `target`, a path with its query.
    pub fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T> {
        Ok(self.read(target)?.value)
    }

    /// The same with its version, for a form that changes it.
    pub fn read<T: DeserializeOwned>(&self, target: &str) -> Result<Seen<T>> {
        let (text, version) = self.text(target)?;
        let value = serde_json::from_str(&text).map_err(|cause| {
            Error::Internal(format!("a page of the desk does not understand {target}: {cause}"))
        })?;
        Ok(Seen { value, version })
    }

    /// What stands there as it is sent, and its version.
    pub fn text(&self, target: &str) -> Result<(String, String)> {
        let path = target.split('?').next().unwrap_or("");
        let (route, ids) = self.route("GET", |route| route.matches(path))?;
        body_of(self.ask(route, ids, target, Vec::new(), Sent::Json(Vec::new()))?)
    }

    /// All of the list of which a page stands there, as a file.
    pub fn file(&self, target: &str) -> Result<Response> {
        let path = target.split('?').next().unwrap_or("");
        let (route, ids) = self.route("GET", |route| route.matches(path))?;
        self.ask(route, ids, target, vec![("Accept".into(), "text/csv".into())], Sent::Json(Vec::new()))
    }

    /// Sends a change. None when it was done before: sent once more, it does nothing.
    pub fn send_once(&self, call: &Call, session: &str) -> Result<Option<Response>> {
        if call.method == "POST" {
            return self.send(call).map(Some);
        }
        // The routes keep answers of POST only; of the others their version does. It is named by a secret of who sends
        // it, since a digest of what people are called is no way to forget them.
        let target = target(call.path, call.id, call.product_id);
        let mut name = Sha256::new();
        for part in [session, call.key, call.method, &target, &call.body.to_string()] {
            name.update(part.len().to_le_bytes());
            name.update(part);
        }
        idempotency::unless_done(self.app, &self.caller, &hex(&name.finalize()), &target, || self.send(call))
    }

    /// Sends a change, or a question that has a body.
    pub fn send(&self, call: &Call) -> Result<Response> {
        let (route, ()) = self.route(call.method, |route| (route.path == call.path).then_some(()))?;
        let target = target(call.path, call.id, call.product_id);
        let mut headers = Vec::new();
        if route.takes_key() && !call.key.is_empty() {
            headers.push(("Idempotency-Key".into(), call.key.into()));
        }
        match call.version {
            version if version.is_empty() || !route.changes_one() => {}
            NOT_THERE => headers.push(("If-None-Match".into(), NOT_THERE.into())),
            version => headers.push(("If-Match".into(), version.into())),
        }
        // A form in which nothing was filled in is asked for what it lacks, so it goes as one without fields.
        let body = if call.method == "DELETE" { Vec::new() } else { call.body.to_string().into_bytes() };
        self.ask(route, (call.id, call.product_id), &target, headers, Sent::Json(body))
    }

    /// Sends a file, with what the form says of it in the query.
    pub fn send_file(&self, call: &Call, query: &[(&str, &str)], file: Upload) -> Result<Response> {
        let (route, ()) = self.route(call.method, |route| (route.path == call.path).then_some(()))?;
        let target = with_query(call.path, query);
        let key = (!call.key.is_empty()).then(|| ("Idempotency-Key".into(), call.key.into()));
        self.ask(route, (call.id, call.product_id), &target, key.into_iter().collect(), Sent::File(file))
    }

    /// How long a file is that this route takes, if it takes one.
    pub fn file_bytes_max(&self, method: &str, path: &str) -> Option<usize> {
        file_bytes_max(self.routes, method, path)
    }

    /// Whether whoever is logged in may do this.
    pub fn may(&self, method: &str, path: &str) -> bool {
        let found = self.route(method, |route| (route.path == path).then_some(()));
        found.is_ok_and(|(route, ())| route.check(&self.caller).is_ok())
    }

    fn route<T>(&self, method: &str, fits: impl Fn(&Route) -> Option<T>) -> Result<(&'static Route, T)> {
        let mut of_method = self.routes.iter().filter(|route| route.method == method);
        Ok(of_method.find_map(|route| Some((route, fits(route)?))).ok_or_else(Problem::not_found)?)
    }

    fn ask(
        &self,
        route: &Route,
        (path_id, path_product_id): (Id, Id),
        target: &str,
        mut headers: Vec<(String, String)>,
        sent: Sent,
    ) -> Result<Response> {
        route.check(&self.caller)?;
        let (body, upload, content_type) = match sent {
            Sent::Json(body) => (body, None, "application/json"),
            Sent::File(file) => (Vec::new(), Some(file), "text/csv"),
        };
        if !body.is_empty() || upload.is_some() {
            headers.push(("Content-Type".into(), content_type.into()));
        }
        let proxy = self.app.config.client_address_header.as_deref();
        if let Some((name, address)) = proxy.and_then(|name| Some((name, self.http.header(name)?))) {
            headers.push((name.into(), address.into()));
        }
        let from = *self.http.remote_addr();
        let http = rouille::Request::fake_http_from(from, route.method, target, headers, Vec::new());
        admission::admit_call(self.app, &http, route, &self.caller, body.len())?;
        let caller = self.caller.clone();
        let request =
            Request { http: &http, body, upload, method: route.method, caller, path_id, path_product_id };
        export::answer(self.app, &request, route.handler)
    }
}

/// What an endpoint is sent beside its headers.
enum Sent {
    /// Nothing where it is empty.
    Json(Vec<u8>),
    File(Upload),
}

pub fn file_bytes_max(routes: &[Route], method: &str, path: &str) -> Option<usize> {
    let mut taking = routes.iter().filter(|route| route.takes_file);
    taking.find(|route| (route.method, route.path) == (method, path)).map(|route| route.body_bytes)
}

/// The text of an answer, and its version.
pub fn body_of(response: Response) -> Result<(String, String)> {
    let version = header(&response, "ETag").unwrap_or_default();
    let mut text = String::new();
    let (mut reader, _) = response.data.into_reader_and_size();
    reader
        .read_to_string(&mut text)
        .map_err(|cause| Error::Internal(format!("an answer of ours: {cause}")))?;
    Ok((text, version))
}

pub fn header(response: &Response, name: &str) -> Option<String> {
    response.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone().into_owned())
}

/// The path of a pattern with its ids.
pub fn target(pattern: &str, id: Id, product_id: Id) -> String {
    pattern.replace("{id}", &id.to_string()).replace("{product_id}", &product_id.to_string())
}

/// A path with a query of what is not empty.
pub fn with_query(path: &str, members: &[(&str, &str)]) -> String {
    let mut text = path.to_owned();
    for (name, value) in members.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.contains('?') { '&' } else { '?' });
        text.push_str(name);
        text.push('=');
        text.extend(encoded(value));
    }
    text
}

/// What has a meaning of its own in a query, and all but the plainest of the rest. What was counted stands in addresses
/// with points and hyphens, which stay as they are.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encoded(text: &str) -> impl Iterator<Item = &str> {
    percent_encoding::utf8_percent_encode(text, ENCODED)
}
