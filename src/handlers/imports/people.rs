//! Customers and suppliers out of a file. They are found by their id, a customer by the e-mail address and a supplier by the
//! name too, where just one has it.

use std::collections::HashMap;

use serde::Serialize;

use crate::app::App;
use crate::db::{Connection, Transaction, column, in_list};
use crate::error::{Error, Result};
use crate::handlers::imports::columns::Type;
use crate::handlers::imports::plan::{Plan, Verdict};
use crate::handlers::imports::sheet::Row;
use crate::handlers::imports::stored::{
    Fields, Outcome, StoredRow, changed, check_seen, fields_of, filled, members, refusal,
};
use crate::handlers::{customers, sign_up, suppliers};
use crate::problem::Problem;
use crate::values::{Id, Input};
use crate::web::caller::{Caller, Scope};
use crate::web::form::Form;

/// By what a row names somebody: an id, or the text of the field by which the type is found.
struct Named {
    id: Option<Id>,
    key: Option<String>,
}

fn key_field(about: Type) -> &'static str {
    if about == Type::Suppliers { "name" } else { "email" }
}

impl Named {
    fn of(about: Type, row: &mut Row) -> Result<Named, Problem> {
        let given_id = row.take_id()?;
        let key = row.members.iter().find_map(|(name, input)| match input {
            Input::Text(text) if name == key_field(about) => Some(text.to_lowercase()),
            _ => None,
        });
        Ok(Named { id: given_id, key })
    }

    /// The one that is meant; None when it would be a new one.
    fn found<T>(
        &self,
        about: Type,
        there: &HashMap<Id, T>,
        by_key: &HashMap<String, Vec<Id>>,
    ) -> Result<Option<Id>, Problem> {
        if let Some(id) = self.id {
            let missing = || refusal("id", "not_found", format!("none of the {} has this id", about.text()));
            return there.contains_key(&id).then_some(Some(id)).ok_or_else(missing);
        }
        match self.key.as_ref().and_then(|key| by_key.get(key)).map_or(&[][..], Vec::as_slice) {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            [one, other, ..] => {
                let message = format!(
                    "belongs to {} {one} and {other}: add a column id that tells which",
                    about.text()
                );
                Err(refusal(key_field(about), "ambiguous", message))
            }
        }
    }
}

/// Looks at rows of a file, each of which it returns with what is to become of it.
pub fn judge(
    app: &App,
    db: &mut Connection,
    plan: &Plan,
    rows: &mut [Row],
) -> Result<Vec<std::result::Result<Verdict, Problem>>> {
    match plan.about {
        Type::Suppliers => {
            let read = |form: &mut Form| suppliers::Details::read(form, &app.config.currency);
            let change = |form: &mut Form| suppliers::Changes::read(form, &app.config.currency);
            let find = |db: &mut Connection, ids: &[Id]| suppliers::find_active(app, db, ids);
            judge_by(
                db,
                plan,
                rows,
                "SELECT id, name AS named FROM suppliers WHERE active = 1 AND name IN",
                find,
                read,
                |old, members| {
                    let mut form = Form::new(members);
                    let changes = change(&mut form);
                    Ok(changed(&old.details, &form.finish(|| changes)?.merged(&old.details)))
                },
            )
        }
        _ => {
            let find = |db: &mut Connection, ids: &[Id]| customers::find_active(db, ids);
            let sql = "SELECT id, email AS named FROM customers WHERE erased_at IS NULL AND email IN";
            judge_by(db, plan, rows, sql, find, customers::Details::read, |old, members| {
                let mut form = Form::new(members);
                let changes = customers::Changes::read(&mut form);
                Ok(changed(&old.details, &form.finish(|| changes)?.merged(&old.details)))
            })
        }
    }
}

fn judge_by<T, D: Serialize>(
    db: &mut Connection,
    plan: &Plan,
    rows: &mut [Row],
    by_key: &str,
    find: impl FnOnce(&mut Connection, &[Id]) -> Result<HashMap<Id, T>>,
    read: impl Fn(&mut Form) -> Option<D>,
    change: impl Fn(&T, Vec<(String, Input)>) -> Result<(Fields, Fields), Problem>,
) -> Result<Vec<std::result::Result<Verdict, Problem>>> {
    let about = plan.about;
    let named: Vec<std::result::Result<Named, Problem>> =
        rows.iter_mut().map(|row| Named::of(about, row)).collect();
    let keys: Vec<&str> = named.iter().flatten().filter_map(|named| named.key.as_deref()).collect();
    let mut owners: HashMap<String, Vec<Id>> = HashMap::new();
    let mut ids: Vec<Id> = named.iter().flatten().filter_map(|named| named.id).collect();
    if !keys.is_empty() {
        let (marks, keys) = in_list(keys);
        let found: Vec<(String, Id)> =
            db.rows(&format!("{by_key} ({marks})"), keys, |row| (column(row, "named"), column(row, "id")))?;
        for (key, id) in found {
            owners.entry(key.to_lowercase()).or_default().push(id);
            ids.push(id);
        }
    }
    let there = find(db, &ids)?;
    let judge = |(row, named): (&mut Row, std::result::Result<Named, Problem>)| {
        let named = named?;
        let found = named.found(about, &there, &owners)?;
        let keeps = found.is_none() || !plan.clears_blank;
        let members =
            row.members.iter().filter(|(_, input)| !(keeps && *input == Input::Null)).cloned().collect();
        match found {
            None => {
                let mut form = Form::new(members);
                let details = read(&mut form);
                let details = form.finish(|| details)?;
                let key = named.key.into_iter().map(|key| format!("{} {key}", key_field(about))).collect();
                Ok(Verdict::create(key, filled(fields_of(&details))))
            }
            Some(id) => {
                let (fields, before) = change(&there[&id], members)?;
                Ok(Verdict::change(id, fields, before))
            }
        }
    };
    Ok(rows.iter_mut().zip(named).map(judge).collect())
}

/// Does what a row says.
pub fn apply(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    plan: &Plan,
    row: &mut StoredRow,
) -> Result<()> {
    let mut form = Form::new(members(&row.fields)?);
    match (plan.about, row.object_id) {
        (Type::Suppliers, None) => {
            let details = suppliers::Details::read(&mut form, &app.config.currency);
            let details = form.finish(|| details)?;
            row.object_id = Some(suppliers::insert(app, tx, caller, details)?.id);
        }
        (_, None) => {
            let details = customers::Details::read(&mut form);
            let details = form.finish(|| details)?;
            row.object_id = Some(sign_up::sign_up(app, tx, caller, details, None)?.id);
        }
        (_, Some(id)) => set(app, tx, caller, plan, id, (&row.fields, &row.before))?,
    }
    Ok(())
}

/// Gives somebody other details, where they are still as they were seen.
fn set(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    plan: &Plan,
    id: Id,
    (fields, seen): (&Fields, &Fields),
) -> Result<()> {
    let mut form = Form::new(members(fields)?);
    if plan.about == Type::Suppliers {
        let changes = suppliers::Changes::read(&mut form, &app.config.currency);
        let changes = form.finish(|| changes)?;
        let old = suppliers::lock(app, tx, id)?;
        check_seen(&old.details, seen)?;
        let details = changes.merged(&old.details);
        suppliers::update(app, tx, caller, old, details)?;
    } else {
        let changes = customers::Changes::read(&mut form);
        let changes = form.finish(|| changes)?;
        let old = customers::lock(tx, Scope::All, id)?;
        check_seen(&old.details, seen)?;
        let details = changes.merged(&old.details);
        customers::update(app, tx, caller, old, details)?;
    }
    Ok(())
}

/// Sets back what a row has done, where nobody has changed it since.
pub fn undo(app: &App, tx: &mut Transaction, caller: &Caller, plan: &Plan, row: &StoredRow) -> Result<()> {
    let id = row
        .object_id
        .ok_or_else(|| Error::Internal(format!("row {} of an import is about nothing", row.number)))?;
    if row.outcome == Outcome::Change {
        return set(app, tx, caller, plan, id, (&row.before, &row.fields));
    }
    let changed_since = || refusal("", "changed_since", "was changed by somebody else since; it stays");
    if plan.about == Type::Suppliers {
        let supplier = suppliers::lock(app, tx, id)?;
        if filled(fields_of(&supplier.details)) != row.fields {
            return Err(changed_since().into());
        }
        return suppliers::archive(app, tx, caller, id);
    }
    let customer = customers::lock(tx, Scope::All, id)?;
    if filled(fields_of(&customer.details)) != row.fields || customer.account_id.is_some() {
        return Err(changed_since().into());
    }
    if customers::has_ordered(tx, id)? {
        return Err(refusal("", "in_use", "has ordered since; they stay").into());
    }
    customers::erase(app, tx, caller.actor(), id)
}
