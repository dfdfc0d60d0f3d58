//! The service and its operator's commands: what can be asked, and which module does it.

use std::process::ExitCode;

use storekeeper::cli::arguments::{Command, Program, flag, with_value};
use storekeeper::cli::{
    self, add_staff, backup, doctor, export, import, migrate, note, prune, restore, restore_drill, serve,
    setup, verify,
};

const STOREKEEPER: Program = Program {
    name: "storekeeper",
    about: "the back office of a small shop",
    commands: &[
        Command {
            words: "serve",
            argument: None,
            about: "answer HTTP requests until SIGTERM or Ctrl-C (the default)",
            options: &[],
            run: serve::run,
        },
        Command {
            words: "setup",
            argument: None,
            about: "make the shop of this machine: its database, users, settings, tables, first manager and service; asks what it \
                    must know, says what it does, and can be run again",
            options: &[
                with_value("database", "NAME", "the name of the database: storekeeper, if nothing is said"),
                with_value(
                    "server",
                    "URL",
                    "an administrator of a database server elsewhere, mysql://root@db.example:3306/mysql, whose password is asked for; \
                     without it the server of this machine",
                ),
                with_value("shop-name", "NAME", "what stands on the desk's pages"),
                with_value("currency", "CODE", "the shop's one currency (ISO 4217), which stays"),
                with_value("time-zone", "ZONE", "where the shop's days begin and end, such as Europe/Berlin"),
                with_value(
                    "manager",
                    "NAME",
                    "the first staff account, whose password is asked for, or read from standard input",
                ),
                flag("yes", "take the defaults for what is not given"),
            ],
            run: setup::run,
        },
        Command {
            words: "setup nginx",
            argument: None,
            about: "put the shop on the network with TLS: write the site of nginx, test it, reload; with certbot's certificate \
                    where there is one, or one of its own",
            options: &[
                with_value("name", "HOST", "the name of the shop on the network, such as shop.example"),
                with_value(
                    "site",
                    "FILE",
                    "where the site is written: /etc/nginx/conf.d/storekeeper.conf, if nothing is said",
                ),
            ],
            run: setup::nginx,
        },
        Command {
            words: "doctor",
            argument: None,
            about: "look at the shop and its machine: settings, database, privileges, schema, disk, clock, backups, units, nginx; \
                    say what is wrong and how to mend it; change nothing",
            options: &[flag("json", "print JSON instead of lines")],
            run: doctor::run,
        },
        Command {
            words: "migrate",
            argument: None,
            about: "bring the database's schema up to date; safe to run at any time",
            options: &[flag("status", "only list the steps of the schema and whether they are applied")],
            run: migrate::run,
        },
        Command {
            words: "add-staff",
            argument: Some("NAME"),
            about: "create a staff account; asks for the password, or reads it from standard input",
            options: &[
                with_value("role", "ROLE", "manager (the default), or clerk, who does the daily work only"),
                flag(
                    "reset",
                    "give an account that exists a new password, end its sessions, and let it log in again if it was \
                     disabled; with --role also another role",
                ),
            ],
            run: add_staff::run,
        },
        Command {
            words: "verify",
            argument: None,
            about: "prove the books: run every invariant, print the rows that break one",
            options: &[flag(
                "repair",
                "first set on hand, reserved and incoming to what the ledger and the orders say, the summary of demand \
                 and what is expected a day likewise, and what ?q= looks through to what the rows say",
            )],
            run: verify::run,
        },
        Command {
            words: "backup",
            argument: Some("[FOLDER]"),
            about: "write the whole database to a file in FOLDER, /var/lib/storekeeper/backups unless it is named, with its \
                    checksum and figures in a manifest beside it; the shop stays open",
            options: &[
                with_value("kind", "KIND", "a word such as nightly or upgrade; manual unless it is given"),
                with_value("keep", "N", "how many of this kind are kept; 14 unless it is given"),
                with_value("wait", "SECONDS", "how long it may wait behind a lock; 600 unless it is given"),
            ],
            run: backup::run,
        },
        Command {
            words: "restore",
            argument: Some("FILE"),
            about: "load a backup into a new database, bring it up to date, erase again who was erased since, and prove \
                    its books; nothing that is there is changed",
            options: &[
                with_value("into", "DATABASE", "the database's name; it must not exist yet, or be empty"),
                with_value(
                    "erasures",
                    "FILE",
                    "the file of STOREKEEPER_ERASURES; again for each node that has one",
                ),
                flag("without-erasures", "there is none, and nobody is erased again"),
                with_value("identity", "FILE", "the key with which age decrypts"),
                flag(
                    "switch",
                    "when all is well, have the settings name that database; then restart the service",
                ),
            ],
            run: restore::run,
        },
        Command {
            words: "restore-drill",
            argument: Some("[FOLDER]"),
            about: "see whether the newest backup of FOLDER can be restored, in a database that is deleted afterwards",
            options: &[
                with_value("erasures", "FILE", "as for restore"),
                with_value("identity", "FILE", "the key with which age decrypts"),
            ],
            run: restore_drill::run,
        },
        Command {
            words: "import",
            argument: Some("FILE"),
            about: "take a CSV file over, of another shop or a spreadsheet: say what each row would do and which are refused, ask, \
                    and then do it; what may stand in it is in the README",
            options: &[
                with_value("type", "TYPE", "products, stock, customers or suppliers"),
                with_value(
                    "map",
                    "MAP",
                    "which column is which field, such as Artikelnr:sku,4:price,Notiz:-",
                ),
                with_value(
                    "blank",
                    "WORD",
                    "an empty cell keeps what there is (keep, the default), or clears it (clear)",
                ),
                with_value("counted-at", "TIME", "when the stock was counted; now, if nothing is said"),
                with_value("decimal", "SIGN", "point or comma, where an amount can be read in two ways"),
                with_value(
                    "delimiter",
                    "NAME",
                    "comma, semicolon, tab or pipe, where it is not seen by itself",
                ),
                with_value(
                    "encoding",
                    "NAME",
                    "utf-8, utf-16le, utf-16be or windows-1252, where it is not seen by itself",
                ),
                flag("yes", "apply it without asking; without it and a terminal it is a dry run"),
            ],
            run: import::run,
        },
        Command {
            words: "import apply",
            argument: Some("ID"),
            about: "do what a file that was tried would do, or go on where that was cut off; each row is done once",
            options: &[],
            run: import::apply,
        },
        Command {
            words: "import undo",
            argument: Some("ID"),
            about: "set back what an import has done, where nobody has changed it since",
            options: &[],
            run: import::undo,
        },
        Command {
            words: "export",
            argument: Some("LIST"),
            about: "write a list of the API as CSV, all of it and as of one moment: products, stock, customers, suppliers, \
                    orders and so on, with its filters as in \"orders?status=shipped\"",
            options: &[with_value("output", "FILE", "to this new file, not to standard output")],
            run: export::run,
        },
        Command {
            words: "note backup",
            argument: None,
            about: "write down that a backup was made by another program, for the page of the day",
            options: &[flag("failed", "that it failed")],
            run: note::backup,
        },
        Command {
            words: "note restore-drill",
            argument: None,
            about: "write down that a backup was restored somewhere to see that it can be",
            options: &[flag("failed", "that it cannot")],
            run: note::restore_drill,
        },
        Command {
            words: "prune",
            argument: None,
            about: "delete expired sessions and idempotency keys, idle lines of old restock runs and events after 90 days, \
                    days of demand and suggestions after 400; cancel guests' orders that nobody confirmed",
            options: &[],
            run: prune::run,
        },
    ],
    exit_codes: "0 done; 1 done, and something is wrong; 2 could not be done; 3 could not be done, and trying again is of no \
                 use before the settings or the tables are put right",
};

fn main() -> ExitCode {
    cli::end(STOREKEEPER.name, STOREKEEPER.run(std::env::args_os().skip(1)))
}
