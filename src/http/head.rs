//! The head of a request, and how its body is delimited: pure functions, within the limits below. What is
//! refused here is a problem like any other.

use std::borrow::Cow;

use crate::problem::{self, Problem};

/// Request line and headers. Browsers send up to about 4 KiB; nginx allows 8 KiB a line.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
pub const HEADERS_MAX: usize = 64;
/// The longest request line worth reading: a search with its filters has a few hundred bytes.
const URI_BYTES_MAX: usize = 8 * 1024;

pub struct Head {
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The minor version of HTTP/1.
    version: u8,
    pub headers: Vec<(String, String)>,
}

impl Head {
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    pub fn wants_continue(&self) -> Result<bool, Problem> {
        match self.values("Expect").next() {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("100-continue") => Ok(self.version == 1),
            Some(_) => {
                let detail = "Leave the Expect header out, or send \"100-continue\".";
                Err(Problem::new(problem::EXPECTATION_FAILED, detail))
            }
        }
    }

    pub fn keep_alive(&self) -> bool {
        let asks = |option: &str| {
            let mut options = self.values("Connection").flat_map(|value| value.split(','));
            options.any(|given| given.trim().eq_ignore_ascii_case(option))
        };
        match self.version {
            0 => asks("keep-alive"),
            _ => !asks("close"),
        }
    }
}

/// The head at the start of `bytes` and its length, or None while it is not all here.
pub fn parse_head(bytes: &[u8]) -> Result<Option<(Head, usize)>, Problem> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => {
            let target = parsed.path.unwrap_or("");
            if target.len() > URI_BYTES_MAX {
                return Err(uri_too_long());
            }
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let headers = parsed.headers.iter();
            let head = Head {
                method: parsed.method.unwrap_or("").to_owned(),
                target: origin_form(target).into_owned(),
                version: parsed.version.unwrap_or(1),
                headers: headers.map(|header| (header.name.to_owned(), text(header.value))).collect(),
            };
            if head.version == 1 && head.values("Host").count() != 1 {
                return Err(malformed("Send exactly one Host header."));
            }
            Ok(Some((head, length)))
        }
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => Ok(None),
        Ok(httparse::Status::Partial) if !bytes.contains(&b'\n') => Err(uri_too_long()),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            let detail = format!("Send at most {HEADERS_MAX} headers and {HEAD_BYTES_MAX} bytes of them.");
            Err(Problem::new(problem::HEADERS_TOO_LARGE, detail))
        }
        Err(httparse::Error::Version) => {
            let detail = "Speak HTTP/1.1, or put a proxy in front that does.";
            Err(Problem::new(problem::HTTP_VERSION, detail))
        }
        Err(cause) => Err(malformed(&format!("The request line or a header cannot be read: {cause}."))),
    }
}

/// What is known of a request that is refused, so that it is told in a way that whoever asked can read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Empty where it cannot be read.
    pub target: String,
    pub origin: Option<String>,
}

impl Asked {
    pub fn by(head: &Head) -> Asked {
        Asked { target: head.target.clone(), origin: head.values("Origin").next().map(str::to_owned) }
    }

    /// As far as it can be read in a head that is too large, is not all here, or is wrong.
    pub fn read(bytes: &[u8]) -> Asked {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let target = lines.next().and_then(|line| line.split(|byte| *byte == b' ').nth(1));
        let mut headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
            let (name, value) = line.split_at_checked(b"origin:".len())?;
            name.eq_ignore_ascii_case(b"origin:").then(|| value.trim_ascii())
        });
        Asked {
            target: target.map(|target| origin_form(&text(target)).into_owned()).unwrap_or_default(),
            origin: headers.next().map(text),
        }
    }
}

fn uri_too_long() -> Problem {
    let detail = format!("Send a request line of at most {URI_BYTES_MAX} bytes.");
    Problem::new(problem::URI_TOO_LONG, detail)
}

/// The path and query of a request target. Proxies may be sent the whole address, whose host ends at the first
/// slash or question mark.
fn origin_form(target: &str) -> Cow<'_, str> {
    let schemes = ["http://", "https://"].into_iter();
    let mut rest = schemes.filter_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let Some(rest) = rest.next().filter(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#'])) else {
        return Cow::from(target);
    };
    match rest.find(['/', '?', '#']).map(|at| &rest[at..]) {
        Some(path) if path.starts_with('/') => Cow::from(path),
        Some(query) => Cow::from(format!("/{query}")),
        None => Cow::from("/"),
    }
}

#[derive(PartialEq, Eq)]
pub enum Framing {
    Length(usize),
    Chunked,
}

/// How the body is delimited. What two servers could read in two ways is refused, since that is how
/// requests are smuggled past a proxy.
pub fn framing(head: &Head, body_bytes_max: usize) -> Result<Framing, Problem> {
    let mut lengths = head.values("Content-Length");
    let mut encodings = head.values("Transfer-Encoding");
    match (lengths.next(), encodings.next()) {
        (None, None) => Ok(Framing::Length(0)),
        (Some(_), Some(_)) => Err(malformed("Send Content-Length or Transfer-Encoding, not both.")),
        (None, Some(encoding)) if encoding.eq_ignore_ascii_case("chunked") && encodings.next().is_none() => {
            Ok(Framing::Chunked)
        }
        (None, Some(_)) => {
            let detail = "Send the body with a Content-Length, or chunked.";
            Err(Problem::new(problem::TRANSFER_ENCODING, detail))
        }
        (Some(length), None) => {
            let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
            if !digits || lengths.next().is_some() {
                return Err(malformed("Send one Content-Length, in digits."));
            }
            match length.parse::<usize>() {
                Ok(length) if length <= body_bytes_max => Ok(Framing::Length(length)),
                _ => Err(too_large(body_bytes_max)),
            }
        }
    }
}

pub fn malformed(detail: &str) -> Problem {
    Problem::new(problem::MALFORMED_REQUEST, detail)
}

pub fn too_large(body_bytes_max: usize) -> Problem {
    Problem::new(problem::BODY_TOO_LARGE, format!("Send at most {body_bytes_max} bytes."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(Some((head, length))) = parse_head(&bytes) {
                prop_assert!(length <= bytes.len());
                let _ = framing(&head, 1000);
            }
        }

        #[test]
        fn a_head_is_read_however_it_is_cut(cut in 0_usize..60) {
            let whole = b"GET /products?q=a HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n";
            let cut = cut.min(whole.len());
            let read = parse_head(&whole[..cut]);
            prop_assert_eq!(matches!(read, Ok(Some(_))), cut == whole.len());
        }
    }
}
