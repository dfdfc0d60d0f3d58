//! Every form of the desk, pressed twice: one press after the other, two at once, and once more from a page that somebody
//! else had open meanwhile.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use mysql::Conn;
use mysql::prelude::Queryable;
use storekeeper::desk::PAGES;

use crate::browser::{Browser, Form, Page};
use crate::fixtures::until;
use crate::harness::Shop;
use crate::shelves::together;

pub mod presses;

use presses::Elsewhere::{Another, Done, Refused, Stale};
use presses::{House, PRESSES, Press, Ready};

#[test]
fn every_form_is_pressed_twice() {
    let forms = PAGES.iter().flat_map(|page| page.forms.iter().map(|form| (page.path, form.name)));
    let mut forms: Vec<(&str, &str)> = forms.collect();
    let mut pressed: Vec<(&str, &str)> = PRESSES.iter().map(|press| (press.page, press.form)).collect();
    forms.sort_unstable();
    pressed.sort_unstable();
    pressed.dedup();
    assert_eq!(pressed, forms);
}

/// What every table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    rows: i64,
    checksum: String,
}

/// The tables of a shop, read on a connection of our own.
struct Books {
    sql: Conn,
    tables: Vec<String>,
}

/// A session says when it was last seen, which any request may note; its other columns are read.
const SEEN: &str = "sessions";

/// A try with a wrong password is counted before it is looked at, whatever becomes of it.
const TRIES: &str = "login_failures";

impl Books {
    fn open(shop: &Shop) -> Books {
        let mut sql = shop.sql();
        let tables =
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1";
        let mut tables: Vec<String> = sql.query(tables).unwrap();
        for known in [SEEN, TRIES] {
            assert!(tables.iter().any(|table| table == known), "{known}");
        }
        tables.retain(|table| table != TRIES);
        Books { sql, tables }
    }

    /// By table, once a proof of the books that goes on by itself has ended.
    fn look(&mut self) -> BTreeMap<String, Held> {
        until("the proof never ends", || {
            self.sql.query_first("SELECT COUNT(*) FROM upkeep WHERE at_work = 1").unwrap() == Some(0)
        });
        let count = |table: &String| format!("(SELECT COUNT(*) AS n FROM {table})");
        let counts = self.tables.iter().map(count).collect::<Vec<_>>().join(" UNION ALL ");
        let rows: Vec<i64> = self.sql.query(counts).unwrap();
        let sums: Vec<(String, Option<i64>)> =
            self.sql.query(format!("CHECKSUM TABLE {}", self.tables.join(", "))).unwrap();
        let sessions: Vec<(u64, Option<u64>, Option<u64>, String)> = self
            .sql
            .query(format!(
                "SELECT id, customer_id, account_id, CAST(expires_at AS CHAR) FROM {SEEN} ORDER BY id"
            ))
            .unwrap();
        let held = |((table, rows), (_, sum)): ((&String, i64), (_, Option<i64>))| {
            let checksum = if table == SEEN { format!("{sessions:?}") } else { format!("{sum:?}") };
            (table.clone(), Held { rows, checksum })
        };
        self.tables.iter().zip(rows).zip(sums).map(held).collect()
    }
}

/// The rows that each table has more or less of.
fn added(after: &BTreeMap<String, Held>, before: &BTreeMap<String, Held>) -> BTreeMap<String, i64> {
    let added = after.iter().map(|(table, held)| (table.clone(), held.rows - before[table].rows));
    added.filter(|(_, rows)| *rows != 0).collect()
}

/// The tables that hold something else than before.
fn changed<'a>(after: &'a BTreeMap<String, Held>, before: &BTreeMap<String, Held>) -> Vec<&'a str> {
    after.iter().filter(|(table, held)| before[*table] != **held).map(|(table, _)| table.as_str()).collect()
}

/// The same without what is kept under the key of every press, whatever it did.
fn worked_on<'a>(after: &'a BTreeMap<String, Held>, before: &BTreeMap<String, Held>) -> Vec<&'a str> {
    changed(after, before).into_iter().filter(|table| *table != "idempotency_keys").collect()
}

/// Sends a form with what was typed, and does not follow.
fn send(browser: &mut Browser, form: &Form, typed: &[(&'static str, String)]) -> Page {
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.send_only(form, &typed)
}

/// Where an answer leads on, without the key of the new visit, whether it was done before and that it was them; the page itself where it
/// shows what was made this once.
fn leads_to(answer: &Page) -> (u16, Option<String>) {
    let to = answer.headers.get("location").map(|to| {
        let (path, query) = to.split_once('?').unwrap_or((to, ""));
        let of_this_time = ["key=", "before=", "proof="];
        let is_lasting = |member: &&str| !of_this_time.iter().any(|name| member.starts_with(name));
        format!("{path}?{}", query.split('&').filter(is_lasting).collect::<Vec<_>>().join("&"))
    });
    (answer.status, to)
}

/// What was done is said on the page that the answer leads to.
fn says_what_was_done(browser: &mut Browser, answer: &Page, name: &str) {
    let followed = answer.headers.get("location").map(|to| browser.open(to).expect(200));
    let shown = followed.as_ref().unwrap_or(answer);
    assert!(shown.html.contains("class=\"done\" role=\"status\""), "{name}: {}", shown.text());
}

fn press_twice(house: &House, books: &mut Books, press: &Press) {
    let name = &format!("{} of {}", press.form, press.page);
    let ready = (press.ready)(house);
    let cookies = match &ready.own {
        Some(own) => [own, own],
        None => [&house.manager, &house.colleague],
    };
    let [mut here, mut elsewhere] = cookies.map(|cookie| house.browser(cookie));
    let (page, other) = (here.open(&ready.address).expect(200), ready.form(press, &mut elsewhere));
    let form = ready.form_of(press, &page).expect("the form");
    assert!(form.get("key").is_some_and(|key| key.len() == 32), "{name}");
    assert_ne!(form.get("key"), other.get("key"), "{name}");
    assert_eq!(form.get("version"), other.get("version"), "{name}");

    let before = books.look();
    by_somebody_else(house, books, press, &form, &ready.typed);
    let first = send(&mut here, &form, &ready.typed);
    let done = books.look();
    assert_ne!(worked_on(&done, &before), [""; 0], "{name} does nothing: {} {}", first.status, first.text());
    let led = leads_to(&first);
    assert!(matches!(led, (303, Some(_)) | (200, None)), "{name}: {} {}", first.status, first.text());
    assert!(!first.headers.get("location").is_some_and(|to| to.contains("before=")), "{name}");
    // The page that was answered loaded again.
    let again = send(&mut here, &form, &ready.typed);
    assert_eq!(leads_to(&again), led, "{name}, loaded again: {}", again.text());
    assert_eq!(changed(&books.look(), &done), [""; 0], "{name}, loaded again");
    says_what_was_done(&mut here, &again, name);
    go_back_and_press(&mut here, books, press, &ready, (&page.path, &led), &done);
    says_what_was_done(&mut here, &first, name);

    let typed = if ready.others.is_empty() { &ready.typed } else { &ready.others };
    let answer = send(&mut elsewhere, &other, typed);
    let after = books.look();
    match press.elsewhere {
        Another => {
            assert!([200, 303].contains(&answer.status), "{name} elsewhere: {}", answer.text());
            assert_ne!(worked_on(&after, &done), [""; 0], "{name} elsewhere");
        }
        Done => {
            assert_eq!(leads_to(&answer), led, "{name} elsewhere: {}", answer.text());
            assert_eq!(worked_on(&after, &done), [""; 0], "{name} elsewhere");
        }
        Refused(status, words) => {
            assert_eq!(changed(&after, &done), [""; 0], "{name} elsewhere");
            let said = answer.text();
            assert!(
                answer.status == status && said.contains(words),
                "{name} elsewhere: {} {said}",
                answer.status
            );
        }
        Stale => {
            assert_eq!(changed(&after, &done), [""; 0], "{name} elsewhere: {}", answer.text());
            let said = answer.text();
            let is_told = answer.status == 412 && said.contains("Somebody has changed this meanwhile");
            assert!(is_told, "{name} elsewhere: {} {said}", answer.status);
            // What they typed is in the fields; where there is nothing to be done any more it is said.
            let is_there = ready.form_of(press, &answer).is_some();
            let has_fields = !typed.is_empty();
            assert_eq!(
                said.contains("What you typed is still in the fields"),
                is_there && has_fields,
                "{name} elsewhere: {said}"
            );
            assert_eq!(
                said.contains("Look at it as it is now"),
                is_there && !has_fields,
                "{name} elsewhere: {said}"
            );
            assert_eq!(said.contains("cannot be done any more"), !is_there, "{name} elsewhere: {said}");
            for (field, value) in typed.iter().filter(|_| !is_there) {
                assert!(said.contains(value), "{name} elsewhere: {field} {said}");
            }
            // What is in the fields has beside it what stands there now.
            for (field, others) in &ready.others {
                let (_, now) = ready.typed.iter().find(|(known, _)| known == field).expect("the same field");
                let again = ready
                    .about
                    .map_or_else(|| answer.form(press.form), |id| answer.form_about(press.form, id));
                assert_eq!(again.get(field), Some(others.as_str()), "{name} elsewhere");
                assert!(said.contains(&format!("Now it is: {now}")), "{name} elsewhere: {said}");
            }
        }
    }
    press_at_once(house, books, press, name, &added(&done, &before));
}

/// Somebody else sends it from where it was left open: nothing is done, and they are told whose page it was.
fn by_somebody_else(
    house: &House,
    books: &mut Books,
    press: &Press,
    form: &Form,
    typed: &[(&'static str, String)],
) {
    let name = &format!("{} of {}, sent by somebody else", press.form, press.page);
    let before = books.look();
    let answer = send(&mut house.browser(&house.stranger), form, typed);
    assert_eq!(changed(&books.look(), &before), [""; 0], "{name}: {}", answer.text());
    let said = answer.text();
    let is_told = said.contains("was opened by") && said.contains("you are logged in as stranger");
    assert!(answer.status == 409 && is_told, "{name}: {} {said}", answer.status);
}

/// "Back" fetches the page again, as it is now. What is sent from it does nothing, and says what was done; it can be done
/// once more from a page that is opened anew, where that makes sense.
fn go_back_and_press(
    here: &mut Browser,
    books: &mut Books,
    press: &Press,
    ready: &Ready,
    (address, led): (&str, &(u16, Option<String>)),
    done: &BTreeMap<String, Held>,
) {
    let name = &format!("{} of {}, gone back to", press.form, press.page);
    let back = here.open(address);
    assert_eq!(back.path, address, "{name}");
    let Some(form) = ready.form_of(press, &back) else { return };
    let anew = here.open(&ready.address);
    assert_ne!(ready.form_of(press, &anew).expect("the form").get("key"), form.get("key"), "{name}");
    // Its button offers the contrary by now: whoever presses that has read it.
    if press.form == "disable" {
        return assert!(back.says("Let in again"), "{name}: {}", back.text());
    }
    let again = send(here, &form, &ready.typed);
    assert_eq!(worked_on(&books.look(), done), [""; 0], "{name}: {} {}", again.status, again.text());
    match leads_to(&again) {
        to if to == *led => {
            if let Some(to) = again.headers.get("location") {
                assert!(to.contains("before=true"), "{name}: {to}");
                let said = here.open(to).expect(200);
                assert!(said.says("and not again now"), "{name}: {}", said.text());
            }
        }
        // It shows something else now, so what is sent is something else.
        (422, None) => {
            assert_ne!(press.form, "count_shelf", "the same count is done already");
            assert!(again.says("was sent before"), "{name}: {}", again.text());
            assert!(again.says("What it did then"), "{name}: {}", again.text());
        }
        (status, to) => panic!("{name}: {status} {to:?} {}", again.text()),
    }
}

/// Two presses at the same moment do what one does.
fn press_at_once(
    house: &House,
    books: &mut Books,
    press: &Press,
    name: &str,
    of_one: &BTreeMap<String, i64>,
) {
    let ready = (press.ready)(house);
    let cookie = ready.own.as_ref().unwrap_or(&house.manager);
    let form = ready.form(press, &mut house.browser(cookie));
    let before = books.look();
    let answers = together(2, |_| send(&mut house.browser(cookie), &form, &ready.typed));
    let done = books.look();
    assert_eq!(added(&done, &before), *of_one, "{name}, twice at once");
    let led: Vec<_> = answers.iter().map(leads_to).collect();
    assert!(matches!(led[0], (303, Some(_)) | (200, None)), "{name}, twice at once: {}", answers[0].text());
    assert_eq!(led[0], led[1], "{name}, twice at once: {} {}", answers[0].text(), answers[1].text());
    let third = send(&mut house.browser(cookie), &form, &ready.typed);
    assert_eq!(leads_to(&third), led[0], "{name}, after twice at once: {}", third.text());
    assert_eq!(changed(&books.look(), &done), [""; 0], "{name}, after twice at once");
}

/// As many shops at once as keep two processors busy.
const SHOPS: usize = 4;

#[test]
fn a_form_does_its_work_once_however_often_it_is_sent() {
    let next = Mutex::new(PRESSES.iter());
    let work = || {
        let house = House::open();
        let mut books = Books::open(&house.shop);
        loop {
            let Some(press) = next.lock().unwrap().next() else { break };
            press_twice(&house, &mut books, press);
        }
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..SHOPS).map(|_| scope.spawn(work)).collect();
        for thread in running {
            thread.join().expect("a shop");
        }
    });
}
