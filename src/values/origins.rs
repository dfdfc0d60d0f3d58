//! The origins whose pages may call: what a browser sends as `Origin`.

use std::net::{Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    Nobody,
    These(Vec<String>),
    /// Whoever calls, which is safe where a page can send nothing that the browser keeps for this service.
    Anybody,
}

impl Origins {
    /// Reads `*`, nothing, or origins with commas between. The error says of each that is none what to write
    /// instead: one that no browser sends would never be let in, and nobody would know why.
    pub fn parse(text: &str) -> Result<Origins, String> {
        match text.trim() {
            "" => return Ok(Origins::Nobody),
            "*" => return Ok(Origins::Anybody),
            _ => {}
        }
        let (good, wrong): (Vec<&str>, Vec<&str>) =
            text.split(',').map(str::trim).partition(|entry| is_origin(entry));
        if wrong.is_empty() {
            return Ok(Origins::These(good.into_iter().map(str::to_owned).collect()));
        }
        let wrong: Vec<String> = wrong.into_iter().map(what_is_wrong).collect();
        Err(format!(
            "must be * alone, or origins such as https://shop.example with commas between: {}",
            wrong.join("; ")
        ))
    }

    /// What `Access-Control-Allow-Origin` says to a page of this origin; None when it may not read the answer.
    pub fn allowed(&self, origin: Option<&str>) -> Option<&str> {
        match self {
            Origins::Nobody => None,
            Origins::These(these) => {
                these.iter().find(|this| Some(this.as_str()) == origin).map(String::as_str)
            }
            Origins::Anybody => Some("*"),
        }
    }
}

fn what_is_wrong(entry: &str) -> String {
    match meant(entry) {
        _ if entry == "*" => "* stands with others".to_owned(),
        Some(origin) => format!("{entry:?} is written {origin}"),
        None => format!("{entry:?} is none"),
    }
}

/// The origin of an address that people copy: in small letters, without a path and the scheme's own port.
fn meant(entry: &str) -> Option<String> {
    let entry = entry.to_ascii_lowercase();
    let (scheme, rest) = entry.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let own_port = own_port(scheme).map(|port| format!(":{port}"));
    let host = own_port.and_then(|port| host.strip_suffix(port.as_str())).unwrap_or(host);
    Some(format!("{scheme}://{host}")).filter(|origin| is_origin(origin))
}

/// Whether a browser would send it: `scheme://host` in small letters, with a port unless it is the scheme's own.
fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let in_scheme = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
    if !scheme.starts_with(|c: char| c.is_ascii_lowercase()) || !scheme.bytes().all(in_scheme) {
        return false;
    }
    // A colon inside the brackets of an IPv6 address begins no port.
    let port_at = rest.rfind(':').filter(|at| !rest[*at..].contains(']'));
    let (host, port) = port_at.map_or((rest, None), |at| (&rest[..at], Some(&rest[at + 1..])));
    let good_port = port.is_none_or(|port| {
        let number = port.parse::<u16>().ok().filter(|number| *number > 0 && number.to_string() == port);
        number.is_some() && number != own_port(scheme)
    });
    good_port && is_host(host)
}

fn own_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address);
    }
    let in_label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(in_label);
    // What ends with a number is an address for a browser, however it is written.
    let is_number = |label: &str| label.starts_with("0x") || label.bytes().all(|b| b.is_ascii_digit());
    let ends_with_a_number = host.rsplit('.').next().is_some_and(is_number);
    host.len() <= 253
        && host.split('.').all(is_label)
        && (!ends_with_a_number || host.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_send_is_an_origin() {
        for origin in [
            "https://shop.example",
            "http://shop.example:8080",
            "https://xn--mller-kva.example",
            "http://localhost:5173",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "http://[2001:db8::7]",
            "https://a.b.c.example:80",
            "capacitor://localhost",
            "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb",
            "http://my_shop.example",
        ] {
            assert_eq!(Origins::parse(origin), Ok(Origins::These(vec![origin.to_owned()])), "{origin}");
        }
        assert_eq!(Origins::parse(""), Ok(Origins::Nobody));
        assert_eq!(Origins::parse(" * "), Ok(Origins::Anybody));
    }

    #[test]
    fn what_no_browser_sends_is_refused_by_its_name_with_what_was_meant() {
        for (entry, meant) in [
            ("https://shop.example/", Some("https://shop.example")),
            ("https://Shop.example", Some("https://shop.example")),
            ("HTTPS://shop.example:443/basket?x=1#y", Some("https://shop.example")),
            ("http://shop.example:80", Some("http://shop.example")),
            ("http://shop.example:080", None),
            ("http://shop.example:0", None),
            ("http://shop.example:65536", None),
            ("http://shop.example:", None),
            ("https://*.shop.example", None),
            ("https://müller.example", None),
            ("https://user@shop.example", None),
            ("https://shop.example.", None),
            ("https://shop example", None),
            ("shop.example", None),
            ("//shop.example", None),
            ("https:shop.example", None),
            ("https://", None),
            ("file://", None),
            ("null", None),
            ("http://[::1", None),
            ("http://[0:0::1]", None),
            ("http://127.1", None),
            ("http://256.1.1.1", None),
            ("https://shop.example;https://b.example", None),
        ] {
            match (Origins::parse(&format!("https://first.example, {entry}")), meant) {
                (Ok(_), _) => panic!("{entry} was taken"),
                (Err(said), Some(meant)) => {
                    assert!(said.ends_with(&format!("{entry:?} is written {meant}")), "{said}");
                }
                (Err(said), None) => assert!(said.ends_with(&format!("{entry:?} is none")), "{said}"),
            }
        }
        let said = Origins::parse("https://a.example,,ftp,*").unwrap_err();
        assert!(said.ends_with(r#"between: "" is none; "ftp" is none; * stands with others"#), "{said}");
    }

    #[test]
    fn an_origin_is_allowed_when_it_is_the_very_one() {
        let these = Origins::parse("https://shop.example, http://localhost:5173").unwrap();
        assert_eq!(these.allowed(Some("http://localhost:5173")), Some("http://localhost:5173"));
        for other in
            ["https://shop.example:443", "http://shop.example", "https://shop.example.evil", "null", ""]
        {
            assert_eq!(these.allowed(Some(other)), None, "{other}");
        }
        assert_eq!(these.allowed(None), None);
        assert_eq!(Origins::Nobody.allowed(Some("null")), None);
        assert_eq!(Origins::Anybody.allowed(None), Some("*"));
    }
}
