//! What the listener does for an application that is not the shop: long bodies, and answers that are files.

use std::fs::{self, File};
use std::io::{Cursor, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rouille::{Request, Response, ResponseBody};
use storekeeper::http::{self, Application, Asked, Lane, Limits, Listener, Needs, Server};
use storekeeper::problem::Problem;

use crate::wire::{self, RawAnswer};

const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// A server of this application, with room for long bodies on `/long` only.
fn serve(handle: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Server {
    let refuse =
        |problem: Problem, _: &Asked| Response::text(problem.kind.code).with_status_code(problem.kind.status);
    let needs = |_: &str, target: &str| Needs {
        lane: Lane::NoDatabase,
        body_bytes: if target == "/long" { BODY_BYTES_MAX } else { 1000 },
        body_in_file: false,
    };
    let application = Application {
        handle: Box::new(move |request, _| handle(request)),
        refuse: Box::new(refuse),
        needs: Box::new(needs),
        client: Box::new(|request| request.remote_addr().ip()),
    };
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap(), 0o600).expect("a free port");
    let limits = Limits {
        connections: 100,
        connections_per_address: 100,
        behind_proxy: false,
        database_connections: 1,
        reads: 1,
    };
    http::start(listener, limits, application).expect("the server")
}

/// Answers with the request's body.
fn echo(request: &Request) -> Response {
    let mut body = Vec::new();
    request.data().expect("its body").read_to_end(&mut body).expect("the whole body");
    Response::from_data("application/octet-stream", body)
}

fn base(server: &Server) -> String {
    format!("http://{}", server.address)
}

/// Bytes in which a part that is lost, doubled or moved shows.
fn counted(length: usize) -> Vec<u8> {
    (0..length.div_ceil(8)).flat_map(|n| (n as u64).to_be_bytes()).take(length).collect()
}

fn with_length(path: &str, length: usize) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n").into_bytes()
}

fn chunked(path: &str, body: &[u8], size: usize) -> Vec<u8> {
    let mut bytes =
        format!("POST {path} HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in body.chunks(size) {
        write!(bytes, "{:x}\r\n", chunk.len()).unwrap();
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

/// Sends on a thread of its own, so that an early answer holds up nobody.
fn exchange(stream: &mut TcpStream, bytes: Vec<u8>) -> RawAnswer {
    let mut sending = stream.try_clone().unwrap();
    let sender = thread::spawn(move || drop(sending.write_all(&bytes)));
    let answer = wire::read_answer(stream);
    sender.join().unwrap();
    answer
}

#[test]
fn a_long_body_is_there_to_read_however_it_comes() {
    let server = serve(echo);
    let mut kept = wire::connect(&base(&server));
    for length in [0, 1, 64 * 1024, 64 * 1024 + 1, 200_000, BODY_BYTES_MAX] {
        let body = counted(length);
        let framed = [
            [with_length("/long", length), body.clone()].concat(),
            chunked("/long", &body, 5),
            chunked("/long", &body, 70_000),
            chunked("/long", &body, length.max(1)),
        ];
        for request in framed {
            let answer = exchange(&mut kept, request);
            assert_eq!(answer.status, 200);
            assert!(answer.body == body, "{} of {length} bytes came back", answer.body.len());
        }
    }
    // Two at once on one connection: the second begins right where the first ends.
    let body = counted(150_000);
    let two = [with_length("/long", body.len()), body.clone(), chunked("/long", &body, 999)].concat();
    let answers = wire::exchange(&base(&server), &two);
    assert!(answers.len() == 2 && answers.iter().all(|answer| answer.body == body));
    server.stop();
}

#[test]
fn how_long_a_body_may_be_is_said_by_the_application() {
    let server = serve(echo);
    for (path, most) in [("/long", BODY_BYTES_MAX), ("/", 1000)] {
        let body = counted(most + 1);
        for request in [with_length(path, most + 1), chunked(path, &body, 60_000), chunked(path, &body, 7)] {
            let mut stream = wire::connect(&base(&server));
            let answer = exchange(&mut stream, request);
            assert_eq!((answer.status, answer.body.as_slice()), (413, &b"body_too_large"[..]));
            assert_eq!(answer.header("Connection"), Some("close"));
        }
        assert_eq!(wire::exchange_one(&base(&server), &chunked(path, &body[1..], 60_000)).status, 200);
    }
    server.stop();
}

#[test]
fn only_so_many_long_bodies_are_kept_at_once_and_others_hold_up_nobody() {
    let server = serve(echo);
    let body = counted(1_000_000);
    let begun = |count: usize| -> Vec<TcpStream> {
        let streams = (0..count).map(|_| wire::connect(&base(&server)));
        streams
            .map(|mut stream| {
                stream.write_all(&with_length("/long", body.len())).unwrap();
                stream.write_all(&body[..100_000]).unwrap();
                stream
            })
            .collect()
    };
    let mut streams = begun(8);
    let whole = [with_length("/long", body.len()), body.clone()].concat();
    let deadline = Instant::now() + Duration::from_secs(10);
    // As soon as all eight have arrived that far.
    while exchange(&mut wire::connect(&base(&server)), whole.clone()).status != 503 {
        assert!(Instant::now() < deadline, "there is no limit");
    }
    let short = [with_length("/long", 5), b"short".to_vec()].concat();
    assert_eq!(wire::exchange_one(&base(&server), &short).body, b"short");
    // A client that goes away gives its place back, and so does an answer.
    streams.pop();
    for stream in &mut streams {
        stream.write_all(&body[100_000..]).unwrap();
        assert!(wire::read_answer(stream).body == body);
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut again = begun(7);
    while exchange(&mut wire::connect(&base(&server)), whole.clone()).status != 200 {
        assert!(Instant::now() < deadline, "a place is never given back");
    }
    for stream in &mut again {
        stream.write_all(&body[100_000..]).unwrap();
        assert!(wire::read_answer(stream).body == body);
    }
    server.stop();
}

/// A file with these bytes that has no name any more.
fn file_of(bytes: &[u8]) -> File {
    let name = format!("{}-{}", crate::fixtures::unique("storekeeper-answer"), std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::write(&path, bytes).unwrap();
    let file = File::open(&path).unwrap();
    fs::remove_file(path).unwrap();
    file
}

#[test]
fn an_answer_may_be_a_file_or_bytes_that_are_shared() {
    const SHARED: &[u8] = &[7; 300_000];
    let server = serve(|request| match request.raw_url() {
        "/file" => {
            Response { data: ResponseBody::from_file(file_of(&counted(1_000_000))), ..Response::text("") }
        }
        "/empty" => Response { data: ResponseBody::from_file(file_of(b"")), ..Response::text("") },
        "/unsized" => Response { data: ResponseBody::from_reader(Cursor::new(SHARED)), ..Response::text("") },
        _ => {
            Response { data: ResponseBody::from_reader_and_size(SHARED, SHARED.len()), ..Response::text("") }
        }
    });
    let mut kept = wire::connect(&base(&server));
    let whole = counted(1_000_000);
    let expected = [("/file", &whole[..]), ("/empty", b""), ("/unsized", SHARED), ("/shared", SHARED)];
    for (path, body) in expected.into_iter().chain(expected) {
        write!(kept, "GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
        let answer = wire::read_answer(&mut kept);
        assert!(answer.body == body, "{path}: {} bytes", answer.body.len());
        write!(kept, "HEAD {path} HTTP/1.1\r\nHost: shop\r\nX-Then: nothing\r\n\r\n").unwrap();
        let mut head = Vec::new();
        while wire::parse_answer_head(&head).is_none() {
            let mut byte = [0];
            kept.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let (answer, _) = wire::parse_answer_head(&head).unwrap();
        assert_eq!(answer.header("Content-Length"), Some(body.len().to_string().as_str()), "{path}");
    }
    server.stop();
}

#[test]
fn a_body_that_is_shorter_than_it_was_said_to_be_ends_the_connection() {
    let server = serve(|request| {
        let length = if request.raw_url() == "/long" { 200_000 } else { 200 };
        let data = ResponseBody::from_reader_and_size(Cursor::new(vec![1; length]), length + 1);
        Response { data, ..Response::text("") }
    });
    for path in ["/long", "/"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n");
        // Whatever was sent next would be taken for the end of the body.
        let bytes = wire::exchange_bytes(&base(&server), request.repeat(2).as_bytes());
        let (answer, body) = wire::parse_answer_head(&bytes).expect("a head");
        let said: usize = answer.header("Content-Length").unwrap().parse().unwrap();
        assert_eq!(body.len(), said - 1);
        assert!(body.iter().all(|byte| *byte == 1));
    }
    server.stop();
}

/// However many of one network's reads last for ever, one of another's is answered.
#[test]
fn a_network_that_fills_its_places_leaves_one_for_the_others() {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let held = gate.clone();
    let handle = move |request: &Request| {
        if request.raw_url() == "/dear" {
            let (open, opened) = &*held;
            let _open = opened.wait_while(open.lock().unwrap(), |open| !*open).unwrap();
        }
        Response::text(request.header("X-From").unwrap_or("nobody"))
    };
    let application = Application {
        handle: Box::new(move |request, _| handle(request)),
        refuse: Box::new(|problem, _| {
            Response::text(problem.kind.code).with_status_code(problem.kind.status)
        }),
        needs: Box::new(|_, _| Needs { lane: Lane::Read, body_bytes: 0, body_in_file: false }),
        client: Box::new(|request| request.header("X-From").unwrap().parse().unwrap()),
    };
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap(), 0o600).expect("a free port");
    let limits = Limits {
        connections: 100,
        connections_per_address: 100,
        behind_proxy: false,
        database_connections: 6,
        reads: 3,
    };
    let server = http::start(listener, limits, application).expect("the server");
    let send = |path: &str, from: &str| {
        let mut stream = wire::connect(&base(&server));
        write!(stream, "GET {path} HTTP/1.1\r\nHost: shop\r\nX-From: {from}\r\n\r\n").unwrap();
        stream
    };
    let dear: Vec<TcpStream> = (0..20).map(|_| send("/dear", "192.0.2.1")).collect();
    // Also one that comes later, and one after the other.
    for from in ["192.0.2.2", "2001:db8::1", "192.0.2.2"] {
        assert_eq!(wire::read_answer(&mut send("/", from)).body, from.as_bytes());
    }
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    for mut stream in dear {
        assert_eq!(wire::read_answer(&mut stream).body, b"192.0.2.1");
    }
    server.stop();
}
