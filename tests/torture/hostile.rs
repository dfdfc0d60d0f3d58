//! Those who do not mean well: clients that never finish, and bytes that are no requests.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::caller::Watch;
use crate::random::Random;

/// A tick of the slow, and how many they stay at most.
const TICK: Duration = Duration::from_millis(200);
const TICKS_MAX: usize = 60;
/// More attacks in a minute than this leaves would use up the ports of the loopback.
const BREATH: Duration = Duration::from_millis(5);
/// Longer than the service gives any request to arrive.
const HANG: Duration = Duration::from_secs(20);

const HEAD: &[u8] =
    b"GET /products HTTP/1.1\r\nHost: shop\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const HALF_A_BODY: &[u8] = b"POST /customers HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n\
    Content-Length: 500\r\n\r\n{\"name\": \"";
/// The largest answer there is.
const MUCH: &[u8] = b"GET /docs/scalar.js HTTP/1.1\r\nHost: shop\r\n\r\n";

/// Sends a head byte by byte, half a body, or a request whose answer nobody reads, and holds the connection
/// for as long as the service lets it.
pub fn dawdle(watch: &Watch, mut random: Random) {
    while watch.goes_on() {
        let Ok(mut stream) = TcpStream::connect(watch.address()) else {
            thread::sleep(TICK);
            continue;
        };
        watch.count("slow");
        let pieces: Vec<&[u8]> = match random.below(3) {
            0 => HEAD.chunks(1).collect(),
            1 => HALF_A_BODY.chunks(40).collect(),
            _ => vec![MUCH],
        };
        for tick in 0..1 + random.below(TICKS_MAX) {
            if !watch.goes_on() || pieces.get(tick).is_some_and(|piece| stream.write_all(piece).is_err()) {
                break;
            }
            thread::sleep(TICK);
        }
    }
}

/// Sends random bytes and damaged requests. What comes back is an answer, and none that owns up to a mistake.
pub fn attack(watch: &Watch, mut random: Random) {
    // Without a session, so that no damaged request can place an order.
    let samples: [&[u8]; 4] = [
        b"GET /products?q=mug&limit=2 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n",
        b"POST /customers HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 62\r\n\r\n\
          {\"name\": \"Eve\", \"email\": \"eve@example.com\", \"phone\": \"555-0100\"}",
        b"POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\
          Idempotency-Key: k\r\n\r\n5;a=b\r\n{\"ite\r\n0\r\nX: y\r\n\r\n",
        b"DELETE /orders/12345678901234567890 HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer x\r\n\r\n",
    ];
    while watch.goes_on() {
        let sent = if random.below(4) == 0 {
            random.bytes(400)
        } else {
            let mut bytes = samples[random.below(samples.len())].to_vec();
            random.damage(&mut bytes);
            bytes
        };
        thread::sleep(BREATH);
        let started = Instant::now();
        let Ok(mut stream) = TcpStream::connect(watch.address()) else {
            thread::sleep(TICK);
            continue;
        };
        watch.count("hostile");
        let answers = exchange(&mut stream, &sent);
        let said = || format!("{} was answered {}", sent.escape_ascii(), answers.escape_ascii());
        if started.elapsed() >= HANG {
            watch.unexpected(format!("the service hangs: {}", said()));
        }
        // A service that is killed may leave a part of it.
        let status = answers.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
        let is_good = match status {
            None => b"HTTP/1.1 ".starts_with(&answers[..answers.len().min(9)]),
            Some(status) => status[0] < b'5' || [b"501", b"503", b"505"].iter().any(|good| status == *good),
        };
        if !is_good {
            watch.unexpected(said());
        }
    }
}

/// Everything that comes back until the service closes the connection or is killed.
fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    let mut answers = Vec::new();
    let _ = stream.set_read_timeout(Some(HANG));
    // The service may refuse and close before it has read all of it.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut answers);
    answers
}
