//! Which routes come nearest to a path, by the words in it.

use crate::values::{Id, id_from_digits};
use crate::web::route::Route;
use crate::web::wayfinding::meanings::{MEANINGS, Meaning};

/// A longer path is no slip, and looking at it would cost more than answering.
const PATH_BYTES_MAX: usize = 200;

/// A route's path with what may be asked of it, and the id that was in the path that was asked for.
pub struct Nearest {
    pub method: String,
    pub pattern: &'static str,
    pub id: Option<Id>,
}

/// A piece of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Word(String),
    /// None where it is no id, but stands where one is expected.
    Id(Option<Id>),
}

use Piece::Word;

/// What a path says: one reading of its words, and the method that they stand for.
#[derive(Clone, Default)]
struct Reading {
    pieces: Vec<Piece>,
    method: Option<&'static str>,
}

/// The routes nearest to the path, one for each way to read it; none when none is near.
pub fn nearest(routes: &[Route], method: &str, path: &str) -> Vec<Nearest> {
    if path.len() > PATH_BYTES_MAX {
        return Vec::new();
    }
    let patterns = patterns(routes);
    let mut found: Vec<Nearest> = Vec::new();
    for mut reading in readings(path, &patterns) {
        stand_alone(&mut reading.pieces);
        let method = reading.method.unwrap_or(method);
        let Some((pattern, pieces)) = nearest_pattern(routes, &patterns, method, &reading.pieces) else {
            continue;
        };
        if found.iter().all(|known| known.pattern != *pattern) {
            let id = reading.pieces.iter().find_map(|piece| match piece {
                Piece::Id(id) => *id,
                Word(_) => None,
            });
            let id = id.filter(|_| owns_id(&reading.pieces, pieces));
            found.push(Nearest { method: method.to_owned(), pattern, id });
        }
    }
    found
}

/// A path of the table with its pieces.
type Pattern = (&'static str, Vec<Piece>);

/// Every path of the table once.
fn patterns(routes: &[Route]) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = Vec::new();
    for path in routes.iter().map(|route| route.path) {
        if patterns.iter().all(|(known, _)| *known != path) {
            let pieces = path.split('/').flat_map(|segment| match segment {
                id if id.starts_with('{') => vec![Piece::Id(None)],
                words => words_in(words).into_iter().map(Word).collect(),
            });
            patterns.push((path, pieces.collect()));
        }
    }
    patterns
}

/// The parts of a segment, `customerAccounts` and `Customer-Account` alike, in small letters and the singular.
fn words_in(segment: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in segment.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.iter().filter(|word| !word.is_empty()).map(|word| singular(word)).collect()
}

fn singular(word: &str) -> String {
    match (word.strip_suffix("ies"), word.strip_suffix('s')) {
        (Some(stem), _) if stem.len() > 2 => format!("{stem}y"),
        (_, Some(stem)) if stem.len() > 2 && !stem.ends_with(['s', 'u']) => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// The ways to read a path. A word that has several meanings makes several.
fn readings(path: &str, patterns: &[Pattern]) -> Vec<Reading> {
    let known: Vec<&str> = patterns.iter().flat_map(|(_, pieces)| pieces).filter_map(word).collect();
    let mut readings = vec![Reading::default()];
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let words = words_in(segment);
        let whole = singular(&words.concat());
        let is_first = readings[0].pieces.is_empty();
        // `7.json` is an id too.
        let stem = segment.split('.').next().unwrap_or(segment);
        let is_number = !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_digit());
        if segment.starts_with(['{', ':', '<']) || is_number {
            let id = id_from_digits(stem.trim_start_matches('0'));
            readings.iter_mut().for_each(|reading| reading.pieces.push(Piece::Id(id)));
        } else if let Some(meaning) = meaning(&whole) {
            // `/api/orders` is not about keys, though `/api_keys` is.
            read(&mut readings, &Means(meaning));
        } else if known.contains(&whole.as_str()) {
            read(&mut readings, &Known(&whole));
        } else if !is_first && words.iter().all(|word| understood(word, &known).is_none()) {
            readings.iter_mut().for_each(|reading| reading.pieces.push(Piece::Id(None)));
        } else {
            for word in &words {
                read(&mut readings, &understood(word, &known).unwrap_or(Alike(word)));
            }
        }
    }
    readings
}

/// How a word in a path is understood.
enum Understood<'a> {
    Known(&'a str),
    /// Of something that has another name here, or no name.
    Means(&'static Meaning),
    /// A slip, or the start of a known word.
    Alike(&'a str),
    /// `v1` and the like.
    Version,
}

use Understood::{Alike, Known, Means, Version};

fn understood<'a>(word: &str, known: &[&'a str]) -> Option<Understood<'a>> {
    if let Some(known) = known.iter().find(|known| **known == word) {
        return Some(Known(known));
    }
    if let Some(meaning) = meaning(word) {
        return Some(Means(meaning));
    }
    if word.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    {
        return Some(Version);
    }
    let shared = |known: &&&str| known.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
    let alike = known.iter().max_by_key(shared)?;
    let enough = shared(&alike) >= 3 && 2 * shared(&alike) >= alike.len().max(word.len());
    enough.then_some(Alike(alike))
}

fn meaning(word: &str) -> Option<&'static Meaning> {
    MEANINGS.iter().find(|(said, ..)| *said == word)
}

fn read(readings: &mut Vec<Reading>, understood: &Understood) {
    let (method, meanings) = match understood {
        Known(word) | Alike(word) => (None, vec![*word]),
        Means((_, method, meanings)) if !meanings.is_empty() => (*method, meanings.to_vec()),
        Means((_, method, _)) => (*method, vec![""]),
        Version => return,
    };
    // Two words with two meanings each are as many as a path needs.
    let before: Vec<Reading> = readings.drain(..).take(2).collect();
    for reading in before {
        for meaning in &meanings {
            let mut reading = reading.clone();
            if meaning.starts_with('=') {
                reading.pieces.clear();
            }
            // A word that stands twice counts once, but for what is done with a thing: `/purchase_orders/7/order`.
            let is_done = matches!((understood, reading.pieces.last()), (Known(_), Some(Piece::Id(_))));
            for word in meaning.trim_start_matches('=').split_whitespace().map(|word| Word(word.to_owned())) {
                if is_done || !reading.pieces.contains(&word) {
                    reading.pieces.push(word);
                }
            }
            reading.method = method.or(reading.method);
            readings.push(reading);
        }
    }
}

/// A thing within another stands by itself here: what stands before the last word with an id is left out when it has
/// an id too.
fn stand_alone(pieces: &mut Vec<Piece>) {
    let is_id = |piece: &Piece| matches!(piece, Piece::Id(_));
    let last = (1..pieces.len()).rev().find(|&at| is_id(&pieces[at]) && !is_id(&pieces[at - 1]));
    if let Some(before) = last.and_then(|last| pieces[..last].iter().rposition(is_id)) {
        pieces.drain(..=before);
    }
}

fn nearest_pattern<'a>(
    routes: &[Route],
    patterns: &'a [Pattern],
    method: &str,
    asked: &[Piece],
) -> Option<&'a Pattern> {
    // Of `/api/v1` nothing is left.
    if asked.is_empty() {
        return patterns.iter().find(|(_, pieces)| pieces.is_empty());
    }
    let far = |pattern: &'a Pattern| {
        let takes = routes.iter().any(|route| route.path == pattern.0 && route.method == method);
        Some((distance(asked, &pattern.1)? + if takes { 0 } else { 2 }, pattern))
    };
    patterns.iter().filter_map(far).min_by_key(|(distance, _)| *distance).map(|(_, pattern)| pattern)
}

/// How far a pattern is from what was asked for; None when they have too little in common.
fn distance(asked: &[Piece], pattern: &[Piece]) -> Option<usize> {
    let (of_asked, of_pattern): (Vec<&str>, Vec<&str>) =
        (asked.iter().filter_map(word).collect(), pattern.iter().filter_map(word).collect());
    let mut left = of_asked.clone();
    let mut is_asked = |word: &&&str| {
        let at = left.iter().position(|asked| asked == *word);
        at.map(|at| left.swap_remove(at)).is_some()
    };
    let shared = of_pattern.iter().filter(&mut is_asked).count();
    let takes_id = pattern.len() > of_pattern.len();
    // An id that was given and has no place weighs as much as two words; what stands for one, as much as one.
    let ids = asked.iter().filter(|piece| word(piece).is_none());
    let ids: usize = ids.skip(takes_id.into()).map(|id| if *id == Piece::Id(None) { 2 } else { 4 }).sum();
    let no_id = usize::from(takes_id && asked.len() == of_asked.len());
    let apart = 2 * (of_asked.len() + of_pattern.len() - 2 * shared) + ids + no_id;
    if shared == 0 || apart > 2 * shared + 2 {
        return None;
    }
    let in_both = |piece: &&Piece, other: &[&str]| word(piece).map_or(takes_id, |word| other.contains(&word));
    let sequence = |pieces: &[Piece], other: &[&str]| -> Vec<Option<String>> {
        pieces
            .iter()
            .filter(|piece| in_both(piece, other))
            .map(|piece| word(piece).map(str::to_owned))
            .collect()
    };
    let other_order = sequence(asked, &of_pattern) != sequence(pattern, &of_asked);
    let other_start = of_asked.first().is_some_and(|first| !of_pattern.contains(first));
    let other_end = of_asked.last() != of_pattern.last();
    let other_owner = takes_id && !owns_id(asked, pattern);
    Some(
        apart
            + usize::from(other_order)
            + usize::from(other_start)
            + usize::from(other_end)
            + 2 * usize::from(other_owner),
    )
}

/// Whether the id is that of the same thing in both: it follows the same word, or what was asked for ends with it.
fn owns_id(asked: &[Piece], pattern: &[Piece]) -> bool {
    let owner = |pieces: &[Piece]| {
        let at = pieces.iter().position(|piece| word(piece).is_none())?;
        pieces[..at].last().and_then(word).map(str::to_owned)
    };
    let ends_with_id = asked.last().is_some_and(|piece| word(piece).is_none());
    ends_with_id || owner(asked).is_none() || owner(asked) == owner(pattern)
}

fn word(piece: &Piece) -> Option<&str> {
    match piece {
        Word(word) => Some(word),
        Piece::Id(_) => None,
    }
}
