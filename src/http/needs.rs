//! What the application says of a request when its head is here.

/// What a request needs while it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// It is answered whatever the others wait for.
    NoDatabase,
    /// One query answers many of them, so they may be many at once.
    SharedRead,
    Read,
    /// It may wait for a lock. Such requests never use more than half of the database connections.
    Change,
}

impl Lane {
    pub const COUNT: usize = 4;
    /// Those that use the database. When a place is free, a request of the first of them has it.
    pub const WITH_DATABASE: [Lane; 3] = [Lane::Change, Lane::Read, Lane::SharedRead];
}

#[derive(Debug, Clone, Copy)]
pub struct Needs {
    pub lane: Lane,
    /// A longer body is refused with 413 before it is read.
    pub body_bytes: usize,
    /// Whether a long body is handed over in its file, and never whole in memory.
    pub body_in_file: bool,
}

/// From a request's method and target to what it needs.
pub type NeedsOf = Box<dyn Fn(&str, &str) -> Needs + Send + Sync>;
