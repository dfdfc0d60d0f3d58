//! Money: whole minor units of the shop's one currency, written in JSON as a decimal string.

use serde::{Serialize, Serializer};

use super::{Bad, Input};

/// The highest price, in minor units. With at most 100 lines an order and 100,000 units a line the
/// largest total is 10^17, which an `i64` holds ninety times over, so totals cannot overflow.
pub const PRICE_MINOR_MAX: i64 = 9_999_999_999;

/// More decimals than the currency has, for what one unit costs: a screw costs less than a cent. The decimals of
/// ten-thousandths of the minor unit are as many as price lists have.
const UNIT_COST_DECIMALS: u8 = 4;

/// The highest total, by the limits above.
const TOTAL_MINOR_MAX: i64 = 100 * 100_000 * PRICE_MINOR_MAX;

/// ISO 4217 codes in use, by their number of decimals.
const NO_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
const TWO_DECIMALS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP \
    BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD \
    GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA \
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON \
    RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS \
    UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

/// The shop's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    code: [u8; 3],
    pub decimals: u8,
}

/// A price or a total. Serialised as a decimal string with exactly the currency's decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    pub minor: i64,
    pub decimals: u8,
}

/// What one unit costs the shop. Serialised as a decimal string with the currency's decimals, and with as many more as
/// it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitCost {
    /// Ten-thousandths of the minor unit.
    pub minor_e4: i64,
    pub decimals: u8,
}

/// What stock has cost, or what has changed in that. Serialised like [`UnitCost`], and may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    /// Ten-thousandths of the minor unit: more than any number of the database beside a DECIMAL.
    pub minor_e4: i128,
    pub decimals: u8,
}

impl Currency {
    pub fn from_code(code: &str) -> Option<Currency> {
        let lists = [(NO_DECIMALS, 0), (TWO_DECIMALS, 2), (THREE_DECIMALS, 3)];
        lists.iter().find(|(list, _)| list.split_whitespace().any(|known| known == code)).map(
            |&(_, decimals)| Currency { code: code.as_bytes().try_into().expect("three letters"), decimals },
        )
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("ASCII letters")
    }

    pub fn price(&self, minor: i64) -> Price {
        Price { minor, decimals: self.decimals }
    }

    /// Reads a price from a string or a number, exactly: what cannot be kept to the last digit is
    /// refused, never rounded.
    pub fn parse(&self, input: &Input) -> Result<Price, Bad> {
        self.parse_up_to(PRICE_MINOR_MAX, input)
    }

    /// Like [`Currency::parse`], for what a whole order comes to.
    pub fn parse_total(&self, input: &Input) -> Result<Price, Bad> {
        self.parse_up_to(TOTAL_MINOR_MAX, input)
    }

    fn parse_up_to(&self, minor_max: i64, input: &Input) -> Result<Price, Bad> {
        let decimals = self.decimals;
        let as_currency = format!("at most {decimals} decimals, as {} has", self.code());
        exact(input, decimals, &as_currency)?
            .filter(|minor| *minor <= minor_max)
            .map_or_else(|| Err(too_large(&self.price(minor_max))), |minor| Ok(self.price(minor)))
    }

    pub fn unit_cost(&self, minor_e4: i64) -> UnitCost {
        UnitCost { minor_e4, decimals: self.decimals }
    }

    pub fn worth(&self, minor_e4: i128) -> Worth {
        Worth { minor_e4, decimals: self.decimals }
    }

    /// Reads what stock has cost as it is shown, as far as it is not negative.
    pub fn parse_worth(&self, input: &Input) -> Result<Worth, Bad> {
        let minor_e4 = exact(input, self.decimals + UNIT_COST_DECIMALS, "the decimals that are shown")?;
        minor_e4
            .map(|minor_e4| self.worth(minor_e4.into()))
            .ok_or_else(|| Bad::new("too_large", "must be smaller"))
    }

    /// Reads what one unit costs, exactly, up to the highest price.
    pub fn parse_unit_cost(&self, input: &Input) -> Result<UnitCost, Bad> {
        let decimals = self.decimals + UNIT_COST_DECIMALS;
        let more = format!("at most {decimals} decimals, {UNIT_COST_DECIMALS} more than {} has", self.code());
        let max = UnitCost::of(&self.price(PRICE_MINOR_MAX));
        exact(input, decimals, &more)?
            .filter(|minor_e4| *minor_e4 <= max.minor_e4)
            .map_or_else(|| Err(too_large(&max)), |minor_e4| Ok(self.unit_cost(minor_e4)))
    }
}

/// A decimal number as a whole one of its last decimal; None when that is larger than any number here. `allowed` says
/// how many decimals there may be.
fn exact(input: &Input, decimals: u8, allowed: &str) -> Result<Option<i64>, Bad> {
    let text = match input {
        Input::Text(text) | Input::Number(text) => text.as_str(),
        _ => return Err(Bad::new("wrong_type", "must be a decimal number, as a string or a number")),
    };
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        let message = "must be digits with an optional decimal point, such as \"19.99\": no sign, exponent or thousands separator";
        return Err(Bad::new("invalid_price", message));
    }
    let decimals = usize::from(decimals);
    // 19.990 is 19.99.
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        return Err(Bad::new("too_many_decimals", format!("must have {allowed}")));
    }
    let whole = whole.trim_start_matches('0');
    let number = format!("{whole}{fraction:0<decimals$}");
    Ok(if number.is_empty() { Some(0) } else { number.parse().ok() })
}

fn too_large(max: &impl std::fmt::Display) -> Bad {
    Bad::new("too_large", format!("must be at most {max}"))
}

/// A whole number of the last of so many decimals.
fn decimal(number: i128, decimals: u8) -> String {
    let unit = 10_u128.pow(u32::from(decimals));
    let (sign, number) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
    match usize::from(decimals) {
        0 => format!("{sign}{number}"),
        decimals => format!("{sign}{}.{:0decimals$}", number / unit, number % unit),
    }
}

/// Ten-thousandths of the minor unit, with as many decimals more than the currency's as are needed.
fn fine(minor_e4: i128, decimals: u8) -> String {
    let whole = decimal(minor_e4, decimals + UNIT_COST_DECIMALS);
    let needed = whole.trim_end_matches('0').len().max(whole.len() - usize::from(UNIT_COST_DECIMALS));
    whole[..needed].trim_end_matches('.').to_owned()
}

impl std::fmt::Display for Price {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&decimal(self.minor.into(), self.decimals))
    }
}

impl UnitCost {
    /// A price as a cost: with its highest value, the highest one.
    const fn of(price: &Price) -> UnitCost {
        let e4 = 10_i64.pow(UNIT_COST_DECIMALS as u32);
        UnitCost { minor_e4: price.minor * e4, decimals: price.decimals }
    }
}

impl std::fmt::Display for UnitCost {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&fine(self.minor_e4.into(), self.decimals))
    }
}

impl std::fmt::Display for Worth {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&fine(self.minor_e4, self.decimals))
    }
}

impl Serialize for Worth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for UnitCost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(code: &str, text: &str) -> Result<i64, &'static str> {
        let currency = Currency::from_code(code).unwrap();
        let as_text = currency.parse(&Input::Text(text.into()));
        let as_number = currency.parse(&Input::Number(text.into()));
        assert_eq!(as_text, as_number);
        as_text.map(|price| price.minor).map_err(|bad| bad.code)
    }

    #[test]
    fn exact_prices_are_read_and_others_refused() {
        assert_eq!(parse("EUR", "19.99"), Ok(1999));
        assert_eq!(parse("EUR", "19.9"), Ok(1990));
        assert_eq!(parse("EUR", "0"), Ok(0));
        assert_eq!(parse("EUR", "0.00"), Ok(0));
        assert_eq!(parse("EUR", "007"), Ok(700));
        assert_eq!(parse("JPY", "1200"), Ok(1200));
        assert_eq!(parse("KWD", "1.234"), Ok(1234));
        assert_eq!(parse("EUR", "99999999.99"), Ok(PRICE_MINOR_MAX));
        assert_eq!(parse("EUR", "100000000"), Err("too_large"));
        assert_eq!(parse("EUR", &"9".repeat(60)), Err("too_large"));
        assert_eq!(parse("EUR", "19.999"), Err("too_many_decimals"));
        assert_eq!(parse("EUR", "19.990"), Ok(1999));
        assert_eq!(parse("EUR", "19.9900000000000000000000000001"), Err("too_many_decimals"));
        assert_eq!(parse("EUR", " 19.99\u{A0}"), Ok(1999));
        assert_eq!(parse("JPY", "1.0"), Ok(1));
        assert_eq!(parse("JPY", "1.5"), Err("too_many_decimals"));
        for bad in ["", "-1", "+1", "1e2", "NaN", "1.", ".5", "1,5", "1 000", " ", ". 5", "1.2.3", "٣"] {
            assert_eq!(parse("EUR", bad), Err("invalid_price"), "{bad}");
        }
    }

    #[test]
    fn a_unit_may_cost_less_than_the_smallest_coin() {
        let read = |code: &str, text: &str| {
            let cost = Currency::from_code(code).unwrap().parse_unit_cost(&Input::Text(text.into()));
            cost.map(|cost| (cost.minor_e4, cost.to_string())).map_err(|bad| bad.code)
        };
        for (code, text, minor_e4, written) in [
            ("EUR", "7.95", 7_950_000, "7.95"),
            ("EUR", "7.9500000", 7_950_000, "7.95"),
            ("EUR", "7", 7_000_000, "7.00"),
            ("EUR", "0.0035", 3_500, "0.0035"),
            ("EUR", "0.000001", 1, "0.000001"),
            ("EUR", "0", 0, "0.00"),
            ("EUR", "99999999.99", 99_999_999_990_000, "99999999.99"),
            ("JPY", "120", 1_200_000, "120"),
            ("JPY", "0.5", 5_000, "0.5"),
            ("KWD", "1.2345", 12_345_000, "1.2345"),
        ] {
            assert_eq!(read(code, text), Ok((minor_e4, written.to_owned())), "{code} {text}");
        }
        assert_eq!(read("EUR", "0.0000001"), Err("too_many_decimals"));
        assert_eq!(read("EUR", "99999999.990001"), Err("too_large"));
        assert_eq!(read("JPY", &"9".repeat(60)), Err("too_large"));
        for bad in ["", "-1", "1e-3", "1,5"] {
            assert_eq!(read("EUR", bad), Err("invalid_price"), "{bad}");
        }
    }

    #[test]
    fn what_is_lost_has_a_sign() {
        let euro = Currency::from_code("EUR").unwrap();
        for (minor_e4, written) in [
            (-15_000, "-0.015"),
            (-1_000_000, "-1.00"),
            (0, "0.00"),
            (1, "0.000001"),
            (-1, "-0.000001"),
            (10_i128.pow(29), "100000000000000000000000.00"),
        ] {
            assert_eq!(euro.worth(minor_e4).to_string(), written);
        }
        assert_eq!(euro.price(-105).to_string(), "-1.05");
        assert_eq!(Currency::from_code("JPY").unwrap().worth(-5_000).to_string(), "-0.5");
    }

    #[test]
    fn codes_are_known_or_refused() {
        assert_eq!(Currency::from_code("EUR").unwrap().decimals, 2);
        assert_eq!(Currency::from_code("JPY").unwrap().decimals, 0);
        assert!(Currency::from_code("EURO").is_none());
        assert!(Currency::from_code("eur").is_none());
        assert!(Currency::from_code("").is_none());
    }

    proptest! {
        #[test]
        fn every_price_reads_back_as_it_was_written(minor in 0..=PRICE_MINOR_MAX, code in "(EUR|JPY|KWD)") {
            let currency = Currency::from_code(&code).unwrap();
            let written = currency.price(minor).to_string();
            prop_assert_eq!(currency.parse(&Input::Text(written)).unwrap().minor, minor);
        }
    }
}
