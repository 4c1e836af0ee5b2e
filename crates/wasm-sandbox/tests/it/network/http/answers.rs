//! Servers that lie about their answers, or take their time.

use std::io::Read;

use super::*;
use crate::network::tls::Authority;

#[test]
fn f7_answers_that_can_be_read_in_two_ways_are_refused() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "SSH-2.0-x\r\n\r\n",
        "",
        "HTTP/1.1 200",
    ] {
        let server = Server::answering(answer);
        assert_eq!(said(&server, &["get", &url(&server)]), "ErrorCode::HttpProtocolError\n", "{answer:?}");
    }
    for (answer, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "hi"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", "hi"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "hi"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiho\r\n0\r\n\r\n", "hi"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nno header\r\n\r\n", "hi"),
    ] {
        let server = Server::answering(answer);
        let expected = format!("200 {body} Some(ErrorCode::HttpResponseIncomplete)\n");
        assert_eq!(said(&server, &["get", &url(&server)]), expected, "{answer:?}");
    }
    // The twins: what says it in one way, and what is not a part of it.
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\nmore",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\nh\r\n01\r\ni\r\n0\r\nX: 1\r\n\r\nmore",
        "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhi",
    ] {
        let server = Server::answering(answer);
        assert_eq!(said(&server, &["get", &url(&server)]), "200 hi\n", "{answer:?}");
    }
}

#[test]
fn f7_an_answer_that_is_cut_off_under_tls_is_not_taken_for_whole() {
    let authority = Authority::new();
    let told = |says_so| {
        let server = authority.answering("127.0.0.1", "HTTP/1.1 200 OK\r\n\r\nhello", says_so);
        let roots = vec![authority.file.path().to_owned()];
        printed(&with(&server, &["get", &format!("https://{}/", server.rule())], |grants| grants.roots = roots))
    };
    assert_eq!(told(false), "200 hello Some(ErrorCode::HttpResponseIncomplete)\n");
    assert_eq!(told(true), "200 hello\n");
}

#[test]
fn f7_heads_and_trailers_have_a_longest() {
    let lines = |count: usize, value: usize| {
        (0..count).map(|index| format!("X-{index}: {}\r\n", "x".repeat(value))).collect::<String>()
    };
    let with = |headers: String| Server::answering(format!("HTTP/1.1 200 OK\r\n{headers}\r\nhi"));
    let long = "ErrorCode::HttpResponseHeaderSectionSize(None)\n";
    for (server, code) in [
        (with(lines(100_000, 1)), long),
        (with(lines(1, 128 << 10)), long),
        (with(lines(257, 1)), "ErrorCode::HttpProtocolError\n"),
    ] {
        assert_eq!(said(&server, &["get", &url(&server)]), code);
    }
    for server in [with(lines(256, 100)), with(lines(1, 60 << 10))] {
        assert_eq!(said(&server, &["get", &url(&server)]), "200 hi\n");
    }
    let behind = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n";
    let server = Server::answering(format!("{behind}{}\r\n", lines(100_000, 1)));
    assert_eq!(said(&server, &["get", &url(&server)]), "200 hi Some(ErrorCode::HttpResponseIncomplete)\n");
    let server = Server::answering(format!("{behind}{}\r\n", lines(200, 50)));
    assert_eq!(said(&server, &["get", &url(&server)]), "200 hi\n");
}

#[test]
fn f10_an_answer_that_does_not_wait_for_the_request_is_read() {
    let server = Server::new(|mut stream, _| {
        head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno");
        // Until the guest has gone.
        let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(60)));
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let said = said(&server, &["early", &url(&server), "16000000"]);
    assert!(said.ends_with("413 no\n"), "{said}");
}

/// Says a beginning, and nothing more until the guest has gone.
fn begins(beginning: &'static str) -> Server {
    Server::new(move |mut stream, _| {
        head(&mut stream);
        let _ = stream.write_all(beginning.as_bytes());
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    })
}

#[test]
fn f10_f11_a_guest_that_waits_says_for_how_long() {
    let (silent, half) = (begins(""), begins("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    let times = |server: &Server, times: [&str; 3]| said(server, &[&["times", &url(server)], &times[..]].concat());
    let (most, moment) = (u64::MAX.to_string(), "20000000");
    assert_eq!(times(&silent, ["0", "-", "-"]), "ErrorCode::ConnectionTimeout\n");
    for first in ["0", "1", moment] {
        assert_eq!(times(&silent, ["-", first, &most]), "ErrorCode::ConnectionReadTimeout\n", "{first}");
    }
    for between in ["0", "1", moment] {
        let said = times(&half, [&most, &most, between]);
        assert!(said.starts_with("200 ") && said.ends_with(" Some(ErrorCode::ConnectionReadTimeout)\n"), "{said}");
    }
    // For ever is until the guest's time is up, or the connection's.
    let arguments = ["times", &url(&silent), &most, &most, &most].map(str::to_owned);
    let arguments = arguments.each_ref().map(String::as_str);
    let ended = run(client().network_allow(&silent.rule()).timeout(std::time::Duration::from_millis(500)), &arguments);
    assert_eq!(limit(&ended), ResourceKind::WallTime);
    let closed = with(&silent, &arguments, |grants| grants.connection_time = std::time::Duration::from_secs(1));
    assert_eq!(printed(&closed), "ErrorCode::ConnectionReadTimeout\n");
    // The twin: what has all the time there is, and needs none of it.
    let server = Server::hello();
    assert_eq!(times(&server, [&most, &most, &most]), "200 hello\n");
}

#[test]
fn f10_a_server_that_trickles_is_heard_to_its_end() {
    let server = Server::new(|mut stream, _| {
        head(&mut stream);
        for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhi\r\n0\r\nX: 1\r\n\r\n" {
            stream.write_all(&[*byte]).unwrap();
        }
    });
    assert_eq!(said(&server, &["get", &url(&server)]), "200 hi\n");
}

#[test]
fn what_is_said_after_the_answer_has_begun_goes_out() {
    let server = Server::new(|mut stream, _| {
        head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        let mut said = [0; 10];
        stream.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"5\r\nhello\r\n");
        let _ = stream.write_all(b"heard");
        stream.read_exact(&mut said[..5]).unwrap();
        let _ = stream.write_all(&said[..5]);
    });
    assert_eq!(said(&server, &["talk", &url(&server)]), "heard\n0\r\n\r\n\n");
}

#[test]
fn an_answer_that_is_dropped_lets_its_connection_go() {
    let gone = Arc::new((Mutex::new(false), Condvar::new()));
    let told = Arc::clone(&gone);
    let server = Server::new(move |mut stream, _| {
        head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nbegun");
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        *told.0.lock().unwrap() = true;
        told.1.notify_all();
    });
    let sandbox = client().network_allow(&server.rule()).build_blocking().unwrap();
    let guest = sandbox.cancel_handle();
    std::thread::spawn(move || {
        drop(gone.1.wait_while(gone.0.lock().unwrap(), |gone| !*gone).unwrap());
        guest.cancel();
    });
    assert_eq!(sandbox.execute(["let_go", &url(&server)]).unwrap().ending, Ending::Cancel);
}
