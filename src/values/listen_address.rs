//! Where to listen: a port, or a socket that is a file.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// The system keeps the path of a socket in 108 bytes, with a zero at the end.
const PATH_BYTES_MAX: usize = 107;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl FromStr for ListenAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<ListenAddress, &'static str> {
        let Some(path) = text.strip_prefix("unix:") else {
            let must = "must be an address with a port, such as 127.0.0.1:8080, or unix: and a path";
            return text.parse().map(ListenAddress::Tcp).map_err(|_| must);
        };
        if !path.starts_with('/') || path.ends_with('/') || path.len() > PATH_BYTES_MAX || path.contains('\0')
        {
            return Err("must name the file of the socket by its whole path, of at most 107 bytes, such as \
                        unix:/run/storekeeper/http.sock");
        }
        Ok(ListenAddress::Unix(path.into()))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            ListenAddress::Tcp(address) => write!(f, "{address}"),
            ListenAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
