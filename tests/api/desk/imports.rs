//! Files taken over at the desk: chosen, looked at, applied and set back.

use mysql::prelude::Queryable;
use serde_json::json;

use crate::browser::{Browser, Page};
use crate::harness::Shop;
use crate::wire;

const PAGE: &str = "/desk/imports";

/// Reads a file at the desk with the rest of its form, and shows what it would do.
fn read(browser: &mut Browser, file: &str, others: &[(&str, &str)]) -> Page {
    let form = browser.open(PAGE).expect(200).form("read_file");
    assert!(form.has_file, "{form:?}");
    browser.send(&form, &[&[("file", file)], others].concat())
}

#[test]
fn a_file_is_read_looked_at_applied_and_undone() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = staff.post("/products", json!({"name": "Mug", "price": "9.50", "sku": "MUG", "stock": 5}));
    let mug = mug.expect(201).id();
    let mut manager = shop.manager_at_desk();
    let file = "sku,name,price,stock,Mood\nMUG,Mug,10.00,7,\nNEW,Plate,12.5,3,good\nBAD,Bowl,free,1,\nNEW2,Jug,4,,\n";
    let dry = read(&mut manager, file, &[]).expect(200);
    assert!(dry.says("The file is read, and nothing is changed yet."), "{}", dry.text());
    for words in ["New 2", "Changed 1", "Refused 1", "4 price “free”", "Mood not read", "with commas, UTF-8"]
    {
        assert!(dry.says(words), "{words}: {}", dry.text());
    }
    assert_eq!(staff.get("/products?sku=NEW").expect(200).body["data"], json!([]));
    let changed = manager.open(&format!("{}?view=change", dry.place())).expect(200);
    assert!(changed.links().contains(&format!("/desk/products/{mug}")));
    assert!(changed.says("Price: €9.50 → €10.00"), "{}", changed.text());
    let new = manager.open(&format!("{}?view=create", dry.place())).expect(200);
    assert!(new.says("Name: Plate") && new.says("waits"), "{}", new.text());

    assert!(dry.html.contains("Import 3 rows"), "{}", dry.text());
    let apply = dry.form("apply_import");
    let applied = manager.send(&apply, &[]).expect(200);
    assert!(applied.says("Taken over 3") && !applied.has_form("apply_import"), "{}", applied.text());
    assert_eq!(staff.get(&format!("/products/{mug}")).expect(200).body["price"], "10.00");
    // Pressed twice, it is done once.
    let again = manager.send(&apply, &[]).expect(200);
    assert!(again.says("and not again now") && again.says("Taken over 3"), "{}", again.text());

    // What somebody has changed since stays.
    staff.patch(&format!("/products/{mug}"), json!({"price": "11"})).expect(200);
    let undone = manager.send(&applied.form("undo_import"), &[]).expect(200);
    assert!(undone.says("Set back 2") && undone.says("Not set back 1"), "{}", undone.text());
    assert!(undone.says("was changed by somebody else since"), "{}", undone.text());
    assert_eq!(staff.get(&format!("/products/{mug}")).expect(200).body["price"], "11.00");
    let list = manager.open(PAGE).expect(200);
    assert!(list.says("set back") && list.links().contains(&dry.place().to_owned()), "{}", list.text());
}

#[test]
fn what_somebody_has_changed_since_the_file_was_read_is_left_and_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = staff.post("/products", json!({"name": "Mug", "price": "9.50", "sku": "MUG"})).expect(201).id();
    let mut manager = shop.manager_at_desk();
    let dry = read(&mut manager, "sku,price\nMUG,10\n", &[]).expect(200);
    staff.patch(&format!("/products/{mug}"), json!({"price": "11"})).expect(200);
    let applied = manager.send(&dry.form("apply_import"), &[]).expect(200);
    assert!(applied.says("Left as they were 1"), "{}", applied.text());
    assert!(applied.says("2 Price was changed by somebody else since"), "{}", applied.text());
    assert_eq!(staff.get(&format!("/products/{mug}")).expect(200).body["price"], "11.00");
}

#[test]
fn an_import_that_is_applied_elsewhere_is_stale_and_one_that_is_not_finished_goes_on() {
    let shop = Shop::open();
    let mut manager = shop.manager_at_desk();
    let file: String = (0..120).map(|at| format!("S{at},Thing {at},1\n")).collect();
    let dry = read(&mut manager, &format!("sku,name,price\n{file}"), &[]).expect(200);
    let id: u64 = dry.place().rsplit('/').next().unwrap().parse().unwrap();
    // As a request leaves it whose 20 seconds are over.
    let mut sql = shop.sql();
    sql.query_drop(format!("UPDATE imports SET status = 'applying' WHERE id = {id}")).unwrap();
    let stale = manager.send(&dry.form("apply_import"), &[]).expect(412);
    assert!(stale.says("0 of 120 rows are done."), "{}", stale.text());
    let page = manager.open(dry.place()).expect(200);
    // Who only looks does not go on.
    assert!(page.html.contains("Go on") && !page.html.contains("data-goes-on"), "{}", page.text());
    assert_eq!(page.form("apply_import").get("version"), None);
    let done = manager.send(&page.form("apply_import"), &[]).expect(200);
    assert!(done.says("Taken over 120"), "{}", done.text());
    sql.query_drop(format!("UPDATE imports SET status = 'applying', applied = 7 WHERE id = {id}")).unwrap();
    let pressed = manager.open(done.path.as_str()).expect(200);
    assert!(pressed.html.contains("data-goes-on"), "{}", pressed.html);
}

#[test]
fn a_file_that_cannot_be_read_is_told_in_words_and_its_form_kept() {
    let shop = Shop::open();
    let mut manager = shop.manager_at_desk();
    let refused = |manager: &mut Browser, file: &str, words: &str| {
        let page = read(manager, file, &[("type", "suppliers"), ("decimal", "comma")]).expect(422);
        assert!(page.says(words), "{file:.20}: {}", page.text());
        let form = page.form("read_file");
        assert_eq!((form.get("type"), form.get("decimal")), (Some("suppliers"), Some("comma")));
        assert!(form.has_file && page.html.contains("<details open>"), "{}", page.html);
    };
    refused(&mut manager, "", "The file is missing: choose one");
    refused(&mut manager, "a,b\n1,2\n", "no column of its first line is known (a, b)");
    refused(&mut manager, "a,b\n1,2\n", "say below under “Columns” which is which");
    refused(&mut manager, "name,name\nA,B\n", "map one of them by its number, under “Columns”, such as 2:-");
    refused(&mut manager, "PK\u{3}\u{4}\u{0}\u{0}a workbook\n\u{0}", "is a workbook");
    refused(&mut manager, "\u{0}\u{1}\u{2}\u{3}\n", "no column of its first line is known");
    // One that was chosen and holds nothing.
    let form = manager.open(PAGE).form("read_file");
    let fields: Vec<(String, String)> =
        form.fields.iter().filter(|(name, _)| name != "file").cloned().collect();
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = fields.iter().map(|(name, value)| part(name, value)).collect::<String>()
        + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"<script>\"\r\n\r\n\r\n--b--\r\n";
    let headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", "multipart/form-data; boundary=b")];
    let empty = manager.ask("POST", &form.action, Some(&body), &headers).expect(422);
    assert!(empty.says("The file is empty") && !empty.html.contains("<script>"), "{}", empty.text());
    // Cut off within.
    let cut = manager.ask("POST", &form.action, Some(&body[..body.len() - 8]), &headers).expect(400);
    assert!(cut.says("Open the page again"), "{}", cut.text());
    assert_eq!(shop.staff().get("/imports").expect(200).body["data"], json!([]));
}

#[test]
fn a_file_of_20_mib_is_taken_and_a_longer_one_is_told_so() {
    let shop = Shop::open();
    let mut manager = shop.manager_at_desk();
    let header = "name,note\n";
    let file = |bytes: usize| {
        // Rows that are refused take the least work.
        let row = format!(",{}\n", "x".repeat(32_000));
        let rows = row.repeat((bytes - header.len()) / row.len());
        let rest = bytes - header.len() - rows.len();
        header.to_owned() + &rows + &"\n".repeat(rest)
    };
    let form = manager.open(PAGE).form("read_file");
    let just = manager.send(&form, &[("type", "suppliers"), ("file", &file(20 * 1024 * 1024))]).expect(200);
    assert!(just.says("Refused 655"), "{}", just.text());
    let long = manager.send(&form, &[("type", "suppliers"), ("file", &file(21_000_000))]).expect(422);
    assert!(long.says("is longer than 20 MiB"), "{}", long.text());
    assert_eq!(long.form("read_file").get("type"), Some("suppliers"));
    // What is longer still is not even read.
    let head = format!(
        "POST {PAGE} HTTP/1.1\r\nHost: shop\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 30000000\r\n\r\n"
    );
    let answer = wire::exchange_one(&shop.base, head.as_bytes());
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, 413);
    assert!(text.contains("a file is 20 MiB at most") && text.contains("href=\"/desk/imports\""), "{text}");
    // Of any other page it is not.
    let head = "POST /desk/customers HTTP/1.1\r\nHost: shop\r\nContent-Length: 3000000\r\n\r\n";
    assert_eq!(wire::exchange_one(&shop.base, head.as_bytes()).status, 413);
}

#[test]
fn a_file_is_taken_once_and_from_a_page_of_the_desk_only() {
    let shop = Shop::open();
    let mut manager = shop.manager_at_desk();
    let form = manager.open(PAGE).form("read_file");
    let file = "sku,name,price\nA,Plate,1\n";
    let first = manager.send(&form, &[("file", file)]).expect(200);
    let again = manager.send(&form, &[("file", file)]).expect(200);
    assert_eq!(again.place(), first.place());
    assert!(again.says("and not again now"), "{}", again.text());
    let other = manager.send(&form, &[("file", "sku,name,price\nB,Bowl,1\n")]).expect(422);
    assert!(other.says("was sent before"), "{}", other.text());
    // From elsewhere, by a clerk, and by nobody.
    let text = "--b\r\nContent-Disposition: form-data; name=\"do\"\r\n\r\nread_file\r\n--b--\r\n";
    let of_form = ("Content-Type", "multipart/form-data; boundary=b");
    for from in ["cross-site", "same-site", "none"] {
        manager.ask("POST", PAGE, Some(text), &[("Sec-Fetch-Site", from), of_form]).expect(403);
    }
    manager.ask("POST", PAGE, Some(text), &[of_form]).expect(403);
    let own = [("Sec-Fetch-Site", "same-origin"), of_form];
    shop.clerk_at_desk().ask("POST", PAGE, Some(text), &own).expect(403);
    let login = shop.stranger_at_desk().ask("POST", PAGE, Some(text), &own).expect(303);
    assert!(login.headers["location"].starts_with("/desk/login"), "{}", login.headers["location"]);
    // A form of another page, or none.
    manager.ask("POST", PAGE, Some(&text.replace("read_file", "new_key")), &own).expect(400);
    manager.ask("POST", PAGE, Some("do=read_file"), &own[..1]).expect(422);
    assert_eq!(shop.staff().get("/imports").expect(200).body["data"].as_array().map(Vec::len), Some(1));
    // Another member of staff sends the page that somebody has left open.
    let left = manager.open(PAGE).form("read_file");
    shop.add_staff("colleague", storekeeper::web::caller::Role::Manager);
    let told = shop.at_desk("colleague").send(&left, &[("file", file)]).expect(409);
    assert!(told.says("was opened by staff"), "{}", told.text());
}

#[test]
fn what_a_file_says_is_text_and_nothing_else() {
    let shop = Shop::open();
    let mut manager = shop.manager_at_desk();
    let hostile = "<script>alert(1)</script>";
    let form = manager.open(PAGE).form("read_file");
    let file = format!("sku,name,price,{hostile}\nA,\"{hostile}\",1,\nB,Bowl,{hostile},\n");
    let mut fields = form.fields.clone();
    fields.iter_mut().filter(|(name, _)| name == "file").for_each(|(_, value)| value.clone_from(&file));
    let sent = manager.upload(&form.action, &format!("{hostile}.csv"), &fields);
    let page = manager.follow(sent).expect(200);
    let new = manager.open(&format!("{}?view=create", page.place())).expect(200);
    for page in [&page, &new] {
        assert!(page.says(hostile) && !page.html.contains(hostile), "{}", page.html);
    }
    let unknown = read(&mut manager, &format!("{hostile}\n1\n"), &[]).expect(422);
    assert!(unknown.says(hostile) && !unknown.html.contains(hostile), "{}", unknown.html);
}

#[test]
fn all_that_was_refused_can_be_looked_through() {
    let shop = Shop::open();
    let mut manager = shop.manager_at_desk();
    let rows: String = (0..250).map(|at| format!("{at:04},{}\n", "b".repeat(300))).collect();
    let mut page = read(&mut manager, &format!("sku,price\n{rows}"), &[]).expect(200);
    let mut lines = 0;
    for _ in 0..40 {
        lines += page.html.matches("<tr><td class=\"n\">").count();
        let Some(next) = page.links().into_iter().find(|link| link.contains("after=")) else { break };
        page = manager.open(&next).expect(200);
    }
    assert_eq!(lines, 250);
}
