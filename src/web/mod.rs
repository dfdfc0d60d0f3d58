//! What handlers use of HTTP: who calls, what they sent, and how it is answered.

pub mod admission;
pub mod api_key;
pub mod caller;
pub mod cors;
pub mod description;
pub mod export;
pub mod form;
pub mod idempotency;
pub mod near;
pub mod paging;
pub mod request;
pub mod response;
pub mod route;
pub mod shown;
pub mod stored;
pub mod updated;
pub mod upload;
pub mod wayfinding;
