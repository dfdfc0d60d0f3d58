//! A folder of backups: `storekeeper-nightly-20300131T034000Z.sql.gz` with its manifest `….json`, which is the last to
//! come and the first to go. So what has a manifest is whole.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use crate::cli::Failure;

/// Where a shop's backups are when nobody says it.
pub const DEFAULT: &str = "/var/lib/storekeeper/backups";

/// How the names of dumps end: plain, and encrypted.
const ENDS: [&str; 3] = [".sql.gz", ".sql.gz.age", ".sql.gz.gpg"];
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// A backup that is whole.
pub struct Backup {
    pub file: PathBuf,
    pub manifest: Manifest,
}

/// Makes the folder if it is missing. Nobody else looks into it.
pub fn make(folder: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|cause| Failure::from(format!("the folder {} cannot be made: {cause}", folder.display())))
}

/// Holds the folder for one backup at a time, until it is dropped.
pub fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join(".lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|cause| format!("{} cannot be written: {cause}", path.display()))?;
    // SAFETY: the descriptor is open.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
        return Err(format!("another backup to {} is running", folder.display()).into());
    }
    Ok(file)
}

/// The name of a backup without its end.
pub fn stem(kind: &str, at: crate::values::Timestamp) -> String {
    format!("storekeeper-{kind}-{}", at.0.format(TIME))
}

/// What a name that [`stem`] made says of kind and time.
fn kind_and_time(stem: &str) -> Option<(&str, &str)> {
    let (kind, time) = stem.strip_prefix("storekeeper-")?.split_once('-')?;
    chrono::NaiveDateTime::parse_from_str(time, TIME).ok()?;
    Some((kind, time))
}

fn stem_of(name: &str) -> Option<&str> {
    ENDS.iter().find_map(|end| name.strip_suffix(end))
}

/// The backups of a folder, from the oldest to the newest.
pub fn backups(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for name in names(folder)? {
        let Some((_, time)) = stem_of(&name).and_then(kind_and_time) else { continue };
        let file = folder.join(&name);
        if manifest_path(&file).is_some_and(|manifest| manifest.exists()) {
            found.push((time.to_owned(), file));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, file)| file).collect())
}

fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let cannot =
        |cause: io::Error| Failure::from(format!("the folder {} cannot be read: {cause}", folder.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        names.extend(entry.map_err(cannot)?.file_name().into_string());
    }
    Ok(names)
}

/// Where the manifest of a dump is.
pub fn manifest_path(file: &Path) -> Option<PathBuf> {
    let stem = stem_of(file.file_name()?.to_str()?)?;
    Some(file.with_file_name(format!("{stem}.json")))
}

/// A backup with what it says of itself.
pub fn open(file: &Path) -> Result<Backup, Failure> {
    let shown = file.display();
    if !file.is_file() {
        return Err(format!("there is no file {shown}").into());
    }
    let path = manifest_path(file).ok_or_else(|| {
        format!(
            "{shown} is no backup of storekeeper backup: its name does not end with {}",
            ENDS.join(" or ")
        )
    })?;
    let text = fs::read(&path).map_err(|cause| {
        format!("the manifest of this backup, {}, cannot be read: {cause}", path.display())
    })?;
    let manifest = serde_json::from_slice(&text)
        .map_err(|cause| format!("{} is no manifest of a backup: {cause}", path.display()))?;
    Ok(Backup { file: file.to_owned(), manifest })
}

/// Deletes what backups left that were cut off. Whoever calls this has the folder locked.
pub fn clear_remains(folder: &Path) -> Result<(), Failure> {
    for name in names(folder)? {
        let whole = name.strip_suffix(".part").unwrap_or(&name);
        let stem = stem_of(whole).or_else(|| whole.strip_suffix(".json"));
        // Names of others' making are left alone.
        if stem.and_then(kind_and_time).is_none() {
            continue;
        }
        let file = folder.join(&name);
        let is_whole = name == whole
            && (name.ends_with(".json") || manifest_path(&file).is_some_and(|path| path.exists()));
        if !is_whole {
            fs::remove_file(&file)?;
        }
    }
    Ok(())
}

/// Keeps the newest of a kind. Those of other kinds stay, however many there are.
pub fn rotate(folder: &Path, kind: &str, keep: usize) -> Result<usize, Failure> {
    let of_kind = |file: &PathBuf| {
        let name = file.file_name().and_then(|name| name.to_str());
        name.and_then(stem_of).and_then(kind_and_time).is_some_and(|(known, _)| known == kind)
    };
    let files: Vec<PathBuf> = backups(folder)?.into_iter().filter(of_kind).collect();
    let old = &files[..files.len().saturating_sub(keep)];
    for file in old {
        if let Some(manifest) = manifest_path(file) {
            fs::remove_file(manifest)?;
        }
        fs::remove_file(file)?;
    }
    Ok(old.len())
}

/// Has what was written and renamed in a folder be there after a power cut.
pub fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
