//! What is read of answers, and what is said in requests.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use wasm_sandbox_policy::NetworkHost;

use super::{
    answer::{self, Parsed},
    body::{Next, ends},
    request::MAX_HEADERS,
    *,
};

fn asked<'a>(method: &'a str, target: &'a str, headers: &[(&'a str, &'a [u8])]) -> HttpRequest<'a> {
    let headers = headers.to_vec();
    HttpRequest { method, encrypted: false, host: "a.com", port: 80, target, headers, body: RequestBody::None }
}

#[test]
fn f7_a_request_that_cannot_be_said_in_one_way_is_refused() {
    let good = |headers: &[(&str, &[u8])]| asked("GET", "/", headers).check();
    assert!(good(&[("X-One", b"a\tb \xff"), ("accept", b"")]).is_ok());
    for bad in ["", "a b", "a:", "a\r\nb", "é", "a\0"] {
        assert!(good(&[(bad, b"1")]).is_err(), "{bad:?}");
        assert!(asked(bad, "/", &[]).check().is_err(), "{bad:?}");
    }
    for bad in ["a\r\nX: b", "a\n", "a\r", "\0", "\x7f"] {
        assert!(good(&[("X", bad.as_bytes())]).is_err(), "{bad:?}");
    }
    for ours in ["Host", "CONNECTION", "te", "Trailer", "proxy-authorization", "content-length", "transfer-encoding"] {
        assert!(good(&[(ours, b"1")]).unwrap_err().message.contains("not the guest's"), "{ours}");
    }
    for bad in ["", "x", "http://a.com/", "/a b", "/\r\n", "/\0", "/é", "*"] {
        assert!(asked("GET", bad, &[]).check().is_err(), "{bad:?}");
    }
    assert!(asked("CONNECT", "/", &[]).check().is_err() && asked(&"M".repeat(32), "/", &[]).check().is_err());
    assert!(good(&vec![("x", b"1".as_slice()); MAX_HEADERS]).is_ok());
    assert!(good(&vec![("x", b"1".as_slice()); MAX_HEADERS + 1]).is_err());
    assert!(good(&[("x", &[b'x'; 65 << 10])]).is_err());
}

#[test]
fn a_request_names_the_host_that_was_dialled() {
    for (host, encrypted, port, said) in [
        ("A.com", false, 80, "a.com"),
        ("a.com", true, 80, "a.com:80"),
        ("a.com", true, 443, "a.com"),
        ("::1", true, 8443, "[::1]:8443"),
    ] {
        let request = HttpRequest { encrypted, port, ..asked("POST", "/x?y", &[("a", b"b")]) };
        let sent = Sent::new(&request, &host.parse::<NetworkHost>().unwrap(), Vec::new());
        let expected =
            format!("POST /x?y HTTP/1.1\r\nHost: {said}\r\na: b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assert_eq!(String::from_utf8_lossy(sent.ready()), expected);
    }
}

#[test]
fn f7_a_body_is_as_long_as_was_said() {
    let sent =
        |body| Sent::new(&HttpRequest { body, ..asked("POST", "/", &[]) }, &"a.com".parse().unwrap(), Vec::new());
    let mut three = sent(RequestBody::Exactly(3));
    assert_eq!(
        (three.take(b"ab"), three.end(&HeaderMap::new()).is_err(), three.take(b"cd").is_err()),
        (Ok(2), true, true)
    );
    assert_eq!((three.take(b"c"), three.end(&HeaderMap::new()), three.take(b"d").is_err()), (Ok(1), Ok(()), true));
    assert!(sent(RequestBody::None).take(b"a").is_err());
    let mut chunks = sent(RequestBody::Unknown);
    chunks.went(chunks.ready().len());
    assert_eq!(chunks.take(b""), Ok(0));
    assert_eq!(
        (chunks.take(b"0123456789abcdef"), chunks.end(&HeaderMap::new()), chunks.end(&HeaderMap::new())),
        (Ok(16), Ok(()), Ok(()))
    );
    assert_eq!(chunks.ready(), b"10\r\n0123456789abcdef\r\n0\r\n\r\n");
    // No more waits than is sent at once.
    assert_eq!(sent(RequestBody::Unknown).take(&vec![0; 1 << 20]), Ok(64 << 10));
}

/// What is read of an answer that comes in pieces of such a size: the body, or why there is none.
fn read(answer: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
    let (mut input, mut looked, mut before, mut body, mut content) = (Vec::new(), 0, 0, None, Vec::new());
    let mut pieces = answer.chunks(size);
    loop {
        let more = match &mut body {
            None => match answer::parse(&input, &mut looked, before, false)? {
                Parsed::Head(_, found, len) => {
                    body = Some(found);
                    input.drain(..len);
                    looked = 0;
                    false
                }
                Parsed::NotYet(len) => {
                    input.drain(..len);
                    (before, looked) = (before + len, 0);
                    false
                }
                Parsed::More => true,
            },
            Some(body) => match body.next(&input, &mut looked)? {
                Next::End => return Ok(content),
                Next::Skip(len) | Next::Trailers(len, _) => {
                    input.drain(..len);
                    looked = 0;
                    false
                }
                Next::Content(most) => {
                    let len = usize::try_from(most).unwrap_or(usize::MAX).min(input.len());
                    if len > 0 {
                        content.extend(input.drain(..len));
                        body.took(len)?;
                    }
                    len == 0
                }
                Next::More => true,
            },
        };
        if more {
            match (pieces.next(), &mut body) {
                (Some(piece), _) => input.extend(piece),
                (None, Some(body)) => {
                    body.took(0)?;
                    return Ok(content);
                }
                (None, None) => return Err("there is none"),
            }
        }
    }
}

#[test]
fn answers_are_the_same_in_pieces_of_every_size() {
    for (answer, said) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello more", Ok("hello")),
        ("HTTP/1.1 200 OK\n\nhello", Ok("hello")),
        (
            "HTTP/1.1 103 E\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nhell\r\n1\r\no\r\n0\r\nT: 1\r\nU: 2\r\n\r\n",
            Ok("hello"),
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Ok("")),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", Err("a chunk is longer than it says")),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", Err("it ends too early")),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello", Err("its length is no number")),
        ("nonsense\r\n\r\n", Err("it is no answer of HTTP/1")),
    ] {
        for size in 1..=answer.len() {
            let read = read(answer.as_bytes(), size);
            assert_eq!(read, said.map(|body| body.as_bytes().to_vec()), "{answer:?} in {size}");
        }
    }
}

#[test]
fn f10_nothing_is_looked_at_twice() {
    let head = b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\n";
    let mut looked = 0;
    for len in 0..head.len() {
        assert!(!ends(&head[..len], &mut looked), "{len}");
        assert_eq!(looked, len);
    }
    assert!(ends(head, &mut looked));
    assert_eq!(looked, head.len());
}
