//! What keeps the service, or any command, from starting: one sentence each.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::migrated_database;
use crate::harness;
use crate::program::{Service, handed_over, run, run_command, run_with_input};
use crate::wire;

#[test]
fn a_port_in_use_is_named_in_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (url, _) = migrated_database();
    let mut command = harness::storekeeper(&url);
    let refused = run_command(command.env("STOREKEEPER_LISTEN", &address)).expect_refusal();
    assert!(refused.contains(&address) && refused.contains("STOREKEEPER_LISTEN"), "{refused}");
}

#[test]
fn an_address_that_is_not_of_this_machine_is_named_in_one_sentence() {
    let (url, _) = migrated_database();
    let mut command = harness::storekeeper(&url);
    // An address for documentation (RFC 5737).
    let refused = run_command(command.env("STOREKEEPER_LISTEN", "192.0.2.1:8080")).expect_refusal();
    assert!(refused.contains("192.0.2.1:8080") && refused.contains("STOREKEEPER_LISTEN"), "{refused}");
}

#[test]
fn a_database_that_cannot_be_used_is_told_in_one_sentence_without_its_password() {
    let mariadb = harness::shared_mariadb();
    let socket = mariadb.folder.join("socket").display().to_string().replace('/', "%2F");
    let unusable = [
        "mysql://shop:s3cret@127.0.0.1:1/shop".to_owned(),
        "mysql://shop:s3cret@localhost/shop?socket=%2Fnowhere%2Fsocket".to_owned(),
        format!("mysql://nobody:s3cret@localhost/shop?socket={socket}"),
        mariadb.url("no_such_database"),
    ];
    for url in &unusable {
        for arguments in [&[][..], &["migrate"], &["migrate", "--status"], &["verify"], &["prune"]] {
            let refused = run(url, arguments).expect_refusal();
            assert!(!refused.contains("s3cret"), "{refused}");
            assert!(refused.contains("database"), "{refused}");
        }
        let added = run_with_input(url, &["add-staff", "anna"], "a long enough secret\n");
        let refused = added.expect_refusal();
        assert!(refused.contains("database") && !refused.contains("secret"), "{refused}");
    }
}

/// systemd would start it again at once for each client that waits at the socket.
#[test]
fn with_a_socket_of_systemds_it_waits_for_its_database() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let child =
        handed_over("mysql://shop:s3cret@127.0.0.1:1/shop", port.into()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the program that cargo has built");
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains("waiting for it") && !said.contains("s3cret"), "{said}");
    assert!(child.try_wait().unwrap().is_none());
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn it_starts_by_default_and_says_where_it_listens() {
    let (url, _) = migrated_database();
    let service = Service::start(&url, &[]);
    for path in ["/healthz", "/readyz"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n");
        wire::exchange_one(&service.base, request.as_bytes()).expect(200);
    }
    let log = service.stop();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}
