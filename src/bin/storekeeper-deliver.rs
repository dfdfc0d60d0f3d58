//! Webhooks: tells other programs what happens in the shop. Several may run at once.
//!
//! Killed at any moment it loses nothing: what was not accepted is sent again, with the same id.

use std::process::ExitCode;

use storekeeper::cli::arguments::{Command, Program, flag};
use storekeeper::cli::{self, deliver};

const DELIVER: Program = Program {
    name: "storekeeper-deliver",
    about: "tell other programs what happens: webhooks",
    commands: &[Command {
        words: "",
        argument: None,
        about: "send what happens to the webhooks, until it is ended",
        options: &[flag("once", "send what is due now, and end; for cron, or to try a webhook")],
        run: deliver::run,
    }],
    exit_codes: "0 done, also when nothing was due; 1 with --once: some attempts failed, and are made again later; 2 could not run; 3 nor will it before somebody puts the settings or the tables right",
};

fn main() -> ExitCode {
    cli::end(DELIVER.name, DELIVER.run(std::env::args_os().skip(1)))
}
