//! What stands twice is the same in both places: the README's tables and the program's, the files of
//! `sql/` and the lists of them in the program.

use std::collections::BTreeSet;
use std::fs;

use storekeeper::config::SETTINGS;
use storekeeper::db::invariants::INVARIANTS;
use storekeeper::db::migrations::MIGRATIONS;
use storekeeper::web::problem::KINDS;

fn readme() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README")
}

/// The cells of the table whose header is `header`, row by row.
fn table(header: &str) -> Vec<Vec<String>> {
    let readme = readme();
    let rows = readme.lines().skip_while(|line| *line != header).skip(2);
    let rows: Vec<Vec<String>> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(!rows.is_empty(), "the README has no table {header}");
    rows
}

#[test]
fn the_table_of_settings_is_that_of_the_program() {
    let known = SETTINGS.iter();
    let known: Vec<_> = known
        .map(|setting| [format!("`{}`", setting.name), setting.default.into(), setting.meaning.into()])
        .collect();
    assert_eq!(table("| setting | default | meaning |"), known);
}

#[test]
fn the_table_of_errors_is_that_of_the_program() {
    let known = KINDS.iter();
    let known: Vec<_> =
        known.map(|kind| [format!("`{}`", kind.code), kind.status.to_string(), kind.title.into()]).collect();
    assert_eq!(table("| code | status | when |"), known);
}

#[test]
fn every_file_of_sql_is_known_to_the_program() {
    let files = |folder: &str| -> BTreeSet<String> {
        let folder = format!("{}/sql/{folder}", env!("CARGO_MANIFEST_DIR"));
        let files = fs::read_dir(folder).expect("a folder of SQL");
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    let named = |name: &str| format!("{name}.sql");
    assert_eq!(files("invariants"), INVARIANTS.iter().map(|invariant| named(invariant.name)).collect());
    assert_eq!(files("migrations"), MIGRATIONS.iter().map(|migration| named(migration.name)).collect());
}
