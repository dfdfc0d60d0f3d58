//! How many connections there are, in all and from one network, within limits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::values::Network;

/// How many connections of one kind there are.
#[derive(Default)]
pub struct Count {
    now: Mutex<usize>,
    one_less: Condvar,
}

/// A connection's place among those of its kind, given back when it ends.
pub struct Place(Arc<Count>);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.now.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.one_less.notify_all();
    }
}

impl Count {
    pub fn enter(count: &Arc<Count>, most: usize) -> Option<Place> {
        let mut now = count.now.lock().unwrap_or_else(PoisonError::into_inner);
        if *now >= most {
            return None;
        }
        *now += 1;
        Some(Place(count.clone()))
    }

    pub fn now(&self) -> usize {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is none, but no longer than this, and returns how many are left.
    pub fn wait_for_none(&self, most: Duration) -> usize {
        let deadline = Instant::now() + most;
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        while *now > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.one_less.wait_timeout(now, left);
            now = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *now
    }
}

/// How many connections there are from each network that has any.
#[derive(Default)]
pub struct ByNetwork(Mutex<HashMap<Network, usize>>);

/// A connection's place among those of its network, given back when it ends.
pub struct NetworkPlace {
    all: Arc<ByNetwork>,
    network: Network,
}

impl ByNetwork {
    pub fn enter(all: &Arc<ByNetwork>, client: IpAddr, most: usize) -> Option<NetworkPlace> {
        let network = Network::of(client);
        let mut counts = all.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(network).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(NetworkPlace { all: all.clone(), network })
    }
}

impl Drop for NetworkPlace {
    fn drop(&mut self) {
        let mut counts = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = counts.get_mut(&self.network) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            counts.remove(&self.network);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_forgotten() {
        let all = Arc::default();
        let enter = |client: &str| ByNetwork::enter(&all, client.parse().unwrap(), 2);
        let (first, second) = (enter("192.0.2.1"), enter("192.0.2.1"));
        assert!(first.is_some() && second.is_some() && enter("192.0.2.1").is_none());
        assert!(enter("192.0.2.2").is_some());
        drop(first);
        assert!(enter("192.0.2.1").is_some());
        drop(second);
        assert!(all.0.lock().unwrap().is_empty());
    }
}
