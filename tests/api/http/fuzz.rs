//! Random bytes, and requests with random damage. What was sent is printed with a failure.

use super::{CUSTOMER, check_alive, sign_up, sign_up_framed};
use crate::harness::Shop;
use crate::wire;

const ROUNDS: u64 = 600;

/// SplitMix64: small, seeded, and good enough to break things with.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.next() as u8).collect()
    }
}

/// What damage is made of, beside random bytes.
const PIECES: [&[u8]; 16] = [
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b":",
    b"HTTP/1.1",
    b"HTTP/9.9",
    b"Content-Length: 5\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"%",
    b"\xff",
    b"{\"",
    b"0\r\n\r\n",
];

fn damaged(random: &mut Random) -> Vec<u8> {
    let samples = [
        b"GET /products?q=mug&limit=2 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n".to_vec(),
        sign_up("X-Request-Id: fuzz\r\n", CUSTOMER),
        sign_up_framed(
            "Transfer-Encoding: chunked",
            format!("{:x};a=b\r\n{CUSTOMER}\r\n0\r\nX: y\r\n\r\n", CUSTOMER.len()).as_bytes(),
        ),
        b"DELETE /orders/12345678901234567890 HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer x\r\n\r\n"
            .to_vec(),
    ];
    let mut bytes = samples[random.below(samples.len())].clone();
    for _ in 0..=random.below(4) {
        let (from, to) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 20));
        let piece = match random.below(3) {
            0 => random.bytes(12),
            1 => bytes[from..to].repeat(2),
            _ => PIECES[random.below(PIECES.len())].to_vec(),
        };
        bytes.splice(from..to, piece);
    }
    bytes
}

#[test]
fn whatever_is_sent_every_answer_is_whole_and_the_service_stays_up() {
    let shop = Shop::open();
    for seed in 0..ROUNDS {
        let mut random = Random(seed);
        let sent = match random.below(4) {
            0 => random.bytes(400),
            _ => damaged(&mut random),
        };
        println!("seed {seed}: {}", sent.escape_ascii());
        let answers = wire::exchange(&shop.base, &sent);
        for answer in answers.iter().filter(|answer| answer.status != 100) {
            answer.check_what_all_have();
            assert_ne!(answer.status, 500, "{}", answer.body.escape_ascii());
        }
        if seed % 50 == 0 {
            check_alive(&shop);
        }
    }
    check_alive(&shop);
}
