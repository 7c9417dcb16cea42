"""Every duty of a `Notifier`, as one suite of tests: a subclass brings ``notifier`` and ``received``."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from caseflow.core.notices import Notice
from caseflow.core.value import Value
from caseflow.errors import DeliveryFailed
from caseflow.ports.protocols import Notifier
from caseflow.ports.records import Delivery, Person

ODD = "路灯不亮🚧 𠮷野家 caf\u00e9 cafe\u0301 ＡＢＣ \u202e <b>&amp;</b> {x} %s \\n ${y} \"'"
"""Signs of several bytes, of several units, combining, turning the direction; and what templates mean."""
SUBJECT, TEXT = "提醒:超期-mUFq3", "请在期限内答复-Zk81w"
"""What no log may ever hold."""


class Received(Value):
    """What arrived at the other end: the id as the receiver sees it, and the text in full."""

    id: str
    text: str


Receiver = Callable[[], Sequence[Received]]
"""Everything that arrived so far, in the order of arrival."""


class NotifierContract:
    """The duties of a `Notifier`, one promise a test.

    A subclass whose name begins with ``Test`` brings

    - ``notifier``: the notifier, whose messages go to a receiver of the test's own;
    - ``received``: a callable that tells what arrived there, as `Received`;

    and may override

    - ``address``: an address the receiver knows; ``someone@example.org`` by default;
    - ``refusing``: a notifier whose receiver refuses every message for good;
    - ``silent``: a notifier whose receiver does not answer in time; let its time be short;
    - ``unreachable``: a notifier whose receiver is not there at all;
    - ``secrets``: texts that must be in no log, error or ``repr``: passwords, keys, URLs that hold them;
    - ``receivers_loggers``: names of loggers that the receiver itself writes to, when it runs in the test's
      process: what they write is not the notifier's.

    Without the middle three, the tests that need them are skipped and say so. ``patience``, in seconds, is
    how long a notifier may take to find out that nobody answers.
    """

    patience = 60.0

    @pytest.fixture
    def notifier(self) -> Any:
        """The notifier; every subclass overrides this."""
        raise NotImplementedError("bring a fixture `notifier`")

    @pytest.fixture
    def received(self) -> Any:
        """What arrived; every subclass overrides this."""
        raise NotImplementedError("bring a fixture `received`: a callable that returns what arrived")

    @pytest.fixture
    def address(self) -> str:
        """An address that the receiver knows."""
        return "someone@example.org"

    @pytest.fixture
    def refusing(self) -> Any:
        """A notifier whose receiver refuses for good."""
        pytest.skip("this notifier never hears a refusal: it brings no fixture `refusing`")

    @pytest.fixture
    def silent(self) -> Any:
        """A notifier whose receiver does not answer."""
        pytest.skip("this notifier never waits: it brings no fixture `silent`")

    @pytest.fixture
    def unreachable(self) -> Any:
        """A notifier whose receiver is not there."""
        pytest.skip("this notifier reaches out to nobody: it brings no fixture `unreachable`")

    @pytest.fixture
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen."""
        return ()

    @pytest.fixture
    def receivers_loggers(self) -> tuple[str, ...]:
        """Loggers of the receiver."""
        return ()

    # -- handing on ----------------------------------------------------------------------------------------

    def test_a_message_arrives_once_and_whole(
        self, notifier: Notifier, received: Receiver, address: str
    ) -> None:
        """Returning means that it was handed on: once, under its id, with its text, and nothing returned."""
        assert _sent(notifier, delivery(address, id="d-1", text=TEXT)) is None
        assert [(one.id, TEXT in one.text) for one in received()] == [("d-1", True)]

    def test_the_same_id_twice_is_the_same_id_at_the_receiver(
        self, notifier: Notifier, received: Receiver, address: str
    ) -> None:
        """A message that comes again after a crash is handed on with the id it had, so it can be told."""
        for _ in range(2):
            notifier.send(delivery(address, id="d-1"))
        notifier.send(delivery(address, id="d-2"))
        assert [one.id for one in received()] == ["d-1", "d-1", "d-2"]

    def test_ids_are_handed_on_whole(self, notifier: Notifier, received: Receiver, address: str) -> None:
        """Ids of 64 signs that differ in the last, or in the case of one, are different at the receiver."""
        ids = [f"{'0' * 62}{end}" for end in ("ab", "aB", "ac")]
        for name in ids:
            notifier.send(delivery(address, id=name))
        assert [one.id for one in received()] == ids

    def test_the_text_goes_out_beside_the_html(
        self, notifier: Notifier, received: Receiver, address: str
    ) -> None:
        """A message that has a form in HTML arrives with its text all the same."""
        notifier.send(delivery(address).replace(html="<p>nothing else</p>"))
        assert [TEXT in one.text for one in received()] == [True]

    def test_every_sign_arrives(self, notifier: Notifier, received: Receiver, address: str) -> None:
        """Chinese, emoji, combining signs, markup and what looks like a template arrive as they are."""
        notifier.send(delivery(address, text=ODD, subject=ODD.replace("\u202e", "")))
        (one,) = received()
        assert ODD in one.text

    def test_lines_arrive_as_lines(self, notifier: Notifier, received: Receiver, address: str) -> None:
        """A text of several lines keeps them, those too that mean something to mail or HTTP."""
        lines = ["第一行", ".", "..", "From here", "", "  two  blanks", "a\ttab", "X-Header: no", "end"]
        notifier.send(delivery(address, text="\n".join(lines)))
        (one,) = received()
        assert "\n".join(lines) in one.text.replace("\r\n", "\n")

    def test_a_very_long_text_is_whole_or_refused(
        self, notifier: Notifier, received: Receiver, address: str
    ) -> None:
        """20,000 signs in one line arrive to the last, or are refused for good; never cut in silence."""
        long = "办" * 19_990 + "到此为止。终" + TEXT
        try:
            notifier.send(delivery(address, text=long))
        except DeliveryFailed as failed:
            assert not failed.retry
            assert list(received()) == []
        else:
            (one,) = received()
            assert long in one.text

    def test_half_a_sign_stops_nobody(self, notifier: Notifier, received: Receiver, address: str) -> None:
        """A text with a lone surrogate, which no encoding can carry, is handed on or refused as a failure."""
        try:
            notifier.send(delivery(address, text="a\ud83dz"))
        except DeliveryFailed as failed:
            assert not failed.retry
        else:
            assert len(received()) == 1

    def test_several_threads_send_at_once(self, notifier: Notifier, received: Receiver, address: str) -> None:
        """Eight threads with one notifier: every message arrives once, under its own id with its own text."""
        ids = [f"d-{number}" for number in range(24)]
        failures: list[BaseException] = []

        def work(names: list[str]) -> None:
            try:
                for name in names:
                    notifier.send(delivery(address, id=name, text=f"<{name}>"))
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(ids[start::8],)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        arrived = received()
        assert sorted(one.id for one in arrived) == sorted(ids)
        assert all(f"<{one.id}>" in one.text for one in arrived)

    # -- failing -------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("blank", ["", "  ", "\t"])
    def test_without_an_address_it_says_so(self, notifier: Notifier, received: Receiver, blank: str) -> None:
        """An empty address is ``no-address``, never to be retried, and nothing is handed on."""
        failed = _failure(notifier, delivery(blank))
        assert (failed.code, failed.retry) == ("no-address", False)
        assert list(received()) == []

    @pytest.mark.parametrize("name", ["subject", "address", "id"])
    @pytest.mark.parametrize("sign", ["\r\n", "\n", "\r", "\0", "\x85", "\u2028"])
    def test_nothing_slips_into_a_header(
        self, notifier: Notifier, received: Receiver, address: str, name: str, sign: str
    ) -> None:
        """A line break or NUL in what must be one line is refused for good, and nothing is handed on."""
        message = delivery(address, id="d-1")
        spoiled = f"{getattr(message, name)}{sign}Bcc: other@example.org"
        failed = _failure(notifier, message.replace(**{name: spoiled}))
        assert not failed.retry
        assert list(received()) == []

    def test_a_failure_changes_nothing_for_the_next(
        self, notifier: Notifier, received: Receiver, address: str
    ) -> None:
        """After a message that could not go out the next one does, alone and as it is."""
        for spoiled in (delivery(""), delivery(address, id="d-1", subject="a\nb")):
            _failure(notifier, spoiled)
        notifier.send(delivery(address, id="d-2", text="second"))
        assert [(one.id, "second" in one.text, TEXT in one.text) for one in received()] == [
            ("d-2", True, False)
        ]

    def test_a_refusal_for_good_is_not_retried(self, refusing: Notifier, address: str) -> None:
        """A receiver that will never take the message is `DeliveryFailed` with ``retry=False``."""
        assert not _failure(refusing, delivery(address)).retry

    def test_a_time_out_is_retried(self, silent: Notifier, address: str) -> None:
        """A receiver that does not answer is `DeliveryFailed` with ``retry=True``, in good time."""
        assert _failure(silent, delivery(address), patience=self.patience).retry

    def test_a_receiver_that_is_not_there_is_retried(self, unreachable: Notifier, address: str) -> None:
        """A connection that cannot be made is `DeliveryFailed` with ``retry=True``."""
        assert _failure(unreachable, delivery(address)).retry

    # -- keeping quiet -------------------------------------------------------------------------------------

    def test_success_leaves_no_text_in_a_log(
        self,
        notifier: Notifier,
        address: str,
        secrets: tuple[str, ...],
        receivers_loggers: tuple[str, ...],
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """With every logger at DEBUG no text, address or secret is written, printed or shown by ``repr``."""
        with _everything_logged(receivers_loggers) as lines:
            notifier.send(delivery(address))
        _assert_quiet([*lines, repr(notifier), *capfd.readouterr()], (address, *secrets))

    def test_what_is_not_sent_leaves_no_text_in_a_log(
        self,
        notifier: Notifier,
        address: str,
        secrets: tuple[str, ...],
        receivers_loggers: tuple[str, ...],
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """The same of a message that cannot go out as it is: for want of an address, or for its subject."""
        with _everything_logged(receivers_loggers) as lines:
            failures = [
                _failure(notifier, spoiled)
                for spoiled in (delivery(" "), delivery(address, subject=f"{SUBJECT}\nx"))
            ]
        shown = [line for failed in failures for line in _shown(failed)]
        _assert_quiet([*lines, *shown, *capfd.readouterr()], (address, *secrets))

    @pytest.mark.parametrize("kind", ["refusing", "silent", "unreachable"])
    def test_failure_leaves_no_text_in_a_log(
        self,
        kind: str,
        request: pytest.FixtureRequest,
        address: str,
        secrets: tuple[str, ...],
        receivers_loggers: tuple[str, ...],
    ) -> None:
        """The same when it fails: what is printed, and the error in every form it is shown in, included."""
        notifier, capfd = request.getfixturevalue(kind), request.getfixturevalue("capfd")
        with _everything_logged(receivers_loggers) as lines:
            failed = _failure(notifier, delivery(address), patience=self.patience)
        _assert_quiet([*lines, *_shown(failed), *capfd.readouterr()], (address, *secrets))


def _shown(failed: DeliveryFailed) -> list[str]:
    """The failure as people and logs see it, but for its cause."""
    return [failed.text("en"), failed.text("zh"), repr(failed), *traceback.format_exception_only(failed)]


def delivery(address: str, *, id: str = "d-1", subject: str = SUBJECT, text: str = TEXT) -> Delivery:
    """A message about a yellow card, to one person at the address."""
    notice = Notice(
        "n-1", "c-1", 3, "card", level="yellow", role="lead_official", unit="城管局",
        at_us=1_741_000_000_000_001, body={"clock": "reply"},
    )  # fmt: skip
    person = Person("p-1", "李明", {"any": address})
    return Delivery(
        id=id, notice=notice, person=person, channel="any", address=address, subject=subject, text=text
    )


def _sent(notifier: Notifier, message: Delivery) -> object:
    """What the notifier returns, which should be nothing."""
    send: Callable[[Delivery], object] = notifier.send
    return send(message)


def _failure(notifier: Notifier, message: Delivery, *, patience: float = 60.0) -> DeliveryFailed:
    """The failure, which the test asks for; any other error is the test's, and so is none in that time."""
    raised: list[BaseException | None] = []

    def send() -> None:
        try:
            notifier.send(message)
        except BaseException as error:
            raised.append(error)
        else:
            raised.append(None)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    thread.join(patience)
    assert raised, f"it has not come back after {patience:g} seconds"
    if isinstance(raised[0], DeliveryFailed):
        return raised[0]
    if raised[0] is not None:
        raise raised[0]
    raise AssertionError("it returned, as if the message had been handed on")


@contextmanager
def _everything_logged(but: Sequence[str]) -> Generator[list[str]]:
    """Every line that any other logger writes, at any level, with its traceback."""
    lines: list[str] = []
    formatter = logging.Formatter("%(name)s %(message)s")

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith(tuple(but)):
                lines.append(formatter.format(record))

    keeper = Keeper(level=0)
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in list(logging.root.manager.loggerDict))]
    before = [(logger, logger.level, logger.propagate) for logger in loggers]
    root.addHandler(keeper)
    try:
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
            logger.propagate = True
        yield lines
    finally:
        root.removeHandler(keeper)
        for logger, level, propagate in before:
            logger.setLevel(level)
            logger.propagate = propagate


def _assert_quiet(lines: list[str], secrets: Sequence[str]) -> None:
    leaking = [line for line in lines if any(hidden in line for hidden in (SUBJECT, TEXT, *secrets))]
    assert leaking == [], "a text, an address or a secret was written"
