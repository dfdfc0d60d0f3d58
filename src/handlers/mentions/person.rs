//! By what a note may name a person, and whether it does.
//!
//! A note is compared as letters and digits alone, in which "RR 123-456" and "rr123456" are one. What is looked for must
//! begin and end where words of the note do, so that Ada is not found in Canada; where a script has no blanks between
//! its words, and for the digits of a telephone number, anywhere.

use std::collections::{HashMap, HashSet};
use std::fmt;

use mysql::Row;

use crate::db::{Transaction, column};
use crate::error::Result;
use crate::problem::Problem;
use crate::values::{Id, folded, phone_digits};

/// What a person is recognised by, the surest first: a part of a name is many people's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Email,
    Phone,
    Username,
    TrackingNumber,
    Name,
    Address,
    PartOfName,
}

/// What was found, each kind once and the surest first; empty when nothing was.
#[derive(Debug, Default)]
pub struct Found(Vec<By>);

#[derive(Default)]
pub struct Person {
    /// What stands between two boundaries of words.
    whole: HashMap<String, By>,
    /// How what is in [`Person::whole`] begins: most words of most notes do not.
    beginnings: HashSet<String>,
    longest: usize,
    anywhere: Vec<(String, By)>,
}

/// A text as its letters and digits, with where its words begin and end.
struct Squeezed {
    text: String,
    starts: Vec<usize>,
    ends: Vec<usize>,
}

/// How many characters a beginning has.
const BEGINNING: usize = 2;
/// A shorter part of a name is an initial or a particle.
const PART_OF_NAME_MIN: usize = 3;
/// A shorter number is somebody's quantity.
const TRACKING_NUMBER_MIN: usize = 5;
/// A street without its number; a shorter one is rather a town.
const STREET_MIN: usize = 8;
/// The end of a telephone number, without the prefixes that some write and others do not.
const PHONE_DIGITS: usize = 7;

impl Person {
    /// What the shop knows of a customer.
    pub fn read(tx: &mut Transaction, customer_id: Id) -> Result<Person> {
        let customer = tx.row(
            "SELECT c.name, c.email, c.phone, a.username FROM customers c LEFT JOIN accounts a ON a.customer_id = c.id
             WHERE c.id = ?",
            (customer_id,),
            |row: &Row| Person::new(column(row, "name"), column(row, "email"), column(row, "phone"), column(row, "username")),
        )?;
        let mut person = customer.ok_or_else(Problem::not_found)?;
        let orders = "SELECT shipping_address, tracking_number FROM orders WHERE customer_id = ?";
        tx.rows(orders, (customer_id,), |row| {
            person.add_address(
                column::<Option<String>>(row, "shipping_address").as_deref().unwrap_or_default(),
            );
            person.add_tracking_number(
                column::<Option<String>>(row, "tracking_number").as_deref().unwrap_or_default(),
            );
        })?;
        let corrected = "SELECT e.old_value FROM orders o JOIN order_events e ON e.order_id = o.id
             WHERE o.customer_id = ? AND e.corrected = 'tracking_number' AND e.old_value IS NOT NULL";
        tx.rows(corrected, (customer_id,), |row| {
            person.add_tracking_number(&column::<String>(row, "old_value"));
        })?;
        Ok(person)
    }

    fn new(name: String, email: String, phone: String, username: Option<String>) -> Person {
        let mut person = Person::default();
        person.add(&name, By::Name);
        let parts = name.split(|c: char| !c.is_alphanumeric());
        for part in parts.filter(|part| length(part) >= PART_OF_NAME_MIN) {
            person.add(part, By::PartOfName);
        }
        person.add(&email, By::Email);
        person.add(&username.unwrap_or_default(), By::Username);
        let digits = phone_digits(without_extension(&folded(&phone)));
        let end = digits.len().saturating_sub(PHONE_DIGITS);
        person.anywhere.push((digits[end..].to_owned(), By::Phone));
        person
    }

    /// The lines of an address that are more than a town's name.
    fn add_address(&mut self, address: &str) {
        for part in address.split(['\n', '\r', ',', ';']) {
            let words: Vec<&str> = part.split_whitespace().collect();
            let is_number = |word: &str| word.contains(|c: char| c.is_numeric());
            let street: String = words.iter().copied().filter(|word| !is_number(word)).collect();
            let numbered = street.len() < words.concat().len();
            if numbered || words.len() > 1 {
                self.add(part, By::Address);
            }
            if numbered && length(&street) >= STREET_MIN {
                self.add(&street, By::Address);
            }
        }
    }

    fn add_tracking_number(&mut self, number: &str) {
        if length(number) >= TRACKING_NUMBER_MIN {
            self.add(number, By::TrackingNumber);
        }
    }

    fn add(&mut self, text: &str, by: By) {
        let Squeezed { text, .. } = Squeezed::new(text);
        if text.is_empty() {
            return;
        }
        if !text.is_ascii() {
            self.anywhere.push((text, by));
            return;
        }
        self.beginnings.insert(beginning(&text).to_owned());
        self.longest = self.longest.max(text.len());
        let known = self.whole.entry(text).or_insert(by);
        *known = by.min(*known);
    }

    pub fn found_in(&self, note: &str) -> Found {
        let Squeezed { text, starts, ends } = Squeezed::new(note);
        let anywhere = self.anywhere.iter().filter(|(part, _)| text.contains(part));
        let mut found: Vec<By> = anywhere.map(|(_, by)| *by).collect();
        for (word, start) in starts.into_iter().enumerate() {
            if self.beginnings.contains(beginning(&text[start..])) {
                let ends = ends[word..].iter().take_while(|end| **end - start <= self.longest);
                found.extend(ends.filter_map(|end| self.whole.get(&text[start..*end])));
            }
        }
        found.sort_unstable();
        found.dedup();
        Found(found)
    }
}

impl Found {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// To sort by, the surest last.
    pub fn certainty(&self) -> impl Ord + use<> {
        self.0.first().copied().map(std::cmp::Reverse)
    }
}

/// As it is stored and shown.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut words: Vec<&str> = Vec::new();
        for word in self.0.iter().map(|by| by.word()) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        f.write_str(&words.join(","))
    }
}

impl By {
    fn word(self) -> &'static str {
        match self {
            By::Email => "email",
            By::Phone => "phone",
            By::Username => "username",
            By::TrackingNumber => "tracking_number",
            By::Address => "address",
            By::Name | By::PartOfName => "name",
        }
    }
}

impl Squeezed {
    fn new(text: &str) -> Squeezed {
        let mut squeezed = Squeezed { text: String::new(), starts: Vec::new(), ends: Vec::new() };
        for word in folded(text).split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            squeezed.starts.push(squeezed.text.len());
            squeezed.text.push_str(word);
            squeezed.ends.push(squeezed.text.len());
        }
        squeezed
    }
}

/// A telephone number, as it is folded, up to the `x12` that only one desk of a house has.
fn without_extension(number: &str) -> &str {
    number.split(|c: char| c.is_alphabetic() || "#,;".contains(c)).next().unwrap_or(number)
}

fn length(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

fn beginning(text: &str) -> &str {
    text.char_indices().nth(BEGINNING).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Person {
        let [name, email, phone] =
            ["Ada King-Lovelace", "ada@example.com", "+44 (0)20 7946-0123"].map(str::to_owned);
        let mut person = Person::new(name, email, phone, Some("ada.l".to_owned()));
        person.add_address("Flat 3, 12 Analytical Street\nLondon\nW1A 1AA");
        person.add_tracking_number("RR123456789GB");
        person
    }

    fn found(note: &str) -> String {
        ada().found_in(note).to_string()
    }

    #[test]
    fn a_person_is_recognised_however_the_note_writes_it() {
        for (note, by) in [
            ("Returned by Ada King Lovelace.", "name"),
            ("for ADA", "name"),
            ("lovelace's jug, broken", "name"),
            ("Ａｄａ came by", "name"),
            ("told Adá", "name"),
            ("wrote to ADA@Example.com", "email,name"),
            ("ring 020/79460123", "phone"),
            ("ring +44 20 7946 0123", "phone"),
            ("account Ada.L", "username,name"),
            ("see ada-l", "username,name"),
            ("lost parcel rr 123 456 789 gb", "tracking_number"),
            ("goes to 12 analytical street", "address"),
            ("fetched from Analytical Street", "address"),
            ("left at W1A1AA", "address"),
            ("flat 3", "address"),
        ] {
            assert_eq!(found(note), by, "{note}");
        }
    }

    #[test]
    fn a_telephone_number_is_recognised_without_its_extension() {
        for phone in [
            "+44 20 7946 0123 x12",
            "(020) 7946-0123, ext. 1",
            "020 79460123 # 12345678",
            "02079460123;12",
            "020 7946 0123 Durchwahl 7",
            "０２０ ７９４６ ０１２３ ｘ１２",
            "+44 20 7946 0123",
        ] {
            let person = Person::new("Bo".into(), "bo@example.com".into(), phone.into(), None);
            for note in ["ring 020 7946 0123", "ring 020/79460123 x12"] {
                assert_eq!(person.found_in(note).to_string(), "phone", "{phone}: {note}");
            }
            assert_eq!(person.found_in("ring 020 7946 0124").to_string(), "", "{phone}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_not_put_up() {
        for note in [
            "",
            "Two were broken in the box.",
            "from Canada, adapter, nada",
            "sent to London",
            "12 of 3",
            "RR123456789G",
            "XRR123456789GB",
            "79460 124",
        ] {
            assert_eq!(found(note), "", "{note}");
        }
    }

    #[test]
    fn scripts_without_blanks_and_with_endings_are_looked_through() {
        let person =
            |name: &str| Person::new(name.to_owned(), "a@example.com".into(), "555 0100".into(), None);
        assert_eq!(person("李雷").found_in("李雷退货一件").to_string(), "name");
        assert_eq!(person("Анна Иванова").found_in("вернула ИВАНОВА").to_string(), "name");
        assert_eq!(person("Zoë Ångström").found_in("for zoe angstrom").to_string(), "name");
        assert!(person("李雷").found_in("两件损坏").is_empty());
    }
}
