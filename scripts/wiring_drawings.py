# ruff: noqa: E501, SIM905 - coordinates and words: a line a thing
"""The diagrams themselves, one function each. Pin names are those of the settings' examples in docs/wiring.md."""

from __future__ import annotations

from collections.abc import Callable

from svg_circuit import Picture


def strike() -> Picture:
    p = Picture(900, 440, "Electric strike (fail-secure)", "A relay's normally open contact switches the supply of a strike's coil; a diode lies "
                "across the coil and a resistor pulls the relay's input to ground.")
    p.zone(20, 50, 600, 370, "inside, the secure side: in a housing with a tamper switch")
    _pi(p, 40, 150, 160, 210)
    _relay(p, 340, 150, 150, 210)
    p.pin(200, 180, "5 V", "right")
    p.pin(200, 230, "GPIO17", "right")
    p.pin(200, 330, "GND", "right")
    p.pin(340, 180, "VCC", "left")
    p.pin(340, 230, "IN", "left")
    p.pin(340, 330, "GND", "left")
    p.pin(490, 190, "COM", "right")
    p.pin(490, 250, "NO", "right")
    p.pin(490, 310, "NC", "right")
    p.wire([(204, 180), (336, 180)], "plus")
    p.wire([(204, 230), (336, 230)], "signal")
    p.wire([(204, 330), (336, 330)], "minus")
    p.resistor(270, 230, "10 kΩ", length=100)
    p.dot((270, 230), (270, 330))
    p.box(360, 68, 240, 50, "12 V supply of the strike|its own, with a battery if it must last")
    p.pin(420, 118, "", "bottom")
    p.pin(560, 118, "", "bottom")
    p.text(404, 136, "+", "bold", "end")
    p.text(576, 136, "-", "bold")
    p.wire([(420, 122), (420, 136), (530, 136), (530, 190), (494, 190)], "plus")
    p.wire([(494, 250), (740, 250), (740, 262)], "plus")
    p.wire([(560, 122), (560, 226), (850, 226), (850, 372), (740, 372), (740, 342)], "minus", over=True)
    p.coil(740, 262, "strike", length=80)
    p.dot((740, 255), (740, 356))
    p.wire([(740, 255), (780, 255), (780, 275)], "plus")
    p.wire([(780, 335), (780, 356), (740, 356)], "minus")
    p.diode_up(780, 275, "1N4007", length=60)
    p.zone(640, 205, 240, 215, "in the door's frame")
    p.text(640, 80, "Without power: locked.|The handle inside and the mechanical|key outside open it always.", "small")
    p.text(640, 150, 'kind = "strike"|fail = "secure"', "pin")
    return p


def maglock() -> Picture:
    p = Picture(1030, 570, "Magnet (fail-safe)", "The magnet's supply runs through a contact of the fire alarm and through the exit button's timer before "
                "it reaches the relay: each of them opens the door without the computer, which only listens at second contacts.")
    p.zone(20, 50, 690, 500, "inside, the secure side")
    p.box(40, 105, 140, 64, "12 V supply|of the magnet")
    p.pin(180, 125, "", "right")
    p.pin(60, 169, "", "bottom")
    p.text(190, 117, "+", "bold")
    p.text(72, 188, "-", "bold")
    p.wire([(184, 125), (250, 125)], "plus")
    p.contact(250, 125, closed=True, words="fire alarm:|opens at an alarm", kind="plus", length=60)
    p.wire([(310, 125), (430, 125)], "plus")
    p.contact(430, 125, closed=True, words="exit button with its own timer:|opens for 30 s or more", kind="plus", length=60)
    p.wire([(490, 125), (660, 125), (660, 330), (604, 330)], "plus")
    p.wire([(280, 129), (280, 196)], "dash")
    p.wire([(460, 129), (460, 236)], "dash")
    p.text(290, 160, "second contact", "small")
    p.text(470, 160, "second contact", "small")
    _pi(p, 120, 300, 160, 200)
    p.pin(150, 300, "GPIO5", "top")
    p.pin(230, 300, "GPIO27", "top")
    p.wire([(150, 296), (150, 205), (250, 205)], "signal")
    p.contact(250, 205, closed=True, kind="signal", length=60)
    p.wire([(310, 205), (340, 205), (340, 210)], "minus")
    p.ground(340, 210)
    p.wire([(230, 296), (230, 255), (430, 255)], "signal")
    p.contact(430, 255, closed=False, kind="signal", length=60)
    p.wire([(490, 255), (520, 255), (520, 260)], "minus")
    p.ground(520, 260)
    p.text(142, 252, "fire_pin", "small", "end")
    p.text(240, 275, "exit_pin", "small")
    _relay(p, 450, 300, 150, 200)
    p.pin(280, 340, "5 V", "right")
    p.pin(280, 380, "GPIO17", "right")
    p.pin(280, 470, "GND", "right")
    p.pin(450, 340, "VCC", "left")
    p.pin(450, 380, "IN", "left")
    p.pin(450, 470, "GND", "left")
    p.pin(600, 330, "COM", "right")
    p.pin(600, 390, "NO", "right")
    p.pin(600, 450, "NC", "right")
    p.wire([(284, 340), (446, 340)], "plus")
    p.wire([(284, 380), (446, 380)], "signal")
    p.wire([(284, 470), (446, 470)], "minus")
    p.resistor(360, 380, "10 kΩ", length=90)
    p.dot((360, 380), (360, 470))
    p.wire([(604, 390), (850, 390), (850, 410)], "plus")
    p.coil(850, 410, "magnet", length=70)
    p.dot((850, 398), (850, 492))
    p.wire([(850, 398), (895, 398), (895, 415)], "plus")
    p.wire([(895, 475), (895, 492), (850, 492)], "minus")
    p.diode_up(895, 415, "1N4007", length=60)
    p.wire([(60, 173), (60, 522), (850, 522), (850, 480)], "minus")
    p.zone(740, 355, 240, 195, "on the door's frame")
    p.text(730, 75, "Without power: open.|The program's relay holds the magnet on.|Relay, exit button and fire alarm each let|the door go, by breaking the same wire.",
           "small")
    p.text(730, 165, 'kind = "maglock"|fail = "safe"|egress_cut = true|exit_pin = "GPIO27"|fire_pin = "GPIO5"  ([inputs])', "pin")
    return p


def motor() -> Picture:
    p = Picture(930, 420, "Motor lock with a control unit of its own", "The relay's contact gives an impulse to the control unit of a motor lock; "
                "a door contact tells when the door is closed.")
    p.zone(20, 50, 500, 350, "inside, the secure side")
    _pi(p, 40, 110, 160, 240)
    _relay(p, 330, 110, 150, 150)
    p.pin(200, 140, "5 V", "right")
    p.pin(200, 180, "GPIO17", "right")
    p.pin(200, 235, "GND", "right")
    p.pin(200, 315, "GPIO22", "right")
    p.pin(330, 140, "VCC", "left")
    p.pin(330, 180, "IN", "left")
    p.pin(330, 235, "GND", "left")
    p.pin(480, 150, "COM", "right")
    p.pin(480, 190, "NO", "right")
    p.pin(480, 230, "NC", "right")
    p.wire([(204, 140), (326, 140)], "plus")
    p.wire([(204, 180), (326, 180)], "signal")
    p.wire([(204, 235), (326, 235)], "minus")
    p.resistor(265, 180, "10 kΩ", length=55, side=12)
    p.dot((265, 180), (265, 235))
    p.box(620, 110, 180, 150, "control unit|of the motor lock,|with its own supply")
    p.pin(620, 150, "", "left")
    p.pin(620, 190, "", "left")
    p.wire([(484, 150), (616, 150)], "signal")
    p.wire([(484, 190), (616, 190)], "signal")
    p.text(612, 214, "impulse", "small", "end")
    p.wire([(204, 315), (640, 315)], "signal")
    p.contact(640, 315, closed=True, words="door contact", kind="signal", length=60)
    p.wire([(700, 315), (740, 315), (740, 322)], "minus")
    p.ground(740, 322)
    p.text(540, 75, 'kind = "motor"   drive = "pulse"   drive_pulse = 0.5', "pin")
    p.text(770, 310, "contact_pin", "pin")
    p.text(770, 328, "closed with the door", "small")
    p.text(540, 375, "The impulse is a contact free of voltage: no wire from|the Pi or its supply goes to the control unit.", "small")
    return p


def inputs() -> Picture:
    p = Picture(930, 500, "Buttons and contacts: from a pin to ground", "Exit button, door contact, fire alarm and tamper switch each connect a pin to "
                "ground; the Pi's pull-ups give the other level. A long cable gets a stronger pull-up and a capacitor.")
    _pi(p, 40, 60, 150, 400)
    rows = (("GPIO27", 110, False, True, "exit button", 'exit_pin = "GPIO27"', "pressed: ground"),
            ("GPIO22", 190, True, False, "door contact (reed)", 'contact_pin = "GPIO22"', 'closed door, closed contact: contact_closed = "low"'),
            ("GPIO5", 270, True, False, "fire alarm", 'fire_pin = "GPIO5"', 'a loop that opens at an alarm, or when cut: fire_level = "high"'),
            ("GPIO6", 350, True, False, "tamper switch", 'tamper_pin = "GPIO6"', 'a loop that opens with the housing: tamper_level = "high"'))
    for name, y, closed, button, words, setting, meaning in rows:
        p.pin(190, y, name, "right")
        p.wire([(194, y), (330, y)], "signal")
        p.contact(330, y, closed=closed, kind="signal", length=70, button=button, words="" if button else words)
        p.wire([(400, y), (450, y), (450, y + 4)], "minus")
        p.ground(450, y + 4)
        p.text(490, y - 4, setting, "pin")
        p.text(490, y + 14, meaning, "small")
    p.text(365, 78, "exit button", "small", "middle")
    p.pin(190, 430, "3.3 V", "right")
    p.wire([(194, 430), (240, 430), (240, 394)], "plus")
    p.resistor(240, 350, "1 to 4.7 kΩ", length=44, kind="plus")
    p.dot((240, 350))
    p.text(262, 404, "for a cable longer than a metre:", "small")
    p.text(262, 421, "this, and 100 nF from pin to ground at the Pi", "small")
    p.text(262, 455, "Never more than 3.3 V at a pin: a contact that carries somebody else's voltage|goes through a relay or an optocoupler.", "small")
    return p


def wiegand() -> Picture:
    p = Picture(900, 400, "Wiegand reader: through a level shifter", "D0 and D1 of a reader work at 5 V; a level shifter brings them to 3.3 V. "
                "Grounds are common.")
    p.zone(20, 50, 640, 330, "inside, the secure side")
    _pi(p, 40, 90, 150, 240)
    p.pin(190, 120, "3.3 V", "right")
    p.pin(190, 170, "GPIO23", "right")
    p.pin(190, 220, "GPIO24", "right")
    p.pin(190, 300, "GND", "right")
    p.text(200, 162, "wiegand_d0", "small")
    p.text(200, 212, "wiegand_d1", "small")
    p.box(330, 90, 170, 240, "level shifter|two channels|BSS138", top=152)
    for y, name in ((120, "LV"), (170, "LV1"), (220, "LV2"), (300, "GND")):
        p.pin(330, y, name, "left")
    for y, name in ((120, "HV"), (170, "HV1"), (220, "HV2"), (300, "GND")):
        p.pin(500, y, name, "right")
    p.wire([(194, 120), (326, 120)], "plus")
    p.wire([(194, 170), (326, 170)], "signal")
    p.wire([(194, 220), (326, 220)], "signal")
    p.wire([(194, 300), (326, 300)], "minus")
    p.box(710, 90, 160, 240, "card reader|outside", top=28)
    p.pin(710, 170, "D0 (green)", "left")
    p.pin(710, 220, "D1 (white)", "left")
    p.pin(710, 260, "GND (black)", "left")
    p.pin(710, 300, "+ (red)", "left")
    p.wire([(504, 170), (706, 170)], "signal")
    p.wire([(504, 220), (706, 220)], "signal")
    p.wire([(504, 300), (560, 300), (560, 260), (706, 260)], "minus")
    p.wire([(504, 120), (570, 120), (570, 84)], "plus")
    p.text(580, 92, "5 V of the Pi", "small")
    p.wire([(706, 300), (620, 300), (620, 340)], "plus")
    p.text(640, 360, "the reader's own supply (5 or 12 V, see its label)", "small", "end")
    p.text(690, 350, "Wiegand is not encrypted:|whoever reaches these wires|can send any card.", "small")
    return p


def signals() -> Picture:
    p = Picture(900, 460, "Lamps, buzzer and alarm output", "A lamp hangs at a pin through a resistor; buzzer and alarm go through a transistor or a relay.")
    _pi(p, 40, 60, 150, 370)
    for y, name in ((95, "GPIO20"), (185, "GPIO21"), (285, "GPIO12"), (360, "GPIO16"), (400, "GND")):
        p.pin(190, y, name, "right")
    p.wire([(194, 400), (225, 400)], "minus")
    p.ground(225, 400)
    for y, setting, words in ((95, "green_pin", "green"), (185, "red_pin", "red")):
        p.text(200, y - 8, setting, "small")
        p.wire([(194, y), (280, y)], "signal")
        p.resistor(280, y, "330 Ω", length=70, across=True, kind="signal")
        p.wire([(350, y), (400, y)], "signal")
        p.led_down(400, y, words, length=50)
        p.ground(400, y + 50)
    p.text(200, 277, "buzzer_pin", "small")
    p.wire([(194, 285), (280, 285)], "signal")
    p.resistor(280, 285, "1 kΩ", length=70, across=True, kind="signal")
    p.wire([(350, 285), (590, 285)], "signal")
    p.transistor(590, 285)
    p.wire([(620, 315), (620, 322)], "minus")
    p.ground(620, 322)
    p.wire([(620, 255), (620, 220)])
    p.box(560, 160, 120, 60, "active buzzer|5 V")
    p.wire([(620, 160), (620, 125)], "plus")
    p.text(632, 132, "5 V", "bold")
    p.text(700, 175, "An active buzzer sounds by|itself. At most 100 mA with|a 2N3904 or BC337.", "small")
    p.text(200, 352, "alarm_pin", "small")
    p.wire([(194, 360), (330, 360)], "signal")
    p.box(330, 342, 180, 36, "a second relay board")
    p.wire([(510, 360), (550, 360)])
    p.text(558, 365, "siren, alarm panel", "small")
    p.text(330, 410, "All four are on at 3.3 V: active_high = true. For boards that are on at 0 V:|active_high = false, for all of them.", "small")
    return p


def keypad() -> Picture:
    p = Picture(960, 430, "Matrix keypad", "Four rows and four columns; each key connects one row with one column.")
    _pi(p, 40, 60, 170, 340)
    rows, columns = ("GPIO26", "GPIO19", "GPIO13", "GPIO11"), ("GPIO10", "GPIO9", "GPIO25", "GPIO8")
    for i, name in enumerate(rows):
        p.pin(210, 90 + 40 * i, name, "right")
        p.wire([(214, 90 + 40 * i), (670, 90 + 40 * i)], "signal")
    for i, name in enumerate(columns):
        y, x = 270 + 30 * i, 460 + 70 * i
        p.pin(210, y, name, "right")
        p.wire([(214, y), (x, y), (x, 90)], "minus")
    for i, line in enumerate(("123A", "456B", "789C", "*0#D")):
        for j, key in enumerate(line):
            p.box(460 + 70 * j - 17, 90 + 40 * i - 14, 34, 28, key, kind="part")
    p.text(230, 82, "rows, from the top", "small")
    p.text(230, 262, "columns, from the left", "small")
    p.text(715, 94, "[inputs]", "pin")
    p.text(715, 112, "keypad_rows = [four pins]|keypad_columns = [four pins]|keypad_keys = \"123A456B...\"", "small")
    p.text(715, 182, "No resistors: rows have the|Pi's pull-ups, columns are|driven low or let go.", "small")
    return p


def overview() -> Picture:
    p = Picture(960, 470, "What hangs where", "Controller, relay and supplies are inside; outside are only the camera's window, the reader or keypad and the "
                "mechanical key.")
    p.zone(20, 50, 600, 400, "inside: the secure side")
    p.zone(680, 50, 260, 400, "outside: within everybody's reach")
    p.box(640, 50, 20, 400, kind="solid")
    p.box(40, 80, 330, 230, kind="zone")
    p.text(52, 102, "locked housing", "small")
    p.box(60, 120, 130, 70, "Raspberry Pi")
    p.box(220, 120, 130, 70, "relay|time-limited")
    p.box(60, 225, 130, 60, "tamper switch")
    p.box(220, 225, 130, 60, "supplies|with a battery")
    p.wire([(190, 155), (220, 155)], "signal")
    p.wire([(125, 190), (125, 225)], "signal")
    p.wire([(285, 190), (285, 225)], "plus")
    p.box(450, 120, 120, 70, "lock|strike, magnet,|motor")
    p.wire([(350, 155), (450, 155)], "plus")
    p.wire([(570, 155), (640, 155)], "dash")
    p.box(450, 225, 120, 46, "door contact")
    p.box(450, 290, 120, 46, "exit button")
    p.box(450, 355, 120, 46, "fire alarm")
    for y in (248, 313, 378):
        p.wire([(450, y), (410, y)], "signal")
    p.wire([(410, 378), (410, 207), (90, 207), (90, 190)], "signal", over=True)
    p.dot((410, 248), (410, 313))
    p.wire([(570, 313), (600, 313), (600, 178), (570, 178)], "plus")
    p.wire([(570, 378), (600, 378), (600, 313)], "plus")
    p.dot((600, 313))
    p.text(60, 345, "green: what the program drives and hears", "small")
    p.text(60, 365, "red: the lock's current. A magnet's runs through|exit button and fire alarm as well.", "small")
    for y, words in ((100, "camera's window"), (185, "keypad, card reader|they send, they don't decide"), (270, "lamps, buzzer"),
                     (355, "mechanical key|opens without any power")):
        p.box(710, y, 200, 60, words)
        p.wire([(660, y + 30), (710, y + 30)], "dash")
    return p


def hil() -> Picture:
    p = Picture(820, 640, "Hardware in the loop: four jumpers", "The 40-pin header with jumpers between pins 11 and 12, 15 and 16, 31 and 32, 35 and 36.")
    left = "3.3 V,GPIO2,GPIO3,GPIO4,GND,GPIO17,GPIO27,GPIO22,3.3 V,GPIO10,GPIO9,GPIO11,GND,ID,GPIO5,GPIO6,GPIO13,GPIO19,GPIO26,GND".split(",")
    right = "5 V,5 V,GND,GPIO14,GPIO15,GPIO18,GND,GPIO23,GPIO24,GND,GPIO25,GPIO8,GPIO7,ID,GND,GPIO12,GND,GPIO16,GPIO20,GPIO21".split(",")
    jumpers = {5: "lock, buzzer", 7: "exit button, door contact, keypad row", 15: "card reader D0", 17: "card reader D1, keypad column"}
    p.box(170, 56, 130, 570)
    for row, (one, other) in enumerate(zip(left, right, strict=True)):
        y, kind = 76 + 28 * row, "pin" if row in jumpers else "small"
        p.pin(215, y, "", "left")
        p.pin(255, y, "", "left")
        p.text(160, y + 5, one, kind, "end")
        p.text(310, y + 5, other, kind)
        p.text(200, y + 5, str(2 * row + 1), kind, "end")
        p.text(270, y + 5, str(2 * row + 2), kind)
        if row in jumpers:
            for shift in (-2, 0, 2):
                p.wire([(219, y + shift), (251, y + shift)], "plus")
            p.text(400, y + 5, jumpers[row], "bold")
    p.text(400, 80, "This end is at the board's corner; pin 1 has a square pad.", "small")
    p.text(400, 120, "The left pin of each pair is under test,|the right one works it or watches it.", "small")
    p.text(400, 330, "Jumper caps or short wires.|Nothing else may be connected:|no relay, no lock, no HAT.", "small")
    p.text(400, 595, "Count twice before power is on: a row too high|bridges other pins.", "small")
    return p


def _pi(p: Picture, x: float, y: float, width: float, height: float) -> None:
    p.box(x, y, width, height)
    p.text(x + 14, y + height - 30, "Raspberry|Pi", "bold")


def _relay(p: Picture, x: float, y: float, width: float, height: float) -> None:
    p.box(x, y, width, height)
    p.text(x + width / 2, y + height + 18, "relay board", "bold", "middle")


DRAWINGS: dict[str, Callable[[], Picture]] = {draw.__name__: draw for draw in (
    overview, strike, maglock, motor, inputs, wiegand, keypad, signals, hil)}
"""By the name of the file: docs/images/wiring-NAME.svg."""
