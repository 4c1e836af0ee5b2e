//! Gives components their imports of WASI 0.2, which `host/` has: here handles become numbers, errnos error codes, and what
//! would block is waited for.

mod blocking;
mod cli;
mod clocks;
mod filesystem;
mod http;
mod io;
mod random;
mod sockets;

pub(super) use bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use wasmtime::component::{HasSelf, Linker};

use super::{
    store::StoreData,
    trap::Stopped,
    wait::{wait_async, wait_blocking},
};
use crate::{
    engine::Mode,
    host::{
        Host, Step, Stop, Wait,
        wasi2::{Fault, WrongLength},
    },
    vfs::Errno,
};

/// The interfaces of `wit/`; components that were made for another 0.2 link with them too.
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "wasm-sandbox:host/wasi",
        imports: {
            "wasi:io/poll.poll": async | trappable,
            "wasi:io/poll.[method]pollable.block": async | trappable,
            "wasi:io/streams.[method]input-stream.read": async | trappable,
            "wasi:io/streams.[method]input-stream.blocking-read": async | trappable,
            "wasi:io/streams.[method]input-stream.skip": async | trappable,
            "wasi:io/streams.[method]input-stream.blocking-skip": async | trappable,
            "wasi:io/streams.[method]output-stream.write": async | trappable,
            "wasi:io/streams.[method]output-stream.blocking-write-and-flush": async | trappable,
            "wasi:io/streams.[method]output-stream.write-zeroes": async | trappable,
            "wasi:io/streams.[method]output-stream.blocking-write-zeroes-and-flush": async | trappable,
            "wasi:io/streams.[method]output-stream.splice": async | trappable,
            "wasi:io/streams.[method]output-stream.blocking-splice": async | trappable,
            "wasi:filesystem/types.[method]descriptor.read": async | trappable,
            "wasi:random/random.get-random-bytes": async | trappable,
            "wasi:random/insecure.get-insecure-random-bytes": async | trappable,
            "wasi:sockets/tcp.[drop]tcp-socket": async | trappable,
            "wasi:sockets/udp.[drop]udp-socket": async | trappable,
            default: trappable,
        },
        trappable_error_type: {
            "wasi:io/streams.stream-error" => super::Refused,
            "wasi:filesystem/types.error-code" => super::Refused,
            "wasi:sockets/network.error-code" => super::Refused,
        },
        require_store_data_send: true,
    });
}

/// All of WASI 0.2 but HTTP. Functions that wait do so on the thread in [`Mode::Blocking`], and give way otherwise.
pub(super) fn add(linker: &mut Linker<StoreData>, mode: Mode) -> wasmtime::Result<()> {
    bindings::Wasi::add_to_linker::<_, HasSelf<StoreData>>(linker, |data| data)?;
    match mode {
        Mode::Blocking => blocking::add(linker),
        Mode::Async => Ok(()),
    }
}

const TOO_LONG: &str = "the body is longer than was said";

/// Why a function has no result.
#[derive(Debug)]
pub(super) enum Refused {
    Errno(Errno),
    /// A body would be longer than was said.
    Length(WrongLength),
    /// The stream has come to its end.
    Closed,
    /// The guest ends.
    Ends(wasmtime::Error),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Errno(errno) => Self::Errno(errno),
            Fault::Length(length) => Self::Length(length),
            Fault::Closed => Self::Closed,
            Fault::Stop(stop) => stop.into(),
        }
    }
}

impl From<Errno> for Refused {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Stop> for Refused {
    fn from(stop: Stop) -> Self {
        Self::Ends(Stopped(stop).into())
    }
}

impl From<wasmtime::Error> for Refused {
    fn from(error: wasmtime::Error) -> Self {
        Self::Ends(error)
    }
}

impl From<Stopped> for Refused {
    fn from(stopped: Stopped) -> Self {
        Self::Ends(stopped.into())
    }
}

/// What a function that has no error of its own gives: a refusal of any kind ends the guest.
impl From<Refused> for wasmtime::Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Ends(error) => error,
            Refused::Errno(errno) => Stopped(Stop::Trap(errno.text().to_owned())).into(),
            Refused::Length(_) => Stopped(Stop::Trap(TOO_LONG.to_owned())).into(),
            Refused::Closed => Stopped(Stop::Trap("the stream is closed".to_owned())).into(),
        }
    }
}

impl StoreData {
    /// The host, for one call more.
    fn call(&mut self) -> Result<&mut Host, Refused> {
        self.host.count_call(0)?;
        Ok(&mut self.host)
    }

    /// Makes one call of the host's again and again, until it needs to wait no more.
    async fn settle<T, E: Into<Refused>>(
        &mut self,
        mut attempt: impl FnMut(&mut Host) -> Result<Step<T>, E> + Send,
    ) -> Result<T, Refused> {
        self.host.count_call(0)?;
        loop {
            match attempt(&mut self.host).map_err(Into::into)? {
                Step::Done(done) => return Ok(done),
                Step::Wait(wait) => {
                    let driven = self.host.drive_requests()?;
                    let wait = if driven.moved { Wait::moment() } else { driven.or(wait) };
                    match self.mode {
                        Mode::Blocking => wait_blocking(self, &wait)?,
                        Mode::Async => wait_async(self, &wait).await?,
                    }
                }
            }
        }
    }
}
