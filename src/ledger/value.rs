//! What moves with the units in money: the SQL of it, for the statement that moves them.
//!
//! Units come at their cost. Units of which nobody knows what they cost come at the average of those on the shelf, or
//! at nothing where there are none, and their line is marked. Units leave at the average, rounded down to the
//! ten-thousandth of the minor unit; the last unit takes the rest. So the value is an exact integer at every line, and
//! nothing is ever posted again.

/// What `units` that leave take with them. All are expressions over the figures of before: whoever sets them sets
/// on_hand after the value.
pub fn leaving(on_hand: &str, value: &str, units: &str) -> String {
    format!("IF({on_hand} = {units}, {value}, {})", share(on_hand, value, units))
}

/// What `units` bring that come at the average.
pub fn at_average(on_hand: &str, value: &str, units: &str) -> String {
    format!("IF({on_hand} > 0, {}, 0)", share(on_hand, value, units))
}

/// What `units` bring that come at a known cost, each. Their product may be larger than a BIGINT.
pub fn at_cost(cost: &str, units: &str) -> String {
    format!("CAST({cost} AS DECIMAL(30)) * {units}")
}

/// Rounded down. What is divided is a multiple: a quotient has four decimals and would be rounded to the nearest of them, and
/// DIV knows nothing beyond a BIGINT.
fn share(on_hand: &str, value: &str, units: &str) -> String {
    format!("({value} * {units} - MOD({value} * {units}, {on_hand})) / {on_hand}")
}
