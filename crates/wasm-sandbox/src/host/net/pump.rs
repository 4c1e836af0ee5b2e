//! Carries bytes between a connection's buffers and its stream, both ways at once, as far as there is room.

use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    connection::{Asked, Link, State},
    error::NetError,
};

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// Carries bytes until both sides have ended it, or the guest asks for encryption.
pub(super) async fn pump<S: AsyncRead + AsyncWrite + Unpin>(
    link: &Link,
    stream: &mut S,
) -> Result<Option<Asked>, NetError> {
    let mut piece = vec![0; PIECE];
    let mut writing = Writing::default();
    loop {
        let mut told = pin!(link.told());
        let end = poll_fn(|context| {
            let read = read(link, stream, &mut piece, context)?;
            let wrote = writing.write(link, stream, context)?;
            if let Some(end) = writing.end(&mut link.state()) {
                return Poll::Ready(io::Result::Ok(Some(end)));
            }
            if read || wrote || told.as_mut().poll(context).is_ready() { Poll::Ready(Ok(None)) } else { Poll::Pending }
        });
        match end.await.map_err(|error| NetError::of(&error))? {
            None => {}
            Some(End::Over) => return Ok(None),
            Some(End::Encrypt(asked)) => return asked.map(Some),
        }
    }
}

/// Reads a piece if there is room for it; whether there was one.
fn read<S: AsyncRead + Unpin>(
    link: &Link,
    stream: &mut S,
    piece: &mut [u8],
    context: &mut Context<'_>,
) -> io::Result<bool> {
    let room = link.state().room_to_receive().min(piece.len());
    let Some(piece) = piece.get_mut(..room).filter(|piece| !piece.is_empty()) else { return Ok(false) };
    let mut buffer = ReadBuf::new(piece);
    match Pin::new(stream).poll_read(context, &mut buffer) {
        Poll::Pending => Ok(false),
        Poll::Ready(Ok(())) => {
            link.received(buffer.filled());
            Ok(true)
        }
        // A side that leaves without a word has nothing more to say: most of what is said tells by itself where it ends.
        Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            link.cut();
            Ok(true)
        }
        Poll::Ready(Err(error)) => Err(error),
    }
}

/// How far sending has come.
#[derive(Default)]
struct Writing {
    unflushed: bool,
    shut: bool,
}

/// Why carrying ends.
enum End {
    Over,
    Encrypt(Result<Asked, NetError>),
}

impl Writing {
    /// Writes what is to be sent; whether something has moved.
    fn write<S: AsyncWrite + Unpin>(
        &mut self,
        link: &Link,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> io::Result<bool> {
        match self.poll_write(link, stream, context) {
            Poll::Pending => Ok(false),
            Poll::Ready(moved) => moved,
        }
    }

    fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        link: &Link,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        let mut state = link.state();
        let front = state.to_send.as_slices().0;
        if !front.is_empty() {
            let written = ready!(Pin::new(stream).poll_write(context, front))?;
            state.to_send.drain(..written);
            drop(state);
            self.unflushed = true;
            link.tell_guest();
            return Poll::Ready(if written == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(true) });
        }
        let shut = state.shut;
        drop(state);
        if self.unflushed {
            ready!(Pin::new(&mut *stream).poll_flush(context))?;
            self.unflushed = false;
        }
        if shut && !self.shut {
            ready!(Pin::new(stream).poll_shutdown(context))?;
            self.shut = true;
        }
        Poll::Ready(Ok(false))
    }

    /// Whether there is nothing more to carry.
    fn end(&self, state: &mut State) -> Option<End> {
        let sent = state.to_send.is_empty() && !self.unflushed;
        let over = self.shut && (state.closed || state.received_all);
        if sent && over {
            return Some(End::Over);
        }
        if sent { state.take_asked().map(End::Encrypt) } else { None }
    }
}
