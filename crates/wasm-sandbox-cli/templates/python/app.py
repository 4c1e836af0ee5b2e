"""Answers requests with how many words a text has: what is posted, or what the query says."""

from urllib.parse import unquote_plus

from words import count


def application(environ, start_response):
    posted = environ["wsgi.input"].read().decode(errors="replace")
    answer = f"{count(posted or unquote_plus(environ['QUERY_STRING']))}\n".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]
