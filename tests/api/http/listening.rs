//! What is listened on: a unix socket, and sockets that were opened by somebody else.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;

use crate::fixtures::unique;
use crate::harness::{self, Shop};
use crate::program::{Service, handed_over, run_command};
use crate::wire;

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n";

/// A folder for a socket, gone when it is dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        let path =
            std::env::temp_dir().join(format!("{}-{}", unique("storekeeper-socket"), std::process::id()));
        fs::create_dir(&path).expect("a folder");
        Folder(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("http.sock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn ask(stream: &mut (impl Read + Write)) {
    stream.write_all(HEALTH).expect("the server reads");
    wire::read_answer(stream).expect(200);
}

#[test]
fn a_unix_socket_serves_like_a_port_and_is_removed_at_the_end() {
    let shop = Shop::open();
    let folder = Folder::new();
    let address = format!("unix:{}", folder.socket().display());
    let service = Service::start(&shop.database_url, &[("STOREKEEPER_LISTEN", &address)]);
    assert_eq!(service.base, address);
    let mode = fs::metadata(folder.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666, "as open as a port of loopback");

    let mut kept = wire::connect_unix(&folder.socket());
    for _ in 0..3 {
        ask(&mut kept);
    }
    // Throttled like anybody on this machine, and not answered 500 for want of an address.
    let login = r#"{"username": "nobody", "password": "not the password"}"#;
    let length = login.len();
    write!(kept, "POST /sessions HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{login}")
        .unwrap();
    wire::read_answer(&mut kept).expect_problem(401, "wrong_credentials");

    service.signal("TERM");
    assert_eq!(wire::read_to_end(&mut kept), b"");
    assert_eq!(service.wait().0, Some(0));
    assert!(!folder.socket().exists());
}

#[test]
fn a_socket_left_behind_is_replaced_and_one_in_use_is_not() {
    let shop = Shop::open();
    let folder = Folder::new();
    let address = format!("unix:{}", folder.socket().display());
    let settings = [("STOREKEEPER_LISTEN", address.as_str())];
    let killed = Service::start(&shop.database_url, &settings);
    killed.signal("KILL");
    killed.wait();
    assert!(fs::metadata(folder.socket()).unwrap().file_type().is_socket(), "a killed program leaves it");

    let service = Service::start(&shop.database_url, &settings);
    let second = run_command(harness::storekeeper(&shop.database_url).envs(settings)).expect_refusal();
    assert!(second.contains(&address) && second.contains("in use"), "{second}");
    ask(&mut wire::connect_unix(&folder.socket()));
    service.stop();

    fs::write(folder.socket(), "somebody's work").unwrap();
    let refused = run_command(harness::storekeeper(&shop.database_url).envs(settings)).expect_refusal();
    assert!(refused.contains(&address) && refused.contains("no socket"), "{refused}");
    assert_eq!(fs::read_to_string(folder.socket()).unwrap(), "somebody's work");
}

#[test]
fn a_socket_that_was_handed_over_is_used_instead_of_the_setting() {
    let shop = Shop::open();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    // It was connected to before the service started, and waits until it is.
    let mut early = TcpStream::connect(address).unwrap();
    let service = Service::start_with_socket(&shop.database_url, OwnedFd::from(port));
    assert_eq!(service.base, format!("http://{address}"));
    ask(&mut early);
    ask(&mut wire::connect(&service.base));
    drop(early);
    service.stop();

    let folder = Folder::new();
    let socket = UnixListener::bind(folder.socket()).unwrap();
    let service = Service::start_with_socket(&shop.database_url, OwnedFd::from(socket));
    assert_eq!(service.base, format!("unix:{}", folder.socket().display()));
    ask(&mut wire::connect_unix(&folder.socket()));
    service.stop();
    assert!(folder.socket().exists(), "it belongs to who made it");
}

#[test]
fn what_was_handed_over_must_be_a_socket_that_listens() {
    let shop = Shop::open();
    let (connected, _other) = UnixStream::pair().unwrap();
    let unusable: [OwnedFd; 3] = [
        OwnedFd::from(fs::File::open("/dev/null").unwrap()),
        OwnedFd::from(UdpSocket::bind("127.0.0.1:0").unwrap()),
        OwnedFd::from(connected),
    ];
    for socket in unusable {
        let refused = run_command(&mut handed_over(&shop.database_url, socket)).expect_refusal();
        assert!(refused.contains("LISTEN_FDS"), "{refused}");
    }
    let none_is_open = harness::storekeeper(&shop.database_url);
    let script = r#"exec 3<&-; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve"#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(none_is_open.get_program());
    // That setting is the tests' own.
    shell.env("STOREKEEPER_DATABASE_URL", &shop.database_url).env_remove("STOREKEEPER_TEST_SERVER");
    let refused = run_command(&mut shell).expect_refusal();
    assert!(refused.contains("LISTEN_FDS"), "{refused}");
}
