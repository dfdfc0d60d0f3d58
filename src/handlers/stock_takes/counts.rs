//! Counting: by number, or scan by scan, by as many people at once as like.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use mysql::Value;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Actor, Object};
use crate::db::{self, Transaction, column, in_list};
use crate::error::{Error, Result};
use crate::handlers::costs::costs_in;
use crate::handlers::movements::ActorNamed;
use crate::handlers::products::{Barcode, from_json};
use crate::handlers::stock_takes::lines::{self, Line};
use crate::handlers::stock_takes::{allow, check_version};
use crate::ledger::ON_HAND_MAX;
use crate::ledger::takes::{self, Count, Outcome, Units};
use crate::problem::{self, FieldError, Problem};
use crate::values::{Bad, Gtin, Id, Input, Sku, Timestamp, id, whole_number};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::request::Request;
use crate::web::response;

/// As many as a scanner that was out of reach sends at once; so many rows are held together.
const COUNTS_MAX: usize = 100;
/// A scanner's clock may be off by so much: what it says is ahead of ours was just now.
const CLOCK_TOLERANCE: Duration = Duration::seconds(60);

/// A count as somebody sends it.
struct Sent {
    what: What,
    units: Units,
    /// None for now.
    at: Option<Timestamp>,
    /// When the line was counted last, as whoever counts has read it; None where they do not say.
    last: Option<Option<Timestamp>>,
}

enum What {
    Product(Id),
    /// A SKU or a barcode.
    Code {
        sku: Option<Sku>,
        gtin: Option<Gtin>,
    },
}

/// What has become of a count, and how the line stands.
#[derive(Serialize)]
struct Done<'a> {
    outcome: Outcome,
    line: &'a Line,
}

#[derive(Serialize)]
struct AllDone<'a> {
    counts: Vec<Done<'a>>,
}

/// `POST /stock_takes/{id}/counts`: `{counts: [{product_id | code, counted | add, counted_at?, last_counted_at?}]}`. `counted` is what is
/// there, `add` what is there beside what was counted so far; a code that stands for several units counts them all. Of two
/// that count the same product the later `counted_at` stands, whichever comes first, unless `last_counted_at` is not when
/// the line was counted last: then nothing is written. A product that was not selected is
/// taken in. 200 with what has become of each, in their order.
pub fn post(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let sent = form.objects("counts", COUNTS_MAX, Sent::read);
    let sent = form.finish(|| sent)?;
    let id = request.path_id;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        check_version(app, tx, request)?;
        let done = count(app, tx, &request.caller, id, &sent)?;
        let product_ids: BTreeSet<Id> = done.iter().map(|(product_id, _)| *product_id).collect();
        let lines = lines::of_products(tx, id, product_ids, costs_in(app, &request.caller))?;
        let counts = done
            .iter()
            .map(|(product_id, outcome)| Done { outcome: *outcome, line: &lines[product_id] })
            .collect();
        claim.keep(tx, Answer::changed(format!("/stock_takes/{id}"), &AllDone { counts }))
    })?;
    Ok(answered.into_response())
}

impl Sent {
    fn read(form: &mut Form) -> Option<Sent> {
        let product_id = form.optional("product_id", id);
        let code = form.optional("code", What::parse_code);
        let counted = form.optional("counted", |input| whole_number(input, 0, ON_HAND_MAX));
        let add = form.optional("add", |input| whole_number(input, 1, ON_HAND_MAX));
        let at = form.optional("counted_at", Timestamp::parse);
        let last = form.changed_or_cleared("last_counted_at", Timestamp::parse);
        let what = match (product_id?, code?) {
            (Some(product_id), None) => What::Product(product_id),
            (None, Some(code)) => code,
            _ => {
                let bad =
                    Bad::new("product_id_or_code", "send either product_id or code, a SKU or a barcode");
                form.reject("product_id", bad);
                return None;
            }
        };
        let units = match (counted?, add?) {
            (Some(counted), None) => Units::Counted(counted),
            (None, Some(more)) => Units::Add(more),
            _ => {
                let message = "send either counted, what is there, or add, what is there beside what was counted so far";
                form.reject("counted", Bad::new("counted_or_add", message));
                return None;
            }
        };
        Some(Sent { what, units, at: at?, last: last? })
    }
}

impl What {
    fn parse_code(input: &Input) -> std::result::Result<What, Bad> {
        let (sku, gtin) = (Sku::parse(input), Gtin::parse(input).ok());
        match (sku, gtin) {
            (Err(bad), None) => Err(bad),
            (sku, gtin) => Ok(What::Code { sku: sku.ok(), gtin }),
        }
    }
}

/// Writes these counts down, and returns of each the product and what has become of it.
fn count(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    take_id: Id,
    sent: &[Sent],
) -> Result<Vec<(Id, Outcome)>> {
    let (status, opened_at) = takes::lock(tx, take_id, false)?.ok_or_else(Problem::not_found)?;
    allow(status, "Open another one to count.")?;
    let now = app.clock.now();
    let counts = counts(tx, sent, opened_at, now, caller.actor())?;
    let product_ids: BTreeSet<Id> = counts.iter().map(|count| count.product_id).collect();
    take_in(tx, take_id, product_ids)?;
    refuse_counted_meanwhile(tx, take_id, sent, &counts)?;
    let mut done = Vec::new();
    // Always in one order, so that two who count the same products wait for each other and no more.
    let mut in_order: Vec<(usize, &Count)> = counts.iter().enumerate().collect();
    in_order.sort_by_key(|(index, count)| (count.product_id, *index));
    for (index, count) in in_order {
        let outcome = takes::count(tx, take_id, count)?.ok_or_else(|| too_many(count.product_id))?;
        done.push((index, (count.product_id, outcome)));
    }
    done.sort_by_key(|(index, _)| *index);
    let ahead = counts.iter().filter(|count| count.at > now).map(|count| count.product_id);
    takes::date_after(tx, ahead.collect())?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::StockTake, take_id), &["counts"])?;
    Ok(done.into_iter().map(|(_, done)| done).collect())
}

/// Refuses what would take the place of a count that whoever sent it has not seen.
fn refuse_counted_meanwhile(
    tx: &mut Transaction,
    take_id: Id,
    sent: &[Sent],
    counts: &[Count],
) -> Result<()> {
    if sent.iter().all(|sent| sent.last.is_none()) {
        return Ok(());
    }
    let product_ids = || counts.iter().map(|count| count.product_id).collect::<BTreeSet<Id>>();
    let stand = takes::lock_lines(tx, take_id, product_ids())?;
    let is_another = |(sent, count): &(&Sent, &Count)| {
        sent.last.is_some_and(|last| stand.get(&count.product_id).is_some_and(|stands| *stands != last))
    };
    if !sent.iter().zip(counts).any(|both| is_another(&both)) {
        return Ok(());
    }
    let lines = lines::of_products(tx, take_id, product_ids(), None)?;
    let both = sent.iter().zip(counts).enumerate().filter(|(_, both)| is_another(both));
    let faults = both.map(|(index, (_, count))| {
        let line = lines.get(&count.product_id);
        let stands = match line.and_then(|line| Some((line.counted?, line.counted_at?))) {
            Some((counted, at)) => {
                let by = line.and_then(|line| line.counted_by.as_ref()).and_then(ActorNamed::name);
                format!("{counted} were counted by {} at {at}", by.unwrap_or("the shop"))
            }
            None => "the count was taken back".to_owned(),
        };
        let message = format!(
            "is not so any more: {stands}. Look at that, and count again to put your number in its place"
        );
        let bad = Bad::new("counted_meanwhile", message);
        FieldError::new(format!("counts[{index}].last_counted_at"), bad)
    });
    Err(Problem::invalid_fields(faults.collect()).into())
}

/// What was sent, of products and moments that there are.
fn counts(
    tx: &mut Transaction,
    sent: &[Sent],
    opened_at: Timestamp,
    now: Timestamp,
    actor: Actor,
) -> Result<Vec<Count>> {
    let known = Known::read(tx, sent)?;
    let latest =
        takes::last_movements(tx, sent.iter().filter_map(|sent| Some(known.product(&sent.what)?.0)))?;
    let mut faults = Vec::new();
    let mut counts = Vec::new();
    for (index, Sent { what, units, at, .. }) in sent.iter().enumerate() {
        let mut fault = |field, bad| faults.push(FieldError::new(format!("counts[{index}].{field}"), bad));
        if at.is_some_and(|at| at > now + CLOCK_TOLERANCE) {
            let message = format!("must not be in the future; here it is {now}");
            fault("counted_at", Bad::new("in_the_future", message));
        } else if at.is_some_and(|at| at < opened_at - CLOCK_TOLERANCE) {
            let message = format!("must not be before {opened_at}, when the stock take was opened");
            fault("counted_at", Bad::new("before_opening", message));
        }
        let Some((product_id, in_one)) = known.product(what) else {
            let (field, bad) = what.unknown();
            fault(field, bad);
            continue;
        };
        let Some(units) = units.in_packs_of(in_one) else {
            let message = format!("is more than a shelf holds: each of them holds {in_one}");
            fault(units.field(), Bad::new("too_large", message));
            continue;
        };
        let at = match at {
            Some(at) => at.min(&now).max(&opened_at),
            // Whatever is in the ledger by now is before it, also where a clock that was ahead has dated it later.
            None => latest.get(&product_id).map_or(&now, |latest| latest.max(&now)),
        };
        counts.push(Count { product_id, units, at: *at, actor });
    }
    if faults.is_empty() { Ok(counts) } else { Err(Problem::invalid_fields(faults).into()) }
}

/// Those of the products that were named which are there.
struct Known {
    ids: BTreeSet<Id>,
    /// By the keys of their SKUs.
    by_sku: BTreeMap<String, Id>,
    /// By the keys of their barcodes, with how many units bear it together.
    by_gtin: BTreeMap<String, (Id, i64)>,
}

impl Known {
    fn read(tx: &mut Transaction, sent: &[Sent]) -> Result<Known> {
        let of = |key: fn(&What) -> Option<Value>| in_list(sent.iter().filter_map(|sent| key(&sent.what)));
        let (marks, ids) = of(|what| match what {
            What::Product(id) => Some((*id).into()),
            What::Code { .. } => None,
        });
        let sql = format!("SELECT id FROM products WHERE id IN ({marks})");
        let ids = tx.rows(&sql, ids, |row| column(row, "id"))?;
        let (marks, keys) = of(|what| Some(what.sku_key()?.into()));
        let sql = format!("SELECT sku_key, id FROM products WHERE sku_key IN ({marks})");
        let by_sku = tx.rows(&sql, keys, |row| (column(row, "sku_key"), column(row, "id")))?;
        let (marks, keys) = of(|what| Some(what.gtin_key()?.into()));
        let sql = format!(
            "SELECT b.gtin, p.id, p.barcodes FROM product_barcodes b JOIN products p ON p.id = b.product_id
             WHERE b.gtin IN ({marks})"
        );
        let by_gtin = tx.rows(&sql, keys, |row| {
            let gtin: String = column(row, "gtin");
            let barcodes: Vec<Barcode> = from_json(row, "barcodes");
            let in_one =
                barcodes.iter().find(|barcode| barcode.code.key() == gtin).map_or(1, |known| known.units);
            (gtin, (column(row, "id"), in_one))
        })?;
        Ok(Known {
            ids: ids.into_iter().collect(),
            by_sku: by_sku.into_iter().collect(),
            by_gtin: by_gtin.into_iter().collect(),
        })
    }

    /// The product, and how many units bear its code together. What is a barcode here is no SKU, since scanners are
    /// what reads codes.
    fn product(&self, what: &What) -> Option<(Id, i64)> {
        match what {
            What::Product(id) => self.ids.get(id).map(|id| (*id, 1)),
            What::Code { .. } => {
                let by_gtin = || self.by_gtin.get(&what.gtin_key()?).copied();
                let by_sku = || self.by_sku.get(&what.sku_key()?).map(|id| (*id, 1));
                by_gtin().or_else(by_sku)
            }
        }
    }
}

impl What {
    fn sku_key(&self) -> Option<String> {
        match self {
            What::Code { sku: Some(sku), .. } => Some(sku.key()),
            _ => None,
        }
    }

    fn gtin_key(&self) -> Option<String> {
        match self {
            What::Code { gtin: Some(gtin), .. } => Some(gtin.key()),
            _ => None,
        }
    }

    fn unknown(&self) -> (&'static str, Bad) {
        match self {
            What::Product(_) => {
                ("product_id", Bad::new("unknown_product", "is not the id of a product that is there"))
            }
            What::Code { .. } => {
                ("code", Bad::new("unknown_code", "is neither the barcode nor the SKU of an active product"))
            }
        }
    }
}

impl Units {
    /// None for more than a shelf holds.
    fn in_packs_of(self, units: i64) -> Option<Units> {
        let fitting = |number: i64| number.checked_mul(units).filter(|all| *all <= ON_HAND_MAX);
        match self {
            Units::Counted(number) => fitting(number).map(Units::Counted),
            Units::Add(number) => fitting(number).map(Units::Add),
        }
    }

    fn field(self) -> &'static str {
        match self {
            Units::Counted(_) => "counted",
            Units::Add(_) => "add",
        }
    }
}

/// Takes in those products that the take does not have.
fn take_in(tx: &mut Transaction, take_id: Id, mut product_ids: BTreeSet<Id>) -> Result<()> {
    let (marks, ids) = in_list(product_ids.iter().copied());
    let sql = format!(
        "SELECT product_id FROM stock_take_lines WHERE stock_take_id = ? AND product_id IN ({marks})"
    );
    let there =
        tx.rows(&sql, [&[take_id.into()], &ids[..]].concat(), |row| column::<Id>(row, "product_id"))?;
    product_ids.retain(|id| !there.contains(id));
    takes::take_in(tx, take_id, &product_ids.into_iter().collect::<Vec<Id>>())
}

fn too_many(product_id: Id) -> Problem {
    let detail = format!(
        "With these more than {ON_HAND_MAX}, the most that a shelf can hold here, would be counted of product {product_id}. \
         Nothing was changed."
    );
    Problem::new(problem::STOCK_LIMIT, detail)
}

/// `DELETE /stock_takes/{id}/counts/{product_id}`: takes a count back; a product that was not selected is let go again. 204;
/// 404 when it is not counted.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    let (id, product_id) = (request.path_id, request.path_product_id);
    db::transaction(&app.pool, |tx| {
        let line = lines::of_products(tx, id, [product_id], None)?.remove(&product_id);
        let line = line.filter(|line| line.counted.is_some()).ok_or_else(Problem::not_found)?;
        check_version(app, tx, request)?;
        take_back(app, tx, &request.caller, id, &line)
    })?;
    Ok(response::no_content())
}

/// Takes back what was counted of the product of a line.
fn take_back(app: &App, tx: &mut Transaction, caller: &Caller, take_id: Id, line: &Line) -> Result<()> {
    let (status, _) = takes::lock(tx, take_id, false)?.ok_or_else(Problem::not_found)?;
    allow(status, "Its counts stay as they are.")?;
    if line.booked_at.is_some() {
        let detail = "The count is booked, and stays. Count again in another stock take.";
        return Err(Problem::new(problem::STOCK_TAKE_STATE, detail).into());
    }
    if !takes::take_back(tx, take_id, line.product_id)? {
        // Somebody was faster, with this or with booking it.
        return Err(Error::Raced);
    }
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::StockTake, take_id), &["counts"])
}
