//! A browser without scripts: it keeps the desk's cookie, fills in the forms that a page has and follows redirects.
//!
//! What it reads is looked at for what every page of the desk has in common.

use std::collections::BTreeMap;
use std::time::Duration;

use regex::Regex;
use ureq::Agent;

use crate::harness::{STAFF_PASSWORD, Shop};

pub struct Browser {
    base: String,
    cookie: Option<String>,
    agent: Agent,
}

/// What an address answers.
pub struct Page {
    pub path: String,
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub html: String,
}

/// A form with the values that it has when the page opens.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub method: String,
    /// Whether it is sent as `multipart/form-data`, in which the field `file` is a file.
    pub has_file: bool,
    pub fields: Vec<(String, String)>,
}

impl Shop {
    /// A manager at the desk.
    pub fn manager_at_desk(&self) -> Browser {
        self.staff();
        self.at_desk("staff")
    }

    /// A clerk at the desk.
    pub fn clerk_at_desk(&self) -> Browser {
        self.clerk();
        self.at_desk("clerk")
    }

    pub fn at_desk(&self, username: &str) -> Browser {
        let mut browser = self.stranger_at_desk();
        let page = browser.open("/desk/login");
        let form = page.form_of_fields(&["username", "password"]);
        let answer = browser.send_only(&form, &[("username", username), ("password", STAFF_PASSWORD)]);
        assert_eq!(answer.status, 303, "{}", answer.html);
        browser
    }

    pub fn stranger_at_desk(&self) -> Browser {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        Browser { base: self.base.clone(), cookie: None, agent }
    }
}

impl Browser {
    /// The page at a path, after redirects.
    pub fn open(&mut self, path: &str) -> Page {
        let answer = self.ask("GET", path, None, &[("Sec-Fetch-Site", "none")]);
        self.follow(answer)
    }

    /// Sends a form with these values in place of what it has, and follows what it answers.
    pub fn send(&mut self, form: &Form, values: &[(&str, &str)]) -> Page {
        let answer = self.send_only(form, values);
        self.follow(answer)
    }

    /// Sends it and does not follow.
    pub fn send_only(&mut self, form: &Form, values: &[(&str, &str)]) -> Page {
        let mut fields = form.fields.clone();
        for (name, value) in values {
            match fields.iter_mut().rev().find(|(known, _)| known == name) {
                Some((_, old)) => *old = (*value).to_owned(),
                None => fields.push(((*name).to_owned(), (*value).to_owned())),
            }
        }
        if form.has_file {
            return self.upload(&form.action, "table.csv", &fields);
        }
        let text: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let text = text.join("&");
        match form.method.as_str() {
            "post" => self.ask("POST", &form.action, Some(&text), &[("Sec-Fetch-Site", "same-origin")]),
            _ => {
                let path = form.action.split('?').next().unwrap_or("");
                self.ask("GET", &format!("{path}?{text}"), None, &[("Sec-Fetch-Site", "same-origin")])
            }
        }
    }

    /// Sends fields with a file, as a browser does, and does not follow.
    pub fn upload(&mut self, action: &str, filename: &str, fields: &[(String, String)]) -> Page {
        let part = |(name, value): &(String, String)| {
            // Where none was chosen its name is empty.
            let filename = if value.is_empty() { "" } else { filename };
            let file = format!("; filename=\"{filename}\"\r\nContent-Type: application/octet-stream");
            let file = if name == "file" { file.as_str() } else { "" };
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
            )
        };
        let body = fields.iter().map(part).collect::<String>() + &format!("--{BOUNDARY}--\r\n");
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", content_type.as_str())];
        self.ask("POST", action, Some(&body), &headers)
    }

    pub fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..5 {
            let Some(to) = page.headers.get("location").filter(|_| page.status == 303).cloned() else {
                return page;
            };
            assert!(to.starts_with("/desk"), "{} leads to {to}", page.path);
            page = self.ask("GET", &to, None, &[("Sec-Fetch-Site", "same-origin")]);
        }
        panic!("{} leads round and round", page.path);
    }

    /// One request, with nothing followed.
    pub fn ask(&mut self, method: &str, path: &str, body: Option<&str>, headers: &[(&str, &str)]) -> Page {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "Content-Type") {
            request = request.header("Content-Type", "application/x-www-form-urlencoded");
        }
        let body = body.unwrap_or("").to_owned();
        let sent = self.agent.run(request.body(body).expect("a request"));
        let mut response = sent.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let headers: BTreeMap<String, String> = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        if let Some(set) = headers.get("set-cookie") {
            assert!(set.ends_with("Path=/; Secure; HttpOnly; SameSite=Strict"), "{set}");
            let pair = set.split(';').next().expect("a pair");
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        let html = response.body_mut().read_to_string().expect("a page in UTF-8");
        let page = Page { path: path.to_owned(), status: response.status().as_u16(), headers, html };
        page.check_what_all_have(method);
        page
    }

    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    pub fn set_cookie(&mut self, cookie: Option<&str>) {
        self.cookie = cookie.map(str::to_owned);
    }
}

/// Around the parts of a form with a file.
const BOUNDARY: &str = "----a-browser-7f3a";

/// The largest page that a counter on a slow line waits for.
const HTML_BYTES_MAX: usize = 30 * 1024;

/// A paper that somebody holds in their hands is whole: what is printed on it and cannot be left out may take more, and
/// only the markup around it is counted, for the frame and for each line.
const FRAME_BYTES_MAX: usize = 6 * 1024;
const LINE_BYTES_MAX: usize = 100;

impl Page {
    fn is_short_enough(&self) {
        let Page { path, html, .. } = self;
        // A long text is edited whole, and by itself.
        if path.contains("/edit?") && path.contains("part=") {
            let areas = Regex::new("(?s)<textarea[^>]*>.*?</textarea>").unwrap();
            let around = areas.replace_all(html, "").len();
            assert!(around <= FRAME_BYTES_MAX, "{path} has {around} bytes around its text");
            return;
        }
        let is_paper = html.contains(" data-print") && !html.contains("data-paper=\"label\"");
        if html.len() <= HTML_BYTES_MAX || !is_paper {
            assert!(html.len() <= HTML_BYTES_MAX, "{path} has {} bytes", html.len());
            return;
        }
        let markup: usize = Regex::new("<[^>]*>").unwrap().find_iter(html).map(|tag| tag.len()).sum();
        let most = FRAME_BYTES_MAX + html.matches("<tr").count() * LINE_BYTES_MAX;
        assert!(markup <= most, "{path} has {markup} bytes of markup, and {most} are enough");
    }

    fn check_what_all_have(&self, method: &str) {
        let Page { path, status, headers, html } = self;
        assert!(*status < 500, "{method} {path}: {status} {html}");
        assert!(
            headers["content-security-policy"]
                .starts_with("default-src 'none'; style-src 'self'; script-src 'self';")
        );
        if !headers.get("content-type").is_some_and(|of| of.starts_with("text/html"))
            || path.starts_with("/desk/desk.")
        {
            return;
        }
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        self.is_short_enough();
        if method == "HEAD" || html.contains("http-equiv=\"refresh\"") {
            return;
        }
        assert_eq!(html.matches("<h1").count(), 1, "{path} has one heading: {html}");
        assert!(
            !html.contains(" style=\"") && !html.contains(" onclick="),
            "{path}: no style or script in the page"
        );
        let ids: Vec<&str> = attributes(html, "id").collect();
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[..at].contains(id), "{path}: the id {id} appears twice");
        }
        // What is described, labelled or led to is on the page.
        for name in ["for", "aria-describedby", "aria-labelledby"] {
            for id in attributes(html, name).flat_map(|ids| ids.split(' ')) {
                assert!(
                    ids.contains(&id) || id == "scanned" || id == "found",
                    "{path}: nothing has the id {id}, which {name} names"
                );
            }
        }
    }

    /// Where it is, whatever is shown there this once and whichever visit it is.
    pub fn place(&self) -> &str {
        self.path.split('?').next().expect("a path")
    }

    /// Every form of the page.
    pub fn forms(&self) -> Vec<Form> {
        let forms = Regex::new(r"(?s)<form([^>]*)>(.*?)</form>").unwrap();
        forms.captures_iter(&self.html).map(|form| read_form(&self.path, &form[1], &form[2])).collect()
    }

    /// The form of a button, as it is sent when that is pressed: it has this name and value.
    pub fn pressed(&self, name: &str, value: &str) -> Form {
        let button = format!("name=\"{name}\" value=\"{value}\"");
        let forms = Regex::new(r"(?s)<form([^>]*)>(.*?)</form>").unwrap();
        let found = forms.captures_iter(&self.html).find(|form| form[2].contains(&button));
        let form = found.unwrap_or_else(|| panic!("{} has no button {value}: {}", self.path, self.html));
        let mut form = read_form(&self.path, &form[1], &form[2]);
        form.fields.push((name.to_owned(), value.to_owned()));
        form
    }

    /// The form that a scanner types into, as its Enter sends it.
    pub fn scanner(&self) -> Form {
        self.pressed("step", "scan")
    }

    /// The form with this name, in the hidden field `do`.
    pub fn form(&self, name: &str) -> Form {
        let found = self.forms().into_iter().find(|form| form.get("do") == Some(name));
        found.unwrap_or_else(|| panic!("{} has no form {name}: {}", self.path, self.html))
    }

    /// The form with this name about something of the page.
    pub fn form_about(&self, name: &str, of: u64) -> Form {
        let of = of.to_string();
        let found = self.forms().into_iter().find(|form| {
            form.get("do") == Some(name)
                && (form.get("of") == Some(&of) || form.get("of_product") == Some(&of))
        });
        found.unwrap_or_else(|| panic!("{} has no form {name} about {of}: {}", self.path, self.html))
    }

    pub fn has_form(&self, name: &str) -> bool {
        self.forms().iter().any(|form| form.get("do") == Some(name))
    }

    /// The form that has all of these fields.
    pub fn form_of_fields(&self, names: &[&str]) -> Form {
        let found = self.forms().into_iter().find(|form| names.iter().all(|name| form.get(name).is_some()));
        found.unwrap_or_else(|| panic!("{} has no form of {names:?}: {}", self.path, self.html))
    }

    /// What a person reads: the text without its markup, with one space between words.
    pub fn text(&self) -> String {
        let body = self.html.split("<main").nth(1).unwrap_or(&self.html);
        let body = body.split("<footer").next().unwrap_or(body);
        let tags = Regex::new(r"<[^>]*>").unwrap();
        let text = unescaped(&tags.replace_all(&format!("<main{body}"), " "));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub fn says(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    /// Where the links of the page lead.
    pub fn links(&self) -> Vec<String> {
        let main = self.html.split("<main").nth(1).unwrap_or(&self.html);
        attributes(main, "href").map(unescaped).collect()
    }

    /// That it is shown, and what was asked for done.
    pub fn expect(self, status: u16) -> Page {
        assert_eq!(self.status, status, "{}: {}", self.path, self.text());
        self
    }
}

impl Form {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn read_form(path: &str, attributes_: &str, inside: &str) -> Form {
    let one = |text: &str, name: &str| attributes(text, name).next().map(unescaped);
    let parts = Regex::new(
        r"(?s)<input([^>]*)>|<textarea([^>]*)>\n?(.*?)</textarea>|<select([^>]*)>(.*?)</select>|<button([^>]*)>",
    )
    .unwrap();
    let option = Regex::new(r"<option([^>]*)>").unwrap();
    let mut fields: Vec<(String, String)> = Vec::new();
    for part in parts.captures_iter(inside) {
        if let Some(input) = part.get(1).map(|it| it.as_str()) {
            let ticked = !input.contains("type=\"checkbox\"") && !input.contains("type=\"radio\"")
                || input.contains(" checked");
            if let Some(name) = one(input, "name").filter(|_| ticked) {
                fields.push((name, one(input, "value").unwrap_or_default()));
            }
        } else if let Some(area) = part.get(2).map(|it| it.as_str()) {
            fields.push((one(area, "name").expect("a name"), unescaped(&part[3])));
        } else if let Some(select) = part.get(4).map(|it| it.as_str()) {
            let options: Vec<String> =
                option.captures_iter(&part[5]).map(|option| option[1].to_owned()).collect();
            let chosen = options.iter().find(|option| option.contains(" selected")).or(options.first());
            fields.push((
                one(select, "name").expect("a name"),
                chosen.and_then(|it| one(it, "value")).unwrap_or_default(),
            ));
        }
    }
    let action =
        one(attributes_, "action").unwrap_or_else(|| path.split('?').next().unwrap_or("").to_owned());
    let has_file = one(attributes_, "enctype").as_deref() == Some("multipart/form-data");
    Form { action, method: one(attributes_, "method").unwrap_or_else(|| "get".to_owned()), has_file, fields }
}

/// The values of an attribute, as they are written.
fn attributes<'a>(html: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let begin = format!(" {name}=\"");
    html.match_indices(&begin)
        .map(|(at, begin)| html[at + begin.len()..].split('"').next().expect("an end"))
        .collect::<Vec<_>>()
        .into_iter()
}

fn unescaped(html: &str) -> String {
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}
