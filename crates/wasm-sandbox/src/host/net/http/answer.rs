//! The head of an answer: what it says, and where it says that the body ends. A server that says so in two ways is not believed.

use httparse::{EMPTY_HEADER, Header, Response, Status};

use super::{
    super::head::MAX_HEAD,
    body::{Body, ends},
    request::MAX_HEADERS,
};

/// Why a head is not taken that does not end.
pub(super) const LONG_HEAD: &str = "its head is too long";

/// What an answer says before its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpHead {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// In the server's order.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

/// What was found in what was received.
#[derive(Debug)]
pub(super) enum Parsed {
    /// The head, what comes after it, and its length.
    Head(HttpHead, Body, usize),
    /// So many bytes of a head that is not the answer's: more is to come.
    NotYet(usize),
    More,
}

/// Looks for a head; `before` bytes of others were there already.
pub(super) fn parse(input: &[u8], looked: &mut usize, before: usize, to_head: bool) -> Result<Parsed, &'static str> {
    let is_whole = ends(input, looked);
    if before + input.len().min(if is_whole { *looked } else { usize::MAX }) > MAX_HEAD {
        return Err(LONG_HEAD);
    }
    if !is_whole {
        return Ok(Parsed::More);
    }
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut response = Response::new(&mut headers);
    let len = match response.parse(input) {
        Ok(Status::Complete(len)) => len,
        // Empty lines before the first one end no head.
        Ok(Status::Partial) if before + input.len() > MAX_HEAD => return Err(LONG_HEAD),
        Ok(Status::Partial) => return Ok(Parsed::More),
        Err(httparse::Error::TooManyHeaders) => return Err("it has too many headers"),
        Err(_) => return Err("it is no answer of HTTP/1"),
    };
    match response.code.unwrap_or_default() {
        0..100 | 101 => Err("its status means nothing here"),
        100..200 => Ok(Parsed::NotYet(len)),
        status => {
            let none = to_head || matches!(status, 204 | 304);
            let body = if none { Body::none() } else { framing(response.headers, response.version == Some(1))? };
            Ok(Parsed::Head(head(&response, status), body, len))
        }
    }
}

fn head(response: &Response<'_, '_>, status: u16) -> HttpHead {
    let header = |header: &Header<'_>| (header.name.to_owned(), header.value.to_vec());
    HttpHead {
        status,
        reason: response.reason.unwrap_or_default().to_owned(),
        headers: response.headers.iter().map(header).collect(),
    }
}

/// Where the body ends.
fn framing(headers: &[Header<'_>], chunks: bool) -> Result<Body, &'static str> {
    let values = |name: &'static str| {
        let named = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value.trim_ascii()).collect::<Vec<_>>()
    };
    match (&values("content-length")[..], &values("transfer-encoding")[..]) {
        ([], []) => Ok(Body::until_end()),
        ([length], []) => length_of(length).map(Body::of_length).ok_or("its length is no number"),
        ([], [encoding]) if chunks && encoding.eq_ignore_ascii_case(b"chunked") => Ok(Body::in_chunks()),
        ([], _) => Err("its encoding is not known"),
        _ => Err("it does not say in one way where it ends"),
    }
}

fn length_of(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}
