//! Usernames and passwords.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use super::{Bad, Input};

/// A username: 3 to 64 letters, digits or `._@+-`. It reads back as it was written, and is unique
/// and logs in whatever the case of its letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(pub String);

impl Username {
    pub fn parse(input: &Input) -> Result<Username, Bad> {
        let Input::Text(text) = input else {
            return Err(Bad::not_text());
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._@+-".contains(&b);
        if !(3..=64).contains(&text.len()) || !text.bytes().all(allowed) {
            let message = "must be 3 to 64 letters, digits or ._@+- without spaces";
            return Err(Bad::new("invalid_username", message));
        }
        Ok(Username(text.clone()))
    }

    /// What a customer may call themselves: not what others would take for the shop.
    pub fn of_customer(input: &Input) -> Result<Username, Bad> {
        let username = Username::parse(input)?;
        if username.is_reserved() {
            return Err(Bad::new("reserved", "is reserved for the shop; choose another"));
        }
        Ok(username)
    }

    /// Looks past case, punctuation, digits that stand for letters, a number at the end, and a `the` before it.
    fn is_reserved(&self) -> bool {
        let bare = self.0.trim_end_matches(|c: char| c.is_ascii_digit());
        let own = [folded(&self.0), folded(bare)];
        let is = |name: &str| own.iter().any(|own| own == name || own.strip_prefix("the") == Some(name));
        RESERVED.iter().any(|name| is(&folded(name)))
    }

    /// The form that is compared for uniqueness and looked up at login.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// Names under which a customer could pass for the shop or its machinery, in a log or before another
/// customer. `add-staff` takes them.
#[rustfmt::skip]
const RESERVED: [&str; 27] = [
    "admin", "administrator", "api", "billing", "cashier", "clerk", "contact", "help", "helpdesk", "info", "manager",
    "moderator", "noreply", "owner", "postmaster", "root", "sales", "security", "service", "shop", "staff", "store",
    "storekeeper", "superuser", "support", "system", "webmaster",
];

/// Lower case without punctuation; a digit that looks like a letter is that letter, and `l` is `i`.
fn folded(username: &str) -> String {
    let lower = username.bytes().map(|b| b.to_ascii_lowercase());
    let letters = lower.filter(|b| !b"._+-".contains(b)).map(|b| match b {
        b'0' => 'o',
        b'1' | b'l' => 'i',
        b'3' => 'e',
        b'4' | b'@' => 'a',
        b'5' => 's',
        b'7' => 't',
        other => char::from(other),
    });
    letters.collect()
}

/// A password in clear, on its way to be hashed. It cannot be printed.
#[derive(Clone)]
pub struct Password(String);

/// What a customer may choose: 8 to 256 characters.
pub type CustomerPassword = LimitedPassword<8>;
/// What staff may choose: 15 to 256 characters, since a staff session can read every customer.
pub type StaffPassword = LimitedPassword<15>;

pub struct LimitedPassword<const MIN: usize>;

/// The longest password: enough for any passphrase, and a bound on what is hashed.
const PASSWORD_LENGTH_MAX: usize = 256;

impl<const MIN: usize> LimitedPassword<MIN> {
    /// Any characters are allowed. `username` is refused as the password, when it is known.
    pub fn parse(input: &Input, username: Option<&Username>) -> Result<Password, Bad> {
        let Input::Text(text) = input else {
            return Err(Bad::not_text());
        };
        if !(MIN..=PASSWORD_LENGTH_MAX).contains(&text.chars().count()) {
            let message = format!("must be {MIN} to {PASSWORD_LENGTH_MAX} characters");
            return Err(Bad::new("invalid_password_length", message));
        }
        if is_common(text) {
            let message = "is one of the passwords that are tried first; choose another";
            return Err(Bad::new("common_password", message));
        }
        let password = Password(text.clone());
        match username {
            Some(username) if password.is_username(username) => Err(Password::same_as_username()),
            _ => Ok(password),
        }
    }
}

impl Password {
    /// A password that somebody claims to be theirs: only its length is bounded.
    pub fn claimed(input: &Input) -> Result<Password, Bad> {
        match input {
            Input::Text(text) if text.chars().count() <= PASSWORD_LENGTH_MAX => Ok(Password(text.clone())),
            _ => Err(Bad::new("wrong_type", "must be a string of at most 256 characters")),
        }
    }

    pub fn is_username(&self, username: &Username) -> bool {
        self.0.eq_ignore_ascii_case(&username.0)
    }

    pub fn same_as_username() -> Bad {
        Bad::new("password_is_username", "must not be the username")
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

fn is_common(password: &str) -> bool {
    static COMMON: LazyLock<HashSet<&str>> =
        LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());
    COMMON.contains(password.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(password: &str) -> Result<Password, Bad> {
        CustomerPassword::parse(&Input::Text(password.into()), Some(&Username("ada.lovelace".into())))
    }

    #[test]
    fn what_looks_like_the_shop_is_reserved_and_nothing_else() {
        let of_customer = |text: &str| Username::of_customer(&Input::Text(text.into()));
        for name in [
            "admin",
            "ADMIN",
            "Adm1n",
            "a.d-m_i+n",
            "@dmin",
            "r00t",
            "STAFF",
            "5t4ff",
            "manager",
            "store-keeper",
            "5torekeeper",
            "help_desk",
            "clerk",
            "C1erk",
            "billing",
            "supp0rt",
            "--root--",
            "root2",
            "admin1",
            "the-support",
            "no-reply",
        ] {
            assert_eq!(of_customer(name).unwrap_err().code, "reserved", "{name}");
            assert!(Username::parse(&Input::Text(name.into())).is_ok(), "{name}");
        }
        for name in ["ada", "admin@example.com", "adminton", "2root", "supporter", "l33t", "101", "stafford"]
        {
            assert!(of_customer(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn passwords_are_held_to_length_and_surprise_only() {
        assert!(customer("correct horse").is_ok());
        assert!(customer("日本語のパスワード").is_ok());
        assert_eq!(customer("short").unwrap_err().code, "invalid_password_length");
        assert_eq!(customer(&"x".repeat(257)).unwrap_err().code, "invalid_password_length");
        assert_eq!(customer("Password1").unwrap_err().code, "common_password");
        assert_eq!(customer("Ada.Lovelace").unwrap_err().code, "password_is_username");
        let staff = StaffPassword::parse(&Input::Text("fourteen chars".into()), None);
        assert_eq!(staff.unwrap_err().code, "invalid_password_length");
        assert_eq!(format!("{:?}", customer("correct horse").unwrap()), "Password(hidden)");
    }
}
