//! The pieces that pages are made of: forms with their fields, times, money, tables' ends.

use maud::{Markup, Render, html};

use crate::desk::prose;
use crate::desk::texts as t;
use crate::desk::visit::{Of, Sent, Visit, new_key};
use crate::problem;
use crate::values::{Day, Input, Timestamp};

/// The class of a form that counts: all of its buttons send all of it, so that nothing typed in it is lost.
pub const COUNTS: &str = "scan";

/// A form that is being written: what it is about, and what was sent of it before.
pub struct Open<'a> {
    name: &'static str,
    of: Of,
    sent: Option<&'a Sent>,
    /// What a value has to look like in a field of it.
    typed: &'a dyn Fn(&str) -> String,
}

/// What a form shows beside its fields.
pub struct FormFor<'a> {
    pub name: &'static str,
    pub of: Of,
    /// Of what it changes; empty where that has none.
    pub version: &'a str,
    pub class: &'static str,
}

impl Visit<'_> {
    /// A form of this page about what the page is about.
    pub fn form(&self, name: &'static str, version: &str, inside: impl FnOnce(&Open) -> Markup) -> Markup {
        let of = Of { id: self.id, product_id: self.product_id };
        self.form_for(&FormFor { name, of, version, class: "" }, inside)
    }

    /// A form of this page; nothing where whoever is logged in may not send it.
    pub fn form_for(&self, what: &FormFor, inside: impl FnOnce(&Open) -> Markup) -> Markup {
        let FormFor { name, of, version, class } = *what;
        let Some(form) = self.page.forms.iter().find(|form| form.name == name) else {
            debug_assert!(false, "{} has no form {name}", self.page.path);
            return html! {};
        };
        if !self.api.may(form.method, form.path) {
            return html! {};
        }
        let sent = self.sent_with(name, of);
        if let Some(sent) = sent {
            sent.is_shown.set(true);
        }
        // What was refused may be sent again under its key, and what was answered before may not.
        let key = match sent {
            Some(sent) if sent.problem.kind == problem::IDEMPOTENCY_KEY_REUSED => new_key(&self.api.caller),
            Some(sent) if !sent.key.is_empty() => sent.key.clone(),
            _ => self.key(),
        };
        let own = Of { id: self.id, product_id: self.product_id };
        let locale = self.app().config.locale;
        let open = Open { name, of, sent, typed: &|plain| locale.typed(plain) };
        let counts = class == COUNTS;
        html! {
            form method="post" action=(if counts { self.here_keyed() } else { self.here() }) class=[(!class.is_empty()).then_some(class)]
                enctype=[self.api.file_bytes_max(form.method, form.path).map(|_| "multipart/form-data")] {
                input type="hidden" name="do" value=(name);
                input type="hidden" name="key" value=(key);
                @if !version.is_empty() { input type="hidden" name="version" value=(version); }
                @if counts { input type="hidden" name="state" value=(self.state()); }
                @if of != own {
                    input type="hidden" name="of" value=(of.id);
                    @if of.product_id != 0 { input type="hidden" name="of_product" value=(of.product_id); }
                }
                (inside(&open))
            }
        }
    }

    /// A form that is nothing but its button.
    pub fn button(&self, name: &'static str, version: &str, label: &str) -> Markup {
        self.form_for(
            &FormFor { name, of: Of { id: self.id, product_id: self.product_id }, version, class: "button" },
            |_| html! { button { (label) } },
        )
    }

    pub fn money(&self, plain: &str) -> String {
        let config = &self.app().config;
        config.locale.money(plain, config.currency.code())
    }

    pub fn count(&self, number: i64) -> String {
        self.app().config.locale.number(&number.to_string())
    }

    /// What the API says in a sentence.
    pub fn said(&self, sentence: &str) -> String {
        prose::of_people(&self.app().config, sentence)
    }

    /// A moment of the API, on the shop's clock.
    pub fn when(&self, plain: &str) -> Markup {
        let config = &self.app().config;
        match Timestamp::parse(&Input::Text(plain.to_owned())) {
            Ok(time) => {
                // HTML knows no more than thousandths of a second.
                let machine = time.0.format("%Y-%m-%dT%H:%M:%SZ").to_string();
                html! { time datetime=(machine) { (config.locale.moment(config.calendar.zone.local(time))) } }
            }
            Err(_) => html! { (plain) },
        }
    }

    /// The day of a moment, or a day.
    pub fn on(&self, plain: &str) -> Markup {
        let config = &self.app().config;
        let input = Input::Text(plain.to_owned());
        let day =
            Day::parse(&input).or_else(|_| Timestamp::parse(&input).map(|time| config.calendar.day_of(time)));
        match day {
            Ok(day) => html! { time datetime=(day.to_string()) { (config.locale.day(day)) } },
            Err(_) => html! { (plain) },
        }
    }

    /// The end of a list: the way to the next page, and back to the first.
    pub fn pager(&self, next: Option<&str>, kept: &[&str]) -> Markup {
        html! {
            @if next.is_some() || self.param("after").is_some() {
                nav.pager aria-label=(t::PAGES) {
                    @if self.param("after").is_some() { a href=(self.here_with("after", "", kept)) { (t::FIRST_PAGE) } }
                    @if let Some(next) = next { a rel="next" href=(self.here_with("after", next, kept)) { (t::NEXT_PAGE) } }
                }
            }
        }
    }
}

/// Where a field stands, for its label and for what is wrong with it.
pub fn field_id(form: &str, of: Of, field: &str) -> String {
    if field == "scan" || field.ends_with(".scan") || field.ends_with(".here_too") {
        return "scan".to_owned();
    }
    let field = field.replace(['[', ']', '.'], "-");
    format!("{form}-{}-{}-{field}", of.id, of.product_id)
}

/// How a field is shown.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub hint: &'a str,
    pub kind: Kind<'a>,
    pub is_required: bool,
}

#[derive(Clone, Copy)]
pub enum Kind<'a> {
    Text,
    /// With decimals, as people here write them.
    Decimal,
    /// Digits.
    Whole,
    Day,
    /// What it is, for a browser that keeps passwords.
    Password(&'a str),
    Area,
    /// Text, of which `parts::proposals` of this name stand beside it.
    Listed(&'a str),
    /// Values with their words.
    Choice(&'a [(&'a str, &'a str)]),
    /// A box to tick, which says true or false.
    Tick,
    /// A file, of one of these kinds. No browser keeps it when the form is shown again.
    File(&'a str),
}

impl<'a> Field<'a> {
    pub const fn new(name: &'a str, label: &'a str, kind: Kind<'a>) -> Field<'a> {
        Field { name, label, hint: "", kind, is_required: false }
    }

    pub const fn required(self) -> Field<'a> {
        Field { is_required: true, ..self }
    }

    pub const fn hint(self, hint: &'a str) -> Field<'a> {
        Field { hint, ..self }
    }
}

impl Open<'_> {
    /// A field of a table's row, which the row and the column name.
    pub fn cell(&self, name: &str, label: &str, value: &str) -> Markup {
        let id = field_id(self.name, self.of, name);
        let value = self.sent.and_then(|sent| sent.fields.get(name)).unwrap_or(value);
        let error = self.sent.and_then(|sent| sent.error(name));
        let error_id = format!("{id}-wrong");
        html! {
            input id=(id) name=(name) value=(value) aria-label=(label) inputmode="numeric" autocomplete="off"
                aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| &error_id)];
            @if let Some(error) = error { span.wrong id=(error_id) { "⚠ " (error.message) } }
        }
    }

    pub fn text(&self, name: &str, label: &str, value: &str) -> Markup {
        self.field(&Field::new(name, label, Kind::Text), value)
    }

    /// A box of several that go by one name.
    pub fn one_of(&self, name: &str, value: &str, words: &str) -> Markup {
        self.one_of_set(name, value, words, false)
    }

    /// The same, which is ticked already where it is set.
    pub fn one_of_set(&self, name: &str, value: &str, words: &str, is_set: bool) -> Markup {
        let is_ticked = self.sent.map_or(is_set, |sent| sent.fields.all(name).any(|sent| sent == value));
        let id = format!("{}-{value}", field_id(self.name, self.of, name));
        html! {
            div.field {
                input type="checkbox" id=(id) name=(name) value=(value) checked[is_ticked];
                label for=(id) { (words) }
            }
        }
    }

    /// A field with its label, what was typed into it, and what is wrong with that.
    pub fn field(&self, field: &Field, value: &str) -> Markup {
        let Field { name, label, hint, kind, is_required } = *field;
        let id = field_id(self.name, self.of, name);
        let sent = self.sent.and_then(|sent| sent.fields.get(name));
        let now = if matches!(kind, Kind::Decimal) { (self.typed)(value) } else { value.to_owned() };
        // A password is typed again, and stands in no page.
        let sent = sent.filter(|_| !matches!(kind, Kind::Password(_)));
        let value = sent.unwrap_or(&now);
        let error = self.sent.and_then(|sent| sent.error(name));
        // Both versions, where somebody else has changed it meanwhile.
        let other = self
            .sent
            .filter(|sent| sent.is_compared() && sent.fields.get(name).is_some_and(|sent| sent != now));
        let (error_id, hint_id, other_id) =
            (format!("{id}-wrong"), format!("{id}-hint"), format!("{id}-now"));
        let described: Vec<&str> = [
            error.map(|_| error_id.as_str()),
            other.map(|_| other_id.as_str()),
            (!hint.is_empty()).then_some(hint_id.as_str()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        let invalid = error.map(|_| "true");
        let mode = match kind {
            Kind::Decimal => Some("decimal"),
            Kind::Whole => Some("numeric"),
            _ => None,
        };
        let list = if let Kind::Listed(name) = kind { Some(name) } else { None };
        let remembered = if let Kind::Password(what) = kind { what } else { "off" };
        let type_ = match kind {
            Kind::Day => "date",
            Kind::Password(_) => "password",
            _ => "text",
        };
        html! {
            div.field {
                @if matches!(kind, Kind::Tick) {
                    input type="hidden" name=(name) value="false";
                    input type="checkbox" id=(id) name=(name) value="true" checked[value == "true"]
                        aria-describedby=[described.as_deref()] aria-invalid=[invalid];
                    label for=(id) { (label) }
                } @else {
                    label for=(id) { (label) @if !is_required { " " span.aside { (t::OPTIONAL) } } }
                    @match kind {
                        Kind::Area => {
                            textarea id=(id) name=(name) rows="3" required[is_required]
                                aria-describedby=[described.as_deref()] aria-invalid=[invalid] { "\n" (value) }
                        }
                        Kind::File(accepted) => {
                            input type="file" id=(id) name=(name) required[is_required] accept=(accepted)
                                aria-describedby=[described.as_deref()] aria-invalid=[invalid];
                        }
                        Kind::Choice(choices) => {
                            select id=(id) name=(name) required[is_required && choices.first().is_some_and(|(of, _)| of.is_empty())]
                                aria-describedby=[described.as_deref()] aria-invalid=[invalid] {
                                @for (of, words) in choices { option value=(of) selected[*of == value] { (words) } }
                            }
                        }
                        _ => {
                            input type=(type_) id=(id) name=(name) value=(value) required[is_required] inputmode=[mode]
                                list=[list] autocomplete=(remembered)
                                aria-describedby=[described.as_deref()] aria-invalid=[invalid];
                        }
                    }
                }
                @if !hint.is_empty() { span.hint id=(hint_id) { (hint) } }
                @if other.is_some() { span.now id=(other_id) { (t::NOW_IT_IS) " " @if now.is_empty() { (t::NOTHING) } @else { (now) } } }
                @if let Some(error) = error { span.wrong id=(error_id) { "⚠ " (error.message) } }
            }
        }
    }
}

/// A field outside the forms of the API.
pub fn plain_field(
    name: &str,
    label: &str,
    type_: &str,
    value: &str,
    autocomplete: &str,
    wrong: Option<&str>,
    is_next: bool,
) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type=(type_) value=(value) autocomplete=(autocomplete) required autofocus[is_next]
                maxlength="1000" aria-describedby=[wrong] aria-invalid=[wrong.map(|_| "true")];
        }
    }
}

/// A form without fields that is none of the API's.
pub fn post_button(path: &str, label: &str) -> Markup {
    html! { form.button method="post" action=(path) { button { (label) } } }
}

/// A table that scrolls by itself where the window is narrow, and can be scrolled with the keyboard.
pub fn table(caption: &str, head: &[&str], rows: impl Render) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table {
                caption.hidden { (caption) }
                thead { tr { @for name in head { th scope="col" { (name) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// Where a scanner types. It has the keyboard when the page opens, and says what became of the last scan.
pub fn scan_field(label: &str, described_by: &str) -> Markup {
    scan_field_named("scan", label, described_by, html! { button { (t::ENTER) } })
}

/// The same in a form that counts. Its button is the first of the form, so that the Enter of a scanner presses it wherever
/// the scanner types, and never the button that sends the whole.
pub fn counting_field(label: &str, described_by: &str) -> Markup {
    scan_field_named("scan", label, described_by, step_button("scan", None, t::ENTER))
}

/// The same in a form that is sent to a route as it is.
pub fn scan_field_named(name: &str, label: &str, described_by: &str, enter: Markup) -> Markup {
    html! {
        div.row {
            div.field {
                label for="scan" { (label) }
                input #scan name=(name) maxlength="100" autocomplete="off" autofocus aria-describedby=(described_by)
                    data-unanswered=(t::UNANSWERED) data-ended=(t::ENDED) data-seen=(t::SEEN);
            }
            (enter)
        }
    }
}

/// A button of a form that counts: it does this to what stands there of a product, or shows other rows.
pub fn step_button(word: &str, number: Option<u64>, label: impl Render) -> Markup {
    html! { button name="step" value={ (word) @if let Some(number) = number { "." (number) } } { (label) } }
}

/// A button that the script makes work; without it the browser's own menu prints.
pub fn print_button() -> Markup {
    html! { p.screen { button type="button" data-print hidden { (t::PRINT) } " " span.hint { (t::HOW_TO_PRINT) } } }
}

/// What a list was narrowed to by the address that leads to it, with the way out: the same list without these parameters.
pub fn narrowed(visit: &Visit, to: impl Render, without: &str, names: &[&str], kept: &[&str]) -> Markup {
    let kept: Vec<&str> = kept.iter().copied().filter(|name| !names.contains(name)).collect();
    html! { p { (to) " · " a href=(visit.here_with("after", "", &kept)) { (without) } } }
}

/// The same parameters within a form that narrows the list further.
pub fn kept_in_form(visit: &Visit, names: &[&str]) -> Markup {
    html! {
        @for name in names {
            @if let Some(value) = visit.param(name) { input type="hidden" name=(name) value=(value); }
        }
    }
}

/// As many characters as the lists look for; a category or a shelf may have more.
const SOUGHT_MAX: &str = "100";
const PLACE_MAX: &str = "255";

/// A field of a filter, with what it is set to and what is wrong with that.
pub fn filter_field(visit: &Visit, name: &str, label: &str, type_: &str) -> Markup {
    filter_input(visit, name, label, type_, None)
}

/// The same, with `parts::proposals` of this name beside it.
pub fn filter_listed(visit: &Visit, name: &str, label: &str, list: &str) -> Markup {
    filter_input(visit, name, label, "text", Some(list))
}

fn filter_input(visit: &Visit, name: &str, label: &str, type_: &str, list: Option<&str>) -> Markup {
    let most = if matches!(name, "category" | "shelf") { PLACE_MAX } else { SOUGHT_MAX };
    filter(visit, name, label, |is_wrong, wrong_id| {
        html! {
            input id=(name) name=(name) type=(type_) value=(visit.param(name).unwrap_or("")) list=[list] autocomplete="off"
                maxlength=[(type_ == "text").then_some(most)] aria-invalid=[is_wrong] aria-describedby=[wrong_id];
        }
    })
}

/// A choice of a filter, with what is chosen.
pub fn filter_choice(visit: &Visit, name: &str, label: &str, choices: &[(&str, &str)]) -> Markup {
    let chosen = visit.param(name).unwrap_or("");
    filter(visit, name, label, |is_wrong, wrong_id| {
        html! {
            select id=(name) name=(name) aria-invalid=[is_wrong] aria-describedby=[wrong_id] {
                @for (value, words) in choices { option value=(value) selected[*value == chosen] { (words) } }
            }
        }
    })
}

fn filter(
    visit: &Visit,
    name: &str,
    label: &str,
    inside: impl FnOnce(Option<&str>, Option<&str>) -> Markup,
) -> Markup {
    let (wrong, wrong_id) = (visit.wrong_in_filter(name), format!("{name}-wrong"));
    html! {
        div.field {
            label for=(name) { (label) }
            (inside(wrong.as_ref().map(|_| "true"), wrong.as_ref().map(|_| wrong_id.as_str())))
            @if let Some(wrong) = &wrong { span.wrong id=(wrong_id) { "⚠ " (wrong) } }
        }
    }
}
