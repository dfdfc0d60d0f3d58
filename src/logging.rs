//! One line a record on standard error: time, level, message, with control characters escaped.

use std::io::Write;

use chrono::{SecondsFormat, Utc};

/// Starts logging. A panic becomes a line like any other.
pub fn start(level: log::LevelFilter) {
    env_logger::Builder::new()
        .filter_level(level)
        .format(|out, record| {
            let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
            writeln!(out, "{time} {} {}", record.level(), one_line(&record.args().to_string()))
        })
        .init();
    std::panic::set_hook(Box::new(|panic| log::error!("panic: {panic}")));
}

/// Nobody can forge a line or steer a terminal with what they send.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(super::one_line("a\nb\x1b[31m\u{85}é"), "a\\nb\\u{1b}[31m\\u{85}é");
    }
}
