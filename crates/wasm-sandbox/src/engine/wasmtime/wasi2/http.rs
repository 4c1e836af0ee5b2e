//! `wasi:http`: messages that guests read and make.

mod codes;
mod incoming;
mod outgoing;

use wasmtime::component::Resource;

use super::bindings::wasi::{
    http::types::{self, DnsErrorPayload, ErrorCode, Fields, HeaderError, IoError, Method},
    io::poll::Pollable,
};
use crate::{
    engine::wasmtime::{store::StoreData, trap::Stopped},
    host::{
        Stop,
        http::{Failure, FieldFault, MessageFault},
        net::{NetErrorKind, RequestFault},
        wasi2::{StreamFailure, WrongLength},
    },
    vfs::Errno,
};

/// What a function gives that can refuse a field.
type Fielded = wasmtime::Result<Result<(), HeaderError>>;

impl types::Host for StoreData {
    fn http_error_code(&mut self, error: Resource<IoError>) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(match self.call()?.stream_failure(error.rep()).map_err(Stopped)? {
            StreamFailure::Errno(errno) => broken(errno),
            StreamFailure::Length(length) => Some(wrong_length(length)),
        })
    }
}

impl types::HostFields for StoreData {
    fn new(&mut self) -> wasmtime::Result<Resource<Fields>> {
        Ok(Resource::new_own(self.call()?.new_fields().map_err(Stopped)?))
    }

    fn from_list(
        &mut self,
        entries: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<Resource<Fields>, HeaderError>> {
        let fields = self.call()?.new_fields().map_err(Stopped)?;
        for (name, value) in entries {
            self.host.count_bytes((name.len() + value.len()) as u64).map_err(Stopped)?;
            let appended = self.host.fields(fields).map_err(Stopped)?.append(&name, &value);
            if let Err(refused) = told(appended)? {
                self.host.drop_handle(fields).map_err(Stopped)?;
                return Ok(Err(refused));
            }
        }
        Ok(Ok(Resource::new_own(fields)))
    }

    fn get(&mut self, fields: Resource<Fields>, name: String) -> wasmtime::Result<Vec<Vec<u8>>> {
        let map = self.call()?.fields(fields.rep()).map_err(Stopped)?.map().clone();
        let values: Vec<Vec<u8>> = map.get_all(&name).iter().map(|value| value.as_bytes().to_vec()).collect();
        self.host.count_bytes(values.iter().map(|value| value.len() as u64).sum()).map_err(Stopped)?;
        Ok(values)
    }

    fn has(&mut self, fields: Resource<Fields>, name: String) -> wasmtime::Result<bool> {
        Ok(self.call()?.fields(fields.rep()).map_err(Stopped)?.map().contains_key(&name))
    }

    fn set(&mut self, fields: Resource<Fields>, name: String, values: Vec<Vec<u8>>) -> Fielded {
        let bytes = values.iter().map(|value| value.len() as u64).sum::<u64>();
        self.host.count_bytes(bytes + name.len() as u64).map_err(Stopped)?;
        told(self.call()?.fields(fields.rep()).map_err(Stopped)?.set(&name, &values))
    }

    fn delete(&mut self, fields: Resource<Fields>, name: String) -> Fielded {
        told(self.call()?.fields(fields.rep()).map_err(Stopped)?.delete(&name))
    }

    fn append(&mut self, fields: Resource<Fields>, name: String, value: Vec<u8>) -> Fielded {
        self.host.count_bytes((name.len() + value.len()) as u64).map_err(Stopped)?;
        told(self.call()?.fields(fields.rep()).map_err(Stopped)?.append(&name, &value))
    }

    fn entries(&mut self, fields: Resource<Fields>) -> wasmtime::Result<Vec<(String, Vec<u8>)>> {
        let map = self.call()?.fields(fields.rep()).map_err(Stopped)?.map().clone();
        let entry = |(name, value): (&::http::HeaderName, &::http::HeaderValue)| {
            (name.as_str().to_owned(), value.as_bytes().to_vec())
        };
        let entries: Vec<_> = map.iter().map(entry).collect();
        let bytes = entries.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum();
        self.host.count_bytes(bytes).map_err(Stopped)?;
        Ok(entries)
    }

    fn clone(&mut self, fields: Resource<Fields>) -> wasmtime::Result<Resource<Fields>> {
        Ok(Resource::new_own(self.call()?.copy_fields(fields.rep()).map_err(Stopped)?))
    }

    fn drop(&mut self, fields: Resource<Fields>) -> wasmtime::Result<()> {
        self.forget(&fields)
    }
}

impl StoreData {
    /// A guest's handle has gone.
    fn forget<T: 'static>(&mut self, handle: &Resource<T>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(handle.rep()).map_err(Stopped)?)
    }
}

/// What a guest is told of a field that stays as it is.
fn told(done: Result<(), FieldFault>) -> Fielded {
    match done {
        Ok(()) => Ok(Ok(())),
        Err(FieldFault::Syntax) => Ok(Err(HeaderError::InvalidSyntax)),
        Err(FieldFault::Forbidden) => Ok(Err(HeaderError::Forbidden)),
        Err(FieldFault::Immutable) => Ok(Err(HeaderError::Immutable)),
        Err(FieldFault::Stop(stop)) => Err(Stopped(stop).into()),
    }
}

fn wrong_length(length: WrongLength) -> ErrorCode {
    let written = Some(length.written);
    if length.is_request { ErrorCode::HttpRequestBodySize(written) } else { ErrorCode::HttpResponseBodySize(written) }
}

/// What a guest is told of a message that does not go out.
fn code(fault: MessageFault) -> wasmtime::Result<ErrorCode> {
    match fault {
        MessageFault::Length(length) => Ok(wrong_length(length)),
        MessageFault::Fields { is_request, in_trailers, bytes } => {
            let bytes = u32::try_from(bytes).ok();
            Ok(match (is_request, in_trailers) {
                (true, false) => ErrorCode::HttpRequestHeaderSectionSize(bytes),
                (true, true) => ErrorCode::HttpRequestTrailerSectionSize(bytes),
                (false, false) => ErrorCode::HttpResponseHeaderSectionSize(bytes),
                (false, true) => ErrorCode::HttpResponseTrailerSectionSize(bytes),
            })
        }
        MessageFault::Failure(failure) => Ok(failed(failure)),
        MessageFault::Stop(stop) => Err(Stopped(stop).into()),
    }
}

/// What a guest is told of a request that has no answer.
fn failed(Failure { error, was_connected }: Failure) -> ErrorCode {
    match error.kind {
        NetErrorKind::Denied => ErrorCode::HttpRequestDenied,
        NetErrorKind::Unresolved => ErrorCode::DnsError(DnsErrorPayload { rcode: None, info_code: None }),
        NetErrorKind::Refused => ErrorCode::ConnectionRefused,
        NetErrorKind::Reset => ErrorCode::ConnectionTerminated,
        NetErrorKind::Unreachable => ErrorCode::DestinationUnavailable,
        NetErrorKind::TimedOut if was_connected => ErrorCode::ConnectionReadTimeout,
        NetErrorKind::TimedOut => ErrorCode::ConnectionTimeout,
        NetErrorKind::Tls if error.message.contains("certificate") => ErrorCode::TlsCertificateError,
        NetErrorKind::Tls => ErrorCode::TlsProtocolError,
        NetErrorKind::TooMany => ErrorCode::ConnectionLimitReached,
        NetErrorKind::Head => ErrorCode::HttpResponseHeaderSectionSize(None),
        NetErrorKind::Response => ErrorCode::HttpProtocolError,
        NetErrorKind::Request(fault) => unsendable(fault).unwrap_or(ErrorCode::InternalError(Some(error.message))),
        NetErrorKind::NotOpen | NetErrorKind::Shut | NetErrorKind::TooLong | NetErrorKind::Other => {
            ErrorCode::InternalError(Some(error.message))
        }
    }
}

/// What a guest is told of a request that cannot be sent, if there is a word for it.
fn unsendable(fault: RequestFault) -> Option<ErrorCode> {
    match fault {
        RequestFault::Method => Some(ErrorCode::HttpRequestMethodInvalid),
        RequestFault::Scheme => Some(ErrorCode::HttpProtocolError),
        RequestFault::Target => Some(ErrorCode::HttpRequestUriInvalid),
        RequestFault::Size => Some(ErrorCode::HttpRequestHeaderSectionSize(None)),
        RequestFault::Body => Some(ErrorCode::HttpRequestBodySize(None)),
        RequestFault::Header | RequestFault::Form => None,
    }
}

/// What a guest is told of a body that broke off, if it is that.
fn broken(errno: Errno) -> Option<ErrorCode> {
    match errno {
        Errno::Connreset => Some(ErrorCode::ConnectionTerminated),
        Errno::Timedout => Some(ErrorCode::ConnectionReadTimeout),
        Errno::Badmsg => Some(ErrorCode::HttpResponseIncomplete),
        _ => None,
    }
}

/// Something that is there only once: an owned handle the first time.
fn once<T: 'static>(number: Result<Option<u32>, Stop>) -> wasmtime::Result<Result<Resource<T>, ()>> {
    Ok(number.map_err(Stopped)?.map(Resource::new_own).ok_or(()))
}

/// A method as the guest's type has it.
fn named(method: &::http::Method) -> Method {
    match method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// A pollable's handle.
fn pollable(number: Result<u32, Stop>) -> wasmtime::Result<Resource<Pollable>> {
    Ok(Resource::new_own(number.map_err(Stopped)?))
}
