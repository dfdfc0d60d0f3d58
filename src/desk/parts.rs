//! Long lists in parts: a page shows as many of their rows as it has room for, and the way to the next ones.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};
use serde::de::DeserializeOwned;

use crate::desk::api::with_query;
use crate::desk::pieces::{step_button, table};
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::visit::{SHOWN_ONCE, Visit};
use crate::error::Result;

/// What a page may have beside what surrounds it: nobody at a counter on a slow line waits for more than 30 KB, and the
/// head, the foot and what is said of the last press take 6 of them.
const ROOM_BYTES: usize = 24 * 1024;

/// As much of a name as a row shows; on its own page it stands whole.
const NAME_CHARACTERS: usize = 80;

/// As much of a text as stands beside the form in which it is whole.
const TEXT_CHARACTERS: usize = 300;

/// A name in a row.
pub fn brief(name: &str) -> Cow<'_, str> {
    cut(name, NAME_CHARACTERS)
}

/// A note or an address among other facts.
pub fn brief_text(text: &str) -> Cow<'_, str> {
    cut(text, TEXT_CHARACTERS)
}

fn cut(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        Some((end, _)) => Cow::from(format!("{}…", &text[..end])),
        None => Cow::from(text),
    }
}

/// How many of these rows fit, by their sizes: one at least, or nobody would come to the next.
pub fn fitting(sizes: impl IntoIterator<Item = usize>, room: usize) -> usize {
    let mut left = room;
    let fits = sizes.into_iter().take_while(|size| {
        let there = left >= *size;
        left = left.saturating_sub(*size);
        there
    });
    fits.count().max(1)
}

/// As much as proposals take of a page; anything else can be typed all the same.
const PROPOSALS_BYTES: usize = 4 * 1024;

/// What is proposed where something is typed.
pub fn proposals<'a>(id: &str, texts: impl Iterator<Item = &'a str> + Clone) -> Markup {
    let shown = fitting(texts.clone().map(|text| "<option value=\"\">".len() + text.len()), PROPOSALS_BYTES);
    html! { datalist id=(id) { @for text in texts.take(shown) { option value=(text) {} } } }
}

/// How often what was counted stands in a page at most: in the form that counts, in the address of the one that is sent,
/// and in what that has of other parts.
const ADDRESSES: usize = 3;

impl Visit<'_> {
    /// What is left of the room beside these parts of the page.
    pub fn room_beside(&self, parts: &[&Markup]) -> usize {
        let parts: usize = parts.iter().map(|part| part.0.len()).sum();
        ROOM_BYTES.saturating_sub(parts + ADDRESSES * self.here().len())
    }

    /// Where the part of a list begins that is asked for.
    pub fn first_of(&self, name: &str) -> usize {
        self.param(name).and_then(|first| first.parse().ok()).unwrap_or(0)
    }

    /// A page of a list of the API whose rows fit. Only where the longest texts stand is it asked twice.
    pub fn list_that_fits<T: DeserializeOwned>(
        &self,
        path: &str,
        fixed: &[(&str, &str)],
        passed: &[&str],
        size: impl Fn(&T) -> usize,
        room: usize,
    ) -> Result<List<T>> {
        let list: List<T> = self.get_with(path, fixed, passed)?;
        let fits = fitting(list.data.iter().map(size), room);
        if fits >= list.data.len() {
            return Ok(list);
        }
        let fits = fits.to_string();
        let fewer: Vec<(&str, &str)> = fixed.iter().copied().chain([("limit", fits.as_str())]).collect();
        self.get_with(path, &fewer, passed)
    }

    /// The rows of a list that fit from where the address says, in a table with the ways to the others.
    pub fn part(
        &self,
        name: &str,
        caption: &str,
        head: &[&str],
        rows: impl Iterator<Item = Markup>,
        room: usize,
    ) -> Markup {
        let first = self.first_of(name);
        let rows: Vec<Markup> = rows.skip(first).collect();
        let shown = fitting(rows.iter().map(|row| row.0.len()), room).min(rows.len());
        let text: String = rows[..shown].iter().map(|row| row.0.as_str()).collect();
        html! {
            (table(caption, head, PreEscaped(text)))
            (self.ways_on(name, caption, first, (rows.len() > shown).then_some(first + shown)))
        }
    }

    /// The same as buttons of a form that counts, which send what is typed in its rows.
    pub fn ways_on_counting(&self, name: &str, caption: &str, first: usize, next: Option<usize>) -> Markup {
        let to = |first: usize, words: &str| step_button(name, Some(first as u64), words);
        html! {
            @if first > 0 || next.is_some() {
                p.row.screen role="group" aria-label=(t::parts_of(caption)) {
                    @if first > 0 { (to(0, t::FIRST_PART)) }
                    @if let Some(next) = next { (to(next, t::NEXT_PART)) }
                }
            }
        }
    }

    /// The ways to the first and to the next part of a list.
    pub fn ways_on(&self, name: &str, caption: &str, first: usize, next: Option<usize>) -> Markup {
        let at = |first: &str| {
            let passing = |of: &str| of == name || SHOWN_ONCE.contains(&of);
            let lasting = self.query.iter().filter(|(name, _)| !passing(name));
            with_query(self.path, &lasting.chain([(name, first)]).collect::<Vec<_>>())
        };
        html! {
            @if first > 0 || next.is_some() {
                nav.pager.screen aria-label=(t::parts_of(caption)) {
                    @if first > 0 { a href=(at("")) { (t::FIRST_PART) } }
                    @if let Some(next) = next { a rel="next" href=(at(&next.to_string())) { (t::NEXT_PART) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_shown_and_one_row_in_any_case() {
        assert_eq!(fitting([10, 10, 10], 25), 2);
        assert_eq!(fitting([10, 10], 25), 2);
        assert_eq!(fitting([100, 1], 25), 1);
        assert_eq!(brief(&"ü".repeat(80)), "ü".repeat(80));
        assert_eq!(brief(&"ü".repeat(81)), "ü".repeat(80) + "…");
    }
}
