//! Streams: those of files and connections, and the standard ones.

use super::{Fault, PIECE};
use crate::{
    host::{
        Host, Step, Stop,
        control::Stream,
        handles::{Input, Output},
        http::{read_body, write_body},
        stdio::PIPE_BUF,
    },
    vfs::Errno,
};

impl Host {
    /// Reads what there is, at most `len` bytes. A standard input that has nothing yet is waited for if `blocking`; then
    /// nothing but the end of the stream gives no bytes.
    pub(crate) fn read(&mut self, stream: u32, len: u64, blocking: bool) -> Result<Step<Vec<u8>>, Fault> {
        let input = self.handles.input(stream)?.clone();
        let len = usize::try_from(len).unwrap_or(PIECE).min(PIECE);
        let mut bytes = vec![0; len];
        let (is_counted, ends) = match input {
            Input::Connection(_) => (false, true),
            Input::Stdin => (true, true),
            // A file may grow, and a body has its own end.
            _ => (true, false),
        };
        match self.read_input(input, &mut bytes) {
            Err(Fault::Errno(errno)) => {
                let input = self.handles.input(stream)?;
                if !matches!(input, Input::File { .. }) {
                    *input = Input::Ended;
                }
                Err(errno.into())
            }
            Err(fault) => Err(fault),
            Ok(Step::Done(0)) if len > 0 => {
                if ends {
                    *self.handles.input(stream)? = Input::Ended;
                }
                Err(Fault::Closed)
            }
            Ok(Step::Done(read)) => {
                bytes.truncate(read);
                if let Input::File { position, .. } = self.handles.input(stream)? {
                    *position = position.saturating_add(read as u64);
                }
                if is_counted {
                    self.count_read(read)?;
                }
                Ok(Step::Done(bytes))
            }
            Ok(Step::Wait(wait)) if !blocking && (wait.stream.is_some() || wait.event.is_some()) => {
                Ok(Step::Done(Vec::new()))
            }
            Ok(Step::Wait(wait)) => Ok(Step::Wait(wait)),
        }
    }

    fn read_input(&mut self, input: Input, bytes: &mut [u8]) -> Result<Step<usize>, Fault> {
        match input {
            Input::Stdin => Ok(self.streams.read(bytes)?),
            Input::File { fd, position } => Ok(self.descriptors.file(fd)?.read_at(bytes, position)?),
            Input::Body(pipe) => {
                self.drive_requests()?;
                read_body(&pipe, bytes)
            }
            Input::Connection(connection) => self.receive(connection, bytes),
            Input::Ended => Err(Fault::Closed),
        }
    }

    /// Reads a piece of a file.
    pub(crate) fn read_file(&mut self, fd: u32, len: u64, offset: u64) -> Result<Step<Vec<u8>>, Fault> {
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(PIECE).min(PIECE)];
        match self.descriptors.file(fd)?.read_at(&mut bytes, offset)? {
            Step::Done(read) => {
                bytes.truncate(read);
                self.count_read(read)?;
                Ok(Step::Done(bytes))
            }
            Step::Wait(wait) => Ok(Step::Wait(wait)),
        }
    }

    /// How many bytes the next [`write`](Self::write) may have; none if it would wait.
    pub(crate) fn room(&mut self, stream: u32) -> Result<usize, Fault> {
        self.drive_requests()?;
        match self.handles.output(stream)?.clone() {
            Output::Standard(stream) if !self.streams.is_own(stream) => Ok(PIECE),
            Output::Standard(stream) if self.streams.ready(stream) => Ok(PIPE_BUF),
            Output::Standard(_) => Ok(0),
            Output::File { .. } => Ok(PIECE),
            Output::Body(pipe) if pipe.has_no_reader() || pipe.has_end() => Err(Fault::Closed),
            Output::Body(pipe) => Ok(pipe.room().min(PIECE)),
            Output::Connection(connection) => {
                let room = self.room_to_send(connection);
                self.ended_by(stream, room)
            }
            Output::Ended => Err(Fault::Closed),
        }
    }

    /// How many bytes a write that does not block may have. A body has its own room, for whoever is to make more may not be
    /// there yet: the guest would wait for itself.
    pub(crate) fn permit(&mut self, stream: u32) -> Result<usize, Stop> {
        Ok(match self.handles.output(stream)? {
            Output::Body(pipe) if !pipe.has_no_reader() && !pipe.has_end() => pipe.room().min(PIECE),
            _ => PIECE,
        })
    }

    /// Writes `bytes` from `done` on, which says how far it has come. Nothing is left to flush.
    pub(crate) fn write(&mut self, stream: u32, bytes: &[u8], done: &mut usize) -> Result<Step<()>, Fault> {
        let outcome = self.write_output(stream, bytes, done);
        self.ended_by(stream, outcome)
    }

    /// After an error a stream is closed, but for a file's: what does not fit now may fit later.
    fn ended_by<T>(&mut self, stream: u32, outcome: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(Fault::Errno(_)) = outcome {
            let output = self.handles.output(stream)?;
            if !matches!(output, Output::File { .. }) {
                *output = Output::Ended;
            }
        }
        outcome
    }

    fn write_output(&mut self, stream: u32, bytes: &[u8], done: &mut usize) -> Result<Step<()>, Fault> {
        while let Some(rest) = bytes.get(*done..).filter(|rest| !rest.is_empty()) {
            let written = match self.handles.output(stream)?.clone() {
                Output::Standard(stream) => match self.write_standard(stream, rest)? {
                    Step::Done(written) => written,
                    Step::Wait(wait) => return Ok(Step::Wait(wait)),
                },
                Output::File { fd, position } => {
                    let written = self.write_file(fd, rest, position)?;
                    self.moved(stream, written)?;
                    written
                }
                Output::Body(pipe) => match write_body(&pipe, rest)? {
                    Step::Done(written) => written,
                    Step::Wait(wait) => return Ok(Step::Wait(wait)),
                },
                Output::Connection(connection) => match self.send(connection, rest)? {
                    Step::Done(sent) => {
                        *done = done.saturating_add(sent);
                        continue;
                    }
                    Step::Wait(wait) => return Ok(Step::Wait(wait)),
                },
                Output::Ended => return Err(Fault::Closed),
            };
            if written == 0 {
                return Err(Errno::Io.into());
            }
            *done = done.saturating_add(written);
            self.count_written(written)?;
        }
        Ok(Step::Done(()))
    }

    /// Writes a piece of a file, and gives back how much of it.
    pub(crate) fn write_piece(&mut self, fd: u32, bytes: &[u8], offset: u64) -> Result<usize, Fault> {
        let written = self.write_file(fd, bytes, Some(offset))?;
        self.count_written(written)?;
        Ok(written)
    }

    fn write_standard(&mut self, stream: Stream, bytes: &[u8]) -> Result<Step<usize>, Fault> {
        match self.streams.write(stream, bytes)? {
            Ok(Step::Done(written)) => {
                self.usage.output_bytes += written as u64;
                Ok(Step::Done(written))
            }
            Ok(wait) => Ok(wait),
            Err(Errno::Pipe) => Err(Fault::Closed),
            Err(errno) => Err(errno.into()),
        }
    }

    /// A stream of a file has gone on.
    fn moved(&mut self, stream: u32, by: usize) -> Result<(), Fault> {
        if let Output::File { position: Some(position), .. } = self.handles.output(stream)? {
            *position = position.saturating_add(by as u64);
        }
        Ok(())
    }

    fn count_read(&mut self, bytes: usize) -> Result<(), Fault> {
        self.usage.bytes_read += bytes as u64;
        Ok(self.count_bytes(bytes as u64)?)
    }

    fn count_written(&mut self, bytes: usize) -> Result<(), Fault> {
        self.usage.bytes_written += bytes as u64;
        Ok(self.count_bytes(bytes as u64)?)
    }
}
