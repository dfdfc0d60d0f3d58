//! Root becomes the user of the system whom the database knows by their login. So `sudo storekeeper verify` works as the
//! service does, and nothing is done as root that need not be.

use std::ffi::CString;
use std::io;

use super::Failure;
use crate::servers::Servers;

/// Becomes the user whom this address names without a password on a socket of this machine, when root runs the program and the
/// system has such a user.
pub fn become_that_of(database_url: &str) -> Result<(), Failure> {
    // SAFETY: it only asks.
    if unsafe { libc::geteuid() } != 0 {
        return Ok(());
    }
    let Some(name) = Servers::parse(database_url)?.user_by_login() else { return Ok(()) };
    if name == "root" {
        return Ok(());
    }
    let Some((uid, gid)) = ids(&name) else { return Ok(()) };
    let c_name = CString::new(name.as_str()).expect("the name of a user who was found");
    // SAFETY: the groups first, since only root may choose them.
    let done = unsafe {
        libc::initgroups(c_name.as_ptr(), gid) == 0 && libc::setgid(gid) == 0 && libc::setuid(uid) == 0
    };
    if done {
        Ok(())
    } else {
        Err(format!("cannot become the user {name}: {}", io::Error::last_os_error()).into())
    }
}

/// The numbers of a user of the system, and of their group.
pub fn ids(name: &str) -> Option<(u32, u32)> {
    let name = CString::new(name).ok()?;
    // SAFETY: no other thread runs that could ask for a user; what is found is copied at once.
    unsafe {
        let user = libc::getpwnam(name.as_ptr());
        user.as_ref().map(|user| (user.pw_uid, user.pw_gid))
    }
}
