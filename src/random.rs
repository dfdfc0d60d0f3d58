//! The operating system's random source.

/// `N` random bytes.
///
/// # Panics
/// When the operating system has no randomness to give; nothing secret can be made then.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system's random source");
    bytes
}

/// `N` random bytes in hexadecimal.
pub fn hex<const N: usize>() -> String {
    crate::values::hex(&bytes::<N>())
}
