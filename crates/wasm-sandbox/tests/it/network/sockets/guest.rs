//! A client: what it does is its first argument, and what came of it is what it prints.

use std::{
    env,
    fmt::Debug,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket},
    time::{Duration, Instant},
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let rest: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    match (arguments[0].as_str(), &rest[..]) {
        ("connect", places) => {
            places.iter().for_each(|place| told(TcpStream::connect(place).and_then(|stream| stream.peer_addr())))
        }
        ("resolve", names) => names.iter().for_each(|name| {
            told((*name, 80).to_socket_addrs().map(|found| found.map(|one| one.ip()).collect::<Vec<_>>()))
        }),
        ("get", [host, port]) => get(host, port.parse().unwrap()),
        ("timeouts", [place]) => timeouts(place),
        ("half", [place]) => half(place),
        ("listen", [place]) => listen(place),
        ("keep", [place, count]) => keep(place, count.parse().unwrap()),
        ("again", [place, count]) => (0..count.parse().unwrap()).for_each(|_| told(TcpStream::connect(place).map(|_| ()))),
        ("send", [place, bytes]) => {
            told(TcpStream::connect(place).and_then(|mut stream| stream.write_all(&vec![7; bytes.parse().unwrap()])))
        }
        ("receive", [place]) => {
            told(TcpStream::connect(place).and_then(|mut stream| io::copy(&mut stream, &mut io::sink())))
        }
        ("options", [place]) => options(place),
        ("datagrams", [place, other]) => datagrams(place, other),
        ("bind", places) => places.iter().for_each(|place| told(UdpSocket::bind(place).map(|_| ()))),
        ("ask", [name, port]) => told(UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
            let port: u16 = port.parse().unwrap();
            socket.connect((*name, port))?;
            let sent = socket.send(b"hello")?;
            let mut room = [0; 9];
            let received = socket.recv(&mut room)?;
            Ok((sent, String::from_utf8_lossy(&room[..received]).into_owned(), socket.peer_addr()?.port() == port))
        })),
        ("flood", [place, count, bytes]) => {
            let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
            let bytes = vec![7; bytes.parse().unwrap()];
            (0..count.parse().unwrap()).for_each(|_| told(socket.send_to(&bytes, place)));
        }
        ("bound again", [count]) => {
            (0..count.parse().unwrap()).for_each(|_| told(UdpSocket::bind("0.0.0.0:0").map(|_| ())))
        }
        ("strangers", [place]) => strangers(place),
        ("many", [place, count]) => {
            let bound = |_| UdpSocket::bind("0.0.0.0:0").map_err(|error| error.raw_os_error());
            let mut kept: Vec<_> = (0..count.parse().unwrap()).map(bound).collect();
            println!("{:?}", kept.iter().filter_map(|one| one.as_ref().err()).collect::<Vec<_>>());
            told(kept.remove(0).unwrap().send_to(b"x", place));
        }
        (other, rest) => raw::run(other, rest),
    }
}

/// One socket with no other side, which is then given one.
fn datagrams(place: &str, other: &str) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    println!("{}", socket.local_addr().unwrap().port() > 0);
    told(socket.send_to(b"one", place));
    let mut room = [0; 99];
    let (len, from) = socket.recv_from(&mut room).unwrap();
    println!("{} {from}", String::from_utf8_lossy(&room[..len]));
    told(socket.send_to(b"no", other));
    told(socket.connect(other));
    told(socket.connect(place));
    told(socket.send(b""));
    told(socket.recv(&mut room));
    told(socket.send(&vec![0; 65_507]));
    told(socket.recv(&mut vec![0; 65_507]));
    told(socket.send(&vec![0; 65_508]));
    socket.set_nonblocking(true).unwrap();
    told(socket.recv(&mut room));
}

/// Tells the other side where to find it by itself, and waits for what comes.
fn strangers(place: &str) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    socket.send_to(port.to_string().as_bytes(), place).unwrap();
    let mut room = [0; 99];
    let (len, from) = socket.recv_from(&mut room).unwrap();
    println!("{} {}", String::from_utf8_lossy(&room[..len]), from.to_string() == place);
}

/// Prints how an act ended.
fn told<T: Debug>(outcome: io::Result<T>) {
    match outcome {
        Ok(value) => println!("{value:?}"),
        Err(error) => println!("{:?}", error.kind()),
    }
}

fn get(host: &str, port: u16) {
    let answer = TcpStream::connect((host, port)).and_then(|mut stream| {
        stream.set_nodelay(true)?;
        println!("{} {}", stream.local_addr()?.ip(), stream.peer_addr()?);
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
        stream.flush()?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text.lines().last().unwrap_or_default().to_owned())
    });
    told(answer);
}

fn timeouts(place: &str) {
    let place: SocketAddr = place.parse().unwrap();
    let mut stream = TcpStream::connect_timeout(&place, Duration::from_secs(60)).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let began = Instant::now();
    told(stream.read(&mut [0; 9]));
    println!("{}", began.elapsed() >= Duration::from_millis(20));
    stream.set_nonblocking(true).unwrap();
    told(stream.read(&mut [0; 9]));
    told(stream.write(b"x"));
}

/// Ends one direction and then the other.
fn half(place: &str) {
    let mut stream = TcpStream::connect(place).unwrap();
    stream.write_all(b"said").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    println!("{}", stream.write(b"more").is_err());
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    println!("{text}");
    let mut stream = TcpStream::connect(place).unwrap();
    stream.shutdown(Shutdown::Read).unwrap();
    told(stream.read(&mut [0; 9]));
}

fn listen(place: &str) {
    unsafe extern "C" {
        fn socket(family: i32, kind: i32, protocol: i32) -> i32;
        fn listen(socket: i32, backlog: i32) -> i32;
    }
    told(TcpListener::bind("127.0.0.1:0").map(|_| ()));
    told(TcpListener::bind("[::]:8080").map(|_| ()));
    let result = unsafe { listen(socket(1, 6, 0), 1) };
    told(if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) });
    told(TcpStream::connect(place).and_then(|stream| stream.peer_addr()));
}

/// Connections that stay open, then one less.
fn keep(place: &str, count: usize) {
    let mut kept: Vec<_> = (0..count).map(|_| TcpStream::connect(place).map_err(|error| error.raw_os_error())).collect();
    println!("{:?}", kept.iter().filter_map(|one| one.as_ref().err()).collect::<Vec<_>>());
    kept.remove(0).unwrap();
    told(TcpStream::connect(place).map(|_| ()));
}

fn options(place: &str) {
    let stream = TcpStream::connect(place).unwrap();
    told(stream.ttl());
    told(stream.set_ttl(9));
    told(stream.ttl());
    told(stream.set_ttl(0));
    told(stream.take_error().map(|error| error.is_none()));
}

/// Calls as no library makes them.
mod raw {
    macro_rules! imports {
        ($($module:literal { $($name:literal $function:ident($($parameter:ident: $type:ty),*) $(-> $result:ty)?;)* })*) => {
            $(#[link(wasm_import_module = $module)]
            unsafe extern "C" {
                $(#[link_name = $name] fn $function($($parameter: $type),*) $(-> $result)?;)*
            })*
        };
    }

    imports! {
        "wasi:io/poll@0.2.6" {
            "[method]pollable.ready" ready(pollable: i32) -> i32;
            "[method]pollable.block" block(pollable: i32);
            "poll" poll(list: *const i32, len: usize, out: *mut [usize; 2]);
        }
        "wasi:io/streams@0.2.6" {
            "[method]input-stream.blocking-read" blocking_read(stream: i32, len: u64, out: *mut [u32; 4]);
            "[method]input-stream.read" read(stream: i32, len: u64, out: *mut [u32; 4]);
            "[method]input-stream.subscribe" readable(stream: i32) -> i32;
            "[method]output-stream.blocking-write-and-flush" blocking_write(
                stream: i32, bytes: *const u8, len: usize, out: *mut [u32; 3]
            );
            "[method]output-stream.check-write" check_write(stream: i32, out: *mut [u64; 2]);
            "[method]output-stream.subscribe" writable(stream: i32) -> i32;
        }
        "wasi:clocks/monotonic-clock@0.2.6" {
            "subscribe-duration" subscribe_duration(nanos: u64) -> i32;
        }
        "wasi:sockets/instance-network@0.2.0" { "instance-network" network() -> i32; }
        "wasi:sockets/ip-name-lookup@0.2.0" {
            "resolve-addresses" resolve(network: i32, name: *const u8, len: usize, out: *mut [i32; 2]);
            "[method]resolve-address-stream.resolve-next-address" next(lookup: i32, out: *mut [u8; 22]);
            "[method]resolve-address-stream.subscribe" resolved(lookup: i32) -> i32;
        }
        "wasi:sockets/udp-create-socket@0.2.0" { "create-udp-socket" create_udp(family: i32, out: *mut [i32; 2]); }
        "wasi:sockets/udp@0.2.0" {
            "[method]udp-socket.start-bind" start_bind(
                socket: i32, network: i32, family: i32, port: i32, a: i32, b: i32, c: i32, d: i32,
                e: i32, f: i32, g: i32, h: i32, i: i32, j: i32, out: *mut [u8; 2]
            );
            "[method]udp-socket.finish-bind" finish_bind(socket: i32, out: *mut [u8; 2]);
            "[method]udp-socket.stream" udp_stream(
                socket: i32, has: i32, family: i32, port: i32, a: i32, b: i32, c: i32, d: i32,
                e: i32, f: i32, g: i32, h: i32, i: i32, j: i32, out: *mut [i32; 3]
            );
            "[method]outgoing-datagram-stream.check-send" check_send(stream: i32, out: *mut [u64; 2]);
            "[method]outgoing-datagram-stream.subscribe" goes(stream: i32) -> i32;
            "[method]outgoing-datagram-stream.send" send(
                stream: i32, list: *const Datagram, len: usize, out: *mut [u64; 2]
            );
            "[method]incoming-datagram-stream.receive" receive(stream: i32, most: u64, out: *mut [usize; 3]);
            "[method]incoming-datagram-stream.subscribe" comes(stream: i32) -> i32;
            "[method]udp-socket.unicast-hop-limit" hops(socket: i32, out: *mut [u8; 2]);
            "[method]udp-socket.set-unicast-hop-limit" set_hops(socket: i32, value: i32, out: *mut [u8; 2]);
            "[method]udp-socket.receive-buffer-size" udp_receives(socket: i32, out: *mut [u64; 2]);
            "[method]udp-socket.set-receive-buffer-size" set_udp_receives(socket: i32, value: u64, out: *mut [u8; 2]);
            "[method]udp-socket.send-buffer-size" udp_sends(socket: i32, out: *mut [u64; 2]);
            "[method]udp-socket.set-send-buffer-size" set_udp_sends(socket: i32, value: u64, out: *mut [u8; 2]);
            "[resource-drop]udp-socket" drop_udp(socket: i32);
        }
        "wasi:sockets/tcp-create-socket@0.2.0" { "create-tcp-socket" create(family: i32, out: *mut [i32; 2]); }
        "wasi:sockets/tcp@0.2.0" {
            "[method]tcp-socket.start-connect" start_connect(
                socket: i32, network: i32, family: i32, port: i32, a: i32, b: i32, c: i32, d: i32,
                e: i32, f: i32, g: i32, h: i32, i: i32, j: i32, out: *mut [u8; 2]
            );
            "[method]tcp-socket.finish-connect" finish_connect(socket: i32, out: *mut [i32; 3]);
            "[method]tcp-socket.start-listen" start_listen(socket: i32, out: *mut [u8; 2]);
            "[method]tcp-socket.finish-listen" finish_listen(socket: i32, out: *mut [u8; 2]);
            "[method]tcp-socket.local-address" local_address(socket: i32, out: *mut [u32; 9]);
            "[method]tcp-socket.receive-buffer-size" buffer_size(socket: i32, out: *mut [u64; 2]);
            "[method]tcp-socket.set-receive-buffer-size" set_buffer_size(socket: i32, value: u64, out: *mut [u8; 2]);
            "[method]tcp-socket.send-buffer-size" sends(socket: i32, out: *mut [u64; 2]);
            "[method]tcp-socket.set-send-buffer-size" set_sends(socket: i32, value: u64, out: *mut [u8; 2]);
            "[method]tcp-socket.keep-alive-idle-time" idle(socket: i32, out: *mut [u64; 2]);
            "[method]tcp-socket.set-keep-alive-idle-time" set_idle(socket: i32, value: u64, out: *mut [u8; 2]);
            "[method]tcp-socket.keep-alive-interval" interval(socket: i32, out: *mut [u64; 2]);
            "[method]tcp-socket.set-keep-alive-interval" set_interval(socket: i32, value: u64, out: *mut [u8; 2]);
            "[method]tcp-socket.keep-alive-count" count(socket: i32, out: *mut [u32; 2]);
            "[method]tcp-socket.set-keep-alive-count" set_count(socket: i32, value: i32, out: *mut [u8; 2]);
            "[method]tcp-socket.keep-alive-enabled" alive(socket: i32, out: *mut [u8; 2]);
            "[method]tcp-socket.set-keep-alive-enabled" set_alive(socket: i32, value: i32, out: *mut [u8; 2]);
            "[method]tcp-socket.set-listen-backlog-size" set_backlog(socket: i32, value: u64, out: *mut [u8; 2]);
            "[method]tcp-socket.subscribe" subscribe(socket: i32) -> i32;
            "[resource-drop]tcp-socket" drop_tcp(socket: i32);
        }
    }

    /// As the interface lays one out: its bytes, whether it has an address, which family, and the address.
    #[repr(C)]
    struct Datagram {
        bytes: *const u8,
        len: usize,
        has_address: u32,
        family: u32,
        port: u16,
        address: [u8; 4],
        rest: [u32; 5],
    }

    /// Of `error-code`.
    const NAMES: [&str; 21] = [
        "unknown", "access-denied", "not-supported", "invalid-argument", "out-of-memory", "timeout",
        "concurrency-conflict", "not-in-progress", "would-block", "invalid-state", "new-socket-limit",
        "address-not-bindable", "address-in-use", "remote-unreachable", "connection-refused", "connection-reset",
        "connection-aborted", "datagram-too-large", "name-unresolvable", "temporary-resolver-failure",
        "permanent-resolver-failure",
    ];

    pub fn run(what: &str, rest: &[&str]) {
        unsafe {
            match (what, rest) {
                ("order", [port]) => order(port.parse().unwrap()),
                ("families", [port]) => families(port.parse().unwrap()),
                ("ended", [port]) => ended(port.parse().unwrap()),
                ("reset", [port]) => reset(port.parse().unwrap()),
                ("outlives", [port]) => outlives(port.parse().unwrap()),
                ("together", [port]) => together(port.parse().unwrap()),
                ("elsewhere", [port, other]) => elsewhere(port.parse().unwrap(), other.parse().unwrap()),
                ("unasked", _) => unasked(),
                ("fresh", [port]) => fresh(port.parse().unwrap()),
                ("sockets", _) => loop {
                    tcp(0);
                },
                ("sockets dropped", _) => (0..20_000).for_each(|_| drop_tcp(tcp(0))),
                ("forged", [number]) => drop_tcp(number.parse().unwrap()),
                ("dropped twice", _) => {
                    let socket = tcp(0);
                    drop_tcp(socket);
                    drop_tcp(socket);
                }
                ("not its type", _) => drop_tcp(resolving("localhost").unwrap()),
                ("slowly", [name]) => slowly(name),
                ("tcp options", [port]) => {
                    tcp_options(tcp(0));
                    tcp_options(connected(port.parse().unwrap()).0);
                }
                ("udp options", _) => {
                    let mut out = [0; 2];
                    create_udp(0, &mut out);
                    udp_options(out[1]);
                    udp_options(bound());
                }
                other => panic!("nobody knows {other:?}"),
            }
        }
    }

    fn said(out: &[u8; 2]) -> &'static str {
        if out[0] == 0 { "ok" } else { NAMES[usize::from(out[1])] }
    }

    type Out = [u8; 2];

    /// What an option is, what becomes of setting it to some values, and what it is then.
    fn option<G: Copy + Into<u64>>(get: impl Fn(&mut [G; 2]), zero: G, set: impl Fn(u64, &mut Out), values: &[u64]) {
        let got = || {
            let mut out = [zero; 2];
            get(&mut out);
            // The case is one byte.
            assert_eq!(out[0].into() as u8, 0);
            out[1].into()
        };
        let each = values.iter().map(|value| {
            let mut out = [0; 2];
            set(*value, &mut out);
            format!(" {} {}", said(&out), got())
        });
        println!("{}{}", got(), each.collect::<String>());
    }

    unsafe fn tcp_options(socket: i32) {
        const SECOND: u64 = 1_000_000_000;
        let (times, sizes) = ([0, 1, 42 * SECOND, u64::MAX], [0, 1, 65_536, u64::MAX]);
        unsafe {
            option(|out| idle(socket, out), 0u64, |value, out| set_idle(socket, value, out), &times);
            option(|out| interval(socket, out), 0u64, |value, out| set_interval(socket, value, out), &times);
            option(|out| count(socket, out), 0u32, |value, out| set_count(socket, value as i32, out), &[0, 42, 1 << 31]);
            option(|out| alive(socket, out), 0u8, |value, out| set_alive(socket, value as i32, out), &[1, 0]);
            option(|out| buffer_size(socket, out), 0u64, |value, out| set_buffer_size(socket, value, out), &sizes);
            option(|out| sends(socket, out), 0u64, |value, out| set_sends(socket, value, out), &sizes);
            let backlog = [0, 1].map(|value| {
                let mut out = [0; 2];
                set_backlog(socket, value, &mut out);
                said(&out)
            });
            println!("{backlog:?}");
        }
    }

    unsafe fn udp_options(socket: i32) {
        let sizes = [0, 1, 65_536, u64::MAX];
        unsafe {
            option(|out| hops(socket, out), 0u8, |value, out| set_hops(socket, value as i32, out), &[0, 1, 255]);
            option(|out| udp_receives(socket, out), 0u64, |value, out| set_udp_receives(socket, value, out), &sizes);
            option(|out| udp_sends(socket, out), 0u64, |value, out| set_udp_sends(socket, value, out), &sizes);
        }
    }

    unsafe fn tcp(family: i32) -> i32 {
        let mut out = [0; 2];
        unsafe { create(family, &mut out) };
        assert_eq!(out[0] as u8, 0);
        out[1]
    }

    unsafe fn connect(socket: i32, port: i32, address: [i32; 4]) -> &'static str {
        let ([a, b, c, d], mut out) = (address, [0; 2]);
        unsafe { start_connect(socket, network(), 0, port, a, b, c, d, 0, 0, 0, 0, 0, 0, &mut out) };
        said(&out)
    }

    unsafe fn connect_v6(socket: i32, port: i32, address: [i32; 8], scope: i32) -> &'static str {
        let ([a, b, c, d, e, f, g, h], mut out) = (address, [0; 2]);
        unsafe { start_connect(socket, network(), 1, port, 0, a, b, c, d, e, f, g, h, scope, &mut out) };
        said(&out)
    }

    unsafe fn finished(socket: i32) -> Result<(i32, i32), &'static str> {
        let mut out = [0; 3];
        unsafe { finish_connect(socket, &mut out) };
        if out[0] as u8 == 0 { Ok((out[1], out[2])) } else { Err(NAMES[out[1] as u8 as usize]) }
    }

    unsafe fn connected(port: i32) -> (i32, i32, i32) {
        unsafe {
            let socket = tcp(0);
            assert_eq!(connect(socket, port, [127, 0, 0, 1]), "ok");
            block(subscribe(socket));
            let (input, output) = finished(socket).unwrap();
            (socket, input, output)
        }
    }

    unsafe fn bound() -> i32 {
        unsafe {
            let (mut out, mut said_to) = ([0; 2], [0; 2]);
            create_udp(0, &mut out);
            start_bind(out[1], network(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, &mut said_to);
            assert_eq!(said(&said_to), "ok");
            finish_bind(out[1], &mut said_to);
            assert_eq!(said(&said_to), "ok");
            out[1]
        }
    }

    unsafe fn flows(socket: i32, remote: Option<i32>) -> Result<(i32, i32), &'static str> {
        let mut out = [0; 3];
        let (has, port) = (i32::from(remote.is_some()), remote.unwrap_or(0));
        unsafe { udp_stream(socket, has, 0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, &mut out) };
        if out[0] as u8 == 0 { Ok((out[1], out[2])) } else { Err(NAMES[out[1] as u8 as usize]) }
    }

    /// Sends a datagram to each port, or to where the stream leads; how many went.
    unsafe fn sent(stream: i32, ports: &[Option<u16>]) -> Result<u64, &'static str> {
        let datagram = |port: &Option<u16>| Datagram {
            bytes: b"x".as_ptr(),
            len: 1,
            has_address: u32::from(port.is_some()),
            family: 0,
            port: port.unwrap_or(0),
            address: [127, 0, 0, 1],
            rest: [0; 5],
        };
        let list: Vec<Datagram> = ports.iter().map(datagram).collect();
        let mut out = [0; 2];
        unsafe { send(stream, list.as_ptr(), list.len(), &mut out) };
        if out[0] as u8 == 0 { Ok(out[1]) } else { Err(NAMES[out[1] as u8 as usize]) }
    }

    unsafe fn permits(stream: i32) -> u64 {
        let mut out = [0; 2];
        loop {
            unsafe { check_send(stream, &mut out) };
            assert_eq!(out[0] as u8, 0);
            if out[1] > 0 {
                return out[1];
            }
        }
    }

    /// A socket that leads to one place is used for others.
    unsafe fn elsewhere(port: u16, other: u16) {
        unsafe {
            let socket = bound();
            println!("{:?}", flows(socket, Some(other.into())).err());
            println!("{:?}", flows(socket, Some(0)).err());
            let (_, to_one) = flows(socket, Some(port.into())).unwrap();
            println!("{}", permits(to_one));
            println!("{:?}", sent(to_one, &[Some(other)]));
            permits(to_one);
            println!("{:?}", sent(to_one, &[Some(0)]));
            permits(to_one);
            let (incoming, to_all) = flows(socket, None).unwrap();
            permits(to_all);
            println!("{:?}", sent(to_all, &[None]));
            permits(to_all);
            println!("{:?}", sent(to_all, &[Some(other)]));
            let mut count = 0;
            while count == 0 {
                permits(to_one);
                count = sent(to_one, &[None, Some(port), Some(other), None]).unwrap();
            }
            println!("{}", count <= 2);
            let mut got = [0; 3];
            receive(incoming, 0, &mut got);
            println!("{} {}", got[0] as u8, got[2]);
            drop_udp(socket);
            block(comes(incoming));
            receive(incoming, 9, &mut got);
            println!("{}", NAMES[got[1] as u8 as usize]);
        }
    }

    /// More datagrams than were permitted.
    unsafe fn unasked() {
        unsafe {
            let (_, stream) = flows(bound(), None).unwrap();
            println!("{:?}", sent(stream, &[]));
            println!("{:?}", sent(stream, &[Some(1)]));
        }
    }

    /// The first datagram of each socket, once it was said that it may go.
    unsafe fn fresh(port: i32) {
        let mut went = 0;
        for _ in 0..100 {
            unsafe {
                let socket = bound();
                let (_, stream) = flows(socket, Some(port)).unwrap();
                block(goes(stream));
                let mut out = [0; 2];
                check_send(stream, &mut out);
                assert!(out[0] as u8 == 0 && out[1] > 0);
                went += sent(stream, &[None]).unwrap();
                drop_udp(socket);
            }
        }
        println!("{went}");
    }

    unsafe fn resolving(name: &str) -> Result<i32, &'static str> {
        let mut out = [0; 2];
        unsafe { resolve(network(), name.as_ptr(), name.len(), &mut out) };
        if out[0] as u8 == 0 { Ok(out[1]) } else { Err(NAMES[out[1] as u8 as usize]) }
    }

    /// Calls before, at and after their time.
    unsafe fn order(port: i32) {
        unsafe {
            let socket = tcp(0);
            let (mut out, mut size, mut address) = ([0; 2], [0; 2], [0; 9]);
            println!("{:?}", finished(socket));
            finish_listen(socket, &mut out);
            println!("{}", said(&out));
            start_listen(socket, &mut out);
            println!("{}", said(&out));
            local_address(socket, &mut address);
            println!("{}", NAMES[address[1] as u8 as usize]);
            set_buffer_size(socket, 0, &mut out);
            println!("{}", said(&out));
            set_buffer_size(socket, 1 << 40, &mut out);
            buffer_size(socket, &mut size);
            println!("{} {}", said(&out), size[1]);
            println!("{}", connect(socket, port, [127, 0, 0, 1]));
            println!("{}", connect(socket, port, [127, 0, 0, 1]));
            block(subscribe(socket));
            println!("{}", finished(socket).is_ok());
            println!("{:?}", finished(socket));
            println!("{}", connect(socket, port, [127, 0, 0, 1]));
        }
    }

    /// Addresses in other families' clothes, of no host, and on some link.
    unsafe fn families(port: i32) {
        unsafe {
            let mapped = [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1];
            println!("{}", connect_v6(tcp(1), port, mapped, 0));
            println!("{}", connect_v6(tcp(0), port, [0, 0, 0, 0, 0, 0, 0, 1], 0));
            println!("{}", connect(tcp(1), port, [127, 0, 0, 1]));
            println!("{}", connect_v6(tcp(1), port, [0xfe80, 0, 0, 0, 0, 0, 0, 1], 1));
            println!("{}", connect_v6(tcp(1), port, [0; 8], 0));
            println!("{}", connect_v6(tcp(1), port, [0x64, 0xff9b, 0, 0, 0, 0, 0x7f00, 1], 0));
            println!("{}", connect_v6(tcp(1), port, [0x2002, 0x7f00, 1, 0, 0, 0, 0, 1], 0));
            for address in [[0, 0, 0, 0], [255, 255, 255, 255], [224, 0, 0, 1], [169, 254, 169, 254], [100, 64, 0, 1]] {
                println!("{}", connect(tcp(0), port, address));
            }
            println!("{}", connect(tcp(0), 0, [127, 0, 0, 1]));
            println!("{}", connect(tcp(0), port, [127, 0, 0, 1]));
        }
    }

    /// The end of what the other side says, and what is read of it after that.
    unsafe fn ended(port: i32) {
        unsafe {
            let (_socket, input, _output) = connected(port);
            let mut got = [0; 4];
            for len in [9, 0] {
                blocking_read(input, len, &mut got);
                println!("{} {}", got[0] as u8, got[1] as u8);
            }
            block(readable(input));
            read(input, 0, &mut got);
            println!("{} {}", got[0] as u8, got[1] as u8);
        }
    }

    /// A connection that breaks off: what both of its streams say of that, and what then.
    unsafe fn reset(port: i32) {
        unsafe {
            let (_socket, input, output) = connected(port);
            let (mut wrote, mut got, mut room) = ([0; 3], [0; 4], [0; 2]);
            blocking_write(output, b"x".as_ptr(), 1, &mut wrote);
            println!("{}", wrote[0] as u8);
            for _ in 0..2 {
                blocking_read(input, 9, &mut got);
                println!("{} {}", got[0] as u8, got[1] as u8);
            }
            // The first time it may be an error, which ends it.
            check_write(output, &mut room);
            check_write(output, &mut room);
            println!("{} {}", room[0] as u8, room[1] as u8);
            [readable(input), writable(output)].into_iter().for_each(|pollable| block(pollable));
        }
    }

    /// Streams and pollables of a socket that is gone.
    unsafe fn outlives(port: i32) {
        unsafe {
            let (socket, input, output) = connected(port);
            let pollables = [subscribe(socket), readable(input), writable(output)];
            drop_tcp(socket);
            pollables.iter().for_each(|pollable| block(*pollable));
            let (mut got, mut room) = ([0; 4], [0; 2]);
            blocking_read(input, 9, &mut got);
            println!("{} {}", got[0] as u8, got[1] as u8);
            check_write(output, &mut room);
            println!("{} {}", room[0] as u8, room[1] as u8);
            println!("{}", ready(subscribe(tcp(0))));
        }
    }

    /// One wait for a clock, two connections and standard input's nothing; what comes is the second connection.
    unsafe fn together(port: i32) {
        unsafe {
            let (_first, silent, _) = connected(port);
            let (_second, speaking, _) = connected(port);
            let list = [readable(silent), readable(speaking), subscribe_duration(600_000_000_000)];
            let mut out = [0; 2];
            poll(list.as_ptr(), list.len(), &mut out);
            println!("{:?}", std::slice::from_raw_parts(out[0] as *const u32, out[1]));
            let mut got = [0; 4];
            read(silent, 9, &mut got);
            println!("{} {}", got[0] as u8, got[2]);
            read(speaking, 9, &mut got);
            println!("{} {}", got[0] as u8, got[2]);
        }
    }

    /// A name that nobody has known yet.
    unsafe fn slowly(name: &str) {
        unsafe {
            let lookup = match resolving(name) {
                Ok(lookup) => lookup,
                Err(error) => return println!("{error}"),
            };
            block(resolved(lookup));
            loop {
                let mut out = [0; 22];
                next(lookup, &mut out);
                match (out[0], out[2]) {
                    (0, 0) => return println!("none"),
                    (0, _) => println!("an address"),
                    (_, error) => return println!("{}", NAMES[usize::from(error)]),
                }
            }
        }
    }
}
