//! `storekeeper import` and `storekeeper export`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

use crate::harness::{self, Shop};
use crate::program::{Ended, run};

struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let folder = std::env::temp_dir().join(crate::fixtures::unique("files"));
        fs::create_dir(&folder).expect("a folder");
        Folder(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }

    fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).expect("a file");
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn ends(ended: &Ended, code: i32) -> &str {
    assert_eq!((ended.code, ended.err.as_str()), (Some(code), ""), "{}", ended.out);
    &ended.out
}

#[test]
fn a_file_is_tried_applied_and_undone() {
    let shop = Shop::open();
    let (folder, staff) = (Folder::new(), shop.staff());
    let file = folder.file(
        "plates.csv",
        "sku,Titel,price,stock,colour\nPLATE-1,Plate,12.50,8,red\nPLATE-2,Deep,free,4,blue\n",
    );
    let import = |more: &[&str]| {
        let arguments =
            [&["import", file.as_str(), "--type", "products", "--map", "Titel:name"], more].concat();
        run(&shop.database_url, &arguments)
    };
    let tried = import(&[]);
    let out = ends(&tried, 1);
    for line in [
        "import 1: products from a file of other (utf-8, comma)",
        "  Titel -> name",
        "  colour -> (not read)",
        "rows: create 1, change 0, same 0, refused 1, joined 0",
        "line 3, price \"free\":",
        "(invalid_price)",
        "add --yes to apply 1 rows",
        "nothing was changed; to do it: storekeeper import apply 1",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert_eq!(staff.get("/products").expect(200).body["data"], json!([]));
    let applied = import(&["--yes"]);
    assert!(
        ends(&applied, 1).ends_with("storekeeper import undo 2\n1 rows applied, 0 not\n"),
        "{}",
        applied.out
    );
    let products = staff.get("/products").expect(200).body;
    assert_eq!(products["data"][0]["name"], "Plate");
    let stock = staff.get(&format!("/products/{}/stock", products["data"][0]["id"])).expect(200).body;
    assert_eq!(stock["on_hand"], 8);
    // Once more it finds nothing to do but what was refused.
    let again = import(&["--yes"]);
    assert!(ends(&again, 1).contains("same 1, refused 1, joined 0"), "{}", again.out);
    assert!(again.out.ends_with("there is nothing to apply\n"), "{}", again.out);
    let undone = run(&shop.database_url, &["import", "undo", "2"]);
    assert_eq!(ends(&undone, 0), "1 rows undone, 0 not\n");
    assert_eq!(staff.get("/products").expect(200).body["data"], json!([]));
    // What was tried first is applied later, and once.
    let later = run(&shop.database_url, &["import", "apply", "1"]);
    assert!(ends(&later, 0).ends_with("\n1 rows applied, 0 not\n"), "{}", later.out);
    let twice = run(&shop.database_url, &["import", "apply", "1"]);
    assert!(ends(&twice, 0).ends_with("\n1 rows applied, 0 not\n"), "{}", twice.out);
    assert_eq!(staff.get("/products").expect(200).body["data"].as_array().map(Vec::len), Some(1));
    // The audit log says by what it was done.
    let audit = staff.get("/audit?object=import&command=import").expect(200).body;
    let actions: Vec<&str> = audit["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["action"].as_str().expect("a word"))
        .collect();
    assert_eq!(actions, ["applied", "undone", "created", "applied", "created", "created"]);
}

#[test]
fn what_cannot_be_taken_over_is_told_in_a_sentence() {
    let shop = Shop::open();
    let folder = Folder::new();
    let good = folder.file("good.csv", "name,price\nMug,1.00\n");
    let refusal =
        |arguments: &[&str]| run(&shop.database_url, &[&["import"], arguments].concat()).expect_refusal();
    assert_eq!(refusal(&[good.as_str()]), "--type is required");
    let wrong = refusal(&[good.as_str(), "--type", "things"]);
    assert!(wrong.starts_with("--type must be one of products, stock"), "{wrong}");
    let wrong = refusal(&[good.as_str(), "--type", "products", "--map", "colour:sku"]);
    assert!(wrong.contains("the file has no column \"colour\""), "{wrong}");
    let nowhere = refusal(&["/nowhere/at-all.csv", "--type", "products"]);
    assert!(nowhere.starts_with("cannot read /nowhere/at-all.csv: No such file"), "{nowhere}");
    let folder_itself = refusal(&[folder.path("").as_str(), "--type", "products"]);
    assert!(folder_itself.ends_with("is not a file"), "{folder_itself}");
    let empty = folder.file("empty.csv", "");
    assert!(!refusal(&[empty.as_str(), "--type", "products"]).is_empty());
    let large = folder.file("large.csv", &"x".repeat(20 * 1024 * 1024 + 1));
    assert!(refusal(&[large.as_str(), "--type", "products"]).contains("at most 20971520 bytes"));
    assert_eq!(refusal(&["undo", "first"]), "the import is named by its number");
    assert!(refusal(&["undo", "7"]).starts_with("There is nothing here"));
    assert!(refusal(&[]).starts_with("import needs FILE"));
}

#[test]
fn what_stands_in_a_file_moves_no_cursor_and_who_reads_no_further_stops_nothing() {
    let shop = Shop::open();
    let folder = Folder::new();
    let hostile = folder
        .file("hostile.csv", "name,price,na\u{1b}[31mme,\u{1b}]0;pwn\u{7}\nMug\u{1b}[2J,1,x,y\nBowl,2,x,y\n");
    let tried = run(&shop.database_url, &["import", &hostile, "--type", "products"]);
    assert!(tried.out.contains("na\\u{1b}[31mme -> (not read)"), "{}", tried.out);
    let headless = folder.file("headless.csv", "\u{1b}]0;pwned\u{7}x,y\n1,2\n");
    let refused = run(&shop.database_url, &["import", &headless, "--type", "products"]);
    let unknown = run(&shop.database_url, &["export", "orders?\u{1b}[2J=1"]);
    let missing = run(&shop.database_url, &["import", "/tmp/\u{1b}[2J.csv", "--type", "products"]);
    for ended in [&tried, &refused, &unknown, &missing] {
        assert!(
            ended.out.chars().chain(ended.err.chars()).all(|c| c == '\n' || !c.is_control()),
            "{ended:?}"
        );
    }
    // Everything is done all the same when nobody reads what is said of it.
    let many: String =
        (0..300).map(|number| format!("Thing {number},{number}\nThing {number},free\n")).collect();
    let many = folder.file("many.csv", &format!("name,price\n{many}"));
    let full = fs::File::options().write(true).open("/dev/full").expect("Linux");
    let mut command = harness::storekeeper(&shop.database_url);
    let ended = command
        .args(["import", &many, "--type", "products", "--yes"])
        .stdout(full)
        .output()
        .expect("the program");
    assert_eq!(
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned()),
        (Some(1), String::new())
    );
    let imports = shop.staff().get("/imports").expect(200).body;
    assert_eq!(
        (&imports["data"][0]["status"], &imports["data"][0]["applied"]),
        (&json!("applied"), &json!(300))
    );
}

#[test]
fn a_list_is_written_out_and_read_in_again() {
    let shop = Shop::open();
    let (folder, staff) = (Folder::new(), shop.staff());
    for number in 0..120 {
        staff
            .post("/products", json!({"name": format!("=Mug {number}"), "price": number, "stock": 3}))
            .expect(201);
    }
    let over_http = staff.request("GET", "/products").header("Accept", "text/csv").send().expect(200).text;
    let printed = run(&shop.database_url, &["export", "products"]);
    assert_eq!(ends(&printed, 0), over_http);
    let file = folder.path("stock.csv");
    let written = run(&shop.database_url, &["export", "stock", "--output", &file]);
    assert_eq!((written.code, written.out.as_str()), (Some(0), ""));
    assert_eq!(written.err, format!("120 rows are in {file}\n"));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let again = run(&shop.database_url, &["import", &file, "--type", "stock", "--yes"]);
    assert!(ends(&again, 0).contains("create 0, change 0, same 120, refused 0"), "{}", again.out);
    // No file is written over, and none is left that holds nothing.
    let there = run(&shop.database_url, &["export", "stock", "--output", &file]).expect_refusal();
    assert!(there.starts_with(&format!("cannot make the file {file}: File exists")), "{there}");
    let none = folder.path("none.csv");
    let unknown = run(&shop.database_url, &["export", "nonsense", "--output", &none]).expect_refusal();
    assert!(unknown.starts_with("there is no list \"nonsense\"; there are products"), "{unknown}");
    let filtered =
        run(&shop.database_url, &["export", "products?sort=colour", "--output", &none]).expect_refusal();
    assert!(filtered.starts_with("sort must be one of id, -id, name"), "{filtered}");
    assert!(!std::path::Path::new(&none).exists());
    // What is no list, and what is a secret.
    for target in ["products/1", "export", "sessions", "healthz", "openapi.json"] {
        run(&shop.database_url, &["export", target]).expect_refusal();
    }
    let of_events = run(&shop.database_url, &["export", "/events?type=product.created"]);
    assert_eq!(ends(&of_events, 0).lines().count(), 1 + 120);
    // Without a database it says so.
    let nowhere = run_command_without_database(&["export", "products"]);
    assert!(nowhere.contains("cannot use the database"), "{nowhere}");
}

fn run_command_without_database(arguments: &[&str]) -> String {
    let mut command = harness::storekeeper("mysql://shop:s3cret@127.0.0.1:1/shop");
    crate::program::run_command(command.args(arguments)).expect_refusal()
}
