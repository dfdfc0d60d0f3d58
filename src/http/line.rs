//! Requests that wait for a place, a network at a time: however many one of them sends, each has its turn.

use std::collections::{HashMap, VecDeque};

use crate::values::Network;

/// Waiting jobs, in the order in which they came within each network.
pub struct Line<J> {
    waiting: HashMap<Network, VecDeque<J>>,
    /// The networks that have some waiting, in the order of their turns.
    turns: VecDeque<Network>,
}

impl<J> Default for Line<J> {
    fn default() -> Line<J> {
        Line { waiting: HashMap::new(), turns: VecDeque::new() }
    }
}

impl<J> Line<J> {
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    pub fn len(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    pub fn push(&mut self, network: Network, job: J) {
        let waiting = self.waiting.entry(network).or_default();
        if waiting.is_empty() {
            self.turns.push_back(network);
        }
        waiting.push_back(job);
    }

    /// The job whose turn it is among the networks that may have one done now.
    pub fn pop(&mut self, may: impl Fn(Network) -> bool) -> Option<(Network, J)> {
        let turn = self.turns.iter().position(|network| may(*network))?;
        let network = self.turns.remove(turn)?;
        let waiting = self.waiting.get_mut(&network)?;
        let job = waiting.pop_front()?;
        if waiting.is_empty() {
            self.waiting.remove(&network);
        } else {
            self.turns.push_back(network);
        }
        Some((network, job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(last: u8) -> Network {
        Network::of([192, 0, 2, last].into())
    }

    #[test]
    fn each_network_has_its_turn_however_many_wait() {
        let mut line = Line::default();
        for job in 0..5 {
            line.push(network(1), (1, job));
        }
        line.push(network(2), (2, 0));
        line.push(network(3), (3, 0));
        line.push(network(2), (2, 1));
        let order: Vec<_> = std::iter::from_fn(|| line.pop(|_| true)).map(|(_, job)| job).collect();
        assert_eq!(order, [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (1, 2), (1, 3), (1, 4)]);
        assert!(line.is_empty() && line.waiting.is_empty());
    }

    #[test]
    fn who_may_not_yet_keeps_the_turn() {
        let mut line = Line::default();
        line.push(network(1), 'a');
        line.push(network(2), 'b');
        assert_eq!(line.pop(|of| of != network(1)), Some((network(2), 'b')));
        assert_eq!(line.pop(|of| of != network(1)), None);
        assert_eq!(line.pop(|_| true), Some((network(1), 'a')));
    }
}
