//! With which probability stock is to last.

use serde::{Serialize, Serializer};

use super::{Bad, Input};

/// A probability in thousandths, 500 to 999; in JSON a number such as 0.95.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceLevel(pub i16);

impl ServiceLevel {
    pub const MIN: i16 = 500;
    /// Certainty would need endless stock.
    pub const MAX: i16 = 999;
    /// What a product has until somebody says otherwise.
    pub const USUAL: ServiceLevel = ServiceLevel(950);

    /// Reads a decimal number with at most three digits that are not 0, exactly, also in quotes.
    pub fn parse(input: &Input) -> Result<ServiceLevel, Bad> {
        let refused = || {
            Bad::new(
                "invalid_service_level",
                "must be a share from 0.5 to 0.999 with at most three decimals, such as 0.95",
            )
        };
        let text = match input {
            Input::Number(text) => text.as_str(),
            Input::Text(text) => text.trim_matches([' ', '\t', '\n', '\r']),
            _ => return Err(refused()),
        };
        let decimals = text.strip_prefix("0.").ok_or_else(refused)?;
        let decimals = decimals.trim_end_matches('0');
        if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused());
        }
        let thousandths = format!("{decimals:0<3}").parse().map_err(|_| refused())?;
        if (Self::MIN..=Self::MAX).contains(&thousandths) {
            Ok(ServiceLevel(thousandths))
        } else {
            Err(refused())
        }
    }

    pub fn probability(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl Serialize for ServiceLevel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.probability())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_levels_are_read_exactly() {
        let read = |text: &str| ServiceLevel::parse(&Input::Number(text.into())).ok();
        for (text, thousandths) in
            [("0.5", 500), ("0.95", 950), ("0.950", 950), ("0.99900", 999), ("0.501", 501)]
        {
            assert_eq!(read(text), Some(ServiceLevel(thousandths)), "{text}");
            assert_eq!(
                ServiceLevel::parse(&Input::Text(format!(" {text} "))),
                Ok(ServiceLevel(thousandths)),
                "{text}"
            );
        }
        for text in [
            "0.499", "1", "1.0", "0.9991", "0.9999", "95", "0", "0.", "-0.95", "9.5e-1", ".95", "0.9٥",
            "0.+95", "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(ServiceLevel::parse(&Input::Null).is_err());
        assert_eq!(serde_json::to_string(&ServiceLevel::USUAL).unwrap(), "0.95");
    }
}
