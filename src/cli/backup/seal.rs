//! Encrypting a backup for a public key, and decrypting it: done by `age` or `gpg`, which the shop installs.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use super::client::{end, listen};
use crate::cli::Failure;

/// A program that encrypts.
enum Tool {
    Age,
    Gpg,
}

impl Tool {
    /// Which one knows this recipient.
    fn of(recipient: &str) -> Tool {
        let of_age = ["age1", "ssh-ed25519 ", "ssh-rsa "];
        if of_age.iter().any(|begin| recipient.starts_with(begin)) { Tool::Age } else { Tool::Gpg }
    }

    fn name(&self) -> &'static str {
        match self {
            Tool::Age => "age",
            Tool::Gpg => "gpg",
        }
    }
}

/// How a file's name ends that is encrypted for this recipient.
pub fn suffix(recipient: Option<&str>) -> &'static str {
    match recipient.map(Tool::of) {
        None => "",
        Some(Tool::Age) => ".age",
        Some(Tool::Gpg) => ".gpg",
    }
}

/// A file that is written as it is, or encrypted on its way.
pub enum Sealing {
    Plain(File),
    /// The program, and what it says of its errors until that is asked for.
    By(&'static str, Child, Option<JoinHandle<String>>),
}

impl Sealing {
    pub fn into(file: &File, recipient: Option<&str>) -> Result<Sealing, Failure> {
        let file = file.try_clone()?;
        let Some(recipient) = recipient else { return Ok(Sealing::Plain(file)) };
        let tool = Tool::of(recipient);
        let mut command = Command::new(tool.name());
        match tool {
            Tool::Age => command.args(["--encrypt", "--recipient", recipient]),
            // The shop says whose key it is; nobody is there to be asked.
            Tool::Gpg => {
                command.args(["--batch", "--trust-model", "always", "--encrypt", "--recipient", recipient])
            }
        };
        let (child, said) = start(command.stdin(Stdio::piped()).stdout(file), tool.name())?;
        Ok(Sealing::By(tool.name(), child, Some(said)))
    }

    /// To be called when all is written, or nothing more is taken.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let Sealing::By(name, child, said) = self else { return Ok(()) };
        drop(child.stdin.take());
        match said.take() {
            Some(said) => end(child, said, name),
            None => Ok(()),
        }
    }
}

impl Write for Sealing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self {
            Sealing::Plain(file) => file.write(bytes),
            Sealing::By(_, child, _) => match &mut child.stdin {
                Some(stdin) => stdin.write(bytes),
                None => Err(io::ErrorKind::BrokenPipe.into()),
            },
        };
        // A program that takes no more has said why.
        match written {
            Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => match self.finish() {
                Err(Failure { message: why, .. }) => Err(io::Error::other(why)),
                Ok(()) => Err(cause),
            },
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sealing::Plain(file) => file.flush(),
            Sealing::By(..) => Ok(()),
        }
    }
}

/// Gives `read` what a file holds, decrypted where its name says that it must be; by age with the key in `identity`.
pub fn open<T>(
    file: &Path,
    identity: Option<&str>,
    read: impl FnOnce(&mut dyn Read) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let tool = match file.extension().and_then(|extension| extension.to_str()) {
        Some("age") => Tool::Age,
        Some("gpg") => Tool::Gpg,
        _ => return read(&mut File::open(file)?),
    };
    let mut command = Command::new(tool.name());
    match tool {
        Tool::Age => {
            let identity =
                identity.ok_or("the backup is encrypted; say --identity FILE, with the key of age")?;
            command.args(["--decrypt", "--identity", identity]);
        }
        Tool::Gpg => {
            command.args(["--batch", "--decrypt"]);
        }
    }
    let (mut child, said) = start(command.stdin(File::open(file)?).stdout(Stdio::piped()), tool.name())?;
    let mut out = child.stdout.take().expect("a pipe");
    // It is proved to be whole only at its end.
    let done = read(&mut out).and_then(|done| Ok((done, io::copy(&mut out, &mut io::sink())?)));
    drop(out);
    // Why it cannot be decrypted says more than what is wrong with the beginning of it.
    end(&mut child, said, tool.name())?;
    done.map(|(done, _)| done)
}

fn start(command: &mut Command, name: &str) -> Result<(Child, JoinHandle<String>), Failure> {
    let mut child = command.stderr(Stdio::piped()).spawn().map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => {
            Failure::from(format!("{name} is missing; install it (the package {name})"))
        }
        _ => cause.into(),
    })?;
    let said = listen(child.stderr.take());
    Ok((child, said))
}
