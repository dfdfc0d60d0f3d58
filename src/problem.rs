//! What went wrong, as RFC 9457 problem details.
//!
//! A problem has two readers: `code` is for the caller's program, `detail` tells the person who
//! reads it what to do next. The cause of a 500 goes to the log and never to the caller.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::values::Bad;

/// A kind of problem: its stable code, its HTTP status and its title.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub code: &'static str,
    pub status: u16,
    pub title: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:literal $code:literal $title:literal;)*) => {
        $(pub const $name: &Kind = &Kind { code: $code, status: $status, title: $title };)*
        /// Every kind of problem that this service has.
        pub const KINDS: &[&Kind] = &[$($name),*];
    };
}

kinds! {
    MALFORMED_REQUEST = 400 "malformed_request" "The request is not valid HTTP/1.1";
    MALFORMED_JSON = 400 "malformed_json" "The body is not valid JSON";
    DUPLICATE_KEY = 400 "duplicate_key" "A key appears twice in the body";
    INVALID_UTF8 = 400 "invalid_utf8" "The text is not valid UTF-8";
    INVALID_IDEMPOTENCY_KEY = 400 "invalid_idempotency_key" "The Idempotency-Key cannot be used";
    IDEMPOTENCY_KEY_NEEDS_LOGIN = 400 "idempotency_key_needs_login" "An Idempotency-Key needs a staff login here";
    UNAUTHENTICATED = 401 "unauthenticated" "A valid session is needed";
    WRONG_CREDENTIALS = 401 "wrong_credentials" "The username or the password is wrong";
    FORBIDDEN = 403 "forbidden" "This caller may not do that";
    NOT_FOUND = 404 "not_found" "There is nothing here";
    METHOD_NOT_ALLOWED = 405 "method_not_allowed" "This path does not take that method";
    REQUEST_TIMEOUT = 408 "request_timeout" "The request took too long to arrive";
    OUT_OF_STOCK = 409 "out_of_stock" "Not enough stock";
    STOCK_LIMIT = 409 "stock_limit" "The shelf cannot hold that";
    STOCK_CHANGED = 409 "stock_changed" "The stock has changed since it was counted";
    IMPORT_STATE = 409 "import_state" "The import's status does not allow this";
    STOCK_TAKE_STATE = 409 "stock_take_state" "The stock take's status does not allow this";
    PURCHASE_ORDER_STATE = 409 "purchase_order_state" "The purchase order's status does not allow this";
    BELOW_MINIMUM_ORDER = 409 "below_minimum_order" "Less than the supplier takes";
    SURPLUS = 409 "surplus" "More than was ordered";
    TOO_MANY_OPEN_ORDERS = 409 "too_many_open_orders" "Too many orders are open";
    TOO_MANY_RESERVED_UNITS = 409 "too_many_reserved_units" "Too many units are reserved";
    ORDER_STATE = 409 "order_state" "The order's status does not allow this";
    CUSTOMER_HAS_OPEN_ORDERS = 409 "customer_has_open_orders" "The customer has orders under way";
    ACCOUNT_EXISTS = 409 "account_exists" "The customer already has an account";
    USERNAME_TAKEN = 409 "username_taken" "The username is taken";
    LAST_MANAGER = 409 "last_manager" "The shop needs a manager who can log in";
    TOO_MANY_WEBHOOKS = 409 "too_many_webhooks" "There are as many webhooks as can be";
    EVENT_NOT_KEPT = 409 "event_not_kept" "The feed does not have that event";
    VERIFICATION_RUNNING = 409 "verification_running" "The books are being proved";
    PRICE_CHANGED = 409 "price_changed" "The order would cost something else";
    BARCODE_TAKEN = 409 "barcode_taken" "A barcode is taken";
    SLUG_TAKEN = 409 "slug_taken" "The slug is taken";
    SKU_TAKEN = 409 "sku_taken" "The SKU is taken";
    IDEMPOTENCY_KEY_IN_USE = 409 "idempotency_key_in_use" "The first request with this key is still running";
    CONFLICT = 409 "conflict" "The change would break a rule of the shop's books";
    ANSWER_ERASED = 410 "answer_erased" "The answer under this key is erased";
    EVENTS_GONE = 410 "events_gone" "The feed does not go on from there";
    PRECONDITION_FAILED = 412 "precondition_failed" "The resource has changed";
    BODY_TOO_LARGE = 413 "body_too_large" "The body is too large";
    URI_TOO_LONG = 414 "uri_too_long" "The address is too long";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type" "The body must be JSON";
    EXPECTATION_FAILED = 417 "expectation_failed" "The Expect header asks for something unknown";
    INVALID_FIELDS = 422 "invalid_fields" "Some fields cannot be accepted";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency_key_reused" "The Idempotency-Key belongs to another request";
    TOO_MANY_ATTEMPTS = 429 "too_many_attempts" "Too many failed logins";
    RATE_LIMITED = 429 "rate_limited" "Too many requests";
    TOO_MANY_KEYS = 429 "too_many_idempotency_keys" "Too many answers are kept under Idempotency-Keys";
    HEADERS_TOO_LARGE = 431 "headers_too_large" "The request's headers are too large";
    INTERNAL = 500 "internal_error" "Something went wrong on our side";
    TRANSFER_ENCODING = 501 "unsupported_transfer_encoding" "The transfer encoding is not supported";
    BUSY = 503 "busy" "Too much to do at this moment";
    DATABASE_UNAVAILABLE = 503 "database_unavailable" "The database does not answer";
    DATABASE_LIMIT = 503 "database_limit" "The database has reached one of its limits";
    OUTCOME_UNKNOWN = 503 "outcome_unknown" "It is not known whether the change was kept";
    STORAGE_FULL = 503 "storage_full" "There is no room to store it";
    SHUTTING_DOWN = 503 "shutting_down" "The service is shutting down";
    HTTP_VERSION = 505 "http_version_not_supported" "Only HTTP/1.0 and HTTP/1.1 are spoken here";
}

/// Everything that can be wrong with an order of 100 lines is named; 64 KiB of fields that nobody knows would
/// make ten times as much of an answer.
const ERRORS_MAX: usize = 500;
/// Whoever sends more fields that are not known here has sent something else altogether.
pub const UNKNOWN_MAX: usize = 20;

/// The code of a field that is not known where it stands, and what to do with it if it is near to none that is.
pub const UNKNOWN_FIELD: &str = "unknown_field";
pub const REMOVE_IT: &str = "is not known here; remove it";

/// No name of ours is longer, and nobody reads what is longer in a list of errors.
pub const NAME_MAX: usize = 40;

/// A name or a value as an error shows it.
pub fn shortened(text: &str) -> String {
    if text.chars().count() <= NAME_MAX {
        return text.to_owned();
    }
    let begin: String = text.chars().take(NAME_MAX).collect();
    format!("{begin}…")
}

/// One field that was refused.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct FieldError {
    /// Where it stands: `email`, `items[2].quantity`, or the name of a query parameter.
    pub field: String,
    pub code: &'static str,
    pub message: String,
}

#[derive(Debug)]
pub struct Problem {
    pub kind: &'static Kind,
    pub detail: String,
    pub errors: Vec<FieldError>,
    pub headers: Vec<(&'static str, String)>,
    /// Members of our own beside the standard ones, such as the products that are out of stock.
    pub extra: Map<String, Value>,
}

impl Problem {
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Problem {
        Problem { kind, detail: detail.into(), errors: Vec::new(), headers: Vec::new(), extra: Map::new() }
    }

    pub fn not_found() -> Problem {
        Problem::new(
            NOT_FOUND,
            "No such thing, or it is not yours to see. Check the id and who is logged in.",
        )
    }

    pub fn unauthenticated() -> Problem {
        Problem::new(
            UNAUTHENTICATED,
            "Log in with POST /sessions and send the token as \"Authorization: Bearer <token>\".",
        )
        .with_header("WWW-Authenticate", "Bearer")
    }

    pub fn invalid_fields(mut errors: Vec<FieldError>) -> Problem {
        let mut problem = Problem::new(
            INVALID_FIELDS,
            "Correct the fields listed in \"errors\" and send the request again.",
        );
        let all = errors.len();
        let mut unknown = 0;
        errors.retain(|error| {
            unknown += usize::from(error.code == UNKNOWN_FIELD);
            error.code != UNKNOWN_FIELD || unknown <= UNKNOWN_MAX
        });
        errors.truncate(ERRORS_MAX);
        let left_out = all - errors.len();
        if left_out > 0 {
            problem.detail.push_str(&format!(" {left_out} more are wrong and not listed."));
        }
        problem.errors = errors;
        problem
    }

    /// A 422 for one field that only the database could judge.
    pub fn invalid_field(field: impl Into<String>, bad: Bad) -> Problem {
        Problem::invalid_fields(vec![FieldError::new(field, bad)])
    }

    pub fn internal() -> Problem {
        Problem::new(INTERNAL, "Nothing was changed. Report the request_id to the shop's operator.")
    }

    pub fn busy(detail: impl Into<String>) -> Problem {
        Problem::new(BUSY, detail).retry_after(1)
    }

    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Problem {
        self.headers.push((name, value.into()));
        self
    }

    pub fn retry_after(self, seconds: u64) -> Problem {
        self.with_header("Retry-After", seconds.to_string())
    }

    pub fn with_extra(mut self, name: &str, value: Value) -> Problem {
        self.extra.insert(name.to_owned(), value);
        self
    }

    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Problem {
        self.errors = errors;
        self
    }
}

impl FieldError {
    pub fn new(field: impl Into<String>, bad: Bad) -> FieldError {
        FieldError { field: field.into(), code: bad.code, message: bad.message }
    }
}
