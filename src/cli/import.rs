//! `storekeeper import`, `import apply` and `import undo`: a file taken over as over HTTP, tried first and then applied.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Seek, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::arguments::Arguments;
use super::progress::Progress;
use super::{Failure, Outcome, printable};
use crate::app::App;
use crate::config::Config;
use crate::error::Error;
use crate::handlers::imports;
use crate::values::Id;
use crate::web::caller::Caller;
use crate::web::export::answered;
use crate::web::request::Request;
use crate::web::route::Handler;
use crate::web::upload::Upload;

/// One works, and one looks how far it is.
const CONNECTIONS: u32 = 2;
/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// What the query of `POST /imports` takes is an option of the same name here, with a hyphen for a low line.
const OPTIONS: [&str; 7] = ["type", "map", "blank", "counted-at", "decimal", "delimiter", "encoding"];

pub fn run(arguments: &Arguments) -> Outcome {
    let name = arguments.argument();
    // Before root becomes the service's user, who may not read it.
    let file = File::open(name).map_err(|cause| format!("cannot read {name}: {cause}"))?;
    // It is read twice, so what comes through a pipe is put into one first.
    if !file.metadata()?.is_file() {
        return Err(format!("{name} is not a file").into());
    }
    let app = open(arguments)?;
    let dry_run = try_out(&app, arguments, file)?;
    say(&told(&dry_run));
    let id = id_of(&dry_run);
    let refused = print_rows(&app, id, "outcome=refused")?;
    let waiting = count(&dry_run, "/rows/create") + count(&dry_run, "/rows/change");
    if waiting == 0 {
        say("there is nothing to apply\n");
        return Ok(code(refused));
    }
    if !arguments.has("yes") && !asked_yes(waiting)? {
        say(&format!("nothing was changed; to do it: storekeeper import apply {id}\n"));
        return Ok(code(refused + waiting));
    }
    let left = apply_all(&app, id, waiting)?;
    Ok(code(refused + left))
}

/// Applies what was tried before, or goes on where that was cut off.
pub fn apply(arguments: &Arguments) -> Outcome {
    let id = id_given(arguments)?;
    let app = open(arguments)?;
    let import = read(&app, id)?;
    let waiting = count(&import, "/rows/create") + count(&import, "/rows/change");
    Ok(code(apply_all(&app, id, waiting)?))
}

fn apply_all(app: &App, id: Id, waiting: u64) -> Result<u64, Failure> {
    // Before it begins, since it may be cut off.
    say(&format!(
        "to go on with it, or set it back: storekeeper import apply {id}, storekeeper import undo {id}\n"
    ));
    let applied = go(app, id, imports::post_apply, "apply", waiting)?;
    say(&format!("{} rows applied, {} not\n", count(&applied, "/applied"), count(&applied, "/not_applied")));
    print_rows(app, id, "state=not_applied")
}

fn id_given(arguments: &Arguments) -> Result<Id, Failure> {
    Ok(arguments.argument().parse().map_err(|_| "the import is named by its number")?)
}

pub fn undo(arguments: &Arguments) -> Outcome {
    let id = id_given(arguments)?;
    let app = open(arguments)?;
    let before = read(&app, id)?;
    let undone = go(&app, id, imports::post_undo, "undo", count(&before, "/applied"))?;
    say(&format!("{} rows undone, {} not\n", count(&undone, "/undone"), count(&undone, "/not_undone")));
    let left = print_rows(&app, id, "state=not_undone")?;
    Ok(code(left))
}

/// Prints what holds words of somebody's file. Whoever reads no further, `head` say, stops nothing that is under way.
fn say(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(printable(text).as_bytes()).and_then(|()| output.flush());
}

/// 1 where something is left to be looked at.
fn code(left: u64) -> ExitCode {
    ExitCode::from(u8::from(left > 0))
}

fn open(arguments: &Arguments) -> Result<App, Failure> {
    let config = super::settings(arguments)?;
    super::require_current_schema(&config)?;
    Ok(App::new(Config { database_connections: CONNECTIONS, ..config })?)
}

/// The dry run.
fn try_out(app: &App, arguments: &Arguments, file: File) -> Result<Value, Failure> {
    let mut target = "/imports?".to_owned();
    for option in OPTIONS {
        if let Some(value) = arguments.value(option) {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            let _ = write!(target, "{}={value}&", option.replace('-', "_"));
        }
    }
    let bytes = file.metadata()?.len();
    // The same place in the same file, so it says how far the other one is.
    let mut read_so_far = file.try_clone()?;
    let upload =
        Upload::of_file(file, imports::FILE_BYTES_MAX).map_err(|problem| super::in_words(problem.into()))?;
    let headers = vec![("Content-Type".to_owned(), "text/csv".to_owned())];
    let http = rouille::Request::fake_http("POST", target, headers, Vec::new());
    let request = Request { upload: Some(upload), ..asking(&http, "POST", 0) };
    watched(
        "reading",
        || (read_so_far.stream_position().unwrap_or(0) / 1024, bytes.div_ceil(1024)),
        || call(app, &request, imports::create),
    )
}

/// Applies or undoes all of it, request by request.
fn go(app: &App, id: Id, handler: Handler, word: &'static str, all: u64) -> Result<Value, Failure> {
    let http = rouille::Request::fake_http("POST", format!("/imports/{id}/{word}"), Vec::new(), Vec::new());
    let request = asking(&http, "POST", id);
    let (name, figures) = if word == "apply" {
        ("applying", ["/applied", "/not_applied"])
    } else {
        ("undoing", ["/undone", "/not_undone"])
    };
    let so_far =
        || read(app, id).map_or(0, |import| figures.iter().map(|figure| count(&import, figure)).sum());
    watched(
        name,
        || (so_far(), all),
        || {
            loop {
                let import = call(app, &request, handler)?;
                if !["applying", "undoing"].contains(&import["status"].as_str().unwrap_or("")) {
                    return Ok(import);
                }
            }
        },
    )
}

/// Does `work`, and shows meanwhile what `how_far` says of it.
fn watched<T>(
    name: &'static str,
    mut how_far: impl FnMut() -> (u64, u64) + Send,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    if !io::stderr().is_terminal() {
        return work();
    }
    let (end, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut progress = Progress::of(name);
            while ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                let (done, all) = how_far();
                progress.show(done, Some(all));
            }
        });
        let result = work();
        drop(end);
        result
    })
}

fn asking<'a>(http: &'a rouille::Request, method: &'static str, path_id: Id) -> Request<'a> {
    Request {
        http,
        body: Vec::new(),
        upload: None,
        method,
        caller: Caller::Command("import"),
        path_id,
        path_product_id: 0,
    }
}

fn call(app: &App, request: &Request, handler: Handler) -> Result<Value, Failure> {
    let answer = handler(app, request).map_err(refused)?;
    let (mut body, _) = answer.data.into_reader_and_size();
    Ok(serde_json::from_reader(&mut body)?)
}

/// What is a parameter there is an option here.
fn refused(error: Error) -> Failure {
    match error {
        Error::Refused(mut problem) => {
            for error in &mut problem.errors {
                let option = error.field.replace('_', "-");
                if OPTIONS.contains(&option.as_str()) {
                    error.field = format!("--{option}");
                }
            }
            super::in_words(Error::Refused(problem))
        }
        error => super::in_words(error),
    }
}

fn read(app: &App, id: Id) -> Result<Value, Failure> {
    get(app, id, imports::read, format!("/imports/{id}"))
}

fn get(app: &App, id: Id, handler: Handler, target: String) -> Result<Value, Failure> {
    let http = rouille::Request::fake_http("GET", target.clone(), Vec::new(), Vec::new());
    let text = answered(app, &asking(&http, "GET", id), handler, target, id).map_err(super::in_words)?;
    Ok(serde_json::from_str(&text)?)
}

fn id_of(import: &Value) -> Id {
    import["id"].as_u64().expect("an import's id")
}

fn count(import: &Value, figure: &str) -> u64 {
    import.pointer(figure).and_then(Value::as_u64).expect("a figure of an import")
}

/// What the dry run has found.
fn told(import: &Value) -> String {
    let text = |name: &str| import[name].as_str().unwrap_or_default().to_owned();
    let mut told = format!(
        "import {}: {} from a file of {} ({}, {})\n",
        id_of(import),
        text("type"),
        text("source"),
        text("encoding"),
        text("delimiter")
    );
    for column in import["columns"].as_array().into_iter().flatten() {
        let field = column["field"].as_str().map_or("(not read)", |field| field.trim_start_matches('='));
        let _ = writeln!(told, "  {} -> {field}", column["column"].as_str().unwrap_or_default());
    }
    let rows = ["create", "change", "same", "refused", "joined"]
        .map(|figure| format!("{figure} {}", count(import, &format!("/rows/{figure}"))));
    let _ = writeln!(told, "rows: {}", rows.join(", "));
    told
}

/// Prints what is wrong with each of these rows, and returns how many there are.
fn print_rows(app: &App, id: Id, filter: &str) -> Result<u64, Failure> {
    let mut printed = 0;
    let mut after = String::new();
    loop {
        let page = get(app, id, imports::list_rows, format!("/imports/{id}/rows?limit=100&{filter}{after}"))?;
        for row in page["data"].as_array().into_iter().flatten() {
            printed += 1;
            for error in row["errors"].as_array().into_iter().flatten() {
                let text = |name: &str| error[name].as_str().unwrap_or_default();
                let place = if text("column").is_empty() { text("field") } else { text("column") };
                let value = error["value"].as_str().map_or_else(String::new, |value| format!(" {value:?}"));
                let (message, code) = (text("message"), text("code"));
                say(&format!("line {}, {place}{value}: {message} ({code})\n", row["line"]));
            }
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(printed),
        }
    }
}

/// Nobody is asked where nobody can answer: then it stays a dry run.
fn asked_yes(rows: u64) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        say(&format!("add --yes to apply {rows} rows\n"));
        return Ok(false);
    }
    say(&format!("apply {rows} rows? [y/N] "));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
