//! What is listened on and what comes in: TCP or a unix socket, which differ in nothing else.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::{fs, ptr};

use crate::values::ListenAddress;

/// Who connects to a unix socket is on this machine.
const UNIX_PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

pub struct Listener {
    socket: Socket,
    pub address: ListenAddress,
    /// The socket's file, when it was made here and goes when the server ends.
    pub file: Option<PathBuf>,
    /// Whether somebody else keeps it open: who connects while this program ends is answered by the next one.
    pub stays_open: bool,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A client's connection.
pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// Listens on an address. A unix socket's file gets this mode; one that was left behind, on which nobody
    /// listens any more, is replaced.
    pub fn bind(address: &ListenAddress, mode: u32) -> io::Result<Listener> {
        match address {
            ListenAddress::Tcp(address) => Listener::from_tcp(TcpListener::bind(address)?),
            ListenAddress::Unix(path) => {
                remove_left_behind(path)?;
                let socket = Socket::Unix(UnixListener::bind(path)?);
                fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
                Ok(Listener { socket, address: address.clone(), file: Some(path.clone()), stays_open: false })
            }
        }
    }

    /// Takes over a socket that somebody else listens on for this program, as systemd does.
    pub fn inherited(socket: OwnedFd) -> io::Result<Listener> {
        if option(&socket, libc::SO_TYPE)? != libc::SOCK_STREAM || option(&socket, libc::SO_ACCEPTCONN)? == 0
        {
            return Err(io::Error::other("it is no stream socket that listens"));
        }
        let unix = UnixListener::from(socket);
        let listener = match unix.local_addr() {
            Ok(address) => {
                let path = address.as_pathname().unwrap_or(Path::new("(without a name)")).to_owned();
                let address = ListenAddress::Unix(path);
                Listener { socket: Socket::Unix(unix), address, file: None, stays_open: false }
            }
            // Of another family.
            Err(_) => Listener::from_tcp(TcpListener::from(OwnedFd::from(unix)))?,
        };
        Ok(Listener { stays_open: true, ..listener })
    }

    fn from_tcp(listener: TcpListener) -> io::Result<Listener> {
        let address = ListenAddress::Tcp(listener.local_addr()?);
        Ok(Listener { socket: Socket::Tcp(listener), address, file: None, stays_open: false })
    }

    pub fn set_nonblocking(&self) -> io::Result<()> {
        match &self.socket {
            Socket::Tcp(listener) => listener.set_nonblocking(true),
            Socket::Unix(listener) => listener.set_nonblocking(true),
        }
    }

    /// The next connection and whose it is.
    pub fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // An answer is one write; without this it could wait 40 ms for the client's delayed
                // acknowledgement of the one before.
                stream.set_nodelay(true)?;
                Ok((Stream::Tcp(stream), peer))
            }
            Socket::Unix(listener) => Ok((Stream::Unix(listener.accept()?.0), UNIX_PEER)),
        }
    }
}

/// Removes the file of a socket on which nobody listens: a program that was killed leaves it there.
fn remove_left_behind(path: &Path) -> io::Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file is there that is no socket"));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}

/// One of a socket's options that are whole numbers.
fn option(socket: &OwnedFd, name: libc::c_int) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut length = libc::socklen_t::try_from(size_of_val(&value)).expect("four");
    // SAFETY: value and length live as long as the call, and length is value's size.
    let got = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            name,
            ptr::from_mut(&mut value).cast(),
            &raw mut length,
        )
    };
    if got == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
}

impl Stream {
    pub fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_nonblocking(true),
            Stream::Unix(stream) => stream.set_nonblocking(true),
        }
    }

    /// Says that nothing more will be written.
    pub fn end_writing(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(listener) => listener.as_fd(),
            Socket::Unix(listener) => listener.as_fd(),
        }
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
