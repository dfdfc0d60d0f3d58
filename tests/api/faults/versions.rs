//! Every operation that writes looks at `If-Match` before it does anything.

use super::operations::OPERATIONS;
use super::operations::SentAgain::{Gone, Replayed, Run, Same, Twice};
use super::{Books, Frail};

const OLD: &str = "\"0123456789abcdef0123456789abcdef\"";

#[test]
fn no_operation_does_anything_to_another_version_than_was_named() {
    let frail = Frail::open("4");
    let mut books = Books::open(&frail.shop);
    for operation in OPERATIONS {
        let name = format!("{} {}", operation.method, operation.path);
        let call = (operation.prepare)(&frail);
        let ready = books.rows();
        for stale in [OLD, "\"0123\"", "0123", "", "\"*\"", "\"a,*,b\"", "W/\"0123\", \"4567\""] {
            let refused = frail.send_with(&call, &[("If-Match", stale)]);
            let refused = refused.expect_problem(412, "precondition_failed");
            let is_of_one = operation.path.contains("{id}") || operation.path.ends_with("/current");
            assert_eq!(refused.header("ETag").is_some(), is_of_one, "{name}");
            assert_eq!(books.rows(), ready, "{name} with {stale:?}");
        }
        // The version that there is, among others, on two lines.
        let now = frail.send_with(&call, &[("If-Match", OLD)]);
        let now = now.header("ETag").map_or("*".to_owned(), |etag| format!("W/{etag} ,\t\"4567\""));
        let named = [("If-Match", OLD), ("If-Match", &*now)];
        let named = if now == "*" { &named[1..] } else { &named[..] };
        let done = frail.send_with(&call, named);
        assert!([200, 201, 204].contains(&done.status), "{name}: {}", done.text);
        let done_rows = books.rows();
        let again = frail.send_with(&call, named);
        match operation.sent_again {
            // The stored answer comes before the version, which is another one by now.
            Replayed | Run => {
                assert_eq!(again.header("Idempotency-Replayed"), Some("true"), "{name}: {}", again.text);
                assert_eq!(again.text, done.text, "{name}");
                assert_eq!(books.rows(), done_rows, "{name}");
            }
            Gone => assert!([401, 404].contains(&again.status), "{name}: {}", again.text),
            Same | Twice => {}
        }
    }
}
