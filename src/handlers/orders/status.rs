//! Where an order stands, the legal steps from there, which the README draws, and what can be corrected then.

use chrono::Duration;

use crate::audit::Action;
use crate::events::Kind;
use crate::values::{Timestamp, words};
use crate::web::caller::Caller;

words! {
    /// Where an order stands.
    Status, refused as "invalid_status" {
        Placed = "placed",
        Shipped = "shipped",
        Delivered = "delivered",
        Cancelled = "cancelled",
        /// The parcel never came.
        Lost = "lost",
        /// The parcel came back.
        Returned = "returned",
    }
}

words! {
    /// Why a step was taken that nobody asked for.
    StepReason, refused as "invalid_reason" {
        /// Nobody confirmed a guest's order in time.
        Unconfirmed = "unconfirmed",
    }
}

words! {
    /// What of an order can be corrected.
    Corrected, refused as "invalid_field" {
        ShippingAddress = "shipping_address",
        Note = "note",
        ExpectedDeliveryDate = "expected_delivery_date",
        Carrier = "carrier",
        TrackingNumber = "tracking_number",
    }
}

/// A legal step: from where an order comes, and to where.
pub struct Step {
    /// Its route, `POST /orders/{id}/name`.
    pub name: &'static str,
    pub from: &'static [Status],
    pub to: Status,
    /// As the audit log names it, and as the feed does.
    pub action: Action,
    pub event: Kind,
    /// What to say where the order does not stand so.
    pub advice: &'static str,
    /// Who may, where the order is theirs to see.
    by: fn(&Caller) -> bool,
}

pub const CANCEL: Step = Step {
    name: "cancel",
    from: &[Status::Placed],
    to: Status::Cancelled,
    action: Action::Cancelled,
    event: Kind::OrderCancelled,
    advice: "Only a placed order can be cancelled.",
    by: |_| true,
};

pub const SHIP: Step = Step {
    name: "ship",
    from: &[Status::Placed],
    to: Status::Shipped,
    action: Action::Shipped,
    event: Kind::OrderShipped,
    advice: "Only a placed order can be shipped, and only once. Its carrier and tracking number are corrected with PATCH.",
    by: Caller::is_staff,
};

pub const DELIVER: Step = Step {
    name: "deliver",
    from: &[Status::Shipped, Status::Lost],
    to: Status::Delivered,
    action: Action::Delivered,
    event: Kind::OrderDelivered,
    advice: "Only a shipped order can be delivered, or one whose parcel was lost and has turned up.",
    by: Caller::is_staff,
};

pub const LOST: Step = Step {
    name: "lost",
    from: &[Status::Shipped],
    to: Status::Lost,
    action: Action::Lost,
    event: Kind::OrderLost,
    advice: "Only the parcel of a shipped order can be lost.",
    by: Caller::is_staff,
};

pub const RETURNED: Step = Step {
    name: "returned",
    from: &[Status::Shipped, Status::Lost],
    to: Status::Returned,
    action: Action::Returned,
    event: Kind::OrderReturned,
    advice: "Only the parcel of a shipped order can come back, or one that was lost and has turned up. Goods that a \
             customer sends back are booked as a return with POST /products/{id}/stock/movements.",
    by: Caller::is_staff,
};

/// What was said of a parcel by mistake is taken back.
pub const REOPEN: Step = Step {
    name: "reopen",
    from: &[Status::Delivered, Status::Lost, Status::Returned],
    to: Status::Shipped,
    action: Action::Reopened,
    event: Kind::OrderReopened,
    advice: "Only what was said of a shipped order's parcel can be taken back.",
    by: Caller::is_manager,
};

pub const STEPS: &[Step] = &[CANCEL, DELIVER, LOST, REOPEN, RETURNED, SHIP];

/// A mistake shows by the next day; after that, whoever looks at the order may have relied on it.
pub const REOPEN_WITHIN: Duration = Duration::hours(24);

/// The steps that this caller may take next. `closed_at` is when the parcel's way ended.
pub fn allowed_actions(
    status: Status,
    is_confirmed: bool,
    closed_at: Option<Timestamp>,
    now: Timestamp,
    caller: &Caller,
) -> Vec<&'static str> {
    let is_in_time = |step: &&Step| {
        step.name != REOPEN.name || closed_at.is_some_and(|closed_at| closed_at > now - REOPEN_WITHIN)
    };
    let legal = STEPS.iter().filter(|step| step.from.contains(&status) && (step.by)(caller));
    let mut allowed: Vec<&str> = legal.filter(is_in_time).map(|step| step.name).collect();
    if status == Status::Placed && !is_confirmed && caller.is_staff() {
        allowed.push("confirm");
    }
    allowed.sort_unstable();
    allowed
}

impl Corrected {
    /// Where an order stands while this can be corrected.
    pub fn while_order_is(self) -> &'static [Status] {
        match self {
            Corrected::ShippingAddress | Corrected::Note => &[Status::Placed],
            Corrected::ExpectedDeliveryDate => &[Status::Placed, Status::Shipped],
            // They are given when it is shipped.
            Corrected::Carrier | Corrected::TrackingNumber => {
                &[Status::Shipped, Status::Delivered, Status::Lost, Status::Returned]
            }
        }
    }

    /// Whether the customer may, or only those behind the counter.
    pub fn is_customers(self) -> bool {
        matches!(self, Corrected::ShippingAddress | Corrected::Note)
    }
}
