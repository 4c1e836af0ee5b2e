//! Requests that come in, and how they are answered.

use wasmtime::component::Resource;

use super::{
    super::bindings::wasi::{
        http::types::{
            self, ErrorCode, FutureTrailers, Headers, IncomingBody, IncomingRequest, Method, OutgoingBody,
            OutgoingResponse, ResponseOutparam, Scheme, Trailers,
        },
        io::{
            poll::Pollable,
            streams::{InputStream, OutputStream},
        },
    },
    broken, code,
    codes::named as named_code,
    named, once, pollable,
};
use crate::{
    engine::wasmtime::{store::StoreData, trap::Stopped},
    host::{Stop, http::TrailersState},
};

/// What comes behind a body, if anything does.
type TrailersResult = Option<Result<Result<Option<Resource<Trailers>>, ErrorCode>, ()>>;

impl types::HostIncomingRequest for StoreData {
    fn method(&mut self, request: Resource<IncomingRequest>) -> wasmtime::Result<Method> {
        Ok(named(&self.call()?.incoming_request_head(request.rep()).map_err(Stopped)?.method))
    }

    fn path_with_query(&mut self, request: Resource<IncomingRequest>) -> wasmtime::Result<Option<String>> {
        let head = self.call()?.incoming_request_head(request.rep()).map_err(Stopped)?;
        Ok(head.uri.path_and_query().map(|path| path.as_str().to_owned()))
    }

    fn scheme(&mut self, request: Resource<IncomingRequest>) -> wasmtime::Result<Option<Scheme>> {
        let head = self.call()?.incoming_request_head(request.rep()).map_err(Stopped)?;
        Ok(head.uri.scheme_str().map(|scheme| match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.to_owned()),
        }))
    }

    fn authority(&mut self, request: Resource<IncomingRequest>) -> wasmtime::Result<Option<String>> {
        let head = self.call()?.incoming_request_head(request.rep()).map_err(Stopped)?;
        Ok(head.uri.authority().map(|authority| authority.as_str().to_owned()))
    }

    fn headers(&mut self, request: Resource<IncomingRequest>) -> wasmtime::Result<Resource<Headers>> {
        Ok(Resource::new_own(self.call()?.incoming_request_fields(request.rep()).map_err(Stopped)?))
    }

    fn consume(&mut self, request: Resource<IncomingRequest>) -> wasmtime::Result<Result<Resource<IncomingBody>, ()>> {
        once(self.call()?.incoming_request_body(request.rep()))
    }

    fn drop(&mut self, request: Resource<IncomingRequest>) -> wasmtime::Result<()> {
        self.forget(&request)
    }
}

impl types::HostIncomingBody for StoreData {
    fn stream(&mut self, body: Resource<IncomingBody>) -> wasmtime::Result<Result<Resource<InputStream>, ()>> {
        once(self.call()?.body_stream(body.rep()))
    }

    fn finish(&mut self, body: Resource<IncomingBody>) -> wasmtime::Result<Resource<FutureTrailers>> {
        Ok(Resource::new_own(self.call()?.finish_reading(body.rep()).map_err(Stopped)?))
    }

    fn drop(&mut self, body: Resource<IncomingBody>) -> wasmtime::Result<()> {
        self.forget(&body)
    }
}

impl types::HostFutureTrailers for StoreData {
    fn subscribe(&mut self, trailers: Resource<FutureTrailers>) -> wasmtime::Result<Resource<Pollable>> {
        pollable(self.call()?.trailers_pollable(trailers.rep()))
    }

    fn get(&mut self, trailers: Resource<FutureTrailers>) -> wasmtime::Result<TrailersResult> {
        let come = self.call()?.trailers(trailers.rep()).map_err(Stopped)?;
        Ok(match come {
            TrailersState::Pending => None,
            TrailersState::Taken => Some(Err(())),
            TrailersState::Broken(errno) => Some(Ok(Err(broken(errno).unwrap_or(ErrorCode::ConnectionTerminated)))),
            TrailersState::Fields(fields) => Some(Ok(Ok(fields.map(Resource::new_own)))),
        })
    }

    fn drop(&mut self, trailers: Resource<FutureTrailers>) -> wasmtime::Result<()> {
        self.forget(&trailers)
    }
}

impl types::HostResponseOutparam for StoreData {
    /// Servers of HTTP/1 are not asked for it here.
    fn send_informational(
        &mut self,
        _: Resource<ResponseOutparam>,
        _: u16,
        headers: Resource<Headers>,
    ) -> wasmtime::Result<Result<(), ErrorCode>> {
        self.call()?.drop_handle(headers.rep()).map_err(Stopped)?;
        Ok(Err(ErrorCode::InternalError(Some("informational responses are not sent here".to_owned()))))
    }

    fn set(
        &mut self,
        answer: Resource<ResponseOutparam>,
        response: Result<Resource<OutgoingResponse>, ErrorCode>,
    ) -> wasmtime::Result<()> {
        let response = response.map(|response| response.rep()).map_err(|code| named_code(&code));
        match self.call()?.answer_request(answer.rep(), response) {
            Ok(()) => Ok(()),
            Err(fault) => {
                let code = code(fault)?;
                Err(Stopped(Stop::Trap(format!("the response cannot be sent: {code:?}"))).into())
            }
        }
    }

    fn drop(&mut self, answer: Resource<ResponseOutparam>) -> wasmtime::Result<()> {
        self.forget(&answer)
    }
}

impl types::HostOutgoingResponse for StoreData {
    fn new(&mut self, headers: Resource<Headers>) -> wasmtime::Result<Resource<OutgoingResponse>> {
        Ok(Resource::new_own(self.call()?.new_outgoing_response(headers.rep()).map_err(Stopped)?))
    }

    fn status_code(&mut self, response: Resource<OutgoingResponse>) -> wasmtime::Result<u16> {
        Ok(self.call()?.status(response.rep()).map_err(Stopped)?)
    }

    fn set_status_code(
        &mut self,
        response: Resource<OutgoingResponse>,
        status: u16,
    ) -> wasmtime::Result<Result<(), ()>> {
        let is_set = self.call()?.set_status(response.rep(), status).map_err(Stopped)?;
        Ok(if is_set { Ok(()) } else { Err(()) })
    }

    fn headers(&mut self, response: Resource<OutgoingResponse>) -> wasmtime::Result<Resource<Headers>> {
        Ok(Resource::new_own(self.call()?.outgoing_response_fields(response.rep()).map_err(Stopped)?))
    }

    fn body(&mut self, response: Resource<OutgoingResponse>) -> wasmtime::Result<Result<Resource<OutgoingBody>, ()>> {
        once(self.call()?.outgoing_response_body(response.rep()))
    }

    fn drop(&mut self, response: Resource<OutgoingResponse>) -> wasmtime::Result<()> {
        self.forget(&response)
    }
}

impl types::HostOutgoingBody for StoreData {
    fn write(&mut self, body: Resource<OutgoingBody>) -> wasmtime::Result<Result<Resource<OutputStream>, ()>> {
        once(self.call()?.body_sink(body.rep()))
    }

    fn finish(
        &mut self,
        body: Resource<OutgoingBody>,
        trailers: Option<Resource<Trailers>>,
    ) -> wasmtime::Result<Result<(), ErrorCode>> {
        match self.call()?.finish_writing(body.rep(), trailers.map(|trailers| trailers.rep())) {
            Ok(()) => Ok(Ok(())),
            Err(fault) => Ok(Err(code(fault)?)),
        }
    }

    fn drop(&mut self, body: Resource<OutgoingBody>) -> wasmtime::Result<()> {
        self.forget(&body)
    }
}
