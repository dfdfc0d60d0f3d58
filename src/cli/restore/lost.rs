//! What the running database has and a backup has not.

use mysql::Conn;
use mysql::prelude::Queryable;

use crate::cli::Failure;
use crate::cli::backup::manifest;

/// What people ask about, as it is called and as its table is.
const LOOKED_AT: [(&str, &str); 3] =
    [("orders", "orders"), ("movements of stock", "stock_movements"), ("customers", "customers")];

/// The last number of each in a database.
pub fn heads(conn: &mut Conn) -> Result<[u64; 3], Failure> {
    let mut heads = [0; 3];
    for (head, (_, table)) in heads.iter_mut().zip(LOOKED_AT) {
        *head = manifest::highest_id(conn, table)?;
    }
    Ok(heads)
}

/// What came after these numbers, a line for each.
pub fn since(running: &mut Conn, heads: [u64; 3]) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for (head, (name, table)) in heads.into_iter().zip(LOOKED_AT) {
        let sql = format!("SELECT COUNT(*), MIN(id), MAX(id) FROM {table} WHERE id > ?");
        let found: Option<(u64, Option<u64>, Option<u64>)> = running.exec_first(sql, (head,))?;
        if let Some((count, Some(first), Some(last))) = found {
            lines.push(format!("{count} {name}, number {first} to {last}"));
        }
    }
    Ok(lines)
}
