//! The statements that a connection keeps prepared, by their text.
//!
//! The server has room for so many statements of all its clients together and answers nobody any more when
//! it is used up, so a process takes a quarter of it at most, shared among its connections. The `mysql` crate
//! would keep statements too, but it reads each text for `:name` at every call, which costs more than
//! finding it here.

use std::collections::HashMap;

use mysql::prelude::Queryable;
use mysql::{Conn, Statement};

use crate::error::database::is_out_of_statements;

/// What a server takes unless it is told otherwise.
const SERVER_MAX_DEFAULT: usize = 16_382;
/// The part of it that is one process's, so that others find room: a second node, the restock program, a
/// person at a console, and the old process while the new one starts.
const PROCESS_SHARE: usize = 4;
/// More than a connection of a busy shop uses again and again. Each costs the server some 10 KiB.
const KEPT_MAX: usize = 128;

pub struct Statements {
    kept: HashMap<Box<str>, Kept>,
    kept_max: usize,
    /// Counts the uses, to know which statement was used longest ago.
    uses: u64,
}

struct Kept {
    statement: Statement,
    last_use: u64,
}

/// How many statements each of a process's connections may keep on this server.
pub fn kept_max(conn: &mut Conn, connections: u32) -> usize {
    // A server that does not know the variable is taken for one with the usual limit.
    let server_max = conn.query_first("SELECT @@max_prepared_stmt_count").ok().flatten();
    share(server_max.unwrap_or(SERVER_MAX_DEFAULT), connections)
}

fn share(server_max: usize, connections: u32) -> usize {
    let connections = usize::try_from(connections).unwrap_or(usize::MAX).max(1);
    (server_max / PROCESS_SHARE / connections).clamp(1, KEPT_MAX)
}

impl Statements {
    pub fn new(kept_max: usize) -> Statements {
        Statements { kept: HashMap::new(), kept_max, uses: 0 }
    }

    /// The statement with this text. It is prepared when it is not kept; what was used longest ago makes
    /// room for it.
    pub fn prepare(&mut self, conn: &mut Conn, sql: &str) -> mysql::Result<Statement> {
        self.uses += 1;
        if let Some(kept) = self.kept.get_mut(sql) {
            kept.last_use = self.uses;
            return Ok(kept.statement.clone());
        }
        while self.kept.len() >= self.kept_max {
            self.close_oldest(conn)?;
        }
        let statement = self.prepare_anew(conn, sql)?;
        let kept = Kept { statement: statement.clone(), last_use: self.uses };
        self.kept.insert(sql.into(), kept);
        Ok(statement)
    }

    /// When the server has no room left, what this connection keeps is given up for what it needs.
    fn prepare_anew(&mut self, conn: &mut Conn, sql: &str) -> mysql::Result<Statement> {
        match conn.prep(sql) {
            Err(error) if is_out_of_statements(&error) && !self.kept.is_empty() => {
                while !self.kept.is_empty() {
                    self.close_oldest(conn)?;
                }
                conn.prep(sql)
            }
            prepared => prepared,
        }
    }

    /// Looking at all of them is little beside the round trip that follows.
    fn close_oldest(&mut self, conn: &mut Conn) -> mysql::Result<()> {
        let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.last_use).map(|(sql, _)| sql.clone());
        match oldest.and_then(|sql| self.kept.remove(&sql)) {
            Some(kept) => conn.close(kept.statement),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_takes_a_quarter_of_the_server_at_most() {
        for (server_max, connections, expected) in
            [(16_382, 12, 128), (16_382, 48, 85), (16_382, 500, 8), (64, 4, 4), (10, 12, 1), (0, 1, 1)]
        {
            assert_eq!(share(server_max, connections), expected, "{server_max} {connections}");
        }
    }
}
