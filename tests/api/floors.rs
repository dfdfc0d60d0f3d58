//! The house has one direction: a module uses what lies on floors below its own, never above.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. What is new finds its floor here, or this test says that it has none. Modules
/// of one floor may use each other in one direction.
const FLOORS: &[&[&str]] = &[
    &["problem", "values", "random", "table", "csv"],
    &["config", "servers", "error", "metrics", "passwords", "logging", "allocator"],
    &["db"],
    &["http"],
    &["app", "at_work", "pruning", "rates", "throttle"],
    &["audit", "erasures", "events", "ledger", "restock", "upkeep", "webhooks"],
    &["web"],
    &["handlers"],
    &["desk"],
    &["routes"],
    &["dispatch", "listeners"],
    &["cli", "bin"],
];

/// Who knows nothing of HTTP may not even word a refusal.
const WITHOUT_HTTP: &[&str] =
    &["audit", "erasures", "events", "ledger", "restock", "upkeep", "webhooks", "db", "values"];

/// A source file and what it uses of this crate, as paths of modules.
struct Source {
    path: PathBuf,
    uses: BTreeSet<String>,
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push(Source { path, uses: uses(&text) });
            }
        }
    }
    found
}

/// `a::b` for `use crate::a::b`, `crate::a::b::c()` and `use crate::a::{b, c::d}` alike, as deep as
/// it is written. The programs say `storekeeper::` for `crate::`.
fn uses(text: &str) -> BTreeSet<String> {
    let mut uses = BTreeSet::new();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    // A list may go on over several lines; what is one statement is one line here.
    let statements = code.collect::<Vec<_>>().join(" ");
    for line in statements.split(';') {
        for prefix in ["crate::", "storekeeper::"] {
            for (at, _) in line.match_indices(prefix) {
                let rest = &line[at + prefix.len()..];
                // A list of top-level modules stands for each of them.
                let (head, list) = rest.split_once('{').unwrap_or((rest, ""));
                let ends = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
                let head = head.split(ends).next().unwrap_or("");
                let names = list.split(['}', ',']).map(str::trim).filter(|name| !name.is_empty());
                if list.is_empty() {
                    uses.insert(head.to_owned());
                }
                uses.extend(names.map(|name| format!("{head}{}", name.split(ends).next().unwrap_or(""))));
            }
        }
    }
    uses
}

/// `handlers::orders::place` for `src/handlers/orders/place.rs`.
fn module_of(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let inside = path.strip_prefix(root).expect("a path below src").with_extension("");
    let names: Vec<_> = inside.iter().map(|name| name.to_string_lossy()).collect();
    names.join("::").trim_end_matches("::mod").to_owned()
}

fn floor_of(module: &str) -> Option<usize> {
    let top = module.split("::").next().unwrap_or("");
    FLOORS.iter().position(|floor| floor.contains(&top))
}

#[test]
fn no_arrow_points_upwards() {
    let mut wrong = Vec::new();
    for Source { path, uses } in sources() {
        let module = module_of(&path);
        if module == "lib" {
            continue;
        }
        let Some(floor) = floor_of(&module) else {
            wrong.push(format!("{module} has no floor"));
            continue;
        };
        for used in &uses {
            match floor_of(used) {
                Some(below) if below <= floor => {}
                // A crate or a macro of that name, which is not a module of ours.
                None if !used.contains("::") => {}
                _ => wrong.push(format!("{module} uses {used}, which lies above it")),
            }
        }
        let top = module.split("::").next().unwrap_or("");
        let http = uses
            .iter()
            .filter(|used| ["problem", "http", "web"].contains(&used.split("::").next().unwrap_or("")));
        for used in http.filter(|_| WITHOUT_HTTP.contains(&top)) {
            wrong.push(format!("{module} knows no HTTP but uses {used}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let sources = sources();
    let modules: BTreeSet<String> = sources.iter().map(|source| module_of(&source.path)).collect();
    // The file in which a path ends, and nothing where it ends in the file itself.
    let file_of = |used: &str| {
        let mut path = used;
        loop {
            if modules.contains(path) {
                return Some(path.to_owned());
            }
            path = path.rsplit_once("::")?.0;
        }
    };
    let arrows: BTreeMap<String, BTreeSet<String>> = sources
        .iter()
        .map(|source| {
            let module = module_of(&source.path);
            let targets = source.uses.iter().filter_map(|used| file_of(used));
            let targets = targets.filter(|target| *target != module).collect();
            (module, targets)
        })
        .collect();
    for start in arrows.keys() {
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut ahead: Vec<&str> = arrows[start].iter().map(String::as_str).collect();
        while let Some(module) = ahead.pop() {
            assert_ne!(module, start, "{start} is reached from itself, through {reached:?}");
            if reached.insert(module) {
                ahead.extend(arrows[module].iter().map(String::as_str));
            }
        }
    }
}
