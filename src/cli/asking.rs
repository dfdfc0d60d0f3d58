//! Asking a service of this machine over HTTP, like anybody else: the watchdog, setup and doctor do.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::values::ListenAddress;

/// More than any of the short answers that are asked for.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// The status of the answer to a GET, and its text from the head on. The log has the id.
pub fn get(
    address: &ListenAddress,
    path: &str,
    request_id: &str,
    limit: Duration,
) -> io::Result<(u16, String)> {
    match address {
        ListenAddress::Tcp(address) => {
            let stream = TcpStream::connect_timeout(address, limit)?;
            stream.set_read_timeout(Some(limit))?;
            stream.set_write_timeout(Some(limit))?;
            exchange(stream, path, request_id)
        }
        ListenAddress::Unix(socket) => {
            let stream = UnixStream::connect(socket)?;
            stream.set_read_timeout(Some(limit))?;
            stream.set_write_timeout(Some(limit))?;
            exchange(stream, path, request_id)
        }
    }
}

fn exchange(mut stream: impl Read + Write, path: &str, request_id: &str) -> io::Result<(u16, String)> {
    stream.write_all(
        format!(
            "GET {path} HTTP/1.1\r\nHost: watchdog\r\nX-Request-Id: {request_id}\r\nConnection: close\r\n\r\n"
        )
        .as_bytes(),
    )?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.map(|status| (status, answer)).ok_or_else(|| io::Error::other("it is not answered in HTTP/1.1"))
}
