//! Requests that guests make.

use http::uri::{Authority, PathAndQuery};
use wasmtime::component::Resource;

use super::{
    super::bindings::wasi::{
        http::{
            outgoing_handler,
            types::{
                self, ErrorCode, FutureIncomingResponse, Headers, IncomingBody, IncomingResponse, Method, OutgoingBody,
                OutgoingRequest, RequestOptions, Scheme,
            },
        },
        io::poll::Pollable,
    },
    code, failed, named, once, pollable,
};
use crate::{
    engine::wasmtime::{store::StoreData, trap::Stopped},
    host::http::{MAX_TEXT, OutgoingRequest as Request, ResponseState, Timeout, place},
};

/// What a setter gives.
type Set = wasmtime::Result<Result<(), ()>>;

/// A response that comes, once it has.
type ResponseResult = Option<Result<Result<Resource<IncomingResponse>, ErrorCode>, ()>>;

impl outgoing_handler::Host for StoreData {
    fn handle(
        &mut self,
        request: Resource<OutgoingRequest>,
        options: Option<Resource<RequestOptions>>,
    ) -> wasmtime::Result<Result<Resource<FutureIncomingResponse>, ErrorCode>> {
        match self.call()?.send_request(request.rep(), options.map(|options| options.rep())) {
            Ok(response) => Ok(Ok(Resource::new_own(response))),
            Err(fault) => Ok(Err(code(fault)?)),
        }
    }
}

impl types::HostOutgoingRequest for StoreData {
    fn new(&mut self, headers: Resource<Headers>) -> wasmtime::Result<Resource<OutgoingRequest>> {
        Ok(Resource::new_own(self.call()?.new_outgoing_request(headers.rep()).map_err(Stopped)?))
    }

    fn body(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Result<Resource<OutgoingBody>, ()>> {
        once(self.call()?.outgoing_request_body(request.rep()))
    }

    fn method(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Method> {
        Ok(named(&self.call()?.outgoing_request(request.rep()).map_err(Stopped)?.method))
    }

    fn set_method(&mut self, request: Resource<OutgoingRequest>, method: Method) -> Set {
        let outgoing = self.told(&request, Some(text(&method)))?;
        Ok(parsed(Some(text(&method))).map(|method| outgoing.method = method.unwrap_or_default()))
    }

    fn path_with_query(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Option<String>> {
        let outgoing = self.call()?.outgoing_request(request.rep()).map_err(Stopped)?;
        Ok(outgoing.path.as_ref().map(|path| path.as_str().to_owned()))
    }

    fn set_path_with_query(&mut self, request: Resource<OutgoingRequest>, path: Option<String>) -> Set {
        let outgoing = self.told(&request, path.as_deref())?;
        Ok(parsed::<PathAndQuery>(path.as_deref()).map(|path| outgoing.path = path))
    }

    fn scheme(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Option<Scheme>> {
        let outgoing = self.call()?.outgoing_request(request.rep()).map_err(Stopped)?;
        Ok(outgoing.scheme.as_deref().map(|scheme| match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.to_owned()),
        }))
    }

    fn set_scheme(&mut self, request: Resource<OutgoingRequest>, scheme: Option<Scheme>) -> Set {
        let scheme = scheme.map(|scheme| match scheme {
            Scheme::Http => "http".to_owned(),
            Scheme::Https => "https".to_owned(),
            Scheme::Other(other) => other,
        });
        let outgoing = self.told(&request, scheme.as_deref())?;
        Ok(parsed::<http::uri::Scheme>(scheme.as_deref()).map(|_| outgoing.scheme = scheme))
    }

    fn authority(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Option<String>> {
        let outgoing = self.call()?.outgoing_request(request.rep()).map_err(Stopped)?;
        Ok(outgoing.authority.as_ref().map(|authority| authority.as_str().to_owned()))
    }

    fn set_authority(&mut self, request: Resource<OutgoingRequest>, authority: Option<String>) -> Set {
        let outgoing = self.told(&request, authority.as_deref())?;
        let parsed = parsed::<Authority>(authority.as_deref()).and_then(|authority| match &authority {
            Some(said) if place(said).is_none() => Err(()),
            _ => Ok(authority),
        });
        let set = parsed.map(|authority| outgoing.authority = authority);
        if let (Err(()), Some(authority)) = (set, authority) {
            self.host.refuse_authority(&authority);
        }
        Ok(set)
    }

    fn headers(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Resource<Headers>> {
        Ok(Resource::new_own(self.call()?.outgoing_request_fields(request.rep()).map_err(Stopped)?))
    }

    fn drop(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<()> {
        self.forget(&request)
    }
}

impl types::HostRequestOptions for StoreData {
    fn new(&mut self) -> wasmtime::Result<Resource<RequestOptions>> {
        Ok(Resource::new_own(self.call()?.new_options().map_err(Stopped)?))
    }

    fn connect_timeout(&mut self, options: Resource<RequestOptions>) -> wasmtime::Result<Option<u64>> {
        self.timeout(&options, Timeout::Connect)
    }

    fn set_connect_timeout(&mut self, options: Resource<RequestOptions>, time: Option<u64>) -> Set {
        self.set_timeout(&options, Timeout::Connect, time)
    }

    fn first_byte_timeout(&mut self, options: Resource<RequestOptions>) -> wasmtime::Result<Option<u64>> {
        self.timeout(&options, Timeout::FirstByte)
    }

    fn set_first_byte_timeout(&mut self, options: Resource<RequestOptions>, time: Option<u64>) -> Set {
        self.set_timeout(&options, Timeout::FirstByte, time)
    }

    fn between_bytes_timeout(&mut self, options: Resource<RequestOptions>) -> wasmtime::Result<Option<u64>> {
        self.timeout(&options, Timeout::BetweenBytes)
    }

    fn set_between_bytes_timeout(&mut self, options: Resource<RequestOptions>, time: Option<u64>) -> Set {
        self.set_timeout(&options, Timeout::BetweenBytes, time)
    }

    fn drop(&mut self, options: Resource<RequestOptions>) -> wasmtime::Result<()> {
        self.forget(&options)
    }
}

impl StoreData {
    /// A request that the guest says something of.
    fn told(&mut self, request: &Resource<OutgoingRequest>, text: Option<&str>) -> wasmtime::Result<&mut Request> {
        let host = self.call()?;
        host.count_bytes(text.map_or(0, str::len) as u64).map_err(Stopped)?;
        Ok(host.outgoing_request(request.rep()).map_err(Stopped)?)
    }

    fn timeout(&mut self, options: &Resource<RequestOptions>, timeout: Timeout) -> wasmtime::Result<Option<u64>> {
        Ok(*self.call()?.timeout(options.rep(), timeout).map_err(Stopped)?)
    }

    fn set_timeout(&mut self, options: &Resource<RequestOptions>, timeout: Timeout, nanos: Option<u64>) -> Set {
        *self.call()?.timeout(options.rep(), timeout).map_err(Stopped)? = nanos;
        Ok(Ok(()))
    }
}

impl types::HostFutureIncomingResponse for StoreData {
    fn subscribe(&mut self, response: Resource<FutureIncomingResponse>) -> wasmtime::Result<Resource<Pollable>> {
        pollable(self.call()?.response_pollable(response.rep()))
    }

    fn get(&mut self, response: Resource<FutureIncomingResponse>) -> wasmtime::Result<ResponseResult> {
        Ok(match self.call()?.outcome(response.rep()).map_err(Stopped)? {
            ResponseState::Pending => None,
            ResponseState::Taken => Some(Err(())),
            ResponseState::Failed(failure) => Some(Ok(Err(failed(failure)))),
            ResponseState::Response(answer) => Some(Ok(Ok(Resource::new_own(answer)))),
        })
    }

    fn drop(&mut self, response: Resource<FutureIncomingResponse>) -> wasmtime::Result<()> {
        self.forget(&response)
    }
}

impl types::HostIncomingResponse for StoreData {
    fn status(&mut self, answer: Resource<IncomingResponse>) -> wasmtime::Result<u16> {
        Ok(self.call()?.incoming_response_status(answer.rep()).map_err(Stopped)?)
    }

    fn headers(&mut self, answer: Resource<IncomingResponse>) -> wasmtime::Result<Resource<Headers>> {
        Ok(Resource::new_own(self.call()?.incoming_response_fields(answer.rep()).map_err(Stopped)?))
    }

    fn consume(&mut self, answer: Resource<IncomingResponse>) -> wasmtime::Result<Result<Resource<IncomingBody>, ()>> {
        once(self.call()?.incoming_response_body(answer.rep()))
    }

    fn drop(&mut self, answer: Resource<IncomingResponse>) -> wasmtime::Result<()> {
        self.forget(&answer)
    }
}

fn parsed<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>, ()> {
    text.map(|text| if text.len() > MAX_TEXT { Err(()) } else { text.parse().map_err(|_| ()) }).transpose()
}

fn text(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(other) => other,
    }
}
