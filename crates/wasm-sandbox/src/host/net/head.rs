//! The head of a request on its way out, into which the host puts headers that the guest never sees.
//!
//! Only a request that can be read in one way gets them, and only one that says itself that it is for their host: another host
//! behind the same address must not have them. The connection then ends with the answer, since what follows is not looked at.

use wasm_sandbox_policy::NetworkHost;

/// The longest head.
pub(super) const MAX_HEAD: usize = 64 << 10;

/// The longest name of a method.
const MAX_METHOD: usize = 32;

/// What is between a head and the rest.
const END: &[u8] = b"\r\n\r\n";

/// A header for requests to one host.
pub(super) struct Secret {
    pub(super) host: NetworkHost,
    pub(super) header: String,
    pub(super) value: String,
}

/// Gathers the head of a first request.
pub(super) struct HeadFilter {
    /// Those that the request may be for.
    hosts: Vec<NetworkHost>,
    port: u16,
    secrets: Vec<Secret>,
    gathered: Vec<u8>,
}

/// What became of some of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filtered {
    /// The head is not there as a whole.
    More,
    /// What is to be sent: the head and what came after it.
    Whole(Vec<u8>),
    /// It is no request that a secret can go into.
    Refused(&'static str),
}

impl HeadFilter {
    /// None if there are no secrets.
    pub(super) fn new(hosts: Vec<NetworkHost>, port: u16, secrets: Vec<Secret>) -> Option<Self> {
        (!secrets.is_empty()).then(|| Self { hosts, port, secrets, gathered: Vec::new() })
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Filtered {
        // An end may be split over two pieces.
        let from = self.gathered.len().saturating_sub(END.len() - 1);
        self.gathered.extend(bytes);
        let method: Vec<u8> =
            self.gathered.iter().take_while(|byte| **byte != b' ').take(MAX_METHOD).copied().collect();
        if method.len() == MAX_METHOD || !method.iter().all(u8::is_ascii_uppercase) {
            return Filtered::Refused("it is no HTTP request");
        }
        let new = self.gathered.get(from..).unwrap_or_default();
        match new.windows(END.len()).position(|bytes| bytes == END) {
            None if self.gathered.len() > MAX_HEAD => Filtered::Refused("the head of the request is too long"),
            None => Filtered::More,
            Some(at) => self.whole(from + at),
        }
    }

    fn whole(&self, end: usize) -> Filtered {
        let (head, rest) = (self.gathered.get(..end).unwrap_or_default(), self.gathered.get(end..).unwrap_or_default());
        if head.len() > MAX_HEAD {
            return Filtered::Refused("the head of the request is too long");
        }
        match self.with_secrets(head) {
            Ok(Some(mut head)) => {
                head.extend(rest);
                Filtered::Whole(head)
            }
            Ok(None) => Filtered::Whole(self.gathered.clone()),
            Err(reason) => Filtered::Refused(reason),
        }
    }
    /// A head with the secrets for its host; none if there are none for it.
    fn with_secrets(&self, head: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
        let text = std::str::from_utf8(head).map_err(|_| "the head of the request is no text")?;
        let mut lines = text.split("\r\n");
        if text.split("\r\n").any(|line| line.contains(['\r', '\n', '\0'])) {
            return Err("a line of the head ends in another way than HTTP's");
        }
        let request = lines.next().unwrap_or_default();
        let method = method(request)?;
        let headers = lines.map(header).collect::<Result<Vec<_>, _>>()?;
        let [host] = values(&headers, "host")[..] else { return Err("it does not name one host") };
        let is_for = |known: &NetworkHost| is_for(host, known, self.port);
        let ours: Vec<&Secret> = self.secrets.iter().filter(|secret| is_for(&secret.host)).collect();
        if ours.is_empty() {
            return if self.hosts.iter().any(is_for) { Ok(None) } else { Err("its Host is another") };
        }
        if method == "TRACE" {
            return Err("a TRACE request would bring the secret back");
        }
        check_length(&headers)?;
        Ok(Some(added(request, &headers, &ours)))
    }
}

/// A head with some headers in place of the guest's.
fn added(request: &str, headers: &[(&str, &str)], ours: &[&Secret]) -> Vec<u8> {
    let is_ours = |name: &str| ours.iter().any(|secret| secret.header.eq_ignore_ascii_case(name));
    let kept = headers.iter().filter(|(name, _)| !is_ours(name) && !is_about_the_connection(name));
    let secrets = ours.iter().map(|secret| (secret.header.as_str(), secret.value.as_str()));
    let mut head = request.to_owned();
    for (name, value) in kept.copied().chain(secrets).chain([("Connection", "close")]) {
        head.extend(["\r\n", name, ": ", value]);
    }
    head.into_bytes()
}

/// Where the request ends has to be said in one way: what comes after it may be another's.
fn check_length(headers: &[(&str, &str)]) -> Result<(), &'static str> {
    let is_number = |length: &str| !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    match (&values(headers, "content-length")[..], &values(headers, "transfer-encoding")[..]) {
        ([], []) => Ok(()),
        ([length], []) if is_number(length) => Ok(()),
        ([], [encoding]) if encoding.eq_ignore_ascii_case("chunked") => Ok(()),
        _ => Err("it does not say in one way where it ends"),
    }
}

fn values<'a>(headers: &[(&str, &'a str)], name: &str) -> Vec<&'a str> {
    headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value).collect()
}

/// The method of a request's line that is in its usual form.
fn method(line: &str) -> Result<&str, &'static str> {
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method.is_empty() {
        return Err("it has no method");
    }
    let usual = target.starts_with('/') || (target == "*" && method == "OPTIONS");
    if !usual || target.chars().any(|c| c.is_control()) {
        return Err("its target is not a path");
    }
    match (words.next(), words.next()) {
        (Some("HTTP/1.1" | "HTTP/1.0"), None) => Ok(method),
        _ => Err("it is no request of HTTP/1"),
    }
}

fn header(line: &str) -> Result<(&str, &str), &'static str> {
    let (name, value) = line.split_once(':').ok_or("a line of the head is no header")?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err("a line of the head is no header");
    }
    Ok((name, value.trim_matches([' ', '\t'])))
}

/// Whether a `Host` header names this host and port. A name may end with a dot.
fn is_for(header: &str, host: &NetworkHost, port: u16) -> bool {
    let plain = match host {
        NetworkHost::Address(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        host => host.to_string(),
    };
    let Some(rest) = header.get(..plain.len()).filter(|name| name.eq_ignore_ascii_case(&plain)) else { return false };
    let rest = header.get(rest.len()..).unwrap_or_default();
    let dot = if let NetworkHost::Name(_) = host { rest.strip_prefix('.') } else { None };
    match dot.unwrap_or(rest) {
        "" => matches!(port, 80 | 443),
        other => other == format!(":{port}"),
    }
}

fn is_about_the_connection(name: &str) -> bool {
    ["connection", "keep-alive", "proxy-connection", "upgrade", "http2-settings"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn filter() -> HeadFilter {
        let secret = |host: &str, header: &str| Secret {
            host: host.parse().unwrap(),
            header: header.to_owned(),
            value: format!("s3cret-of-{host}"),
        };
        let hosts = ["a.com", "b.com", "d.com"].map(|host| host.parse().unwrap()).to_vec();
        HeadFilter::new(hosts, 443, vec![secret("a.com", "Authorization"), secret("b.com", "X-Key")]).unwrap()
    }

    fn sent(request: &str) -> String {
        match filter().push(request.as_bytes()) {
            Filtered::Whole(bytes) => String::from_utf8(bytes).unwrap(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn f17_a_secret_goes_to_its_host_and_nothing_of_its_name_with_it() {
        let request = "GET /x HTTP/1.1\r\nHost: a.com\r\nauthorization: mine\r\nAuthorization: too\r\nConnection: keep-alive, authorization\r\nX-Key: k\r\n\r\nrest";
        let expected = "GET /x HTTP/1.1\r\nHost: a.com\r\nX-Key: k\r\nAuthorization: s3cret-of-a.com\r\nConnection: close\r\n\r\nrest";
        assert_eq!(sent(request), expected);
        // However it comes.
        let mut filter = filter();
        let pieces: Vec<_> = request.as_bytes().chunks(1).map(|piece| filter.push(piece)).collect();
        let whole = pieces.iter().position(|filtered| *filtered != Filtered::More).unwrap();
        assert_eq!(pieces[whole], Filtered::Whole(expected.trim_end_matches("rest").as_bytes().to_vec()));
        for same in ["A.COM", "a.com:443", "a.com.", "a.com.:443"] {
            let said = sent(&format!("GET / HTTP/1.1\r\nHost: {same}\r\n\r\n"));
            assert!(said.contains("s3cret-of-a.com"), "{said}");
        }
        // Another host that the connection leads to gets what it is sent, and none of it.
        let request = "GET / HTTP/1.1\r\nHost: d.com\r\nConnection: keep-alive\r\n\r\n";
        assert_eq!(sent(request), request);
        for other in
            ["c.com", "a.com.evil", "evila.com", "a.com:80", "a.com:444", "a.com@c.com", "a.com, c.com", "a.com..", ""]
        {
            let said = sent(&format!("GET / HTTP/1.1\r\nHost: {other}\r\n\r\n"));
            assert_eq!(said, "Refused(\"its Host is another\")", "{other}");
        }
    }

    #[test]
    fn f7_a_request_with_a_secret_says_in_one_way_where_it_ends() {
        let with = |host: &str, headers: &str| sent(&format!("POST / HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n"));
        for good in ["", "Content-Length: 10\r\n", "transfer-encoding: Chunked\r\n"] {
            assert!(with("a.com", good).contains("s3cret-of-a.com"), "{good}");
        }
        for bad in [
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length:\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
        ] {
            assert_eq!(with("a.com", bad), "Refused(\"it does not say in one way where it ends\")", "{bad}");
            // Where no secret goes, it is the guest's own affair.
            assert!(with("d.com", bad).starts_with("POST"), "{bad}");
        }
    }

    #[test]
    fn f7_a_request_that_means_two_things_gets_no_secret() {
        for (request, reason) in [
            ("GET http://c.com/ HTTP/1.1\r\nHost: a.com\r\n\r\n", "target"),
            ("GET @c.com/ HTTP/1.1\r\nHost: a.com\r\n\r\n", "target"),
            ("CONNECT c.com:443 HTTP/1.1\r\nHost: a.com\r\n\r\n", "target"),
            ("GET / HTTP/1.1\r\nHost: a.com\r\nHost: c.com\r\n\r\n", "one host"),
            ("GET / HTTP/1.1\r\nX: 1\r\n\r\n", "one host"),
            ("GET / HTTP/1.1\r\nHost: a.com\nHost: c.com\r\n\r\n", "another way"),
            ("GET / HTTP/1.1\r\nHost: a.com\rX: c\r\n\r\n", "another way"),
            ("GET / HTTP/1.1\r\nHost : a.com\r\n\r\n", "no header"),
            ("GET / HTTP/1.1\r\nHost: a.com\r\n folded\r\n\r\n", "no header"),
            ("GET / HTTP/1.1\r\nHost: a.com\r\nno header\r\n\r\n", "no header"),
            ("GET /  HTTP/1.1\r\nHost: a.com\r\n\r\n", "HTTP/1"),
            ("GET / HTTP/2.0\r\nHost: a.com\r\n\r\n", "HTTP/1"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "target"),
            ("TRACE / HTTP/1.1\r\nHost: a.com\r\n\r\n", "TRACE"),
            (" / HTTP/1.1\r\nHost: a.com\r\n\r\n", "no method"),
            ("\u{16}\u{3}\u{1}", "no HTTP request"),
            ("get / HTTP/1.1\r\n", "no HTTP request"),
            ("GET / HTTP/1.1\r\nHost: a.com\0\r\n\r\n", "another way"),
        ] {
            assert!(
                sent(request).starts_with("Refused") && sent(request).contains(reason),
                "{request:?}: {}",
                sent(request)
            );
        }
        let long = format!("GET / HTTP/1.1\r\nHost: a.com\r\nX: {}\r\n\r\n", "x".repeat(MAX_HEAD));
        assert!(sent(&long).contains("too long"));
        let mut filter = filter();
        assert_eq!(filter.push(b"GET / HTTP/1.1\r\n"), Filtered::More);
        assert!(matches!(filter.push(&vec![b'x'; MAX_HEAD]), Filtered::Refused(_)));
    }
}
