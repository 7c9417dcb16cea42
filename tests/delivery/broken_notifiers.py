"""Notifiers broken on purpose, each in one way that could pass for working; a test has them found."""

from __future__ import annotations

import logging
import sys
import threading
import time
import unicodedata
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from caseflow.delivery.notifiers.simple import checked_address
from caseflow.errors import DeliveryFailed
from caseflow.ports.records import Delivery
from caseflow.testing import NotifierContract, Received

SECRET = "key-77Qw"


class Sound:
    """A whole notifier to a list; what its receiver does is told by ``mood``."""

    def __init__(self, box: list[Received], mood: str = "") -> None:
        self.box, self.mood, self.secret = box, mood, SECRET

    def __repr__(self) -> str:
        return type(self).__name__

    def send(self, delivery: Delivery) -> Any:
        self.check(delivery)
        try:
            self.hand_on(delivery)
        except TimeoutError as error:
            raise DeliveryFailed("delivery-timeout", retry=True, what="box", found="1 s") from error
        except ConnectionError as error:
            raise DeliveryFailed("host-unreachable", retry=True, what="box", found="-") from error
        except PermissionError as error:
            raise DeliveryFailed("delivery-refused", retry=False, what="box", found="550") from error

    def check(self, delivery: Delivery) -> None:
        checked_address(delivery, what="box")

    def hand_on(self, delivery: Delivery) -> None:
        troubles = {"silent": TimeoutError, "unreachable": ConnectionError, "refusing": PermissionError}
        if self.mood:
            raise troubles[self.mood](delivery.text)
        self.box.append(Received(delivery.id, self.written(delivery.text)))

    def written(self, text: str) -> str:
        return text


class SwallowsRefusals(Sound):
    """A refusal passes for a message handed on."""

    def send(self, delivery: Delivery) -> None:
        try:
            super().send(delivery)
        except DeliveryFailed as failed:
            if failed.code != "delivery-refused":
                raise


class RetriesRefusals(Sound):
    """What was refused for good is tried again."""

    def send(self, delivery: Delivery) -> None:
        try:
            super().send(delivery)
        except DeliveryFailed as failed:
            failed.retry = failed.retry or failed.code == "delivery-refused"
            raise


class GivesUpAtOnce(Sound):
    """A time-out goes to the dead letters."""

    def send(self, delivery: Delivery) -> None:
        try:
            super().send(delivery)
        except DeliveryFailed as failed:
            failed.retry = failed.retry and failed.code != "delivery-timeout"
            raise


class LetsErrorsThrough(Sound):
    """A lost connection comes up as the library's own error."""

    def send(self, delivery: Delivery) -> None:
        self.check(delivery)
        if self.mood == "unreachable":
            raise ConnectionRefusedError
        super().send(delivery)


class NumbersAnew(Sound):
    """Each attempt gets an id of its own."""

    def hand_on(self, delivery: Delivery) -> None:
        super().hand_on(delivery.replace(id=f"{delivery.id}-{len(self.box)}") if self.box else delivery)


class SendsTwice(Sound):
    """To be safe, it sends everything twice."""

    def hand_on(self, delivery: Delivery) -> None:
        super().hand_on(delivery)
        super().hand_on(delivery)


class SaysSo(Sound):
    """It returns whether it worked, and expects to be asked."""

    def send(self, delivery: Delivery) -> bool:
        super().send(delivery)
        return True


class CutsTexts(Sound):
    """A text that is too long ends where the receiver's field ends."""

    def written(self, text: str) -> str:
        return text[:4096]


class KeepsToTheBasics(Sound):
    """What is beyond the basic plane becomes a question mark."""

    def written(self, text: str) -> str:
        return "".join("?" if ord(sign) > 0xFFFF else sign for sign in text)


class JoinsLines(Sound):
    """Lines become one."""

    def written(self, text: str) -> str:
        return " ".join(text.split("\n"))


class LogsTexts(Sound):
    """It writes down what it sends, for whoever looks for a mistake."""

    def hand_on(self, delivery: Delivery) -> None:
        logging.getLogger("broken").debug("sending %s", delivery.text)
        super().hand_on(delivery)


class LogsAddresses(Sound):
    """It writes down where it sends."""

    def hand_on(self, delivery: Delivery) -> None:
        logging.getLogger("broken").info("to %s", delivery.address)
        super().hand_on(delivery)


class ShowsItsKey(Sound):
    """Its ``repr`` has everything."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.secret})"


class RepeatsTheAnswer(Sound):
    """Its error has the words of the receiver, who repeats the message."""

    def send(self, delivery: Delivery) -> None:
        try:
            super().send(delivery)
        except DeliveryFailed as failed:
            if self.mood == "refusing":
                raise DeliveryFailed(
                    failed.code, retry=failed.retry, what="box", found=str(failed.__cause__)
                ) from failed
            raise


class SharesItsDraft(Sound):
    """The message is put together on the notifier, which other threads use too."""

    def hand_on(self, delivery: Delivery) -> None:
        self.draft = delivery
        time.sleep(0.002)
        super().hand_on(self.draft)


class AsksNoAddress(Sound):
    """A blank address is as good as any."""

    def check(self, delivery: Delivery) -> None:
        super().check(delivery.replace(address=delivery.address.strip() or "x"))


class LetsHeadersIn(Sound):
    """What stands in the subject is not looked at."""

    def check(self, delivery: Delivery) -> None:
        super().check(delivery.replace(subject=""))


class BreaksOnHalves(Sound):
    """A lone surrogate comes up as an encoding error."""

    def written(self, text: str) -> str:
        return text.encode().decode()


class PutsFormsRight(Sound):
    """What looks the same becomes the same."""

    def written(self, text: str) -> str:
        return unicodedata.normalize("NFC", text)


class JoinsBlanks(Sound):
    """Blanks at the beginning of a line, and more than one of them, are taken for mistakes."""

    def written(self, text: str) -> str:
        return "\n".join(" ".join(line.split()) for line in text.split("\n"))


class SendsTheHtml(Sound):
    """Whoever has a message in HTML needs no other."""

    def hand_on(self, delivery: Delivery) -> None:
        super().hand_on(delivery.replace(text=delivery.html or delivery.text))


class CutsIds(Sound):
    """The receiver's column of references has 36 characters."""

    def hand_on(self, delivery: Delivery) -> None:
        super().hand_on(delivery.replace(id=delivery.id[:36]))


class LowersIds(Sound):
    """The receiver's references are in lower case."""

    def hand_on(self, delivery: Delivery) -> None:
        super().hand_on(delivery.replace(id=delivery.id.lower()))


class PrintsTexts(Sound):
    """A line that was left from looking for a mistake."""

    def hand_on(self, delivery: Delivery) -> None:
        print(f"sending {delivery.text!r}", file=sys.stderr)
        super().hand_on(delivery)


class LogsWhatItRefuses(Sound):
    """It writes down what was wrong with a message that it does not send."""

    def check(self, delivery: Delivery) -> None:
        try:
            super().check(delivery)
        except DeliveryFailed:
            logging.getLogger("broken").warning("bad delivery: %r", delivery)
            raise


class KeepsItInTheError(Sound):
    """Its error has the message with it, for whoever catches it."""

    def send(self, delivery: Delivery) -> Any:
        try:
            super().send(delivery)
        except DeliveryFailed as failed:
            failed.add_note(f"the message was: {delivery.text}")
            raise


class SendsWhatFailedLater(Sound):
    """What it refused goes out with the next message."""

    def check(self, delivery: Delivery) -> None:
        self.waiting = [*getattr(self, "waiting", ()), delivery]
        super().check(delivery)

    def hand_on(self, delivery: Delivery) -> None:
        for one in self.waiting:
            super().hand_on(one)
        self.waiting = []


class StaysBroken(Sound):
    """After one failure it never sends again."""

    def send(self, delivery: Delivery) -> Any:
        if getattr(self, "is_broken", False):
            raise DeliveryFailed("host-unreachable", retry=True, what="box", found="-")
        try:
            super().send(delivery)
        except DeliveryFailed:
            self.is_broken = True
            raise


class WaitsForEver(Sound):
    """It has no time-out."""

    def send(self, delivery: Delivery) -> Any:
        if self.mood == "silent":
            threading.Event().wait()
        super().send(delivery)


class Broken(NotifierContract):
    """The contract over one of them."""

    patience = 0.2

    make: ClassVar[type[Sound]] = Sound

    @pytest.fixture
    def box(self) -> list[Received]:
        return []

    @pytest.fixture
    def notifier(self, box: list[Received]) -> Sound:
        return self.make(box)

    @pytest.fixture
    def received(self, box: list[Received]) -> Callable[[], list[Received]]:
        return lambda: box

    @pytest.fixture(name="refusing")
    def refusing_(self, box: list[Received]) -> Sound:
        return self.make(box, "refusing")

    @pytest.fixture(name="silent")
    def silent_(self, box: list[Received]) -> Sound:
        return self.make(box, "silent")

    @pytest.fixture(name="unreachable")
    def unreachable_(self, box: list[Received]) -> Sound:
        return self.make(box, "unreachable")

    @pytest.fixture
    def secrets(self) -> tuple[str, ...]:
        return (SECRET,)


CAUGHT: dict[type[Sound], tuple[str, ...]] = {
    Sound: (),
    SwallowsRefusals: ("a_refusal_for_good_is_not_retried", "failure_leaves_no_text_in_a_log"),
    RetriesRefusals: ("a_refusal_for_good_is_not_retried",),
    GivesUpAtOnce: ("a_time_out_is_retried",),
    LetsErrorsThrough: ("a_receiver_that_is_not_there_is_retried", "failure_leaves_no_text_in_a_log"),
    NumbersAnew: (
        "the_same_id_twice_is_the_same_id_at_the_receiver", "ids_are_handed_on_whole",
        "several_threads_send_at_once",
    ),
    SendsTwice: (
        "a_message_arrives_once_and_whole", "the_same_id_twice_is_the_same_id_at_the_receiver",
        "every_sign_arrives", "lines_arrive_as_lines", "a_very_long_text_is_whole_or_refused",
        "half_a_sign_stops_nobody", "several_threads_send_at_once", "ids_are_handed_on_whole",
        "the_text_goes_out_beside_the_html", "a_failure_changes_nothing_for_the_next",
    ),
    SaysSo: ("a_message_arrives_once_and_whole",),
    CutsTexts: ("a_very_long_text_is_whole_or_refused",),
    KeepsToTheBasics: ("every_sign_arrives",),
    JoinsLines: ("lines_arrive_as_lines",),
    LogsTexts: ("success_leaves_no_text_in_a_log", "failure_leaves_no_text_in_a_log"),
    LogsAddresses: ("success_leaves_no_text_in_a_log", "failure_leaves_no_text_in_a_log"),
    ShowsItsKey: ("success_leaves_no_text_in_a_log",),
    RepeatsTheAnswer: ("failure_leaves_no_text_in_a_log",),
    SharesItsDraft: ("several_threads_send_at_once",),
    AsksNoAddress: (
        "without_an_address_it_says_so",
        "a_failure_changes_nothing_for_the_next", "what_is_not_sent_leaves_no_text_in_a_log",
    ),
    LetsHeadersIn: (
        "nothing_slips_into_a_header",
        "a_failure_changes_nothing_for_the_next", "what_is_not_sent_leaves_no_text_in_a_log",
    ),
    BreaksOnHalves: ("half_a_sign_stops_nobody",),
    PutsFormsRight: ("every_sign_arrives",),
    JoinsBlanks: ("lines_arrive_as_lines",),
    SendsTheHtml: ("the_text_goes_out_beside_the_html",),
    CutsIds: ("ids_are_handed_on_whole",),
    LowersIds: ("ids_are_handed_on_whole",),
    PrintsTexts: ("success_leaves_no_text_in_a_log", "failure_leaves_no_text_in_a_log"),
    LogsWhatItRefuses: ("what_is_not_sent_leaves_no_text_in_a_log",),
    KeepsItInTheError: ("failure_leaves_no_text_in_a_log", "what_is_not_sent_leaves_no_text_in_a_log"),
    SendsWhatFailedLater: ("a_failure_changes_nothing_for_the_next",),
    StaysBroken: ("a_failure_changes_nothing_for_the_next",),
    WaitsForEver: ("a_time_out_is_retried", "failure_leaves_no_text_in_a_log"),
}  # fmt: skip
"""Each broken notifier, and exactly the promises it breaks."""

for _kind in CAUGHT:
    globals()[f"Broken{_kind.__name__}"] = type(f"Broken{_kind.__name__}", (Broken,), {"make": _kind})
