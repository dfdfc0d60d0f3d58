//! Networks: what one caller has of addresses.

use std::net::IpAddr;

/// The first bits of an address: 32 of an IPv4 address, 64 or 48 of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    length: u8,
    bits: u64,
}

impl Network {
    /// The smallest network that an address stands for: the address itself in IPv4; in IPv6 a /64, in which
    /// whoever has one of its addresses may take any.
    pub fn of(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V4(v4) => Network { length: 32, bits: v4.to_bits().into() },
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments().map(u64::from);
                Network { length: 64, bits: a << 48 | b << 32 | c << 16 | d }
            }
        }
    }

    /// The /48 around an IPv6 /64: what a site, or whoever rents one machine, often has.
    pub fn around(self) -> Option<Network> {
        (self.length == 64).then_some(Network { length: 48, bits: self.bits >> 16 })
    }

    pub fn to_bytes(self) -> [u8; 9] {
        let mut bytes = [self.length; 9];
        bytes[1..].copy_from_slice(&self.bits.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_as_much_of_an_address_as_they_cannot_choose() {
        let of = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::3"), of("2001:db8:1:2:ffff::4"));
        assert_ne!(of("2001:db8:1:2::3"), of("2001:db8:1:3::3"));
        assert_eq!(of("2001:db8:1:2::3").around(), of("2001:db8:1:ffff::").around());
        assert_ne!(of("2001:db8:1::").around(), of("2001:db8:2::").around());
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1").around(), None);
        assert_ne!(of("::1").around().unwrap().to_bytes(), of("::1").to_bytes());
    }
}
