//! Where webhooks may go: an address that can be read in one way only, and leads out of the shop's own networks.
//!
//! What is typed is looked at when it is set, so that a slip is told at once. What counts is the address that a name
//! stands for at the moment of the connection, which [`may_be_reached`] decides each time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mysql::Value;
use serde::Serialize;

use crate::values::{Bad, Input};

const URL_BYTES_MAX: usize = 2000;
/// As long as a name in the DNS can be.
const HOST_BYTES_MAX: usize = 253;

/// The address of a receiver, as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Url(pub String);

impl From<&Url> for Value {
    fn from(url: &Url) -> Value {
        (&url.0).into()
    }
}

impl Url {
    /// Reads an address for a shop whose webhooks may go to private addresses, or not.
    pub fn parse(input: &Input, private: bool) -> Result<Url, Bad> {
        let Input::Text(text) = input else { return Err(Bad::not_text()) };
        let text = text.trim();
        if text.len() > URL_BYTES_MAX {
            return Err(Bad::new("too_long", format!("must be at most {URL_BYTES_MAX} characters")));
        }
        let refused = |message: &str| Err(Bad::new("invalid_url", message.to_owned()));
        let Some((scheme, rest)) = text.split_once("://") else {
            return refused("must be an address such as https://shop.example/hooks");
        };
        match scheme.to_ascii_lowercase().as_str() {
            "https" => {}
            "http" if private => {}
            "http" => {
                return refused(
                    "must begin with https://; plain http is for receivers on the shop's own network, which STOREKEEPER_WEBHOOK_PRIVATE_ADDRESSES=allow lets in",
                );
            }
            _ => return refused("must begin with https://"),
        }
        // Other programs read a backslash, a blank or a letter beyond ASCII in ways of their own.
        if let Some(odd) = rest.chars().find(|&c| !is_of_url(c)) {
            return refused(&format!(
                "holds {odd:?}, which must be percent-encoded in a path, and written as xn--… in a name"
            ));
        }
        if rest.contains('#') {
            return refused("must not have a fragment, from # on");
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if !has_whole_escapes(tail) {
            return refused("has a % that no two hexadecimal digits follow");
        }
        if authority.contains('@') {
            return refused("must not hold a username or a password; the signature says who sends");
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(inner) => match inner.split_once(']') {
                Some((host, "")) => (host, None),
                Some((host, port)) if port.starts_with(':') => (host, Some(&port[1..])),
                _ => return refused("has an address in [ that no ] ends"),
            },
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if let Some(port) = port
            && (!port.bytes().all(|b| b.is_ascii_digit())
                || port.parse::<u16>().is_ok_and(|n| n == 0)
                || port.parse::<u16>().is_err())
        {
            return refused("has a port that is none: it goes from 1 to 65535");
        }
        let address = if authority.starts_with('[') {
            match host.parse::<Ipv6Addr>() {
                Ok(address) => Some(IpAddr::V6(address)),
                Err(_) => return refused("has an address in [] that is no IPv6 address"),
            }
        } else if looks_like_a_number(host) {
            // 127.1, 0x7f000001 and 017700000001 are all 127.0.0.1 to somebody.
            match host.parse::<Ipv4Addr>() {
                Ok(address) => Some(IpAddr::V4(address)),
                Err(_) => return refused("has an IPv4 address that is not written as four numbers"),
            }
        } else if is_name(host) {
            None
        } else {
            return refused("has no name of a machine, such as shop.example");
        };
        let is_local = address.map_or_else(|| is_local_name(host), |ip| !may_be_reached(ip, private));
        if is_local && !(private && address.is_none()) {
            return Err(Bad::new(
                "private_address",
                "is an address of this machine or of a private network; STOREKEEPER_WEBHOOK_PRIVATE_ADDRESSES=allow lets such receivers in",
            ));
        }
        Ok(Url(text.to_owned()))
    }
}

/// What RFC 3986 has in addresses.
fn is_of_url(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c)
}

fn has_whole_escapes(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|after| after.len() >= 2 && after.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit))
}

/// Whether its last part is a number, as of an IPv4 address and of no name.
fn looks_like_a_number(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let digits = |text: &str, fits: fn(&u8) -> bool| text.as_bytes().iter().all(fits);
    !last.is_empty() && digits(&last, u8::is_ascii_digit)
        || last.strip_prefix("0x").is_some_and(|hex| digits(hex, u8::is_ascii_hexdigit))
}

fn is_name(host: &str) -> bool {
    let labels = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    labels.len() <= HOST_BYTES_MAX && labels.split('.').all(is_label)
}

/// Names that lead nowhere else, whoever is asked.
fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    ["localhost", "local", "internal"].contains(&last)
}

/// Whether a webhook may be sent to this address.
pub fn may_be_reached(ip: IpAddr, private: bool) -> bool {
    let ip = plain(ip);
    is_public(ip)
        || private && !ip.is_unspecified() && !ip.is_multicast() && ip != IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// The IPv4 address that an IPv6 address stands for, where it does: mapped, compatible, or through NAT64.
fn plain(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let [.., a, b, c, d] = v6.octets();
    match v6.segments() {
        // Of the compatible ones, :: and ::1 have a meaning of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => ip,
        [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Ipv4Addr::new(a, b, c, d).into(),
        _ => ip,
    }
}

/// Whether an address is one of the Internet's, by the registries of IANA for special purposes.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !matches!(
            v4.octets(),
            [0 | 10 | 127, ..]
                | [100, 64..=127, ..]
                | [169, 254, ..]
                | [172, 16..=31, ..]
                | [192, 168, ..]
                | [192, 0, 0 | 2, _]
                | [192, 88, 99, _]
                | [198, 18 | 19, ..]
                | [198, 51, 100, _]
                | [203, 0, 113, _]
                | [224..=255, ..]
        ),
        // Of what is assigned, 2000::/3, less Teredo and its kind, 6to4 (which may lead to any IPv4 address), and documentation.
        IpAddr::V6(v6) => match v6.segments() {
            [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] => false,
            [0x3fff, 0..=0xfff, ..] => false,
            [first, ..] => first & 0xe000 == 0x2000,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, private: bool) -> Result<Url, &'static str> {
        Url::parse(&Input::Text(text.to_owned()), private).map_err(|bad| bad.code)
    }

    #[test]
    fn addresses_that_lead_out_are_taken() {
        for text in [
            "https://shop.example",
            "https://shop.example/",
            "https://shop.example:8443/hooks/a%20b?token=1&x=[2]",
            "HTTPS://Shop.Example./hooks",
            "https://shop.example?x=1",
            "https://xn--caf-dma.example/",
            "https://my_receiver.example/~a/b;c=d,e",
            "https://93.184.216.34/",
            "https://[2606:2800:220:1:248:1893:25c8:1946]:443/hooks",
        ] {
            assert_eq!(read(text, false), Ok(Url(text.to_owned())), "{text}");
        }
        assert_eq!(read(" https://shop.example/ ", false), Ok(Url("https://shop.example/".into())));
    }

    #[test]
    fn what_is_no_address_or_says_two_things_is_refused() {
        for text in [
            "",
            "shop.example",
            "//shop.example",
            "ftp://shop.example/",
            "javascript://shop.example/",
            "http://shop.example/",
            "https:///hooks",
            "https://",
            "https://:443/",
            "https://shop..example/",
            "https://-shop.example/",
            "https://shop.example:0/",
            "https://shop.example:65536/",
            "https://shop.example:/",
            "https://shop.example:80a/",
            "https://shop.example:+80/",
            "https://ada@shop.example/",
            "https://ada:secret@shop.example/",
            "https://shop.example#top",
            "https://shop.example/#top",
            "https://shop.example\\@127.0.0.1/",
            "https://shop.example/a b",
            "https://shop.example/\r\nX: y",
            "https://shop.example/%zz",
            "https://shop.example/%1",
            "https://caf\u{e9}.example/",
            "https://shop%2eexample/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://1.2.3.4.5/",
            "https://[::1/",
            "https://[::1]x/",
            "https://[fe80::1%25eth0]/",
            "https://[shop.example]/",
        ] {
            assert_eq!(read(text, false), Err("invalid_url"), "{text}");
        }
        assert_eq!(read(&format!("https://shop.example/{}", "a".repeat(2000)), false), Err("too_long"));
    }

    /// One or two of each block.
    const PRIVATE: [&str; 34] = [
        "0.0.0.0",
        "10.0.0.1",
        "10.255.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:192.168.0.1",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "fe80::1",
        "fc00::1",
        "fdff::1",
        "ff02::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2001::1",
    ];

    #[test]
    fn private_addresses_are_refused_however_they_are_written() {
        for text in PRIVATE {
            let ip: IpAddr = text.parse().unwrap();
            assert!(!may_be_reached(ip, false), "{text}");
            let host = if ip.is_ipv6() { format!("[{text}]") } else { text.to_owned() };
            assert_eq!(read(&format!("https://{host}/"), false), Err("private_address"), "{text}");
        }
        for name in ["localhost", "LOCALHOST.", "a.localhost", "printer.local", "db.internal"] {
            assert_eq!(read(&format!("https://{name}/"), false), Err("private_address"), "{name}");
        }
    }

    #[test]
    fn the_public_neighbours_of_private_addresses_are_not() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "192.169.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:4860:4860::8888",
            "2a00::1",
        ] {
            assert!(may_be_reached(text.parse().unwrap(), false), "{text}");
        }
    }

    #[test]
    fn a_shop_may_let_its_own_networks_in() {
        for text in ["http://127.0.0.1:9000/", "https://[::1]/", "http://localhost/", "http://10.0.0.5/"] {
            assert!(read(text, true).is_ok(), "{text}");
        }
        for text in ["http://0.0.0.0/", "http://224.0.0.1/", "http://255.255.255.255/", "https://[ff02::1]/"]
        {
            assert_eq!(read(text, true), Err("private_address"), "{text}");
        }
        assert_eq!(read("ftp://localhost/", true), Err("invalid_url"));
    }
}
