//! A line as SVG within the page. It is drawn with attributes only, since a page holds no styles, and says in words what it
//! shows.

use std::fmt::Write;

use maud::{Markup, html};

pub struct Graph<'a> {
    /// Names it within its page.
    pub id: &'a str,
    pub title: &'a str,
    /// What is to be seen in it.
    pub words: &'a str,
    /// From left to right; nothing is below 0.
    pub points: &'a [(f64, f64)],
    /// What stands under its left end and its right end.
    pub ends: (&'a str, &'a str),
    /// Whether a value stays until the next one, as what is on a shelf does.
    pub is_stepped: bool,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 200.0;
/// Room for the numbers at the left, and for a line of text above and below.
const LEFT: f64 = 70.0;
const TEXT: f64 = 20.0;

impl Graph<'_> {
    pub fn draw(&self) -> Markup {
        let Graph { id, title, words, points, ends, is_stepped } = *self;
        let bounds = |axis: fn(&(f64, f64)) -> f64| {
            let values = points.iter().map(axis);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), value| {
                (min.min(value), max.max(value))
            })
        };
        let ((first, last), (_, highest)) = (bounds(|point| point.0), bounds(|point| point.1));
        let highest = highest.max(1.0);
        let x = |value: f64| LEFT + (value - first) / (last - first).max(f64::MIN_POSITIVE) * (WIDTH - LEFT);
        let y = |value: f64| TEXT + (1.0 - value / highest) * HEIGHT;
        let (bottom, viewed) = (TEXT + HEIGHT, format!("0 0 {WIDTH} {}", HEIGHT + 2.0 * TEXT));
        let mut line = String::new();
        for (at, (across, up)) in points.iter().enumerate() {
            let (x, y) = (x(*across), y(*up));
            let written = match at {
                0 => write!(line, "M{x:.1} {y:.1}"),
                _ if is_stepped => write!(line, "H{x:.1}V{y:.1}"),
                _ => write!(line, "L{x:.1} {y:.1}"),
            };
            written.expect("a string takes everything");
        }
        let (title_id, words_id) = (format!("{id}-title"), format!("{id}-words"));
        html! {
            svg viewBox=(viewed) width=(WIDTH) role="img" aria-labelledby={ (title_id) " " (words_id) } {
                title id=(title_id) { (title) }
                desc id=(words_id) { (words) }
                path d={ "M" (LEFT) " " (TEXT) "V" (bottom) "H" (WIDTH) } fill="none" stroke="currentColor" stroke-opacity="0.5" {}
                path d=(line) fill="none" stroke="currentColor" stroke-width="2" {}
                text x=(LEFT - 6.0) y=(TEXT + 4.0) text-anchor="end" { (highest.round()) }
                text x=(LEFT - 6.0) y=(bottom) text-anchor="end" { "0" }
                text x=(LEFT) y=(bottom + 15.0) { (ends.0) }
                text x=(WIDTH) y=(bottom + 15.0) text-anchor="end" { (ends.1) }
            }
        }
    }
}

/// A whole number where a line goes through; beyond 2^53 no pixel would differ.
#[expect(clippy::cast_precision_loss, reason = "it is drawn, not reckoned with")]
pub fn real(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: &[(f64, f64)], is_stepped: bool) -> String {
        let ends = ("a", "b");
        Graph { id: "g", title: "T", words: "W", points, ends, is_stepped }.draw().into_string()
    }

    #[test]
    fn a_line_goes_from_left_to_right_and_from_0_to_the_highest() {
        assert!(drawn(&[(10.0, 0.0), (20.0, 4.0)], false).contains("M70.0 220.0L640.0 20.0"));
        assert!(drawn(&[(10.0, 4.0), (20.0, 2.0)], true).contains("M70.0 20.0H640.0V120.0"));
    }

    #[test]
    fn one_point_and_none_are_drawn_too() {
        for points in [&[][..], &[(5.0, 0.0)]] {
            let svg = drawn(points, true);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
