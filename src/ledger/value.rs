//! What moves with the units in money: the SQL of it, for the statement that moves them.
//!
//! Units come at their cost. Units of which nobody knows what they cost come at the average of those on the shelf; where
//! there are none at what the last ones took with them, so that a count that was mistaken costs nothing, else at nothing;
//! and their line is marked. Units leave at the average, rounded down to the ten-thousandth of the minor unit; the last
//! unit takes the rest. So the value is an exact integer at every line, and nothing is ever posted again.
//!
//! What came at nothing is among what is on the shelf from then on, and no average is what a unit has cost: every line
//! says so until the shelf is empty and units of a known cost come.

/// What `units` that leave take with them. All are expressions over the figures of before: whoever sets them sets
/// on_hand after the value.
pub fn leaving(on_hand: &str, value: &str, units: &str) -> String {
    format!("IF({on_hand} = {units}, {value}, {})", share(on_hand, value, units))
}

/// What `units` bring of which nobody knows what they cost: the average, or what those took that left the shelf empty.
pub fn at_average(product_id: &str, on_hand: &str, value: &str, units: &str) -> String {
    format!(
        "IF({on_hand} > 0, {}, COALESCE((
             SELECT {} FROM stock_movements b WHERE b.product_id = {product_id} AND b.delta <> 0
             ORDER BY b.product_id DESC, b.sequence DESC LIMIT 1
         ), 0))",
        share(on_hand, value, units),
        share("b.delta", "b.value_delta", units)
    )
}

/// Whether some of what is on the shelf came at nothing, once units have come that bring `brought`. `is_assumed` says
/// whether their cost is, `unknown` is how it was before.
pub fn unknown_after(on_hand: &str, unknown: &str, is_assumed: &str, brought: &str) -> String {
    format!("IF({on_hand} > 0, {unknown}, {is_assumed} AND ({unknown} OR {brought} = 0))")
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
