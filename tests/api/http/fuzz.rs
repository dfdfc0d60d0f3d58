//! Random bytes, and requests with random damage. What was sent is printed with a failure.

use super::{CUSTOMER, check_alive, sign_up, sign_up_framed};
use crate::harness::Shop;
use crate::random::Random;
use crate::wire;

const ROUNDS: u64 = 600;

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
    random.damage(&mut bytes);
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
