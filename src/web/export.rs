//! A list as a file: `Accept: text/csv` on any list gives all that its filters find, as it was at one moment.
//!
//! The rows are those of the list's own pages, asked for one after another within one snapshot, so a file says what the
//! JSON says. All of it is in a file of ours before the first byte is sent: a slow reader holds no connection.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rouille::{Response, ResponseBody};

use crate::app::App;
use crate::csv;
use crate::db;
use crate::error::Result;
use crate::http::file_without_name;
use crate::problem::{self, Problem};
use crate::values::{Bad, Id, Input};
use crate::web::caller::Caller;
use crate::web::request::Request;
use crate::web::route::Handler;

const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8; header=present";
/// Each works on one connection for as long as it takes, and leaves the others theirs.
const AT_ONCE_MAX: usize = 2;
/// A proxy waits for a minute, and so long a snapshot keeps old rows alive in the database.
const TIME_MAX: Duration = Duration::from_secs(50);
/// Without it Excel takes a file for one of its own country's letters.
const BYTE_ORDER_MARK: &str = "\u{FEFF}";

/// What a route answers to this request: a list as a file, where that is asked for.
pub fn answer(app: &App, request: &Request, handler: Handler) -> Result<Response> {
    let answer = handler(app, request)?;
    if request.method == "GET" && is_asked(request.http) {
        of(app, request, handler, answer)
    } else {
        Ok(answer)
    }
}

/// Whether a file is asked for: of the types that there are here, its type is wanted most, or named first of those.
fn is_asked(http: &rouille::Request) -> bool {
    let accept = http.header("Accept").unwrap_or("");
    let mut best: Option<(&str, f32)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().unwrap_or("");
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality = quality.and_then(|quality| quality.parse().ok()).unwrap_or(1.0);
        let known =
            ["text/csv", "application/json", "*/*"].iter().any(|known| known.eq_ignore_ascii_case(named));
        if known && quality > best.map_or(0.0, |(_, quality)| quality) {
            best = Some((named, quality));
        }
    }
    best.is_some_and(|(named, _)| named.eq_ignore_ascii_case("text/csv"))
}

/// The whole list of which `answer` is a page; what is no list is answered as it is.
fn of(app: &App, request: &Request, handler: Handler, answer: Response) -> Result<Response> {
    let is_json = |(name, value): &(Cow<str>, Cow<str>)| name == "Content-Type" && value.starts_with(JSON);
    if !answer.headers.iter().any(is_json) {
        return Ok(answer);
    }
    let mut page = String::new();
    let Response { status_code, headers, data, upgrade } = answer;
    let (mut body, _) = data.into_reader_and_size();
    body.read_to_string(&mut page).map_err(no_room)?;
    if status_code != 200 || !is_list(&page) {
        return Ok(Response { status_code, headers, data: ResponseBody::from_string(page), upgrade });
    }
    refuse_strangers(&request.caller)?;
    let Some(_place) = AtOnce::enter(&app.exports) else {
        let detail =
            format!("{AT_ONCE_MAX} lists are being written into files already. Try again in a moment.");
        return Err(Problem::busy(detail).into());
    };
    let started = Instant::now();
    let (file, name) = file_of(app, request, handler, |_| {
        if started.elapsed() <= TIME_MAX {
            return Ok(());
        }
        let detail = "There is more than a file can take in one go. Ask for less with the list's filters, such as a span of time, or let \"storekeeper export\" write it.";
        Err(Problem::busy(detail))
    })?;
    let response = to_keep(file, CSV, &name).map_err(no_room)?;
    Ok(response.with_unique_header("Vary", "Accept"))
}

/// The whole list that this handler answers pages of, and what the file may be called; `note` is told how many rows there are
/// so far.
pub fn file_of(
    app: &App,
    request: &Request,
    handler: Handler,
    note: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<(File, String)> {
    let whole = Whole::asked_for(request)?;
    let mut pages = BufWriter::new(file_without_name().map_err(no_room)?);
    let mut columns = Columns::default();
    // The page that was answered before is not used: what was done for it, such as numbering events, is in the snapshot.
    db::within_snapshot(&app.pool, || {
        whole.write_pages(app, request, handler, &mut pages, &mut columns, note)
    })?;
    let file = written(pages, columns).map_err(no_room)?;
    Ok((file, format!("{}-{}.csv", whole.name(), app.config.calendar.day_of(app.clock.now()))))
}

/// Whether an answer is a page of a list.
pub fn is_list(answer: &str) -> bool {
    answer.starts_with("{\"data\":[")
}

/// The answer that a browser keeps as a file of this name.
pub fn to_keep(mut file: File, content_type: &'static str, name: &str) -> io::Result<Response> {
    let bytes = usize::try_from(file.stream_position()?).expect("a file that a disk has room for");
    file.rewind()?;
    Ok(Response {
        status_code: 200,
        headers: vec![
            ("Content-Type".into(), content_type.into()),
            ("Content-Disposition".into(), format!("attachment; filename=\"{name}\"").into()),
        ],
        data: ResponseBody::from_reader_and_size(BufReader::new(file), bytes),
        upgrade: None,
    })
}

/// Who may read a list may read all of it, but the work of a whole catalogue is not for everybody to ask for.
fn refuse_strangers(caller: &Caller) -> Result<(), Problem> {
    match caller {
        Caller::Staff { .. } | Caller::Key { .. } | Caller::Command(_) => Ok(()),
        Caller::Anyone => Err(Problem::unauthenticated()),
        Caller::Customer { .. } => {
            let detail = "Only staff and programs take whole lists as files. Ask for JSON, page by page.";
            Err(Problem::new(problem::FORBIDDEN, detail))
        }
    }
}

/// A list from its beginning, or from `after` on, to its end.
struct Whole<'a> {
    path: &'a str,
    /// The filters, as they were sent.
    filters: String,
    after: Option<String>,
}

impl Whole<'_> {
    fn asked_for<'a>(request: &'a Request) -> Result<Whole<'a>, Problem> {
        let target = request.http.raw_url();
        let mut whole =
            Whole { path: target.split('?').next().unwrap_or(""), filters: String::new(), after: None };
        for pair in request.http.raw_query_string().split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("limit", _)) => {
                    let message = "is for pages; leave it out, since a file holds all rows";
                    return Err(Problem::invalid_field("limit", Bad::new("not_with_csv", message)));
                }
                Some(("after", cursor)) => whole.after = Some(cursor.to_owned()),
                _ => {
                    whole.filters.push('&');
                    whole.filters.push_str(pair);
                }
            }
        }
        Ok(whole)
    }

    /// The path in words: `customers-7-orders`.
    fn name(&self) -> String {
        self.path.trim_matches('/').replace('/', "-")
    }

    /// Writes each page on a line of its own, as JSON has no line breaks but those that we would write.
    fn write_pages(
        &self,
        app: &App,
        request: &Request,
        handler: Handler,
        pages: &mut BufWriter<File>,
        columns: &mut Columns,
        mut note: impl FnMut(usize) -> Result<(), Problem>,
    ) -> Result<()> {
        let of_ids = self.filters.contains("&ids=");
        // So many fit on a page; of ids that are named all do.
        let limit = if of_ids { "" } else { "limit=100" };
        let target = format!("{}?{limit}{}", self.path, self.filters);
        let mut count = 0;
        each_page(app, request, handler, &target, request.path_id, self.after.clone(), |page, rows| {
            count += rows.len();
            note(count)?;
            rows.iter().for_each(|row| columns.learn(row));
            pages.write_all(page.as_bytes()).and_then(|()| pages.write_all(b"\n")).map_err(no_room)
        })
    }
}

/// Takes all pages of a list, each as its text and its rows. `target` has a query.
pub fn each_page(
    app: &App,
    request: &Request,
    handler: Handler,
    target: &str,
    path_id: Id,
    mut after: Option<String>,
    mut take: impl FnMut(&str, &[Input]) -> Result<(), Problem>,
) -> Result<()> {
    loop {
        let from = after.as_ref().map_or_else(String::new, |after| format!("&after={after}"));
        let page = answered(app, request, handler, format!("{target}{from}"), path_id)?;
        let (rows, next) = taken_apart(&page);
        take(&page, &rows)?;
        // The feed of events always says where to go on.
        match next.filter(|_| !rows.is_empty()) {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// What a GET of this target would answer the caller of `request`.
pub fn answered(
    app: &App,
    request: &Request,
    handler: Handler,
    target: String,
    path_id: Id,
) -> Result<String> {
    let from = *request.http.remote_addr();
    let asked = Request {
        http: &rouille::Request::fake_http_from(from, "GET", target, Vec::new(), Vec::new()),
        body: Vec::new(),
        upload: None,
        method: "GET",
        caller: request.caller.clone(),
        path_id,
        path_product_id: request.path_product_id,
    };
    let mut text = String::new();
    handler(app, &asked)?.data.into_reader_and_size().0.read_to_string(&mut text).map_err(no_room)?;
    Ok(text)
}

/// The rows of a page, and where the next one begins.
fn taken_apart(page: &str) -> (Vec<Input>, Option<String>) {
    let Ok(Input::Object(members)) = Input::parse(page) else {
        unreachable!("our own answers are JSON objects");
    };
    let (mut rows, mut next) = (Vec::new(), None);
    for (name, value) in members {
        match (name.as_str(), value) {
            ("data", Input::List(data)) => rows = data,
            ("next", Input::Text(cursor)) => next = Some(cursor),
            _ => {}
        }
    }
    (rows, next)
}

/// The file, once it is known which columns there are.
fn written(pages: BufWriter<File>, columns: Columns) -> io::Result<File> {
    let mut pages = pages.into_inner().map_err(io::IntoInnerError::into_error)?;
    pages.rewind()?;
    let columns = columns.in_the_end();
    let mut file = BufWriter::new(file_without_name()?);
    file.write_all(BYTE_ORDER_MARK.as_bytes())?;
    if !columns.is_empty() {
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        file.write_all(csv::row_for_spreadsheets(&names).as_bytes())?;
    }
    for page in BufReader::new(pages).lines() {
        for row in taken_apart(&page?).0 {
            for cells in lines_of(&row) {
                let value = |column: &String| {
                    cells.iter().find(|(name, _)| name == column).map_or("", |(_, text)| text.as_str())
                };
                let values: Vec<&str> = columns.iter().map(value).collect();
                file.write_all(csv::row_for_spreadsheets(&values).as_bytes())?;
            }
        }
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)
}

/// The columns of all rows, each where it came first.
#[derive(Default)]
struct Columns(Vec<String>);

impl Columns {
    fn learn(&mut self, row: &Input) {
        let mut before = None;
        for (name, _) in lines_of(row).into_iter().flatten() {
            let known = self.0.iter().position(|known| *known == name);
            let at = known.unwrap_or_else(|| {
                // Beside what stands beside it in the row.
                let at = before.map_or(self.0.len(), |before| before + 1);
                self.0.insert(at, name);
                at
            });
            before = Some(at);
        }
    }

    /// What is nothing in one row and has parts in another is its parts.
    fn in_the_end(self) -> Vec<String> {
        let has_parts = |name: &String| {
            self.0
                .iter()
                .any(|other| other.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.')))
        };
        self.0.iter().filter(|name| !has_parts(name)).cloned().collect()
    }
}

type Cells = Vec<(String, String)>;

/// A row as lines of the file. One that has lines of its own, as an order has, takes as many: its first member, which says
/// which it is, stands on each, and all else of it on the first, so that sums are right.
fn lines_of(row: &Input) -> Vec<Cells> {
    let mut first = Vec::new();
    let mut own_lines: Vec<(String, &[Input])> = Vec::new();
    cells_of("", row, &mut first, &mut own_lines);
    let id = first.first().cloned();
    let count = own_lines.iter().map(|(_, items)| items.len()).max().unwrap_or_default().max(1);
    let mut lines = vec![first];
    lines.resize_with(count, || id.iter().cloned().collect());
    for (name, items) in own_lines {
        for (line, item) in lines.iter_mut().zip(items) {
            let mut deeper = Vec::new();
            cells_of(&format!("{name}."), item, line, &mut deeper);
            line.extend(deeper.into_iter().map(|(name, items)| (name, listed(items))));
        }
    }
    lines
}

/// Adds what `value` says as cells; `prefix` is what its names begin with.
fn cells_of<'a>(
    prefix: &str,
    value: &'a Input,
    cells: &mut Cells,
    own_lines: &mut Vec<(String, &'a [Input])>,
) {
    let Input::Object(members) = value else {
        return cells.push((prefix.trim_end_matches('.').to_owned(), plain(value)));
    };
    for (name, value) in members {
        let name = format!("{prefix}{name}");
        match value {
            Input::Object(_) => cells_of(&format!("{name}."), value, cells, own_lines),
            Input::List(items) if items.iter().any(has_parts) => own_lines.push((name, items)),
            Input::List(items) => cells.push((name, listed(items))),
            _ => cells.push((name, plain(value))),
        }
    }
}

/// Whether it takes a line of its own. A barcode is written as the import takes it, `4006381333931*12`.
fn has_parts(item: &Input) -> bool {
    matches!(item, Input::Object(members) if !is_barcode(members))
}

fn is_barcode(members: &[(String, Input)]) -> bool {
    matches!(members, [(code, _), (units, _)] if code == "code" && units == "units")
}

fn listed(items: &[Input]) -> String {
    items.iter().map(plain).collect::<Vec<_>>().join(" | ")
}

fn plain(value: &Input) -> String {
    match value {
        Input::Null => String::new(),
        Input::Bool(bool) => bool.to_string(),
        Input::Number(text) | Input::Text(text) => text.clone(),
        Input::List(items) => listed(items),
        Input::Object(members) => match members.as_slice() {
            [(_, code), (_, Input::Number(units))] if is_barcode(members) && units == "1" => plain(code),
            [(_, code), (_, units)] if is_barcode(members) => format!("{}*{}", plain(code), plain(units)),
            members => members.iter().map(|(_, value)| plain(value)).collect::<Vec<_>>().join(" "),
        },
    }
}

pub fn no_room(cause: io::Error) -> Problem {
    log::error!("cannot keep a list in {}: {cause}", std::env::temp_dir().display());
    let detail = "The disk has no room for a file of this size. Tell the shop's operator.";
    Problem::new(problem::STORAGE_FULL, detail).retry_after(30)
}

/// A place among those that are written at once, given back when it ends.
struct AtOnce<'a>(&'a AtomicUsize);

impl AtOnce<'_> {
    fn enter(now: &AtomicUsize) -> Option<AtOnce<'_>> {
        let one_more = |now: usize| (now < AT_ONCE_MAX).then(|| now + 1);
        let entered = now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        // One that was never made gives no place back.
        entered.is_ok().then(|| AtOnce(now))
    }
}

impl Drop for AtOnce<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_asked_by(accept: &str) -> bool {
        let headers = vec![("Accept".to_owned(), accept.to_owned())];
        is_asked(&rouille::Request::fake_http("GET", "/products", headers, Vec::new()))
    }

    #[test]
    fn a_file_is_for_who_names_it_first() {
        for accept in ["text/csv", "Text/CSV; header=present", "text/csv, */*;q=0.1", "text/html, text/csv"] {
            assert!(is_asked_by(accept), "{accept}");
        }
        for accept in
            ["", "*/*", "application/json", "application/json, text/csv", "text/html,*/*;q=0.8", "text/csvx"]
        {
            assert!(!is_asked_by(accept), "{accept}");
        }
    }

    fn file_of(rows: &[&str]) -> Vec<String> {
        let rows: Vec<Input> = rows.iter().map(|row| Input::parse(row).expect("JSON")).collect();
        let mut columns = Columns::default();
        rows.iter().for_each(|row| columns.learn(row));
        let columns = columns.in_the_end();
        let lines = rows.iter().flat_map(lines_of).map(|cells| {
            let value = |column: &String| {
                cells.iter().find(|(name, _)| name == column).map_or("", |(_, text)| text.as_str())
            };
            columns.iter().map(value).collect::<Vec<_>>().join(";")
        });
        [columns.join(";")].into_iter().chain(lines).collect()
    }

    #[test]
    fn members_are_columns() {
        let rows = [
            r#"{"id":1,"name":"Mug","barcodes":[],"address":null,"price":"1.50","in_stock":true}"#,
            r#"{"id":2,"name":"Cup","barcodes":[{"code":"40","units":1},{"code":"41","units":12}],"address":{"city":"Ulm","zip":"0112"},"price":"2.00","in_stock":false}"#,
        ];
        assert_eq!(
            file_of(&rows),
            [
                "id;name;barcodes;address.city;address.zip;price;in_stock",
                "1;Mug;;;;1.50;true",
                "2;Cup;40 | 41*12;Ulm;0112;2.00;false"
            ]
        );
    }

    #[test]
    fn lines_of_an_order_take_a_line_each() {
        let rows = [
            r#"{"id":1,"items":[{"sku":"A","units":2},{"sku":"B","units":1}],"total":"5.00","tags":["x","y"]}"#,
            r#"{"id":2,"items":[],"total":"0.00","tags":[]}"#,
        ];
        assert_eq!(
            file_of(&rows),
            ["id;total;tags;items.sku;items.units", "1;5.00;x | y;A;2", "1;;;B;1", "2;0.00;;;"]
        );
    }
}
