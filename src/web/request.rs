//! What a handler is given: the request, who calls, and the numbers in the path.

use std::borrow::Cow;
use std::io::Read;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;

use crate::app::App;
use crate::problem::{self, FieldError, Problem, REMOVE_IT, shortened};
use crate::values::input::Malformed;
use crate::values::{Bad, Id, Input, Timestamp};
use crate::web::caller::{self, Caller};
use crate::web::form::Form;
use crate::web::upload::Upload;

pub struct Request<'a> {
    pub http: &'a rouille::Request,
    /// Empty where the route takes a file.
    pub body: Vec<u8>,
    pub upload: Option<Upload>,
    /// Of the route: GET also for HEAD.
    pub method: &'static str,
    pub caller: Caller,
    /// The id in the path, or 0 where the route has none.
    pub path_id: Id,
    /// That of the product within what has the first.
    pub path_product_id: Id,
}

impl Request<'_> {
    /// The body as the fields of a JSON object.
    pub fn json(&self) -> Result<Form, Problem> {
        let content_type = self.http.header("Content-Type").unwrap_or("");
        let (media_type, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let media_type = media_type.trim();
        let json = media_type.eq_ignore_ascii_case("application/json");
        // What PATCH means here has a media type of its own (RFC 7396).
        let patch = self.method == "PATCH" && media_type.eq_ignore_ascii_case("application/merge-patch+json");
        if !json && !patch {
            let detail = "Send the body as JSON with the header \"Content-Type: application/json\".";
            return Err(Problem::new(problem::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        if parameters.split(';').any(names_another_charset) {
            let detail = "Send the body in UTF-8, and name no other charset in the Content-Type.";
            return Err(Problem::new(problem::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        self.json_fields()
    }

    /// Like [`Request::json`] for requests whose body may be left out altogether.
    pub fn json_or_nothing(&self) -> Result<Form, Problem> {
        match self.body.as_slice() {
            [] => Ok(Form::new(Vec::new())),
            _ => self.json(),
        }
    }

    fn json_fields(&self) -> Result<Form, Problem> {
        let text = std::str::from_utf8(&self.body)
            .map_err(|_| Problem::new(problem::INVALID_UTF8, "Send the body in UTF-8."))?;
        match Input::parse(text) {
            Ok(Input::Object(members)) => Ok(Form::new(members)),
            Ok(_) => {
                let bad = Bad::new("wrong_type", "the body must be a JSON object");
                Err(Problem::invalid_field("", bad))
            }
            Err(Malformed::DuplicateKey(key)) => {
                let key = shortened(&key);
                let detail = format!("The key {key:?} appears twice in one object. Send it once.");
                Err(Problem::new(problem::DUPLICATE_KEY, detail))
            }
            Err(Malformed::Syntax(cause)) => {
                Err(Problem::new(problem::MALFORMED_JSON, format!("Correct the JSON: {cause}.")))
            }
            Err(Malformed::TooDeep) => {
                Err(Problem::new(problem::MALFORMED_JSON, "The JSON is nested too deeply for anything here."))
            }
        }
    }

    /// The query string as fields. A name may stand once.
    pub fn query(&self) -> Result<Form, Problem> {
        let mut members: Vec<(String, Input)> = Vec::new();
        let mut repeated: Vec<String> = Vec::new();
        for (name, value) in self.parameters() {
            let (name, value) = (decoded(name)?, decoded_value(value)?);
            if !members.iter().any(|(known, _)| *known == name) {
                members.push((name, Input::Text(value)));
            } else if !repeated.contains(&name) {
                repeated.push(name);
            }
        }
        let mut form = Form::new(members);
        for name in repeated {
            form.reject(&shortened(&name), Bad::new("repeated", "must appear only once"));
        }
        Ok(form)
    }

    fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.http.raw_query_string().split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// Refuses what stands in the query of a request that takes nothing there.
    pub fn refuse_query(&self) -> Result<(), Problem> {
        let advice = match self.method {
            "GET" | "DELETE" => REMOVE_IT,
            _ => "is not known here, behind the path; the fields stand in the body, as JSON",
        };
        let names = self.parameters().map(|(name, _)| percent_decode_str(name).decode_utf8_lossy());
        let unknown =
            |name: Cow<str>| FieldError::new(shortened(&name), Bad::new(problem::UNKNOWN_FIELD, advice));
        let errors: Vec<FieldError> = names.map(unknown).collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(errors)) }
    }

    /// The address to throttle by.
    pub fn client_address(&self, app: &App) -> IpAddr {
        caller::client_address(app, self.http)
    }
}

/// Whether a parameter of a Content-Type says that the text is not in UTF-8.
fn names_another_charset(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let value = value.trim().trim_matches('"');
    let utf8 = ["utf-8", "utf8"].iter().any(|name| value.eq_ignore_ascii_case(name));
    name.trim().eq_ignore_ascii_case("charset") && !utf8
}

/// The whole body, without a byte order mark before it. `http` never hands over one of more than `bytes_max`
/// bytes; other listeners may.
pub fn read_body(http: &rouille::Request, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::new();
    // None when it was read before, which nobody does.
    let Some(data) = http.data() else {
        return Ok(body);
    };
    let read = data.take(bytes_max as u64 + 1).read_to_end(&mut body);
    read.map_err(|_| Problem::new(problem::MALFORMED_REQUEST, "The body did not arrive whole."))?;
    if body.len() > bytes_max {
        return Err(Problem::new(problem::BODY_TOO_LARGE, format!("Send at most {bytes_max} bytes.")));
    }
    let encoding =
        http.header("Content-Encoding").filter(|encoding| !encoding.eq_ignore_ascii_case("identity"));
    if encoding.is_some() && !body.is_empty() {
        let detail = "Send the body as it is, without a Content-Encoding.";
        return Err(Problem::new(problem::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    // Some editors and languages put it before all that they write in UTF-8.
    if body.starts_with("\u{FEFF}".as_bytes()) {
        body.drain(.."\u{FEFF}".len());
    }
    Ok(body)
}

fn decoded(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    let decoded = decoded.map_err(|_| {
        Problem::new(problem::INVALID_UTF8, "Send the query string in UTF-8, percent-encoded.")
    })?;
    Ok(decoded.into_owned())
}

/// A `+` means a blank in a query, but the one before the zone of a time is hardly ever written `%2B`, and no time
/// has a blank there.
fn decoded_value(text: &str) -> Result<String, Problem> {
    let value = decoded(text)?;
    if text.contains('+')
        && let Some((time, zone)) = value.rsplit_once(' ')
    {
        let restored = Input::Text(format!("{time}+{zone}"));
        if let (Ok(_), Input::Text(restored)) = (Timestamp::parse(&restored), restored) {
            return Ok(restored);
        }
    }
    Ok(value)
}
