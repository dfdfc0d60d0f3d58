//! `storekeeper restore` and `restore-drill`: a backup becomes a shop again, and brings back nothing that must not come.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::web::caller::Role;

use super::backup::Folder;
use super::{count, empty_database, migrated_database};
use crate::dialects::client_programs;
use crate::fixtures::{CUSTOMER_PASSWORD, unique, until};
use crate::harness::{self, STAFF_PASSWORD, Shop, shared_mariadb};
use crate::program::{Ended, Service, run, run_command};

fn new_name() -> String {
    unique("restored").replace('-', "_")
}

fn restore(url: &str, file: &Path, into: &str, more: &[&str]) -> Ended {
    let file = file.display().to_string();
    run(url, &[&["restore", &file, "--into", into], more].concat())
}

fn databases(name: &str) -> u64 {
    count(
        &mut shared_mariadb().connect("mysql"),
        &format!("information_schema.schemata WHERE schema_name = '{name}'"),
    )
}

#[test]
fn what_must_not_come_back_does_not() {
    let folder = Folder::new();
    let erasures = folder.0.join("erasures").display().to_string();
    let shop = Shop::open_with(&[("STOREKEEPER_ERASURES", &erasures)]);
    let staff = shop.staff();
    let product = shop.product(&staff, 1000);
    let key = crate::access::key_with(&shop, &staff, &["orders:read"]);
    let (customer, username) = shop.customer_with_account();
    let old_order = customer.client.order(&[(product, 1)]).expect(201).id();
    staff.post(&format!("/orders/{old_order}/cancel"), json!({})).expect(200);
    let gone = shop.guest();
    let hook = json!({"url": "https://shop.example/hooks", "event_types": ["customer.created"]});
    let hook = format!("/webhooks/{}", staff.post("/webhooks", hook).expect(201).id());
    let position = staff.get("/events?at_end=true").expect(200).body["next"].as_str().unwrap().to_owned();
    folder.backup(&shop.database_url, &[]).expect_success();

    // What happens after the backup.
    let orders: Vec<u64> =
        (0..24).map(|_| shop.guest().client.order(&[(product, 1)]).expect(201).id()).collect();
    for id in [customer.id, gone.id] {
        staff.delete(&format!("/customers/{id}")).expect(204);
    }
    let lines = fs::read_to_string(&erasures).unwrap();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    staff.delete("/sessions/current").expect(204);

    let name = new_name();
    let said =
        restore(&shop.database_url, &folder.newest(), &name, &["--erasures", &erasures]).expect_success();
    let (first, last) = (orders[0], orders[23]);
    for expected in [
        &format!("NOT IN THE BACKUP  24 orders, number {first} to {last}\n"),
        "NOT IN THE BACKUP  24 customers, ",
        "erased 2 customers again\n",
        "paused 1 webhooks: look whether each is still wanted",
        "all 14 invariants hold\n",
        &format!("it uses {name} once STOREKEEPER_DATABASE_URL names it"),
    ] {
        assert!(said.contains(expected), "{expected:?} in {said}");
    }
    // The shop is as it was.
    shop.with_token(&shop.log_in("staff", STAFF_PASSWORD)).get(&format!("/orders/{last}")).expect(200);

    let restored = Shop::open_on(shared_mariadb(), &name, &[]);
    let again = |of: &crate::client::Client| restored.with_token(of.token());
    for token in [&staff, &customer.client, &gone.client, &key] {
        again(token).get("/orders").expect_problem(401, "unauthenticated");
    }
    let login = json!({"username": username, "password": CUSTOMER_PASSWORD});
    restored.anyone().post("/sessions", login).expect_problem(401, "wrong_credentials");
    let staff = restored.with_token(&restored.log_in("staff", STAFF_PASSWORD));
    for id in [customer.id, gone.id] {
        staff.get(&format!("/customers/{id}")).expect_problem(404, "not_found");
    }
    assert_eq!(staff.get(&format!("/orders/{old_order}")).expect(200).body["status"], "cancelled");
    let new = restored.guest().client.order(&[(product, 1)]).expect(201).id();
    assert!(new > last + 900_000, "{new} after {last}");
    staff.get(&format!("/events?after={position}")).expect_problem(410, "events_gone");
    let position = staff.get("/events?at_end=true").expect(200).body["next"].as_str().unwrap().to_owned();
    restored.guest();
    let page = staff.get(&format!("/events?after={position}")).expect(200);
    assert_eq!(page.body["data"][0]["type"], "customer.created");
    // Nobody is told anything before somebody has looked, and then what happened since.
    assert_eq!(staff.get(&hook).expect(200).body["state"], "paused");
    let resumed = staff.patch(&hook, json!({"active": true})).expect(200).body;
    assert_eq!((&resumed["behind"], &resumed["lost"]), (&json!(2), &json!(0)));
}

#[test]
fn who_was_sent_away_since_the_backup_is_not_let_in_again() {
    let folder = Folder::new();
    let shop = Shop::open();
    let manager = shop.staff();
    let (customer, username) = shop.customer_with_account();
    shop.add_staff("clerk", Role::Clerk);
    shop.add_staff("second", Role::Manager);
    folder.backup(&shop.database_url, &[]).expect_success();
    for member in manager.get("/staff").expect(200).body["data"].as_array().unwrap() {
        let change = match member["username"].as_str().unwrap() {
            "clerk" => json!({"disabled": true}),
            "second" => json!({"role": "clerk", "password": "another long walk by the sea"}),
            _ => continue,
        };
        manager.patch(&format!("/staff/{}", member["id"]), change).expect(200);
    }
    let account = json!({"password": "sunshine-and-rain-9", "current_password": CUSTOMER_PASSWORD});
    let mine =
        customer.client.get(&format!("/customers/{}", customer.id)).expect(200).body["account_id"].clone();
    customer.client.patch(&format!("/customer_accounts/{mine}"), account).expect(200);

    let name = new_name();
    let more = ["--without-erasures"];
    let said = restore(&shop.database_url, &folder.newest(), &name, &more).expect_success();
    assert!(said.contains("brought 3 accounts up to what they are now"), "{said}");
    let restored = Shop::open_on(shared_mariadb(), &name, &[]);
    let log_in = |username: &str, password: &str| {
        restored.anyone().post("/sessions", json!({"username": username, "password": password}))
    };
    for (username, password) in
        [("clerk", STAFF_PASSWORD), ("second", STAFF_PASSWORD), (&username, CUSTOMER_PASSWORD)]
    {
        log_in(username, password).expect_problem(401, "wrong_credentials");
    }
    log_in(&username, "sunshine-and-rain-9").expect(201);
    log_in("staff", STAFF_PASSWORD).expect(201);
    let second = log_in("second", "another long walk by the sea").expect(201);
    assert_eq!(second.body["role"], "clerk", "{}", second.body);

    // Where the database of before is lost, nobody knows; so whoever could log in then is named.
    let lost = shared_mariadb().url(&new_name());
    let said = restore(&lost, &folder.newest(), &new_name(), &more).expect_success();
    let expected = "staff are as they were then: clerk (clerk), second (manager), staff (manager); disable who has left since";
    assert!(said.contains(expected), "{said}");
}

/// The erasure came when all orders were finished; in the backup one is under way, so nobody may say that it never was.
#[test]
fn who_was_erased_and_has_orders_under_way_in_the_backup_is_named_and_cannot_log_in() {
    let folder = Folder::new();
    let erasures = folder.0.join("erasures").display().to_string();
    let shop = Shop::open_with(&[("STOREKEEPER_ERASURES", &erasures)]);
    let staff = shop.staff();
    let product = shop.product(&staff, 10);
    let (customer, username) = shop.customer_with_account();
    let order = customer.client.order(&[(product, 1)]).expect(201).id();
    folder.backup(&shop.database_url, &[]).expect_success();
    staff.delete(&format!("/customers/{}", customer.id)).expect_problem(409, "customer_has_open_orders");
    assert!(!Path::new(&erasures).exists(), "what is refused is not written down");
    staff.post(&format!("/orders/{order}/cancel"), json!({})).expect(200);
    staff.delete(&format!("/customers/{}", customer.id)).expect(204);
    let name = new_name();
    let restored = restore(&shop.database_url, &folder.newest(), &name, &["--erasures", &erasures]);
    assert_eq!(restored.code, Some(1), "{restored:?}");
    assert!(restored.out.contains(&format!("NOT ERASED  customer {}: ", customer.id)), "{restored:?}");
    assert!(restored.out.contains(&format!("orders {order}.")), "{restored:?}");
    let restored = Shop::open_on(shared_mariadb(), &name, &[]);
    let login = json!({"username": username, "password": CUSTOMER_PASSWORD});
    restored.anyone().post("/sessions", login).expect_problem(401, "wrong_credentials");
}

#[test]
fn nobody_is_erased_where_it_cannot_be_written_down() {
    let folder = Folder::new();
    let nowhere = folder.0.join("missing/erasures").display().to_string();
    let shop = Shop::open_with(&[("STOREKEEPER_ERASURES", &nowhere)]);
    let (staff, customer) = (shop.staff(), shop.guest());
    let path = format!("/customers/{}", customer.id);
    let refused = staff.delete(&path).expect_problem(503, "storage_full");
    assert!(refused.body["detail"].as_str().unwrap().contains("Nobody was erased"), "{}", refused.body);
    customer.client.get(&path).expect(200);
    fs::create_dir(folder.0.join("missing")).unwrap();
    staff.delete(&path).expect(204);
    let line = fs::read_to_string(&nowhere).unwrap();
    assert!(line.ends_with(&format!("Z {}\n", customer.id)), "{line}");
}

/// So that a restore of a shop that never erased anybody knows so.
#[test]
fn the_service_makes_its_file_of_erasures_where_systemd_keeps_its_state() {
    let (folder, (url, _)) = (Folder::new(), migrated_database());
    let state = folder.0.display().to_string();
    let service = Service::start(&url, &[("STATE_DIRECTORY", &state)]);
    assert_eq!(fs::read_to_string(folder.0.join("erasures")).unwrap(), "");
    service.stop();
    let mut command = harness::storekeeper(&url);
    command.arg("serve").env("STOREKEEPER_ERASURES", "/nowhere/erasures");
    let refused = run_command(command.env("STOREKEEPER_LISTEN", "127.0.0.1:0")).expect_refusal();
    assert!(refused.contains("/nowhere/erasures cannot be written"), "{refused}");
}

#[test]
fn a_restore_changes_nothing_that_is_there() {
    let ((url, mut sql), folder) = (migrated_database(), Folder::new());
    folder.backup(&url, &[]).expect_success();
    let file = folder.newest();
    let own: String = sql.query_first("SELECT DATABASE()").unwrap().unwrap();
    let rows = count(&mut sql, "schema_migrations");
    for (into, why) in [(own.as_str(), "is not empty"), ("mysql", "is not empty"), ("a-b", "letters, digits")]
    {
        let refused = restore(&url, &file, into, &["--without-erasures"]).expect_refusal();
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(count(&mut sql, "schema_migrations"), rows);
    let refused = restore(&url, &file, &new_name(), &[]).expect_refusal();
    assert!(refused.contains("--erasures"), "{refused}");
    let refused = restore(&url, &file, &new_name(), &["--erasures", "/nowhere/erasures"]).expect_refusal();
    assert!(refused.contains("/nowhere/erasures"), "{refused}");
    assert!(run(&url, &["restore", "/nowhere.sql.gz", "--into", "x"]).expect_refusal().contains("no file"));
    assert!(run(&url, &["restore", "x"]).expect_refusal().contains("--into"));

    // An empty one is taken.
    let (empty, mut sql) = empty_database();
    let into = empty.split(['/', '?']).nth(3).unwrap();
    restore(&url, &file, into, &["--without-erasures"]).expect_success();
    assert_eq!(count(&mut sql, "schema_migrations"), rows);
    assert_eq!(
        count(
            &mut sql,
            "information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'restore_unfinished'"
        ),
        0
    );
}

#[test]
fn a_file_that_is_not_what_its_manifest_says_is_refused() {
    let ((url, _), folder) = (migrated_database(), Folder::new());
    folder.backup(&url, &[]).expect_success();
    let (path, whole) = folder.manifest();
    let name = new_name();
    let refused_with = |change: &dyn Fn(&mut Value)| {
        let mut manifest = whole.clone();
        change(&mut manifest);
        fs::write(&path, manifest.to_string()).unwrap();
        let refused = restore(&url, &folder.newest(), &name, &["--without-erasures"]).expect_refusal();
        assert!(refused.ends_with("the shop is as it was"), "{refused}");
        refused
    };
    let later = refused_with(&|manifest| manifest["migration"] = json!(9999));
    assert!(later.contains("later release"), "{later}");
    let other = refused_with(&|manifest| manifest["sha256"] = json!("00"));
    assert!(other.contains("damaged"), "{other}");
    assert_eq!(databases(&name), 0);
    let lacking = refused_with(&|manifest| {
        manifest["before"]["rows"]["orders"] = json!(7);
        manifest["after"]["rows"]["orders"] = json!(9);
    });
    assert!(
        lacking.contains("rows of orders: 0, but there were 7 before the dump and 9 after it"),
        "{lacking}"
    );
    // And what that has left is no hindrance.
    fs::write(&path, whole.to_string()).unwrap();
    restore(&url, &folder.newest(), &name, &["--without-erasures"]).expect_success();

    let file = folder.newest();
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let damaged = restore(&url, &file, &new_name(), &["--without-erasures"]).expect_refusal();
    assert!(damaged.contains("damaged"), "{damaged}");
    fs::write(&file, &bytes[..middle]).unwrap();
    let cut = restore(&url, &file, &new_name(), &["--without-erasures"]).expect_refusal();
    assert!(cut.contains("damaged"), "{cut}");
    fs::remove_file(&path).unwrap();
    let alone = restore(&url, &file, &new_name(), &["--without-erasures"]).expect_refusal();
    assert!(alone.contains("manifest"), "{alone}");
}

#[test]
fn a_restore_that_was_killed_is_run_again() {
    let ((url, _), folder) = (migrated_database(), Folder::new());
    folder.backup(&url, &[]).expect_success();
    let (file, name) = (folder.newest(), new_name());
    let mut command = harness::storekeeper(&url);
    command.arg("restore").arg(&file).args(["--into", &name, "--without-erasures"]);
    // Loads a part of it, and then hangs.
    let script = "head -c 20000 | sed '$d' | grep -v CONSTRAINT >/dev/null; exec sleep 60";
    folder.stand_in(&mut command, client_programs()[1], script);
    let mut half = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let tables = format!("information_schema.tables WHERE table_schema = '{name}'");
    let mut sql = shared_mariadb().connect("mysql");
    until("nothing is begun", || count(&mut sql, &tables) == 1);
    sql.query_drop(format!("CREATE TABLE {name}.orders (id INT)")).unwrap();
    let refused = restore(&url, &file, &name, &["--without-erasures"]).expect_refusal();
    assert!(refused.contains("another restore"), "{refused}");
    half.kill().unwrap();
    half.wait().unwrap();
    restore(&url, &file, &name, &["--without-erasures"]).expect_success();
    assert!(count(&mut sql, &tables) > 30);
}

#[test]
fn the_settings_are_switched_when_all_is_well() {
    let ((url, _), folder) = (migrated_database(), Folder::new());
    folder.backup(&url, &[]).expect_success();
    let (file, name, settings) = (folder.newest(), new_name(), folder.0.join("env"));
    let before = format!("# The shop\nSTOREKEEPER_DATABASE_URL={url}\nSTOREKEEPER_CURRENCY=EUR\n");
    fs::write(&settings, &before).unwrap();
    let switch = |into: &str| {
        let mut command = harness::storekeeper("mysql://nowhere/nothing");
        command.arg("restore").arg(&file).args([
            "--into",
            into,
            "--without-erasures",
            "--switch",
            "--settings",
        ]);
        run_command(command.arg(&settings))
    };
    let own = url.split(['/', '?']).nth(3).unwrap();
    let failed = switch(own);
    assert_eq!(failed.code, Some(2), "{failed:?}");
    assert_eq!(fs::read_to_string(&settings).unwrap(), before);
    let said = switch(&name).expect_success();
    assert!(said.contains("restart the service"), "{said}");
    let switched = before.replace(&format!("/{own}?"), &format!("/{name}?"));
    assert_eq!(fs::read_to_string(&settings).unwrap(), switched);
    assert!(
        run(&url, &["restore", &file.display().to_string(), "--into", "x", "--switch"])
            .expect_refusal()
            .contains("environment")
    );
}

#[test]
fn a_drill_tells_whether_the_newest_backup_can_be_restored() {
    let (shop, folder) = (Shop::open(), Folder::new());
    let drill = || run_command(&mut folder.command(&shop.database_url, &["restore-drill"]));
    let told = |what: &str| shop.staff().get("/today").expect(200).body[what]["succeeded"].clone();
    let scratch = format!("{}_drill", shop.database_url.split(['/', '?']).nth(3).unwrap());
    fs::create_dir(folder.0.join("kept")).unwrap();
    assert!(drill().expect_refusal().contains("no backup"));
    assert_eq!(told("last_restore_drill"), json!(false));

    folder.backup(&shop.database_url, &[]).expect_success();
    assert!(drill().expect_success().contains("can be restored"));
    assert_eq!((told("last_restore_drill"), databases(&scratch)), (json!(true), 0));
    for name in ["storekeeper_backup_succeeded", "storekeeper_restore_drill_succeeded"] {
        assert_eq!(shop.metric(name), "1");
    }

    // A database of that name that is not of its making is left alone.
    let mut sql = shared_mariadb().connect("mysql");
    sql.query_drop(format!("CREATE DATABASE {scratch}")).unwrap();
    drill().expect_success();
    assert_eq!(databases(&scratch), 1);
    sql.query_drop(format!("CREATE TABLE {scratch}.precious (id INT)")).unwrap();
    assert!(drill().expect_refusal().contains("not empty"));
    assert_eq!(count(&mut sql, &format!("{scratch}.precious")), 0);
    sql.query_drop(format!("DROP DATABASE {scratch}")).unwrap();

    let file = folder.newest();
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    assert!(drill().expect_refusal().contains("damaged"));
    assert_eq!((told("last_restore_drill"), databases(&scratch)), (json!(false), 0));
    fs::write(&file, &bytes).unwrap();

    // Books that were broken before the backup are found too.
    let product = shop.product(&shop.staff(), 5);
    shop.sql().query_drop(format!("UPDATE stock SET on_hand = 6 WHERE product_id = {product}")).unwrap();
    folder.backup(&shop.database_url, &["--kind", "nightly"]).expect_success();
    let broken = drill();
    assert_eq!((broken.code, databases(&scratch)), (Some(1), 0), "{broken:?}");
    assert!(broken.out.contains("BROKEN  1_on_hand"), "{broken:?}");
    assert_eq!(told("last_restore_drill"), json!(false));
    shop.abandon();
}
