//! `storekeeper export`: a list as a file, as `Accept: text/csv` gives it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;

use super::arguments::Arguments;
use super::progress::Progress;
use super::{Failure, Outcome, printable};
use crate::app::App;
use crate::config::Config;
use crate::routes::ROUTES;
use crate::values::Id;
use crate::web::caller::Caller;
use crate::web::export;
use crate::web::request::Request;
use crate::web::route::{Access, Route};

/// One for the snapshot, and one for what is written on the way, such as the numbers of events.
const CONNECTIONS: u32 = 2;

pub fn run(arguments: &Arguments) -> Outcome {
    let target = format!("/{}", arguments.argument().trim_start_matches('/'));
    let path = target.split('?').next().unwrap_or("");
    let (route, path_id) = route_of(path).ok_or_else(|| unknown(path))?;
    // Before root becomes the service's user, who may not write here.
    let output_name = arguments.value("output").filter(|name| *name != "-");
    let mut output: Box<dyn Write> = match output_name {
        None => Box::new(io::stdout().lock()),
        // Nobody else of the machine reads what is in it.
        Some(name) => Box::new(
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(name)
                .map_err(|cause| format!("cannot make the file {name}: {cause}"))?,
        ),
    };
    let written =
        super::settings(arguments).and_then(|config| write(config, &target, route, path_id, &mut output));
    if let (Err(_), Some(name)) = (&written, output_name) {
        // It was made above, and there is nothing of use in it.
        let _ = std::fs::remove_file(name);
    }
    let rows = written?;
    if let Some(name) = output_name {
        eprintln!("{rows} rows are in {}", printable(name));
    }
    Ok(ExitCode::SUCCESS)
}

/// What may be a list, and the id in its path.
fn route_of(path: &str) -> Option<(&'static Route, Id)> {
    let mut reads = ROUTES.iter().filter(|route| route.method == "GET" && route.access != Access::Open);
    reads.find_map(|route| Some((route, route.matches(path)?.0)))
}

fn unknown(path: &str) -> Failure {
    let path = path.trim_start_matches('/');
    format!("there is no list {path:?}; there are products, stock, customers, suppliers, orders and the others of the API")
        .into()
}

fn write(
    config: Config,
    target: &str,
    route: &'static Route,
    path_id: Id,
    output: &mut impl Write,
) -> Result<usize, Failure> {
    super::require_current_schema(&config)?;
    let app = App::new(Config { database_connections: CONNECTIONS, ..config })?;
    let request = Request {
        http: &rouille::Request::fake_http("GET", target, Vec::new(), Vec::new()),
        body: Vec::new(),
        upload: None,
        method: "GET",
        caller: Caller::Command("export"),
        path_id,
        path_product_id: 0,
    };
    let mut progress = Progress::of("rows");
    let mut rows = 0;
    // As over HTTP: what the list refuses is told at once, and what happened has its number.
    let page = export::answered(&app, &request, route.handler, target.to_owned(), path_id);
    if !export::is_list(&page.map_err(super::in_words)?) {
        return Err(unknown(route.path));
    }
    let note = |count: usize| {
        rows = count;
        progress.show(count as u64, None);
        Ok(())
    };
    let (mut file, _) = export::file_of(&app, &request, route.handler, note).map_err(super::in_words)?;
    io::Seek::rewind(&mut file)?;
    drop(progress);
    match io::copy(&mut file, output).and_then(|_| output.flush()) {
        // Whoever read it, `head` say, has what they wanted.
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(rows),
        copied => Ok(copied.map(|()| rows)?),
    }
}
