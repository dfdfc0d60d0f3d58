//! The shop's time zone and holidays as both programs read them when they start.

use crate::days::{Holidays, moment};
use crate::harness::{self, Shop};
use crate::program::run_command;
use crate::shelves::Rule;

#[test]
fn both_programs_say_what_is_wrong_with_the_calendar() {
    let nowhere = "mysql://shop:s3cret@127.0.0.1:1/shop";
    let refused = |name: &str, value: &str| {
        let mut said = Vec::new();
        // systemd starts the service anew unless it says that there is no use; a run of restocking waits for its next hour.
        for (mut command, arguments, exit_code) in [
            (harness::storekeeper(nowhere), &["serve"][..], 3),
            (harness::storekeeper_restock(nowhere), &["--dry-run"], 2),
        ] {
            let ended = run_command(command.args(arguments).env(name, value));
            assert_eq!((ended.code, ended.out.as_str()), (Some(exit_code), ""), "{value:?}: {}", ended.err);
            said.push(ended.err.split_once(": ").expect("a program's name").1.to_owned());
        }
        assert_eq!(said[0], said[1]);
        said[0].clone()
    };
    for zone in
        ["Europe/Atlantis", "", "Berlin", "europe/berlin", "+01:00", "../../etc/passwd", "Europe/Berlin "]
    {
        let said = refused("STOREKEEPER_TIME_ZONE", zone);
        assert!(said.starts_with(&format!("STOREKEEPER_TIME_ZONE is {zone:?} but must be ")), "{said}");
    }
    let of = |text: &[u8]| {
        let holidays = Holidays::of(text);
        let said = refused("STOREKEEPER_HOLIDAYS", holidays.path());
        let wrong = said.strip_prefix(&format!("STOREKEEPER_HOLIDAYS is {:?} but ", holidays.path()));
        wrong.unwrap_or_else(|| panic!("{said}")).trim_end().to_owned()
    };
    let dates = "2026-12-25\n\n# Boxing Day\n2026-12-26\n";
    assert!(
        of(format!("{dates}2026-13-01\n").as_bytes())
            .starts_with("its line 5 has \"2026-13-01\", which must be")
    );
    assert_eq!(
        of(format!("{dates}2026-12-25").as_bytes()),
        "2026-12-25 appears twice in it, in lines 1 and 5"
    );
    assert_eq!(of(b"# Mari\xe4 Himmelfahrt\n"), "its line 1 is not in UTF-8");
    assert_eq!(of(&vec![b'#'; 300_000]), "has more than 262144 bytes");
    assert!(refused("STOREKEEPER_HOLIDAYS", "/nowhere/at-all").contains("cannot be read: "));
    assert!(refused("STOREKEEPER_HOLIDAYS", "/").contains("cannot be read: "));
    assert!(refused("STOREKEEPER_HOLIDAYS", "/dev/zero").contains("has more than "));
    // A calendar that is right is no matter: it is the database that is not there.
    let holidays = Holidays::of(dates);
    let mut command = harness::storekeeper(nowhere);
    command.arg("verify").env("STOREKEEPER_TIME_ZONE", "Pacific/Kiritimati");
    let ended = run_command(command.env("STOREKEEPER_HOLIDAYS", holidays.path()));
    assert!(ended.err.contains("cannot use the database"), "{}", ended.err);
}

#[test]
fn the_restock_program_orders_by_the_same_calendar() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.watched(&staff, 0, Rule { point: 5, target: 9, multiple: 1, lead_days: 1 });
    // Twelve days from today, whatever day it is.
    let today = shop.app.clock.now().0.date();
    let closed: String = (0..12).map(|days| format!("{}\n", today + chrono::Days::new(days))).collect();
    let holidays = Holidays::of(closed);
    let mut command = harness::storekeeper_restock(&shop.database_url);
    command.env("STOREKEEPER_TIME_ZONE", "Pacific/Kiritimati").env("STOREKEEPER_HOLIDAYS", holidays.path());
    let ended = run_command(&mut command);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let order = staff.get(&format!("/purchase_orders/{}", staff.ordered(product))).expect(200);
    let expected = moment(order.body["expected_at"].as_str().unwrap()).0;
    assert!(expected.date() >= today + chrono::Days::new(11), "{expected}");
}
