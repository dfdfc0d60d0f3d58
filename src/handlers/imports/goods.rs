//! Products and their stock out of a file: which product a row is about, what it would change, and doing it.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::app::App;
use crate::db::{Connection, Transaction, column, in_list};
use crate::error::{Error, Result};
use crate::handlers::costs::told_unit_cost;
use crate::handlers::imports::columns::Type;
use crate::handlers::imports::plan::{Plan, Verdict};
use crate::handlers::imports::sheet::Row;
use crate::handlers::imports::stored::{
    Fields, Outcome, StoredRow, changed, check_seen, fields_of, filled, members, refusal,
};
use crate::handlers::products::{self, Changes, Details, Product};
use crate::handlers::stock::{self, PolicyChanges, sound};
use crate::ledger::takes::{self, Counted, Obstacle};
use crate::ledger::{self, ON_HAND_MAX, Origin, Reason};
use crate::problem::{self, Problem};
use crate::restock::Policy;
use crate::values::{Gtin, Id, Input, Sku, Slug, UnitCost, whole_number};
use crate::web::caller::Caller;
use crate::web::form::Form;

/// Where the line of a count stands in the product's ledger, among what was before; no field has this name.
const SEQUENCE: &str = "stock sequence";

/// By what a row names its product.
#[derive(Default)]
struct Names {
    id: Option<Id>,
    sku: Option<String>,
    gtins: Vec<String>,
    slug: Option<String>,
    /// Only where it has none of the others.
    name: Option<String>,
}

impl Names {
    fn of(row: &mut Row) -> Result<Names, Problem> {
        let given_id = row.take_id()?;
        let get = |name: &str| row.members.iter().find(|(field, _)| field == name).map(|(_, input)| input);
        let sku = get("sku").and_then(|input| Sku::parse(input).ok()).map(|sku| sku.key());
        let slug = get("slug").and_then(|input| Slug::parse(input).ok()).map(|slug| slug.key());
        let gtin = |item: &Input| match item {
            Input::Object(members) => Some(Gtin::parse(&members.first()?.1).ok()?.key()),
            _ => None,
        };
        let gtins: Vec<String> = match get("barcodes") {
            Some(Input::List(items)) => items.iter().filter_map(gtin).collect(),
            _ => Vec::new(),
        };
        let name = match get("name") {
            Some(Input::Text(name))
                if given_id.is_none() && sku.is_none() && gtins.is_empty() && slug.is_none() =>
            {
                Some(name.clone())
            }
            _ => None,
        };
        Ok(Names { id: given_id, sku, gtins, slug, name })
    }
}

/// What is there of what some rows name.
struct Present {
    products: HashMap<Id, Product>,
    by_sku: HashMap<String, Id>,
    by_gtin: HashMap<String, Id>,
    by_slug: HashMap<String, Id>,
    by_name: HashMap<String, Vec<Id>>,
}

impl Present {
    fn find(app: &App, db: &mut Connection, names: &[&Names]) -> Result<Present> {
        let owners = |db: &mut Connection, sql: &str, keys: Vec<&String>| -> Result<Vec<(String, Id)>> {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let (marks, keys) = in_list(keys.into_iter().map(String::as_str));
            db.rows(&format!("{sql} ({marks})"), keys, |row| (column(row, "named"), column(row, "id")))
        };
        let by_sku = owners(
            db,
            "SELECT sku_key AS named, id FROM products WHERE sku_key IN",
            names.iter().filter_map(|names| names.sku.as_ref()).collect(),
        )?;
        let by_gtin = owners(
            db,
            "SELECT gtin AS named, product_id AS id FROM product_barcodes WHERE gtin IN",
            names.iter().flat_map(|names| &names.gtins).collect(),
        )?;
        let by_slug = owners(
            db,
            "SELECT slug_key AS named, id FROM products WHERE slug_key IN",
            names.iter().filter_map(|names| names.slug.as_ref()).collect(),
        )?;
        let named = owners(
            db,
            "SELECT name AS named, id FROM products WHERE active = 1 AND name IN",
            names.iter().filter_map(|names| names.name.as_ref()).collect(),
        )?;
        let mut by_name: HashMap<String, Vec<Id>> = HashMap::new();
        for (name, id) in &named {
            by_name.entry(name.to_lowercase()).or_default().push(*id);
        }
        let found = [&by_sku, &by_gtin, &by_slug, &named].into_iter().flatten().map(|(_, id)| *id);
        let ids: Vec<Id> = found.chain(names.iter().filter_map(|names| names.id)).collect();
        let products = products::find_active(app, db, &ids)?;
        let map = |owners: Vec<(String, Id)>| owners.into_iter().collect();
        Ok(Present { products, by_sku: map(by_sku), by_gtin: map(by_gtin), by_slug: map(by_slug), by_name })
    }

    /// The product that a row is about; None when it would be a new one.
    fn product_of(&self, names: &Names) -> Result<Option<&Product>, Problem> {
        let product = |id: Option<&Id>| id.and_then(|id| self.products.get(id));
        if let Some(id) = names.id {
            let missing = || refusal("id", "not_found", "no product of the catalogue has this id");
            return self.products.get(&id).map(Some).ok_or_else(missing);
        }
        if let Some(found) = product(names.sku.as_ref().and_then(|sku| self.by_sku.get(sku))) {
            return Ok(Some(found));
        }
        if let Some(found) = product(names.gtins.iter().find_map(|gtin| self.by_gtin.get(gtin))) {
            // With a SKU of its own it is another thing under the same barcode.
            return match (&names.sku, &found.details.sku) {
                (Some(_), Some(Sku(theirs))) => {
                    let message = format!(
                        "belongs to product {}, {}, with the SKU {theirs}",
                        found.id, found.details.name.0
                    );
                    Err(refusal("barcodes", problem::BARCODE_TAKEN.code, message))
                }
                _ => Ok(Some(found)),
            };
        }
        if let Some(found) = product(names.slug.as_ref().and_then(|slug| self.by_slug.get(slug))) {
            return match (&names.sku, &found.details.sku) {
                (Some(_), Some(Sku(theirs))) => {
                    let message = format!(
                        "belongs to product {}, {}, with the SKU {theirs}",
                        found.id, found.details.name.0
                    );
                    Err(refusal("slug", problem::SLUG_TAKEN.code, message))
                }
                _ => Ok(Some(found)),
            };
        }
        let of_name = names.name.as_ref().and_then(|name| self.by_name.get(&name.to_lowercase()));
        match of_name.map_or(&[][..], Vec::as_slice) {
            [] => Ok(None),
            [one] => Ok(product(Some(one))),
            [one, other, ..] => {
                let message = format!(
                    "is the name of products {one} and {other}: add a column id, sku or barcode that tells which"
                );
                Err(refusal("name", "ambiguous", message))
            }
        }
    }

    /// Refuses what another product has.
    fn refuse_taken(&self, names: &Names, own: Option<Id>) -> Result<(), Problem> {
        let other = |id: Option<&Id>| id.copied().filter(|id| Some(*id) != own);
        let taken = |field: &str, code, id: Id| Err(refusal(field, code, format!("belongs to product {id}")));
        if let Some(id) = other(names.sku.as_ref().and_then(|sku| self.by_sku.get(sku))) {
            return taken("sku", problem::SKU_TAKEN.code, id);
        }
        if let Some(id) = names.gtins.iter().find_map(|gtin| other(self.by_gtin.get(gtin))) {
            return taken("barcodes", problem::BARCODE_TAKEN.code, id);
        }
        if let Some(id) = other(names.slug.as_ref().and_then(|slug| self.by_slug.get(slug))) {
            return taken("slug", problem::SLUG_TAKEN.code, id);
        }
        Ok(())
    }
}

/// What a row makes of a product that is there.
struct Wanted {
    changes: Changes,
    counted: Option<i64>,
    rule: PolicyChanges,
}

impl Wanted {
    fn read(app: &App, members: Vec<(String, Input)>) -> Result<Wanted, Problem> {
        let mut form = Form::new(members);
        let changes = Changes::read(&mut form, &app.config.currency);
        let counted = form.optional("stock", |input| whole_number(input, 0, ON_HAND_MAX));
        let rule = PolicyChanges::read_rule(&mut form);
        form.finish(|| Some(Wanted { changes: changes?, counted: counted?, rule: rule? }))
    }
}

/// Looks at rows of a file, each of which it returns with what is to become of it.
pub fn judge(
    app: &App,
    db: &mut Connection,
    caller: &Caller,
    plan: &Plan,
    rows: &mut [Row],
) -> Result<Vec<std::result::Result<Verdict, Problem>>> {
    let names: Vec<std::result::Result<Names, Problem>> = rows.iter_mut().map(Names::of).collect();
    let present = Present::find(app, db, &names.iter().flatten().collect::<Vec<_>>())?;
    let mut judged = Vec::with_capacity(rows.len());
    let (mut wanted, mut counts) = (Vec::new(), BTreeMap::new());
    for (row, names) in rows.iter_mut().zip(names) {
        let found = names.and_then(|names| Ok((present.product_of(&names)?, names)));
        let (found, names) = match found {
            Ok(found) => found,
            Err(refused) => {
                judged.push(Err(refused));
                wanted.push(None);
                continue;
            }
        };
        let read = match found {
            None => new_product(app, caller, plan, row)
                .map(|fields| (Verdict::create(keys(&names), fields), None)),
            Some(product) => {
                let wants = changes_of(app, plan, row, product);
                let wants =
                    wants.and_then(|wants| present.refuse_taken(&names, Some(product.id)).map(|()| wants));
                wants.map(|wants| {
                    counts.extend(wants.counted.map(|counted| (product.id, counted)));
                    (Verdict::same(product.id), Some((product, wants)))
                })
            }
        };
        let (verdict, wants) = match read {
            Ok((verdict, wants)) => (Ok(verdict), wants),
            Err(refused) => (Err(refused), None),
        };
        judged.push(verdict);
        wanted.push(wants);
    }
    let against = takes::against_ledger(db, &counts, plan.counted_at)?;
    let with_rule: Vec<Id> = wanted
        .iter()
        .flatten()
        .filter(|(_, wants)| wants.rule.is_any())
        .map(|(product, _)| product.id)
        .collect();
    let rules = rules_of(db, &with_rule)?;
    for (verdict, wants) in judged.iter_mut().zip(wanted) {
        if let Some((product, wants)) = wants {
            *verdict = change(product, &wants, against.get(&product.id), rules.get(&product.id));
        }
    }
    Ok(judged)
}

/// What no other row of the file may name.
fn keys(names: &Names) -> Vec<String> {
    let sku = names.sku.iter().map(|sku| format!("sku {sku}"));
    let gtins = names.gtins.iter().map(|gtin| format!("barcode {gtin}"));
    let slug = names.slug.iter().map(|slug| format!("slug {slug}"));
    let name = names.name.iter().map(|name| format!("name {}", name.to_lowercase()));
    sku.chain(gtins).chain(slug).chain(name).collect()
}

/// The fields of a row that are filled, or, where an empty cell clears, all of them.
fn set(plan: &Plan, row: &Row, is_new: bool) -> Vec<(String, Input)> {
    let keeps = is_new || !plan.clears_blank;
    row.members.iter().filter(|(_, input)| !(keeps && *input == Input::Null)).cloned().collect()
}

fn new_product(app: &App, caller: &Caller, plan: &Plan, row: &Row) -> Result<Fields, Problem> {
    if plan.about == Type::Stock {
        let message = "no product of the catalogue is named by this row; import it with type=products first";
        return Err(refusal(row.name_field(), "not_found", message));
    }
    let members = set(plan, row, true);
    let new = NewProduct::read(app, caller, members)?;
    let mut fields = filled(fields_of(&new.details));
    if new.on_hand > 0 {
        fields.insert("stock".to_owned(), json!(new.on_hand));
        if let Some(cost) = new.unit_cost {
            fields.insert("unit_cost".to_owned(), json!(cost));
        }
    }
    Ok(fields)
}

struct NewProduct {
    details: Details,
    on_hand: i64,
    unit_cost: Option<UnitCost>,
}

impl NewProduct {
    fn read(app: &App, caller: &Caller, members: Vec<(String, Input)>) -> Result<NewProduct, Problem> {
        let mut form = Form::new(members);
        let details = Details::read(&mut form, &app.config.currency);
        let on_hand = form.with_default("stock", 0, |input| whole_number(input, 0, ON_HAND_MAX));
        // Of a shelf with nothing on it there is nothing to say of what it cost.
        let unit_cost = form.optional("unit_cost", |input| told_unit_cost(app, caller, input));
        form.finish(|| Some(NewProduct { details: details?, on_hand: on_hand?, unit_cost: unit_cost? }))
    }
}

fn changes_of(app: &App, plan: &Plan, row: &Row, product: &Product) -> Result<Wanted, Problem> {
    let only_found_by: &[&str] = if plan.about == Type::Stock { &["sku", "barcodes"] } else { &[] };
    // What units have cost that are there already stands in the ledger.
    let is_set = |(name, _): &(String, Input)| name != "unit_cost" && !only_found_by.contains(&name.as_str());
    let mut wants = Wanted::read(app, set(plan, row, false).into_iter().filter(is_set).collect())?;
    wants.changes.keep_names(&product.details, row.adds_barcodes);
    Ok(wants)
}

fn change(
    product: &Product,
    wants: &Wanted,
    against: Option<&Counted>,
    rule: Option<&Policy>,
) -> std::result::Result<Verdict, Problem> {
    let (mut fields, mut before) = changed(&product.details, &wants.changes.merged(&product.details));
    if let Some(rule) = rule {
        let (of_rule, old) = changed(rule, &sound(wants.rule.applied(*rule))?);
        fields.extend(of_rule);
        before.extend(old);
    }
    // Another row of the file may have counted it too.
    let against = wants.counted.zip(against).map(|(counted, against)| Counted { counted, ..*against });
    if let Some(against) = against.filter(|against| against.difference() != 0) {
        if let Some(obstacle) = against.obstacle() {
            return Err(uncountable(obstacle));
        }
        fields.insert("stock".to_owned(), json!(against.counted));
        before.insert("stock".to_owned(), json!(against.expected));
    }
    Ok(Verdict::change(product.id, fields, before))
}

fn uncountable(obstacle: Obstacle) -> Problem {
    let message = match obstacle {
        Obstacle::BelowZero => "more has left the shelf since the file was made than it counts: count again",
        Obstacle::ShelfFull => "with what came since the file was made it is more than a shelf can hold here",
        Obstacle::CountedSince => {
            "the shelf was counted or corrected since the file was made: that count stands"
        }
    };
    refusal("stock", obstacle.text(), message)
}

fn rules_of(db: &mut Connection, ids: &[Id]) -> Result<HashMap<Id, Policy>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (marks, values) = in_list(ids.iter().copied());
    let sql = format!(
        "SELECT s.product_id, {} FROM stock s WHERE s.product_id IN ({marks})",
        Policy::columns_of("s")
    );
    let rules = db.rows(&sql, values, |row| (column(row, "product_id"), Policy::from_row(row)))?;
    Ok(rules.into_iter().collect())
}

/// Does what a row says, and notes what it has done.
pub fn apply(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    plan: &Plan,
    row: &mut StoredRow,
) -> Result<()> {
    let Some(id) = row.object_id else {
        let new = NewProduct::read(app, caller, members(&row.fields)?)?;
        let product = products::insert(app, tx, caller, new.details, new.on_hand, new.unit_cost)?;
        row.object_id = Some(product.id);
        return Ok(());
    };
    let product = products::lock(app, tx, id)?;
    check_seen(&product.details, &row.before)?;
    let wants = Wanted::read(app, members(&row.fields)?)?;
    let details = wants.changes.merged(&product.details);
    products::update(app, tx, caller, product, details)?;
    if wants.rule.is_any() {
        set_rule(app, tx, caller, id, &wants.rule, &row.before)?;
    }
    if let Some(counted) = wants.counted {
        let origin = Origin { actor: caller.actor(), note: Some(&plan.note), ..Origin::default() };
        let booked = takes::book_one(tx, id, counted, plan.counted_at, &origin, app.clock.now())?;
        let difference = booked.map_err(uncountable)?;
        row.before.insert("stock".to_owned(), json!(counted - difference));
        row.before.insert(SEQUENCE.to_owned(), json!(ledger::last_sequence(tx, id)?));
    }
    Ok(())
}

fn set_rule(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    rule: &PolicyChanges,
    seen: &Fields,
) -> Result<()> {
    ledger::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    let old = rules_of(tx, &[id])?.remove(&id).ok_or_else(Problem::not_found)?;
    check_seen(&old, seen)?;
    stock::set_policy(app, tx, caller, id, old, &sound(rule.applied(old))?)
}

/// Sets back what a row has done, where nobody has changed it since.
pub fn undo(app: &App, tx: &mut Transaction, caller: &Caller, plan: &Plan, row: &StoredRow) -> Result<()> {
    let id = row
        .object_id
        .ok_or_else(|| Error::Internal(format!("row {} of an import has no product", row.number)))?;
    let product = products::lock(app, tx, id)?;
    let number = |fields: &Fields, name: &str| fields.get(name).and_then(Value::as_i64);
    if row.outcome == Outcome::Create {
        let as_set = row.fields.iter().filter(|(name, _)| !["stock", "unit_cost"].contains(&name.as_str()));
        if !filled(fields_of(&product.details)).iter().eq(as_set) {
            return Err(refusal("", "changed_since", "was changed by somebody else since; it stays").into());
        }
        let figures = ledger::lock(tx, id)?.ok_or_else(Problem::not_found)?;
        let on_hand = number(&row.fields, "stock").unwrap_or(0);
        let as_made = ledger::Figures { on_hand, reserved: 0, incoming: 0, drafted: 0 };
        if figures != as_made || ledger::last_sequence(tx, id)? > i64::from(on_hand > 0) {
            return Err(refusal("stock", "in_use", "was sold, counted or ordered since; it stays").into());
        }
        take_back(app, tx, caller, plan, id, -on_hand)?;
        return products::archive(app, tx, caller, &product);
    }
    check_seen(&product.details, &row.fields)?;
    let is_set = |(name, _): &(&String, &Value)| *name != "stock" && *name != SEQUENCE;
    let set_back =
        row.before.iter().filter(is_set).map(|(name, value)| (name.clone(), value.clone())).collect();
    let wants = Wanted::read(app, members(&set_back)?)?;
    let details = wants.changes.merged(&product.details);
    products::update(app, tx, caller, product, details)?;
    if wants.rule.is_any() {
        set_rule(app, tx, caller, id, &wants.rule, &row.fields)?;
    }
    if let (Some(counted), Some(before)) = (number(&row.fields, "stock"), number(&row.before, "stock")) {
        ledger::lock(tx, id)?;
        if takes::is_counted_after(tx, id, number(&row.before, SEQUENCE).unwrap_or(0))? {
            return Err(uncountable(Obstacle::CountedSince).into());
        }
        take_back(app, tx, caller, plan, id, before - counted)?;
    }
    Ok(())
}

/// Writes to the ledger that a count, or what a product began with, was none.
fn take_back(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    plan: &Plan,
    id: Id,
    delta: i64,
) -> Result<()> {
    if delta == 0 {
        return Ok(());
    }
    let origin = Origin { actor: caller.actor(), note: Some(&plan.undo_note), ..Origin::default() };
    if !ledger::move_stock(tx, id, delta, Reason::Correction, &origin, app.clock.now())? {
        let message = "fewer are on hand than came with the import; it stays";
        return Err(refusal("stock", Obstacle::BelowZero.text(), message).into());
    }
    Ok(())
}
