//! Servers that lie about their answers.

use super::{Server, execute, grants, printed, program, said};
use crate::network::tls::Authority;

const GET: &str = "console.log(await tried(() => text(BASE)));";

#[test]
fn f7_answers_that_can_be_read_in_two_ways_are_refused() {
    for (answer, why) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            "in one way",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "in one way"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi", "no number"),
        ("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi", "no number"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi", "no number"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhi", "no number"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "encoding is not known"),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "encoding is not known"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", "ends too early"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", "ends too early"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "ends too early"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiho\r\n0\r\n\r\n", "longer than it says"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhi", "has no length"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhi", "has no length"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno header\r\n\r\n", "after its body is wrong"),
        ("HTTP/1.1 200 OK\r\nX : 1\r\n\r\n", "no answer of HTTP/1"),
        ("HTTP/1.1 200 OK\r\nX: 1\r\n folded\r\n\r\n", "no answer of HTTP/1"),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "status means nothing"),
        ("HTTP/1.1 099 Low\r\n\r\n", "status means nothing"),
        ("HTTP/2.0 200 OK\r\n\r\n", "no answer of HTTP/1"),
        ("SSH-2.0-x\r\n\r\n", "no answer of HTTP/1"),
        ("", "there is none"),
        ("HTTP/1.1 200", "there is none"),
    ] {
        let said = said(&Server::answering(answer), GET);
        assert!(
            said.starts_with("TypeError: fetch failed: the answer cannot be used: ") && said.contains(why),
            "{answer:?}: {said}"
        );
    }
    // The twins: what says it in one way, and what is not a part of it.
    for (answer, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\nmore", "hi"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1;x=y\r\nh\r\n01\r\ni\r\n0\r\nX: 1\r\n\r\nmore", "hi"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhi", "hi"),
        ("HTTP/1.0 200\r\n\r\nhi", "hi"),
        ("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello", ""),
    ] {
        assert_eq!(said(&Server::answering(answer), GET), format!("{body}\n"), "{answer:?}");
    }
}

#[test]
fn f7_an_answer_that_is_cut_off_under_tls_is_not_taken_for_whole() {
    let authority = Authority::new();
    for (answer, says_so, whole) in [
        ("HTTP/1.1 200 OK\r\n\r\nhalf of it", false, false),
        ("HTTP/1.1 200 OK\r\n\r\nall of it", true, true),
        // What says its end by itself needs nobody else to.
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall of it", false, true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nall of it\r\n0\r\n\r\n", false, true),
    ] {
        let server = authority.answering("127.0.0.1", answer, says_so);
        let network = grants(&server, |grants| grants.roots = vec![authority.file.path().to_owned()]);
        let code = "console.log(await tried(() => text(`https://127.0.0.1:${PORT}/`)));";
        let said = printed(&execute(program(server.port, code).network(network)));
        let expected = if whole { "all of it\n" } else { "it breaks off before the end of its encryption\n" };
        assert!(said.ends_with(expected), "{answer:?} {says_so}: {said}");
    }
}

#[test]
fn f7_heads_and_trailers_have_a_longest() {
    let lines = |count: usize, value: usize| {
        (0..count).map(|index| format!("X-{index}: {}\r\n", "x".repeat(value))).collect::<String>()
    };
    let with = |headers: String| Server::answering(format!("HTTP/1.1 200 OK\r\n{headers}\r\nhi"));
    let after = |trailers: String| {
        Server::answering(format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n{trailers}\r\n"
        ))
    };
    for (server, why) in [
        (with(lines(100_000, 1)), "head is too long"),
        (with(lines(1, 128 << 10)), "head is too long"),
        (with(lines(257, 1)), "too many headers"),
        (with("HTTP/1.1 103 Early\r\n\r\n".repeat(10_000)), "no answer"),
        (after(lines(100_000, 1)), "after its body is too long"),
        (after(lines(1, 17 << 10)), "after its body is too long"),
        (after(lines(257, 1)), "after its body is wrong"),
    ] {
        let said = said(&server, GET);
        assert!(said.contains(why), "{why}: {said}");
    }
    let early = Server::answering("HTTP/1.1 103 Early\r\n\r\n".repeat(10_000) + "HTTP/1.1 200 OK\r\n\r\nhi");
    assert!(said(&early, GET).contains("head is too long"));
    for server in [with(lines(256, 100)), with(lines(1, 60 << 10)), after(lines(200, 50))] {
        assert_eq!(said(&server, GET), "hi\n");
    }
}

#[test]
fn f10_compressed_answers_stay_as_they_are() {
    // A kilobyte of gzip that would be a megabyte: nobody takes it apart, here or in the guest.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![0; 1 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len());
    let server = Server::answering([head.as_bytes(), &bomb].concat());
    let code = "const bytes = await (await fetch(BASE)).bytes(); console.log(bytes.length, bytes[0], bytes[1]);";
    assert_eq!(said(&server, code), format!("{} 31 139\n", bomb.len()));
    assert!(!server.heard()[0].contains("encoding"), "none is asked for");
}
