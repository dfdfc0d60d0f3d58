//! Password hashes: argon2id, at most as many at once as there are cores.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::{Error, Result};
use crate::problem::Problem;
use crate::values::Password;

/// OWASP's recommendation for argon2id: 19 MiB of memory, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes and checks passwords. Each takes a core and 19 MiB for some 20 ms, so what does not fit
/// is refused at once instead of queueing up.
pub struct Hasher {
    running: AtomicUsize,
    most: usize,
}

pub enum Verdict {
    Wrong,
    Right,
    /// Right, but hashed with weaker parameters than today's: hash it again.
    RightButWeak,
}

impl Default for Hasher {
    fn default() -> Hasher {
        Hasher::new()
    }
}

impl Hasher {
    pub fn new() -> Hasher {
        Hasher { running: AtomicUsize::new(0), most: available_parallelism().map_or(1, NonZero::get) }
    }

    /// The hash of a new password, in PHC's format with its salt and parameters.
    pub fn hash(&self, password: &Password) -> Result<String> {
        let _place = self.enter()?;
        hash(password.as_bytes())
    }

    /// Checks a password against a stored hash. Without a hash (no such user) it works as long and
    /// returns `Wrong`.
    pub fn verify(&self, password: &Password, stored: Option<&str>) -> Result<Verdict> {
        let _place = self.enter()?;
        let hash = stored.unwrap_or(NOBODYS_HASH);
        let broken = |_| Error::Internal("a stored password hash cannot be read".into());
        let parsed = PasswordHash::new(hash).map_err(broken)?;
        let matches = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(if !matches || stored.is_none() {
            Verdict::Wrong
        } else if is_weak(&parsed) {
            Verdict::RightButWeak
        } else {
            Verdict::Right
        })
    }

    fn enter(&self) -> Result<Place<'_>> {
        let taken = self.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| {
            (running < self.most).then_some(running + 1)
        });
        match taken {
            Ok(_) => Ok(Place(&self.running)),
            Err(_) => Err(Problem::busy("Too many logins at this moment. Try again in a second.").into()),
        }
    }
}

struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What is checked for a user who does not exist, so that it takes as long as for one who does. Its salt
/// and its output are random, so no password is known to fit.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$NR6mdundJwRIGFu9LbOLxQ$OU19113opYODIV2XPyI5KT4cC80mPD56XNO7GSTHMG4";

fn hash(password: &[u8]) -> Result<String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("valid parameters");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let salt = crate::random::bytes::<16>();
    let hash = argon2.hash_password_with_salt(password, &salt);
    Ok(hash.map_err(|cause| Error::Internal(format!("cannot hash a password: {cause}")))?.to_string())
}

fn is_weak(hash: &PasswordHash) -> bool {
    let current = |params: Params| params.m_cost() >= MEMORY_KIB && params.t_cost() >= PASSES;
    !(hash.algorithm.as_str() == "argon2id" && Params::try_from(hash).is_ok_and(current))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_hash_costs_as_much_as_anybodys() {
        let nobodys = PasswordHash::new(NOBODYS_HASH).expect("a valid hash");
        let anybodys = hash(b"a password").unwrap();
        let anybodys = PasswordHash::new(&anybodys).unwrap();
        assert_eq!(nobodys.params, anybodys.params);
        assert_eq!(nobodys.algorithm, anybodys.algorithm);
        assert!(!is_weak(&nobodys));
    }
}
