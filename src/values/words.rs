//! Words of a fixed list, such as the status of an order. One enum says how each is written, in JSON,
//! in queries and in SQL alike; a test holds every list against the CHECK of its column.

/// An enum whose variants have a text. `$code` is the error code of a word that is not on the list.
macro_rules! words {
    (
        $(#[$about:meta])*
        $name:ident, refused as $code:literal {
            $($(#[$meaning:meta])* $variant:ident = $text:literal,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$meaning])* $variant,)*
        }

        impl $name {
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// As it is written everywhere.
            pub fn text(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }

            /// One of `allowed`, or why not.
            pub fn parse_among(
                input: &$crate::values::Input,
                allowed: &[$name],
            ) -> Result<$name, $crate::values::Bad> {
                let given = match input {
                    $crate::values::Input::Text(text) => allowed.iter().find(|word| word.text() == text),
                    _ => None,
                };
                given.copied().ok_or_else(|| {
                    let known: Vec<&str> = allowed.iter().map(|word| word.text()).collect();
                    $crate::values::Bad::new($code, format!("must be one of {}", known.join(", ")))
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text())
            }
        }

        impl From<$name> for mysql::Value {
            fn from(word: $name) -> mysql::Value {
                word.text().into()
            }
        }

        impl mysql::prelude::FromValue for $name {
            type Intermediate = $name;
        }

        impl TryFrom<mysql::Value> for $name {
            type Error = mysql::FromValueError;
            fn try_from(value: mysql::Value) -> Result<$name, mysql::FromValueError> {
                let word = match &value {
                    mysql::Value::Bytes(text) => {
                        $name::ALL.iter().find(|word| word.text().as_bytes() == text.as_slice())
                    }
                    _ => None,
                };
                word.copied().ok_or(mysql::FromValueError(value))
            }
        }
    };
}

pub(crate) use words;
