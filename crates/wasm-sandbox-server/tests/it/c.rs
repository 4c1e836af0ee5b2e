//! Handlers in C, by `wasm_sandbox_http.h`.

use wasm_sandbox::{Ending, TrapKind};

use super::*;

fn served() -> Served {
    Served::of(Guest::C, |builder| builder.timeout(60.seconds()), |_| {})
}

#[test]
fn a_handler_is_no_program_and_no_function() {
    let mut sandbox = Guest::C.added_to(WasmSandbox::builder()).build_blocking().unwrap();
    let module = sandbox.module().unwrap();
    assert!(module.is_http_handler() && !module.is_program() && module.functions().unwrap().next().is_none());
    assert_eq!(module.left_out().unwrap()[0].name, "wasm_sandbox_http_handle");
    let called = sandbox.call::<_, ()>("wasm_sandbox_http_handle", ()).unwrap_err();
    for error in [sandbox.execute([""; 0]).unwrap_err(), called] {
        assert!(error.to_string().contains("it answers HTTP requests"), "{error}");
    }
    let lacking = Source::code(Language::C, "#include <wasm_sandbox_http.h>");
    let error =
        WasmSandbox::builder().setup(installed(Language::C)).source(lacking).build_blocking().map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("undefined symbol: wasm_sandbox_http_handle"), "{error}");
}

#[test]
fn a_handler_sees_the_request() {
    let server = served();
    let mut client = server.connect();
    client.say(
        b"GET /told/a%20b?c=%20d?e HTTP/1.1\r\nHost: guest.test:81\r\nX-Many: a\r\nX-Many: b\"\\\r\nX-Latin: \xe9\xff\r\n\
         Proxy-Authorization: secret\r\n\r\n",
    );
    let expected =
        b"GET http guest.test:81 /told/a%20b c=%20d?e -\nx-many: a\nx-many: b\"\\\nx-latin: \xe9\xff\n\xe9\xff\n";
    let found = client.reply().body;
    assert_eq!(found, expected, "{}", String::from_utf8_lossy(&found));
}

#[test]
fn an_answer_has_the_fields_that_the_handler_says() {
    let server = served();
    let fields = server.get("/field?5").head;
    assert!(fields.contains("x-latin: \u{fffd}\r\n") && fields.contains("x-quoted: a\"\\b\r\n"), "{fields}");
    assert!(fields.contains("content-length: 6\r\n") && !fields.contains("connection"), "{fields}");
    // More than is kept back.
    let parts: String = (0..4000).map(|part| format!("{part},")).collect();
    let reply = server.get("/parts");
    assert!(reply.whole && reply.text() == parts, "{}", reply.head);
}

/// F7: the end of a line in a field is refused.
#[test]
fn f7_what_cannot_be_said_is_not_answered() {
    let server = served();
    for (path, why) in [("/field", "the field `x-query` is none"), ("/status?999", "999 is no status of an answer")] {
        let reply = server.get(path);
        assert_eq!((reply.status, reply.text().as_str()), (500, "function\n"), "{path}");
        let Ending::Exception { message, .. } = server.entry().result.unwrap().ending else { panic!("{path}") };
        assert_eq!(message, why);
    }
}

#[test]
fn what_goes_wrong_in_a_handler_is_in_the_record_and_not_in_the_answer() {
    let server = served();
    assert_eq!(
        (server.get("/nothing").status, server.get("/trap").status, server.get("/exit").status),
        (500, 500, 500)
    );
    let ending = |server: &Served| server.entry().result.unwrap().ending;
    let silent = Ending::Exception { name: "Error".to_owned(), message: "the handler has answered nothing".to_owned() };
    assert_eq!(ending(&server), silent);
    let trapped = server.entry().result.unwrap();
    assert_eq!(trapped.stderr.text(), "error: no answer\n");
    assert!(matches!(trapped.ending, Ending::Trap(trap) if trap.reason == TrapKind::Unreachable));
    assert_eq!(ending(&server), Ending::Exit { code: 3 });
    // Where the answer had begun, it breaks off, and what the handler says then is too late.
    for (path, is_whole) in [("/late", true), ("/late?abort", false)] {
        let late = server.get(path);
        assert_eq!((late.status, late.text().as_str(), late.whole), (200, "some\n", is_whole));
        assert!(!late.head.contains("x-late"), "{}", late.head);
    }
}
