//! What a program can be asked: one definition for the parser, `--help` and the manual page.

use std::ffi::OsString;
use std::fmt::Write;

use lexopt::{Arg, ValueExt};

use super::{Failure, Outcome};
use crate::config::SETTINGS;

pub struct Program {
    pub name: &'static str,
    /// What it is, after its name and a colon.
    pub about: &'static str,
    /// The first one is what it does without any word.
    pub commands: &'static [Command],
    pub exit_codes: &'static str,
}

pub struct Command {
    /// How it is asked for; empty where the program does one thing only.
    pub words: &'static str,
    /// The word after them that it needs, or may do without where it is `[in brackets]`.
    pub argument: Option<&'static str>,
    /// What it does, beginning with a small letter and without a full stop.
    pub about: &'static str,
    pub options: &'static [CommandOption],
    pub run: fn(&Arguments) -> Outcome,
}

pub struct CommandOption {
    pub name: &'static str,
    /// What its value is called; None of one that is given or not.
    pub value: Option<&'static str>,
    pub about: &'static str,
}

/// What every command takes.
const COMMON: [CommandOption; 4] = [
    with_value("settings", "FILE", "take the settings from this file, and none from the environment"),
    flag("help", "print this; after a command, what belongs to it (-h)"),
    flag("version", "print the version (-V)"),
    flag("man", "print the manual page, for man -l -"),
];

pub const fn flag(name: &'static str, about: &'static str) -> CommandOption {
    CommandOption { name, value: None, about }
}

pub const fn with_value(name: &'static str, value: &'static str, about: &'static str) -> CommandOption {
    CommandOption { name, value: Some(value), about }
}

/// What the program was asked.
pub struct Arguments {
    argument: Option<String>,
    options: Vec<(&'static str, Option<String>)>,
}

/// What is to be done.
enum Asked {
    Run(&'static Command, Arguments),
    Print(String),
}

impl Arguments {
    /// The word that the command needs.
    pub fn argument(&self) -> &str {
        self.argument_if_given().unwrap_or_default()
    }

    pub fn argument_if_given(&self) -> Option<&str> {
        self.argument.as_deref()
    }

    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| *name == option)
    }

    /// The value of an option; the last one, if it was given several times.
    pub fn value(&self, option: &str) -> Option<&str> {
        self.values(option).last()
    }

    pub fn values(&self, option: &str) -> impl Iterator<Item = &str> {
        self.options.iter().filter(move |(name, _)| *name == option).filter_map(|(_, value)| value.as_deref())
    }
}

impl Program {
    /// Does what the program was asked, or prints what it was asked for.
    pub fn run(&'static self, arguments: impl IntoIterator<Item = OsString>) -> Outcome {
        match self.parse(arguments)? {
            Asked::Run(command, arguments) => (command.run)(&arguments),
            Asked::Print(text) => {
                print!("{text}");
                Ok(std::process::ExitCode::SUCCESS)
            }
        }
    }

    fn parse(&'static self, arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, Failure> {
        let mut words: Vec<String> = Vec::new();
        let mut options: Vec<(&'static str, Option<String>)> = Vec::new();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(without_value)? {
            let name = match argument {
                Arg::Short('h') => "help",
                Arg::Short('V') => "version",
                Arg::Long(name) => name,
                Arg::Value(word) => {
                    words.push(word.string()?);
                    continue;
                }
                Arg::Short(_) => return Err(argument.unexpected().into()),
            };
            let Some(option) = self.option(name) else { return Err(argument.unexpected().into()) };
            match option.name {
                "help" => return Ok(Asked::Print(self.help(&words))),
                "version" => return Ok(Asked::Print(format!("{} {VERSION}\n", self.name))),
                "man" => return Ok(Asked::Print(self.manual())),
                _ => {}
            }
            let value = option.value.map(|_| parser.value()).transpose()?;
            options.push((option.name, value.map(ValueExt::string).transpose()?));
        }
        let (command, argument) = self.command(&words)?;
        let takes = |name| command.options.iter().chain(&COMMON).any(|option| option.name == name);
        if let Some((name, _)) = options.iter().find(|(name, _)| !takes(*name)) {
            return Err(format!("--{name} does not go with this; see {} --help", self.name).into());
        }
        Ok(Asked::Run(command, Arguments { argument, options }))
    }

    fn option(&'static self, name: &str) -> Option<&'static CommandOption> {
        let own = self.commands.iter().flat_map(|command| command.options);
        own.chain(&COMMON).find(|option| option.name == name)
    }

    /// The command that these words begin with, and the word after it.
    fn command(&'static self, words: &[String]) -> Result<(&'static Command, Option<String>), Failure> {
        if words.is_empty() {
            return Ok((&self.commands[0], None));
        }
        let begins = |command: &&Command| {
            let own: Vec<&str> = command.words.split_whitespace().collect();
            words.len() >= own.len() && own.iter().zip(words).all(|(own, word)| own == word)
        };
        // The longest, since "setup nginx" begins with "setup".
        let command = self.commands.iter().filter(begins).max_by_key(|command| command.words.len());
        // A word that is not known may be a password that slipped there, so it is not repeated.
        let unknown = || Failure::from(format!("there is no such command; see {} --help", self.name));
        let command = command.filter(|command| !command.words.is_empty()).ok_or_else(unknown)?;
        match (&words[command.words.split_whitespace().count()..], command.argument) {
            ([], None) => Ok((command, None)),
            ([word], Some(_)) => Ok((command, Some(word.clone()))),
            ([], Some(argument)) if argument.starts_with('[') => Ok((command, None)),
            ([], Some(argument)) => {
                Err(format!("{} needs {argument}: {}", command.words, command.about).into())
            }
            _ => Err(format!("{} takes no more words; see {} --help", command.words, self.name).into()),
        }
    }

    /// What `--help` prints: everything, or one command.
    fn help(&self, words: &[String]) -> String {
        let asked = words.join(" ");
        let mut help = format!("{}: {}\n\nUsage: {0} {}\n", self.name, self.about, self.usage());
        let one = self.commands.iter().find(|command| !asked.is_empty() && command.words == asked);
        if let Some(command) = one {
            help = format!("{} {}\n\n", self.name, command.usage());
            help += &indented(&sentence(command.about), 2);
            help += "\nOptions:\n";
            help += &options_help(command.options.iter().chain(&COMMON), 2);
            return help + &format!("\nSee {} --help for the other commands and the settings.\n", self.name);
        }
        if self.commands.len() > 1 {
            help += "\nCommands:\n";
            for command in self.commands {
                let _ = writeln!(help, "  {}", command.usage());
                help += &indented(command.about, 6);
                help += &options_help(command.options, 6);
            }
        }
        help += "\nOptions:\n";
        let own = if self.commands.len() == 1 { self.commands[0].options } else { &[] };
        help += &options_help(own.iter().chain(&COMMON), 2);
        let exit_codes = indented(&format!("Exit code: {}.", self.exit_codes), 0);
        let _ = write!(help, "\n{exit_codes}\n{SETTINGS_FROM}");
        if self.name == "storekeeper" {
            for setting in SETTINGS {
                let _ = writeln!(help, "  {}  [{}]", setting.name, setting.default());
                help += &indented(&setting.meaning(), 6);
            }
        } else {
            help += "They are those of storekeeper; see storekeeper --help.\n";
        }
        help
    }

    fn usage(&self) -> &'static str {
        if self.commands.len() > 1 { "[COMMAND] [OPTIONS]" } else { "[OPTIONS]" }
    }

    /// The manual page, in the macros of man(7).
    fn manual(&self) -> String {
        let title = self.name.to_uppercase();
        let mut page = format!(".TH {} 8 \"\" \"Storekeeper {VERSION}\"\n", roff(&title));
        let _ = write!(page, ".SH NAME\n{} \\- {}\n", roff(self.name), roff(self.about));
        let _ = write!(page, ".SH SYNOPSIS\n.B {}\n{}\n", roff(self.name), roff(self.usage()));
        if self.commands.len() > 1 {
            page += ".SH COMMANDS\n";
            for command in self.commands {
                let _ =
                    writeln!(page, ".TP\n.B {}\n{}", roff(&command.usage()), roff(&sentence(command.about)));
                page += &options_manual(command.options, true);
            }
        }
        page += ".SH OPTIONS\n";
        let own = if self.commands.len() == 1 { self.commands[0].options } else { &[] };
        page += &options_manual(own.iter().chain(&COMMON), false);
        let _ = write!(page, ".SH EXIT STATUS\n{}\n", roff(&sentence(self.exit_codes)));
        page += &format!(".SH ENVIRONMENT\n{}", roff(SETTINGS_FROM));
        for setting in SETTINGS {
            let (name, default, meaning) = (roff(setting.name), roff(setting.default()), setting.meaning());
            let _ = writeln!(page, ".TP\n.B {name}\n{}\n.br\nDefault: {default}", roff(&sentence(&meaning)));
        }
        page += ".SH FILES\n.TP\n.I /etc/storekeeper/env\nThe settings.\n";
        page
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

const SETTINGS_FROM: &str = "\
Settings, from the environment, or from /etc/storekeeper/env where STOREKEEPER_DATABASE_URL is not in it:
";

impl Command {
    fn usage(&self) -> String {
        // More of them are easier to read below.
        const SHOWN_MAX: usize = 3;
        let mut usage = self.words.to_owned();
        if self.options.len() > SHOWN_MAX {
            usage += " [OPTIONS]";
        } else {
            for option in self.options {
                let _ = write!(usage, " [{}]", option.usage());
            }
        }
        usage + &self.argument.map(|argument| format!(" {argument}")).unwrap_or_default()
    }
}

/// What was wrong with an argument. The value of an option that takes none may be a secret.
fn without_value(error: lexopt::Error) -> Failure {
    match error {
        lexopt::Error::UnexpectedValue { option, .. } => format!("{option} takes no value").into(),
        other => other.into(),
    }
}

impl CommandOption {
    fn usage(&self) -> String {
        let value = self.value.map(|value| format!(" {value}")).unwrap_or_default();
        format!("--{}{value}", self.name)
    }
}

fn options_help<'a>(options: impl IntoIterator<Item = &'a CommandOption>, indent: usize) -> String {
    // Where what they mean begins, as far as it fits.
    const COLUMN: usize = 22;
    let mut help = String::new();
    for option in options {
        let usage = option.usage();
        let about = indented(option.about, indent + COLUMN);
        let lead = format!("{:indent$}{usage:COLUMN$}", "");
        if usage.len() < COLUMN {
            help += &lead;
            help += about.trim_start();
        } else {
            let _ = write!(help, "{}\n{about}", lead.trim_end());
        }
    }
    help
}

fn options_manual<'a>(options: impl IntoIterator<Item = &'a CommandOption>, of_a_command: bool) -> String {
    let (before, after) = if of_a_command { (".RS\n", ".RE\n") } else { ("", "") };
    let one = |option: &CommandOption| {
        format!(".TP\n.B {}\n{}\n", roff(&option.usage()), roff(&sentence(option.about)))
    };
    let all: String = options.into_iter().map(one).collect();
    if all.is_empty() { all } else { format!("{before}{all}{after}") }
}

/// Text in lines that a terminal of 100 columns holds.
fn indented(text: &str, indent: usize) -> String {
    const COLUMNS: usize = 100;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("a line");
        if line.is_empty() {
            line.push_str(word);
        } else if indent + line.chars().count() + 1 + word.chars().count() <= COLUMNS {
            let _ = write!(line, " {word}");
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.iter().map(|line| format!("{:indent$}{line}\n", "")).collect()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// What roff would take for something of its own is escaped.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let line =
        |line: &str| if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roff_takes_nothing_for_its_own() {
        assert_eq!(roff(".x\n'y\na-b\\c"), "\\&.x\n\\&'y\na\\-b\\ec");
    }

    #[test]
    fn lines_fit_a_terminal() {
        let text = indented(&"word ".repeat(60), 6);
        assert!(text.lines().all(|line| line.len() <= 100 && line.starts_with("      word")), "{text}");
    }
}
