//! The program itself as an operator runs it: its commands, and the service as a process.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::harness;

/// How a command ended and what it wrote.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs the program to its end. A `serve` that should not have started has a port of its own.
pub fn run(database_url: &str, arguments: &[&str]) -> Ended {
    let mut command = harness::storekeeper(database_url);
    run_command(command.args(arguments).env("STOREKEEPER_LISTEN", "127.0.0.1:0"))
}

pub fn run_command(command: &mut Command) -> Ended {
    let output = command.output().expect("the program that cargo has built");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output in UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// `storekeeper serve` with this socket as descriptor 3 and the variables that say so.
pub fn handed_over(database_url: &str, socket: OwnedFd) -> Command {
    let program = harness::storekeeper(database_url);
    let mut command = Command::new("sh");
    let script = r#"exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve"#;
    command.args(["-c", script]).arg(program.get_program()).stdin(socket);
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Runs the program with `input` on its standard input.
pub fn run_with_input(database_url: &str, arguments: &[&str], input: &str) -> Ended {
    run_command_with_input(harness::storekeeper(database_url).args(arguments), input)
}

pub fn run_command_with_input(command: &mut Command, input: &str) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program that cargo has built");
    // It may refuse before it reads.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the program's end");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output in UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

impl Ended {
    /// What was written to standard output, when all went well.
    #[track_caller]
    pub fn expect_success(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// The one sentence with which the program said that it could not do it.
    #[track_caller]
    pub fn expect_refusal(self) -> String {
        // 3 where trying again is of no use.
        assert!(matches!(self.code, Some(2 | 3)) && self.out.is_empty(), "{self:?}");
        let lines: Vec<&str> = self.err.lines().collect();
        let [line] = lines[..] else { panic!("not one line: {}", self.err) };
        let sentence = line.strip_prefix("storekeeper: ");
        sentence.unwrap_or_else(|| panic!("not our sentence: {line}")).to_owned()
    }
}

/// `storekeeper serve`, on a free port, in a process of its own.
pub struct Service {
    pub base: String,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Service {
    pub fn start(database_url: &str, settings: &[(&str, &str)]) -> Service {
        let mut command = harness::storekeeper(database_url);
        command.arg("serve").env("STOREKEEPER_LISTEN", "127.0.0.1:0").envs(settings.iter().copied());
        Service::start_command(command)
    }

    /// Starts a service that is handed a listening socket, as systemd does it: as descriptor 3.
    pub fn start_with_socket(database_url: &str, socket: OwnedFd) -> Service {
        Service::start_command(handed_over(database_url, socket))
    }

    fn start_command(mut command: Command) -> Service {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program that cargo has built");
        let err = BufReader::new(child.stderr.take().expect("a pipe"));
        let log = Arc::new(Mutex::new(String::new()));
        let written = log.clone();
        let reader = thread::spawn(move || {
            for line in err.lines() {
                let mut log = written.lock().unwrap();
                log.push_str(&line.expect("a log in UTF-8"));
                log.push('\n');
            }
        });
        let mut service = Service { base: String::new(), child, log, reader: Some(reader) };
        let line = service.wait_for_line("listening on ");
        let (_, address) = line.rsplit_once("listening on ").expect("the address");
        service.base = address.to_owned();
        service
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The first line of the log that holds `text`, as soon as it is there.
    #[track_caller]
    pub fn wait_for_line(&self, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "no {text:?} in the log:\n{log}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the state of the process").is_none()
    }

    /// Waits for the end, and answers the exit code and the whole log.
    #[track_caller]
    pub fn wait(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.is_running() {
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
        let code = self.child.wait().expect("the end of the process").code();
        self.reader.take().expect("one end").join().expect("the whole log");
        (code, self.log())
    }

    /// Ends it as systemd does, and answers the whole log.
    #[track_caller]
    pub fn stop(self) -> String {
        self.signal("TERM");
        let (code, log) = self.wait();
        assert_eq!(code, Some(0), "{log}");
        log
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
