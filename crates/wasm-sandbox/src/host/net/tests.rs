//! Names that change their mind, and what is kept of them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod secrets;

use std::{
    collections::VecDeque,
    future::{Future, pending, ready},
    io,
    net::TcpListener,
    pin::Pin,
    time::Duration,
};

use wasm_sandbox_policy::NetworkRule;

use super::*;
use crate::host::control::Event;

/// Answers each question with the next of these, then with none; an empty one never comes.
#[derive(Default)]
struct Script(Mutex<VecDeque<Vec<IpAddr>>>, AtomicU32);

impl Script {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|answer| answer.iter().map(|text| text.parse().unwrap()).collect());
        Arc::new(Self(Mutex::new(answers.collect()), AtomicU32::new(0)))
    }

    fn asked(&self) -> u32 {
        self.1.load(Ordering::SeqCst)
    }
}

impl Resolver for Script {
    fn resolve(&self, _: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        match self.0.lock().unwrap().pop_front() {
            None => Box::pin(ready(Err(io::ErrorKind::NotFound.into()))),
            Some(answer) if answer.is_empty() => Box::pin(pending()),
            Some(answer) => Box::pin(ready(Ok(answer))),
        }
    }
}

fn net_of(rules: &[&str], script: &Arc<Script>) -> Net {
    let rules: Vec<NetworkRule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    let connect_timeout = Duration::from_millis(50);
    let policy = NetworkPolicy::Allow(NetworkGrants { rules, connect_timeout, ..NetworkGrants::default() });
    let resolver: Arc<dyn Resolver> = Arc::<Script>::clone(script);
    Net::with_resolver(&policy, crate::engine::executor, Instant::now(), Arc::default, || resolver).unwrap()
}

fn shared_of(net: &Net) -> Arc<Shared> {
    Arc::clone(&net.open.as_ref().unwrap().shared)
}

fn name(text: &str) -> HostName {
    text.parse().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Connects by name; what came of it.
async fn dial(net: &mut Net, host: &str, port: u16) -> Result<Opened, NetError> {
    let host = net.check("connect", host, Some(port))?;
    let open = net.open.as_mut().unwrap();
    let handle = open.dial(host, port, None, &mut net.hits).unwrap()?;
    waited(|| open.connections[&handle].opened()).await
}

/// Asks until there is an answer.
async fn waited<T>(mut ask: impl FnMut() -> Progress<T>) -> Result<T, NetError> {
    loop {
        match ask() {
            Progress::Done(outcome) => return outcome,
            Progress::Wait(event) => {
                let changed = event.changed();
                if !event.ready() {
                    changed.await;
                }
            }
        }
    }
}

#[tokio::test]
async fn f4_a_name_that_changes_its_mind_is_what_it_was_first() {
    let script = Script::new(&[&["8.8.8.8"], &["127.0.0.1"]]);
    let net = net_of(&["evil.example:80"], &script);
    let shared = shared_of(&net);
    for _ in 0..3 {
        assert_eq!(shared.resolve(&name("evil.example")).await, Ok(vec![ip("8.8.8.8")]));
    }
    assert_eq!(script.asked(), 1);
    assert_eq!(shared.check_address(ip("8.8.8.8"), 80), Ok(()));
    assert_eq!(shared.check_address(ip("8.8.8.8"), 81), Err(NetworkRefusal::Port));
    assert_eq!(shared.check_address(ip("8.8.4.4"), 80), Err(NetworkRefusal::Host));
    assert!(matches!(shared.check_address(ip("127.0.0.1"), 80), Err(NetworkRefusal::Address(_))));
    assert!(net.take_denials().is_empty());
}

#[tokio::test]
async fn f4_f18_what_is_not_public_among_the_answers_is_left_out_and_written_down() {
    let inner: [&[&str]; 6] = [
        &["10.0.0.5"],
        &["::ffff:169.254.169.254"],
        &["64:ff9b::a00:5", "2002:a00:5::1", "::10.0.0.5"],
        &["fe80::1", "fc00::1", "::1"],
        &["127.0.0.1", "0.0.0.0"],
        &["100.100.100.200"],
    ];
    let script = Script::new(&inner);
    let net = net_of(&["evil.example"], &script);
    let shared = shared_of(&net);
    for answer in inner {
        let error = shared.resolve(&name("evil.example")).await.unwrap_err();
        assert_eq!(error.kind, NetErrorKind::Denied);
        // The guest is not told what is inside.
        assert!(!answer.iter().any(|address| error.message.contains(address)), "{error:?}");
        let targets: Vec<String> = net.take_denials().into_iter().map(|denial| denial.target).collect();
        let expected = answer.iter().map(|address| format!("evil.example ({})", ip(address).to_canonical()));
        assert_eq!(targets, expected.collect::<Vec<_>>());
    }
    // Of several, the others are left; by what is granted as an address, that one too.
    let mixed: [&[&str]; 1] = [&["10.0.0.5", "8.8.8.8", "192.168.0.1", "8.8.8.8"]];
    let some = net_of(&["evil.example"], &Script::new(&mixed));
    assert_eq!(shared_of(&some).resolve(&name("evil.example")).await, Ok(vec![ip("8.8.8.8")]));
    assert_eq!(some.take_denials().len(), 2);
    let granted = net_of(&["evil.example", "10.0.0.0/8:80"], &Script::new(&mixed));
    let shared = shared_of(&granted);
    assert_eq!(shared.resolve(&name("evil.example")).await, Ok(vec![ip("10.0.0.5"), ip("8.8.8.8")]));
    assert_eq!(shared.check_address(ip("10.0.0.5"), 80), Ok(()));
    assert_eq!(shared.check_address(ip("10.0.0.5"), 443), Err(NetworkRefusal::Port));
}

#[tokio::test]
async fn f4_a_name_that_leads_inside_is_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = Script::new(&[&["127.0.0.1"], &["127.0.0.1"]]);
    let mut closed = net_of(&["evil.example"], &script);
    let error = dial(&mut closed, "evil.example", port).await.unwrap_err();
    assert_eq!(error.kind, NetErrorKind::Denied);
    assert_eq!(closed.take_denials()[0].target, "evil.example (127.0.0.1)");
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    // The twin: the address is granted as well.
    let mut open = net_of(&["evil.example", &format!("127.0.0.1:{port}")], &script);
    let opened = dial(&mut open, "evil.example", port).await.unwrap();
    assert_eq!((opened.peer.ip(), opened.peer.port()), (ip("127.0.0.1"), port));
    assert!(open.take_denials().is_empty() && listener.accept().is_ok());
}

#[tokio::test]
async fn names_without_an_answer_end_somewhere() {
    // Nobody knows it, or nobody says.
    let script = Script::new(&[&[]]);
    let mut net = net_of(&["a.example:80"], &script);
    assert_eq!(dial(&mut net, "a.example", 80).await.unwrap_err().kind, NetErrorKind::TimedOut);
    assert_eq!(dial(&mut net, "a.example", 80).await.unwrap_err().kind, NetErrorKind::Unresolved);
    // What is not granted is not even asked for.
    assert_eq!(dial(&mut net, "b.example", 80).await.unwrap_err().kind, NetErrorKind::Denied);
    assert_eq!(dial(&mut net, "a.example", 81).await.unwrap_err().kind, NetErrorKind::Denied);
    assert_eq!(script.asked(), 2);
    assert!(dial(&mut net, "localhost", 80).await.is_err() && script.asked() == 2, "this machine is known");
}

/// A guest that asks and does not wait for the answer holds little of the host.
#[test]
fn what_is_asked_and_not_waited_for_is_bounded() {
    let never: [&[&str]; 70] = [&[]; 70];
    let mut net = net_of(&["*.example", "127.0.0.1"], &Script::new(&never));
    let open = net.open.as_mut().unwrap();
    let refused = |progress| matches!(progress, Progress::Done(Err(NetError { kind: NetErrorKind::TooMany, .. })));
    let outcomes: Vec<bool> =
        (0..65).map(|number| refused(open.resolve(name(&format!("n{number}.example"))))).collect();
    assert_eq!(outcomes.iter().position(|refused| *refused), Some(64));
    // So does one that leaves its connections lie, however they have ended.
    let dial = |open: &mut Open| open.dial("127.0.0.1".parse().unwrap(), 1, None, &mut Vec::new()).unwrap();
    let outcomes: Vec<bool> = (0..17).map(|_| dial(open).is_err()).collect();
    assert_eq!(outcomes.iter().position(|refused| *refused), Some(16));
    while open.shared.open.load(Ordering::SeqCst) > 0 {
        std::thread::yield_now();
    }
    assert_eq!(dial(open).unwrap_err().kind, NetErrorKind::TooMany);
    open.connections.clear();
    assert!(dial(open).is_ok());
}

/// Names that nobody waits for any more are not asked for later.
#[tokio::test]
async fn f9_what_is_waited_for_no_longer_is_not_asked() {
    let never: [&[&str]; 9] = [&[]; 9];
    let script = Script::new(&never);
    let net = net_of(&["*.example"], &script);
    let shared = shared_of(&net);
    for number in 0..9 {
        let outcome = shared.resolve(&name(&format!("n{number}.example"))).await;
        assert_eq!(outcome.unwrap_err().kind, NetErrorKind::TimedOut);
    }
    assert_eq!(script.asked(), u32::try_from(resolve::MAX_ASKING).unwrap());
}

/// A resolver with a mistake in it.
struct Broken;

impl Resolver for Broken {
    fn resolve(&self, _: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        panic!("a mistake of the host's")
    }
}

#[tokio::test]
async fn a_connection_whose_task_panics_has_ended() {
    let rules = vec!["a.example".parse().unwrap()];
    let policy = NetworkPolicy::Allow(NetworkGrants { rules, ..NetworkGrants::default() });
    let mut net =
        Net::with_resolver(&policy, crate::engine::executor, Instant::now(), Arc::default, || Arc::new(Broken))
            .unwrap();
    assert_eq!(dial(&mut net, "a.example", 80).await.unwrap_err().kind, NetErrorKind::Other);
    assert_eq!(shared_of(&net).open.load(Ordering::SeqCst), 0, "its place is free");
    // And so has a question: whoever asked is told.
    let open = net.open.as_mut().unwrap();
    assert_eq!(waited(|| open.resolve(name("a.example"))).await.unwrap_err().kind, NetErrorKind::Other);
}

#[tokio::test]
async fn options_are_those_of_the_socket() {
    use rustix::net::sockopt;

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut net = net_of(&["127.0.0.1"], &Script::new(&[]));
    let host: NetworkHost = "127.0.0.1".parse().unwrap();
    let second = 1_000_000_000;
    let options = SocketOptions { hop_limit: Some(9), keep_alive_idle: Some(42 * second), ..SocketOptions::default() };
    let open = net.open.as_mut().unwrap();
    let handle = open.dial(host.clone(), port, Some(options), &mut net.hits).unwrap().unwrap();
    waited(|| open.connections[&handle].opened()).await.unwrap();
    let link = Arc::clone(&open.connections[&handle].link);
    let of_socket = || {
        let state = link.state();
        let socket = state.socket.as_ref().unwrap();
        let idle = sockopt::tcp_keepidle(socket).unwrap().as_secs();
        (sockopt::ip_ttl(socket).unwrap(), idle, sockopt::socket_keepalive(socket).unwrap())
    };
    assert_eq!(of_socket(), (9, 42, false));
    // Also while it is open, and not longer.
    let later = SocketOptions { hop_limit: Some(10), keep_alive: Some(true), ..options };
    link.set(later).unwrap();
    assert_eq!(of_socket(), (10, 42, true));
    open.connections.clear();
    while !link.is_ready(Interest::End) {
        std::thread::yield_now();
    }
    assert!(link.state().socket.is_none() && link.set(options).is_ok());
    // Nobody else has one more descriptor for it.
    let plain = open.dial(host, port, None, &mut net.hits).unwrap().unwrap();
    waited(|| open.connections[&plain].opened()).await.unwrap();
    assert!(open.connections[&plain].link.state().socket.is_none());
}

#[tokio::test]
async fn f9_of_the_addresses_of_a_name_some_are_tried() {
    let addresses: [&str; 6] = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7"];
    for (listens, kind) in [("127.0.0.5:0", None), ("127.0.0.6:0", Some(NetErrorKind::Refused))] {
        let listener = TcpListener::bind(listens).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut net = net_of(&["a.example", "127.0.0.0/8"], &Script::new(&[&addresses]));
        let outcome = dial(&mut net, "a.example", port).await;
        assert_eq!(outcome.err().map(|error| error.kind), kind, "{listens}");
    }
}

#[tokio::test]
async fn f4_this_machines_own_addresses_need_a_rule_for_the_address() {
    let by_name = net_of(&["a.example"], &Script::new(&[]));
    assert_eq!(shared_of(&by_name).check_own(ip("127.0.0.1"), 80), Err(NetworkRefusal::Own));
    let by_address = net_of(&["a.example", "127.0.0.1:80"], &Script::new(&[]));
    assert_eq!(shared_of(&by_address).check_own(ip("127.0.0.1"), 80), Ok(()));
    assert_eq!(shared_of(&by_address).check_own(ip("127.0.0.1"), 81), Err(NetworkRefusal::Own));
    // Another machine's, whether there is a way to it or not.
    assert_eq!(shared_of(&by_name).check_own(ip("192.0.2.1"), 80), Ok(()));
}

#[tokio::test]
async fn f7_protocols_that_tls_cannot_offer_are_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut net = net_of(&["127.0.0.1"], &Script::new(&[]));
    dial(&mut net, "127.0.0.1", port).await.unwrap();
    let host: NetworkHost = "127.0.0.1".parse().unwrap();
    let connection = net.open.as_mut().unwrap().connections.values_mut().next().unwrap();
    let long = "x".repeat(256);
    for bad in [&[""][..], &["h2", ""], &[&long], &["h2"; 17]] {
        let Progress::Done(Err(error)) = connection.secure(host.clone(), bad) else { panic!("{bad:?}") };
        assert!(error.kind == NetErrorKind::Tls && error.message.contains("protocols"), "{error:?}");
    }
    // The twin: as many and as long as they may be.
    let most = [&long[1..]; MAX_PROTOCOLS];
    assert!(matches!(connection.secure(host, &most), Progress::Wait(_)));
}
