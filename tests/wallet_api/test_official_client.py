"""What stands between the clerk and the service may answer in its place, or cut an answer short: said in words, never a traceback."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from wallet_api.official_client import ActRefused, Caller

HTML = b"<html><body>502 Bad Gateway for dossier 29ZZ98765</body></html>"
ANSWERS = {
    "another's page for a fault": (502, HTML, len(HTML)),
    "another's page for an answer": (200, HTML, len(HTML)),
    "nothing for a fault": (503, b"", 0),
    "an answer cut short": (200, b'{"measure_id":', 900),
    "no answer at all": (0, b"", 0),
}


@contextmanager
def _standing_in(status: int, content: bytes, length: int):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            if status:
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ANSWERS)
def test_answer_that_is_not_the_services_is_told_in_words(made_home, tmp_path, name):
    """And that the same command acts once, since nobody knows whether it did."""
    token = tmp_path / "token"
    token.write_text("invented")
    with _standing_in(*ANSWERS[name]) as url:
        caller = Caller(replace(made_home, base_url=url), "agnes", token)
        with pytest.raises(ActRefused, match="it acts once") as refused:
            caller.post("/authority/licences/x/suspensions", {"decision_reference": "S-1"})
    assert "29ZZ98765" not in str(refused.value)
