//! Where the body of an answer is among what was received.

use http::{HeaderMap, HeaderName, HeaderValue};
use httparse::{EMPTY_HEADER, Header, Status};

use super::request::{MAX_HEADERS, is_ours};

/// The longest line before a chunk, and the most bytes after the last one.
const MAX_LINE: usize = 1024;
const MAX_TRAILERS: usize = 16 << 10;

/// How the end of a body is told, and how far it has come.
#[derive(Debug)]
pub(super) enum Body {
    /// So many bytes are left.
    Left(u64),
    UntilEnd,
    /// The line before a chunk comes.
    Size,
    /// So many bytes of a chunk are left.
    Chunk(u64),
    /// The line's end after a chunk comes.
    AfterChunk,
    /// What is said after the last chunk comes.
    Trailers,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    End,
    /// So many bytes that are not the body's.
    Skip(usize),
    /// So many bytes that say something behind it.
    Trailers(usize, HeaderMap),
    /// At most so many bytes of the body's.
    Content(u64),
    /// More has to be received to tell.
    More,
}

impl Body {
    pub(super) fn none() -> Self {
        Self::Left(0)
    }

    pub(super) fn of_length(length: u64) -> Self {
        Self::Left(length)
    }

    pub(super) fn until_end() -> Self {
        Self::UntilEnd
    }

    pub(super) fn in_chunks() -> Self {
        Self::Size
    }

    /// What the next bytes are. What is to be skipped counts as skipped.
    pub(super) fn next(&mut self, input: &[u8], looked: &mut usize) -> Result<Next, &'static str> {
        match self {
            Self::Left(0) => Ok(Next::End),
            Self::Left(left) | Self::Chunk(left) => Ok(Next::Content(*left)),
            Self::UntilEnd => Ok(Next::Content(u64::MAX)),
            Self::Size => self.size(input),
            Self::AfterChunk => match input {
                [b'\r', b'\n', ..] => {
                    *self = Self::Size;
                    Ok(Next::Skip(2))
                }
                [] | [b'\r'] => Ok(Next::More),
                _ => Err("a chunk is longer than it says"),
            },
            Self::Trailers => self.trailers(input, looked),
        }
    }

    fn size(&mut self, input: &[u8]) -> Result<Next, &'static str> {
        match httparse::parse_chunk_size(input) {
            Err(_) => Err("a chunk has no length"),
            Ok(Status::Partial) if input.len() > MAX_LINE => Err("the line before a chunk is too long"),
            Ok(Status::Partial) => Ok(Next::More),
            Ok(Status::Complete((len, size))) => {
                *self = if size == 0 { Self::Trailers } else { Self::Chunk(size) };
                Ok(Next::Skip(len))
            }
        }
    }

    fn trailers(&mut self, input: &[u8], looked: &mut usize) -> Result<Next, &'static str> {
        if input.starts_with(b"\r\n") {
            *self = Self::Left(0);
            return Ok(Next::Skip(2));
        }
        let is_whole = ends(input, looked);
        if input.len().min(if is_whole { *looked } else { usize::MAX }) > MAX_TRAILERS {
            return Err("what it says after its body is too long");
        }
        if !is_whole {
            return Ok(Next::More);
        }
        match httparse::parse_headers(input, &mut [EMPTY_HEADER; MAX_HEADERS]) {
            Ok(Status::Complete((len, headers))) => {
                *self = Self::Left(0);
                let fields = behind(headers).ok_or("what it says after its body is wrong")?;
                Ok(Next::Trailers(len, fields))
            }
            Ok(Status::Partial) => Ok(Next::More),
            Err(_) => Err("what it says after its body is wrong"),
        }
    }

    /// So many bytes of the body were taken; none is the connection's end.
    pub(super) fn took(&mut self, len: usize) -> Result<(), &'static str> {
        match self {
            Self::UntilEnd if len == 0 => *self = Self::Left(0),
            _ if len == 0 => return Err("it ends too early"),
            Self::Left(left) => *left = left.saturating_sub(len as u64),
            Self::Chunk(left) => match left.saturating_sub(len as u64) {
                0 => *self = Self::AfterChunk,
                more => *left = more,
            },
            _ => {}
        }
        Ok(())
    }
}

/// What is said behind a body, without what has no place there.
fn behind(headers: &[Header<'_>]) -> Option<HeaderMap> {
    let field = |header: &Header<'_>| {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(header.value).ok()?))
    };
    headers.iter().filter(|header| !is_ours(header.name)).map(field).collect()
}

/// Whether there is an empty line, which ends a head: then `looked` is where the head ends at the earliest. Nothing is looked at
/// twice, however small the pieces are that it comes in.
pub(super) fn ends(input: &[u8], looked: &mut usize) -> bool {
    let from = looked.saturating_sub(3);
    let rest = input.get(from..).unwrap_or_default();
    let lf = rest.windows(2).position(|bytes| bytes == b"\n\n").map(|at| at + 2);
    let crlf = rest.windows(3).position(|bytes| bytes == b"\n\r\n").map(|at| at + 3);
    let end = [crlf, lf].into_iter().flatten().min();
    *looked = end.map_or(input.len(), |end| from + end);
    end.is_some()
}
