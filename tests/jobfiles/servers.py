"""Servers of mail and of the web that keep what they were told."""

from __future__ import annotations

import contextlib
import email
import email.policy
import glob
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

PASSWORD = "open sesame"


class MailServer:
    """An SMTP server on a port of its own, with STARTTLS and AUTH if it has a certificate."""

    def __init__(self, context: ssl.SSLContext | None = None, *, at_once: bool = False) -> None:
        self.mails: list[EmailMessage] = []
        self.said: list[str] = []
        self.is_in_process_list = False
        self._context, self._at_once = context, at_once
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            try:
                self._talk(connection)
            except OSError:
                connection.close()

    def _talk(self, connection: socket.socket) -> None:
        if self._at_once and self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rwb")

        def say(line: str) -> None:
            stream.write(line.encode() + b"\r\n")
            stream.flush()

        say("220 here")
        while line := stream.readline().decode().strip():
            self.said.append(line)
            verb = line.split()[0].upper()
            if verb == "EHLO":
                say("250-here")
                is_plain = not isinstance(connection, ssl.SSLSocket)
                say("250 STARTTLS" if self._context and is_plain else "250 AUTH PLAIN")
            elif verb == "STARTTLS" and self._context:
                say("220 go on")
                connection = self._context.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rwb")
            elif verb == "AUTH":
                commands = []
                for name in glob.glob("/proc/[0-9]*/cmdline"):
                    with contextlib.suppress(OSError):  # a process that has ended meanwhile
                        commands.append(Path(name).read_bytes())
                self.is_in_process_list = any(PASSWORD.encode() in command for command in commands)
                say("235 fine")
            elif verb == "DATA":
                say("354 go on")
                data = b""
                while not data.endswith(b"\r\n.\r\n"):
                    data += stream.readline()
                # A line that begins with a point is sent with one more.
                data = data[:-5].replace(b"\r\n..", b"\r\n.")
                found = email.message_from_bytes(data, policy=email.policy.default)
                assert isinstance(found, EmailMessage)
                self.mails.append(found)
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                connection.close()
                return
            else:
                say("250 fine")


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@contextmanager
def web(status: int = 200) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
