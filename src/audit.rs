//! Who changes what behind the counter.

use std::net::IpAddr;

use crate::values::Id;

/// Who makes a change that is not a customer's own: a staff account, a program's key, or an operator's
/// command. Nobody of them is the customer, or the shop itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Actor {
    pub account_id: Option<Id>,
    pub api_key_id: Option<Id>,
    pub command: Option<&'static str>,
    pub address: Option<IpAddr>,
}

impl Actor {
    /// Whoever runs one of the programs on the shop's machine.
    pub fn command(name: &'static str) -> Actor {
        Actor { command: Some(name), ..Actor::default() }
    }
}
