//! The operating system's random source.

use std::cell::RefCell;

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

/// Sixteen hexadecimal digits that tell requests apart. They are no secret, so one question to the operating
/// system serves [`LABELS_A_BLOCK`] of them.
pub fn label() -> String {
    thread_local! {
        static BLOCK: RefCell<Vec<[u8; LABEL_BYTES]>> = const { RefCell::new(Vec::new()) };
    }
    BLOCK.with_borrow_mut(|block| {
        if block.is_empty() {
            let fresh = bytes::<{ LABEL_BYTES * LABELS_A_BLOCK }>();
            block.extend(fresh.as_chunks::<LABEL_BYTES>().0);
        }
        crate::values::hex(&block.pop().unwrap_or_default())
    })
}

const LABEL_BYTES: usize = 8;
const LABELS_A_BLOCK: usize = 32;
