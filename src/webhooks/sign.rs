//! The signature of Standard Webhooks: HMAC-SHA256 over the id, the time and the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header `webhook-signature`: a signature by each secret, with a blank between.
pub fn signatures(secrets: &[[u8; 32]], id: &str, at_seconds: i64, body: &str) -> String {
    let signed: Vec<String> = secrets
        .iter()
        .map(|secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length");
            mac.update(format!("{id}.{at_seconds}.{body}").as_bytes());
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        })
        .collect();
    signed.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl dgst -sha256 -mac HMAC -macopt hexkey:0101… -binary | base64`.
    #[test]
    fn it_is_what_others_compute() {
        let signed = signatures(&[[1; 32], [2; 32]], "evt_1_7", 1_700_000_000, "{\"type\":\"order.placed\"}");
        let by_first = "v1,LvifkNyvuBF+oVJFJjBN+h1yXhX/4gu01yGQghZ4u7A=";
        let by_second = "v1,vL0KFsWTE2OAtQjrz8wEAkOk0e6OIK2Ssy8mGzHy8kU=";
        assert_eq!(signed, format!("{by_first} {by_second}"));
    }
}
