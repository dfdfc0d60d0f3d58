//! `storekeeper-deliver` as systemd and an operator run it: several at once, ended and killed.

use std::process::{Child, Stdio};
use std::time::Duration;

use mysql::prelude::Queryable;
use serde_json::json;

use super::delivery::{open, webhook};
use super::receiver::{Receiver, Reply};
use crate::fixtures::until;
use crate::harness::{Shop, storekeeper_deliver};
use crate::program::run_command;

fn start(shop: &Shop) -> Child {
    let mut command = storekeeper_deliver(&shop.database_url);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program")
}

fn kill(mut child: Child) {
    child.kill().expect("SIGKILL");
    child.wait().expect("its end");
}

fn terminate(child: &Child) {
    // SAFETY: it is a child of this process that was not waited for.
    unsafe { libc::kill(i32::try_from(child.id()).unwrap(), libc::SIGTERM) };
}

#[test]
fn it_sends_what_happens_within_seconds_until_it_is_ended() {
    let (shop, manager, receiver) = open();
    webhook(&manager, &receiver, Some(&["product.created"]));
    let mut child = start(&shop);
    for count in 1..4 {
        shop.product(&manager, 1);
        until("the receiver is told", || receiver.messages().len() == count);
    }
    terminate(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn ended_in_the_middle_it_waits_for_the_answer_and_tells_it_once() {
    let (shop, manager, receiver) = open();
    let (path, _) = webhook(&manager, &receiver, Some(&["product.created"]));
    receiver.answers(|_| Reply::Slow(Duration::from_secs(1), 200));
    for _ in 0..20 {
        shop.product(&manager, 1);
    }
    let mut child = start(&shop);
    until("it is told something", || receiver.messages().len() == 1);
    terminate(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let told = receiver.messages().len() as u64;
    let read = manager.get(&path).expect(200).body;
    assert_eq!((read["delivered"].as_u64(), told <= 2), (Some(told), true), "{told}");
    // Nobody has to wait for the lease.
    receiver.answers(|_| Reply::Status(200));
    let ended = run_command(storekeeper_deliver(&shop.database_url).arg("--once"));
    assert_eq!(
        (ended.code, ended.out),
        (Some(0), format!("{} events delivered, 0 attempts failed\n", 20 - told))
    );
}

#[test]
fn killed_in_the_middle_it_loses_nothing_and_repeats_with_the_same_id() {
    let (shop, manager, receiver) = open();
    webhook(&manager, &receiver, Some(&["product.created"]));
    receiver.answers(|_| Reply::Slow(Duration::from_millis(200), 200));
    let mut made = 0;
    for _ in 0..4 {
        for _ in 0..5 {
            shop.product(&manager, 1);
            made += 1;
        }
        let before = receiver.messages().len();
        let child = start(&shop);
        until("it is told something", || receiver.messages().len() > before + 1);
        kill(child);
        // The lease runs out after half a minute, which has passed here.
        shop.sql().query_drop("UPDATE webhooks SET leased_until = NOW(6) - INTERVAL 1 SECOND").unwrap();
    }
    let ended = run_command(storekeeper_deliver(&shop.database_url).arg("--once"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let messages = receiver.messages().clone();
    let mut seen: Vec<(u64, String)> = Vec::new();
    for message in &messages {
        match seen.last() {
            // Sent again, or the next.
            Some((number, id)) if message.number() == *number => assert_eq!(message.id(), id),
            Some((number, _)) => {
                assert!(message.number() > *number, "back to {} after {number}", message.number())
            }
            None => {}
        }
        if seen.last().is_none_or(|(number, _)| *number != message.number()) {
            seen.push((message.number(), message.id().to_owned()));
        }
    }
    assert_eq!(seen.len(), made, "each of them");
    assert!(
        messages.len() > made,
        "something was sent twice, so a kill fell between the answer and the position"
    );
}

#[test]
fn several_at_once_send_nothing_in_parallel_to_one_and_nothing_twice() {
    let (shop, manager, receiver) = open();
    let other = Receiver::open();
    for receiver in [&receiver, &other] {
        webhook(&manager, receiver, Some(&["product.created"]));
        receiver.answers(|_| Reply::Slow(Duration::from_millis(5), 200));
    }
    let children: Vec<Child> = (0..3).map(|_| start(&shop)).collect();
    for _ in 0..60 {
        shop.product(&manager, 1);
    }
    until("both are told all", || receiver.messages().len() >= 60 && other.messages().len() >= 60);
    for child in children {
        kill(child);
    }
    for receiver in [&receiver, &other] {
        let numbers = receiver.numbers();
        assert_eq!((numbers.len(), receiver.at_once_max()), (60, 1));
        assert!(numbers.is_sorted());
    }
}

#[test]
fn one_that_was_too_slow_changes_nothing_any_more() {
    let (shop, manager, receiver) = open();
    let (path, _) = webhook(&manager, &receiver, Some(&["product.created"]));
    let first = shop.product(&manager, 1);
    receiver.answers(|_| Reply::Slow(Duration::from_secs(2), 500));
    let slow = start(&shop);
    until("it is asked", || receiver.messages().len() == 1);
    // Somebody else takes it over meanwhile, as when a machine sleeps.
    shop.sql().query_drop("UPDATE webhooks SET leased_until = NOW(6) - INTERVAL 1 SECOND").unwrap();
    receiver.answers(|_| Reply::Status(200));
    let ended = run_command(storekeeper_deliver(&shop.database_url).arg("--once"));
    assert_eq!(ended.out, "1 events delivered, 0 attempts failed\n");
    std::thread::sleep(Duration::from_millis(2500));
    let read = manager.get(&path).expect(200).body;
    assert_eq!(
        (&read["delivered"], &read["behind"], &read["next_attempt_at"]),
        (&json!(1), &json!(0), &json!(null))
    );
    assert_eq!(receiver.messages()[1].body["data"]["object_id"], first);
    kill(slow);
}

#[test]
fn without_a_database_or_with_wrong_settings_it_says_so() {
    let ended = run_command(storekeeper_deliver("mysql://shop@127.0.0.1:1/shop").arg("--once"));
    assert!(ended.code == Some(2) && ended.err.contains("cannot use the database"), "{ended:?}");
    let mut command = storekeeper_deliver("mysql://shop@127.0.0.1:1/shop");
    let ended = run_command(command.env("STOREKEEPER_WEBHOOK_PRIVATE_ADDRESSES", "perhaps"));
    assert!(ended.code == Some(3) && ended.err.contains("must be refuse or allow"), "{ended:?}");
    let help = run_command(storekeeper_deliver("").arg("--help"));
    assert!(help.code == Some(0) && help.out.contains("--once"), "{help:?}");
}
