//! Answers requests with how many words a text has: what is posted, or what the query says.

mod words;

use std::io::{self, Read, Write};

use percent_encoding::percent_decode_str;
use wasip2::{
    exports::http::incoming_handler::Guest,
    http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam},
};

struct Application;

wasip2::http::proxy::export!(Application);

impl Guest for Application {
    fn handle(request: IncomingRequest, response: ResponseOutparam) {
        let query = request.path_with_query().unwrap_or_default();
        let query = query.split_once('?').map_or("", |(_, query)| query);
        let (status, answer) = match body(&request) {
            Ok(posted) => (200, words::count(&text(&posted, query)).to_string()),
            Err(error) => (400, error.to_string()),
        };
        answer_with(response, status, &format!("{answer}\n"));
    }
}

/// All that is posted.
fn body(request: &IncomingRequest) -> io::Result<Vec<u8>> {
    let body = request.consume().expect("a body is taken once");
    let mut stream = body.stream().expect("a stream is taken once");
    let mut posted = Vec::new();
    stream.read_to_end(&mut posted)?;
    Ok(posted)
}

fn answer_with(response: ResponseOutparam, status: u16, text: &str) {
    let fields = Fields::from_list(&[("content-type".to_owned(), b"text/plain".to_vec())]);
    let answer = OutgoingResponse::new(fields.expect("a field that is allowed"));
    answer.set_status_code(status).expect("a status that there is");
    let body = answer.body().expect("a body is taken once");
    ResponseOutparam::set(response, Ok(answer));
    let mut stream = body.write().expect("a stream is taken once");
    stream.write_all(text.as_bytes()).expect("the client listens");
    drop(stream);
    OutgoingBody::finish(body, None).expect("it has no other length");
}

/// The text whose words are counted.
fn text(posted: &[u8], query: &str) -> String {
    if posted.is_empty() {
        percent_decode_str(&query.replace('+', " ")).decode_utf8_lossy().into_owned()
    } else {
        String::from_utf8_lossy(posted).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_text_is_posted_or_asked_for() {
        assert_eq!(text(b"trust nobody", "at+all"), "trust nobody");
        assert_eq!(text(b"", "trust+no%62ody"), "trust nobody");
        assert_eq!(text(b"", ""), "");
    }
}
