//! Password hashes: argon2id, with places apart for each kind of caller, so that none takes another's.

use std::num::NonZero;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

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

/// A hash takes a core for some 20 ms, so whoever may wait for a place gets one long before this.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// Hashes and checks passwords. Each takes a core and 19 MiB for some 20 ms, so there are few places, and
/// what fits neither there nor in the short queue is refused at once.
pub struct Hasher {
    /// For new passwords, which any stranger may send: half of the cores, the rest is for logins.
    new: Places,
    /// For logins from networks where the user has not been seen: a guess is as good as a login here.
    /// Nobody waits, since a crowd that waits would keep reads from their turn.
    from_elsewhere: Places,
    /// For logins from where the user has logged in before; no stranger can take these.
    from_known: Places,
}

pub enum Verdict {
    Wrong,
    Right,
    /// Right, but hashed with weaker parameters than today's: this is its hash with today's.
    RightButWeak(String),
}

impl Default for Hasher {
    fn default() -> Hasher {
        Hasher::new()
    }
}

impl Hasher {
    pub fn new() -> Hasher {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Hasher {
            new: Places::new(cores.div_ceil(2), 2),
            from_elsewhere: Places::new(cores, 0),
            from_known: Places::new(cores, cores),
        }
    }

    /// The hash of a new password, in PHC's format with its salt and parameters.
    pub fn hash(&self, password: &Password) -> Result<String> {
        let _place = self.place_for_new()?;
        hash(password.as_bytes())
    }

    /// A place to hash a new password.
    pub fn place_for_new(&self) -> Result<Place<'_>> {
        self.new.enter("Too many new passwords at this moment. Try again in a second.")
    }

    /// A place to check a password, for a login from a network where the user is known or from elsewhere.
    pub fn place_for_login(&self, known: bool) -> Result<Place<'_>> {
        let places = if known { &self.from_known } else { &self.from_elsewhere };
        places.enter("Too many logins at this moment. Try again in a second.")
    }
}

impl Place<'_> {
    /// Checks a password against a stored hash. Without a hash (no such user) it works as long and
    /// returns `Wrong`.
    pub fn verify(&self, password: &Password, stored: Option<&str>) -> Result<Verdict> {
        let broken = |_| Error::Internal("a stored password hash cannot be read".into());
        let parsed = PasswordHash::new(stored.unwrap_or(NOBODYS_HASH)).map_err(broken)?;
        let matches = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(if !matches || stored.is_none() {
            Verdict::Wrong
        } else if is_weak(&parsed) {
            Verdict::RightButWeak(hash(password.as_bytes())?)
        } else {
            Verdict::Right
        })
    }
}

/// A bound on how much is hashed at once.
struct Places {
    most: usize,
    waiting_most: usize,
    taken: Mutex<Taken>,
    freed: Condvar,
}

#[derive(Default)]
struct Taken {
    places: usize,
    waiting: usize,
}

/// A place that is given back when it is dropped.
pub struct Place<'a>(&'a Places);

impl Places {
    fn new(most: usize, waiting_most: usize) -> Places {
        Places { most, waiting_most, taken: Mutex::default(), freed: Condvar::new() }
    }

    fn enter(&self, otherwise: &str) -> Result<Place<'_>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.places >= self.most && taken.waiting < self.waiting_most {
            taken.waiting += 1;
            let full = |taken: &mut Taken| taken.places >= self.most;
            let waited = self.freed.wait_timeout_while(taken, WAIT_MAX, full);
            taken = waited.unwrap_or_else(PoisonError::into_inner).0;
            taken.waiting -= 1;
        }
        if taken.places >= self.most {
            return Err(Problem::busy(otherwise).into());
        }
        taken.places += 1;
        Ok(Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner).places -= 1;
        self.0.freed.notify_one();
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
