"""What the daemon says when something cannot be, and of itself: its sentences are English and whole, with names and numbers in them. Those
that people meet on the pages are marked here, so that the catalogues have them, and found again by their shape.

tests/kiosk/test_kiosk_error_words.py holds that each stands in the source as it stands here.
"""

from __future__ import annotations

import re
from functools import cache

SHORTEST = 8
"""Characters: no sentence of these is shorter."""


def _(source: str) -> str:
    return source


SENTENCES = (
    # Logging in
    _("the name or the passphrase is not right"),
    _("the passphrase is not right"),
    _("this claim code is not right, or an hour old, or used: 'sudo edge-face kiosk claim' on the device prints a new one"),
    _("this door has an owner already: log in"),
    _("this login is gone"),
    _("another passphrase is just being looked at: try again"),
    _("after wrong tries none is looked at for %(time)s: wait"),
    _("a passphrase has at least %(count)s characters: four or five random words are a good one"),
    _("a passphrase has at least %(count)s characters; four random words are a good one"),
    _("a passphrase has at most %(count)s characters"),
    _("this passphrase repeats itself: four or five random words are a good one"),
    _("this passphrase is among the first to be guessed (a favourite, keys in a row, or the name): four or five random words are a good "
      "one"),
    _("there is no login of that name"),
    _("there is a login of that name already: choose another name"),
    _("there are %(count)s logins, which is the most: remove one first"),
    _("this is the only owner: make somebody else an owner first"),
    _("only an owner changes the passphrase of another login"),
    _("this is for %(who)s: you are logged in as %(role)s"),
    _("this is for whoever has the role '%(role)s'; you have '%(own)s'"),
    _("this form is from before your last login or logout: it was not done; open the page anew"),
    _("the owner"), _("the owner and helpers"),
    # The daemon itself
    _("the door is just starting"),
    _("the door is just starting: try again"),
    _("the daemon is stopping"),
    _("too many are asking the door at once: try again"),
    _("others are just sending pictures or files: try again in a minute"),
    _("the door's own program does not run"),
    _("the door's own program did not answer '%(command)s' in time: look whether it was done"),
    _("the door's own program stopped while it was asked: look whether it was done"),
    _("these pages may not ask the door's own program: sudo edge-face service install, "
      "then sudo systemctl restart edge-face edge-face-kiosk"),
    _("the camera gives no picture just now: look at the health page"),
    _("%(count)s pages look at the door already: close one of them"),
    _("at most %(count)s bytes can be sent here"),
    # Forms
    _("%(what)s: '%(text)s' is not a number"),
    _("%(what)s: a whole number is needed, not '%(text)s'"),
    _("'%(name)s' is longer than %(count)s characters"),
    _("what was to be saved cannot be read: begin again"),
    _("area %(number)s needs four numbers: from the left, from the top, width, height"),
    _("area %(number)s lies outside of the picture, or has no size: percentages from 0 to 100 are needed"),
    # Names and greetings
    _("the name is empty: give at least one letter"),
    _("a name has at most %(most)s characters, this one has %(count)s: shorten it"),
    _("'%(name)s' looks like a path, not like a name: leave out slashes, and give at least one letter"),
    _("the name '%(name)s' begins with a dash, which commands take for an option: begin it with something else"),
    _("'%(name)s' looks like the id of a person and cannot be a name: add something to it"),
    _("a name needs something that can be seen: a letter or a digit"),
    _("a name cannot hold the invisible character U+%(code)s: leave it out"),
    _("there is already somebody named '%(name)s': choose another name, or make new templates on that person's page"),
    _("there is already somebody named '%(name)s': choose another name, or forget that person first"),
    _("there is nobody with the id %(id)s any more"),
    _("a greeting has at most %(most)s characters, this one has %(count)s: shorten it"),
    _("a greeting cannot hold the invisible character U+%(code)s: leave it out"),
    # Consents and enrolling
    _("answer the two questions first"),
    _("only somebody who is recognised can be shown sharp: ask to be enrolled again"),
    _("only somebody who is recognised can be shown sharp or leave pictures here: the consent 'recognise' is needed too"),
    _("'%(name)s' has not agreed to be recognised: ask first"),
    _("nothing is kept of '%(name)s' without the consent to be recognised: ask first"),
    _("answered on the person's own page"),
    _("asked by who enrolled them, on the owner's pages"),
    _("this enrolment is over: begin again"),
    _("this enrolment is not ready: %(why)s"),
    _("go through all steps first"),
    _("%(count)s photos are enough: begin again if none of them serves"),
    _("somebody is just passing for the first time: try again in %(seconds)s s at the latest, if nobody goes on with that"),
    _("somebody else is enrolling just now: try again in %(seconds)s s at the latest, if nobody goes on with that"),
    _("this door has no camera: nobody is recognised here, and nobody enrolled"),
    _("the picture before is still being looked at: send one after the other"),
    _("the door is too busy to look at pictures: try again"),
    _("new templates of somebody whom the door knows are made at the door's own camera"),
    _("this person is not approved yet: the owner does that on the page of those who wait"),
    _("'%(name)s' did not agree to be recognised: enrol '%(again)s' again, with consent"),
    # Photos
    _("no picture came: choose a file first"),
    _("this file is larger than %(size)s MB: send it smaller"),
    _("this is a %(kind)s picture, which cannot be used here: on an iPhone choose Settings, Camera, Formats, Most Compatible and take it "
      "again; elsewhere save it as JPEG"),
    _("this is a video: send a photo"),
    _("this is no picture that can be used here: send a photo as JPEG, PNG or WebP"),
    _("at most %(count)s pictures can be sent at once: choose fewer"),
    _("too many pictures are being looked at: try again in a few seconds"),
    _("this picture takes too long to unpack: send it smaller, as JPEG"),
    _("this picture needs more memory or time than there is: send it smaller, as JPEG"),
    _("this picture cannot be used: send another one"),
    # Invitations and links
    _("there is no such open invitation: it was used, withdrawn, or has ended"),
    _("this link is not valid: it is not whole, a newer one has taken its place, or all that was kept is erased"),
    _("an invitation holds for at most %(hours)s hours: give a number above 0, up to %(most)s"),
    _("'%(name)s' is invited already: withdraw that invitation first"),
    _("%(count)s invitations are open: withdraw some, or wait until they end"),
    # Codes and cards
    _("a PIN has %(low)s to %(high)s digits and nothing else"),
    _("a PIN has %(low)s to %(high)s digits"),
    _("this PIN is %(why)s, which is tried first: choose another, or --generate"),
    _("this PIN cannot be taken: choose another"),
    _("this is the PIN itself: choose another, which differs in more than one digit"),
    _("'%(name)s' has this card already"),
    _("this card is somebody's already: 'edge-face codes list' shows who has cards"),
    _("somebody else is adding a card just now: try again"),
    _("no card was held to the reader within %(seconds)s s: try again ('edge-face door watch' shows whether it reads)"),
    _("this is not what the app shows now. Six digits are needed, and the clocks of the door and the phone must agree: here it is %(time)s "
      "UTC"),
    _("too many codes were tried: wait ten minutes"),
    _("all numbers are given: remove visitors whose time is over, or people who do not come any more"),
    _("codes are not typed on this page: use the keypad, or ask the owner to set [kiosk] pad"),
    # Hours and visitors
    _("hours have at most %(most)s characters, as %(example)s"),
    _("hours are missing: they are written as %(example)s, or always, or never"),
    _("'%(text)s' are no hours: they are written as 08:00-18:00"),
    _("'%(text)s' is no date of the calendar: it is written as 2026-12-24"),
    _("'%(text)s' is no date: it is written as 2026-12-25"),
    _("the end is not after the beginning: nobody could ever enter"),
    _("limits that end before they begin let in nobody: give an end after the beginning"),
    _("there is a visitor '%(name)s' already: choose another name, or remove that one first"),
    _("a release of one's own lasts %(low)s to %(high)s seconds"),
    _("attendance is listed for up to %(days)s days, the first before the last"),
    # The door
    _("people are, or were, enrolled: this door is tried at the device from now on (sudo edge-face door pulse)"),
    _("the pages do not open this door: remote_unlock = true under [kiosk] of the settings file would allow it"),
    # Backups
    _("choose the file of a backup, and type its passphrase"),
    _("the passphrase is wrong, or the backup was changed or cut short: nothing was restored"),
    _("the backup was changed or cut short: nothing was restored"),
    _("the backup is cut short: use another one"),
    _("the backup is cut short or damaged: use another one"),
    _("this is no backup of edge-face: 'edge-face store backup FILE' makes one (an export of people is brought in by 'edge-face people "
      "import')"),
    _("this file is not here any more: begin anew"),
    _("a file has at most %(size)s MB"),
    _("the disk of the door is too full for this file: make room, or restore it on the device with 'edge-face store restore'"),
    # What a door is made of, and for whom its rate of false grants is measured
    _('"%(level)s", %(why)s'),
    _("codes, cards and buttons: this door has no camera"),
    _('"%(level)s" asks for a face, and this door has no camera'),
    _('"%(level)s" asks for a card, and no reader is fitted (inputs.wiegand_d0, inputs.wiegand_d1)'),
    _('"%(level)s" asks for a code, and no keypad is fitted (inputs.keypad_rows, inputs.keypad_columns; kiosk.pad for one on a '
      "touch screen)"),
    _("%(count)s enrolled, none to be recognised: this door has no camera"),
    _("%(count)s to be recognised, %(number)s templates, %(most)s enrolled"),
    _("%(wanted)s is measured for %(people)s: similarity %(number)s (the table reaches to %(reach)s)"),
    _("%(wanted)s is %(reach)s: the strictest measured similarity %(number)s is taken, which is 1 in %(count)s for %(people)s"),
    _("measured only for %(people)s, not for %(who)s"),
    _("measured for no gallery, however small"),
    _("1 false grant in %(count)s approaches"),
    _("one person"),
    _("a good photo or screen may open the door: passive detection is all that stands against it"),
    _("whoever has the card, or knows a code, gets in"),
    _("whoever knows a code gets in"),
    _("a face must do what it is asked for, in a random order; where that fails or is doubtful, a code or a card decides"),
    _("a card or a code, and the face of the very person whose it is"),
    _("a code, and the face of the very person whose it is"),
    _("%(count)s people"),
    _("nothing tells a face from a picture of one: no bundle for it is installed"),
    _("a network camera"),
)
TRANSLATED = frozenset({"role", "own", "who", "why", "wanted", "reach", "people"})
"""Values that are words of ours, and not somebody's name."""
NUMBERS = frozenset({"count", "number", "most", "low", "high", "size", "hours", "days", "seconds"})
_VALUE = re.compile(r"%\((\w+)\)s")


@cache
def _shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those with values in them, the longest first: what says more is meant."""
    with_values = sorted((sentence for sentence in SENTENCES if _VALUE.search(sentence)), key=len, reverse=True)
    return tuple((re.compile(_pattern(sentence), re.DOTALL), sentence) for sentence in with_values)


def _pattern(sentence: str) -> str:
    """`%(name)s` becomes a group; what stands around it stays."""
    pieces = _VALUE.split(sentence)
    return "".join(re.escape(piece) if place % 2 == 0 else f"(?P<{piece}>{'[0-9.,]+' if piece in NUMBERS else '.{0,300}?'})"
                   for place, piece in enumerate(pieces))


def recognised(text: str) -> tuple[str, dict[str, str]] | None:
    """The sentence of which `text` is one, and its values; None for one that is not marked here."""
    if not SHORTEST <= len(text) <= 2000:
        return None
    for pattern, sentence in _shapes():
        found = pattern.fullmatch(text)
        if found is not None:
            return sentence, found.groupdict()
    return None
