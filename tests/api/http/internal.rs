//! The second listener, for the machine itself, and what keeps one client from taking the whole door.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::listening::Folder;
use crate::harness::{self, Shop};
use crate::program::{Service, run_command};
use crate::wire::{self, RawAnswer};

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n").into_bytes()
}

#[track_caller]
fn ask(stream: &mut (impl Read + Write), path: &str) -> RawAnswer {
    stream.write_all(&get(path)).expect("the server reads");
    wire::read_answer(stream)
}

/// Takes every place at this door. Returns when the next client is turned away.
fn crowd(base: &str, places: usize) -> Vec<TcpStream> {
    let mut held: Vec<TcpStream> = (0..places).map(|_| wire::connect(base)).collect();
    for stream in &mut held {
        ask(stream, "/healthz").expect(200);
    }
    wire::exchange_one(base, &get("/healthz")).expect_problem(503, "busy");
    held
}

#[test]
fn the_machine_is_answered_in_the_runtime_folder_without_a_token_whoever_crowds_the_door() {
    let shop = Shop::open();
    let folder = Folder::new();
    let runtime = folder.0.display().to_string();
    let settings = [("RUNTIME_DIRECTORY", runtime.as_str()), ("STOREKEEPER_MAX_CONNECTIONS", "3")];
    let service = Service::start(&shop.database_url, &settings);
    let socket = folder.0.join("internal.sock");
    service.wait_for_line(&format!("metrics on unix:{}", socket.display()));
    let mode = fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660, "for the service's own group");

    let mut held = crowd(&service.base, 3);
    // The counters tell how much is sold, so the public side has none.
    ask(&mut held[0], "/metrics").expect_problem(404, "not_found");
    let mut inside = wire::connect_unix(&socket);
    assert_eq!(ask(&mut inside, "/healthz").expect(200).json(), json!({"status": "ok"}));
    assert_eq!(ask(&mut inside, "/readyz").expect(200).json(), json!({"status": "ready"}));
    let metrics = ask(&mut inside, "/metrics").expect(200);
    assert!(metrics.header("Content-Type").is_some_and(|text| text.starts_with("text/plain; version=0.0.4")));
    let metrics = String::from_utf8(metrics.body).unwrap();
    assert!(metrics.contains("# TYPE storekeeper_database_connections gauge"), "{metrics}");
    let counted = r#"storekeeper_requests_total{method="GET",route="/healthz",status="200"} 4"#;
    assert!(metrics.contains(counted), "{metrics}");
    // The shop itself is not here.
    for path in ["/", "/products", "/openapi.json", "/metrics/"] {
        ask(&mut inside, path).expect_problem(404, "not_found");
    }
    drop(held);
    service.stop();
    assert!(!socket.exists());
}

#[test]
fn the_internal_listener_may_be_a_port_and_must_be_free() {
    let shop = Shop::open();
    let settings = [("STOREKEEPER_INTERNAL_LISTEN", "127.0.0.1:0")];
    let service = Service::start(&shop.database_url, &settings);
    let line = service.wait_for_line("metrics on http://");
    let (_, address) = line.rsplit_once("http://").unwrap();
    wire::exchange_one(address, &get("/metrics")).expect(200);
    let mut second = harness::storekeeper(&shop.database_url);
    second.env("STOREKEEPER_LISTEN", "127.0.0.1:0").env("STOREKEEPER_INTERNAL_LISTEN", address);
    let refused = run_command(&mut second).expect_refusal();
    assert!(refused.contains(address) && refused.contains("STOREKEEPER_INTERNAL_LISTEN"), "{refused}");
    service.stop();
}

#[test]
fn the_watchdog_is_fed_whoever_crowds_the_door() {
    let shop = Shop::open();
    let folder = Folder::new();
    let (runtime, notices) = (folder.0.display().to_string(), folder.0.join("notify"));
    let notified = UnixDatagram::bind(&notices).unwrap();
    notified.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let next = || {
        let mut notice = [0; 1000];
        let length = notified.recv(&mut notice).expect("a notice in time");
        String::from_utf8(notice[..length].to_vec()).unwrap()
    };
    let settings = [
        ("RUNTIME_DIRECTORY", runtime.as_str()),
        ("NOTIFY_SOCKET", path(&notices)),
        ("WATCHDOG_USEC", "6000000"),
        ("STOREKEEPER_MAX_CONNECTIONS", "1"),
    ];
    let service = Service::start(&shop.database_url, &settings);
    assert!(next().starts_with("READY=1"));
    let held = crowd(&service.base, 1);
    // The first may have been sent before the crowd came.
    for _ in 0..2 {
        assert!(next().starts_with("WATCHDOG=1"));
    }
    let inside = wire::connect_unix(&folder.0.join("internal.sock"));
    drop((held, inside));
    let log = service.stop();
    assert!(!log.contains("does not answer itself"), "{log}");
    // Those of the watchdog would be half of a quiet shop's log.
    assert_eq!(log.matches("route=/healthz").count(), 1, "but that of the crowd:\n{log}");
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn one_address_has_only_so_many_connections() {
    let shop = Shop::open_with(&[("STOREKEEPER_MAX_CONNECTIONS_PER_ADDRESS", "3")]);
    let mut held = crowd(&shop.base, 3);
    let refused = wire::exchange_one(&shop.base, &get("/healthz")).expect_problem(503, "busy");
    assert!(refused.json()["detail"].as_str().unwrap().contains("your address"));
    // Who is in stays in, and what is given back is there for the next.
    for stream in &mut held {
        ask(stream, "/healthz").expect(200);
    }
    held.pop();
    let deadline = Instant::now() + Duration::from_secs(10);
    while wire::exchange_one(&shop.base, &get("/healthz")).status != 200 {
        assert!(Instant::now() < deadline, "the place of a closed connection is never given away");
    }
}

#[test]
fn a_proxy_on_this_machine_that_names_its_clients_is_not_counted_as_one() {
    let shop = Shop::open_with(&[
        ("STOREKEEPER_MAX_CONNECTIONS_PER_ADDRESS", "3"),
        ("STOREKEEPER_CLIENT_ADDRESS_HEADER", "X-Real-IP"),
    ]);
    let mut held: Vec<TcpStream> = (0..20).map(|_| wire::connect(&shop.base)).collect();
    for stream in &mut held {
        ask(stream, "/healthz").expect(200);
    }
}
