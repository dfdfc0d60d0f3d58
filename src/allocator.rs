//! How much memory the allocator keeps for later.

/// Keeps glibc's allocator small. As it comes it makes up to eight arenas a core for the threads of
/// connections, and raises its threshold for giving memory back to the size of the largest block ever
/// freed: after the first password hash (19 MiB) it would keep that much for good.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep_small() {
    const LARGE_BLOCK_BYTES: libc::c_int = 1024 * 1024;
    const KEPT_AT_THE_TOP_BYTES: libc::c_int = 256 * 1024;
    const ARENAS_MAX: libc::c_int = 2;
    // SAFETY: mallopt takes two integers and is called before the first thread is started.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS_MAX);
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_AT_THE_TOP_BYTES);
    }
}

/// Gives back what is free in the middle too; glibc by itself looks at the end only.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back() {
    // SAFETY: it may be called at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators are left as they come.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_small() {}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
