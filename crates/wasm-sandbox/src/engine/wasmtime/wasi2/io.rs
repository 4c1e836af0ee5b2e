//! `wasi:io`.

use wasmtime::component::Resource;

use super::{
    Refused, TOO_LONG,
    bindings::wasi::io::{
        error::{self, Error},
        poll::{self, Pollable},
        streams::{self, InputStream, OutputStream, StreamError},
    },
};
use crate::{
    engine::wasmtime::{store::StoreData, trap::Stopped},
    host::{
        Stop,
        wasi2::{PIECE, StreamFailure},
    },
};

/// What a function of a stream gives.
type Streamed<T> = Result<T, Refused>;

impl error::Host for StoreData {}

impl error::HostError for StoreData {
    fn to_debug_string(&mut self, error: Resource<Error>) -> wasmtime::Result<String> {
        Ok(match self.call()?.stream_failure(error.rep()).map_err(Stopped)? {
            StreamFailure::Errno(errno) => errno.text(),
            StreamFailure::Length(_) => TOO_LONG,
        }
        .to_owned())
    }

    fn drop(&mut self, error: Resource<Error>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(error.rep()).map_err(Stopped)?)
    }
}

impl poll::Host for StoreData {
    async fn poll(&mut self, pollables: Vec<Resource<Pollable>>) -> wasmtime::Result<Vec<u32>> {
        let numbers: Vec<u32> = pollables.iter().map(Resource::rep).collect();
        self.host.count_bytes(4 * numbers.len() as u64).map_err(Stopped)?;
        Ok(self.settle(|host| host.poll(&numbers)).await?)
    }
}

impl poll::HostPollable for StoreData {
    fn ready(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<bool> {
        Ok(self.call()?.has_come(pollable.rep()).map_err(Stopped)?)
    }

    async fn block(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<()> {
        self.settle(|host| host.poll(&[pollable.rep()])).await?;
        Ok(())
    }

    fn drop(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(pollable.rep()).map_err(Stopped)?)
    }
}

impl streams::Host for StoreData {
    fn convert_stream_error(&mut self, refused: Refused) -> wasmtime::Result<StreamError> {
        let failed = match refused {
            Refused::Errno(errno) => StreamFailure::Errno(errno),
            Refused::Length(length) => StreamFailure::Length(length),
            Refused::Closed => return Ok(StreamError::Closed),
            Refused::Ends(error) => return Err(error),
        };
        let error = self.host.error(failed).map_err(Stopped)?;
        Ok(StreamError::LastOperationFailed(Resource::new_own(error)))
    }
}

impl streams::HostInputStream for StoreData {
    async fn read(&mut self, stream: Resource<InputStream>, len: u64) -> Streamed<Vec<u8>> {
        self.settle(|host| host.read(stream.rep(), len, false)).await
    }

    async fn blocking_read(&mut self, stream: Resource<InputStream>, len: u64) -> Streamed<Vec<u8>> {
        self.settle(|host| host.read(stream.rep(), len, true)).await
    }

    async fn skip(&mut self, stream: Resource<InputStream>, len: u64) -> Streamed<u64> {
        Ok(self.read(stream, len).await?.len() as u64)
    }

    async fn blocking_skip(&mut self, stream: Resource<InputStream>, len: u64) -> Streamed<u64> {
        Ok(self.blocking_read(stream, len).await?.len() as u64)
    }

    fn subscribe(&mut self, stream: Resource<InputStream>) -> wasmtime::Result<Resource<Pollable>> {
        Ok(Resource::new_own(self.call()?.readable(stream.rep()).map_err(Stopped)?))
    }

    fn drop(&mut self, stream: Resource<InputStream>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(stream.rep()).map_err(Stopped)?)
    }
}

/// A call may have so many bytes at most.
fn check_len(len: u64, most: usize) -> Streamed<()> {
    if len > most as u64 {
        return Err(Stop::Trap(format!("a write of {len} bytes, where {most} are the most")).into());
    }
    Ok(())
}

impl StoreData {
    async fn write_all(&mut self, stream: &Resource<OutputStream>, bytes: &[u8]) -> Streamed<()> {
        let mut done = 0;
        self.settle(|host| host.write(stream.rep(), bytes, &mut done)).await
    }

    async fn write_zeroes(&mut self, stream: &Resource<OutputStream>, len: u64, most: usize) -> Streamed<()> {
        check_len(len, most)?;
        self.write_all(stream, &vec![0; usize::try_from(len).unwrap_or(most).min(most)]).await
    }

    async fn splice(
        &mut self,
        to: &Resource<OutputStream>,
        from: &Resource<InputStream>,
        len: u64,
        blocking: bool,
    ) -> Streamed<u64> {
        let room = self.host.room(to.rep())? as u64;
        if room == 0 && !blocking {
            return Ok(0);
        }
        let most = if blocking { PIECE } else { self.host.permit(to.rep())? };
        let bytes = self.settle(|host| host.read(from.rep(), len.min(most as u64), blocking)).await?;
        self.write_all(to, &bytes).await?;
        Ok(bytes.len() as u64)
    }
}

impl streams::HostOutputStream for StoreData {
    fn check_write(&mut self, stream: Resource<OutputStream>) -> Streamed<u64> {
        Ok(self.call()?.room(stream.rep())? as u64)
    }

    async fn write(&mut self, stream: Resource<OutputStream>, bytes: Vec<u8>) -> Streamed<()> {
        check_len(bytes.len() as u64, self.host.permit(stream.rep())?)?;
        self.write_all(&stream, &bytes).await
    }

    async fn blocking_write_and_flush(&mut self, stream: Resource<OutputStream>, bytes: Vec<u8>) -> Streamed<()> {
        check_len(bytes.len() as u64, PIECE)?;
        self.write_all(&stream, &bytes).await
    }

    /// Nothing is ever left to flush.
    fn flush(&mut self, stream: Resource<OutputStream>) -> Streamed<()> {
        self.call()?.room(stream.rep())?;
        Ok(())
    }

    fn blocking_flush(&mut self, stream: Resource<OutputStream>) -> Streamed<()> {
        self.flush(stream)
    }

    fn subscribe(&mut self, stream: Resource<OutputStream>) -> wasmtime::Result<Resource<Pollable>> {
        Ok(Resource::new_own(self.call()?.writable(stream.rep()).map_err(Stopped)?))
    }

    async fn write_zeroes(&mut self, stream: Resource<OutputStream>, len: u64) -> Streamed<()> {
        let most = self.host.permit(stream.rep())?;
        self.write_zeroes(&stream, len, most).await
    }

    async fn blocking_write_zeroes_and_flush(&mut self, stream: Resource<OutputStream>, len: u64) -> Streamed<()> {
        self.write_zeroes(&stream, len, PIECE).await
    }

    async fn splice(&mut self, to: Resource<OutputStream>, from: Resource<InputStream>, len: u64) -> Streamed<u64> {
        self.splice(&to, &from, len, false).await
    }

    async fn blocking_splice(
        &mut self,
        to: Resource<OutputStream>,
        from: Resource<InputStream>,
        len: u64,
    ) -> Streamed<u64> {
        self.splice(&to, &from, len, true).await
    }

    fn drop(&mut self, stream: Resource<OutputStream>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(stream.rep()).map_err(Stopped)?)
    }
}
