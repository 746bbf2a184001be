"""Telling the notifiers of a job, and syslog, about a run. If that fails, what the run made is kept."""

from __future__ import annotations

import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import syslog
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from pybackup.errors import EnvironmentFailed
from pybackup.model.display import printable

from . import message
from .history import last_runs
from .job import Job
from .notifiers import Notifier, Smtp
from .report import TRIAL, Report
from .secret import Secret

_LEVELS = {"problems": syslog.LOG_WARNING, "fail": syslog.LOG_ERR}
_SECONDS = 30
_RUNS = 6
_PLACES = ("/usr/sbin", "/usr/lib")
_FAILURES = (OSError, EnvironmentFailed, smtplib.SMTPException, subprocess.SubprocessError, ValueError)


def tell_start(job: Job) -> list[str]:
    """Tell that a run begins; return a message for each notifier for which that failed."""
    pinged = [notifier for notifier in job.notifiers if notifier.ping]
    return _all(pinged, ("start",), lambda notifier: _ping(notifier, "start"))


def tell(job: Job, report: Report) -> list[str]:
    """Tell the outcome of a run; return a message for each notifier for which that failed."""
    if job.get("syslog"):
        _log(report)

    return _all(job.notifiers, report.events, lambda notifier: _send(notifier, report))


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of sending a trial message by one notifier.

    Attributes
    ----------
    tried
        Whether one was sent. By a ping none is, as the service would take it for a run.
    reason
        Why the message was not accepted; empty if it was, though it may still not arrive.
    """

    notifier: str
    tried: bool
    reason: str = ""


def tell_trial(job: Job) -> list[Trial]:
    """Send a trial message by each notifier of a job, whatever its events are."""
    now = time.time()
    report = Report(job.name, job.mode, now, state=TRIAL, finished=now)
    if job.get("syslog"):
        _log(report)
    found = []
    for notifier in job.notifiers:
        if notifier.ping:
            found.append(Trial(notifier.name, tried=False))
        else:
            reason = _failure(notifier, lambda notifier: _send(notifier, report))
            found.append(Trial(notifier.name, tried=True, reason=reason))
    return found


def _send(notifier: Notifier, report: Report) -> None:
    if notifier.ping:
        _ping(notifier, str(report.status))
    elif notifier.apprise:
        _by_apprise(notifier.apprise, report)
    else:
        _mail(notifier, report)


def _all(notifiers: Iterable[Notifier], events: Iterable[str], send: Callable[[Notifier], None]) -> list[str]:
    heard = [notifier for notifier in notifiers if any(map(notifier.hears, events))]
    tried = [(notifier.name, _failure(notifier, send)) for notifier in heard]
    return [f"notifier {name} could not be told: {reason}" for name, reason in tried if reason]


def _failure(notifier: Notifier, send: Callable[[Notifier], None]) -> str:
    """Send, and return why that failed; empty if it did not."""
    try:
        send(notifier)
    except _FAILURES as error:
        return _reason(error)
    return ""


def _reason(error: BaseException) -> str:
    """Return the reason of an error without URLs, as the URL of a ping is a secret."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    if isinstance(error, urllib.error.URLError):
        return getattr(error.reason, "strerror", None) or type(error.reason).__name__
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server says {error.smtp_code}"
    if isinstance(error, EnvironmentFailed):
        return str(error)
    return getattr(error, "strerror", None) or type(error).__name__


def _log(report: Report) -> None:
    syslog.openlog("pybackup", syslog.LOG_PID, syslog.LOG_USER)
    for line in [message.summary(report), *report.failures]:
        syslog.syslog(_LEVELS.get(report.state, syslog.LOG_INFO), f"job {report.job}: {printable(line)}")
    syslog.closelog()


def _ping(notifier: Notifier, what: str) -> None:
    """Request a URL with ``what`` added to its path, as services that monitor cron jobs expect."""
    address = notifier.ping.reveal() if isinstance(notifier.ping, Secret) else str(notifier.ping)
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("http", "https"):
        raise EnvironmentFailed("its address begins with neither https:// nor http://")
    url = urllib.parse.urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{what}"))
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # says no more than the outcome
        answer.read(1)


def _by_apprise(address: Secret, report: Report) -> None:
    """Tell a service by the package apprise. It gets numbers only, no names of files, as others run it."""
    where = address.reveal()
    try:
        import apprise

        service = apprise.Apprise()
        is_known = service.add(where)
        is_told = is_known and service.notify(
            title=message.subject(report, socket.gethostname()), body=message.summary(report)
        )
    except ImportError as error:
        raise EnvironmentFailed("the package apprise is not installed (extra apprise)") from error
    except Exception as error:  # whatever its hundred plugins raise; what they say may have the address in it
        raise EnvironmentFailed(f"the package apprise failed: {type(error).__name__}") from error
    if not is_told:
        raise EnvironmentFailed("the service did not take it" if is_known else "its address is none that apprise knows")


def _mail(notifier: Notifier, report: Report) -> None:
    runs = [report.fields(), *last_runs(report.job, _RUNS)]
    host = socket.gethostname()
    mail = EmailMessage()
    mail["Subject"] = message.subject(report, host)
    mail["To"] = notifier.to
    mail["From"] = notifier.sender or notifier.to
    mail["Date"] = formatdate(report.finished, localtime=True)
    mail["Message-ID"] = make_msgid(domain=host)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.as_text(report, runs))
    mail.add_alternative(message.as_html(report, runs), subtype="html")
    if notifier.smtp is None:
        _by_program(mail)
    else:
        _by_server(mail, notifier.smtp)


def _by_program(mail: EmailMessage) -> None:
    path = os.pathsep.join((os.environ.get("PATH", ""), *_PLACES))
    program = shutil.which("sendmail", path=path)
    if program is None:
        raise EnvironmentFailed("there is no program called sendmail")
    done = subprocess.run(
        [program, "-t", "-oi"], input=mail.as_bytes(), capture_output=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise EnvironmentFailed(f"sendmail ended with status {done.returncode}")


def _by_server(mail: EmailMessage, smtp: Smtp) -> None:
    context = ssl.create_default_context()
    if smtp.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=_SECONDS, context=context)
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=_SECONDS)
    with server:
        if smtp.security == "starttls":
            server.starttls(context=context)
        if smtp.password is not None:
            server.login(smtp.user or str(mail["From"]), smtp.password.reveal())
        server.send_message(mail)
