//! Becoming a customer.
//!
//! Anyone may sign up and gets a session in return, so a guest can order at once and add an account
//! later. It stands above `customers`, `accounts` and `sessions`, since it makes one of each.

use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Transaction};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::handlers::accounts::{self, HashedCredentials, NewCredentials};
use crate::handlers::customers::{self, Customer, Details};
use crate::handlers::sessions::{self, Opened};
use crate::web::caller::Caller;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::request::Request;
use crate::web::response;

#[derive(Serialize)]
struct SignedUp<'a> {
    #[serde(flatten)]
    customer: &'a Customer,
    session: Opened,
}

/// `POST /customers`: `{name, email, phone, account?: {username, password}}`.
/// 201 with the customer and, unless staff call, `session: {token, expires_at}`; 409 `username_taken`.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = Details::read(&mut form);
    let account = form.object("account", NewCredentials::read);
    let (details, account) = form.finish(|| Some((details?, account?)))?;
    let key = Key::of(request)?;
    if let Some(credentials) = &account {
        // Before the hash, which costs so much more.
        let refused = db::read(&app.pool, |db| {
            accounts::refuse_taken(db, &credentials.username, None, "account.username")
        });
        if let Err(refused) = refused {
            return idempotency::kept_or(app, key, refused);
        }
    }
    let account = account.map(|credentials| credentials.hashed(app)).transpose()?;
    if request.caller.is_staff() {
        let answered = idempotency::once(app, key, |tx, claim| {
            let customer = sign_up(app, tx, &request.caller, details.clone(), account.as_ref())?;
            claim.keep(tx, Answer::created(location(&customer), &customer).about(customer.id))
        })?;
        return Ok(answered.into_response());
    }
    let network = app.throttle.keys(&app.pool)?.network(request.client_address(app));
    let (customer, session) = db::transaction(&app.pool, |tx| {
        let customer = sign_up(app, tx, &request.caller, details.clone(), account.as_ref())?;
        if let Some(account_id) = customer.account_id {
            network.keep(tx, account_id)?;
        }
        let session = sessions::open(app, tx, Some(customer.id), customer.account_id, customer.created_at)?;
        Ok((customer, session))
    })?;
    let body = SignedUp { customer: &customer, session };
    Ok(response::json(201, &body).with_unique_header("Location", location(&customer)))
}

fn location(customer: &Customer) -> String {
    format!("/customers/{}", customer.id)
}

/// Adds a customer, with an account or without.
pub fn sign_up(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    details: Details,
    account: Option<&HashedCredentials>,
) -> Result<Customer> {
    let customer = customers::insert(app, tx, details)?;
    let mut fields = audit::differences(&(), &customer.details);
    fields.extend(account.map(|_| "account".to_owned()));
    events::record(
        tx,
        customer.created_at,
        Kind::CustomerCreated,
        customer.id,
        events::NO_PRODUCTS,
        &fields,
    )?;
    audit::record(app, tx, caller.actor(), Action::Created, (Object::Customer, customer.id), &fields)?;
    let account_id = match account {
        Some(account) => Some(accounts::insert(app, tx, customer.id, account, "account.username")?),
        None => None,
    };
    Ok(Customer { account_id, ..customer })
}
