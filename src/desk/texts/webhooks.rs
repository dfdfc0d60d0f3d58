//! Programs that are told what happens.

use super::words;

pub const WEBHOOKS: &str = "Webhooks";
pub const WHAT_THEY_ARE: &str = "Other programs that are told what happens in the shop: a front end, a till, a service for mails. Each is told the numbers of \
     what has changed, never what it says, and asks for that with a key of its own.";
pub const NO_WEBHOOKS: &str = "No program is told anything yet.";
pub const COLUMNS: &[&str] = &["Address", "Told of", "State", "Behind", "Last attempt"];
pub const BACK_TO_WEBHOOKS: &str = "All webhooks";

pub const NEW_WEBHOOK: &str = "A new webhook";
pub const URL: &str = "Address";
pub const URL_HINT: &str = "Where the program listens, such as https://till.example/hooks.";
pub const DESCRIPTION: &str = "What it is for";
pub const TYPES: &str = "Told of";
pub const ALL_TYPES: &str = "everything";
pub const MAKE: &str = "Make the webhook";
pub const SECRET_SHOWN_ONCE: &str = "This is the secret with which the receiver knows that word comes from here. Copy it now: it is shown this once.";
pub const SECRET_WAS_SHOWN: &str =
    "The secret is made, and was shown when it was. If you do not have it, make another one.";

pub const STATE: &str = "State";
pub const ACTIVE: &str = "✓ is told";
pub const PAUSED: &str = "paused";
pub const BEHIND: &str = "Behind";
pub const NOT_BEHIND: &str = "knows everything";
pub const POSITION: &str = "Told up to event";
pub const LAST_ACCEPTED: &str = "Last accepted";
pub const LAST_ATTEMPT: &str = "Last attempt";
pub const NEXT_ATTEMPT: &str = "Next attempt";
pub const DELIVERED_SO_FAR: &str = "Events delivered";
pub const GIVEN_UP_SO_FAR: &str = "Events given up";
pub const LOST: &str = "Events that are not kept any more";
pub const OLD_SECRET: &str = "The old secret signs too until";
pub const MADE: &str = "Made";

pub const PAUSE: &str = "Pause";
pub const RESUME: &str = "Go on";
pub const WHAT_RESUMING_DOES: &str =
    "It goes on from where it stands, and is tried at once. See first that the receiver is well.";
pub const CHANGE: &str = "Change the address, or what it is told of";
pub const ROTATE: &str = "Another secret";
pub const WHAT_ROTATING_DOES: &str = "The new secret is shown once. The old one signs too for a day, so that the receiver can be given the new one in peace.";
pub const ROTATE_NOW: &str = "Make another secret";
pub const REPLAY: &str = "Send again what was sent";
pub const AFTER_EVENT: &str = "Everything after event";
pub const AFTER_HINT: &str = "The number of an event, as the attempts below have it. Events are kept for 90 days. It goes on if it was paused or stopped.";
pub const REPLAY_NOW: &str = "Send again";
pub const REMOVE: &str = "Remove this webhook";
pub const WHAT_REMOVING_DOES: &str =
    "The program is told nothing any more, and its attempts are forgotten. Nobody can undo it.";
pub const REMOVE_NOW: &str = "Remove it";

pub const ATTEMPTS: &str = "Last attempts";
pub const NO_ATTEMPTS: &str = "None here.";
pub const ATTEMPT_COLUMNS: &[&str] = &["When", "Event", "What happened", "Ended", "Took"];
pub const ENDED: &str = "How they ended";
pub const OUTCOMES: &[(&str, &str)] = &[
    ("", "All"),
    ("delivered", "Delivered"),
    ("failed", "Failed, to be tried again"),
    ("given_up", "Given up"),
];
pub const DELIVERED: &str = "✓ delivered";

pub fn outcome(outcome: &str) -> &str {
    match outcome {
        "failed" => "✗ failed",
        "given_up" => "✗ given up",
        other => other,
    }
}

pub fn word_to(host: &str) -> String {
    format!("Word to {host}")
}

pub fn stopped(reason: Option<&str>) -> &'static str {
    match reason {
        Some("gone") => "✗ stopped: it answered that it is gone",
        Some("failing") => "✗ stopped: it has accepted nothing for three days",
        _ => "✗ stopped",
    }
}

/// Before the moment since when.
pub fn behind_by(events: &str, is_one: bool) -> String {
    if is_one { "behind by 1 event since".to_owned() } else { format!("behind by {events} events since") }
}

pub fn only_some(chosen: usize) -> String {
    if chosen == 0 {
        "Told of everything; choose if that is too much".to_owned()
    } else {
        format!("Told of {chosen} kinds of events")
    }
}

/// A kind of event: `order.placed`.
pub fn kind(kind: &str) -> String {
    words(kind)
}

pub fn types(types: &[String]) -> String {
    types.iter().map(|of| kind(of)).collect::<Vec<_>>().join(", ")
}
